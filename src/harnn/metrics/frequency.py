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
