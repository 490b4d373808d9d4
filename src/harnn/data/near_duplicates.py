"""Documents that are nearly the same, without comparing all with all.

MinHash (Broder, "On the Resemblance and Containment of Documents", SEQUENCES 1997) of the runs of
three words of each text: of two texts the share of equal values in their signatures estimates the
share of runs that they have in common (Jaccard). Texts are compared where a band of four values is
the same (locality-sensitive hashing), each with a few others of the band at most, so that work and
memory grow with the number of documents and with nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harnn.data.statistics import WORD

_RUN = 3
_VALUES = 128
_BAND = 4
"""Values of a signature that must be the same, in one of 32 bands: at a similarity of 0.6 it is so
with 99% of the pairs."""
_NEIGHBOURS = 10
"""Others of a band that a document is compared with: the next ones."""
_SEED = 20_240_213
_READ = 20_000
"""Words read of a text."""
_EMPTY = np.uint32(0xFFFFFFFF)
_AT_ONCE = 4_096
"""Runs of a text that are hashed at a time."""


class NearDuplicates(NamedTuple):
    """P pairs of documents that are nearly the same, the most similar first."""

    rows: NDArray[np.int64]
    """(P, 2) the earlier document and the later one."""
    similarity: NDArray[np.float64]
    """(P,) estimated share of runs of three words in common, with an error of some 0.04."""
    cut: int
    """Documents that had more of their band behind them than they were compared with."""

    def with_other_labels(self, targets: Any) -> NearDuplicates:
        """Return the pairs whose labels differ; targets: (N, C) label sets, sparse."""
        first, second = (targets[self.rows[:, side]].astype(np.int8) for side in (0, 1))
        differ = np.asarray(abs(first - second).sum(axis=1)).ravel() > 0
        return NearDuplicates(self.rows[differ], self.similarity[differ], self.cut)


def find_near_duplicates(texts: Iterable[str], *, similarity: float = 0.8) -> NearDuplicates:
    """Find pairs of texts of which at least such a share of the runs of three words is the same.

    Case does not count, nor what is no word; of a text the first 20,000 words are read. Texts
    without words are like no other.

    Raises:
        ValueError: *similarity* is not above 0 and at most 1.
    """
    if not 0 < similarity <= 1:
        raise ValueError(f"Expected a similarity above 0 and at most 1, got {similarity}.")
    signatures = _signatures(texts)
    found, cut = _candidates(signatures)
    alike = np.zeros(len(found))
    for start in range(0, len(found), _AT_ONCE):
        some = found[start : start + _AT_ONCE]
        same = signatures[some[:, 0]] == signatures[some[:, 1]]
        alike[start : start + _AT_ONCE] = same.mean(axis=1)
    kept = alike >= similarity
    rows, alike = found[kept], alike[kept]
    order = np.lexsort((rows[:, 1], rows[:, 0], -alike))
    return NearDuplicates(rows[order], alike[order], cut)


def _signatures(texts: Iterable[str]) -> NDArray[np.uint32]:
    """Return (N, 128) the smallest hash of a text's runs, under each of 128 hash functions."""
    numbers: dict[str, int] = {}
    keys = np.asarray(np.random.PCG64(_SEED).random_raw(_VALUES), dtype=np.uint64)
    rows = []
    for text in texts:
        words = [
            numbers.setdefault(match[0].casefold(), len(numbers))
            for match, _ in zip(WORD.finditer(text), range(_READ), strict=False)
        ]
        rows.append(_signature(np.array(words, dtype=np.uint64), keys))
    return np.array(rows, dtype=np.uint32).reshape(-1, _VALUES)


def _signature(words: NDArray[np.uint64], keys: NDArray[np.uint64]) -> NDArray[np.uint32]:
    least = np.full(_VALUES, _EMPTY, dtype=np.uint32)
    if not len(words):
        return least
    run = min(_RUN, len(words))
    hashes = np.zeros(len(words) - run + 1, dtype=np.uint64)
    for place in range(run):
        hashes = _mixed(hashes + words[place : place + len(hashes)] + np.uint64(1))
    hashes = np.unique(hashes)
    for start in range(0, len(hashes), _AT_ONCE):
        some = _mixed(hashes[start : start + _AT_ONCE, None] ^ keys) >> np.uint64(33)
        least = np.minimum(least, some.min(axis=0).astype(np.uint32))
    return least


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _candidates(signatures: NDArray[np.uint32]) -> tuple[NDArray[np.int64], int]:
    """Return pairs (P, 2) that share a band, and how many documents had more than were taken."""
    readable = np.flatnonzero(signatures[:, 0] != _EMPTY) if len(signatures) else np.zeros(0, int)
    found = [np.zeros((0, 2), dtype=np.int64)]
    cut = np.zeros(len(signatures), dtype=np.bool_)
    for start in range(0, _VALUES, _BAND):
        band = signatures[readable, start : start + _BAND]
        order = np.lexsort((readable, *band.T))
        band, rows = band[order], readable[order]
        for step in range(1, _NEIGHBOURS + 2):
            same = (band[step:] == band[:-step]).all(axis=1)
            if step > _NEIGHBOURS:
                cut[rows[:-step][same]] = True
            else:
                found.append(np.column_stack([rows[:-step][same], rows[step:][same]]))
        found = [np.unique(np.concatenate(found), axis=0)]
    return found[0].astype(np.int64), int(cut.sum())
