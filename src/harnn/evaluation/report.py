"""From scores and label sets to a report: what training and every model say of themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array

from harnn.decode import Decoder, Scores
from harnn.metrics import LabelQuality, Report, TrainingCounts, evaluate
from harnn.taxonomy import Taxonomy


def report_scores(
    scores: Scores,
    targets: Any,
    decoder: Decoder,
    taxonomy: Taxonomy,
    *,
    training: TrainingCounts | None = None,
) -> Report:
    """Evaluate scores as *decoder* reads them; targets: (N, C) label sets, sparse."""
    return _report(scores, targets, decoder, taxonomy, training)[0]


def report_labels(
    scores: Scores,
    targets: Any,
    decoder: Decoder,
    taxonomy: Taxonomy,
    *,
    training: TrainingCounts | None = None,
) -> tuple[Report, LabelQuality]:
    """Do as :func:`report_scores` does, down to single labels."""
    report, predictions = _report(scores, targets, decoder, taxonomy, training)
    return report, LabelQuality.measure(predictions, targets, taxonomy.hierarchy)


def _report(
    scores: Scores,
    targets: Any,
    decoder: Decoder,
    taxonomy: Taxonomy,
    training: TrainingCounts | None,
) -> tuple[Report, csr_array[np.bool_]]:
    """Return the report, and the label sets (N, C) that were chosen."""
    hierarchy = taxonomy.hierarchy
    raw_predictions = decoder.unclosed().choose(scores.values, hierarchy)
    shown, predictions = decoder.decode(scores, hierarchy)
    report = evaluate(
        shown.values,
        predictions,
        targets,
        taxonomy,
        raw_predictions=raw_predictions,
        training=training,
    )
    return report, predictions
