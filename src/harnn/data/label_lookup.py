"""Which label of a taxonomy is meant by what is written: its code, a name of it or its path."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Literal, NamedTuple

from harnn.config import LabelsBy
from harnn.taxonomy import Taxonomy
from harnn.taxonomy.iris import label_of_iri
from harnn.taxonomy.spelling import fold, spellings

How = Literal["code", "name", "path", "spelling"]
"""``spelling``: only case, blanks or the forms of characters differ."""

_ARROWS = (">", "/", "\\", "::", "→", "»", "›")
"""What may stand between the labels of a path."""
_MOST_REMEMBERED = 100_000


class Found(NamedTuple):
    """What may be meant by what is written."""

    columns: tuple[int, ...]
    """One: that label; several: no one can tell which; none: no label of the taxonomy."""
    how: How = "code"


class LabelLookup:
    """Find labels by code, name or path.

    The first of these that fits counts: the code; a name; a path from any label down, ``A > B``;
    the same with other case and blanks. ``by="code"`` stops after the first.
    """

    def __init__(self, taxonomy: Taxonomy, by: LabelsBy = "any") -> None:
        self.taxonomy = taxonomy
        self._by = by
        self._found: dict[str, Found] = {}

    def find(self, label: str) -> Found:
        """Return what may be meant by *label*."""
        column = self.taxonomy.index.get(label)
        if column is not None:
            return Found((column,))
        if self._by == "code":
            return Found(())
        if label.startswith("<") and label.endswith(">"):
            label = label[1:-1]
        column = self.taxonomy.index.get(label_of_iri(label))
        if column is not None:
            return Found((column,), "name")
        found = self._found.get(label)
        if found is None:
            found = self._search(label)
            if len(self._found) < _MOST_REMEMBERED:
                self._found[label] = found
        return found

    def _search(self, label: str) -> Found:
        ways: tuple[tuple[How, Callable[[str], tuple[int, ...]], bool], ...] = (
            ("name", self._exactly, False),
            ("path", self._exactly, True),
            ("spelling", self._nearly, False),
            ("spelling", self._nearly, True),
        )
        for how, look_up, is_path in ways:
            columns = self._walk(label, look_up) if is_path else look_up(label)
            if columns:
                return Found(columns, how)
        return Found(())

    def _exactly(self, label: str) -> tuple[int, ...]:
        column = self.taxonomy.index.get(label)
        names = self._names.get(label, ())
        return names if column is None or column in names else (column, *names)

    def _nearly(self, label: str) -> tuple[int, ...]:
        return self._folded.get(fold(label), ())

    def _walk(self, label: str, look_up: Callable[[str], tuple[int, ...]]) -> tuple[int, ...]:
        """Return the labels that a path leads to, those of a path from the top before others."""
        for arrow in _ARROWS:
            parts = [part.strip() for part in label.split(arrow)]
            if len(parts) < 2 or not all(parts):
                continue
            found = set(look_up(parts[0]))
            top = {column for column in found if not len(self.taxonomy.parents(column))}
            for start in (top, found):
                ends = self._go_down(start, parts[1:], look_up)
                if ends:
                    return ends
        return ()

    def _go_down(
        self, start: Iterable[int], parts: Iterable[str], look_up: Callable[[str], tuple[int, ...]]
    ) -> tuple[int, ...]:
        reached = set(start)
        for part in parts:
            if not reached:
                break
            reached = {
                column
                for column in look_up(part)
                if reached.intersection(self.taxonomy.parents(column).tolist())
            }
        return tuple(sorted(reached))

    @cached_property
    def _names(self) -> dict[str, tuple[int, ...]]:
        return _gather(spellings(self.taxonomy))

    @cached_property
    def _folded(self) -> dict[str, tuple[int, ...]]:
        codes = ((code, column) for column, code in enumerate(self.taxonomy.codes))
        pairs = (*codes, *spellings(self.taxonomy))
        return _gather((fold(spelling), column) for spelling, column in pairs)


def _gather(pairs: Iterable[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    found: dict[str, dict[int, None]] = {}
    for spelling, column in pairs:
        found.setdefault(spelling, {})[column] = None
    return {spelling: tuple(columns) for spelling, columns in found.items()}
