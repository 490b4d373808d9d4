"""What happened in each epoch of a training."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from harnn._files import parse_model_json
from harnn._tables import shown
from harnn.branches.stored import is_number, is_whole
from harnn.errors import BundleError, Problem

_LARGEST = 2**53


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
    selection: float | None = None
    """What a selection of one's own says of it, see :func:`harnn.fit`; None: there is none."""

    def to_dict(self) -> dict[str, Any]:
        plain = dataclasses.asdict(self)
        if self.selection is None:
            del plain["selection"]
        return plain

    def worth(self, score: str) -> float:
        """Return what the best epoch has most of: its own selection, or else *score*."""
        return float(getattr(self, score)) if self.selection is None else self.selection


@dataclass(frozen=True)
class History:
    """All epochs so far; :meth:`add` returns a longer one."""

    rows: tuple[EpochRow, ...] = ()

    def add(self, row: EpochRow) -> Self:
        return dataclasses.replace(self, rows=(*self.rows, row))

    def best(self, score: str) -> EpochRow | None:
        """The first epoch with the highest validation *score*, or selection of one's own."""
        return max(self.rows, key=lambda row: row.worth(score), default=None)

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
        for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), start=1):
            rows.append(_read_row(parse_model_json(line, f"{where}:{number}"), f"{where}:{number}"))
        return cls(tuple(rows))

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]], *, where: str = "") -> Self:
        """Read rows as :meth:`EpochRow.to_dict` wrote them.

        Raises:
            BundleError: one is damaged.
        """
        return cls(tuple(_read_row(row, where) for row in rows))


def _read_row(plain: Any, where: str) -> EpochRow:
    """Raises:
    BundleError: it is no row.
    """
    kinds = {field.name: field.type for field in dataclasses.fields(EpochRow)}
    own = isinstance(plain, Mapping) and "selection" in plain
    if not own:
        del kinds["selection"]
    if not isinstance(plain, Mapping) or plain.keys() != kinds.keys():
        what = f"is damaged: got {shown(plain)}, expected {', '.join(kinds)}."
        raise BundleError(Problem(where, what))
    problems = [
        Problem(where, f"is damaged: {name}: got {shown(value)}, expected a number.")
        for name, value in plain.items()
        if not _fits(value, str(kinds[name]))
    ]
    if problems:
        raise BundleError(problems)
    return EpochRow(**plain)


def _fits(value: Any, kind: str) -> bool:
    if kind == "int":
        return is_whole(value, 0, _LARGEST)
    return is_number(value, -math.inf, math.inf)
