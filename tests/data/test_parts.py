"""Parts of a file, read alone, hold what the whole file holds."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harnn.config import DataConfig
from harnn.data import Document, ReadingLog
from harnn.data.fields import DocumentBuilder
from harnn.data.files import DocumentFile, find_file
from harnn.data.log import Rejected
from harnn.data.parts import FilePart, divide_file, read_part
from harnn.data.reading import stream_documents
from harnn.errors import Problem

LINES = [
    b'{"id": "a", "text": "bees"}',
    b'{"text": "no id"}',
    b"",
    b"   ",
    b"not json",
    b'{"id": 3}',
    b'{"text": "\xff"}',
    '{"text": "蜜蜂"}'.encode(),
    b'\xef\xbb\xbf{"text": "a mark"}',
    b'{"text": "' + b"long " * 400 + b'"}',
]


def file_of(path: Path) -> DocumentFile:
    found = find_file(path)
    assert isinstance(found, DocumentFile)
    return found


def whole(path: Path, config: DataConfig) -> list[Document | Rejected]:
    items = list(stream_documents(path, DocumentBuilder(config, labelled=False)))
    return [each for each in items if not is_of_emptiness(each)]


def is_of_emptiness(item: Document | Rejected) -> bool:
    return isinstance(item, Rejected) and item.problems[0].what == "holds no documents."


def parts_of(path: Path, size: int, config: DataConfig) -> list[FilePart]:
    return list(divide_file(file_of(path), size, config))


def read_all(parts: list[FilePart], config: DataConfig) -> Iterator[Document | Rejected]:
    for part in parts:
        yield from read_part(part, config, ReadingLog())


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.sampled_from(LINES), max_size=12),
    st.integers(1, 5),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
    st.sampled_from([".jsonl", ".jsonl.gz", ".jsonl.zst"]),
)
def test_lines(
    tmp_path: Path, lines: list[bytes], size: int, end: bytes, open_end: bool, suffix: str
) -> None:
    content = end.join(lines) + (b"" if open_end else end)
    path = tmp_path / f"some{suffix}"
    if suffix.endswith(".gz"):
        content = gzip.compress(content)
    elif suffix.endswith(".zst"):
        content = pytest.importorskip("zstandard").compress(content)
    path.write_bytes(content)
    config = DataConfig(line_limit=1_024)
    parts = parts_of(path, size, config)
    assert list(read_all(parts, config)) == whole(path, config)
    assert [each.rows for each in parts[:-1]] == [size] * (len(parts) - 1)
    assert [each.number for each in parts] == list(range(len(parts)))


@pytest.mark.parametrize("group", [3, 7, 100])
@pytest.mark.parametrize("size", [1, 4, 50])
def test_rows_of_parquet(tmp_path: Path, group: int, size: int) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    texts = [None if row % 5 == 2 else f"bees {row}" for row in range(23)]
    path = tmp_path / "some.parquet"
    table = arrow.table({"text": texts, "other": list(range(23))})
    parquet.write_table(table, path, row_group_size=group)
    config = DataConfig()
    parts = parts_of(path, size, config)
    assert list(read_all(parts, config)) == whole(path, config)
    assert sum(each.rows for each in parts) == 23
    assert len({each.digest for each in parts}) == len(parts)


def test_what_differs_has_another_digest(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    lines = [json.dumps({"text": f"bees {row}"}) for row in range(6)]
    path.write_text("\n".join([*lines, ""]))
    before = [each.digest for each in parts_of(path, 2, DataConfig())]
    lines[3] = json.dumps({"text": "taps"})
    path.write_text("\n".join([*lines, lines[0], ""]))
    after = [each.digest for each in parts_of(path, 2, DataConfig())]
    assert [one == other for one, other in zip(before, after, strict=False)] == [True, False, True]
    assert len(after) == len(before) + 1


def test_other_encodings(tmp_path: Path) -> None:
    text = "".join(f'{{"text": "Bäume {row}"}}\n' for row in range(5))
    for encoding, count in (("utf-16", 1), ("utf-8-sig", 3), ("utf-16-le", 1), ("cp1252", 3)):
        path = tmp_path / f"{encoding}.jsonl"
        path.write_bytes(text.encode(encoding))
        config = DataConfig(encoding=encoding if encoding in ("utf-16-le", "cp1252") else "utf-8")
        parts = parts_of(path, 2, config)
        assert list(read_all(parts, config)) == whole(path, config)
        assert len(parts) == count
        assert len(whole(path, config)) == 5


def test_what_cannot_be_read_is_told_where_it_stands(tmp_path: Path) -> None:
    config = DataConfig()
    lines = b"".join(b'{"text": "bees and more of them %d"}\n' % row for row in range(2_000))
    cut = tmp_path / "cut.jsonl.gz"
    cut.write_bytes(gzip.compress(lines)[:-200])
    parts = parts_of(cut, 100, config)
    assert len(parts) > 5
    assert list(read_all(parts, config)) == whole(cut, config)
    [*_, last] = read_all(parts, config)
    assert isinstance(last, Rejected)
    assert "the compressed data breaks off after line" in last.problems[0].what
    for name, content in (
        ("no.jsonl.gz", b"no gzip"),
        ("no.parquet", b"PAR1 no"),
        ("u.jsonl", b"{\0"),
    ):
        path = tmp_path / name
        path.write_bytes(content * 3)
        [part] = parts_of(path, 10, config)
        [found] = read_part(part, config, ReadingLog())
        assert isinstance(found, Rejected)
        assert [found] == whole(path, config)
    gone = parts_of(cut, 100, config)[0]
    cut.unlink()
    [found] = read_part(gone, config, ReadingLog())
    assert found == Rejected(
        (Problem(str(cut), "cannot be read: No such file or directory."),), True
    )


def test_an_empty_file_has_one_part_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.touch()
    [part] = parts_of(path, 10, DataConfig())
    assert (part.start, part.end, part.rows, part.where) == (0, 0, 0, str(path))
    assert list(read_part(part, DataConfig(), ReadingLog())) == []
