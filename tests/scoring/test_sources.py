"""Documents that are elsewhere: what fsspec reads, in this process and in others."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harnn.data.files import DocumentFile
from harnn.errors import DocumentError, MissingExtraError
from harnn.scoring import Crew, score_archive
from harnn.scoring.sources import RemoteFile, find_sources
from support.archives import MODEL, answers_of, failures_of, write_archive
from support.http_servers import Handler, serving

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def memory() -> Iterator[Any]:
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()
    system.pseudo_dirs[:] = [""]


def test_patterns_of_urls(memory: Any, tmp_path: Path) -> None:
    data = write_archive(tmp_path / "a.jsonl", 12).read_bytes()
    memory.pipe("/archive/deep/a.jsonl", data)
    memory.pipe("/archive/b.jsonl.gz", gzip.compress(data))
    memory.pipe("/archive/c.txt", b"")
    found = find_sources(["memory://archive/**/*.jsonl*", "memory://archive/b.jsonl.gz"])
    assert [file.name for file in found] == [
        "memory://archive/b.jsonl.gz",
        "memory://archive/deep/a.jsonl",
    ]
    assert [file.compression for file in found] == ["gz", ""]
    out = tmp_path / "out"
    summary = score_archive(MODEL, ["memory://archive/**/*.jsonl*"], out, partition=5)
    assert (summary.documents, summary.partitions) == (24, 6)
    score_archive(MODEL, [tmp_path / "a.jsonl"], tmp_path / "here", partition=5)
    assert answers_of(out) == answers_of(tmp_path / "here") * 2
    memory.pipe("/archive/deep/a.jsonl", data.replace(b"d3", b"x3"))
    again = score_archive(MODEL, ["memory://archive/**/*.jsonl*"], out, partition=5, resume=True)
    assert (again.kept_partitions, again.changed_partitions) == (5, 1)
    memory.rm("/archive/deep/a.jsonl")
    with pytest.raises(DocumentError, match=r"memory://archive/x\.jsonl: no such file"):
        find_sources(["memory://archive/x.jsonl"])
    with pytest.raises(DocumentError, match="no file is found for this pattern"):
        find_sources(["memory://archive/*.parquet"])


def test_parquet_elsewhere(memory: Any, tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = arrow.table({"id": [f"d{row}" for row in range(9)], "text": ["bees"] * 9})
    parquet.write_table(rows, tmp_path / "a.parquet", row_group_size=4)
    memory.pipe("/a.parquet", (tmp_path / "a.parquet").read_bytes())
    score_archive(MODEL, ["memory://a.parquet"], tmp_path / "far", partition=2)
    score_archive(MODEL, [tmp_path / "a.parquet"], tmp_path / "near", partition=2)
    assert answers_of(tmp_path / "far") == answers_of(tmp_path / "near")
    memory.pipe("/a.parquet", b"PAR1")
    summary = score_archive(MODEL, ["memory://a.parquet"], tmp_path / "no")
    assert (summary.documents, summary.broken_files) == (0, 1)
    assert "is damaged or not a Parquet file" in str(failures_of(tmp_path / "no")[0]["reason"])


def test_what_is_gone_is_told(memory: Any, tmp_path: Path) -> None:
    file = DocumentFile(
        Path("a.jsonl"), "memory://a.jsonl", "json-lines", "", RemoteFile("memory://a.jsonl")
    )
    for ask in (file.open, file.size):
        with pytest.raises(OSError, match=r"a\.jsonl"):
            ask()


def test_a_scheme_whose_package_is_missing() -> None:
    with pytest.raises(MissingExtraError, match=r"dropbox://a/b\.jsonl cannot be read: "):
        find_sources(["dropbox://a/b.jsonl"])


class _Ranges(Handler):
    """Gives files, and parts of them, as object storage does."""

    content = b""

    def answer(self) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        body = self.content[int(asked[1]) : int(asked[2]) + 1] if asked else self.content
        headers = {"Accept-Ranges": "bytes"}
        if asked:
            headers["Content-Range"] = f"bytes {asked[1]}-{asked[2]}/{len(self.content)}"
        self.send(206 if asked else 200, body, headers)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_processes_read_over_a_network(tmp_path: Path) -> None:
    pytest.importorskip("aiohttp")
    data = write_archive(tmp_path / "a.jsonl", 4_000)
    handler = type("Handler", (_Ranges,), {"content": data.read_bytes()})
    with serving(handler) as address:
        far = tmp_path / "far"
        score_archive(MODEL, [f"{address}/a.jsonl"], far, partition=900, crew=Crew(2))
    score_archive(MODEL, [data], tmp_path / "near", partition=900)
    assert answers_of(tmp_path / "far") == answers_of(tmp_path / "near")
