"""Nothing that a file holds takes more memory or time than it may."""

from __future__ import annotations

import dataclasses
import gzip
import io
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harnn.config import DataConfig
from harnn.data import ReadingLog, lines, read_documents
from harnn.data.parquet_sizes import read_sizes
from harnn.errors import DocumentError

SKIP = DataConfig(on_error="skip")
MEGABYTE = 1 << 20


@contextmanager
def memory_below(most: int) -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < most
    finally:
        tracemalloc.stop()


def long_line(size: int = 50 * MEGABYTE) -> bytes:
    return b'{"text": "first"}\n{"text": "' + b"x" * size + b'"}\n{"text": "last"}\n'


def read(path: Path | str, config: DataConfig = SKIP) -> tuple[list[str], list[str]]:
    log = ReadingLog()
    texts = [d.full_text for d in read_documents(path, config, log=log)]
    return texts, [str(problem) for problem in log.problems]


LONG = "is a line of more than 16,777,216 bytes. Set data.line_limit higher if that is meant."


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
def test_a_long_line_is_one_problem(tmp_path: Path, packing: str) -> None:
    path = tmp_path / f"d.jsonl{packing}"
    data = long_line()
    if packing == ".gz":
        data = gzip.compress(data, 1)
    elif packing == ".zst":
        data = pytest.importorskip("zstandard").compress(data)
        assert len(data) < 50_000
    path.write_bytes(data)
    del data
    with memory_below(40 * MEGABYTE):
        assert read(path) == (["first", "last"], [f"{path}:2: {LONG}"])


def test_a_long_line_of_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(long_line(20 * MEGABYTE))))
    assert read("-") == (["first", "last"], [f"stdin:2: {LONG}"])


@pytest.mark.parametrize("name", ["d.csv", "d.tsv", "d.txt", "d.json"])
def test_long_lines_of_every_form(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    first = '{"text": "a"}' if name == "d.json" else "text"
    last = '{"text": "b"}' if name == "d.json" else "b"
    path.write_text(f"{first}\n{'x' * 3_000}\n{last}\n", encoding="utf-8")
    what = "is a line of more than 1,024 bytes. Set data.line_limit higher if that is meant."
    texts, problems = read(path, DataConfig(line_limit=1_024, on_error="skip"))
    assert problems == [f"{path}:2: {what}"]
    assert texts[-1] == "b"


def test_a_line_without_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "_PASSED_OVER", 5 * MEGABYTE)
    path = tmp_path / "d.jsonl"
    path.write_bytes(long_line(30 * MEGABYTE))
    with pytest.raises(DocumentError) as caught:
        read(path)
    what = "is a line of more than 5,242,880 bytes: reading stops there."
    assert str(caught.value) == f"{path}:2: {what}"


def test_a_zstandard_bomb_is_unpacked_piece_by_piece(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    path = tmp_path / "d.txt.zst"
    packer = zstandard.ZstdCompressor().compressobj()  # one frame of 400 MB
    with path.open("wb") as file:
        for _ in range(400):
            file.write(packer.compress((b"word " * 200 + b"\n") * 1_000))
        file.write(packer.flush())
    assert path.stat().st_size < 100_000
    with memory_below(10 * MEGABYTE):
        assert sum(1 for _, _ in zip(read_documents(path), range(2_000), strict=False)) == 2_000


@pytest.mark.parametrize("options", [{}, {"write_checksum": True}, {"write_content_size": False}])
def test_zstandard_frames_of_all_kinds(tmp_path: Path, options: dict[str, bool]) -> None:
    zstandard = pytest.importorskip("zstandard")
    pack = zstandard.ZstdCompressor(level=1, **options).compress
    skippable = b"\x5a\x2a\x4d\x18\x03\x00\x00\x00abc"
    path = tmp_path / "d.txt.zst"
    path.write_bytes(pack(b"one\n") + skippable + pack(b"") + pack(b"two " * 100_000))
    first, second = read_documents(path)
    assert (first.full_text, len(second.full_text)) == ("one", 399_999)
    path.write_bytes(pack(b"one\n") + skippable[:-1])
    with pytest.raises(DocumentError, match="is truncated: the compressed data breaks off"):
        list(read_documents(path))


def test_json_arrays_stream(tmp_path: Path) -> None:
    path = tmp_path / "d.json"
    record = b'{"text": "' + b"x" * 5_000 + b'", "n": [[1, "]"], {"a": "\\"}"}]}'
    path.write_bytes(b"[" + b",".join([record] * 9_000) + b"]")
    assert path.stat().st_size > 40 * MEGABYTE
    with memory_below(5 * MEGABYTE):
        documents = read_documents(path, DataConfig(line_limit=MEGABYTE))
        assert sum(len(d.full_text) == 5_000 for d in documents) == 9_000


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'[{"text": "a"},\n{"text": "' + b"x" * 2_000 + b'"}]', ":2: holds an element of more "
         "than 1,024 bytes. Set data.line_limit higher if that is meant."),
        (b'["' + b"x" * 100_000, ":1: holds an element of more than 1,024 bytes. "
         "Set data.line_limit higher if that is meant."),
        (b"[" * 20_000, ":1: is nested too deeply."),
        (b'[{"text": "a"}', ":1: is not valid JSON (column 15), expected one array of objects, "
         "or one object a line."),
        (b'[{"text": "a"}]\n x', ":2: is not valid JSON (column 2), expected one array of "
         "objects, or one object a line."),
        (b'[{"text": "a"},\n]', ":2: is not valid JSON (column 1), expected one array of "
         "objects, or one object a line."),
        (b'[{"text": "a"} {"text": "a"}]', ":1: is not valid JSON (column 16), expected one "
         "array of objects, or one object a line."),
        (b'[\n{"text": "\xff"}]', ":2: is not UTF-8 (byte 11 of the element). "
         "It may be cp1252: set data.encoding=cp1252 (--encoding cp1252)."),
    ],
)  # fmt: skip
def test_arrays_that_are_none(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "d.json"
    path.write_bytes(data)
    limit = 1_024 if b"x" * 2_000 in data else DataConfig.line_limit
    with pytest.raises(DocumentError) as caught:
        list(read_documents(path, DataConfig(line_limit=limit)))
    assert str(caught.value) == f"{path}{message}"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"text": "x", "id": ' + b"1" * 4_301 + b"}", "holds a number that is too large."),
        (b'{"text": "x", "n": [' + b"9" * 4_301 + b"]}", "holds a number that is too large."),
        (b'{"text": ' + b"[" * 90_000 + b"]" * 90_000 + b"}", "is nested too deeply."),
        (
            b'{"text": "x", "id": "a\\ud800"}',
            "holds half a character: \\ud800 to \\udfff without the other half.",
        ),
        (
            b'{"text": "x", "id": "\\udc00 and more"}',
            "holds half a character: \\ud800 to \\udfff without the other half.",
        ),
        (
            b'{"text": "\\ud83d\\ude00',
            "is not valid JSON (column 23), expected one object a line.",
        ),
    ],
)
def test_values_that_python_cannot_hold(tmp_path: Path, line: bytes, message: str) -> None:
    path = tmp_path / "d.jsonl"
    path.write_bytes(line)
    with pytest.raises(DocumentError) as caught:
        list(read_documents(path))
    assert str(caught.value) == f"{path}:1: {message}"


def test_file_names_that_are_no_text(tmp_path: Path) -> None:
    import os

    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/d\xff\x1b.txt"))
    try:
        path.write_text("x\n", encoding="utf-8")
    except OSError:
        pytest.skip("the file system takes no such names")
    [document] = read_documents(path)
    assert document.id == "d\\udcff\\x1b.txt:1"
    assert document.source == f"{tmp_path}/d\\udcff\\x1b.txt:1"
    with pytest.raises(DocumentError, match=r"d\\udcff\.jsonl: no such file\."):
        list(read_documents(os.fsdecode(b"/d\xff.jsonl")))
    for name in ("a\0b/c.csv", "x" * 5_000 + ".csv"):
        with pytest.raises(DocumentError):
            list(read_documents(name))


def test_closed_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.TextIOWrapper(io.BytesIO())
    closed.close()
    for stream in (None, closed):
        monkeypatch.setattr(sys, "stdin", stream)
        with pytest.raises(DocumentError, match=r"^stdin: is closed\.$"):
            list(read_documents("-"))


def write_bomb(path: Path, column: str, *, repeated: bool) -> int:
    """Write 200 texts of 40,000 bytes alike, in one page, and return their bytes.

    repeated: as one text to which the others point.
    """
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = {"text": ["short"] * 200, "other": ["short"] * 200} | {column: ["x" * 40_000] * 200}
    options = {
        "use_dictionary": repeated,
        "compression": "zstd",
        "data_page_size": 1 << 30,
        "write_batch_size": 1_000,
    }
    parquet.write_table(arrow.table(table), path, **options)
    return 200 * 40_000


def test_a_parquet_page_that_unpacks_beyond_all_measure(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "d.parquet"
    written = write_bomb(path, "text", repeated=False)
    group = parquet.read_metadata(path).row_group(0)
    packed, size = path.stat().st_size, group.column(0).total_uncompressed_size
    assert group.total_byte_size > size > written
    with pytest.raises(DocumentError) as caught:
        list(read_documents(path, DataConfig(line_limit=50_000)))
    assert str(caught.value) == (
        f"{path}: unpacks from {packed:,} to {size:,} bytes in one group of rows, expected at most "
        "800,000 or 100 times as many. Set data.line_limit higher if that is meant."
    )
    assert len(list(read_documents(path, DataConfig(line_limit=600_000)))) == 200


def test_a_parquet_column_that_is_not_read_may_be_of_any_size(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    write_bomb(path, "page", repeated=False)
    config = DataConfig(line_limit=50_000)
    assert len(list(read_documents(path, config))) == 200
    with pytest.raises(DocumentError, match="unpacks from"):
        list(read_documents(path, dataclasses.replace(config, text_fields=("page",))))


def test_sizes_of_a_footer_that_nobody_can_read(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    write_bomb(path, "text", repeated=True)
    whole = read_sizes(path, ["text", "other"])
    assert len(whole) == 1
    assert 0 < read_sizes(path, ["other"])[0] < whole[0]
    path.write_bytes(path.read_bytes()[:-20])
    assert read_sizes(path, ["text"]) == []
    assert read_sizes(tmp_path / "none.parquet", ["text"]) == []


def test_parquet_rows_of_one_repeated_text_are_unpacked_a_few_at_a_time(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    path = tmp_path / "d.parquet"
    write_bomb(path, "text", repeated=True)
    before = arrow.total_allocated_bytes()
    peak = 0
    for document in read_documents(path):
        assert len(document.full_text) == 40_000
        peak = max(peak, arrow.total_allocated_bytes() - before)
    assert 64 * 40_000 < peak < 3 * 64 * 40_000
