"""Divide documents into parts in which every label has its share.

Iterative stratification (Sechidis, Tsoumakas and Vlahavas, "On the Stratification of Multi-Label
Data", ECML PKDD 2011; for single labels the same as order 1 of Szymanski and Kajdanowicz, "A
Network Perspective on Stratification of Multi-Label Data", LIDTA 2017): the label with the fewest
documents left is dealt out first, each of its documents to the part that lacks most of the label,
of equals to the one that lacks most documents. Label sets stay sparse, and a heap says which label
is next, so that the work grows with the labels of all documents and the logarithm of their number.

One thing is our own. Where no part lacks a whole document of a label any more, as with 0.6 and 0.4
of the last of four, the larger part would get all that is left over; in taxonomies with many rare
leaves the smaller ones would stay nearly empty. So a part gets it that lacks some of the label and,
of its documents in all, a fifth more than the one that lacks most of the label. Of 2,000 documents
of 500 leaves a part of 10% then has 4 documents too few, where it had 22 (29 in the package).
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn.counting import as_binary

_MOST_PARTS = 1_000
_BEHIND = 0.2
_NOTHING = 1e-9
"""Of a label, but for rounding."""


def stratify(
    targets: Any,
    shares: Sequence[float],
    *,
    seed: int = 13,
    units: NDArray[np.int64] | None = None,
    train_first: bool = False,
) -> NDArray[np.int64]:
    """Return for each document the part that it belongs to, (N,), 0 to the number of parts - 1.

    targets: (N, C) label sets, sparse, best closed upward. shares: of the parts, each above 0,
    together 1. units: (N,) numbers; documents of the same number stay together. train_first: a
    label of fewer units than there are parts is in the first part before it is in any other. The
    same arguments give the same parts on every machine.

    Raises:
        ValueError: shares or units are something else.
    """
    part_shares = _checked_shares(shares)
    sets: Any = as_binary(targets)
    members, counts = _gather(sets, units)
    keys = _random_keys(seed, len(counts) + sets.shape[1])
    # The heaviest units come first, while there is room for them; equals in random order.
    order = np.lexsort((keys[: len(counts)], -counts))
    dealer = _Dealer(members[order], counts[order], part_shares, keys[len(counts) :], train_first)
    parts = np.empty(len(counts), dtype=np.int64)
    parts[order] = dealer.deal(keys[order])
    return parts if units is None else parts[np.unique(units, return_inverse=True)[1]]


def label_deviation(targets: Any, parts: NDArray[np.int64], part_count: int) -> float:
    """Return how far the odds of labels in the parts are from those in all documents (LD).

    The mean over labels and parts of the absolute difference, as Sechidis et al. (2011) define it;
    labels that all documents of a part, or no document at all, have are left out.
    """
    sets: Any = as_binary(targets).astype(np.int64)
    every = np.asarray(sets.sum(axis=0)).ravel()
    documents = sets.shape[0]
    used = (every > 0) & (every < documents)
    differences = []
    for part in range(part_count):
        rows = parts == part
        here = np.asarray(sets[rows].sum(axis=0)).ravel()
        rest = int(rows.sum()) - here
        fits = used & (rest > 0)
        odds = every[fits] / (documents - every[fits])
        differences.append(np.abs(here[fits] / rest[fits] - odds))
    values = np.concatenate(differences) if differences else np.zeros(0)
    return float(values.mean()) if len(values) else 0.0


def example_deviation(parts: NDArray[np.int64], shares: Sequence[float]) -> float:
    """Return how far the sizes of the parts are from their shares, on average (ED, documents)."""
    sizes = np.bincount(parts, minlength=len(shares))
    return float(np.abs(sizes - np.asarray(shares) * len(parts)).mean())


class _Dealer:
    """Deals units out to parts, label by label."""

    def __init__(
        self,
        members: Any,
        weights: NDArray[np.int64],
        shares: NDArray[np.float64],
        tie_keys: NDArray[np.uint64],
        train_first: bool,
    ) -> None:
        """members: (U, C) documents of each unit with each label; weights: (U,) documents."""
        self._members = members
        self._by_label = members.tocsc()
        self._weights = weights
        self._tie_keys = tie_keys.tolist()
        self._left = np.asarray(members.sum(axis=0), dtype=np.int64).ravel()
        """(C,) documents of each label that are not dealt out."""
        self._wanted = np.outer(shares, self._left)
        """(P, C) documents of each label that the parts lack."""
        self._room = (shares * weights.sum()).tolist()
        """(P,) documents that the parts lack; below, that they shall have."""
        self._sizes = list(self._room)
        few = np.diff(self._by_label.indptr) < len(shares)
        self._comes_first = few & train_first
        """(C,) labels that the first part must have before others do."""
        self._parts = np.full(len(weights), -1, dtype=np.int64)

    def deal(self, keys: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Return the part of each unit; keys: (U,) random numbers that break ties."""
        heap = [
            (int(self._left[label]), self._tie_keys[label], int(label))
            for label in np.flatnonzero(self._left)
        ]
        heapq.heapify(heap)
        while heap:
            left, _, label = heapq.heappop(heap)
            if left != self._left[label]:  # fewer are left by now
                continue
            self._deal_label(label, keys)
            # what was dealt out counts for all other labels of the same units
            for other in self._take_changed():
                if self._left[other]:
                    entry = (int(self._left[other]), self._tie_keys[other], other)
                    heapq.heappush(heap, entry)
        for unit in np.flatnonzero(self._parts < 0).tolist():  # without labels
            part = _largest([self._room], int(keys[unit]))
            self._room[part] -= int(self._weights[unit])
            self._parts[unit] = part
        return self._parts

    def _deal_label(self, label: int, keys: NDArray[np.uint64]) -> None:
        start, stop = self._by_label.indptr[label], self._by_label.indptr[label + 1]
        units = self._by_label.indices[start:stop]
        units = units[self._parts[units] < 0]
        bounds, indices, data = (getattr(self._members, x) for x in ("indptr", "indices", "data"))
        self._dealt = units
        for unit in units.tolist():
            row = slice(bounds[unit], bounds[unit + 1])
            labels = indices[row]
            part = 0 if self._comes_first[label] else self._choose(label, int(keys[unit]))
            self._parts[unit] = part
            self._wanted[part, labels] -= data[row]
            self._room[part] -= int(self._weights[unit])
            if part == 0:
                self._comes_first[labels] = False

    def _choose(self, label: int, key: int) -> int:
        """Return the part that lacks most of a label; of the last ones, see the module."""
        wanted = self._wanted[:, label].tolist()
        best = _largest([wanted, self._room], key)
        if wanted[best] >= 1:
            return best
        lacking = [room / size for room, size in zip(self._room, self._sizes, strict=True)]
        behind = lacking[best] + _BEHIND
        waiting = [
            want if lack > behind else 0.0 for want, lack in zip(wanted, lacking, strict=True)
        ]
        return _largest([waiting, self._room], key) if max(waiting) > _NOTHING else best

    def _take_changed(self) -> list[int]:
        """Count down the labels of the units that were just dealt out, and return them."""
        rows = self._members[self._dealt]
        changed, places = np.unique(rows.indices, return_inverse=True)
        self._left[changed] -= np.bincount(places, weights=rows.data).astype(np.int64)
        found: list[int] = changed.tolist()
        return found


def _largest(levels: Sequence[Sequence[float]], key: int) -> int:
    """Return the part with the largest value, of equals by the next values, at last by *key*."""
    parts = list(range(len(levels[0])))
    for values in levels:
        most = max(values[part] for part in parts)
        parts = [part for part in parts if values[part] == most]
        if len(parts) == 1:
            return parts[0]
    return parts[key % len(parts)]


def _gather(sets: Any, units: NDArray[np.int64] | None) -> tuple[Any, NDArray[np.int64]]:
    """Return for each unit the documents with each label, (U, C), and its documents, (U,)."""
    documents = sets.shape[0]
    if units is None:
        return csr_array(sets.astype(np.int32)), np.ones(documents, dtype=np.int64)
    if np.shape(units) != (documents,):
        raise ValueError(
            f"Expected a unit for each of {documents:,} documents, got {np.shape(units)}."
        )
    _, places, counts = np.unique(units, return_inverse=True, return_counts=True)
    ones = np.ones(documents, dtype=np.int32)
    matrix = csr_array((ones, (places, np.arange(documents))), shape=(len(counts), documents))
    members = csr_array(matrix @ sets.astype(np.int32))
    members.sort_indices()
    return members, counts.astype(np.int64)


def _random_keys(seed: int, count: int) -> NDArray[np.uint64]:
    """Return the raw numbers of a generator, which are the same in all versions of NumPy."""
    return np.asarray(np.random.PCG64(seed).random_raw(count), dtype=np.uint64)


def _checked_shares(shares: Sequence[float]) -> NDArray[np.float64]:
    values = np.asarray(shares, dtype=np.float64)
    fits = values.ndim == 1 and 1 <= len(values) <= _MOST_PARTS and bool((values > 0).all())
    if not fits or not abs(values.sum() - 1) < 1e-9:
        raise ValueError(f"Expected shares above 0 that sum to 1, got {list(shares)}.")
    return values
