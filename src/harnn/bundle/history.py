"""What happened in each epoch of a training."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from harnn.errors import BundleError, Problem


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
    def from_json_lines(cls, text: str, *, where: str = "") -> Self:
        """Read what :meth:`to_json_lines` wrote.

        Raises:
            BundleError: a line is damaged.
        """
        rows = []
        for number, line in enumerate(text.splitlines(), start=1):
            try:
                rows.append(EpochRow(**json.loads(line)))
            except (TypeError, ValueError) as error:
                problem = Problem(f"{where}:{number}", f"is damaged: {error}.")
                raise BundleError(problem) from None
        return cls(tuple(rows))

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> Self:
        return cls(tuple(EpochRow(**row) for row in rows))
