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

from harnn.branches.blend import Blend, Outputs
from harnn.branches.branch import Branch, Evidence
from harnn.branches.by_name import ByName, Descent
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
_NEARLY_NOTHING = 1e-12
"""What a probability lacks of 1, at least, for its log odds to be a number."""
_LEAST_GUIDE = 1e-6
"""Added to what divides a stretch, so that it is divided evenly where nothing is known."""


class NameOrigin(NamedTuple):
    """What the score of a label by its name is the product of."""

    parent: int | None
    """The parent, as a column, that has the lowest score; None: the label has none."""
    parent_score: float
    likely: float
    """The probability of the label given its parents, which its name makes."""
    siblings: int
    """How many other names it was compared with."""


@dataclass(frozen=True, eq=False, repr=False)
class WordEffects:
    """What the T words of one document do to the log odds of K labels."""

    words: NDArray[np.float32] = field(repr=False)
    """(T, K): how much higher the log odds are with the word than without it."""
    branches: dict[str, NDArray[np.float32]]
    """(K,) by branch: how much higher they are than if it alone had read an empty text."""
    by_name: dict[int, NameOrigin] = field(default_factory=dict)
    """By column, of those labels that are told by their names: what their scores are made of."""


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

    def log_odds(
        changed: dict[str, NDArray[np.float32]], asked: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        if blend is None:
            return next(iter(changed.values()))[:, asked]
        return blend.log_odds(changed, asked)

    names = _NamesOfLabels.answering(ensemble, corpus, blend, outputs, columns)
    descents = {} if names is None else names.descents(columns)
    sources = {descent.source for descent in descents.values()} - {None}
    asked = np.unique(np.array([*columns.tolist(), *sources], dtype=np.int64))
    without = {name: outputs[name] - found[name].words for name in outputs}
    as_it_is = log_odds(outputs, asked)
    words = as_it_is - log_odds(without, asked) if placed.spans else as_it_is[:0]
    shares = {
        name: (as_it_is - log_odds(outputs | {name: found[name].nothing}, asked))[0]
        for name in outputs
    }
    at = np.searchsorted(asked, columns)
    effects = WordEffects(words[:, at], {name: share[at] for name, share in shares.items()})
    if names is not None:
        own = names.logits(corpus.only(_FIRST, set(names.reads)))
        lost = _ask(names, own, corpus, placed, encode, guide)
        told = _Told(asked, as_it_is, words, shares)
        effects = _explain_by_name(names.name, own, lost, columns, effects, told, descents)
    if not all(np.isfinite(part).all() for part in (effects.words, *effects.branches.values())):
        what = "the model gives effects of words that are no numbers."
        raise BundleError(Problem("", what, "It is damaged: train again."))
    return effects


class _Told(NamedTuple):
    """What the blend says of some labels."""

    asked: NDArray[np.int64]
    """(A,) columns, ascending."""
    odds: NDArray[np.float32]
    """(1, A) log odds."""
    words: NDArray[np.float32]
    """(T, A), as in :class:`WordEffects`."""
    shares: dict[str, NDArray[np.float32]]
    """(A,) by branch."""


def _explain_by_name(
    name: str,
    own: NDArray[np.float32],
    found: _OfBranch,
    columns: NDArray[np.int64],
    effects: WordEffects,
    told: _Told,
    descents: dict[int, Descent],
) -> WordEffects:
    """Put what words do to labels that are scored by their names in the place of what the blend
    says of them.

    Such a score is a product: that of a label above it that has documents, times the probability
    of each label from there on, given its parents.
    name: of the branch on vectors; own: (1, C) log odds given the parents.
    """
    words, shares = effects.words.copy(), {x: y.copy() for x, y in effects.branches.items()}
    origins: dict[int, NameOrigin] = {}
    for place, column in enumerate(columns.tolist()):
        if column not in descents:
            continue
        descent = descents[column]
        chain = list(descent.named)
        odds, lost = own[:, chain], found.words[:, chain]
        parts = {each: np.zeros((1, len(chain)), dtype=np.float32) for each in shares}
        parts[name] = (own - found.nothing)[:, chain]
        if descent.source is not None:
            above = np.searchsorted(told.asked, [descent.source])
            odds = np.concatenate([told.odds[:, above], odds], axis=1)
            lost = np.concatenate([told.words[:, above], lost], axis=1)
            parts = {
                each: np.concatenate([told.shares[each][None, above], part], axis=1)
                for each, part in parts.items()
            }
        whole = _joint_log_odds(odds)
        words[:, place] = whole - _joint_log_odds(odds - lost)
        for each, part in parts.items():
            shares[each][place] = (whole - _joint_log_odds(odds - part))[0]
        likely = float(np.exp(-np.logaddexp(0, -own[0, column].astype(np.float64))))
        origins[column] = NameOrigin(descent.parent, descent.parent_score, likely, descent.siblings)
    return WordEffects(words, shares, origins)


def _joint_log_odds(odds: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return (T,) the log odds of products of probabilities, whose log odds are (T, P)."""
    together = -np.logaddexp(0, -odds.astype(np.float64)).sum(axis=1)  # logarithm of the product
    together = np.minimum(together, -_NEARLY_NOTHING)
    return np.asarray(together - np.log(-np.expm1(together)))


@dataclass(frozen=True, eq=False)
class _NamesOfLabels:
    """Asks for labels by their names as branches are asked; all others are 0."""

    branch: Branch
    """The one on vectors of whole texts."""
    by_name: ByName
    scores: NDArray[np.float32]
    """(1, C) of the document."""

    @classmethod
    def answering(
        cls,
        ensemble: Ensemble,
        corpus: Corpus,
        blend: Blend | None,
        outputs: Outputs,
        columns: NDArray[np.int64],
    ) -> _NamesOfLabels | None:
        """Return what tells some of *columns* of the only document by names; None: nothing does.

        outputs: of the branches that answer, which *blend* reads; an early answer of a cascade
        knows no label by its name.
        """
        by_name, branch = ensemble.by_name, ensemble.branch("text_vectors")
        if by_name is None or branch is None or branch.name not in outputs:
            return None
        if blend is None or blend is not ensemble.blend:
            return None
        if not np.isin(columns, by_name.columns).any():
            return None
        return cls(branch, by_name, ensemble.filled(blend.probabilities(outputs), corpus))

    def descents(self, columns: NDArray[np.int64]) -> dict[int, Descent]:
        """Return what the scores of those of *columns* that are told by names are made of."""
        mine = columns[np.isin(columns, self.by_name.columns)].tolist()
        return self.by_name.descents(mine, self.scores[0])

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
