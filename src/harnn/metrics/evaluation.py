"""Every number at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn.metrics.hierarchical import ancestors_of, hierarchical_prf
from harnn.metrics.ranked import area_under_roc, average_precision, measure_at_k, micro_auprc
from harnn.metrics.report import LevelReport, Report
from harnn.metrics.sets import LabelAverages, Overlap, count_overlap
from harnn.ranking import as_binary, check_same_shape, count_violations, counts_at_thresholds


def evaluate(
    values: NDArray[np.float32],
    predictions: Any,
    targets: Any,
    *,
    level_slices: Sequence[slice],
    level_names: Sequence[str],
    edges: NDArray[Any],
    raw_predictions: Any | None = None,
) -> Report:
    """Compute all measures, overall and per level.

    values: (N, C) float32 scores; predictions, targets: (N, C) label sets, sparse, targets closed
    upward; level_slices: the columns of each level; edges: (n, 2) child column, parent column.
    Violations are counted in ``raw_predictions``, the labels chosen before any closing; without
    them in ``predictions``. The hierarchical measures close both kinds of sets.

    Raises:
        ValueError: shapes differ, a score is NaN, or names and slices differ in number.
    """
    raw = predictions if raw_predictions is None else raw_predictions
    check_same_shape(values=values, predictions=predictions, targets=targets, raw_predictions=raw)
    if len(level_slices) != len(level_names):
        raise ValueError(
            f"Expected a name per level, got {len(level_names)} names "
            f"for {len(level_slices)} levels."
        )
    predictions, targets = as_binary(predictions), as_binary(targets)
    documents, labels = targets.shape
    overlap = count_overlap(predictions, targets)
    hierarchical = hierarchical_prf(predictions, targets, ancestors_of(edges, labels))
    counts = counts_at_thresholds(values, targets)
    at_k = measure_at_k(values, targets)
    return Report(
        documents=documents,
        labels=labels,
        **_averages(overlap.averages()),
        hierarchical_precision=hierarchical.precision,
        hierarchical_recall=hierarchical.recall,
        hierarchical_f1=hierarchical.f1,
        auprc=average_precision(counts),
        auc=area_under_roc(counts),
        precision_at_k=at_k.precision,
        recall_at_k=at_k.recall,
        exact_match=overlap.exact / max(documents, 1),
        violations=count_violations(raw, edges),
        mean_predicted=predictions.nnz / max(documents, 1),
        mean_true=targets.nnz / max(documents, 1),
        empty_predictions=overlap.empty,
        levels=tuple(
            _level(number, name, columns, values=values, targets=targets, overlap=overlap)
            for number, (name, columns) in enumerate(
                zip(level_names, level_slices, strict=True), start=1
            )
        ),
    )


def _level(
    number: int,
    name: str,
    columns: slice,
    *,
    values: NDArray[np.float32],
    targets: Any,
    overlap: Overlap,
) -> LevelReport:
    true = overlap.true[columns]
    return LevelReport(
        level=number,
        name=name,
        labels=len(true),
        support=int(true.sum()),
        **_averages(overlap.averages(columns)),
        auprc=micro_auprc(values[:, columns], targets[:, columns]),
    )


def _averages(averages: LabelAverages) -> dict[str, float]:
    return {
        "micro_precision": averages.micro.precision,
        "micro_recall": averages.micro.recall,
        "micro_f1": averages.micro.f1,
        "macro_precision": averages.macro.precision,
        "macro_recall": averages.macro.recall,
        "macro_f1": averages.macro.f1,
        "macro_f1_supported": averages.supported.f1,
    }
