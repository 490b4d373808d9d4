"""Which words of a document speak for its labels: what the whole ensemble says without them.

A branch is asked again with one word left out at a time where it is quick, and with stretches of
words left out where it is slow; what a stretch is worth is divided among its words as the branch's
own attention says, or else as the linear branch does. The blend then reads what all branches say
without a word, so that an effect is one on the log odds of the answer (occlusion: Zeiler and Fergus
2014, arXiv 1311.2901; Li, Monroe and Jurafsky 2016, arXiv 1612.08220).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from harnn.branches.branch import Branch, Evidence
from harnn.branches.by_name import ByName
from harnn.branches.ensemble import Ensemble
from harnn.corpus import Corpus, PlacedText, View
from harnn.errors import BundleError, Problem


class Asked(Protocol):
    """What of a branch is asked about versions of a document."""

    @property
    def name(self) -> str: ...

    @property
    def reads(self) -> Mapping[str, View | None]: ...

    def explain(self, corpus: Corpus, row: int) -> Evidence: ...

    def logits(self, corpus: Corpus) -> NDArray[np.float32]: ...


Encode = Callable[[Asked, Sequence[str]], Corpus]
"""From texts to what a branch reads of them."""
_MOST_CHARACTERS = 1_000_000
"""Of all versions of a document together that one branch is asked about."""
_FEWEST_TRIALS = 8
_FIRST = np.zeros(1, dtype=np.int64)
_LEAST_GUIDE = 1e-6
"""Added to what divides a stretch, so that it is divided evenly where nothing is known."""


@dataclass(frozen=True, eq=False, repr=False)
class WordEffects:
    """What the T words of one document do to the log odds of K labels."""

    words: NDArray[np.float32] = field(repr=False)
    """(T, K): how much higher the log odds are with the word than without it."""
    branches: dict[str, NDArray[np.float32]]
    """(K,) by branch: how much higher they are than if it alone had read an empty text."""


class _OfBranch(NamedTuple):
    words: NDArray[np.float32]
    """(T, C) what its logits lose without each word."""
    nothing: NDArray[np.float32]
    """(1, C) its logits of an empty text."""


def word_effects(
    ensemble: Ensemble, corpus: Corpus, encode: Encode, columns: NDArray[np.int64]
) -> WordEffects:
    """Return what the words of the only document of *corpus* do to the labels in *columns* (K,).

    The corpus has the view ``placed_texts`` beside what the branches read.

    Raises:
        BundleError: a branch gives no numbers: its weights are damaged.
    """
    placed: PlacedText = corpus.views["placed_texts"][0]
    blend, branches = ensemble.answering(corpus)
    outputs = {x.name: x.logits(corpus.only(_FIRST, set(x.reads))) for x in branches}
    found: dict[str, _OfBranch] = {}
    guide = np.zeros((len(placed.spans), outputs[branches[0].name].shape[1]), dtype=np.float32)
    for branch in branches:
        own = outputs[branch.name]
        found[branch.name] = _ask(branch, own, corpus, placed, encode, guide)
        if branch is branches[0]:
            guide = np.maximum(found[branch.name].words, 0)

    def log_odds(changed: dict[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        if blend is None:
            return next(iter(changed.values()))[:, columns]
        return blend.log_odds(changed, columns)

    as_it_is = log_odds(outputs)
    without = {name: outputs[name] - found[name].words for name in outputs}
    words = as_it_is - log_odds(without) if placed.spans else as_it_is[:0]
    shares = {
        name: (as_it_is - log_odds(outputs | {name: found[name].nothing}))[0] for name in outputs
    }
    _explain_by_name(ensemble, corpus, placed, encode, guide, columns, words, shares)
    if not all(np.isfinite(part).all() for part in (words, *shares.values())):
        what = "the model gives effects of words that are no numbers."
        raise BundleError(Problem("", what, "It is damaged: train again."))
    return WordEffects(words, shares)


def _explain_by_name(
    ensemble: Ensemble,
    corpus: Corpus,
    placed: PlacedText,
    encode: Encode,
    guide: NDArray[np.float32],
    columns: NDArray[np.int64],
    words: NDArray[np.float32],
    shares: dict[str, NDArray[np.float32]],
) -> None:
    """Put what words do to labels that are scored by their names in the place of what the blend
    says of them: to the log odds of the label, given its parents.
    """
    by_name, branch = ensemble.by_name, ensemble.branch("text_vectors")
    if by_name is None or branch is None or branch.name not in shares:
        return
    mine = np.flatnonzero(np.isin(columns, by_name.columns))
    if not len(mine):
        return
    asked = _NamesOfLabels(branch, by_name, ensemble.score(corpus).values)
    own = asked.logits(corpus.only(_FIRST, set(branch.reads)))
    found = _ask(asked, own, corpus, placed, encode, guide)
    words[:, mine] = found.words[:, columns[mine]]
    for share in shares.values():
        share[mine] = 0
    shares[branch.name][mine] = (own - found.nothing)[0, columns[mine]]


@dataclass(frozen=True, eq=False)
class _NamesOfLabels:
    """Asks for labels by their names as branches are asked; all others are 0."""

    branch: Branch
    """The one on vectors of whole texts."""
    by_name: ByName
    scores: NDArray[np.float32]
    """(1, C) of the document."""

    @property
    def name(self) -> str:
        return self.branch.name

    @property
    def reads(self) -> Mapping[str, View | None]:
        return self.branch.reads

    def explain(self, corpus: Corpus, row: int) -> Evidence:
        return self.branch.explain(corpus, row)

    def logits(self, corpus: Corpus) -> NDArray[np.float32]:
        vectors = corpus.views["text_vectors"]
        logits = np.zeros((len(vectors), self.scores.shape[1]), dtype=np.float32)
        scores = np.repeat(self.scores, len(vectors), axis=0)
        logits[:, self.by_name.columns] = self.by_name.log_odds(scores, vectors)
        return logits


def _ask(
    branch: Asked,
    own: NDArray[np.float32],
    corpus: Corpus,
    placed: PlacedText,
    encode: Encode,
    guide: NDArray[np.float32],
) -> _OfBranch:
    """Ask one branch about versions of the document; own: (1, C) its logits of the whole."""
    evidence = branch.explain(corpus, 0)
    count = len(placed.spans)
    if not evidence.trials:
        return _OfBranch(np.zeros((count, own.shape[1]), dtype=np.float32), own)
    trials = min(evidence.trials, max(_FEWEST_TRIALS, _MOST_CHARACTERS // (len(placed.text) + 1)))
    bounds = np.linspace(0, count, min(trials, count) + 1).round().astype(np.int64)
    stretches = list(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))
    texts = [_without(placed, start, stop) for start, stop in stretches]
    logits = branch.logits(encode(branch, [*texts, ""]))
    lost = own - logits[:-1]
    if len(stretches) == count:
        return _OfBranch(lost, logits[-1:])
    shares = guide if evidence.attention is None else evidence.attention.T
    words = np.empty((count, own.shape[1]), dtype=np.float32)
    for number, (start, stop) in enumerate(stretches):
        part = np.where(lost[number] > 0, shares[start:stop], 0) + _LEAST_GUIDE
        words[start:stop] = lost[number] * (part / part.sum(axis=0))
    return _OfBranch(words, logits[-1:])


def _without(placed: PlacedText, start: int, stop: int) -> str:
    """Return the text without the words from *start* to *stop*."""
    first, last = placed.spans[start][0], max(end for _, end in placed.spans[start:stop])
    return f"{placed.text[:first]} {placed.text[last:]}"
