"""Tables in memory, of three libraries, through one door."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from harnn._cells import cell_text, plain_value
from harnn._frames import (
    column_names,
    count_rows,
    frame_column,
    is_column,
    is_frame,
    read_column,
    read_rows,
)
from harnn.errors import InputError

MAKERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "arrow": pa.table,
    "batch": lambda columns: pa.RecordBatch.from_pydict(columns),
}


@pytest.fixture(params=MAKERS)
def make(request: pytest.FixtureRequest) -> Callable[[dict[str, Any]], Any]:
    return MAKERS[request.param]


def test_rows_are_plain_values(make: Callable[[dict[str, Any]], Any]) -> None:
    frame = make({"a": ["x", None], "n": [1, 2], "l": [["p", "q"], []], "b": [True, False]})
    assert is_frame(frame)
    assert column_names(frame) == ["a", "n", "l", "b"]
    assert count_rows(frame) == 2
    assert list(read_rows(frame)) == [
        {"a": "x", "n": 1, "l": ["p", "q"], "b": True},
        {"a": None, "n": 2, "l": [], "b": False},
    ]
    assert frame_column(frame, "n") == [1, 2]


def test_rows_come_in_batches_and_only_of_the_columns_wanted(
    make: Callable[[dict[str, Any]], Any],
) -> None:
    frame = make({"a": [str(n) for n in range(7)], "b": list(range(7))})
    rows = list(read_rows(frame, ["b"], batch=3))
    assert rows == [{"b": n} for n in range(7)]


def test_an_empty_frame_has_no_rows(make: Callable[[dict[str, Any]], Any]) -> None:
    assert list(read_rows(make({"a": []}))) == []


@pytest.mark.parametrize(
    "column", [pd.Series(["x", None]), pl.Series(["x", None]), pa.chunked_array([["x", None]])]
)
def test_columns(column: object) -> None:
    assert is_column(column)
    assert not is_frame(column)
    assert list(read_column(column)) == ["x", None]
    assert list(read_column(column, batch=1)) == ["x", None]


def test_an_array_of_arrow_is_a_column() -> None:
    column = pa.array(["x", "y"]).dictionary_encode()
    assert is_column(column)
    assert list(read_column(column)) == ["x", "y"]


def test_what_pandas_holds_becomes_plain() -> None:
    frame = pd.DataFrame(
        {
            "category": pd.Categorical(["u", None]),
            "whole": pd.array([1, None], dtype="Int64"),
            "float": [1.0, np.nan],
            "array": [np.array(["p"], dtype=object), [np.int64(3)]],
            "day": [pd.Timestamp(2020, 1, 2), pd.NaT],
            "arrow": pd.array([["q"], None], dtype=pd.ArrowDtype(pa.list_(pa.string()))),
        }
    )
    first, second = read_rows(frame)
    assert first["category"] == "u"
    assert type(first["whole"]) is int
    assert first["float"] == 1.0
    assert first["array"] == ["p"]
    assert first["arrow"] == ["q"]
    assert second["array"] == [3]
    assert type(second["array"][0]) is int
    none = {name for name, value in second.items() if value is None}
    assert none == {"category", "whole", "float", "day", "arrow"}


def test_dictionaries_and_structures_of_arrow() -> None:
    table = pa.table(
        {"d": pa.array(["x", "x"]).dictionary_encode(), "s": [{"t": "a", "l": [1]}, None]}
    )
    assert list(read_rows(table)) == [{"d": "x", "s": {"t": "a", "l": [1]}}, {"d": "x", "s": None}]


def test_names_that_are_no_strings() -> None:
    frame = pd.DataFrame([["a", 1]], columns=[0, ("x", "y")])
    assert column_names(frame) == ["0", "('x', 'y')"]
    assert list(read_rows(frame, ["0"])) == [{"0": "a"}]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            pl.DataFrame({"a": [1]}).lazy(),
            "the table: is a lazy frame, which holds no rows yet. "
            "Collect it first: frame.collect().",
        ),
        (pd.DataFrame([[1, 2]], columns=[0, "0"]), "the table: has two columns '0'."),
        (
            pa.table({"day": pa.array([10**12], pa.date64())}).cast(
                pa.schema([("day", pa.timestamp("s"))])
            ),
            None,
        ),
        (
            pa.table({"t": pa.array([b"\xff"]).view(pa.string())}),
            "the table: cannot be read in rows 1 to 1: 'utf-8' codec can't decode byte 0xff in "
            "position 0: invalid start byte.",
        ),
    ],
)
def test_what_cannot_be_read_is_said(frame: object, message: str | None) -> None:
    assert is_frame(frame)
    if message is None:
        assert len(list(read_rows(frame))) == 1
        return
    with pytest.raises(InputError) as caught:
        list(read_rows(frame))
    assert str(caught.value) == message


def test_two_columns_of_one_name() -> None:
    with pytest.raises(InputError, match="unique column names"):
        column_names(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_no_such_column(make: Callable[[dict[str, Any]], Any]) -> None:
    with pytest.raises(InputError, match="the table: has no column 'b'"):
        list(read_rows(make({"a": [1]}), ["b"]))


@pytest.mark.parametrize("value", ["text", ["a"], {"a": ["b"]}, None, 1, np.array(["a"])])
def test_what_is_no_frame(value: object) -> None:
    assert not is_frame(value)
    assert not is_column(value)


def test_telling_a_frame_imports_no_library() -> None:
    code = (
        "import sys; from harnn._frames import is_frame; is_frame([1]); "
        "print(sorted({'pandas', 'polars', 'pyarrow', 'narwhals'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_is_nested_without_end() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nested too deeply"):
        plain_value(endless)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (12.0, "12"),
        (-0.5, "-0.5"),
        (1e300, "1e+300"),
        (True, "TRUE"),
        (7, "7"),
        (pd.Timestamp(2024, 1, 2), "2024-01-02"),
        (pd.Timestamp(2024, 1, 2, 3, 4), "2024-01-02 03:04:00"),
    ],
)
def test_cells_as_text(value: object, text: str) -> None:
    assert cell_text(value) == text
