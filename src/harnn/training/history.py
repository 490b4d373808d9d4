"""What happened in each epoch, and who is told."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from harnn.data import write_atomically


@dataclass(frozen=True, kw_only=True)
class EpochRow:
    """One line of ``history.jsonl``."""

    epoch: int
    """1-based."""
    steps: int
    loss: float
    """Mean training loss of a document."""
    auprc: float
    """On the validation documents, as the F1 scores."""
    micro_f1: float
    """At the threshold best for this epoch."""
    macro_f1: float
    threshold: float
    learning_rate: float
    seconds: float
    """Of training, without validation."""
    documents_per_second: float
    padding: float
    """Share of computed token positions that were padding."""

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class History:
    """All epochs so far; :meth:`add` returns a longer one."""

    rows: tuple[EpochRow, ...] = ()

    def add(self, row: EpochRow) -> Self:
        return dataclasses.replace(self, rows=(*self.rows, row))

    def best(self, score: str) -> EpochRow | None:
        """The first epoch with the highest validation *score*."""
        return max(self.rows, key=lambda row: float(getattr(row, score)), default=None)

    def epochs_since_best(self, score: str) -> int:
        best = self.best(score)
        return len(self.rows) - best.epoch if best else 0

    def to_json_lines(self) -> str:
        return "".join(json.dumps(row.to_dict()) + "\n" for row in self.rows)

    @classmethod
    def from_rows(cls, rows: list[dict[str, Any]]) -> Self:
        return cls(tuple(EpochRow(**row) for row in rows))

    def write(self, path: Path) -> None:
        with write_atomically(path) as file:
            file.write(self.to_json_lines())


@dataclass(frozen=True, kw_only=True)
class Step:
    """Told after every optimiser step."""

    epoch: int
    step: int
    """Steps done in all epochs."""
    steps: int
    """Steps of all epochs."""
    loss: float
    """Mean of this epoch so far."""
    documents_per_second: float
    seconds_left: float


@dataclass(frozen=True)
class Stage:
    """Told when something begins or has been found out that a user may want to know."""

    message: str


Event = Step | EpochRow | Stage
Listener = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """Listen to nothing."""
