"""Curves that need no model: documents whose confidence says how often they are right."""

from __future__ import annotations

import numpy as np

from harnn.acceptance import Acceptance, Judged, make_acceptance
from harnn.taxonomy import Taxonomy

_GOLDEN = 0.618034


def made_acceptance(taxonomy: Taxonomy, model_hash: str, documents: int = 600) -> Acceptance:
    """Return curves on which the surest documents are right, and more are wrong the deeper.

    Confidences fall from 1 at the first document to 0 at the last one, the faster the deeper; of
    the least sure documents 10% are wrong at the top, and 20% more on each level below it.
    """
    sure = np.linspace(1, 0, documents, dtype=np.float32)
    levels = np.arange(taxonomy.depth)
    wrong = np.minimum(1, (0.1 + 0.2 * levels) * (1 - sure[:, np.newaxis]) ** 1.5)
    drawn = (np.arange(documents) * _GOLDEN) % 1  # spread evenly, the same on every run
    right = drawn[:, np.newaxis] >= wrong
    confidence = sure[:, np.newaxis] ** (1 + 0.5 * levels).astype(np.float32)
    return make_acceptance(Judged(confidence, right, 0), taxonomy, {}, model_hash=model_hash)
