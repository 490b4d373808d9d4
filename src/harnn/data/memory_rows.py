"""Rows out of tables in memory: data frames, Arrow tables, and data sets of Hugging Face.

The library ``datasets`` is not imported: where there is a data set of its, it is there already, and
what ``save_to_disk`` wrote is Arrow with a page of JSON beside it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeGuard, runtime_checkable

from harnn._cells import plain_value
from harnn._display import encodable, reason_of
from harnn._frames import BATCH, column_names, is_column, is_frame, read_rows
from harnn._optional import require
from harnn.data.columns import Wanted, read_columns, settle_columns
from harnn.data.files import DATASET_INFO, DATASET_STATE, DocumentFile, UnreadableFileError
from harnn.data.log import Rejected
from harnn.data.rows import Row
from harnn.errors import DocumentError, InputError, Problem

_DATASETS = {"Dataset", "IterableDataset"}
_SPLITS = {"DatasetDict", "IterableDatasetDict"}
_MOST_INFO = 64 << 20
"""Bytes of the JSON that describes a data set."""


@runtime_checkable
class Table(Protocol):
    """A table in memory: a data frame of pandas or Polars, an Arrow table, a data set."""

    @property
    def shape(self) -> Any:
        """Rows and columns."""


@dataclass(frozen=True)
class MemoryTable:
    """A table in memory, under the name that messages have for it."""

    table: Any
    name: str = "the table"
    short_name: str = "table"
    is_table: bool = True

    def at(self, line: int) -> str:
        """Return the place of a row for messages."""
        return f"{'row' if self.is_table else 'item'} {line:,} of {self.name}"


@dataclass(frozen=True)
class _Opened:
    """Columns, and rows by columns."""

    names: list[str]
    rows: Callable[[Sequence[str]], Iterator[dict[str, Any]]]
    classes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Columns of numbers that stand for names."""


def are_records(values: Sequence[object]) -> bool:
    """Tell whether *values* are dictionaries, each with the fields of one document."""
    return bool(values) and all(isinstance(v, Mapping) and not is_table(v) for v in values)


def gather_records(values: Sequence[object]) -> MemoryTable:
    """Return dictionaries under one name: objects such as those of JSON, and no table."""
    return MemoryTable(values, "the list", "item", is_table=False)


def is_table(value: object) -> TypeGuard[Table]:
    """Tell whether *value* is a table in memory."""
    return is_frame(value) or _is_dataset(value, _DATASETS | _SPLITS)


def refuse_column(given: object) -> None:
    """Raises:
    TypeError: *given* is one column, whose texts would be taken for the names of files.
    """
    if is_column(given):
        what = "Expected paths or tables, got one column; give the frame, or a list of documents."
        raise TypeError(what)


def read_memory(table: MemoryTable, wanted: Wanted) -> Iterator[Row | Rejected]:
    """Read a table in memory, in batches; rows are counted from 1.

    Raises:
        UnreadableFileError: it cannot be read on.
    """
    if not table.is_table:
        for line, record in enumerate(table.table, start=1):
            try:
                yield Row(line, plain_value(record))
            except ValueError as error:
                yield Rejected((Problem(table.at(line), f"cannot be read: {error}."),))
        return
    try:
        opened = _open(table.table)
        yield from _read(opened, table.name, wanted)
    except InputError as error:
        [problem] = error.problems[:1]
        raise UnreadableFileError(problem.what, problem.hint) from None


def read_dataset(file: DocumentFile, wanted: Wanted) -> Iterator[Row | Rejected]:
    """Read a directory that ``save_to_disk`` of a data set wrote, batch by batch.

    Raises:
        MissingExtraError: without the extra ``parquet``.
        UnreadableFileError: it is damaged.
    """
    arrow = require("pyarrow", extra="parquet", purpose=f"Reading {file.name}")
    try:
        state = _read_json(file.path / DATASET_STATE)
        info = _read_json(file.path / DATASET_INFO)
        places = [file.path / Path(each["filename"]).name for each in state["_data_files"]]
        features = dict(info["features"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        what = f"is damaged ({type(error).__name__}: {encodable(str(error))})."
        raise UnreadableFileError(what) from None
    if state.get("_indices_files"):
        hint = "Save it again after dataset.flatten_indices()."
        raise UnreadableFileError("holds a selection of the rows of another data set.", hint)

    def rows(names: Sequence[str]) -> Iterator[dict[str, Any]]:
        for place in places:
            for batch in _read_batches(place, names, arrow):
                yield from read_rows(batch, names)

    try:
        for place in places:
            if not place.is_file():
                raise FileNotFoundError(f"no file {place.name}")
        names = _read_names(places[0], arrow) if places else []
        opened = _Opened(names, rows, _find_classes(features))
        yield from _read(opened, file.name, wanted)
    except (arrow.ArrowException, OSError, ValueError, MemoryError) as error:
        raise UnreadableFileError(f"is damaged ({reason_of(error)}).") from None
    except InputError as error:
        raise UnreadableFileError(error.problems[0].what, error.problems[0].hint) from None


def _read_batches(path: Path, names: Sequence[str], arrow: Any) -> Iterator[Any]:
    """Yield columns of a file of Arrow, some 1,000 rows at a time as ``datasets`` writes it.

    It is not mapped into memory: who changes a file that is mapped ends the process that reads it.
    """
    with path.open("rb") as file:
        for batch in arrow.ipc.open_stream(file):
            read = batch.select(list(names))
            read.validate(full=True)  # damaged ones lead anywhere
            yield read


def _read_names(path: Path, arrow: Any) -> list[str]:
    with path.open("rb") as file:
        return list(arrow.ipc.open_stream(file).schema.names)


def _read_json(path: Path) -> Any:
    with path.open("rb") as stream:
        content = stream.read(_MOST_INFO + 1)
    if len(content) > _MOST_INFO:
        raise ValueError(f"{path.name} is too large")
    return json.loads(content)


def _open(table: Any) -> _Opened:
    """Raises:
    InputError: it holds several splits, or see :mod:`harnn._frames`.
    """
    if _is_dataset(table, _SPLITS):
        names = list(table)
        if len(names) != 1:
            what = f"holds {len(names):,} splits: {', '.join(map(repr, names[:12]))}."
            hint = f"Give one of them: dataset[{names[0]!r}]." if names else ""
            raise DocumentError(Problem("", what, hint))
        table = table[names[0]]
    if not _is_dataset(table, _DATASETS):
        return _Opened(column_names(table), lambda names: read_rows(table, names))
    features = table.features.to_dict() if table.features is not None else {}
    batches = table.with_format("arrow")

    def rows(names: Sequence[str]) -> Iterator[dict[str, Any]]:
        for batch in batches.iter(batch_size=BATCH):
            yield from read_rows(batch, names)

    names = list(table.column_names or next(iter(table.take(1)), {}))
    return _Opened(names, rows, _find_classes(features))


def _read(opened: _Opened, where: str, wanted: Wanted) -> Iterator[Row | Rejected]:
    inside = _names_inside_text(opened)
    names, problems = settle_columns(opened.names, where, wanted, inside=inside)
    if problems:
        yield Rejected(tuple(problems), whole_file=True)
        return
    named = dict(zip(opened.names, names, strict=True))
    for line, content in enumerate(opened.rows(_needed(opened, named, wanted)), start=1):
        yield Row(
            line,
            {
                named[name]: _name_classes(value, opened.classes.get(name))
                for name, value in content.items()
            },
        )


def _names_inside_text(opened: _Opened) -> list[str]:
    """Return the fields of ``text`` where it is an object."""
    first = next(opened.rows(["text"]), {}) if "text" in opened.names else {}
    whole = first.get("text")
    return list(whole) if isinstance(whole, dict) else []


def _needed(opened: _Opened, named: Mapping[str, str], wanted: Wanted) -> list[str]:
    """Return the columns that are read, with the levels of index records."""
    read = read_columns(wanted)
    needed = [name for name, meant in named.items() if meant in read]
    labels = [name for name in needed if named[name] == wanted.config.labels_field]
    first = next(opened.rows(labels), {}) if labels and wanted.labelled is not False else {}
    if not any(map(_are_numbers, first.values())):
        return needed
    first = next(opened.rows(opened.names), {})
    return [name for name in opened.names if name in needed or _are_numbers(first.get(name))]


def _are_numbers(value: object) -> bool:
    return isinstance(value, list) and all(type(number) is int for number in value)


def _find_classes(features: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """Return the names that numbers stand for, by columns that hold such numbers or lists of them.

    features: as ``datasets.Features.to_dict`` and ``dataset_info.json`` have them.
    """
    found: dict[str, Sequence[str]] = {}
    for name, feature in features.items():
        inner = feature[0] if isinstance(feature, list) and feature else feature
        inner = inner.get("feature", inner) if isinstance(inner, Mapping) else {}
        if isinstance(inner, Mapping) and inner.get("_type") == "ClassLabel":
            names = inner.get("names")
            if isinstance(names, list) and all(isinstance(each, str) for each in names):
                found[name] = names
    return found


def _name_classes(value: Any, names: Sequence[str] | None) -> Any:
    """Return the name of a class; none where it is -1, the number as it is where it has none."""
    if names is None:
        return value
    if isinstance(value, list):
        named = [_name_classes(each, names) for each in value]
        return [each for each in named if each is not None]
    if type(value) is not int:
        return value
    if value == -1:
        return None
    return names[value] if 0 <= value < len(names) else value


def _is_dataset(value: object, names: set[str]) -> bool:
    return any(
        kind.__name__ in names and kind.__module__.partition(".")[0] == "datasets"
        for kind in type(value).__mro__
    )
