"""``harnn validate`` tells the hashes of what a model was made of."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import harnn
from harnn.cli import run
from support.topics import TOPICS


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A taxonomy, two files of training documents, one to validate on, and fixes."""
    found = {name: tmp_path / f"{name}.csv" for name in ("one", "two", "valid")}
    for start, path in enumerate(found.values()):
        rows = (
            f"{n},{x} {n} {start},{'kat' if x == 'cat' else x}" for n, x in enumerate([*TOPICS] * 6)
        )
        path.write_text("id,text,labels\n" + "\n".join(rows) + "\n")
    found["taxonomy"], found["fixes"] = tmp_path / "taxonomy.tsv", tmp_path / "fixes.tsv"
    found["taxonomy"].write_text("".join(f"{label}\tROOT\n" for label in TOPICS))
    found["fixes"].write_text("label\tsuggestion\nkat\tcat\n")
    return found


def test_the_hashes_are_those_of_a_model(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, told = tmp_path / "model", tmp_path / "told.json"
    one, two, valid = (str(files[name]) for name in ("one", "two", "valid"))
    common = ["-t", str(files["taxonomy"]), "--fixes", str(files["fixes"])]
    train = ["train", "--train", one, "--train", two, "--valid", valid, "-o", str(out)]
    train += ["--preset", "fast", "--set", "text.min_count=1"]
    assert run([*train, *common]) == 0
    capsys.readouterr()
    check = ["validate", "-d", one, "-d", two, "--test", valid, "--json", str(told)]
    assert run([*check, *common]) == 0
    lines = capsys.readouterr().out.splitlines()
    info = harnn.model_info(out)
    plain = json.loads(told.read_text())
    assert plain["contents"] == {
        "taxonomy": info.taxonomy.version,
        "data": info.contents["train"],
        "test": info.contents["valid"],
    }
    hashes = [each["sha256"] for each in plain["files"]]
    assert hashes[2] == info.contents["valid"]
    at = lines.index("SHA-256 of what is read, as a model's card and harnn info tell it:")
    assert lines[at + 1 : at + 6] == [
        f"  {info.taxonomy.version}  taxonomy",
        f"  {hashes[0]}  {one}",
        f"  {hashes[1]}  {two}",
        f"  {hashes[2]}  {valid}",
        f"  {info.contents['train']}  all of --data",
    ]
    assert info.contents["valid"] in (out / "README.md").read_text()


def test_no_hash_where_something_is_to_be_mended_or_no_taxonomy_is_known(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = tmp_path / "told.json"
    data = ["-d", str(files["one"])]
    assert run(["validate", *data, "-t", str(files["taxonomy"])]) == 2
    assert "SHA-256" not in capsys.readouterr().out
    assert run(["validate", *data, "--json", str(told)]) == 0
    assert "SHA-256" not in capsys.readouterr().out
    plain = json.loads(told.read_text())
    assert (plain["contents"], plain["files"][0]["sha256"]) == ({}, "")


def test_dropped_labels_are_not_hashed(files: dict[str, Path]) -> None:
    taxonomy = harnn.Taxonomy.from_file(files["taxonomy"])
    config = harnn.Config.from_dict(
        {"data": {"on_error": "drop-labels"}, "model": {"preset": "fast"}, "text": {"min_count": 1}}
    )
    result = harnn.fit(taxonomy, files["one"], files["valid"], config)
    survey = harnn.validate(files["one"], taxonomy, config).survey
    assert survey.contents["data"] == result.contents["train"]
