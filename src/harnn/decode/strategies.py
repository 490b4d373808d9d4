"""The ways to choose labels from closed scores, each in one place.

A strategy is an entry here under its name in :data:`harnn.config.Strategy`. The setting that it
reads is a field of :class:`harnn.decode.Decoder`, tuned by :func:`harnn.decode.tune_decoder`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harnn.config import Strategy
from harnn.counting import top_columns
from harnn.decode.expected import best_expected_f1
from harnn.taxonomy import Hierarchy

if TYPE_CHECKING:
    from harnn.decode.decoder import Decoder

Scores = NDArray[np.float32]
Marks = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class StrategyKind:
    """How one strategy chooses."""

    needs: str | None
    """The setting of a decoder that it reads."""
    describe: Callable[[Decoder], str]
    """Says in words which labels are chosen."""
    choose: Callable[[Decoder, Scores, Hierarchy], Marks]
    """From closed scores (B, C) to label sets (B, C), closed where the decoder closes."""


def _above(decoder: Decoder, scores: Scores, hierarchy: Hierarchy) -> Marks:
    return np.asarray(scores >= decoder.thresholds_of(hierarchy))


def _above_own(decoder: Decoder, scores: Scores, hierarchy: Hierarchy) -> Marks:
    # A label's own threshold can be above or below that of its parent.
    return hierarchy.close(_above(decoder, scores, hierarchy), decoder.close)


def _best(decoder: Decoder, scores: Scores, _hierarchy: Hierarchy) -> Marks:
    chosen = np.zeros(scores.shape, dtype=np.bool_)
    np.put_along_axis(chosen, top_columns(scores, decoder.top_k or 1), True, axis=1)
    return chosen


def _expected(_decoder: Decoder, scores: Scores, _hierarchy: Hierarchy) -> Marks:
    return best_expected_f1(scores)


def _deepest(decoder: Decoder, scores: Scores, hierarchy: Hierarchy) -> Marks:
    closed = hierarchy.lift(scores) if decoder.close == "none" else scores
    return np.asarray(hierarchy.path_confidence(closed) >= decoder.thresholds_of(hierarchy))


STRATEGIES: dict[Strategy, StrategyKind] = {
    "threshold": StrategyKind(
        "threshold", lambda d: f"labels scored at least {d.threshold:.4f}", _above
    ),
    "level": StrategyKind(
        "level_thresholds",
        lambda _: "labels scored at least the threshold of their level",
        _above_own,
    ),
    "label": StrategyKind(
        "label_thresholds", lambda _: "labels scored at least their own threshold", _above_own
    ),
    "top_k": StrategyKind("top_k", lambda d: f"the {d.top_k} best labels", _best),
    "f1": StrategyKind(None, lambda _: "the set of labels with the highest expected F1", _expected),
    "deepest": StrategyKind(
        "confidence",
        lambda d: (
            f"labels from the top down while each step is at least {d.confidence or 0:.4f} sure"
        ),
        _deepest,
    ),
}
