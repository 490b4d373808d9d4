"""What a format cannot hold, counted while it is read or written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from harnn._tables import shown


@dataclass(slots=True)
class Note:
    """One thing that was lost or changed: what, how often, and where first."""

    what: str
    unit: str
    count: int = 0
    first: str = ""

    def __str__(self) -> str:
        noun = self.unit if self.count == 1 else f"{self.unit}s"
        first = f", the first {shown(self.first)}" if self.count > 1 else f" {shown(self.first)}"
        return f"{self.what} ({self.count:,} {noun}{first if self.first else ''})."


@dataclass(slots=True)
class Notes:
    """All notes of a conversion, in the order in which they first came up."""

    _found: dict[str, Note] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    """What is said once, without a number."""

    def add(self, what: str, first: str = "", *, unit: str = "document", count: int = 1) -> None:
        """Count a thing; *first* is shown where it is the first of its kind."""
        if not count:
            return
        note = self._found.setdefault(what, Note(what, unit, 0, first))
        note.count += count

    def say(self, remark: str) -> None:
        """Keep a sentence, once."""
        if remark not in self.remarks:
            self.remarks.append(remark)

    def __iter__(self) -> Iterator[str]:
        """Yield all of it in sentences."""
        yield from self.remarks
        yield from map(str, self._found.values())
