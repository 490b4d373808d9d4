"""The exact words for documents that cannot be read."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import numpy as np
import pytest

from harnn.config import DataConfig
from harnn.data import Document, ReadingLog, read_documents, read_labelled
from harnn.data import log as log_module
from harnn.data.label_checker import LabelChecker
from harnn.errors import DocumentError
from harnn.taxonomy import Taxonomy

CP1252 = "It may be cp1252: set data.encoding=cp1252 (--encoding cp1252)."
EXTENSIONS = (
    "expected .jsonl, .ndjson, .json, .csv, .tsv or .txt (each also with .gz or .zst), or "
    ".parquet, .xlsx, .xls, .ods or a directory."
)


def problems_of(
    path: Path | str, config: DataConfig | None = None, labelled: bool | None = None
) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        list(read_documents(path, config or DataConfig(), labelled=labelled))
    return [str(problem) for problem in caught.value.problems]


LINES: list[tuple[bytes, str]] = [
    (b'{"text": "x",}', "is not valid JSON (column 14), expected one object a line."),
    ('{"é": tru}'.encode(), "is not valid JSON (column 11), expected one object a line."),
    (b'{"text": "x"', "is not valid JSON (column 13), expected one object a line."),
    (
        b'{"text": "\xff"}',
        "is not UTF-8 (byte 11 of the line). "
        "It may be cp1252: set data.encoding=cp1252 (--encoding cp1252).",
    ),
    (b'{"text": "x", "n": 1e999}', "holds a number that is too large."),
    (b"[" * 100_000, "is nested too deeply."),
    (b'["x"]', "found a list, expected a JSON object."),
    (b"12", "found a whole number, expected a JSON object."),
    (b'{"text": 5}', "'text' is a whole number, expected a string or a list of words."),
    (
        b'{"text": ["a", 1]}',
        "'text' is a list of other things, expected a string or a list of words.",
    ),
    (b'{"text": {"t": true}}', "'t' is true or false, expected a string or a list of words."),
    (b'{"id": 1}', "has no text, expected 'text', or 'title' and 'abstract'."),
    (
        b'{"texts": "x"}',
        "has no text, expected 'text', or 'title' and 'abstract'. Did you mean 'texts'? "
        "Set data.text_fields=texts (--text-field texts).",
    ),
    (b'{"text": null}', "has no text: its text fields are empty."),
    (b'{"text": {}}', "has no text: its text fields are empty."),
    (b'{"text": "x", "id": 1.5}', "'id' is a decimal number, expected a string or a whole number."),
    (b'{"text": "x", "id": ["a"]}', "'id' is a list, expected a string or a whole number."),
    (
        b'{"text": "x", "labels": "Food"}',
        "'labels' is a string, expected a list of strings. Write [\"Food\"].",
    ),
    (b'{"text": "x", "labels": {"a": 1}}', "'labels' is an object, expected a list of strings."),
    (
        b'{"text": "x", "labels": ["a", 1.0]}',
        "'labels' holds a decimal number at position 2, expected strings or whole numbers. "
        'Write "1".',
    ),
    (
        b'{"text": "x", "labels": [null]}',
        "'labels' holds null at position 1, expected strings or whole numbers.",
    ),
]


@pytest.mark.parametrize(("line", "message"), LINES)
def test_bad_line(tmp_path: Path, line: bytes, message: str) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(b'{"text": "good"}\n' + line + b"\n")
    assert problems_of(path) == [f"{path}:2: {message}"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"text": "x"}', "has no labels, expected a list in 'labels'."),
        (
            b'{"text": "x", "label": []}',
            "has no labels, expected a list in 'labels'. Did you mean 'label'? "
            "Set data.labels_field=label (--labels-field label).",
        ),
        (b'{"text": "x", "labels": null}', "has no labels, expected a list in 'labels'."),
    ],
)
def test_labels_are_demanded(tmp_path: Path, line: bytes, message: str) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(line)
    assert problems_of(path, labelled=True) == [f"{path}:1: {message}"]
    assert [d.labels for d in read_documents(path)] in ([None], [()])


NAME_TEXTS = "Set data.text_fields to what holds the text (--text-field, once for each)."


def test_configured_fields_are_demanded(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(b'{"nr": 1, "body": "x"}\n{"nr": 2, "boddy": null, "head": null}')
    config = DataConfig(id_field="number", text_fields=("head", "body"))
    assert problems_of(path, config) == [
        f"{path}:1: has no field 'number'.",
        f"{path}:1: has no text field 'head'. {NAME_TEXTS}",
        f"{path}:2: has no field 'number'.",
        f"{path}:2: has no text field 'body'. Did you mean 'boddy'? {NAME_TEXTS}",
    ]
    path.write_bytes(b'{"head": null, "body": null}')
    config = DataConfig(text_fields=("head", "body"))
    assert problems_of(path, config) == [f"{path}:1: has no text: nothing in 'head', 'body'."]


FILES: list[tuple[str, bytes, str]] = [
    ("d.jsonl", b"", ": holds no documents."),
    ("d.txt", b"\n \n", ": holds no documents."),
    ("d.csv", b"id,text\n", ": holds no documents."),
    ("d.json", b"[]", ": holds no documents."),
    ("d.docx", b"x", f": unknown extension '.docx', {EXTENSIONS}"),
    ("d.jsnl", b"x", f": unknown extension '.jsnl', {EXTENSIONS} Did you mean '.jsonl'?"),
    ("d", b"x", f": has no extension, {EXTENSIONS}"),
    ("d.doc.gz", b"x", f": unknown extension '.doc.gz', {EXTENSIONS}"),
    (
        "d.parquet.gz",
        b"x",
        f": unknown extension '.parquet.gz', {EXTENSIONS} Did you mean '.parquet'?",
    ),
    ("d.jsonl.gz", b'{"text": "x"}', ": is not gzip data."),
    (
        "d.json",
        b'[{"text": "x"},\n {"text": }]',
        ":2: is not valid JSON (column 11), expected one array of objects, or one object a line.",
    ),
    ("d.json", b'[{"text": "x"}, 3]', ":1: found a whole number, expected a JSON object."),
    ("d.txt", b"good\nb\xffd\n", f":2: is not UTF-8 (byte 2 of the line). {CP1252}"),
    ("d.csv", b"id,text\n1,a,b\n", ":2: has 3 cells, expected 2 (id, text)."),
    ("d.csv", b"id,text\n1,a\n2,\xff\n", f":3: is not UTF-8 (byte 3 of the line). {CP1252}"),
    (
        "d.csv",
        b'id,text\n1,"a"b\n2,c\n',
        ":2: is not a valid row of CSV (',' expected after '\"').",
    ),
    (
        "d.csv",
        b"id,Message\n1,a\n",
        ":1: the table has no column 'text' (or 'title' and 'abstract'), found 'id', 'Message'. "
        "Set data.text_fields=Message (--text-field Message) if that is the text.",
    ),
    (
        "d.csv",
        b"id;body\n1;a\n",
        ":1: the table has no column 'text' (or 'title' and 'abstract'), found 'id', 'body'. "
        "Set data.text_fields=body (--text-field body) if that is the text.",
    ),
    ("d.csv", b"text,text\na,b\n", ":1: the table has two columns 'text'."),
]


@pytest.mark.parametrize(("name", "data", "message"), FILES)
def test_bad_file(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    assert problems_of(path) == [f"{path}{message}"]


def test_bad_places(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").touch()
    absent = tmp_path / "trian.jsonl"
    assert problems_of(absent) == [f"{absent}: no such file. Did you mean 'train.jsonl'?"]
    what = "is a directory without .txt files, expected a file or a directory of texts."
    assert problems_of(tmp_path) == [f"{tmp_path}: {what}"]
    lost = tmp_path / "none" / "d.csv"
    assert problems_of(lost) == [f"{lost}: no such file."]


def test_missing_label_column(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_bytes(b"nr,text,label\n1,a,b\n")
    config = DataConfig(id_field="nmr")
    assert problems_of(path, config, labelled=True) == [
        f"{path}:1: the table has no column 'nmr', found 'nr', 'text', 'label'. Did you mean 'nr'? "
        "Set data.id_field to what holds the ids (--set data.id_field=NAME), or to id: without "
        "such a column rows are counted.",
        f"{path}:1: the table has no column 'labels', found 'nr', 'text', 'label'. "
        "Did you mean 'label'? Set data.labels_field=label (--labels-field label).",
    ]


def test_plain_text_has_no_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "d.txt"
    path.write_bytes(b"x\n")
    sentence = "is plain text, which has no labels, expected JSON lines, CSV, TSV or Parquet."
    assert problems_of(path, labelled=True) == [f"{path}: {sentence}"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"x\n")))
    assert problems_of("-", labelled=True) == [f"stdin: {sentence}"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    assert problems_of("-") == ["stdin: holds no documents."]


@pytest.mark.parametrize("data", [b'[{"text": "x"}]', b'\n [\n {"text": "x"}\n]'])
def test_an_array_where_none_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert problems_of("-") == [
        "stdin: looks like a JSON array, expected JSON lines or plain text. "
        "Give it as a file with the extension .json."
    ]
    path = tmp_path / "d.jsonl"
    path.write_bytes(b'[\n{"text": "x"}\n]')
    assert problems_of(path)[0] == (
        f"{path}:1: is not valid JSON (column 2), expected one object a line. "
        "Name the file .json to have an array read."
    )


def many_lines() -> bytes:
    rng = np.random.default_rng(3)
    return b"".join(b'{"text": "%d"}\n' % n for n in rng.integers(0, 1 << 40, 5000))


def test_truncated_gzip(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl.gz"
    path.write_bytes(gzip.compress(many_lines())[:-2000])
    documents: list[Document] = []
    log = ReadingLog()
    with pytest.raises(DocumentError) as caught:
        documents.extend(read_documents(path, DataConfig(on_error="skip"), log=log))
    assert 1000 < len(documents) < 5000
    assert str(caught.value) == (
        f"{path}: is truncated: the compressed data breaks off after line {len(documents)}."
    )
    assert (log.read, log.skipped) == (len(documents), 0)


def test_damaged_gzip(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl.gz"
    packed = bytearray(gzip.compress(many_lines()))
    packed[-8] ^= 0xFF  # the checksum
    path.write_bytes(bytes(packed))
    [problem] = problems_of(path)
    assert problem == f"{path}: is damaged after line 5000 (bad gzip data)."


def test_truncated_and_damaged_zstandard(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    packed = zstandard.ZstdCompressor().compress(many_lines())
    path = tmp_path / "d.jsonl.zst"
    path.write_bytes(packed[:-3])
    [problem] = problems_of(path)
    assert problem.startswith(f"{path}: is truncated: the compressed data breaks off after line ")
    path.write_bytes(b"no zstandard at all")
    [problem] = problems_of(path)
    assert problem.startswith(f"{path}: is damaged or not zstandard data (")


def test_no_parquet(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "d.parquet"
    path.write_bytes(b"PAR1 but no more")
    [problem] = problems_of(path)
    assert problem.startswith(f"{path}: is damaged or not a Parquet file (")
    parquet.write_table(pa.table({"txt": ["x"]}), path)
    assert problems_of(path, labelled=True) == [
        f"{path}: the table has no column 'labels', found 'txt'. Say what holds the labels with "
        "--labels-field or --level-field, once for each.",
        f"{path}: the table has no column 'text' (or 'title' and 'abstract'), found 'txt'. "
        "Did you mean 'txt'? Set data.text_fields=txt (--text-field txt).",
    ]
    parquet.write_table(pa.table({"text": pa.array([], pa.string())}), path)
    assert problems_of(path) == [f"{path}: holds no documents."]


def test_all_problems_of_all_files_come_in_one_error(tmp_path: Path) -> None:
    one, two, absent = tmp_path / "1.jsonl", tmp_path / "2.csv", tmp_path / "3.txt"
    one.write_bytes(b'{"text": 1, "id": 2.5}\n{"text": "fine"}\n{')
    two.write_bytes(b"text\nfine\nx,y\n")
    documents: list[Document] = []
    log = ReadingLog()
    with pytest.raises(DocumentError) as caught:
        documents.extend(read_documents([one, absent, two], log=log))
    assert [document.source for document in documents] == [f"{one}:2", f"{two}:2"]
    assert str(caught.value) == (
        "5 problems in the documents:\n"
        f"  {one}:1: 'id' is a decimal number, expected a string or a whole number.\n"
        f"  {one}:1: 'text' is a whole number, expected a string or a list of words.\n"
        f"  {one}:3: is not valid JSON (column 2), expected one object a line.\n"
        f"  {absent}: no such file.\n"
        f"  {two}:3: has 2 cells, expected 1 (text)."
    )
    assert log.problems == list(caught.value.problems)


def test_skipping_counts_and_lists(tmp_path: Path) -> None:
    path = tmp_path / "1.jsonl"
    path.write_bytes(b'{"text": 1, "id": 2.5}\n{"text": "fine"}\n{\n{"text": "too"}')
    log = ReadingLog()
    documents = read_documents(path, DataConfig(on_error="skip"), log=log)
    assert [d.full_text for d in documents] == ["fine", "too"]
    assert (log.read, log.skipped, len(log.problems)) == (2, 2, 3)


def test_files_that_end_early_fail_under_skip_too(tmp_path: Path) -> None:
    path = tmp_path / "1.jsonl"
    with pytest.raises(DocumentError, match=r"^.*1\.jsonl: no such file\.$"):
        list(read_documents(path, DataConfig(on_error="skip")))


def test_reading_stops_after_too_many_problems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_module, "MAX_PROBLEMS", 3)
    path = tmp_path / "1.jsonl"
    path.write_bytes(b"{\n" * 10 + b'{"text": "x"}')
    assert problems_of(path)[2:] == [
        f"{path}:3: is not valid JSON (column 2), expected one object a line.",
        "reading stopped after 3 problems.",
    ]
    log = ReadingLog()
    assert len(list(read_documents(path, DataConfig(on_error="skip"), log=log))) == 1
    assert (log.skipped, len(log.problems)) == (10, 3)


TAXONOMY = Taxonomy.from_edges([("Food", "ROOT"), ("Travel", "ROOT"), ("Soup", "Food")])


def test_labels_are_closed_upward(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(
        b'{"text": "x", "labels": ["Soup", "Soup"]}\n'
        b'{"text": "y", "labels": []}\n{"text": "z", "labels": ["Travel", "Soup"]}'
    )
    read = list(read_labelled(path, DataConfig(), TAXONOMY))
    assert [columns.dtype for _, columns in read] == [np.int32] * 3
    closed = [[TAXONOMY.codes[c] for c in columns] for _, columns in read]
    assert closed == [["Food", "Soup"], [], ["Food", "Travel", "Soup"]]
    assert read[0][0].labels == ("Soup", "Soup")


def test_unknown_labels(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(
        b'{"text": "x", "labels": ["Fod", "Soup", "Fod"]}\n{"text": "y", "labels": ["Zebra", 3]}\n'
        b'{"text": "z", "labels": ["Food"]}'
    )
    with pytest.raises(DocumentError) as caught:
        list(read_labelled(path, DataConfig(), TAXONOMY))
    assert str(caught.value) == (
        "3 problems in the documents:\n"
        f"  {path}:1: unknown label 'Fod'. Did you mean 'Food'?\n"
        f"  {path}:2: unknown label 'Zebra'.\n"
        f"  {path}:2: unknown label '3'."
    )
    log = ReadingLog()
    config = DataConfig(on_error="skip")
    [(document, _)] = read_labelled(path, config, TAXONOMY, log)
    assert document.full_text == "z"
    assert (log.read, log.skipped, len(log.problems)) == (1, 2, 3)


def test_check_labels() -> None:
    checker = LabelChecker(TAXONOMY)
    assert checker.check(Document("1", {}, None, "f:1")) == []
    [problem] = checker.check(Document("1", {}, ("Food", "soup"), "f:1"))
    assert str(problem) == "f:1: unknown label 'soup'. Did you mean 'Soup'?"
