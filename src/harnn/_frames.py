"""Tables in memory: data frames and columns of pandas, Polars and Arrow, read in batches.

No library is imported to find out what a value is: where there is a frame its library is there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from harnn._cells import plain_value
from harnn.errors import InputError, Problem

BATCH = 256
"""Rows that are Python values at a time."""

_TABLES = {"DataFrame", "LazyFrame", "Table", "RecordBatch"}
_COLUMNS = {"Series", "ChunkedArray", "Array"}
_LIBRARIES = {"pandas", "polars", "pyarrow", "modin", "cudf", "narwhals"}


def is_frame(value: object) -> bool:
    """Tell whether *value* is a table: a data frame, an Arrow table or a record batch."""
    return _is_one_of(value, _TABLES)


def is_column(value: object) -> bool:
    """Tell whether *value* is one column: a series, or an array of Arrow."""
    return _is_one_of(value, _COLUMNS)


def count_rows(frame: object) -> int:
    """Return the number of rows.

    Raises:
        InputError: see :func:`column_names`.
    """
    return len(_open(frame))


def column_names(frame: object) -> list[str]:
    """Return the names of the columns as strings, in their order.

    Raises:
        InputError: two columns have one name, or the frame is lazy.
    """
    names = [str(name) for name in _open(frame).columns]
    repeated = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if repeated:
        raise InputError(Problem("the table", f"has two columns {repeated[0]!r}."))
    return names


def read_rows(
    frame: object, columns: Sequence[str] | None = None, *, batch: int = BATCH
) -> Iterator[dict[str, Any]]:
    """Yield rows as plain values by name (:func:`harnn._cells.plain_value`).

    columns: those wanted, None: all. batch: rows that are Python values at a time.

    Raises:
        InputError: see :func:`column_names`; a row cannot be read, or there is no such column.
    """
    names = column_names(frame)
    wanted = names if columns is None else list(columns)
    for name in wanted:
        if name not in names:
            raise InputError(Problem("the table", f"has no column {name!r}."))
    places = [names.index(name) for name in wanted]
    table = _open(frame)
    for start in range(0, len(table), batch):
        try:
            rows = table[start : start + batch, places].rows() if places else []
            yield from [
                {name: plain_value(value) for name, value in zip(wanted, row, strict=True)}
                for row in rows
            ]
        except (ValueError, OverflowError, RecursionError) as error:  # of Arrow among others
            last = min(start + batch, len(table))
            raise InputError(
                Problem("the table", f"cannot be read in rows {start + 1:,} to {last:,}: {error}.")
            ) from None


def read_column(values: object, *, batch: int = BATCH) -> Iterator[Any]:
    """Yield the values of one column as plain values."""
    arrow: Any = sys.modules.get("pyarrow")
    if arrow is not None and isinstance(values, arrow.Array):
        values = arrow.chunked_array([values])
    column = _narwhals().from_native(values, series_only=True)
    for start in range(0, len(column), batch):
        yield from map(plain_value, column[start : start + batch].to_list())


def frame_column(frame: object, name: str) -> list[Any]:
    """Return one column of a frame as a list of plain values.

    Raises:
        InputError: see :func:`read_rows`.
    """
    return [row[name] for row in read_rows(frame, [name])]


def _is_one_of(value: object, names: set[str]) -> bool:
    return any(
        kind.__name__ in names and kind.__module__.partition(".")[0] in _LIBRARIES
        for kind in type(value).__mro__
    )


def _open(frame: object) -> Any:
    """Return the frame behind the one interface that narwhals gives to all.

    Raises:
        InputError: it is lazy, or two columns have one name.
    """
    if any(kind.__name__ == "LazyFrame" for kind in type(frame).__mro__):
        hint = "Collect it first: frame.collect()."
        raise InputError(Problem("the table", "is a lazy frame, which holds no rows yet.", hint))
    arrow: Any = sys.modules.get("pyarrow")
    if arrow is not None and isinstance(frame, arrow.RecordBatch):
        frame = arrow.Table.from_batches([frame])
    try:
        return _narwhals().from_native(frame, eager_only=True)
    except ValueError as error:  # DuplicateError is one
        what = " ".join(str(error).split())
        raise InputError(Problem("the table", f"cannot be read: {what}.")) from None


def _narwhals() -> Any:
    import narwhals  # takes a moment

    return narwhals
