"""From scores and labels to a report: what training and every model say of themselves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harnn.corpus import EncodedCorpus
from harnn.decode import Decoder
from harnn.metrics import Report, evaluate
from harnn.taxonomy import Taxonomy


def report_scores(
    values: NDArray[np.float32],
    corpus: EncodedCorpus,
    decoder: Decoder,
    taxonomy: Taxonomy,
    *,
    label_counts: NDArray[np.int64] | None = None,
    training_documents: int | None = None,
) -> Report:
    """Evaluate the scores (N, C) of a labelled corpus as *decoder* reads them.

    label_counts and training_documents as in :func:`harnn.metrics.evaluate`.
    """
    levels = {"edges": taxonomy.edges, "levels": taxonomy.levels}
    raw_predictions = decoder.unclosed().choose(values, **levels)
    values, predictions = decoder.decode(values, **levels)
    return evaluate(
        values,
        predictions,
        corpus.targets,
        level_slices=taxonomy.level_slices,
        level_names=taxonomy.level_names,
        edges=taxonomy.edges,
        raw_predictions=raw_predictions,
        label_counts=label_counts,
        training_documents=training_documents,
    )
