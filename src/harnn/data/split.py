"""Divide documents into training, validation and test: by labels, by groups or by date.

The documents stream by once; of each there are kept the numbers of its labels, its place, and of
its text, its group and its date 8 bytes each. Documents with the same text stay together, whatever
divides them.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from harnn._tables import shown
from harnn.config import DataConfig, TrainingConfig
from harnn.counting import as_binary
from harnn.data.columns import list_names
from harnn.data.documents import Document
from harnn.data.fields import DocumentBuilder
from harnn.data.files import DocumentFile
from harnn.data.fingerprints import NOTHING, hash_text, hash_value
from harnn.data.inputs import Documents, DocumentsPart, labelled_documents, split_given
from harnn.data.label_checker import LabelChecker
from harnn.data.log import ReadingLog, Rejected, settle
from harnn.data.moments import Moments, cut_by_date
from harnn.data.reading import find_fixes, resolve_labels, stream_rows
from harnn.data.rows import PlacedRow, Row
from harnn.data.stratify import example_deviation, label_deviation, stratify
from harnn.errors import ConfigError, DocumentError, Problem, suggest
from harnn.taxonomy import Taxonomy

_MOST_NAMES = 1_000
"""Names of fields that are searched for what may be meant."""
PARTS = ("train", "valid", "test")
"""The names of the parts, in the order of their dates."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSettings:
    """How documents are divided."""

    test: float = 0.1
    """Share of the documents, 0 to below 1; 0: there is no such part."""
    valid: float = 0.1
    """Likewise."""
    seed: int = TrainingConfig.seed
    """Of what is drawn between equals."""
    group_by: str = ""
    """A field of the rows: documents with the same value in it stay together."""
    by_date: str = ""
    """A field of the rows: the oldest documents are for training, the newest for the test."""

    def check(self) -> list[Problem]:
        problems = [
            Problem(name, f"got {shown(share)}, expected 0 or more, and less than 1.")
            for name, share in (("test", self.test), ("valid", self.valid))
            if not 0 <= share < 1  # NaN compares false
        ]
        if not problems and not 0 < self.test + self.valid < 1:
            what = f"got {self.test:g} and {self.valid:g}, expected more than 0 and less than 1"
            problems.append(Problem("test and valid", f"{what} together."))
        if not 0 <= self.seed < 2**32:
            what = f"got {shown(self.seed)}, expected 0 to {2**32 - 1:,}."
            problems.append(Problem("seed", what))
        if self.group_by and self.by_date:
            what = "a group may have documents of all dates; leave one of the two out."
            problems.append(Problem("group_by and by_date", what))
        return problems

    @property
    def shares(self) -> dict[str, float]:
        """The share of each part that there is, in the order of :data:`PARTS`."""
        wanted = (1 - self.valid - self.test, self.valid, self.test)
        return {name: share for name, share in zip(PARTS, wanted, strict=True) if share > 0}


_SETTINGS = tuple(SplitSettings.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSummary:
    """What one part holds."""

    name: str
    documents: int
    labels: int
    """Labels of at least one document, closed upward where there is a taxonomy."""
    missing: int
    """Labels of the other documents alone."""
    deviation: float
    """How many documents of its labels are too many or too few, for a part of its size, of those
    that would be just right; 0 is best."""
    dates: tuple[str, str] | None
    """The first and the last, where dates divide the documents."""


class Places(NamedTuple):
    """Where the documents of one file stand."""

    file: DocumentFile
    numbers: NDArray[np.int64]
    """Ascending: lines, or in a JSON array elements from 0."""
    spans: NDArray[np.int64]
    """How many lines each spans."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DataSplit:
    """The part that each of N documents belongs to."""

    given: Documents
    settings: SplitSettings
    parts: NDArray[np.int64]
    """(N,) 0 to the number of parts - 1, in the order in which the documents are read."""
    places: tuple[Places, ...]
    """By file; none where the documents were given in memory."""
    summaries: tuple[PartSummary, ...]
    label_deviation: float
    """See :func:`harnn.data.stratify.label_deviation`."""
    example_deviation: float
    """See :func:`harnn.data.stratify.example_deviation`."""
    notes: tuple[str, ...]
    """What is worth knowing, in sentences."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(summary.name for summary in self.summaries)

    def part(self, name: str) -> DocumentsPart:
        """Return the documents of one part, to be given wherever documents are.

        Raises:
            ValueError: there is no such part.
        """
        return DocumentsPart(self.given, self.parts == self.names.index(name))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "documents": len(self.parts),
            "settings": {name: getattr(self.settings, name) for name in _SETTINGS},
            "parts": [
                {name: getattr(each, name) for name in PartSummary.__dataclass_fields__}
                for each in self.summaries
            ],
            "label_deviation": self.label_deviation,
            "example_deviation": self.example_deviation,
            "notes": list(self.notes),
        }


def split_documents(
    given: Documents,
    settings: SplitSettings = SplitSettings(),
    *,
    taxonomy: Taxonomy | None = None,
    config: DataConfig = DataConfig(),
    log: ReadingLog | None = None,
    stopped: Callable[[], bool] = bool,
) -> DataSplit:
    """Divide documents, from files or memory, so that every label has its share in each part.

    With a taxonomy labels are checked, and closed upward before they are counted; without one they
    are counted as written. See :func:`harnn.data.stratify.stratify`; with ``by_date`` dates alone
    decide. Documents that cannot be used are in no part.

    Raises:
        ConfigError: settings are out of range, or no document has such a field.
        DocumentError: documents cannot be read, have unknown labels, or are too few.
        InterruptedError: *stopped*, asked before each document, said so.
    """
    problems = settings.check()
    if problems:
        raise ConfigError(problems)
    gathered = _gather(given, settings, taxonomy, config, log, stopped)
    shares = settings.shares
    gathered.check_count(len(shares), "parts")
    targets, units, values = gathered.targets(), gathered.units(), list(shares.values())
    if settings.by_date:
        parts = cut_by_date(gathered.moments, units, values, settings.by_date)
    else:
        parts = stratify(targets, values, seed=settings.seed, units=units, train_first=True)
    _check_filled(parts, list(shares), units)
    return DataSplit(
        given=given,
        settings=settings,
        parts=parts,
        places=tuple(gathered.places()),
        summaries=tuple(_summarise(list(shares), parts, targets, gathered.moments)),
        label_deviation=label_deviation(targets, parts, len(shares)),
        example_deviation=example_deviation(parts, values),
        notes=tuple(gathered.notes(settings)),
    )


def hold_out(
    given: Documents,
    share: float,
    *,
    taxonomy: Taxonomy,
    config: DataConfig,
    seed: int,
    stopped: Callable[[], bool] = bool,
) -> tuple[DocumentsPart, DocumentsPart]:
    """Divide training documents into those to train on and a share of them to validate on.

    Raises:
        ConfigError: *share* is not between 0 and 1.
        DocumentError: see :func:`split_documents`.
    """
    settings = SplitSettings(test=0.0, valid=share, seed=seed)
    found = split_documents(given, settings, taxonomy=taxonomy, config=config, stopped=stopped)
    return found.part("train"), found.part("valid")


def divide_into_folds(
    given: Documents,
    folds: int,
    *,
    taxonomy: Taxonomy,
    config: DataConfig,
    seed: int,
    stopped: Callable[[], bool] = bool,
) -> NDArray[np.int64]:
    """Return for each document the fold, 0 to *folds* - 1, in which it is not trained on, (N,).

    Raises:
        ConfigError: *folds* is below 2.
        DocumentError: documents cannot be read, have unknown labels, or are fewer than folds.
    """
    if folds < 2:
        raise ConfigError(Problem("folds", f"got {folds}, expected 2 or more."))
    gathered = _gather(given, SplitSettings(), taxonomy, config, None, stopped)
    gathered.check_count(folds, "folds")
    units, shares = gathered.units(), [1 / folds] * folds
    parts = stratify(gathered.targets(), shares, seed=seed, units=units)
    _check_filled(parts, [f"fold {number + 1}" for number in range(folds)], units)
    return parts


def _check_filled(parts: NDArray[np.int64], names: Sequence[str], units: NDArray[np.int64]) -> None:
    """Raises:
    DocumentError: a part has no document.
    """
    sizes = np.bincount(parts, minlength=len(names))
    if sizes.all():
        return
    empty = names[int(np.argmin(sizes))]
    together = len(np.unique(units))
    stay = "group that stays" if together == 1 else "groups that stay"
    what = f"no document is left for {empty}: there are {len(parts):,} documents in "
    what += f"{together:,} {stay} together."
    raise DocumentError(Problem("", what, "Give it a larger share, or divide otherwise."))


@dataclass(slots=True)
class _Gathered:
    """What is kept of documents while they stream by."""

    taxonomy: Taxonomy | None
    columns: array[int] = field(default_factory=lambda: array("i"))
    ends: array[int] = field(default_factory=lambda: array("q", [0]))
    texts: array[int] = field(default_factory=lambda: array("Q"))
    groups: array[int] = field(default_factory=lambda: array("Q"))
    moments: Moments = field(default_factory=Moments)
    files: list[DocumentFile] = field(default_factory=list)
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

    def add_place(self, file: DocumentFile, number: int, span: int) -> None:
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


def _gather(
    given: Documents,
    settings: SplitSettings,
    taxonomy: Taxonomy | None,
    config: DataConfig,
    log: ReadingLog | None,
    stopped: Callable[[], bool],
) -> _Gathered:
    gathered = _Gathered(taxonomy)
    if isinstance(given, DocumentsPart) or split_given(given)[0]:
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
    if isinstance(given, DocumentsPart):
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
        gathered: _Gathered,
        settings: SplitSettings,
        config: DataConfig,
        log: ReadingLog | None,
    ) -> None:
        self._gathered, self._settings = gathered, settings
        taxonomy = gathered.taxonomy
        self._checker = LabelChecker(taxonomy) if taxonomy is not None else None
        self._fixes = find_fixes(config, taxonomy)
        wanted = tuple(name for name in (settings.group_by, settings.by_date) if name)
        self.builder = DocumentBuilder(config, labelled=True, log=log, more_columns=wanted)
        self._names: tuple[str, ...] = ()

    def read(self, paths: Sequence[Path]) -> Iterator[Document | Rejected]:
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
            self._names = self._names or _names(row)
            self._gathered.groups.append(hash_value(row.content.get(self._settings.group_by)))
        self._gathered.add(document, columns)
        place = number if file.format == "json" else row.line
        self._gathered.add_place(file, place, row.lines)
        return document

    def _note_date(self, file: DocumentFile, row: Row) -> Problem | None:
        name, where = self._settings.by_date, file.at(row.line)
        if name not in row.content:
            return Problem(where, f"has no field {name!r}.", suggest(name, _names(row)))
        return self._gathered.moments.add(name, row.content[name], where)


def _names(row: Row) -> tuple[str, ...]:
    return tuple(islice(row.content, _MOST_NAMES))


def _summarise(
    names: Sequence[str], parts: NDArray[np.int64], targets: Any, moments: Moments
) -> Iterator[PartSummary]:
    sets = as_binary(targets).astype(np.int64)
    every: NDArray[np.int64] = np.asarray(sets.sum(axis=0)).ravel()
    used = int((every > 0).sum())
    dates = moments.values() if len(moments) else None
    for number, name in enumerate(names):
        rows = parts == number
        here = np.asarray(sets[rows].sum(axis=0)).ravel()
        expected = every * (rows.sum() / len(parts))
        shown_dates = None
        if dates is not None and rows.any():
            shown_dates = (moments.show(dates[rows].min()), moments.show(dates[rows].max()))
        yield PartSummary(
            name=name,
            documents=int(rows.sum()),
            labels=int((here > 0).sum()),
            missing=used - int((here > 0).sum()),
            deviation=float(np.abs(here - expected).sum() / max(expected.sum(), 1e-12)),
            dates=shown_dates,
        )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
