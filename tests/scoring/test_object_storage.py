"""Archives in S3: a real server of its protocol on this machine, read by s3fs and by pyarrow.

The server is moto's. It and s3fs are no dependencies: the library below both asks for other
versions of packages than the rest. What storage does in general is in test_sources.py.
"""

from __future__ import annotations

import gzip
import http.client
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from harnn.cli import run
from harnn.config import DataConfig
from harnn.data import ReadingLog
from harnn.data.parts import divide_file, read_part
from harnn.errors import DocumentError
from harnn.scoring import Crew, score_archive
from harnn.scoring.sources import find_sources
from support.archives import MODEL, answers_of, failures_of, write_archive

_REASON = "is not installed: pip install 'moto[server]' s3fs, in an environment of its own"
moto = pytest.importorskip("moto.server", reason=f"a server for S3 {_REASON}")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
ODD = "odd #1 & [ü]?.jsonl"


class Between(BaseHTTPRequestHandler):
    """Hands requests on, counts what comes back, and does harm where it is told to."""

    protocol_version = "HTTP/1.1"
    server: Server

    def _hand_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        there = http.client.HTTPConnection(self.server.target)
        headers = {name: value for name, value in self.headers.items() if name != "Host"}
        there.request(self.command, self.path, body, headers)
        answer = there.getresponse()
        content = answer.read()
        there.close()
        status = 403 if self.server.refuses else answer.status
        content = b"" if self.server.refuses else content
        self.send_response(status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "date", "server", "content-length"):
                self.send_header(name, value)
        size = answer.getheader("Content-Length") if self.command == "HEAD" else len(content)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        is_data = self.command == "GET" and "list-type" not in self.path
        if is_data and self.server.breaks:
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
            return
        self.server.sent += len(content) * is_data
        self.wfile.write(content)

    def do_GET(self) -> None:
        self._hand_on()

    def do_HEAD(self) -> None:
        self._hand_on()

    def do_PUT(self) -> None:
        self._hand_on()

    def do_POST(self) -> None:
        self._hand_on()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """Stands before the server of S3."""

    daemon_threads = True
    target = ""
    sent = 0
    """Bytes of files."""
    refuses = breaks = False


@pytest.fixture(scope="module")
def behind() -> Iterator[str]:
    server = moto.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"{host}:{port}"
    server.stop()


@pytest.fixture
def server(behind: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The place and the keys are given as docs/scoring.md says."""
    with Server(("127.0.0.1", 0), Between) as between:
        between.target = behind
        threading.Thread(target=between.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{between.server_port}")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield between
        between.shutdown()


@pytest.fixture
def bucket(server: Server) -> Iterator[Any]:
    boto3 = pytest.importorskip("boto3")
    place = boto3.resource("s3", endpoint_url=f"http://{server.target}").Bucket("archive")
    place.create()
    yield place
    place.objects.delete()
    place.delete()


@pytest.fixture(params=["s3fs", "pyarrow"])
def through(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What reads URLs."""
    name = str(request.param)
    if name == "s3fs":
        s3fs = pytest.importorskip("s3fs", reason=f"s3fs {_REASON}")
        s3fs.S3FileSystem.clear_instance_cache()
    else:
        pytest.importorskip("pyarrow.fs")

        def refuse(url: str) -> None:
            raise ImportError("Install s3fs to access S3")

        monkeypatch.setattr("fsspec.core.url_to_fs", refuse)
    return name


def documents(folder: Path, count: int) -> bytes:
    return write_archive(folder / "a.jsonl", count).read_bytes()


def put_parquet(bucket: Any, key: str, folder: Path, lines: bytes) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = arrow.Table.from_pylist([json.loads(line) for line in lines.splitlines()])
    parquet.write_table(rows, folder / "a.parquet", row_group_size=7)
    bucket.put_object(Key=key, Body=(folder / "a.parquet").read_bytes())


def refused(*given: str) -> str:
    with pytest.raises(DocumentError) as told:
        find_sources(given)
    return str(told.value)


def test_what_is_found(bucket: Any, through: str) -> None:
    for key in ("a.jsonl", "deep/b.jsonl.gz", "deep/er/c.jsonl", "deep/d.txt", ODD):
        bucket.put_object(Key=key, Body=b"{}\n")

    def found(*given: str) -> list[str]:
        return [file.name.removeprefix("s3://archive/") for file in find_sources(given)]

    assert found("s3://archive/**/*.jsonl*") == [
        "a.jsonl",
        "deep/b.jsonl.gz",
        "deep/er/c.jsonl",
        ODD,
    ]
    assert found("s3://archive/deep/[bc].jsonl.gz") == ["deep/b.jsonl.gz"]
    assert found("s3://archive/odd*", "s3://archive/a.jsonl") == ["a.jsonl", ODD]
    for url, what in {
        "s3://archive/x.jsonl": "no such file.",
        "s3://archive/*.parquet": "no file is found for this pattern.",
        "s3://nowhere/x.jsonl": "no such file. Nothing is found at 'nowhere' either.",
        "s3://nowhere/*.jsonl": "no file is found for this pattern. "
        "Nothing is found at 'nowhere' either.",
        "s3://archive/deep": "is a directory, expected a file or a pattern of files.",
    }.items():
        assert refused(url) == f"{url}: {what}"


def test_answers_and_what_changes(bucket: Any, through: str, tmp_path: Path) -> None:
    lines = documents(tmp_path, 40)
    bucket.put_object(Key="a.jsonl", Body=lines)
    bucket.put_object(Key="b.jsonl.gz", Body=gzip.compress(lines))
    put_parquet(bucket, "c.parquet", tmp_path, lines)
    bucket.put_object(Key=f"deep/{ODD}", Body=lines)
    given = ["s3://archive/**/*.jsonl*", "s3://archive/*.parquet"]
    out = tmp_path / "out"
    summary = score_archive(MODEL, given, out, partition=9)
    assert (summary.documents, summary.failed, summary.partitions) == (160, 0, 20)
    score_archive(MODEL, [tmp_path / "a.jsonl"], tmp_path / "near", partition=9)
    assert answers_of(out) == answers_of(tmp_path / "near") * 4
    again = score_archive(MODEL, [*given, "s3://archive/a.jsonl"], out, partition=9, resume=True)
    assert (again.kept_partitions, again.changed_partitions) == (20, 0)
    changed = lines.replace(b"bees", b"bugs", 1)
    bucket.put_object(Key="b.jsonl.gz", Body=gzip.compress(changed))
    put_parquet(bucket, "c.parquet", tmp_path, changed)
    again = score_archive(MODEL, given, out, partition=9, resume=True)
    assert (again.kept_partitions, again.changed_partitions) == (14, 6)


@pytest.mark.parametrize("through", ["s3fs"], indirect=True)
def test_processes(bucket: Any, through: str, tmp_path: Path) -> None:
    bucket.put_object(Key="a.jsonl", Body=documents(tmp_path, 40))
    score_archive(MODEL, ["s3://archive/*.jsonl"], tmp_path / "far", partition=9, crew=Crew(2))
    score_archive(MODEL, [tmp_path / "a.jsonl"], tmp_path / "near", partition=9)
    assert answers_of(tmp_path / "far") == answers_of(tmp_path / "near")


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_what_changes_between_plan_and_answers(
    bucket: Any, through: str, tmp_path: Path, kind: str
) -> None:
    lines = documents(tmp_path, 40)

    def put(lines: bytes) -> None:
        if kind == "parquet":
            put_parquet(bucket, "a.parquet", tmp_path, lines)
        else:
            bucket.put_object(Key="a.jsonl", Body=lines)

    def change(progress: Any) -> None:
        if progress.state == "scoring" and progress.done == 20:
            put(lines.replace(b"and", b"but"))

    put(lines)
    url, out = f"s3://archive/a.{kind}", tmp_path / "out"
    summary = score_archive(MODEL, [url], out, partition=20, listener=change)
    assert (summary.broken_files, [x["where"] for x in failures_of(out)]) == (1, [url])
    assert failures_of(out)[0]["reason"] == "was changed while it was read. Read it again."
    again = score_archive(MODEL, [url], out, partition=20, resume=True)
    assert (again.documents, again.failed, again.kept_partitions) == (40, 0, 0)
    score_archive(MODEL, [url], tmp_path / "new", partition=20)
    assert answers_of(out) == answers_of(tmp_path / "new")


def test_connections_that_break(
    server: Server,
    bucket: Any,
    through: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Both try again some times first."""
    bucket.put_object(Key="a.jsonl", Body=documents(tmp_path, 400))
    out = tmp_path / "out"
    command = ["score", str(MODEL), "--data", "s3://archive/a.jsonl", "--out", str(out)]
    server.breaks = True
    assert run([*command, "--partition", "100"]) == 2
    said = capsys.readouterr().err
    assert "all documents are answered but 1 file could not be read to the end" in said
    [failed] = failures_of(out)
    assert str(failed["reason"]).startswith("cannot be read: ")
    assert failed["where"] == "s3://archive/a.jsonl"
    server.breaks = False
    assert run([*command, "--partition", "100", "--resume"]) == 0
    score_archive(MODEL, [tmp_path / "a.jsonl"], tmp_path / "near", partition=100)
    assert answers_of(out) == answers_of(tmp_path / "near")
    server.refuses = True
    assert run([*command, "--partition", "100", "--resume"]) == 2
    said = capsys.readouterr().err
    assert "s3://archive/a.jsonl: cannot be read: " in said
    assert "Traceback" not in said


def test_parts_of_a_large_file_are_read_directly(
    server: Server, bucket: Any, through: str, tmp_path: Path
) -> None:
    row = json.dumps({"text": "bees and honey " * 400}).encode() + b"\n"
    bucket.put_object(Key="a.jsonl", Body=row * 5_000)
    [file] = find_sources(["s3://archive/a.jsonl"])
    parts = list(divide_file(file, 500, DataConfig()))
    assert len(parts) == 10
    size = len(row) * 500
    for part in (parts[0], parts[4], parts[-1]):
        server.sent = 0
        assert len(list(read_part(part, DataConfig(), ReadingLog()))) == 500
        assert size <= server.sent < size + (9 << 20)
