"""Labels as paths from the top, in formats that write those."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harnn._tables import shown
from harnn.converters.notes import Notes
from harnn.converters.parts import Documents, Input, Reading
from harnn.data import Document
from harnn.data.labels import Fault
from harnn.data.log import Rejected
from harnn.taxonomy import Taxonomy
from harnn.taxonomy.graph import label_problem
from harnn.taxonomy.paths import ARROW

NO_TAXONOMY = "No taxonomy is given: labels are written without those above them."
_SEVERAL = "labels have several paths, and the one through the first parents is written"


class PathWriter:
    """Finds the path of each label, through the first parent of each."""

    def __init__(self, taxonomy: Taxonomy | None, notes: Notes) -> None:
        self._taxonomy, self._notes = taxonomy, notes
        self._known: dict[str, tuple[str, ...]] = {}
        if taxonomy is None:
            notes.say(NO_TAXONOMY)

    def path(self, label: str) -> tuple[str, ...]:
        """Return the codes from the top down to a label."""
        found = self._known.get(label)
        if found is None:
            found = self._known[label] = self._find(label)
        return found

    def _find(self, label: str) -> tuple[str, ...]:
        taxonomy = self._taxonomy
        if taxonomy is None:
            return (label,)
        columns = taxonomy.path(taxonomy.index[label]).tolist()
        above = taxonomy.close_upward([columns[-1]])
        if (taxonomy.hierarchy.parent_counts[above] > 1).any():
            self._notes.add(_SEVERAL, label, unit="label")
        return tuple(taxonomy.codes[column] for column in columns)


class PathReader:
    """Finds the label of each path; the code of a path that no taxonomy knows is ``A > B``."""

    def __init__(self, taxonomy: Taxonomy | None, notes: Notes) -> None:
        self._taxonomy = taxonomy
        self._known: dict[tuple[str, ...], str] = {}
        self.notes = notes
        """For what else is remarkable in reading."""

    def label(self, parts: Sequence[str], faults: list[Fault]) -> str:
        """Return the code of a path from the top."""
        joined = ARROW.join(parts)
        if self._taxonomy is not None:
            return self._find(tuple(parts), self._taxonomy) or joined
        for part in parts or ("",):
            what = label_problem(part)
            if not what and ARROW in part:
                what = f"label {shown(part)} has {ARROW!r} in it, which separates labels of a path."
            if what:
                faults.append((what, "Give the taxonomy, so that labels are known by it."))
        return joined

    def split(self, path: str, separator: str, faults: list[Fault]) -> str:
        """Return the code of a path that is written as one string."""
        if self._taxonomy is not None and path in self._taxonomy.index:
            return path
        return self.label(path.split(separator), faults)

    def _find(self, parts: tuple[str, ...], taxonomy: Taxonomy) -> str:
        """Return the label that is in the taxonomy, or nothing."""
        found = self._known.get(parts, "")
        if not found:
            found = self._by_codes(parts, taxonomy) or self._by_names(parts, taxonomy)
            if found:
                self._known[parts] = found
        return found

    def _by_codes(self, parts: Sequence[str], taxonomy: Taxonomy) -> str:
        index = taxonomy.index
        joined = ARROW.join(parts)
        if joined in index:
            return joined
        if not parts or any(part not in index for part in parts):
            return ""
        columns = [index[part] for part in parts]
        for upper, lower in pairwise(columns):
            if upper not in taxonomy.parents(lower):
                return ""
        return parts[-1]

    def _by_names(self, parts: Sequence[str], taxonomy: Taxonomy) -> str:
        """Return the one label that stands there by the names, or nothing."""
        found = taxonomy.hierarchy.roots.tolist()
        for number, part in enumerate(parts):
            if number:
                found = [child for column in found for child in taxonomy.children(column).tolist()]
            found = [column for column in dict.fromkeys(found) if taxonomy.names[column] == part]
        return taxonomy.codes[found[0]] if len(found) == 1 else ""


def closed_columns(document: Document, taxonomy: Taxonomy, notes: Notes) -> NDArray[np.int32]:
    """Return the columns of the labels of a document with all above them, ascending."""
    given = taxonomy.columns(document.labels or ())
    closed = taxonomy.close_upward(given)
    if len(closed) > len(set(given.tolist())):
        notes.add("labels above those given are added", document.id)
    return closed


def read_by_path(
    source: Input,
    read_taxonomy: Callable[[Input], Taxonomy | None],
    read: Callable[[PathReader], Documents],
    *,
    cut: bool = False,
) -> Reading:
    """Read documents whose labels are paths; without a taxonomy learn it from them first.

    cut: see :class:`Reading`.
    """
    taxonomy = read_taxonomy(source)
    if taxonomy is None:
        learned = learn_from_paths(read(PathReader(None, Notes())))
        return Reading(read(PathReader(None, source.notes)), learned, cut)
    return Reading(read(PathReader(taxonomy, source.notes)), taxonomy, cut)


def learn_from_paths(documents: Iterable[Document | Rejected]) -> Taxonomy | None:
    """Learn a tree from labels such as ``A > B``; None where there are none."""
    known: dict[str, str] = {}
    for document in documents:
        if not isinstance(document, Rejected):
            for label in document.labels or ():
                for code, parent in _edges(label):
                    known[code] = parent
    if not known:
        return None
    names = {code: code.rpartition(ARROW)[2] for code in known}
    return Taxonomy.from_edges(known.items(), names)


def _edges(label: str) -> Iterator[tuple[str, str]]:
    parent = "ROOT"
    code = ""
    for part in label.split(ARROW):
        code = f"{code}{ARROW}{part}" if code else part
        yield code, parent
        parent = code
