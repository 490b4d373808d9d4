"""Every format gives back what was put in."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from harnn.config import DataConfig
from harnn.data import Document, ReadingLog, read_documents

RECORDS: list[dict[str, Any]] = [
    {"id": "a", "text": 'Soup, with "noodles"\nand rain.', "labels": ["Food", "Soup"]},
    {"id": "b", "text": "周末做面包", "labels": []},
    {"id": "c", "text": "Trains: late; as ever", "labels": ["Travel"]},
]
CONTENT = [(r["id"], {"text": r["text"]}, tuple(r["labels"])) for r in RECORDS]


def json_lines(records: list[dict[str, Any]]) -> bytes:
    return "\n".join(json.dumps(r, ensure_ascii=False) for r in records).encode()


def json_array(records: list[dict[str, Any]]) -> bytes:
    return json.dumps(records, ensure_ascii=False, indent=1).encode()


def delimited(records: list[dict[str, Any]], delimiter: str = ",") -> bytes:
    table = io.StringIO(newline="")
    writer = csv.writer(table, delimiter=delimiter)
    writer.writerow(["id", "text", "labels"])
    writer.writerows([r["id"], r["text"], ";".join(r["labels"])] for r in records)
    return table.getvalue().encode()


def tab_separated(records: list[dict[str, Any]]) -> bytes:
    rows = [("id", "text", "labels")]
    rows += [(r["id"], r["text"], ";".join(r["labels"])) for r in records]
    return "".join("\t".join(row) + "\n" for row in rows).encode()


def zst(data: bytes) -> bytes:
    zstandard = pytest.importorskip("zstandard")
    half = len(data) // 2  # two frames, as concatenated files have
    pack = zstandard.ZstdCompressor().compress
    return bytes(pack(data[:half]) + pack(data[half:]))


PACK: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.compress, ".zst": zst}
FORMATS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    ".jsonl": json_lines,
    ".ndjson": json_lines,
    ".json": json_array,
    ".csv": delimited,
    ".tsv": lambda records: tab_separated(records),
}


def content(documents: Iterator[Document]) -> list[tuple[Any, ...]]:
    return [(d.id, dict(d.text), d.labels) for d in documents]


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("extension", FORMATS)
def test_round_trip(tmp_path: Path, extension: str, packing: str) -> None:
    path = tmp_path / f"d{extension}{packing}"
    records = [
        r | {"text": r["text"].replace("\n", " ")} for r in RECORDS
    ]  # TSV has no line breaks
    expected = [(r["id"], {"text": r["text"]}, tuple(r["labels"])) for r in records]
    path.write_bytes(PACK[packing](FORMATS[extension](records)))
    assert content(read_documents([path], labelled=True)) == expected


@pytest.mark.parametrize("as_list", [True, False])
def test_parquet_round_trip(tmp_path: Path, as_list: bool) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    labels = [r["labels"] if as_list else ";".join(r["labels"]) for r in RECORDS]
    columns = {name: [r[name] for r in RECORDS] for name in ("id", "text")}
    path = tmp_path / "d.parquet"
    parquet.write_table(pa.table({**columns, "labels": labels, "pages": [1, 2, 3]}), path)
    documents = list(read_documents(path))
    assert content(iter(documents)) == CONTENT
    assert [d.source for d in documents] == [f"{path}:{n}" for n in (1, 2, 3)]


def test_parquet_of_structs_nulls_and_index_records(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "d.parquet"
    text = [{"title": "T", "body": "B"}, {"title": None, "body": "C"}]
    parquet.write_table(pa.table({"text": text, "labels": [["x"], None]}), path)
    assert content(read_documents(path)) == [
        ("d.parquet:1", {"title": "T", "body": "B"}, ("x",)),
        ("d.parquet:2", {"body": "C"}, ()),
    ]
    config = DataConfig(text_fields=("body",))
    assert [d.full_text for d in read_documents(path, config)] == ["B", "C"]
    index = {"title": [["t", "u"]], "top": [[1]], "low": [[0, 2]], "labels": [[1, 2, 4]]}
    parquet.write_table(pa.table(index), path)
    [document] = read_documents(path)
    assert document.labels == ("top:1", "low:0", "low:2")
    assert document.text == {"title": "t u"}


def test_parquet_batches_keep_their_row_numbers(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "d.parquet"
    parquet.write_table(pa.table({"text": [str(n) for n in range(1, 2501)]}), path)
    assert all(d.source == f"{path}:{d.full_text}" for d in read_documents(path))


def test_plain_text_is_one_unlabelled_document_a_line(tmp_path: Path) -> None:
    path = tmp_path / "d.txt"
    path.write_bytes(b"\xef\xbb\xbfone fine day \r\n\n{two}")
    assert list(read_documents(path)) == [
        Document("d.txt:1", {"text": "one fine day"}, None, f"{path}:1"),
        Document("d.txt:3", {"text": "{two}"}, None, f"{path}:3"),
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'\n {"text": "x", "labels": ["l"]}\n', [("stdin:2", {"text": "x"}, ("l",))]),
        (b"x {y}\n\nz", [("stdin:1", {"text": "x {y}"}, None), ("stdin:3", {"text": "z"}, None)]),
    ],
)
def test_standard_input_is_told_apart_by_its_first_character(
    monkeypatch: pytest.MonkeyPatch, data: bytes, expected: list[Any]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert content(read_documents("-")) == expected


@pytest.mark.parametrize(
    ("record", "fields"),
    [
        ({"text": "plain"}, {"text": "plain"}),
        ({"text": ["a", "", "b"]}, {"text": "a b"}),
        ({"text": {"t": "x", "u": ["y", "z"], "v": None}}, {"t": "x", "u": "y z"}),
        ({"abstract": "x", "title": "y", "note": "z"}, {"title": "y", "abstract": "x"}),
        ({"abstract": "x"}, {"abstract": "x"}),
        ({"text": ""}, {"text": ""}),
    ],
)
def test_layouts_of_the_text(
    tmp_path: Path, record: dict[str, Any], fields: dict[str, str]
) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(json_lines([record]))
    [document] = read_documents(path)
    assert list(document.text.items()) == list(fields.items())
    assert document.full_text == "\n".join(fields.values())


def test_configured_fields(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    config = DataConfig(id_field="nr", text_fields=("body", "head"), labels_field="tags")
    path.write_bytes(
        json_lines(
            [
                {"nr": 7, "head": "h", "body": "b", "tags": [3, "x"]},
                {"nr": "8", "text": {"head": "h", "body": "b"}, "tags": None},
            ]
        )
    )
    assert content(read_documents(path, config)) == [
        ("7", {"body": "b", "head": "h"}, ("3", "x")),
        ("8", {"body": "b", "head": "h"}, None),
    ]


def test_labelled_false_ignores_labels_good_or_bad(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(json_lines([{"text": "x", "labels": 3.5}, {"text": "y", "labels": ["z"]}]))
    assert [d.labels for d in read_documents(path, labelled=False)] == [None, None]


def test_csv_options(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_bytes(
        b'\xef\xbb\xbf text ,labels\r\nx,a | b|\r\n\r\n"' + b"y" * 200_000 + b'",c\r\n'
    )
    limit = csv.field_size_limit()
    one, two = read_documents(path, DataConfig(label_separator="|"))
    assert (one.labels, one.id) == (("a", "b"), "d.csv:2")
    assert (len(two.full_text), two.source) == (200_000, f"{path}:4")
    assert csv.field_size_limit() == limit
    whole, _ = read_documents(path, DataConfig(label_separator=""))
    assert whole.labels == ("a | b|",)


def test_csv_lines_count_line_breaks_inside_cells(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text('text\n"a\nb"\nc\n', encoding="utf-8")
    assert [d.source for d in read_documents(path)] == [f"{path}:2", f"{path}:4"]


def test_json_array_elements_know_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    path.write_bytes(b'\n [ {"text": "a"}, {"text": "b"},\n\n{"text":\n"c"},\n{"text": "a"} ]\n')
    assert [d.source for d in read_documents(path)] == [f"{path}:{n}" for n in (2, 2, 4, 6)]


def test_json_file_may_hold_lines(tmp_path: Path) -> None:
    path = tmp_path / "d.JSON"
    path.write_bytes(json_lines(RECORDS))
    assert content(read_documents(str(path))) == CONTENT


def test_reading_is_lazy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(io.RawIOBase):
        produced = 0

        def readable(self) -> bool:
            return True

        def readinto(self, target: Any) -> int:
            line = b'{"text": "again"}\n'
            target[: len(line)] = line
            self.produced += 1
            return len(line)

    endless = Endless()
    buffered = io.BufferedReader(endless, 64)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(buffered))
    documents = read_documents(["-", tmp_path / "absent.jsonl"])
    assert endless.produced == 0
    assert len(list(itertools.islice(documents, 5))) == 5
    assert endless.produced < 20
    documents.close()  # type: ignore[attr-defined]


def test_files_are_closed_when_the_reader_is_left(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl.gz"
    path.write_bytes(gzip.compress(json_lines(RECORDS)))
    documents = read_documents(path)
    next(documents)
    documents.close()  # type: ignore[attr-defined]
    path.unlink()


def test_the_log_counts_while_reading(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(json_lines(RECORDS))
    log = ReadingLog()
    documents = read_documents(path, log=log)
    next(documents)
    assert log.read == 1
    list(documents)
    assert (log.read, log.skipped, log.problems) == (3, 0, [])


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
LABEL = st.text(
    st.characters(exclude_categories=["Cs", "Z", "C"], exclude_characters=";["), min_size=1
)
RECORD = st.fixed_dictionaries(
    {"id": TEXT.filter(bool), "text": TEXT, "labels": st.lists(LABEL, max_size=3)}
)


@given(records=st.lists(RECORD, min_size=1, max_size=5))
def test_json_keeps_every_string(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]]
) -> None:
    expected = [(r["id"], {"text": r["text"]}, tuple(r["labels"])) for r in records]
    folder = tmp_path_factory.getbasetemp()
    for name, write in (("h.jsonl", json_lines), ("h.json", json_array)):
        (folder / name).write_bytes(write(records))
        assert content(read_documents(folder / name)) == expected


@given(records=st.lists(RECORD, min_size=1, max_size=5), delimiter=st.sampled_from(",;\t|"))
def test_csv_keeps_every_string(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]], delimiter: str
) -> None:
    expected = [(r["id"], {"text": r["text"]}, tuple(r["labels"])) for r in records]
    path = tmp_path_factory.getbasetemp() / "h.csv"
    path.write_bytes(delimited(records, delimiter))
    assert content(read_documents(path)) == expected


ONE_LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r"))
TSV_RECORD = st.fixed_dictionaries(
    {"id": ONE_LINE.filter(bool), "text": ONE_LINE, "labels": st.lists(LABEL, max_size=3)}
)


@given(records=st.lists(TSV_RECORD, min_size=1, max_size=5))
def test_tsv_keeps_every_string(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, Any]]
) -> None:
    expected = [(r["id"], {"text": r["text"]}, tuple(r["labels"])) for r in records]
    path = tmp_path_factory.getbasetemp() / "h.tsv"
    path.write_bytes(tab_separated(records))
    assert content(read_documents(path)) == expected
