"""Files of documents: answers as ``harnn predict`` writes them, bounds, damaged files."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from harnn.cli import run
from harnn.serve import Limits
from harnn.serve.uploads import MOST_DOCUMENTS
from support.served import client_of

BEES = "The bees fill the hive with honey."
ROWS = [{"id": f"d{n}", "text": f"{BEES} {n}"} for n in range(150)]
JSONL = "".join(f"{json.dumps(row)}\n" for row in ROWS)


@pytest.fixture(scope="module")
def client(model: Path) -> Iterator[TestClient]:
    with client_of(f"sample={model}", limits=Limits(body_bytes=1 << 20)) as found:
        yield found


def table(delimiter: str) -> bytes:
    written = io.StringIO()
    rows = csv.DictWriter(written, ["id", "text"], delimiter=delimiter)
    rows.writeheader()
    rows.writerows(ROWS)
    return written.getvalue().encode()


def sheet() -> bytes:
    openpyxl = pytest.importorskip("openpyxl", reason="openpyxl is not installed")
    book = openpyxl.Workbook()
    for row in (["id", "text"], *([x["id"], x["text"]] for x in ROWS)):
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def send(client: TestClient, what: str, content: bytes, name: str, **query: Any) -> Any:
    binary = {"Content-Type": "application/octet-stream"}
    return client.post(
        f"/v1/file/{what}", params={"name": name} | query, content=content, headers=binary
    )


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.jsonl", JSONL.encode),
        ("a.csv", lambda: table(",")),
        ("a.tsv", lambda: table("\t")),
        ("A.CSV.GZ", lambda: gzip.compress(table(","))),
        ("a.txt", lambda: f"{BEES}\n第二 荔枝\n".encode()),
        ("a.xlsx", sheet),
    ],
)
def test_answers_are_those_of_the_command(
    client: TestClient, model: Path, tmp_path: Path, name: str, make: Any
) -> None:
    content = make()
    (tmp_path / name).write_bytes(content)
    output = tmp_path / "answers.jsonl"
    assert run(["predict", str(model), "--data", str(tmp_path / name), "-o", str(output)]) == 0
    answer = send(client, "predict", content, name)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/jsonl")
    ours, theirs = answer.text.splitlines(), output.read_text("utf-8").splitlines()
    assert [json.loads(line)["id"] for line in ours] == [json.loads(line)["id"] for line in theirs]
    assert ours == theirs
    found = send(client, "preview", content, name).json()
    assert found["documents"] == len(found["lines"]) == len(ours)
    assert found["first"][0]["text"]["text"].startswith(BEES)


def test_a_preview_names_lines_and_cuts_long_texts(client: TestClient) -> None:
    found = send(client, "preview", table(","), "a.csv").json()
    assert found["lines"][:3] == [2, 3, 4]
    assert [row["id"] for row in found["first"]] == ["d0", "d1", "d2", "d3", "d4"]
    long = send(client, "preview", b"x" * 5_000, "a.txt").json()["first"][0]
    assert (long["id"], len(long["text"]["text"])) == ("a.txt:1", 301)


def test_errors_are_as_reading_gives_them_under_the_name_of_the_client(client: TestClient) -> None:
    answer = send(client, "preview", b"id,text\na,b,c\n", r"C:\fakepath\old export.csv")
    assert answer.status_code == 422
    detail = answer.json()["detail"]
    assert detail.startswith("old export.csv:2: "), detail
    assert "/tmp" not in answer.text
    for content, name in ((b"{", "a.jsonl"), (b"PK", "a.xlsx"), (b"\xff\xfe\x00", "a.txt")):
        answer = send(client, "predict", content, name)
        assert answer.status_code == 422, name
        assert "harnn-" not in answer.text


@pytest.mark.parametrize(
    "name",
    ["a.parquet", "a.pdf", "../../etc/passwd", "a.csv.zst", "a.xlsx.gz", ".", "a\0b", "dir/"],
)
def test_other_files_are_refused(client: TestClient, name: str) -> None:
    answer = send(client, "preview", b"id,text\n", name)
    assert answer.status_code == 422
    assert "expected .csv, .tsv, .jsonl, .txt (each also with .gz) or .xlsx." in answer.text


def test_packed_files_are_bounded(client: TestClient) -> None:
    bomb = gzip.compress(b"\n" * (9 << 20))
    answer = send(client, "preview", bomb, "a.txt.gz")
    assert (answer.status_code, answer.json()["detail"]) == (
        413, "Unpacked the file has more than 8,388,608 bytes, the most that is taken."
    )  # fmt: skip
    packed = gzip.compress(b"bees\n")
    assert send(client, "preview", packed * 3, "a.txt.gz").json()["documents"] == 3
    for damaged in (packed[:-9], b"plain", packed * 1_025):
        assert send(client, "preview", damaged, "a.txt.gz").status_code == 400


def test_too_much_is_refused_before_anything_is_answered(client: TestClient, model: Path) -> None:
    many = b"a\n" * (MOST_DOCUMENTS + 1)
    answer = send(client, "predict", many, "a.txt")
    assert answer.json()["detail"] == "The file has more than 100,000 documents; send it in parts."
    assert send(client, "predict", b"x" * (2 << 20), "a.txt").status_code == 413
    with client_of(model, limits=Limits(characters=10)) as narrow:
        answer = send(narrow, "predict", b"short\nlonger than that\n", "a.txt")
    assert answer.json()["detail"] == (
        "Line 2: document 'a.txt:2' has 16 characters, at most 10 are taken."
    )


def test_blocks_are_no_larger_than_a_request_may_be(model: Path) -> None:
    with client_of(model, limits=Limits(documents=7)) as narrow:
        answer = send(narrow, "predict", JSONL.encode(), f"{'x' * 500}.jsonl")
    assert len(answer.text.splitlines()) == len(ROWS)


def test_an_empty_file_and_a_model_that_is_none(client: TestClient) -> None:
    assert send(client, "predict", b"", "a.jsonl").status_code in (200, 422)
    assert send(client, "predict", b"a", "a.txt", model="none").status_code == 404
