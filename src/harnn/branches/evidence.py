"""Which words of a document speak for its labels: what the whole ensemble says without them.

A branch is asked again with one word left out at a time where it is quick, and with stretches of
words left out where it is slow; what a stretch is worth is divided among its words as the branch's
own attention says, or else as the linear branch does. The blend then reads what all branches say
without a word, so that an effect is one on the log odds of the answer (occlusion: Zeiler and Fergus
2014, arXiv 1311.2901; Li, Monroe and Jurafsky 2016, arXiv 1612.08220).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harnn.branches.branch import Branch
from harnn.branches.ensemble import Ensemble
from harnn.corpus import Corpus, PlacedText
from harnn.errors import BundleError, Problem

Encode = Callable[[Branch, Sequence[str]], Corpus]
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
    if not all(np.isfinite(part).all() for part in (words, *shares.values())):
        what = "the model gives effects of words that are no numbers."
        raise BundleError(Problem("", what, "It is damaged: train again."))
    return WordEffects(words, shares)


def _ask(
    branch: Branch,
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
