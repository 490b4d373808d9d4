"""URLs where files of this machine are meant: said before work starts, nothing is made of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harnn.cli import run
from support.archives import MODEL, write_archive

HERE = "is a URL, expected a place on this machine."
READ = f"{HERE} Copy it here first; harnn score alone reads documents elsewhere."
WRITE = f"{HERE} Write it here, and copy it when it is finished."
TRAIN = ["train", "--taxonomy", "t.tsv", "--train", "a.jsonl", "--valid", "a.jsonl"]
TRAIN += ["--preset", "fast"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["predict", str(MODEL), "--data", "s3://b/x.jsonl"], f"s3://b/x.jsonl: {READ}"),
        (["predict", "s3://b/model", "--data", "a.jsonl"], f"s3://b/model: {READ}"),
        (
            ["predict", str(MODEL), "--data", "a.jsonl", "-o", "gs://b/x.jsonl"],
            f"gs://b/x.jsonl: {WRITE}",
        ),
        (
            ["predict", str(MODEL), "--data", "a.jsonl", "--acceptance", "s3://b/a.json"],
            f"s3://b/a.json: {READ}",
        ),
        (["evaluate", str(MODEL), "--data", "https://x.org/a.csv"], f"https://x.org/a.csv: {READ}"),
        (["evaluate", "s3://b/scores.npz", "--data", "a.jsonl"], f"s3://b/scores.npz: {READ}"),
        ([*TRAIN, "--out", "m", "--taxonomy", "s3://b/t.tsv"], f"s3://b/t.tsv: {READ}"),
        ([*TRAIN, "--out", "m", "--train", "s3://b/x.jsonl"], f"s3://b/x.jsonl: {READ}"),
        ([*TRAIN, "--out", "s3://b/model"], f"s3://b/model: {WRITE}"),
        (["score", str(MODEL), "--data", "a.jsonl", "--out", "s3://b/out"], f"s3://b/out: {WRITE}"),
    ],
)
def test_urls(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: list[str],
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_archive(Path("a.jsonl"), 2)
    Path("t.tsv").write_text("Nature > Bees\nNature > Gardens\n")
    assert run(command) == 2
    assert said in capsys.readouterr().err
    assert {place.name for place in tmp_path.iterdir()} == {"a.jsonl", "t.tsv"}
