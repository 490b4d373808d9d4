"""Every number at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harnn.counting import as_binary, check_same_shape, counts_at_thresholds
from harnn.metrics.calibration import Calibration, measure_calibration
from harnn.metrics.curves import hierarchical_area
from harnn.metrics.frequency import BOUNDS, FINE_BOUNDS, buckets_of, check_label_counts
from harnn.metrics.hierarchical import hierarchical_prf
from harnn.metrics.lowest_common import lca_prf
from harnn.metrics.ranked import (
    area_under_roc,
    average_precision,
    inverse_propensities,
    measure_at_k,
    micro_auprc,
)
from harnn.metrics.report import LevelMetrics, Report
from harnn.metrics.sets import LabelAverages, Overlap, count_overlap
from harnn.taxonomy import Hierarchy, Taxonomy


@dataclass(frozen=True, slots=True, eq=False)
class TrainingCounts:
    """What a model was trained on, in numbers."""

    label_counts: ArrayLike
    """(C,) training documents of each label, closed upward."""
    documents: int | None = None
    """Training documents; None: the sum of the counts of labels without a parent, which is right
    where every document has one of them and too high where documents have several."""


def evaluate(
    scores: NDArray[np.float32],
    predictions: Any,
    targets: Any,
    taxonomy: Taxonomy,
    *,
    raw_predictions: Any | None = None,
    training: TrainingCounts | None = None,
) -> Report:
    """Compute all measures, overall and per level.

    scores: (N, C) float32; predictions, targets: (N, C) label sets, sparse, targets closed upward.
    Violations are counted in ``raw_predictions``, the labels chosen before any closing; without
    them in ``predictions``. The hierarchical measures close both kinds of sets, and propagate
    scores upward.

    *training* adds the numbers by frequency and the propensity-scored precision.

    Raises:
        ValueError: shapes differ, or a score is not 0 to 1.
    """
    raw = predictions if raw_predictions is None else raw_predictions
    check_same_shape(scores=scores, predictions=predictions, targets=targets, raw_predictions=raw)
    hierarchy = taxonomy.hierarchy
    hierarchy.check_columns(targets.shape[1])
    predictions, targets = as_binary(predictions), as_binary(targets)
    documents, labels = targets.shape
    overlap = count_overlap(predictions, targets)
    counts = counts_at_thresholds(scores, targets)
    calibrations = measure_calibration(scores, targets, hierarchy.level_slices)
    return Report(
        documents=documents,
        labels=labels,
        **_averages(overlap.averages()),
        **_hierarchical(scores, predictions, targets, hierarchy),
        auprc=average_precision(counts),
        auc=area_under_roc(counts),
        **_at_k(scores, targets, hierarchy, training),
        exact_match=overlap.exact / max(documents, 1),
        violations=hierarchy.count_violations(raw),
        mean_predicted=predictions.nnz / max(documents, 1),
        mean_true=targets.nnz / max(documents, 1),
        empty_predictions=overlap.empty,
        levels=tuple(
            LevelMetrics(
                level=number,
                name=name,
                **_level(scores[:, columns], targets[:, columns], overlap, columns),
                **_calibrated(calibrated),
            )
            for number, (name, columns, calibrated) in enumerate(
                zip(taxonomy.level_names, hierarchy.level_slices, calibrations[1:], strict=True),
                start=1,
            )
        ),
        **_calibrated(calibrations[0]),
        **_by_frequency(overlap, training),
    )


def _level(
    scores: NDArray[np.float32], targets: Any, overlap: Overlap, columns: slice
) -> dict[str, Any]:
    true = overlap.true[columns]
    return {
        "labels": len(true),
        "support": int(true.sum()),
        **_averages(overlap.averages(columns)),
        "auprc": micro_auprc(scores, targets),
    }


def _hierarchical(
    scores: NDArray[np.float32], predictions: Any, targets: Any, hierarchy: Hierarchy
) -> dict[str, Any]:
    closed = hierarchical_prf(predictions, targets, hierarchy)
    linked = lca_prf(predictions, targets, hierarchy)
    return {
        "hierarchical_precision": closed.precision,
        "hierarchical_recall": closed.recall,
        "hierarchical_f1": closed.f1,
        "lca_precision": linked.precision,
        "lca_recall": linked.recall,
        "lca_f1": linked.f1,
        "hierarchical_area": hierarchical_area(scores, targets, hierarchy),
    }


def _at_k(
    scores: NDArray[np.float32],
    targets: Any,
    hierarchy: Hierarchy,
    training: TrainingCounts | None,
) -> dict[str, Any]:
    weights = None
    if training is not None:
        counts = check_label_counts(training.label_counts, targets.shape[1])
        documents = training.documents
        if documents is None:
            documents = int(counts[hierarchy.roots].sum())
        weights = inverse_propensities(counts, documents)
    at_k = measure_at_k(scores, targets, weights=weights)
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


def _by_frequency(overlap: Overlap, training: TrainingCounts | None) -> dict[str, Any]:
    if training is None:
        return {}
    return {
        "frequency_buckets": buckets_of(overlap, training.label_counts, BOUNDS),
        "fine_frequency_buckets": buckets_of(overlap, training.label_counts, FINE_BOUNDS),
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
