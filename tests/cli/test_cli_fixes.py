"""Tables of wrong spellings of labels: which commands take them, and models that were made so."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import harnn
from harnn.cli import program, run
from harnn.errors import ConfigError, DocumentError
from harnn.serve import ModelPlace, ServeSettings
from harnn.serve.models import Models
from support.topics import TOPICS

SPLITTING = (Path(__file__).parents[2] / "docs" / "splitting.md").read_text("utf-8")


def taking_fixes(group: Any, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from taking_fixes(command, f"{before}{name} ")
        elif any("--fixes" in option.opts for option in command.params):
            yield f"{before}{name}"


def test_the_page_names_all_commands_that_take_fixes() -> None:
    told = re.search(
        r"`--fixes` \(the setting\s+`data\.fixes`\) of (.*?) puts in place", SPLITTING, re.S
    )
    assert told is not None
    assert sorted(re.findall(r"`(\w+)`", told[1])) == sorted(taking_fixes(program()))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was trained with fixes, its documents, and the table."""
    home = tmp_path_factory.mktemp("fixed")
    (home / "taxonomy.tsv").write_text("".join(f"{label}\tROOT\n" for label in TOPICS))
    rows = [
        {"id": f"{n}", "text": f"{x} {n}", "labels": ["kat" if x == "cat" else x]}
        for n, x in enumerate([*TOPICS] * 8)
    ]
    (home / "d.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (home / "mended.tsv").write_text("label\tsuggestion\nkat\tcat\n")
    data, fixes, edges = home / "d.jsonl", home / "mended.tsv", home / "taxonomy.tsv"
    train = ["train", "--train", str(data), "--valid", "0.25", "-t", str(edges), "--preset", "fast"]
    train += ["--set", "text.min_count=1", "-o"]
    assert run([*train, str(home / "model"), "--fixes", str(fixes)]) == 0
    return home


MISSING = (
    "d.jsonl:{line}: unknown label 'kat'. The model was trained with a table of fixes, mended.tsv: "
    "give it with --fixes (data.fixes)."
)


def test_errors_name_the_table_that_the_training_had(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data = str(place / "model"), str(place / "d.jsonl")
    first = next(n for n, x in enumerate(TOPICS, start=1) if x == "cat")
    page, listed = place / "page.html", place / "errors.tsv"
    for command in (
        ["evaluate", model, "-d", data],
        ["evaluate", model, "-d", data, "--strategies"],
        ["report", model, "-d", data, "-o", str(page)],
        ["acceptance", model, "-d", data],
        ["drift", model, "-d", data, "--labelled"],
        ["compare", model, model, "-d", data],
        ["errors", "--model", model, "-d", data, "-o", str(listed)],
        ["explain", model, "-d", data, "--examples", data, "-o", str(page)],
    ):
        assert run(command) == 2, command
        said = capsys.readouterr().err
        assert said.splitlines()[1] == f"  {place}/{MISSING.format(line=first)}", command
        assert said.count("The model was trained") == 1
        fixed = [*command, "--fixes", str(place / "mended.tsv")]
        assert run(fixed) == 0, capsys.readouterr().err
        capsys.readouterr()


def test_the_name_is_told_as_far_as_it_is_known(place: Path, tmp_path: Path) -> None:
    data = place / "d.jsonl"
    bundle = harnn.load_bundle(place / "model")
    assert bundle.contents["fixes"] == (
        hashlib.sha256((place / "mended.tsv").read_bytes()).hexdigest()
    )
    shutil.copytree(place / "model", tmp_path / "model")
    (tmp_path / "model" / "provenance.json").unlink()
    with pytest.raises(DocumentError) as error:
        Models([ModelPlace("m", tmp_path / "model")], examples=[data])
    assert error.value.problems[0].hint == (
        "The model was trained with a table of fixes: give it with --fixes (data.fixes)."
    )


def test_examples_of_a_server_are_mended(place: Path) -> None:
    models = [ModelPlace("m", place / "model")]
    examples, fixes = (place / "d.jsonl",), place / "mended.tsv"
    served = Models(models, examples=examples, fixes=fixes).default
    assert served.examples is not None
    assert len(served.examples) == 8 * len(TOPICS)
    ServeSettings(models=tuple(models), examples=examples, fixes=fixes).check()
    with pytest.raises(ConfigError) as error:
        ServeSettings(models=tuple(models), fixes=fixes).check()
    assert str(error.value) == (
        "--fixes: needs documents, whose labels it mends. Give them with --examples."
    )
    with pytest.raises(ConfigError, match=r"none\.tsv: cannot be read"):
        ServeSettings(models=tuple(models), examples=examples, fixes=place / "none.tsv").check()


def test_explanations_with_mended_labels_say_where_they_are(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, fixes = place / "d.jsonl", place / "mended.tsv"
    for name in ("why.html", "why.jsonl"):
        command = ["explain", str(place / "model"), "-d", str(data), "-o", str(tmp_path / name)]
        assert run([*command, "--fixes", str(fixes)]) == 0
        assert capsys.readouterr().err.splitlines() == [
            "8 labels replaced and 0 dropped (data.fixes).",
            f"{8 * len(TOPICS)} documents explained.",
            f"The explanations are in {tmp_path / name}.",
        ]


def test_answers_in_files_are_told(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answers, scores = tmp_path / "answers.csv", tmp_path / "scores.npz"
    command = ["predict", str(place / "model"), "-d", str(place / "d.jsonl"), "-o", str(answers)]
    assert run([*command, "--scores", str(scores)]) == 0
    assert capsys.readouterr().err == (
        f"{8 * len(TOPICS)} documents answered.\nThe answers are in {answers}.\n"
        f"The scores of all labels are in {scores}.\n"
    )
    assert run(["predict", str(place / "model"), "--text", "cat", "-o", str(answers)]) == 0
    assert capsys.readouterr().err == (f"1 document answered.\nThe answers are in {answers}.\n")
    stream = ["predict", str(place / "model"), "--text", "cat", "--scores", str(scores)]
    assert run(stream) == 0  # standard output carries the answers
    shown = capsys.readouterr()
    assert json.loads(shown.out)["id"] == "1"
    assert shown.err == f"The scores of all labels are in {scores}.\n"


def test_documents_are_converted_with_mended_labels(place: Path, tmp_path: Path) -> None:
    output, edges = tmp_path / "train.txt", str(place / "taxonomy.tsv")
    command = ["convert", "--from", "harnn", "--to", "fasttext", "-t", edges]
    command += ["-d", str(place / "d.jsonl"), "-o", str(output)]
    assert run(command) == 2
    assert run([*command, "--fixes", str(place / "mended.tsv")]) == 0
    assert output.read_text().count("__label__cat") == 8
    assert "kat" not in output.read_text()
