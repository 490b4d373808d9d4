"""All strategies of a decoder side by side."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn.config import Strategy
from harnn.decode import Decoder
from harnn.metrics import ancestors_of, hierarchical_prf
from harnn.metrics.sets import count_overlap
from harnn.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyReport:
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


def report_strategies(
    values: NDArray[np.float32], targets: Any, decoder: Decoder, taxonomy: Taxonomy
) -> tuple[StrategyReport, ...]:
    """Evaluate each strategy that *decoder* has; values: (N, C) scores, targets: (N, C) sets."""
    ancestors = ancestors_of(taxonomy.edges, len(taxonomy))
    reports = []
    for strategy in decoder.strategies:
        predictions = dataclasses.replace(decoder, strategy=strategy).choose(
            values, edges=taxonomy.edges, levels=taxonomy.levels
        )
        overlap = count_overlap(predictions, targets)
        averages = overlap.averages()
        reports.append(
            StrategyReport(
                strategy=strategy,
                used=strategy == decoder.strategy,
                micro_f1=averages.micro.f1,
                macro_f1=averages.macro.f1,
                hierarchical_f1=hierarchical_prf(predictions, targets, ancestors).f1,
                mean_predicted=predictions.nnz / max(len(values), 1),
                empty_predictions=overlap.empty,
            )
        )
    return tuple(reports)
