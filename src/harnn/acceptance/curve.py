"""Accepted share against precision on one level, as counted: nothing is smoothed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Self, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from harnn._display import counted
from harnn.acceptance.interval import Interval
from harnn.metrics import wilson_interval
from harnn.metrics.wilson import Z

Reading = Literal["bound", "point", "sequence"]
READINGS: tuple[Reading, ...] = get_args(Reading)
MOST_POINTS = 500
_STEPS = 20
_RISK = 0.05


class CurvePoint(NamedTuple):
    """What accepting all documents that are at least so sure would do."""

    cut: float
    """The least confidence that is accepted."""
    share: float
    """Of all validation documents, 0 to 1."""
    precision: Interval
    """Accepted documents that are right on the level and above."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Curve:
    """Documents accepted at each cut of one level, the highest cut first.

    At most 500 cuts: of more distinct confidences those that accept about equally many
    documents more, and always the last one.
    """

    documents: int
    """All validation documents, those without an answer included."""
    cuts: NDArray[np.float32]
    """(G,) confidences, strictly descending."""
    judged: NDArray[np.int64]
    """(G, l) documents with at least that confidence that are in question on each level, from the
    top to this one, level l; the last column, all of them, ascends strictly."""
    right: NDArray[np.int64]
    """(G, l) of them those that are right on each of these levels."""

    @classmethod
    def count(cls, confidence: NDArray[np.float32], right: NDArray[np.bool_], level: int) -> Self:
        """Count what :class:`Judged` holds; level: from 1."""
        own = confidence[:, level - 1]
        rows = np.flatnonzero(~np.isnan(own))
        rows = rows[np.argsort(-own[rows], kind="stable")]
        ends = np.flatnonzero(np.diff(own[rows], append=-1.0))
        if len(ends) > MOST_POINTS:
            steps = np.linspace(ends[0], ends[-1], MOST_POINTS)
            ends = ends[np.unique(np.searchsorted(ends, steps).clip(0, len(ends) - 1))]
        judged = ~np.isnan(confidence[rows, :level])
        hits = judged & right[rows, :level]
        counts = (np.cumsum(each, axis=0, dtype=np.int64)[ends] for each in (judged, hits))
        return cls(len(own), own[rows[ends]], *counts)

    @property
    def accepted(self) -> NDArray[np.int64]:
        """(G,) documents with at least that confidence, strictly ascending."""
        return self.judged[:, -1]

    def __repr__(self) -> str:
        return f"Curve({counted(self.in_question, 'document')}, {counted(len(self), 'cut')})"

    def __len__(self) -> int:
        return len(self.cuts)

    @property
    def in_question(self) -> int:
        """Documents that could be accepted: they have a label on the level that may be."""
        return int(self.accepted[-1]) if len(self) else 0

    def point(self, place: int) -> CurvePoint:
        """Return the point at a place, from 0."""
        accepted, right = int(self.accepted[place]), int(self.right[place, -1])
        share = accepted / self.documents
        return CurvePoint(_as_written(self.cuts[place]), share, Interval(right, accepted))

    def points(self) -> tuple[CurvePoint, ...]:
        """Return all points, the highest cut first."""
        return tuple(map(self.point, range(len(self))))

    def choose(
        self, target: float, reading: Reading = "bound", *, floor: float = 0.0
    ) -> int | None:
        """Return the place of the cut that accepts most documents and meets a target.

        floor: the least cut that may be chosen. Readings: ``bound``, where the lower end of the
        95% interval of precision reaches the target; ``point``, where the precision itself does;
        ``sequence``, the last of the first cuts, of twenty that accept equally many documents
        more, that all pass an exact binomial test at 5%. None where no cut meets the target, or
        only with fewer documents than :func:`documents_needed`.

        ``bound`` looks at one cut at a time and so at the luckiest of them: docs/experiments.md
        has how often that fails. ``sequence`` is safe against that: of true precision below the
        target the chance is at most 5%, whatever the scores are worth.

        Source of ``sequence``: fixed-sequence testing in Angelopoulos, Bates, Candes, Jordan and
        Lei (2021), Learn then Test, arXiv 2110.01052.
        """
        enough = (self.accepted >= documents_needed(target)) & (self.cuts >= np.float32(floor))
        places = np.flatnonzero(enough & self._meets(target, reading))
        return int(places[-1]) if len(places) else None

    def _meets(self, target: float, reading: Reading) -> NDArray[np.bool_]:
        """(G,)"""
        right = self.right[:, -1]
        if reading == "point":
            return np.asarray(right >= target * self.accepted)
        if reading == "bound":
            pairs = zip(right.tolist(), self.accepted.tolist(), strict=True)
            return np.array([wilson_interval(*each)[0] >= target for each in pairs], dtype=bool)
        meets = np.zeros(len(self), dtype=np.bool_)
        for place in self._steps(documents_needed(target)):
            if binom.sf(right[place] - 1, self.accepted[place], target) > _RISK:
                break
            meets[place] = True
        return meets

    def _steps(self, needed: int) -> list[int]:
        """Return the places of twenty cuts, which the rightness of documents does not change."""
        if self.in_question < needed:
            return []
        first = min(2 * needed, self.in_question)
        wanted = np.linspace(first, self.in_question, _STEPS)
        return sorted(set(np.searchsorted(self.accepted, wanted - 0.5).tolist()))

    def to_list(self) -> list[list[float]]:
        """Return each point as a list: its cut, then those judged, then those right by level."""
        cuts = list(map(_as_written, self.cuts))
        counts = np.hstack([self.judged, self.right]).tolist()
        return [[cut, *row] for cut, row in zip(cuts, counts, strict=True)]

    @classmethod
    def from_list(cls, points: Sequence[Sequence[float]], documents: int, level: int) -> Self:
        """Read what :meth:`to_list` wrote.

        Raises:
            ValueError: points that cannot have been counted.
        """
        if any(len(row) != 1 + 2 * level for row in points):
            raise ValueError(f"expected points of {1 + 2 * level} numbers")
        cuts = np.array([row[0] for row in points], dtype=np.float32)
        counts = np.array([row[1:] for row in points], dtype=np.float64).reshape(-1, 2 * level)
        whole = np.clip(counts, -1, documents + 1).astype(np.int64)
        judged, right = whole[:, :level], whole[:, level:]
        more, more_right = (
            np.diff(each, axis=0, prepend=np.zeros((1, level), np.int64))
            for each in (judged, right)
        )
        wrong = more - more_right
        possible = (
            bool(np.all(whole == counts) and np.all(np.diff(cuts, prepend=2.0) < 0))
            and bool(np.all((cuts >= 0) & (cuts <= 1)) and np.all(more[:, -1] > 0))
            and bool(np.all(more_right >= 0) and np.all(wrong >= 0))
            and bool(np.all(np.diff(more, axis=1) >= 0) and np.all(np.diff(wrong, axis=1) >= 0))
            and int(judged.max(initial=0)) <= documents
        )
        if not possible:
            raise ValueError("expected falling cuts with rising counts, no more right than judged")
        return cls(documents, cuts, judged, right)


def _as_written(cut: np.float32) -> float:
    """Return the shortest decimal that is this float32, for a file that people read."""
    return float(str(cut))


def documents_needed(target: float) -> int:
    """Return how many accepted documents, all of them right, it takes to show a precision.

    So many that the lower end of the 95% interval reaches the target: z^2 target / (1 - target),
    rounded up, with z = 1.96; 35 for 90%, 73 for 95%, 189 for 98%.

    Raises:
        ValueError: *target* is not above 0 and below 1.
    """
    check_target(target)
    needed = math.ceil(Z * Z * target / (1 - target) - 1e-9)
    return max(1, needed)


def check_target(target: float) -> None:
    """Raises:
    ValueError: *target* is not above 0 and below 1.
    """
    if not 0 < target < 1:
        raise ValueError(f"Expected a precision above 0 and below 1, got {target}.")
