"""Every number at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harnn.metrics.calibration import Calibration, measure_calibration
from harnn.metrics.curves import hierarchical_area
from harnn.metrics.frequency import BOUNDS, FINE_BOUNDS, buckets_of, check_label_counts
from harnn.metrics.hierarchical import ancestors_of, hierarchical_prf
from harnn.metrics.lowest_common import lca_prf
from harnn.metrics.ranked import (
    area_under_roc,
    average_precision,
    inverse_propensities,
    measure_at_k,
    micro_auprc,
)
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
    label_counts: ArrayLike | None = None,
    training_documents: int | None = None,
) -> Report:
    """Compute all measures, overall and per level.

    values: (N, C) float32 scores; predictions, targets: (N, C) label sets, sparse, targets closed
    upward; level_slices: the columns of each level; edges: (n, 2) child column, parent column.
    Violations are counted in ``raw_predictions``, the labels chosen before any closing; without
    them in ``predictions``. The hierarchical measures close both kinds of sets, and propagate
    scores upward.

    ``label_counts``, (C,) training documents of each label, adds the numbers by frequency and the
    propensity-scored precision. The latter also needs the number of ``training_documents``; where
    it is not given it is taken as the sum of the counts of labels without a parent, which is
    right where every document has one of them and too high where documents have several.

    Raises:
        ValueError: shapes differ, a score is not 0 to 1, or names and slices differ in number.
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
    counts = counts_at_thresholds(values, targets)
    calibrations = measure_calibration(values, targets, level_slices)
    return Report(
        documents=documents,
        labels=labels,
        **_averages(overlap.averages()),
        **_hierarchical(values, predictions, targets, edges=edges),
        auprc=average_precision(counts),
        auc=area_under_roc(counts),
        **_at_k(values, targets, edges, label_counts, training_documents),
        exact_match=overlap.exact / max(documents, 1),
        violations=count_violations(raw, edges),
        mean_predicted=predictions.nnz / max(documents, 1),
        mean_true=targets.nnz / max(documents, 1),
        empty_predictions=overlap.empty,
        levels=tuple(
            LevelReport(
                level=number,
                name=name,
                **_level(values[:, columns], targets[:, columns], overlap, columns),
                **_calibrated(calibrated),
            )
            for number, (name, columns, calibrated) in enumerate(
                zip(level_names, level_slices, calibrations[1:], strict=True), start=1
            )
        ),
        **_calibrated(calibrations[0]),
        **_by_frequency(overlap, label_counts),
    )


def _level(
    values: NDArray[np.float32], targets: Any, overlap: Overlap, columns: slice
) -> dict[str, Any]:
    true = overlap.true[columns]
    return {
        "labels": len(true),
        "support": int(true.sum()),
        **_averages(overlap.averages(columns)),
        "auprc": micro_auprc(values, targets),
    }


def _hierarchical(
    values: NDArray[np.float32], predictions: Any, targets: Any, *, edges: NDArray[Any]
) -> dict[str, Any]:
    ancestors = ancestors_of(edges, targets.shape[1])
    closed = hierarchical_prf(predictions, targets, ancestors)
    linked = lca_prf(predictions, targets, edges, ancestors=ancestors)
    return {
        "hierarchical_precision": closed.precision,
        "hierarchical_recall": closed.recall,
        "hierarchical_f1": closed.f1,
        "lca_precision": linked.precision,
        "lca_recall": linked.recall,
        "lca_f1": linked.f1,
        "hierarchical_area": hierarchical_area(values, targets, ancestors),
    }


def _at_k(
    values: NDArray[np.float32],
    targets: Any,
    edges: NDArray[Any],
    label_counts: ArrayLike | None,
    training_documents: int | None,
) -> dict[str, Any]:
    weights = None
    if label_counts is not None:
        counts = check_label_counts(label_counts, targets.shape[1])
        if training_documents is None:
            top = np.ones(len(counts), dtype=np.bool_)
            top[np.asarray(edges, dtype=np.int64).reshape(-1, 2)[:, 0]] = False
            training_documents = int(counts[top].sum())
        weights = inverse_propensities(counts, training_documents)
    at_k = measure_at_k(values, targets, weights=weights)
    return {
        "precision_at_k": at_k.precision,
        "recall_at_k": at_k.recall,
        "propensity_precision_at_k": at_k.propensity_precision,
    }


def _calibrated(calibrated: Calibration) -> dict[str, Any]:
    return {
        "ece": calibrated.ece,
        "ece_shown": calibrated.ece_shown,
        "reliability": calibrated.bins,
    }


def _by_frequency(overlap: Overlap, label_counts: ArrayLike | None) -> dict[str, Any]:
    if label_counts is None:
        return {}
    return {
        "frequency_buckets": buckets_of(overlap, label_counts, BOUNDS),
        "fine_frequency_buckets": buckets_of(overlap, label_counts, FINE_BOUNDS),
    }


def _averages(averages: LabelAverages) -> dict[str, Any]:
    return {
        "micro_precision": averages.micro.precision,
        "micro_recall": averages.micro.recall,
        "micro_f1": averages.micro.f1,
        "macro_precision": averages.macro.precision,
        "macro_recall": averages.macro.recall,
        "macro_f1": averages.macro.f1,
        "macro_f1_supported": averages.supported.f1,
    }
