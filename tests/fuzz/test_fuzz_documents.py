"""Damaged documents of every form: an error of harnn or documents, in bounded time and memory.

``HARNN_FUZZ`` is the number of damaged files, ``HARNN_FUZZ_SEED`` where their numbers begin: what
failed is made again with ``HARNN_FUZZ=1`` and the seed that the failure names.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from harnn.config import DataConfig
from harnn.data import ReadingLog, read_documents, read_labelled, survey_documents
from harnn.errors import HarnnError, group_problems
from harnn.taxonomy import Taxonomy

COUNT = int(os.environ.get("HARNN_FUZZ", "400"))
FIRST_SEED = int(os.environ.get("HARNN_FUZZ_SEED", "0"))
SECONDS = 20
"""Of the processor, for one file: what takes longer hangs."""
MOST_MEMORY = 512 << 20
"""Bytes that the process may have grown by at any time."""
LIMIT = 1 << 16

TAXONOMY = Taxonomy.from_edges([("Food", "ROOT"), ("Soup", "Food"), ("012", "ROOT")])
RECORDS: list[dict[str, Any]] = [
    {"id": "a", "text": 'Soup, with "noodles"\nand rain.', "labels": ["Food", "Soup"]},
    {"id": 7, "text": {"title": "周末做面包", "body": "Möhren €"}, "labels": []},
    {"id": "c", "title": ["Trains", "late"], "abstract": "as ever", "labels": ["012"]},
    {"text": "x \\ud83d\U0001f600 \u2028", "labels": None, "n": [1, 2.5e300, {"deep": [[]]}]},
]
INDEXED = [
    {"title": ["a"], "abstract": ["b"], "top": [0], "low": [1, 2], "labels": [0, 3, 4]},
    {"title": ["a"], "abstract": ["b"], "top": [1], "low": [0], "labels": [1, 2]},
]
ROWS = [
    ["id", "text", "labels", ""],
    ["1", 'a; "quoted" cell', "Food;Soup", ""],
    ["2", "spans\nlines", "['Food', 'Soup']", ""],
    ["3", "ünï", "12.0", ""],
    ["4", "", "Food|012", ""],
]
TOKENS = [
    *(b'"', b'""', b"'", b",", b";", b"\t", b"|", b"\n", b"\r", b"\r\n", b"\0", b"[", b"]", b"{"),
    *(
        b"}",
        b":",
        b"\\",
        b"\\ud800",
        b"\xff",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xef\xbb\xbf",
        b"sep=;\n",
    ),
    *(b"1" * 4_301, b"[" * 3_000, b"-0", b"1e999", b"NaN", b"null", b"true", b"id", b"text"),
    *(b"labels", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"x" * 70_000, b",," * 500, b"\x1b[31m"),
]

STATE = {"_data_files": [{"filename": "d.arrow"}], "_format_type": None, "_split": None}
CLASSES = {"names": ["Food", "Soup", "012"], "_type": "ClassLabel"}
FEATURES = {
    "features": {
        "text": {"dtype": "string", "_type": "Value"},
        "labels": {"feature": CLASSES, "_type": "List"},
        "n": {"dtype": "int64", "_type": "Value"},
    }
}

KNOWN = {
    "Parquet": [900_890],
    "Parquet with objects": [900_744],
    "state of a data set": [500],
}
"""Seeds that ended the process (Arrow aborts when it is asked for the columns of such a footer), or
in a message that cannot be written."""

Write = Callable[[], bytes]


def json_lines() -> bytes:
    return "\n".join(json.dumps(r, ensure_ascii=False) for r in [*RECORDS, *INDEXED]).encode()


def json_array() -> bytes:
    return json.dumps(RECORDS, ensure_ascii=False, indent=1).encode()


def csv_table(delimiter: str = ",") -> bytes:
    def quoted(cell: str) -> str:
        return f'"{cell.replace(chr(34), chr(34) * 2)}"'

    return "\r\n".join(delimiter.join(map(quoted, row)) for row in ROWS).encode()


def tsv_table() -> bytes:
    return "\n".join("\t".join(row).replace("\n", " ") for row in ROWS).encode()


def plain_text() -> bytes:
    return 'one fine day\n\n周末做面包\nand "more", of it\r\nlast'.encode()


def parquet_table(*, struct: bool) -> bytes:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    texts = [{"title": "a", "body": "ü"}, {"title": None, "body": "b"}] if struct else ["a", "ü"]
    columns = {"id": [1, 2], "text": texts, "labels": [["Food"], None]}
    if not struct:
        columns["labels"] = arrow.array(["Food;Soup", "012"]).dictionary_encode()
        columns["id"] = arrow.array([None, 1], arrow.timestamp("ns"))
    file = io.BytesIO()
    parquet.write_table(arrow.table(columns), file, compression="zstd" if struct else "snappy")
    return file.getvalue()


def spreadsheet() -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("python_calamine")
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def short_texts() -> bytes:
    return "Soup, hot\t<Food> <Soup>\nünï\t<012>\nno label\t\nnone".encode()


def western() -> bytes:
    return csv_table().decode().replace("ünï", "schöne Bäder für größere").encode("cp1252")


def arrow_file() -> bytes:
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({"text": ["a", "ü"], "labels": [[0, 1], None], "n": [1, 2]})
    file = io.BytesIO()
    with arrow.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)
    return file.getvalue()


def zst(data: bytes) -> bytes:
    zstandard = pytest.importorskip("zstandard")
    pack = zstandard.ZstdCompressor(write_checksum=True).compress
    return bytes(pack(data[:20]) + pack(data[20:] + b"\n" + b"0" * 5_000_000))


READERS: dict[str, tuple[str, Write]] = {
    "JSON lines": ("d.jsonl", json_lines),
    "JSON array": ("d.json", json_array),
    "CSV": ("d.csv", csv_table),
    "CSV with semicolons": ("d.csv", lambda: b"sep=;\r\n" + csv_table(";")),
    "CSV in UTF-16": ("d.csv", lambda: csv_table("\t").decode().encode("utf-16")),
    "TSV": ("d.tsv", tsv_table),
    "text": ("d.txt", plain_text),
    "standard input": ("-", json_lines),
    "Parquet": ("d.parquet", lambda: parquet_table(struct=False)),
    "Parquet with objects": ("d.parquet", lambda: parquet_table(struct=True)),
    "CSV in cp1252": ("d.csv", western),
    "short texts": ("d.tsv", short_texts),
    "spreadsheet": ("d.xlsx", spreadsheet),
    "text of a directory": ("d/a.txt", plain_text),
    "labels of a directory": ("d/a.tsv", lambda: b"<Food>\tfood\n<Soup>\tsoup\n"),
    "state of a data set": ("s/state.json", lambda: json.dumps(STATE).encode()),
    "features of a data set": ("s/dataset_info.json", lambda: json.dumps(FEATURES).encode()),
    "rows of a data set": ("s/d.arrow", arrow_file),
    "gzip, damaged": ("d.jsonl.gz", lambda: gzip.compress(json_lines(), mtime=0)),
    "zstandard, damaged": ("d.jsonl.zst", lambda: zst(json_lines())),
}
PACKED: dict[str, tuple[str, Write, Callable[[bytes], bytes]]] = {
    "in gzip": ("d.csv.gz", csv_table, lambda data: gzip.compress(data, 1)),
    "in zstandard": ("d.json.zst", json_array, zst),
}
"""Where what is packed is damaged, not the packing."""
SLOWER = {"spreadsheet": 4}
"""Each is read by a process of its own."""
CONFIGS = [
    DataConfig(line_limit=LIMIT),
    DataConfig(line_limit=LIMIT, on_error="skip"),
    DataConfig(line_limit=LIMIT, on_error="drop-labels"),
    DataConfig(line_limit=1_024, on_error="skip", label_separator=""),
    DataConfig(line_limit=LIMIT, encoding="cp1252", delimiter=";"),
    DataConfig(line_limit=LIMIT, encoding="gb18030", on_error="skip", text_fields=("text",)),
    DataConfig(line_limit=LIMIT, encoding="utf-16-le", id_field="n"),
]


def damage(data: bytes, rng: random.Random) -> bytes:
    """Return *data* with one to six mutations of all kinds."""
    found = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        at, end = sorted(rng.randrange(len(found) + 1) for _ in range(2))
        kind = rng.randrange(8)
        if kind == 0 and found:
            found[at % len(found)] ^= 1 << rng.randrange(8)
        elif kind == 1 and found:
            found[at % len(found)] = rng.randrange(256)
        elif kind == 2:
            found[at:at] = rng.choice(TOKENS)
        elif kind == 3:
            found[at : at + rng.randint(1, 8)] = rng.choice(TOKENS)
        elif kind == 4:
            del found[at : min(end, at + 200)]
        elif kind == 5:
            found[at:at] = found[at : min(end, at + 500)] * rng.randint(1, 20)
        elif kind == 6 and rng.random() < 0.3:
            del found[at:]
        elif kind == 7:
            piece = bytes(found[at : min(end, at + 50)])
            found[at:at] = bytes(rng.sample(piece, len(piece)))
    return bytes(found)


def put_around(path: Path) -> Path:
    """Write what stands around a file where it is one of a directory; return what is read."""
    if path.parent.name == "d":
        path.parent.mkdir(exist_ok=True)
        (path.parent / "b.txt").write_text("b", encoding="utf-8")
        (path.parent / "b.key").write_text("Food", encoding="utf-8")
        if path.suffix == ".tsv":
            (path.parent / "a.txt").write_text("a", encoding="utf-8")
    elif path.parent.name == "s":
        path.parent.mkdir(exist_ok=True)
        parts = {"state.json": STATE, "dataset_info.json": FEATURES}
        for name, content in parts.items():
            if name != path.name:
                (path.parent / name).write_text(json.dumps(content), encoding="utf-8")
        if path.suffix != ".arrow":
            (path.parent / "d.arrow").write_bytes(arrow_file())
    else:
        return path
    return path.parent


def read_all(given: Path | str, config: DataConfig, way: int) -> None:
    """Read documents in one of the ways in which they are read, and look at all that comes."""
    log = ReadingLog()
    message = ""
    try:
        if way == 0:
            for document, columns in read_labelled(given, config, TAXONOMY, log):
                document.id.encode()
                assert columns.dtype.kind == "i"
        elif way == 1:
            survey = survey_documents(given, taxonomy=TAXONOMY, config=config)
            json.dumps(survey.to_dict()).encode()
        else:
            labelled = False if way == 2 else None
            for document in read_documents(given, config, log=log, labelled=labelled):
                f"{document.id} {document.full_text} {document.labels} {document.source}".encode()
                assert labelled is None or document.labels is None
    except HarnnError as error:
        message = str(error)
    assert len(message.encode()) < 200_000
    for problem in group_problems([*log.problems, *log.warnings], log.kinds):
        assert len(str(problem)) < 5_000


@contextmanager
def no_hang() -> Iterator[None]:
    """Raise where a file takes too long, on systems that can."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise AssertionError(f"more than {SECONDS} seconds of the processor")

    if not hasattr(signal, "SIGPROF"):
        yield
        return
    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def peak_memory() -> int:
    """Return the most bytes that this process ever had; 0 where that is not known."""
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1_024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@pytest.mark.parametrize("form", [*READERS, *PACKED])
def test_damaged_documents(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pack: Callable[[bytes], bytes] = bytes
    if form in READERS:
        name, write = READERS[form]
    else:
        name, write, pack = PACKED[form]
    data, path = write(), tmp_path / name
    around = put_around(path)
    memory = peak_memory()
    count = COUNT // len(READERS | PACKED) // SLOWER.get(form, 1)
    seeds = range(FIRST_SEED, FIRST_SEED + max(1, count))
    for seed in [*KNOWN.get(form, ()), *seeds]:
        rng = random.Random(f"{form} {seed}")
        damaged = pack(damage(data, rng))
        given: Path | str = around
        if name == "-":
            given = name
            stream = io.TextIOWrapper(io.BytesIO(damaged))
            monkeypatch.setattr(sys, "stdin", stream)
        else:
            path.write_bytes(damaged)
        config, way = rng.choice(CONFIGS[:1] * 4 + CONFIGS), rng.randrange(4)
        try:
            with no_hang():
                read_all(given, config, way)
            assert peak_memory() - memory < MOST_MEMORY
        except Exception as error:
            raise AssertionError(f"{form}, seed {seed}: {error!r}") from error
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("form", READERS)
def test_what_is_damaged_can_be_read_when_it_is_not(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, write = READERS[form]
    if name == "-":
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(write())))
    else:
        put_around(tmp_path / name)
        (tmp_path / name).write_bytes(write())
    given: Path | str = name if name == "-" else put_around(tmp_path / name)
    log = ReadingLog()
    assert list(read_documents(given, DataConfig(on_error="skip"), log=log))
