"""What an acceptance did on labelled documents that it was not made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from harnn.acceptance.acceptance import Acceptance, Outcome, count_outcome
from harnn.acceptance.confidence import Judged, filed_levels
from harnn.acceptance.interval import Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelTrial:
    """What was accepted to one level or deeper."""

    level: int
    """1 is the top."""
    target: float
    share: float
    """Of all documents, 0 to 1."""
    precision: Interval | None
    """Of what was accepted, how many documents were right on the level and above; None where
    nothing was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What became of labelled documents."""

    documents: int
    levels: tuple[LevelTrial, ...]
    """Those that are open."""
    outcome: Outcome
    """Of all documents."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        levels = [
            {"level": x.level, "target": x.target, "share": x.share}
            | {"precision": None if x.precision is None else x.precision.to_dict()}
            for x in self.levels
        ]
        return {"documents": self.documents, "levels": levels, "outcome": self.outcome._asdict()}


def try_acceptance(acceptance: Acceptance, judged: Judged) -> Trial:
    """File judged documents by an acceptance, and count.

    judged: of the same model asked in the same way, and without the labels that are never accepted.

    Raises:
        ValueError: there is no document, or they were judged on other levels.
    """
    documents, depth = judged.confidence.shape
    if not documents or depth != len(acceptance.levels):
        expected = len(acceptance.levels)
        raise ValueError(f"Expected documents on {expected} levels, got {documents, depth}.")
    deepest = filed_levels(judged.confidence, acceptance.cuts)
    in_question = ~np.isnan(judged.confidence)
    levels = []
    for each, known, right in zip(acceptance.levels, in_question.T, judged.right.T, strict=True):
        if each.place is None or each.target is None:
            continue
        own = known & (deepest >= each.level)
        count = int(np.count_nonzero(own))
        precision = Interval(int(np.count_nonzero(right[own])), count) if count else None
        levels.append(
            LevelTrial(
                level=each.level, target=each.target, share=count / documents, precision=precision
            )
        )
    outcome = count_outcome(judged, acceptance.cuts)
    return Trial(documents=documents, levels=tuple(levels), outcome=outcome)
