"""Whether documents are what they were when a model was trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc

from harnn.metrics.calibration import ReliabilityBin
from harnn.metrics.several_tests import holm

_LEAST_SHARE = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class LabelShift:
    """Shares of documents that have each label, then and now, (C,) each."""

    before: NDArray[np.float64]
    now: NDArray[np.float64]
    z: NDArray[np.float64]
    """Standard errors that the share has risen by."""
    p_value: NDArray[np.float64]
    """Two-sided, adjusted by :func:`harnn.metrics.holm` for all labels."""

    def largest(self, most: int) -> NDArray[np.int64]:
        """Return the columns of the surest changes, the surest first."""
        order = np.lexsort((np.arange(len(self.z)), -np.abs(self.z)))
        changed: NDArray[np.int64] = order[self.z[order] != 0][:most]
        return changed


def label_shift(
    counts_before: ArrayLike, documents_before: int, counts_now: ArrayLike, documents_now: int
) -> LabelShift:
    """Compare how frequent labels were with how frequent they are.

    counts_before, counts_now: (C,) documents of each label among so many documents. The test of
    each label is that of two proportions with a pooled variance; a change of few documents is not
    sure whatever the ratio.

    Raises:
        ValueError: shapes differ, there is no document, or a label has more documents than there
            are.

    Source: the two-proportion z-test, as ``prop.test`` of R without continuity correction.
    """
    before, now = (np.asarray(x, dtype=np.float64) for x in (counts_before, counts_now))
    if before.shape != now.shape or before.ndim != 1:
        raise ValueError(f"Expected two counts a label, got {before.shape} and {now.shape}.")
    for counts, documents in ((before, documents_before), (now, documents_now)):
        if documents < 1 or counts.max(initial=0) > documents:
            raise ValueError(f"Expected counts of labels among {documents:,} documents.")
    pooled = (before + now) / (documents_before + documents_now)
    error = np.sqrt(pooled * (1 - pooled) * (1 / documents_before + 1 / documents_now))
    shares = before / documents_before, now / documents_now
    z = np.zeros(len(before))
    np.divide(shares[1] - shares[0], error, out=z, where=error > 0)
    return LabelShift(*shares, z, holm(erfc(np.abs(z) / np.sqrt(2))))


def stability_index(
    before: Sequence[ReliabilityBin], now: Sequence[ReliabilityBin]
) -> float | None:
    """Return the population stability index of scores over the bins of two reliability tables.

    It is the sum over bins of (share now - share before) ln(share now / share before), shares of
    less than 1 in 10,000 counting as that; 0 where nothing changed, and None where a table is
    empty. By custom less than 0.1 is called stable and more than 0.25 a change.

    Raises:
        ValueError: the tables have other bins.

    Source: Siddiqi (2006), Credit Risk Scorecards; it is the symmetric Kullback-Leibler divergence.
    """
    if [(x.low, x.high) for x in before] != [(x.low, x.high) for x in now]:
        raise ValueError("Expected tables with the same bins.")
    counts = np.array([[x.count for x in table] for table in (before, now)], dtype=np.float64)
    totals = counts.sum(axis=1, keepdims=True)
    if not counts.size or not totals.all():
        return None
    then, today = np.maximum(counts / totals, _LEAST_SHARE)
    return float(np.sum((today - then) * np.log(today / then)))
