"""From scores and label sets to a report: what training and every model say of themselves."""

from __future__ import annotations

from typing import Any

from harnn.decode import Decoder, Scores
from harnn.metrics import Report, TrainingCounts, evaluate
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
    hierarchy = taxonomy.hierarchy
    raw_predictions = decoder.unclosed().choose(scores.values, hierarchy)
    shown, predictions = decoder.decode(scores, hierarchy)
    return evaluate(
        shown.values,
        predictions,
        targets,
        taxonomy,
        raw_predictions=raw_predictions,
        training=training,
    )
