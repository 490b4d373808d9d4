"""All strategies of a decoder side by side."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from harnn.config import Strategy
from harnn.decode import Decoder, Scores
from harnn.metrics import hierarchical_prf
from harnn.metrics.sets import count_overlap
from harnn.taxonomy import Hierarchy


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyMetrics:
    """What a strategy chooses on labelled documents, and how well; F1 is 0 to 1."""

    strategy: Strategy
    used: bool
    """Whether it is the one used unless another is asked for."""
    micro_f1: float
    macro_f1: float
    hierarchical_f1: float
    mean_predicted: float
    """Labels per document."""
    empty_predictions: int
    """Documents without a prediction."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return dataclasses.asdict(self)


def compare_strategies(
    scores: Scores, targets: Any, decoder: Decoder, hierarchy: Hierarchy
) -> tuple[StrategyMetrics, ...]:
    """Evaluate each strategy that *decoder* has; targets: (N, C) label sets, sparse."""
    found = []
    for strategy in decoder.strategies:
        predictions = dataclasses.replace(decoder, strategy=strategy).choose(
            scores.values, hierarchy
        )
        overlap = count_overlap(predictions, targets)
        averages = overlap.averages()
        found.append(
            StrategyMetrics(
                strategy=strategy,
                used=strategy == decoder.strategy,
                micro_f1=averages.micro.f1,
                macro_f1=averages.macro.f1,
                hierarchical_f1=hierarchical_prf(predictions, targets, hierarchy).f1,
                mean_predicted=predictions.nnz / max(len(scores), 1),
                empty_predictions=overlap.empty,
            )
        )
    return tuple(found)
