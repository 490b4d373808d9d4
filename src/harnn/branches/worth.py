"""How good scores are, however labels are chosen from them: what two blends are compared by."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harnn.counting import counts_at_thresholds
from harnn.metrics.ranked import average_precision
from harnn.taxonomy import Hierarchy


class Worth(NamedTuple):
    """Each from 0 to 1."""

    micro_f1: float
    """At the best threshold."""
    auprc: float
    """Over all labels together."""

    def less(self, other: Worth) -> Worth:
        """Return how much better this is than *other*."""
        return Worth(*(a - b for a, b in zip(self, other, strict=True)))


def worth_of(scores: NDArray[np.float32], targets: Any, hierarchy: Hierarchy) -> Worth:
    """Measure scores (N, C), closed upward, by label sets (N, C), sparse."""
    counts = counts_at_thresholds(hierarchy.propagate(scores), targets)
    if not counts.positives:
        return Worth(0.0, 0.0)
    f1 = 2 * counts.positives_at_least / (counts.cells_at_least + counts.positives)
    return Worth(float(f1.max()), average_precision(counts))
