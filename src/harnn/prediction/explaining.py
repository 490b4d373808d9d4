"""Why a document got its labels: effects of words on the final scores, put into values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harnn.answers import PredictedLabel, Prediction, predicted_label
from harnn.branches import Asked, NameOrigin, title_of, word_effects
from harnn.bundle import Bundle
from harnn.corpus import Corpus, PlacedText, encode_unlabelled
from harnn.data import Document
from harnn.decode import Decoder, Scores
from harnn.explain import BranchEffect, LabelExplanation, NameScore, Rival, WordWeight
from harnn.prediction.examples import Examples
from harnn.taxonomy import Hierarchy

_RIVALS = 2
"""Of a label, at most."""
_RIVAL_WORDS = 5
"""For it and against it, each at most."""
_LEAST_RIVAL = 0.01
"""Score of a sibling below which it is no rival."""
_LEAST_EFFECT = 1e-6
"""Added to each word, so that weights sum to 1 even where no word speaks for the label."""


class _Asked(NamedTuple):
    """Which labels are to be explained, as columns."""

    predicted: list[int]
    evidence: dict[int, int]
    """By predicted label the one whose evidence stands for it: itself, or one below."""
    rivals: dict[int, list[int]]


def explain_labels(
    bundle: Bundle,
    corpus: Corpus,
    decoder: Decoder,
    own: Scores,
    shown: Scores,
    answer: Prediction,
    examples: Examples | None = None,
) -> tuple[LabelExplanation, ...]:
    """Explain all labels that *decoder* chose for the only document of *corpus*.

    own: its scores before any closing; shown: as the answer shows them; examples: documents to show
    beside labels. The corpus has the view ``placed_texts``.

    Raises:
        BundleError: the model is damaged: its numbers are none.
    """
    taxonomy, placed = bundle.taxonomy, corpus.views["placed_texts"][0]
    hierarchy = taxonomy.hierarchy
    asked = _choose(own, decoder, hierarchy, [taxonomy.index[x.label] for x in answer.labels])
    if not asked.predicted:
        return ()
    rivals = {rival for some in asked.rivals.values() for rival in some}
    columns = sorted({*asked.evidence.values(), *rivals})
    effects = word_effects(
        bundle.ensemble, corpus, partial(_encode, bundle), np.array(columns, dtype=np.int64)
    )
    at = {column: place for place, column in enumerate(columns)}

    def explain(label: PredictedLabel, column: int) -> LabelExplanation:
        source = asked.evidence[column]
        return LabelExplanation(
            label,
            _weights(placed, effects.words[:, at[source]]),
            tuple(
                BranchEffect(name, float(changes[at[source]]), title_of(name))
                for name, changes in effects.branches.items()
            ),
            "" if source == column else taxonomy.codes[source],
            tuple(
                Rival(
                    predicted_label(rival, shown.values[0], taxonomy),
                    _strongest(_weights(placed, effects.words[:, at[rival]])),
                )
                for rival in asked.rivals.get(column, ())
            ),
            () if examples is None else examples.nearest(corpus.views["ngrams"], column),
            source in effects.by_name,
            name_score(effects.by_name[source]) if column == source in effects.by_name else None,
        )

    def name_score(origin: NameOrigin) -> NameScore:
        parent = None
        if origin.parent is not None:
            scored = predicted_label(origin.parent, shown.values[0], taxonomy)
            parent = replace(scored, score=origin.parent_score)
        return NameScore(origin.likely, origin.siblings, parent)

    return tuple(map(explain, answer.labels, asked.predicted))


def _choose(own: Scores, decoder: Decoder, hierarchy: Hierarchy, predicted: list[int]) -> _Asked:
    """Choose what is explained beside the *predicted* labels."""
    values = own.values[0]
    by_themselves = set(decoder.unclosed().choose(own.values, hierarchy).indices.tolist())
    chosen = set(predicted)
    evidence = {
        column: column if column in by_themselves else _source(column, values, hierarchy, chosen)
        for column in predicted
    }
    rivals: dict[int, list[int]] = {}
    for column in predicted:
        if not chosen.isdisjoint(hierarchy.children(column).tolist()):
            continue
        parents = hierarchy.parents(column).tolist()
        beside = {x for parent in parents for x in hierarchy.children(parent).tolist()}
        beside |= set() if parents else set(hierarchy.roots.tolist())
        near = [x for x in sorted(beside - chosen) if values[x] >= _LEAST_RIVAL]
        rivals[column] = sorted(near, key=lambda x: -values[x])[:_RIVALS]
    return _Asked(predicted, evidence, rivals)


def _source(
    column: int, scores: NDArray[np.float32], hierarchy: Hierarchy, chosen: set[int]
) -> int:
    """Return the chosen label below *column* with the highest score; itself where there is none."""
    below = (x for x in sorted(chosen) if column in hierarchy.close_upward([x]))
    return max(below, key=lambda x: scores[x])


def _encode(bundle: Bundle, branch: Asked, texts: Sequence[str]) -> Corpus:
    """Return what *branch* reads of texts."""
    views = {name: view or bundle.views()[name] for name, view in branch.reads.items()}
    documents = (Document(str(n), {"text": text}, None, "") for n, text in enumerate(texts))
    return encode_unlabelled(documents, views)


def _weights(placed: PlacedText, effects: NDArray[np.float32]) -> tuple[WordWeight, ...]:
    """Put the effects (T,) of all words into values."""
    speaking = np.maximum(effects, 0).astype(np.float64) + _LEAST_EFFECT
    shares = speaking / speaking.sum()
    return tuple(
        WordWeight(start, end, placed.text[start:end], float(share), float(effect))
        for (start, end), share, effect in zip(placed.spans, shares, effects, strict=True)
    )


def _strongest(weights: Sequence[WordWeight]) -> tuple[WordWeight, ...]:
    """Return the words that do most for a label and against it."""
    by_effect = sorted(weights, key=lambda word: word.effect)
    against = [word for word in by_effect[:_RIVAL_WORDS] if word.effect < 0]
    speaking = [word for word in by_effect[-_RIVAL_WORDS:] if word.effect > 0]
    return tuple(sorted((*against, *speaking), key=lambda word: word.start))
