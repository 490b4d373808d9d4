"""docs/reproducing.md: its settings are those of the code, and its commands can be typed."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from harnn.cli import run
from harnn.config import Config
from harnn.sample import sample
from support.typed_pages import DOCS, commands

PAGE = (DOCS / "reproducing.md").read_text(encoding="utf-8")
TINY = [f"model.{name}_size=8" for name in ("embedding", "lstm", "attention", "fc")]
TINY += ["text.vectors=random", "training.epochs=1"]


def table_of(title: str) -> list[list[str]]:
    part = PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    rows = [line for line in part.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


@pytest.mark.parametrize("row", table_of("Settings"), ids=lambda row: str(row[0]))
def test_settings_are_those_of_both_modes(row: list[str]) -> None:
    name, _, paper, usual = row
    section, key = name.strip("`").split(".")
    for mode, shown in (("paper", paper), ("harnn", usual)):
        config = Config.from_dict({"model": {"mode": mode}})
        assert str(getattr(getattr(config, section), key)) == shown, mode


def test_settings_that_differ_are_in_the_table() -> None:
    paper, usual = (Config.from_dict({"model": {"mode": mode}}) for mode in ("paper", "harnn"))
    differ = {
        f"`{table}.{key}`"
        for table, values in paper.to_dict().items()
        for key, value in values.items()
        if usual.to_dict()[table][key] != value
    }
    assert differ - {"`model.mode`"} <= {row[0] for row in table_of("Settings")}


def to_the_letter() -> list[str]:
    """Return the words of the command that writes every setting out."""
    (words,) = [words for words in commands(PAGE) if "strict" in words and "train" in words]
    return words


def test_to_the_letter_is_what_the_code_of_the_authors_states() -> None:
    """Every setting of its column, where that is one value, and none that is not in the table."""
    words = to_the_letter()
    given = [words[at + 1] for at, word in enumerate(words) if word == "--set"]
    given += ["model.mode=paper", f"training.seed={words[words.index('--seed') + 1]}"]
    config = Config.read(None, given)
    stated = {"training.batch_size": "32", "training.epochs": "10"}  # of its versions
    stated |= {"training.schedule": "exponential", "model.branches": "network"}
    stated |= {"training.patience": "1000", "training.seed": "13"}  # none, and not told
    nothing = {"model.embedding_dropout", "training.average"}
    rows = {row[0].strip("`"): row[1] for row in table_of("Settings")}
    assert {each.partition("=")[0] for each in given} - {"model.mode"} == rows.keys()
    for name, authors in rows.items():
        section, key = name.split(".")
        found = str(getattr(getattr(config, section), key))
        if name in nothing:
            assert (authors, found) == ("none", "0.0")
        elif name not in stated and found != authors:
            assert float(found) == float(authors), name
        else:
            assert found == stated.get(name, authors), name
    assert {"training.precision", "training.patience"} <= rows.keys()


def test_ablations_are_settings_that_go_together() -> None:
    for question, settings in table_of("Ablations"):
        for each in re.findall(r"`([^`]+)`", settings):
            mode = re.findall(r"--mode (\w+)", each)
            preset = re.findall(r"--preset (\w+)", each)
            given = re.findall(r"--set (\S+)", each)
            given += [f"model.mode={x}" for x in mode] + [f"model.preset={x}" for x in preset]
            assert Config.read(None, given), question


@pytest.mark.slow
def test_its_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With networks of a few numbers, on the sample."""
    files = sample("en")
    for name in ("train", "valid", "test"):
        shutil.copy(getattr(files, name), tmp_path / f"{name}.jsonl")
    shutil.copy(files.taxonomy, tmp_path / "taxonomy.tsv")
    monkeypatch.chdir(tmp_path)
    tiny = [word for setting in TINY for word in ("--set", setting)]
    typed = [words[1:] for words in commands(PAGE) if words[0] == "harnn"]
    for words in typed:
        assert run(words + (tiny if words[0] == "train" else [])) == 0, words
    config = Config.read(None, ["model.mode=paper"])
    assert config.model.branches == "network"
