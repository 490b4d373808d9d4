"""What the cells of a column of parents mean.

A code means its label. What is no code is a word for the top (``0``, ``-1``, ``null``, ...), the
name of one label, several parents between separators, or a code that a spreadsheet has changed:
other zeros around a whole number (``1`` or ``1.0`` for ``01``, but not ``1.1`` for ``1.10``), other
case. What was looked up is said in notes, and a name that several labels have is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from harnn.taxonomy.graph import ROOT, shorten

_TOP_WORDS = frozenset({"0", "-1", "null", "none", "nan", "n/a", "-", "#n/a"})
_SEPARATORS = tuple(re.compile(rf"\s*{mark}\s*") for mark in ("[;|]", ","))
_WHOLE = re.compile(r"0*(\d{1,30})(?:\.0{1,30})?", re.ASCII)
_SHOWN = 3


class Parents:
    """Looks up parents; all cells are looked at before one is read."""

    def __init__(self, codes: set[str], cells: Sequence[str], names: Mapping[str, str]) -> None:
        self._codes = codes
        self._named = _gather((name, code) for code, name in names.items())
        self._nearly = _gather((_plain(code), code) for code in codes if code)
        self._top = next((cell for cell in cells if cell.casefold() in _TOP_WORDS - codes), "")
        self._lifted = 0
        self._by_name = False
        self._changed: dict[str, str] = {}

    def read(self, cell: str) -> tuple[list[str], str]:
        """Return the parents in a cell, ``ROOT`` for the top, and what is wrong with it."""
        if not cell:
            return [ROOT], ""
        found, what = self._find(cell)
        if found or what:
            return [found] if found else [], what
        for separator in _SEPARATORS:
            parts = [self._find(part)[0] for part in separator.split(cell) if part]
            if len(parts) > 1 and all(parts) and ROOT not in parts:
                return list(dict.fromkeys(parts)), ""
        return [cell], ""

    def _find(self, cell: str) -> tuple[str, str]:
        """Return the one label that is meant, or nothing, and why none can be told."""
        if cell in self._codes or cell == ROOT:
            return cell, ""
        if cell.casefold() in _TOP_WORDS:
            self._lifted += 1
            return ROOT, ""
        named = self._named.get(cell, ())
        if len(named) == 1:
            self._by_name = True
            return named[0], ""
        if named:
            some = ", ".join(map(repr, named[:_SHOWN])) + (", ..." if len(named) > _SHOWN else "")
            return "", f"the parent {cell!r} is the name of {len(named):,} labels ({some})."
        nearly = self._nearly.get(_plain(cell), ())
        if len(nearly) != 1:
            return "", ""
        self._changed[cell] = nearly[0]
        return nearly[0], ""

    def notes(self) -> list[str]:
        """Say what was looked up."""
        found = []
        if self._lifted:
            rows = "1 row" if self._lifted == 1 else f"{self._lifted:,} rows"
            found.append(shorten(f"{rows} with the parent {self._top!r}, read as the top."))
        if self._by_name:
            found.append("Parents are names, not codes; each was looked up.")
        if self._changed:
            pairs = [f"{cell!r} as {code!r}" for cell, code in self._changed.items()]
            more = ", ..." if len(pairs) > _SHOWN else ""
            what = "Parents that are no codes are read as those nearly like them"
            found.append(shorten(f"{what}: {', '.join(pairs[:_SHOWN])}{more}."))
        return found


def _gather(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for key, code in pairs:
        found.setdefault(key, []).append(code)
    return {key: tuple(sorted(codes)) for key, codes in found.items()}


def _plain(text: str) -> str:
    """Return what programs leave of a code: whole numbers without other zeros, small letters."""
    number = _WHOLE.fullmatch(text)
    return text.casefold() if number is None else number[1]
