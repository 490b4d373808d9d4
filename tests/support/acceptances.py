"""Curves that need no model: documents whose confidence says how often they are right."""

from __future__ import annotations

import numpy as np

from harnn.acceptance import Acceptance, Judged, make_acceptance
from harnn.taxonomy import Taxonomy


def made_acceptance(taxonomy: Taxonomy, model_hash: str, documents: int = 600) -> Acceptance:
    """Return curves on which the surest documents are right, and the least sure half of the time.

    Confidences fall from 1 at the first document to 0 at the last one, on every level.
    """
    depth = taxonomy.depth
    sure = np.linspace(1, 0, documents, dtype=np.float32)
    confidence = np.repeat(sure[:, np.newaxis], depth, axis=1)
    wrong = (np.arange(documents) % 4 == 0) & (sure < 0.6)
    right = np.repeat(~wrong[:, np.newaxis], depth, axis=1)
    judged = Judged(confidence, right, 0)
    return make_acceptance(judged, taxonomy, {}, model_hash=model_hash)
