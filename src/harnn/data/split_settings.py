"""How documents are divided into training, validation and test."""

from __future__ import annotations

from dataclasses import dataclass

from harnn._tables import shown
from harnn.config import TrainingConfig
from harnn.errors import Problem

PARTS = ("train", "valid", "test")
"""The names of the parts, in the order of their dates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSettings:
    """How documents are divided."""

    test: float = 0.1
    """Share of the documents, 0 to below 1; 0: there is no such part."""
    valid: float = 0.1
    """Likewise."""
    seed: int = TrainingConfig.seed
    """Of what is drawn between equals."""
    group_by: str = ""
    """A field of the rows: documents with the same value in it stay together."""
    by_date: str = ""
    """A field of the rows: the oldest documents are for training, the newest for the test."""

    def check(self) -> list[Problem]:
        problems = [
            Problem(name, f"got {shown(share)}, expected 0 or more, and less than 1.")
            for name, share in (("test", self.test), ("valid", self.valid))
            if not 0 <= share < 1  # NaN compares false
        ]
        if not problems and not 0 < self.test + self.valid < 1:
            what = f"got {self.test:g} and {self.valid:g}, expected more than 0 and less than 1"
            problems.append(Problem("test and valid", f"{what} together."))
        if not 0 <= self.seed < 2**32:
            what = f"got {shown(self.seed)}, expected 0 to {2**32 - 1:,}."
            problems.append(Problem("seed", what))
        if self.group_by and self.by_date:
            what = "a group may have documents of all dates; leave one of the two out."
            problems.append(Problem("group_by and by_date", what))
        return problems

    @property
    def shares(self) -> dict[str, float]:
        """The share of each part that there is, in the order of :data:`PARTS`."""
        wanted = (1 - self.valid - self.test, self.valid, self.test)
        return {name: share for name, share in zip(PARTS, wanted, strict=True) if share > 0}
