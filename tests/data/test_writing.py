"""Rows and documents written and read back."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import gzip
import math
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.config import DataConfig
from harnn.data import Document, read_documents
from harnn.data.label_cells import read_label_cell
from harnn.data.writing import check_rows_place, label_cell, open_rows, write_rows
from harnn.errors import ConfigError, DocumentError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
ALL = (".jsonl", ".ndjson", ".jsonl.gz", ".jsonl.zst", ".csv", ".csv.gz", ".tsv.zst", ".parquet")
DOCUMENTS = [
    Document("a", {"title": "First", "abstract": "A, \"b\"; 'c'"}, ("x", "y;z"), ""),
    Document("b", {"title": "第二", "abstract": "[no list]"}, ("[x]",), ""),
    Document("c", {"title": "Third", "abstract": "."}, ("x", "y"), ""),
    Document("d", {"title": "=1+1", "abstract": "."}, (), ""),
]


def plain(documents: Any) -> list[tuple[str, dict[str, str], Any]]:
    return [(each.id, dict(each.text), each.labels) for each in documents]


@pytest.mark.parametrize("suffix", ALL)
def test_documents_are_read_back(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"documents{suffix}"
    assert write_rows(DOCUMENTS, path) == 4
    assert plain(read_documents(path)) == plain(DOCUMENTS)


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_documents_with_fields_of_their_own(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"documents{suffix}"
    given = [Document("a", {"claim": "one", "notes": "two"}, ("x",)), Document("b", {"claim": ""})]
    write_rows(given, path)
    read = plain(read_documents(path))
    without = None if suffix == ".jsonl" else ()  # an empty cell of a table holds no labels
    assert read == plain([given[0], dataclasses.replace(given[1], labels=without)])


def test_a_table_has_one_column_for_each_field(tmp_path: Path) -> None:
    path = tmp_path / "documents.csv"
    config = DataConfig(
        id_field="number", labels_field="codes", text_fields=("claim",), delimiter=";",
        label_separator="|",
    )  # fmt: skip
    write_rows([Document("1", {"claim": "a;b\nc"}, ("x", "y"))], path, config)
    assert path.read_bytes() == b'number;claim;codes\n1;"a;b\nc";x|y\n'
    assert plain(read_documents(path, config)) == [("1", {"claim": "a;b\nc"}, ("x", "y"))]


@given(st.lists(TEXTS, max_size=4), st.sampled_from([";", "|", ", ", ""]))
def test_labels_of_a_cell_are_read_back(labels: list[str], separator: str) -> None:
    assert read_label_cell(label_cell(labels, separator), separator) == labels


def test_lists_of_strings_are_written_like_labels(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    rows: list[dict[str, Any]] = [{"id": "1", "lost": ["a", "b"], "scores": [0.5]}]
    rows.append({"id": "2", "lost": [], "scores": []})
    write_rows(rows, path)
    assert path.read_text() == "id,lost,scores\n1,a;b,[0.5]\n2,,\n"
    write_rows([{"id": "1", "lost": ["a;b"]}], path)
    assert path.read_text() == 'id,lost\n1,"[""a;b""]"\n'


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=3))
def test_cells_are_what_pythons_csv_reads(rows: list[tuple[str, str]]) -> None:
    import io
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        write_rows([{"one": one, "two": two} for one, two in rows], path)
        text = path.read_bytes().decode()
    assert [tuple(row) for row in csv.reader(io.StringIO(text, newline=""), strict=True)] == [
        ("one", "two"),
        *rows,
    ]


def test_values_of_other_programs(tmp_path: Path) -> None:
    day = datetime.date(2020, 1, 2)
    row = {"text": "a", "day": day, "price": Decimal("1.50"), "none": math.nan, "n": 3, "b": True}
    lines, table = tmp_path / "rows.jsonl", tmp_path / "rows.csv"
    write_rows([row], lines)
    write_rows([row | {"more": {"a": [1]}}], table)
    expected = '{"text":"a","day":"2020-01-02","price":"1.50","none":null,"n":3,"b":true}\n'
    assert lines.read_text() == expected
    head = "text,day,price,none,n,b,more\n"
    assert table.read_text() == head + 'a,2020-01-02,1.50,,3,true,"{""a"":[1]}"\n'


def test_what_a_terminal_acts_on_and_half_characters(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_rows([{"text": "\x9b31m", "id": "\ud800"}], path)
    assert path.read_text() == '{"text":"\\u009b31m","id":"\\\\ud800"}\n'
    write_rows([{"text": "\ud800"}], tmp_path / "rows.csv")
    assert (tmp_path / "rows.csv").read_text() == "text\n\\ud800\n"


def test_tsv_says_what_it_flattened(tmp_path: Path) -> None:
    path = tmp_path / "rows.tsv"
    with open_rows(path) as writer:
        writer.write({"text": "one\ttwo\r\nthree", "labels": ["x", "y"]})
        writer.write({"text": 'a "b"', "labels": []})
    assert (writer.rows, writer.flattened) == (2, 1)
    assert path.read_bytes() == b'text\tlabels\none two three\tx;y\na "b"\t\n'


def test_compressed_files_are_the_same_on_any_day(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        write_rows(DOCUMENTS, tmp_path / name)
    first = (tmp_path / "a.jsonl.gz").read_bytes()
    assert first == (tmp_path / "b.jsonl.gz").read_bytes()
    assert gzip.decompress(first).count(b"\n") == 4


def test_parquet_columns(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    rows: list[dict[str, Any]]
    rows = [{"text": "a", "labels": [], "size": 1.5, "none": None}, {"text": "b", "labels": None}]
    write_rows(rows, path)
    kinds = {field.name: str(field.type) for field in parquet.read_schema(path)}
    assert kinds == {
        "text": "string", "labels": "list<element: string>", "size": "double", "none": "string",
    }  # fmt: skip
    schema = arrow.schema([("text", arrow.large_string()), ("labels", arrow.string())])
    write_rows([{"text": "a", "labels": "x"}], path, schema=schema)
    assert parquet.read_table(path).schema.equals(schema)
    write_rows([], path, columns=["text", "labels"])
    assert parquet.read_table(path).num_rows == 0


def test_more_rows_than_are_written_at_once(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    assert write_rows(({"text": str(n), "size": n} for n in range(9_000)), path) == 9_000
    assert parquet.read_table(path).column("size").to_pylist() == list(range(9_000))
    sizes: list[int | str] = [*range(5_000), "many"]
    with pytest.raises(DocumentError) as error:
        write_rows(({"text": "a", "size": size} for size in sizes), tmp_path / "other.parquet")
    assert "rows 4,097 to 5,001 do not fit one table" in str(error.value)
    assert [each.name for each in tmp_path.iterdir()] == ["rows.parquet"]


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_fields_that_are_no_columns(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"rows{suffix}"
    path.write_text("before")
    rows = [{"text": "a"}, {"text": "b", "more": "c"}]
    with pytest.raises(DocumentError) as error:
        write_rows(rows, path, columns=["text"])
    assert str(error.value) == (
        f"{path}: row 2 has the field 'more', which is no column of the table. "
        "Write .jsonl, where every row has its own fields."
    )
    assert path.read_text() == "before"


def test_names_that_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        check_rows_place("rows.jsnl")
    assert str(error.value) == (
        "rows.jsnl: unknown extension '.jsnl', expected .jsonl, .ndjson, .csv or .tsv (each also "
        "with .gz or .zst), or .parquet. Did you mean '.jsonl'?"
    )
    for name in ("rows.json", "rows", "rows.parquet.gz", "rows.txt"):
        with pytest.raises(ConfigError):
            check_rows_place(tmp_path / name)
    with pytest.raises(DocumentError, match="cannot be written as JSON"):
        write_rows([{"text": object()}], tmp_path / "rows.jsonl")
    with pytest.raises(DocumentError, match="has a text field 'id', the name of another"):
        write_rows([Document("1", {"id": "2"})], tmp_path / "rows.csv")
