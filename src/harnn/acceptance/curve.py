"""Accepted share against precision on one level, as counted: nothing is smoothed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc

from harnn._display import counted
from harnn.acceptance.interval import Interval
from harnn.metrics.wilson import Z, wilson_bounds

Reading = Literal["bound", "point", "sequence"]
READINGS: tuple[Reading, ...] = get_args(Reading)
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

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"cut": self.cut, "share": self.share, "precision": self.precision.to_dict()}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Curve:
    """Documents accepted at each cut of one level, the highest cut first."""

    documents: int
    """All validation documents, also those that cannot be accepted here."""
    cuts: NDArray[np.float32]
    """(G,) confidences, strictly descending."""
    accepted: NDArray[np.int64]
    """(G,) documents with at least that confidence, strictly ascending."""
    right: NDArray[np.int64]
    """(G,) of them those that are right on the level and above."""

    @classmethod
    def count(cls, confidence: NDArray[np.float32], right: NDArray[np.bool_]) -> Self:
        """Count documents; confidence, right: (N,) on one level, NaN where not in question."""
        rows = np.flatnonzero(~np.isnan(confidence))
        rows = rows[np.argsort(-confidence[rows], kind="stable")]
        ends = np.flatnonzero(np.diff(confidence[rows], append=-1.0))
        hits = np.cumsum(right[rows], dtype=np.int64)
        return cls(len(confidence), confidence[rows[ends]], ends + 1, hits[ends])

    def __repr__(self) -> str:
        return f"Curve({counted(self.in_question, 'document')}, {counted(len(self), 'cut')})"

    def __len__(self) -> int:
        return len(self.cuts)

    @property
    def in_question(self) -> int:
        """Documents that could be accepted."""
        return int(self.accepted[-1]) if len(self) else 0

    def point(self, place: int) -> CurvePoint:
        """Return the point at a place, from 0."""
        accepted, right = int(self.accepted[place]), int(self.right[place])
        cut = float(str(self.cuts[place]))  # the shortest decimal that is this float32
        return CurvePoint(cut, accepted / self.documents, Interval(right, accepted))

    def points(self, most: int | None = None) -> tuple[CurvePoint, ...]:
        """Return the points, the highest cut first.

        most: of more points so many are returned, 2 at least: those that accept about equally many
        documents more, and the first and the last.
        """
        places = range(len(self))
        if most is not None and len(self) > most:
            wanted = np.linspace(self.accepted[0], self.in_question, most)
            places = np.unique(np.searchsorted(self.accepted, wanted - 0.5)).tolist()
        return tuple(map(self.point, places))

    def choose(self, target: float, reading: Reading = "bound") -> int | None:
        """Return the place of the cut that accepts most documents and meets a target.

        Readings: ``bound``, where the lower end of the 95% interval of precision reaches the
        target; ``point``, where the precision itself does; ``sequence``, the last of the first
        cuts, of twenty that accept equally many documents more, that all pass an exact binomial
        test at 5%. None where no cut meets the target, or only with fewer documents than
        :func:`documents_needed`.

        ``bound`` looks at one cut at a time and so at the luckiest of them: docs/experiments.md
        has how often that fails. ``sequence`` does not: where its steps do not depend on which
        documents are right, which holds for a level by itself, the chance of a true precision
        below the target is at most 5%, whatever the scores are worth.

        Source of ``sequence``: fixed-sequence testing in Angelopoulos, Bates, Candes, Jordan and
        Lei (2021), Learn then Test, arXiv 2110.01052.
        """
        enough = self.accepted >= documents_needed(target)
        places = np.flatnonzero(enough & self._meets(target, reading))
        return int(places[-1]) if len(places) else None

    def _meets(self, target: float, reading: Reading) -> NDArray[np.bool_]:
        """(G,)"""
        if reading == "point":
            return np.asarray(self.right / self.accepted >= target)
        if reading == "bound":
            return np.asarray(wilson_bounds(self.right / self.accepted, self.accepted)[0] >= target)
        meets = np.zeros(len(self), dtype=np.bool_)
        for place in self._steps(documents_needed(target)):
            if bdtrc(self.right[place] - 1, self.accepted[place], target) > _RISK:
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
