"""Find documents that stand twice, holding 24 bytes for each instead of its text."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from harnn._tables import shown
from harnn.data.documents import Document
from harnn.data.log import MAX_PROBLEMS
from harnn.data.memory_rows import MemoryTable
from harnn.errors import Problem
from harnn.taxonomy.spelling import fold

NOTHING = 0
"""Stands for an empty text and for an id made up from file and line."""


def hash_text(text: str) -> int:
    """Return 8 bytes that are the same for texts equal but for case, width and white space."""
    plain = fold(text)
    return _hash(plain) if plain else NOTHING


def hash_value(value: object) -> int:
    """Return 8 bytes that are the same for equal values of a field; 1 and "1" are equal."""
    if value is None or value == "":
        return NOTHING
    return _hash(value if isinstance(value, str) else repr(value))


def _hash(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little")


@dataclass(slots=True)
class Fingerprints:
    """Hashes of the ids and texts of one file, table or directory."""

    name: str
    is_test: bool = False
    table: MemoryTable | None = None
    """In memory: its rows are told apart by their numbers, as the lines of a file."""
    places: list[str] | None = None
    """Of the texts of a directory, where each stands; None for what has lines or rows."""
    lines: array[int] = field(default_factory=lambda: array("Q"))
    ids: array[int] = field(default_factory=lambda: array("Q"))
    texts: array[int] = field(default_factory=lambda: array("Q"))
    _known: set[int] = field(default_factory=set)
    _repeated: list[tuple[int, str, int]] = field(default_factory=list)

    def add(self, document: Document) -> None:
        """Note the hashes of *document*."""
        line = self._number_of(document.source)
        made_up = document.id == f"{self._short_name}:{line}"
        id_hash = NOTHING if made_up else _hash(document.id)
        self.lines.append(line)
        self.ids.append(id_hash)
        self.texts.append(hash_text(document.full_text))
        if id_hash in self._known:
            if len(self._repeated) < MAX_PROBLEMS:
                self._repeated.append((line, document.id, id_hash))
        elif not made_up:
            self._known.add(id_hash)

    @property
    def _short_name(self) -> str:
        return PurePath(self.name).name if self.table is None else self.table.short_name

    def _number_of(self, source: str) -> int:
        """Return the line, the row or, in a directory, the number of a document."""
        if self.places is not None:
            self.places.append(source)
            return len(self.places)
        if self.table is not None:
            return int(source.split()[1].replace(",", ""))
        return int(source.rpartition(":")[2])

    def at(self, number: int) -> str:
        """Return the place of a document for messages."""
        if self.places is not None:
            return self.places[number - 1]
        return f"{self.name}:{number}" if self.table is None else self.table.at(number)

    def finish(self) -> list[Problem]:
        """Return ids that stand twice, and free what only they needed."""
        hashes, lines = self._first_lines(self.ids)
        problems = []
        for line, name, id_hash in self._repeated:
            first = lines[np.searchsorted(hashes, np.uint64(id_hash))]
            what = f"duplicate id {shown(name)}, first at {self.at(int(first))}."
            problems.append(Problem(self.at(line), what))
        self._known.clear()
        self._repeated.clear()
        return problems

    def find_repeated_texts(self) -> Problem | None:
        """Return a warning where texts stand more than once in this file."""
        hashes = _as_numpy(self.texts)
        known, lines = self._first_lines(self.texts)
        if not len(known):
            return None
        places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
        numbers = _as_numpy(self.lines)
        repeats = np.flatnonzero((hashes != NOTHING) & (lines[places] != numbers))
        if not len(repeats):
            return None
        first = lines[places[repeats[0]]]
        what = f"the same text as {self.at(int(first))}; {_count(len(repeats), 'document')} of "
        what += f"{len(hashes):,} {'repeats' if len(repeats) == 1 else 'repeat'} an earlier text."
        return Problem(self.at(int(numbers[repeats[0]])), what)

    def _first_lines(self, hashes: array[int]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
        """Return the distinct hashes, ascending, and the line each stands on first."""
        distinct, first = np.unique(_as_numpy(hashes), return_index=True)
        kept = distinct != NOTHING
        return distinct[kept], _as_numpy(self.lines)[first[kept]]


def find_overlaps(files: Sequence[Fingerprints]) -> Iterator[Problem]:
    """Yield a warning for each two files that share texts or ids."""
    for noun in ("text", "id"):
        firsts = [file._first_lines(file.texts if noun == "text" else file.ids) for file in files]
        for one, two in combinations(range(len(files)), 2):
            shared, at_one, at_two = np.intersect1d(
                firsts[one][0], firsts[two][0], assume_unique=True, return_indices=True
            )
            if not len(shared):
                continue
            earliest = int(np.argmin(firsts[two][1][at_two]))
            where = files[two].at(int(firsts[two][1][at_two[earliest]]))
            other = files[one].at(int(firsts[one][1][at_one[earliest]]))
            what = f"the same {noun} as {other}; {_count(len(shared), noun)} "
            what += f"{'stands' if len(shared) == 1 else 'stand'} in both files."
            leaks = noun == "text" and files[one].is_test != files[two].is_test
            yield Problem(where, what, "Scores on such documents are too good." if leaks else "")


def _as_numpy(values: array[int]) -> NDArray[np.uint64]:
    return np.frombuffer(values, dtype=np.uint64) if len(values) else np.empty(0, np.uint64)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
