"""Documents that are elsewhere: what fsspec reads, in this process and in others."""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harnn.data.files import DocumentFile
from harnn.errors import DocumentError, MissingExtraError
from harnn.scoring import Crew, ScoringProgress, score_archive
from harnn.scoring.sources import RemoteFile, _arrow_system, find_sources
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
        with pytest.raises(OSError, match="No such file or directory"):
            ask()


def test_a_scheme_whose_package_is_missing() -> None:
    with pytest.raises(MissingExtraError, match=r"dropbox://a/b\.jsonl cannot be read: "):
        find_sources(["dropbox://a/b.jsonl"])


def write_parquet(path: Path, texts: list[str]) -> bytes:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table({"text": texts}), path)
    return path.read_bytes()


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".parquet"])
@pytest.mark.parametrize("elsewhere", [True, False])
def test_what_changes_while_it_is_scored(
    memory: Any, tmp_path: Path, suffix: str, elsewhere: bool
) -> None:
    """The plan is that of other documents, so that answers belong to none of them."""
    place = tmp_path / f"a{suffix}"

    def write(word: str) -> None:
        texts = [f"{word} and honey {row}" for row in range(20)]
        lines = "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()
        if suffix == ".parquet":
            content = write_parquet(tmp_path / "new", texts)
        else:
            content = gzip.compress(lines) if suffix.endswith("gz") else lines
        memory.pipe(f"/a{suffix}", content)
        place.write_bytes(content)

    def change(progress: ScoringProgress) -> None:
        if progress.state == "scoring" and progress.done == 5:
            write("a dripping tap")

    write("bees")
    given: Any = f"memory://a{suffix}" if elsewhere else place
    out = tmp_path / "out"
    summary = score_archive(MODEL, [given], out, partition=5, listener=change)
    assert (summary.broken_files, summary.kept_partitions) == (1, 0)
    failed = [each["reason"] for each in failures_of(out) if each.get("whole_file")]
    assert set(failed) == {"was changed while it was read. Read it again."}
    again = score_archive(MODEL, [given], out, partition=5, resume=True)
    assert (again.documents, again.failed, again.broken_files) == (20, 0, 0)
    score_archive(MODEL, [given], tmp_path / "new-out", partition=5)
    assert answers_of(out) == answers_of(tmp_path / "new-out")


def test_marks_are_those_of_the_content(memory: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of files and a question about one file tell different things beside the mark."""
    memory.pipe("/a.jsonl", b"1")
    file = RemoteFile("memory://a.jsonl")
    assert file.version() == f"1 bytes, {memory.ukey('/a.jsonl')}"
    answers: list[dict[str, Any]] = [{"ETag": "x", "LastModified": 1}, {"ETag": "x"}, {"ETag": "y"}]
    told = iter(answers)
    monkeypatch.setattr(memory, "info", lambda _path: {"size": 1, **next(told)})
    assert [file.version() for _ in range(3)] == ["1 bytes, x", "1 bytes, x", "1 bytes, y"]


def test_lists_that_are_kept_are_not_believed(
    memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forgotten: list[str | None] = []
    monkeypatch.setattr(memory, "invalidate_cache", lambda path=None: forgotten.append(path))
    memory.pipe("/a.jsonl", b"")
    [file] = find_sources(["memory://*.jsonl"])
    file.open().close()
    assert forgotten == [None, "/a.jsonl"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("Could not connect\nto x."), "cannot be read: Could not connect to x."),
        (PermissionError("Access Denied"), "cannot be read: Access Denied."),
        (FileNotFoundError("a.jsonl"), "no such file."),
    ],
)
@pytest.mark.parametrize("url", ["memory://a.jsonl", "memory://deep/*.jsonl"])
def test_what_storage_refuses_is_told(
    memory: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str, url: str
) -> None:
    memory.pipe("/deep/a.jsonl", b"")

    def refuse(*_given: Any, **_more: Any) -> None:
        raise error

    for name in ("info", "find", "glob"):
        monkeypatch.setattr(memory, name, refuse)
    if "*" in url and isinstance(error, FileNotFoundError):
        reason = "cannot be read: No such file or directory."
    with pytest.raises(DocumentError) as told:
        find_sources([url])
    assert str(told.value) == f"{url}: {reason}"


def test_nothing_is_there(memory: Any) -> None:
    memory.pipe("/archive/a.jsonl", b"")
    for url, what in {
        "memory://archive/b.jsonl": "no such file.",
        "memory://archive": "is a directory, expected a file or a pattern of files.",
        "memory://archiv/b.jsonl": "no such file. Nothing is found at 'archiv' either.",
        "memory://archiv/*.jsonl": "no file is found for this pattern. "
        "Nothing is found at 'archiv' either.",
    }.items():
        with pytest.raises(DocumentError) as told:
            find_sources([url])
        assert str(told.value) == f"{url}: {what}"


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_a_storage_that_breaks_off(
    memory: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """Nothing is wrong with the file: another time it is read, and nothing else again."""
    texts = [f"bees and honey {row}" for row in range(20)]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts).encode()
    good = memory.open
    for name in ("a", "b"):
        table = write_parquet(tmp_path / "new", texts)
        memory.pipe(f"/{name}{suffix}", table if suffix == ".parquet" else lines)

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise RuntimeError("Response payload is not completed")

    def break_off(path: str, *given: Any, **more: Any) -> Any:
        return Broken(bytes(9_000)) if "/b" in path else good(path, *given, **more)

    def listen(progress: ScoringProgress) -> None:
        if progress.state == "scoring":
            monkeypatch.setattr(memory, "open", break_off)

    url, out = f"memory://*{suffix}", tmp_path / "out"
    summary = score_archive(MODEL, [url], out, partition=20, listener=listen)
    assert (summary.documents, summary.broken_files) == (20, 1)
    [failed] = failures_of(out)
    assert failed["reason"] == "cannot be read: Response payload is not completed."
    assert failed["where"] == f"memory://b{suffix}"
    monkeypatch.undo()
    again = score_archive(MODEL, [url], out, partition=20, resume=True)
    assert (again.documents, again.broken_files) == (40, 0)
    assert (again.kept_partitions, again.changed_partitions) == (1, 0)
    assert not failures_of(out)


def test_names_for_pyarrow() -> None:
    """All signs of a name are its own, but for options at the end."""
    pytest.importorskip("pyarrow.fs")
    _, path = _arrow_system("file:///tmp/odd #1 & [ü]%20*.jsonl") or (None, "")
    assert path == "/tmp/odd #1 & [ü]%20*.jsonl"
    s3 = _arrow_system("s3://a/b?c/[d].jsonl?region=x&endpoint_override=127.0.0.1:1&scheme=http")
    assert s3 is not None
    assert s3[1] == "a/b?c/[d].jsonl"
    assert s3[0].fs.region == "x"


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
