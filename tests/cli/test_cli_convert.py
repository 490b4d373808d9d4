"""harnn convert: what is typed, what is said, what is written."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from harnn.cli import run
from harnn.converters import FORMATS
from harnn.sample import sample

FILES = sample("en")


def failing(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert run([str(argument) for argument in arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    return shown.err


def test_the_sample_goes_to_hiagm_and_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there, taxonomy = tmp_path / "there.json", tmp_path / "there.taxonomy"
    given = ["--data", str(FILES.test), "--taxonomy", str(FILES.taxonomy)]
    written = ["--output", str(there), "--taxonomy-out", str(taxonomy)]
    assert run(["convert", "--from", "harnn", "--to", "hiagm", *given, *written]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    count = len(FILES.test.read_text().splitlines())
    lines = shown.err.splitlines()
    assert lines[-3:] == [
        f"{count} documents converted.",
        f"The documents are in {there}.",
        f"The taxonomy is in {taxonomy}.",
    ]
    assert all(line.startswith("Note: ") for line in lines[:-3])
    assert any(line.startswith("Note: ids are lost (") for line in lines)
    given = ["--data", str(there), "--taxonomy", str(taxonomy), "-o", str(tmp_path / "b.jsonl")]
    assert run(["convert", "--from", "hiagm", "--to", "harnn", *given]) == 0
    assert len((tmp_path / "b.jsonl").read_text().splitlines()) == count


def test_formats_are_listed_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["convert", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(FORMATS)


def test_what_is_missing_or_unknown_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert failing(capsys, "convert") == (
        "Error: 4 problems in the configuration:\n"
        "  --from: is missing.\n  --to: is missing.\n"
        "  --data: is missing.\n  --output: is missing.\n"
    )
    shown = failing(capsys, "convert", "--from", "x", "--to", "aws", "-d", "-", "-o", "o.csv")
    assert shown == f"Error: --from: got 'x', expected one of {', '.join(FORMATS)}.\n"


def test_files_that_are_not_there_leave_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("convert", "--from", "doccano", "--to", "aws", "--data", tmp_path / "none.jsonl")
    shown = failing(capsys, *given, "-o", tmp_path / "o.csv")
    assert shown == f"Error: {tmp_path / 'none.jsonl'}: no such file.\n"
    assert list(tmp_path.iterdir()) == []
    here = ("convert", "--from", "fasttext", "--to", "aws", "--data", ".")
    assert failing(capsys, *here, "-o", tmp_path / "o.csv") == (
        "Error: .: is a directory, expected a file.\n"
    )
    shown = failing(capsys, *given, "-o", tmp_path / "no" / "o.csv")
    assert shown == (
        f"Error: {tmp_path / 'no' / 'o.csv'}: cannot be written: its directory does not exist.\n"
    )


def test_from_standard_input_to_standard_output(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    line = json.dumps({"text": "a \x1b[31mred\n soup", "label": ["Hot soup"]}) + "\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(line.encode())))
    places = ["--data", "-", "--output", "/dev/stdout"]
    assert run(["convert", "--from", "doccano", "--to", "aws", *places]) == 0
    assert capfd.readouterr().out == 'Hot soup,"a \x1b[31mred\n soup"\n'


def test_options_of_reading_are_taken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "d.csv"
    data.write_bytes("id;body;labels\n1;Bienenstöcke;a|b c\n2;;a\n".encode("cp1252"))
    out = tmp_path / "o.txt"
    command = ["convert", "--from", "harnn", "--to", "fasttext", "-d", str(data), "-o", str(out)]
    reading = ["--encoding", "cp1252", "--delimiter", ";", "--label-separator", "|"]
    assert run([*command, *reading, "--set", "data.text_fields=body", "--blank", "_"]) == 0
    assert out.read_text().splitlines() == ["__label__a __label__b_c Bienenstöcke", "__label__a"]
    capsys.readouterr()
    shown = failing(capsys, *command, *reading, "--set", "data.text_fields=body")
    assert shown == (
        f"Error: {data}:2: label 'b c' has a blank in it, which ends a label. "
        "Say what is to stand for a blank: --blank _\n"
    )
    skipping = ["--on-error", "skip", "--set", "data.text_fields=body"]
    assert run([*command, *reading, *skipping]) == 0
    shown = capsys.readouterr().err
    assert "1 record skipped:\n" in shown
    assert shown.endswith(f"1 document converted.\nThe documents are in {out}.\n")


def test_names_that_act_on_a_terminal_are_shown_plainly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "d.jsonl"
    data.write_text(json.dumps({"id": "\x1b[2J[bold]x", "text": "a\tb", "labels": []}) + "\n")
    out = tmp_path / "o[red].txt"
    assert (
        run(["convert", "--from", "harnn", "--to", "fasttext", "-d", str(data), "-o", str(out)])
        == 0
    )
    shown = capsys.readouterr().err
    assert "\x1b" not in shown
    assert "[bold]x" in shown
    assert shown.endswith("o[red].txt.\n")
