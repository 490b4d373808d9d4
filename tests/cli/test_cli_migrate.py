"""``harnn migrate`` from the command line: what it says, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import harnn
from harnn.bundle import load_bundle, save_bundle
from harnn.cli.app import app
from harnn.data import write_rows
from support.topics import FAST, TAXONOMY, mixed_documents

NEW = """cat\tanimal
dogs\tanimal
tree\tplant
animal\tROOT
plant\tROOT
fern\tplant
"""
NAMES = "label\tname\ndogs\tDogs\ntree\tOaks and roses\nfern\tFern of the forest\n"
MAP = "old,new\ndog,dogs\noak,tree\nrose,tree\n,fern\n"
TRAIN, VALID = mixed_documents(60, 1), mixed_documents(20, 2)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("migrate")
    save_bundle(harnn.fit(TAXONOMY, TRAIN, VALID, FAST), home / "old")
    (home / "new.tsv").write_text(NEW)
    (home / "labels.tsv").write_text(NAMES)
    (home / "map.csv").write_text(MAP)
    write_rows(VALID, home / "old.jsonl")
    return home


def run(place: Path, *more: str, out: str) -> Any:
    arguments = ["migrate", str(place / "old"), "--taxonomy", str(place / "new.tsv")]
    return CliRunner().invoke(app, [*arguments, "--out", str(place / out), *more])


def refused(place: Path, *more: str, out: str = "never") -> str:
    """Return what is said about input that is refused, before anything is written."""
    before = {path.name for path in place.iterdir()}
    result = run(place, *more, out=out)
    assert result.exit_code != 0
    assert {path.name for path in place.iterdir()} == before
    return str(result.exception)


def test_a_model_is_migrated_and_tuned(place: Path) -> None:
    tune = "".join(
        json.dumps({"id": x.id, "text": x.full_text, "labels": ["cat"]}) + "\n"
        for x in VALID
        if x.labels == ("cat",)
    )
    (place / "tune.jsonl").write_text(tune)
    result = run(
        place,
        *("--map", str(place / "map.csv"), "--tune", str(place / "tune.jsonl")),
        *("--data", str(place / "old.jsonl"), "--review", str(place / "review.csv")),
        *("--json", str(place / "report.json")),
        out="tuned",
    )
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].endswith("taxonomy: 6 labels on 2 levels (2 / 4), 4 edges, a tree")
    assert lines[1].endswith("taxonomy: 6 labels on 2 levels (2 / 4), 4 edges, a tree")
    begins = "added: 0 -> 1 labels; each begins with the weights of its parents, turned towards "
    assert f"{begins}its name" in lines
    assert "Of these 1 renamed, 1 recoded." in lines
    few = f"Warning: {tune.count(chr(10))} documents to tune on are few: thresholds may be worse "
    assert f"{few}than before." in lines
    plain = json.loads((place / "report.json").read_text())
    assert plain["fates"]["merged"]["old"] == 2
    assert plain["fates"]["merged"]["new"] == 1
    assert plain["tuned"]["documents"] == tune.count("\n")
    assert (place / "review.csv").read_text().startswith("id,lifted,split,guessed,lost,before,")
    bundle = load_bundle(place / "tuned")
    assert bundle.documents["tuned"] == tune.count("\n")
    card = (place / "tuned" / "README.md").read_text()
    assert "- migrated from the model " in card
    assert "This was tuned on these very documents" in card
    predict = CliRunner().invoke(
        app, ["predict", str(place / "tuned"), "--text", "purring kitten meow whiskers"]
    )
    assert '"label": "cat"' in predict.stdout or '"label":"cat"' in predict.stdout


def test_what_is_found_without_a_mapping_is_told_as_guesses(place: Path) -> None:
    result = run(place, "--certainty", "0.7", out="guessed")
    assert result.exit_code == 0, result.output
    assert "The migrated model is in" in result.output
    assert "The report is in" not in result.output  # there is none
    card = (place / "guessed" / "README.md").read_text()
    assert "The numbers are those of the model before it was migrated" in card
    again = run(place, out="guessed")
    assert str(again.exception) == (
        f"{place}/guessed: exists already. Choose another --out, or replace it with --overwrite."
    )
    assert run(place, "--overwrite", out="guessed").exit_code == 0


def test_the_model_itself_is_no_place_to_write(place: Path) -> None:
    assert refused(place, "--overwrite", out="old") == (
        f"{place}/old: is the model itself; write the migrated one to another directory."
    )


def test_documents_and_their_list_go_together(place: Path) -> None:
    what = "lists documents of the old edition to look at: both or none are to be given."
    assert refused(place, "--review", str(place / "r.csv")) == (
        f"--review: {what} Give --data as well."
    )
    assert refused(place, "--data", str(place / "old.jsonl")) == (
        f"--data: {what} Give --review as well."
    )


def test_a_mapping_that_does_not_fit_is_refused(place: Path) -> None:
    path = place / "wrong.csv"
    path.write_text("old,new\nmoon,cat\ndog,sun\n")
    assert refused(place, "--map", str(path)) == (
        "2 problems in the taxonomy:\n"
        f"  {path}:2: 'moon' is no label of the old taxonomy.\n"
        f"  {path}:3: 'sun' is no label of the new taxonomy."
    )
    path.write_text("old;niu\n")
    assert "unknown column 'niu'" in refused(place, "--map", str(path))
    assert "no-such.csv" in refused(place, "--map", str(place / "no-such.csv"))


def test_labels_that_the_new_edition_lacks_are_refused(place: Path) -> None:
    assert "'oak'" in refused(
        place, "--map", str(place / "map.csv"), "--tune", str(place / "old.jsonl")
    )


def test_chinese_and_hostile_names_are_shown_and_kept(place: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.tsv"
    new.write_text("猫\tanimal\nanimal\tROOT\nplant\tROOT\n", encoding="utf-8")
    (tmp_path / "map.csv").write_text("old,new\ncat,猫\n", encoding="utf-8")
    names = "label\tname\n猫\t[red]\x1b[31m猫\n"
    (tmp_path / "labels.tsv").write_text(names, encoding="utf-8")
    result = CliRunner().invoke(
        app,
        [
            *("migrate", str(place / "old"), "--taxonomy", str(new), "--all"),
            *("--map", str(tmp_path / "map.csv"), "--out", str(tmp_path / "out")),
        ],
    )
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.output
    assert load_bundle(tmp_path / "out").taxonomy.codes == ("animal", "plant", "猫")
