"""Text from data, paths and arguments: never read as markup, never acted on by a terminal."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from harnn.cli import run
from harnn.taxonomy import Taxonomy

MODELS = Path(__file__).parents[1] / "golden" / "format-3"
ODD = "[/b][bold]\x1b[31m\x9b2J\u202e"
SHOWN = r"[/b][bold]\x1b[31m\x9b2J\u202e"
FILE = ODD.replace("[/b]", "")
FILE_SHOWN = SHOWN.replace("[/b]", "")
FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]")


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no cell of a table be folded."""
    monkeypatch.setenv("COLUMNS", "400")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files and directories whose names, levels, labels, ids and texts are odd."""
    home = tmp_path_factory.mktemp("names") / f"dir {FILE}"
    for part in ("x[", "bad[", "model[", "again[", "report[", "a[", "e["):
        (home / part).mkdir(parents=True)
    tops, leaves = [f"{ODD}top{i}" for i in range(2)], [f"{ODD}leaf{i}" for i in range(4)]
    taxonomy = Taxonomy.from_levels(
        {f"{ODD}level0": tops, f"{ODD}level1": leaves},
        [(leaf, tops[i % 2]) for i, leaf in enumerate(leaves)],
        names=dict.fromkeys([*tops, *leaves], f"{ODD}name"),
    )
    (home / "x[/f].json").write_text(taxonomy.to_json(), encoding="utf-8")
    documents = [
        {"id": f"{ODD}{i}", "text": f"word{i % 4} {ODD}", "labels": [leaves[i % 4]]}
        for i in range(40)
    ]
    lines = "".join(f"{json.dumps(document)}\n" for document in documents)
    for name in (f"x[/f]{FILE}.jsonl", os.fsdecode(b"\xff.jsonl")):
        (home / name).write_text(lines, encoding="utf-8")
    bad = json.dumps({"id": ODD, "text": "x", "labels": [f"{ODD}none"]})
    (home / "bad[/f].jsonl").write_text(f"{bad}\n", encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def model(home: Path) -> Path:
    out = home / "model[/m]"
    assert run(["train", *TRAINING(home), "--out", str(out)]) == 0
    return out


def TRAINING(home: Path) -> list[str]:  # noqa: N802
    data = str(home / f"x[/f]{FILE}.jsonl")
    more = ["--taxonomy", str(home / "x[/f].json"), "--preset", "fast"]
    return ["--train", data, "--valid", data, *more]


def shown(capsys: pytest.CaptureFixture[str]) -> str:
    """Return what a command printed, which must be fit for a terminal."""
    captured = capsys.readouterr()
    text = captured.out + captured.err
    assert FORBIDDEN.search(text) is None
    assert "Traceback" not in text
    return text


def flat(text: str) -> str:
    return "".join(text.split())


def test_train(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = home / "again[/m]"
    assert run(["train", *TRAINING(home), "--out", str(out)]) == 0
    text = shown(capsys)
    assert f"{SHOWN}level0" in flat(text)
    assert "again[/m]/." in text
    assert run(["train", *TRAINING(home), "--out", str(out)]) == 2
    assert f"dir {FILE_SHOWN}/again[/m]: exists already." in shown(capsys)


def test_commands_with_a_model(
    home: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, wanted in (
        (f"x[/f]{FILE}.jsonl", f"x[/f]{FILE_SHOWN}.jsonl"),
        (os.fsdecode(b"\xff.jsonl"), r"\udcff.jsonl"),
    ):
        data = ["--data", str(home / name)]
        report = str(home / "report[/r].json")
        assert run(["evaluate", str(model), *data, "--json", report]) == 0
        assert wanted in flat(shown(capsys))
        assert run(["evaluate", str(model), *data, "--strategies"]) == 0
        assert wanted in flat(shown(capsys))
        assert run(["compare", str(model), str(model), *data, "--samples", "3"]) == 0
        assert f"A: {model}".replace(FILE, FILE_SHOWN) in shown(capsys)
        assert run(["validate", "--taxonomy", str(home / "x[/f].json"), *data]) == 0
        text = flat(shown(capsys))
        assert wanted in text
        assert f"{SHOWN}level1" in text
        assert run(["predict", str(model), *data, "--top-k", "2"]) == 0
        answers = [json.loads(line) for line in shown(capsys).splitlines()]
        assert answers[0]["id"] == f"{ODD}0"
        assert answers[0]["labels"][0]["name"] == f"{ODD}name"
        for output in ("a[/a].jsonl", "a.csv", "a.tsv", "a.parquet"):
            place = home / output
            assert run(["predict", str(model), *data, "--output", str(place)]) == 0
            assert " documents answered.\n" in shown(capsys)
            assert place.stat().st_size > 0
        for output in ("e[/e].html", "e[/e].jsonl"):
            assert run(["explain", str(model), *data, "--output", str(home / output)]) == 0
            assert " documents explained.\n" in shown(capsys)
    assert run(["decoding", str(model)]) == 0
    assert "model[/m] chooses labels scored at least " in shown(capsys)


def test_mistakes(home: Path, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = str(home / "bad[/f].jsonl")
    for command in (
        ["evaluate", str(model)],
        ["compare", str(model), str(model)],
        ["validate", "--taxonomy", str(home / "x[/f].json")],
    ):
        assert run([*command, "--data", bad]) == 2
        text = shown(capsys)
        assert "bad[/f].jsonl:1: unknown label" in text
    for arguments in (
        ["predict", f"{ODD}none", "--text", "x"],
        ["predict", str(model), "--data", f"{ODD}none.jsonl"],
        ["predict", str(model), "--text", "x", "--set", f"{ODD}=1"],
        ["predict", str(model), "--text", "x", "--set", f"data.id_field{ODD}=1"],
        ["predict", str(model), "--text", "x", f"--{ODD}", "1"],
        ["predict", str(model), "--text", "x", "--strategy", ODD],
        ["predict", str(model), "--text", "x", "--device", ODD],
        ["predict", str(model), "--text", "x", "-o", f"{ODD}.none"],
        ["evaluate", str(model), "--data", "x.jsonl", "--json", f"{ODD}.none"],
        ["validate", "--data", "x.jsonl", "--config", f"{ODD}.toml"],
        ["taxonomy", "--data", "x.jsonl", "-o", "x.json", "--size", ODD],
        [f"{ODD}\udcff"],
    ):
        assert run(arguments) == 2, arguments
        text = shown(capsys)
        assert r"[/b][bold]\x1b[31m" in text or r"[/b][bold]\x1b[31m".replace("\\", "\\\\") in text


def test_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "x[" / f"x]{FILE}"
    out.parent.mkdir()
    assert run(["export", str(MODELS / "network"), "--output", str(out)]) == 0
    assert f"x[/x]{FILE_SHOWN}/: " in shown(capsys)


def test_a_taxonomy_that_is_learned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "x[" / f"f]{FILE}.jsonl"
    data.parent.mkdir()
    rows = [
        {"id": str(i), "title": "x", "section": [i % 2], ODD: [i % 4], "labels": [i % 2, 2 + i % 4]}
        for i in range(8)
    ]
    data.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    out = tmp_path / f"taxonomy{FILE}.json"
    assert run(["taxonomy", "--data", str(data), "--output", str(out)]) == 0
    assert "8 records tell the parents of 4 labels" in shown(capsys)
    assert FORBIDDEN.search(out.read_text("utf-8")) is None
    assert run(["taxonomy", "--data", f"{ODD}none.jsonl", "--output", str(out)]) == 2
    assert f"{SHOWN}none.jsonl: no such file." in shown(capsys)
