"""What is kept of documents that are to be divided, while they stream by."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from harnn._tables import shown
from harnn.config import DataConfig
from harnn.data.columns import find_column, first_names, list_names
from harnn.data.documents import Document
from harnn.data.fields import DocumentBuilder
from harnn.data.files import DocumentFile, Origin
from harnn.data.fingerprints import NOTHING, hash_text, hash_value
from harnn.data.inputs import (
    CorrectedDocuments,
    Documents,
    DocumentsPart,
    labelled_documents,
    split_given,
)
from harnn.data.label_checker import LabelChecker
from harnn.data.log import ReadingLog, Rejected, settle
from harnn.data.memory_rows import MemoryTable
from harnn.data.moments import Moments
from harnn.data.reading import find_fixes, resolve_labels, stream_rows
from harnn.data.rows import PlacedRow, Row
from harnn.data.split_settings import SplitSettings
from harnn.errors import ConfigError, DocumentError, Problem, suggest
from harnn.taxonomy import Taxonomy


class Places(NamedTuple):
    """Where the documents of one file stand."""

    file: Origin
    numbers: NDArray[np.int64]
    """Ascending: lines, or rows; in a JSON array and a spreadsheet records from 0."""
    spans: NDArray[np.int64]
    """How many lines each spans."""


@dataclass(slots=True)
class Gathered:
    """What is kept of documents while they stream by."""

    taxonomy: Taxonomy | None
    columns: array[int] = field(default_factory=lambda: array("i"))
    ends: array[int] = field(default_factory=lambda: array("q", [0]))
    texts: array[int] = field(default_factory=lambda: array("Q"))
    groups: array[int] = field(default_factory=lambda: array("Q"))
    moments: Moments = field(default_factory=Moments)
    files: list[Origin] = field(default_factory=list)
    numbers: list[array[int]] = field(default_factory=list)
    spans: list[array[int]] = field(default_factory=list)
    _written: dict[str, int] = field(default_factory=dict)
    """Numbers of labels without a taxonomy."""

    @property
    def count(self) -> int:
        return len(self.texts)

    def check_count(self, least: int, noun: str) -> None:
        """Raises:
        DocumentError: there are fewer documents than *least*.
        """
        if self.count < least:
            there = (
                "there is 1 document" if self.count == 1 else f"there are {self.count:,} documents"
            )
            raise DocumentError(Problem("", f"{there}, too few for {least:,} {noun}."))

    def add(self, document: Document, columns: Sequence[int] | NDArray[np.int32] | None) -> None:
        """Note one document; columns: of its labels, where there is a taxonomy."""
        if columns is None:
            known = self._written
            labels = dict.fromkeys(document.labels or ())
            columns = [known.setdefault(label, len(known)) for label in labels]
        self.columns.extend(int(column) for column in columns)
        self.ends.append(len(self.columns))
        self.texts.append(hash_text(document.full_text))

    def add_place(self, file: Origin, number: int, span: int) -> None:
        """Note where a document of a file stands, and how many lines it spans."""
        if not self.files or self.files[-1] is not file:
            self.files.append(file)
            self.numbers.append(array("q"))
            self.spans.append(array("i"))
        self.numbers[-1].append(number)
        self.spans[-1].append(span)

    def places(self) -> Iterator[Places]:
        for file, numbers, spans in zip(self.files, self.numbers, self.spans, strict=True):
            yield Places(file, np.array(numbers, np.int64), np.array(spans, np.int64))

    def targets(self) -> csr_array:
        """Return the (N, C) label sets."""
        label_count = len(self._written) if self.taxonomy is None else len(self.taxonomy)
        values = np.ones(len(self.columns), dtype=np.bool_)
        columns = np.array(self.columns, dtype=np.int32)
        shape = (self.count, label_count)
        return csr_array((values, columns, np.array(self.ends, dtype=np.int64)), shape=shape)

    def units(self) -> NDArray[np.int64]:
        """Return (N,) numbers that are the same where documents must stay together."""
        links = [_same(self.texts), _same(self.groups)] if self.groups else [_same(self.texts)]
        rows = np.concatenate([link[0] for link in links])
        firsts = np.concatenate([link[1] for link in links])
        graph = csr_array((np.ones(len(rows), np.int8), (rows, firsts)), (self.count, self.count))
        _, found = connected_components(graph, directed=False)
        return np.asarray(found, dtype=np.int64)

    def notes(self, settings: SplitSettings) -> Iterator[str]:
        repeats = len(_same(self.texts)[0])
        if repeats:
            stay = "repeats an earlier text and stays" if repeats == 1 else "repeat earlier texts"
            stay += " with it." if repeats == 1 else " and stay with them."
            yield f"{_count(repeats, 'document')} {stay}"
        if settings.group_by:
            hashes = np.array(self.groups, dtype=np.uint64)
            distinct = np.unique(hashes[hashes != NOTHING])
            yield f"{_count(len(distinct), 'group')} by {settings.group_by!r}."
            alone = int((hashes == NOTHING).sum())
            if alone:
                has = "has no value in it and is a group" if alone == 1 else "have no value in it"
                has += " of its own." if alone == 1 else " and are each a group of their own."
                yield f"{_count(alone, 'document')} {has}"


def _same(hashes: array[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the documents whose hash an earlier one has, and the first that has it."""
    values = np.array(hashes, dtype=np.uint64)
    _, firsts, places = np.unique(values, return_index=True, return_inverse=True)
    first = firsts[places]
    repeats = np.flatnonzero((first != np.arange(len(values))) & (values != NOTHING))
    return repeats, first[repeats]


def gather(
    given: Documents,
    settings: SplitSettings,
    taxonomy: Taxonomy | None,
    config: DataConfig,
    log: ReadingLog | None,
    stopped: Callable[[], bool],
) -> Gathered:
    gathered = Gathered(taxonomy)
    if isinstance(given, DocumentsPart | CorrectedDocuments) or split_given(given)[0]:
        _refuse_fields(settings)
        for document, columns in _labelled(given, taxonomy, config, log):
            if stopped():
                raise InterruptedError
            gathered.add(document, columns)
        return gathered
    reader = _RowReader(gathered, settings, config, log)
    for _ in settle(reader.read(split_given(given)[1]), config.on_error, reader.builder.log):
        if stopped():
            raise InterruptedError
    reader.check_groups()
    return gathered


def _labelled(
    given: Documents, taxonomy: Taxonomy | None, config: DataConfig, log: ReadingLog | None
) -> Iterator[tuple[Document, NDArray[np.int32] | None]]:
    """Yield documents of memory, or a part, with the columns of their labels."""
    if taxonomy is not None:
        yield from labelled_documents(given, taxonomy, config, log=log)
        return
    if isinstance(given, DocumentsPart | CorrectedDocuments):
        raise ConfigError(Problem("", "to divide a part of documents a taxonomy is needed."))
    documents = split_given(given)[0]
    problems = [
        Problem(document.source, f"document {shown(document.id)} has no labels.")
        for document in documents
        if document.labels is None
    ]
    if problems:
        raise DocumentError(problems)
    yield from ((document, None) for document in documents)


def _refuse_fields(settings: SplitSettings) -> None:
    for option, name in (("group_by", settings.group_by), ("by_date", settings.by_date)):
        if name:
            what = f"got {shown(name)}, but documents in memory have no such fields; give files."
            raise ConfigError(Problem(option, what))


class _RowReader:
    """Reads the rows of files, and notes what is wanted of each."""

    def __init__(
        self,
        gathered: Gathered,
        settings: SplitSettings,
        config: DataConfig,
        log: ReadingLog | None,
    ) -> None:
        self._gathered, self._settings = gathered, settings
        taxonomy = gathered.taxonomy
        self._checker = None if taxonomy is None else LabelChecker(taxonomy, config.labels_by)
        self._fixes = find_fixes(config, self._checker)
        wanted = tuple(name for name in (settings.group_by, settings.by_date) if name)
        self.builder = DocumentBuilder(config, labelled=True, log=log, more_columns=wanted)
        self._names: list[str] = []

    def read(self, paths: Sequence[Path | MemoryTable]) -> Iterator[Document | Rejected]:
        """Note all documents; yield them, and what cannot be used."""
        for item in stream_rows(paths, self.builder):
            yield item if isinstance(item, Rejected) else self._note(item)
        late = self.builder.layout.take_late_problems()
        if late:
            yield Rejected(tuple(late), whole_file=True)

    def check_groups(self) -> None:
        """Raises:
        ConfigError: no document has a group.
        """
        name, hashes = self._settings.group_by, self._gathered.groups
        if hashes and not any(hashes):
            what = f"no document has a value in {name!r}; the first has {list_names(self._names)}."
            raise ConfigError(Problem("group_by", what, suggest(name, self._names)))

    def _note(self, placed: PlacedRow) -> Document | Rejected:
        file, number, row = placed
        document = self.builder.build(file, row)
        columns = None
        if isinstance(document, Document) and self._checker is not None:
            config, log = self.builder.config, self.builder.log
            resolved = resolve_labels(document, self._checker, config, log, self._fixes)
            document, columns = (resolved, None) if isinstance(resolved, Rejected) else resolved
        elif isinstance(document, Document) and self._fixes is not None:
            document = self._fixes.apply(document, self.builder.log)
        if isinstance(document, Rejected):
            return document
        problem = self._note_date(file, row) if self._settings.by_date else None
        if problem is not None:
            return Rejected((problem,))
        if self._settings.group_by:
            self._names = self._names or first_names(row.content)
            name = _field_of(file, row, self._settings.group_by)
            self._gathered.groups.append(hash_value(row.content.get(name)))
        self._gathered.add(document, columns)
        counted = isinstance(file, DocumentFile) and file.format in ("json", "spreadsheet")
        self._gathered.add_place(file, number if counted else row.line, row.lines)
        return document

    def _note_date(self, file: Origin, row: Row) -> Problem | None:
        name, where = _field_of(file, row, self._settings.by_date), file.at(row.line)
        if name not in row.content:
            return Problem(
                where, f"has no field {name!r}.", suggest(name, first_names(row.content))
            )
        return self._gathered.moments.add(name, row.content[name], where)


def _field_of(file: Origin, row: Row, name: str) -> str:
    """Return the field of a row that is meant: columns that are texts or labels as well have the
    names of the settings, which may differ in case and blanks from that of the table.
    """
    if name in row.content or not file.is_table:
        return name
    return find_column(name, row.content) or name


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
