"""Whether documents are what they were when a model was trained: shares and histograms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, chndtr, chndtrinc, erfc, kolmogorov

from harnn.metrics.several_tests import holm

_LEAST_SHARE = 1e-4
_LEAST_EXPECTED = 5.0
"""Documents of each kind from which on the normal distribution stands for the exact one."""
_LEAST_IN_BIN = 10


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


def share_p_values(
    counts_before: ArrayLike, documents_before: int, counts_now: ArrayLike, documents_now: int
) -> NDArray[np.float64]:
    """Return (C,) two-sided p-values of shares that may have changed; none is adjusted.

    Counts as :func:`label_shift` takes them. Of labels with at least 5 documents expected, and 5
    without them, both times, the test is that one; of rarer ones it is exact given how many
    documents have the label in all, as if all documents were drawn with replacement, which errs on
    the safe side.

    Raises:
        ValueError: see :func:`label_shift`.

    Source: for rare labels Przyborowski and Wilenski (1940), Homogeneity of results in testing
    samples from Poisson series; the smaller tail is doubled.
    """
    shift = label_shift(counts_before, documents_before, counts_now, documents_now)
    before, now = (np.asarray(x, dtype=np.float64) for x in (counts_before, counts_now))
    total = before + now
    documents = documents_before + documents_now
    part = documents_now / documents
    least = min(part, 1 - part)
    usual = np.minimum(total, documents - total) * least >= _LEAST_EXPECTED
    least_so_many = np.where(now > 0, betainc(np.maximum(now, 1), before + 1, part), 1.0)
    at_most = np.where(before > 0, 1 - betainc(now + 1, np.maximum(before, 1), part), 1.0)
    exact = np.minimum(1.0, 2 * np.minimum(least_so_many, at_most))
    p_values: NDArray[np.float64] = np.where(usual, erfc(np.abs(shift.z) / np.sqrt(2)), exact)
    return p_values


class HistogramShift(NamedTuple):
    """How far two histograms of independent documents are apart."""

    stability: float
    """The population stability index, less what chance alone would give; 0 or more."""
    low: float
    """The interval of the index from here"""
    high: float
    """to here."""
    distance: float
    """The largest distance of both cumulative shares, of Kolmogorov and Smirnov; 0 to 1."""
    p_value: float
    """Of that distance, two-sided; for counts in bins too large rather than too small."""


def histogram_shift(
    before: ArrayLike, now: ArrayLike, *, error: float = 0.05, most_bins: int | None = 10
) -> HistogramShift:
    """Compare two histograms with the same bins (B,), each document counted once.

    error: how often the interval may miss. most_bins: neighbouring bins are put together until so
    many are left, with about as many documents in each; None: bins stand for things without an
    order, of which those with few documents are put together.

    Of n and m documents in B bins of equal shares the index times n m / (n + m) has a chi-square
    distribution with B - 1 degrees of freedom, and a noncentral one of other shares, from which
    the interval is; its upper end is never that of an index smaller than chance gives on average.
    Half a document is added to each bin, so that none is empty.

    Raises:
        ValueError: the bins differ, or a histogram is empty.

    Source: Yurdakul and Naranjo (2020), Statistical properties of the population stability index;
    Steiger (2004), Beyond the F test, on intervals of a noncentral parameter.
    """
    counts, totals = _histograms(before, now)
    shares = (counts / totals[:, np.newaxis]).cumsum(axis=1)
    distance = float(np.abs(np.diff(shares, axis=0)).max())
    scale = float(totals.sum() / totals.prod())
    p_value = float(kolmogorov(distance / np.sqrt(scale)))
    index, bins = _index(counts, most_bins)
    found, freedom = index / scale, max(bins - 1, 1)
    low = 0.0
    if chndtr(found, freedom, 0) > 1 - error / 2:  # else the inverse is 0, or nearly
        low = float(chndtrinc(found, freedom, 1 - error / 2)) * scale
    high = float(chndtrinc(max(found, freedom), freedom, error / 2)) * scale
    return HistogramShift(max(0.0, index - (bins - 1) * scale), low, high, distance, p_value)


def stability(before: ArrayLike, now: ArrayLike, *, most_bins: int | None = 10) -> float:
    """Return what :func:`histogram_shift` says of the index alone.

    Raises:
        ValueError: see there.
    """
    counts, totals = _histograms(before, now)
    index, bins = _index(counts, most_bins)
    return max(0.0, index - (bins - 1) * float(totals.sum() / totals.prod()))


def _histograms(
    before: ArrayLike, now: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return both histograms (2, B) and their documents (2,)."""
    counts = np.array([np.asarray(before), np.asarray(now)], dtype=np.float64)
    totals = counts.sum(axis=1)
    if counts.ndim != 2 or not totals.all():
        raise ValueError("Expected two histograms of at least one document each.")
    return counts, totals


def _index(counts: NDArray[np.float64], most_bins: int | None) -> tuple[float, int]:
    """Return the index of two histograms (2, B), and in how many bins it was counted."""
    counts = _few_bins(counts, most_bins) if most_bins is not None else _no_small_bins(counts)
    then, today = (counts + 0.5) / (counts + 0.5).sum(axis=1, keepdims=True)
    return float(np.sum((today - then) * np.log(today / then))), counts.shape[1]


def _few_bins(counts: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """Put neighbouring columns of (2, B) together to *most*, with about as many in each."""
    both = counts.sum(axis=0)
    behind = np.minimum((both.cumsum() - both / 2) / both.sum() * most, most - 1).astype(np.int64)
    starts = np.flatnonzero(np.diff(behind, prepend=-1))
    merged = np.add.reduceat(counts, starts, axis=1)
    return merged[:, merged.any(axis=0)]


def _no_small_bins(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Put columns of (2, B) with few documents together, with the smallest other one if need be."""
    counts = counts[:, np.argsort(-counts.sum(axis=0), kind="stable")]
    large = max(int(np.count_nonzero(counts.sum(axis=0) >= _LEAST_IN_BIN)), 1)
    rest = counts[:, large:].sum(axis=1, keepdims=True)
    if rest.sum() >= _LEAST_IN_BIN:
        return np.hstack([counts[:, :large], rest])
    counts[:, large - 1] += rest[:, 0]
    return counts[:, :large]
