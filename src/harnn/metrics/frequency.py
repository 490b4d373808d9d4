"""F1 of frequent and of rare labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harnn.metrics.sets import Overlap, count_overlap

Bounds = Sequence[tuple[str, int, int | None]]
"""Names with the lowest and the highest number of training documents; None has no limit."""

BOUNDS: Bounds = (("tail", 0, 9), ("middle", 10, 99), ("head", 100, None))
FINE_BOUNDS: Bounds = (
    ("0", 0, 0),
    ("1-4", 1, 4),
    ("5-9", 5, 9),
    ("10-19", 10, 19),
    ("20-49", 20, 49),
    ("50-99", 50, 99),
    ("100-499", 100, 499),
    ("500+", 500, None),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyBucket:
    """The numbers of the labels with so many training documents."""

    name: str
    lowest: int
    """Training documents of a label, at least."""
    highest: int | None
    """And at most; None without a limit."""
    labels: int
    support: int
    """Pairs of a document and a true label."""
    micro_f1: float
    macro_f1: float
    """Over all labels of the bucket; 0 where there are none."""
    macro_f1_supported: float
    """Over the labels of the bucket that are true for some document."""


def f1_by_frequency(
    predictions: Any, targets: Any, label_counts: ArrayLike, *, bounds: Bounds = BOUNDS
) -> tuple[FrequencyBucket, ...]:
    """Compute micro- and macro-F1 of labels by their number of training documents.

    predictions, targets: (N, C) label sets, sparse; label_counts: (C,) training documents of each
    label, closed upward. The buckets are tail (fewer than 10), middle (10 to 99) and head (100 and
    more), unless other *bounds* are given; labels in none of them are left out.

    Raises:
        ValueError: the shapes differ.
    """
    return buckets_of(count_overlap(predictions, targets), label_counts, bounds)


def buckets_of(
    overlap: Overlap, label_counts: ArrayLike, bounds: Bounds
) -> tuple[FrequencyBucket, ...]:
    """Compute :func:`f1_by_frequency` from counts.

    Raises:
        ValueError: there is not one count for each label.
    """
    counts = check_label_counts(label_counts, len(overlap.true))
    buckets = []
    for name, lowest, highest in bounds:
        inside = counts >= lowest
        if highest is not None:
            inside &= counts <= highest
        averages = overlap.averages(inside)
        bucket = FrequencyBucket(
            name=name,
            lowest=lowest,
            highest=highest,
            labels=int(np.count_nonzero(inside)),
            support=int(overlap.true[inside].sum()),
            micro_f1=averages.micro.f1,
            macro_f1=averages.macro.f1,
            macro_f1_supported=averages.supported.f1,
        )
        buckets.append(bucket)
    return tuple(buckets)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencySpread:
    """How F1 is spread over the labels with so many training documents."""

    name: str
    labels: int
    """Those that are true for some document; the others have no F1 to speak of."""
    mean: float | None
    """None where there are none, as the next two."""
    low: float | None
    """A quarter of the labels have at most this,"""
    high: float | None
    """and a quarter at least this."""


def f1_spread(
    f1: NDArray[np.float64],
    true: NDArray[np.int64],
    label_counts: ArrayLike,
    *,
    bounds: Bounds = FINE_BOUNDS,
) -> tuple[FrequencySpread, ...]:
    """Describe the F1 of labels by their number of training documents.

    f1, true, label_counts: (C,) F1, documents that the label is true for, training documents.

    Raises:
        ValueError: there is not one count for each label.
    """
    counts = check_label_counts(label_counts, len(f1))
    found = []
    for name, lowest, highest in bounds:
        inside = (counts >= lowest) & (true > 0)
        if highest is not None:
            inside &= counts <= highest
        inside_f1 = f1[inside]
        low, high = np.quantile(inside_f1, [0.25, 0.75]) if len(inside_f1) else (None, None)
        spread = FrequencySpread(
            name=name,
            labels=len(inside_f1),
            mean=float(inside_f1.mean()) if len(inside_f1) else None,
            low=None if low is None else float(low),
            high=None if high is None else float(high),
        )
        found.append(spread)
    return tuple(found)


def check_label_counts(label_counts: ArrayLike, label_count: int) -> NDArray[np.int64]:
    """Return the counts as (C,) int64.

    Raises:
        ValueError: there is not one count for each label.
    """
    counts = np.asarray(label_counts, dtype=np.int64)
    if counts.shape != (label_count,):
        raise ValueError(
            f"Expected the training documents of {label_count:,} labels, got shape {counts.shape}."
        )
    return counts
