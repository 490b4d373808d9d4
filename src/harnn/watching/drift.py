"""What a comparison of figures says: findings with intervals and verdicts, in plain words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Figure = Literal[
    "unknown_words",
    "lengths",
    "writings",
    "empty_field",
    "vectors",
    "unlabelled",
    "doubtful",
    "scores",
    "label_mix",
    "labels",
    "f1",
]
Verdict = Literal["as before", "moved", "too few documents to say"]
TOLERANCES: Mapping[Figure, float] = {
    "unknown_words": 0.05,
    "lengths": 0.1,
    "writings": 0.1,
    "empty_field": 0.05,
    "vectors": 0.15,
    "unlabelled": 0.05,
    "doubtful": 0.05,
    "scores": 0.1,
    "label_mix": 0.1,
    "labels": 1.0,
    "f1": 0.03,
}
"""The smallest change of each figure that matters: of shares and F1 in points / 100, of histograms
as a population stability index, of vectors in units of their spread, of labels how many moved."""
LEAST_DOCUMENTS = 20
"""Of fewer documents, then or now, nothing is said."""


class Bins(NamedTuple):
    """How many documents there were then and now of each kind."""

    starts: tuple[float | str, ...]
    """Of each kind the number that it begins with, or its name."""
    before: tuple[int, ...]
    now: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One figure then and now."""

    figure: Figure
    level: int | None
    """1 is the top; None: of all labels, or of texts."""
    name: str
    """Of a field, of the writing that has become more frequent, else the commonest, or what vectors
    are; else empty."""
    before: float | None
    """What people read, in the units of the figure: a share, a mean; None: there is no such."""
    now: float | None
    change: float
    """What is compared with the tolerance, of its sign."""
    low: float
    """The interval of the change from here"""
    high: float
    """to here; infinite where nothing can be said."""
    verdict: Verdict
    more: Mapping[str, float] = field(default_factory=dict)
    """Of histograms Kolmogorov and Smirnov's distance with its p-value; of labels how many there
    are, and the share of documents from which on a label that is gone would have been seen."""
    bins: Bins | None = None
    """Of lengths, writings and scores."""

    @property
    def tolerance(self) -> float:
        """See :data:`TOLERANCES`."""
        return TOLERANCES[self.figure]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; what is infinite is null."""
        return {
            "figure": self.figure,
            "level": self.level,
            "name": self.name,
            "before": self.before,
            "now": self.now,
            "change": _finite(self.change),
            "low": _finite(self.low),
            "high": _finite(self.high),
            "tolerance": self.tolerance,
            "verdict": self.verdict,
            **self.more,
            **({} if self.bins is None else {"bins": self.bins._asdict()}),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedLabel:
    """A label that is given more, or less, often than before."""

    label: str
    name: str
    path: tuple[str, ...]
    """Names of the labels above it, the top first; of several parents the first."""
    level: int
    before: float
    """Share of the documents, 0 to 1."""
    now: float
    low: float
    """The 95% interval of the difference from here"""
    high: float
    """to here."""
    p_value: float
    """Adjusted for all labels of the level."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Whether what arrives looks like what a model learned from."""

    before: int
    """Documents that were compared with."""
    documents: int
    """Documents that came."""
    findings: tuple[Finding, ...]
    labels: tuple[MovedLabel, ...]
    """The surest first."""

    @property
    def moved(self) -> tuple[Finding, ...]:
        """What is not as before."""
        return tuple(each for each in self.findings if each.verdict == "moved")

    @property
    def unsure(self) -> tuple[Finding, ...]:
        """Of what nothing can be said."""
        return tuple(each for each in self.findings if each.verdict.startswith("too few"))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "before": self.before,
            "documents": self.documents,
            "moved": bool(self.moved),
            "findings": [each.to_dict() for each in self.findings],
            "labels": [each.to_dict() for each in self.labels],
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def judge(
    figure: Figure, change: float, low: float, high: float, documents: int, *, signed: bool
) -> Verdict:
    """Return the verdict on a change, whose interval is from low to high.

    ``moved``: the interval has no zero in it, and the change reaches the tolerance. ``as before``:
    the change does not, and none of twice the tolerance is in the interval. Else, and of fewer than
    :data:`LEAST_DOCUMENTS`, nothing can be said. signed: whether it may go up or down.
    """
    tolerance = TOLERANCES[figure]
    size, least, most = change, low, high
    if signed:
        size, most = abs(change), max(abs(low), abs(high))
        least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    if documents < LEAST_DOCUMENTS:
        return "too few documents to say"
    if size >= tolerance and least > 0:
        return "moved"
    if size < tolerance and most < 2 * tolerance:
        return "as before"
    return "too few documents to say"
