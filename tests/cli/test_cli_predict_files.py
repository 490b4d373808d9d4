"""``harnn predict --output``: what is written, and what is kept when it is stopped."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

import harnn
from harnn.cli import run
from harnn.cli.answer_files import open_answers
from harnn.errors import InputError

MODELS = Path(__file__).parents[1] / "golden" / "format-3"
MODEL = MODELS / "fast"
TEXTS = ["bees and hives", "a dripping tap", "", "zzqx", 'a "quoted" text, with a comma']
BLOCK = 4


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harnn.cli.predicting.documents_at_once", lambda _labels: BLOCK)


def write(path: Path, count: int, *, changed: int = -1) -> Path:
    """Write documents; one of them may have another text."""
    with path.open("w", encoding="utf-8") as file:
        for i in range(count):
            text = f"{TEXTS[i % len(TEXTS)]} {'anew' if i == changed else ''}"
            file.write(json.dumps({"id": f"n{i}", "text": text}) + "\n")
    return path


def predict(data: Path, output: Path, *more: str) -> int:
    return run(["predict", str(MODEL), "--data", str(data), "--output", str(output), *more])


def answers_of(data: Path) -> list[dict[str, Any]]:
    documents = list(harnn.read_documents(data))
    predictor = harnn.Predictor.load(MODEL)
    blocks = [documents[i : i + BLOCK] for i in range(0, len(documents), BLOCK)]
    return [answer.to_dict() for some in blocks for answer in predictor.predict(some)]


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_suffix_says_what_is_written(tmp_path: Path) -> None:
    data = write(tmp_path / "data.jsonl", 11)
    expected = answers_of(data)
    for suffix in (".jsonl", ".JSONL", ".csv", ".tsv", ".parquet"):
        assert predict(data, tmp_path / f"out{suffix}") == 0
    assert lines_of(tmp_path / "out.jsonl") == lines_of(tmp_path / "out.JSONL") == expected
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        table = list(csv.reader(file))
    assert table[0] == ["id", "labels", "scores", "notes"]
    assert (tmp_path / "out.csv").read_bytes().count(b"\r") == 0
    plain = (tmp_path / "out.tsv").read_text("utf-8").splitlines()
    assert [line.split("\t") for line in plain] == table
    rows = pyarrow.parquet.read_table(tmp_path / "out.parquet").to_pylist()
    assert len(table) - 1 == len(rows) == len(expected)
    for answer, cells, row in zip(expected, table[1:], rows, strict=True):
        labels = [label["label"] for label in answer["labels"]]
        scores = [label["score"] for label in answer["labels"]]
        codes = answer.get("note_codes", [])
        assert row == {"id": answer["id"], "labels": labels, "scores": scores, "notes": codes}
        assert cells[0] == answer["id"]
        assert cells[1].split(";") == labels
        assert [float(score) for score in cells[2].split(";")] == scores
        assert cells[3] == ";".join(codes)
    wanted = ["data.jsonl", "out.JSONL", "out.csv", "out.jsonl", "out.parquet", "out.tsv"]
    assert names_in(tmp_path) == wanted


def test_cells_that_would_break_a_table(tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    odd = 'a\tb\nc"d,e;f'
    data.write_text(json.dumps({"id": odd, "text": "bees"}) + "\n", encoding="utf-8")
    for suffix in (".csv", ".tsv", ".parquet"):
        assert predict(data, tmp_path / f"out{suffix}") == 0
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1][0] == odd
    assert (tmp_path / "out.tsv").read_text("utf-8").splitlines()[1].startswith('a b c"d,e;f\t')
    assert pyarrow.parquet.read_table(tmp_path / "out.parquet")["id"].to_pylist() == [odd]


def failing(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert run([str(argument) for argument in arguments]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    return shown.err


def test_places_are_checked_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write(tmp_path / "data.jsonl", 3)
    absent = tmp_path / "absent"  # no model: nothing is read before the place is checked
    answers = ".jsonl, .csv, .tsv or .parquet"
    for command, option, suffixes in (
        ("predict", "-o", answers),
        ("explain", "-o", ".html or .jsonl"),
        ("evaluate", "--json", ".json"),
        ("validate", "--json", ".json"),
        ("compare", "--json", ".json"),
        ("taxonomy", "-o", ".json"),
    ):
        models = {"compare": [absent, absent], "validate": [], "taxonomy": []}
        start = [command, *models.get(command, [absent]), "--data", data, option]
        place = tmp_path / "x.pdf"
        assert failing(capsys, *start, place) == (
            f"Error: {place}: unknown extension '.pdf', expected {suffixes}.\n"
        )
        place = tmp_path / "x"
        assert failing(capsys, *start, place) == (
            f"Error: {place}: has no extension, expected {suffixes}.\n"
        )
        suffix = suffixes.split()[-1]
        place = tmp_path / "none" / f"x{suffix}"
        assert failing(capsys, *start, place) == (
            f"Error: {place}: cannot be written: its directory does not exist.\n"
        )
        assert failing(capsys, *start, tmp_path) == (
            f"Error: {tmp_path}: is a directory, expected a file.\n"
        )
    assert failing(capsys, "predict", absent, "--data", data, "-o", data) == (
        f"Error: {data}: is read by this command, so it cannot be written. Choose another place.\n"
    )
    place = tmp_path / "x.jsonn"
    assert failing(capsys, "predict", absent, "--data", data, "-o", place) == (
        f"Error: {place}: unknown extension '.jsonn', expected {answers}. Did you mean '.jsonl'?\n"
    )
    assert failing(capsys, "predict", MODEL, "--text", "x", "--resume") == (
        "Error: --resume needs a file of answers to go on with; give it with --output.\n"
    )
    place = tmp_path / "x.csv"
    arguments = ("predict", MODEL, "--text", "x", "-o", place, "--label-separator", "e")
    assert failing(capsys, *arguments).startswith(f"Error: {place}: the label '")
    assert names_in(tmp_path) == ["data.jsonl"]


@pytest.mark.slow
def test_places_that_are_no_files(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harnn", "predict", str(MODEL), "--text", "x"]
    done = subprocess.run([*command, "-o", "/dev/stdout"], capture_output=True, check=True)
    assert json.loads(done.stdout)["id"] == "1"
    assert run([*command[3:], "-o", "/dev/null"]) == 0
    report = [*command[:3], "validate", "--data", str(write(tmp_path / "data.jsonl", 1))]
    done = subprocess.run([*report, "--json", "/dev/stderr"], capture_output=True, check=True)
    assert json.loads(done.stderr)["documents"] == 1


class Stopped(BaseException):
    """Stands for any end of a program."""


def stop_after(monkeypatch: pytest.MonkeyPatch, blocks: int, error: BaseException) -> None:
    """Let the predictor stop when it has answered so many blocks."""
    answered = harnn.Predictor.predict_stream
    count = 0

    def counted(self: harnn.Predictor, *args: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        if count > blocks:
            raise error
        return answered(self, *args, **options)

    monkeypatch.setattr(harnn.Predictor, "predict_stream", counted)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv"])
@pytest.mark.parametrize("blocks", [0, 1, 2, 3])
def test_a_stopped_command_goes_on(
    suffix: str, blocks: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write(tmp_path / "data.jsonl", 14)
    whole, output = tmp_path / f"whole{suffix}", tmp_path / f"out{suffix}"
    assert predict(data, whole, "--resume") == 0  # nothing kept: from the beginning
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, blocks, KeyboardInterrupt())
        assert predict(data, output) == 130
    part, about = Path(f"{output}.part"), Path(f"{output}.part.about")
    capsys.readouterr()
    assert not output.exists()
    if not blocks:
        assert names_in(tmp_path) == ["data.jsonl", whole.name]
        return
    assert len(lines_of(part)) == blocks * BLOCK
    assert predict(data, output) == 2
    assert capsys.readouterr().err == (
        f"Error: {part}: holds the answers of a command that was stopped. Go on with --resume, or "
        "remove it to start again.\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 4 - blocks, AssertionError("answered again"))
        assert predict(data, output, "--resume") == 0
    assert capsys.readouterr().err == (
        f"Going on after {blocks * BLOCK:,} documents.\n14 documents answered.\n"
        f"The answers are in {output}.\n"
    )
    assert output.read_bytes() == whole.read_bytes()
    assert not part.exists()
    assert not about.exists()
    assert predict(data, output, "--resume") == 0  # nothing kept: again
    assert output.read_bytes() == whole.read_bytes()


def test_what_a_stopped_command_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data, output = write(tmp_path / "data.jsonl", 14), tmp_path / "out.jsonl"
    stop_after(monkeypatch, 2, KeyboardInterrupt())
    assert predict(data, output) == 130
    assert capsys.readouterr().err == (
        f"The answers for 8 documents are kept in {output}.part; repeat the command with --resume "
        "to go on.\nInterrupted.\n"
    )


@pytest.mark.parametrize(
    "cut",
    [
        cut if cut % 92 == 0 else pytest.param(cut, marks=pytest.mark.slow)
        for cut in range(0, 400, 23)
    ],
)
def test_a_killed_command_goes_on_from_whole_blocks(cut: int, tmp_path: Path) -> None:
    """Whatever of both files had reached the disk."""
    data = write(tmp_path / "data.jsonl", 14)
    whole, output = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    assert predict(data, whole) == 0
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 3, Stopped())
        with pytest.raises(Stopped):
            predict(data, output)
    part, about = Path(f"{output}.part"), Path(f"{output}.part.about")
    for file in (part, about):
        kept = file.read_bytes()
        file.write_bytes(kept[: max(0, len(kept) - cut)])
        assert predict(data, output, "--resume") == 0
        assert output.read_bytes() == whole.read_bytes()
        output.unlink()
        with pytest.MonkeyPatch.context() as patch:
            stop_after(patch, 3, Stopped())
            with pytest.raises(Stopped):
                predict(data, output)
    part.write_bytes(part.read_bytes() + b'{"id": "half')
    about.write_bytes(about.read_bytes() + b'{"documents": 9999, "size"')
    assert predict(data, output, "--resume") == 0
    assert output.read_bytes() == whole.read_bytes()


def test_documents_that_changed_are_answered_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, output = write(tmp_path / "data.jsonl", 14), tmp_path / "out.jsonl"
    for changed, kept in ((1, 0), (5, 4), (9, 8), (13, 12)):
        write(data, 14)
        with pytest.MonkeyPatch.context() as patch:
            stop_after(patch, 3, Stopped())
            with pytest.raises(Stopped):
                predict(data, output)
        capsys.readouterr()
        write(data, 14, changed=changed)
        assert predict(data, output, "--resume") == 0
        said = f"Going on after {kept} documents.\n" if kept else ""
        if kept < 12:
            said += f"{12 - kept} kept answers are made again: their documents changed.\n"
        said += f"14 documents answered.\nThe answers are in {output}.\n"
        assert capsys.readouterr().err == said
        assert lines_of(output) == answers_of(data)
        output.unlink()


def test_answers_of_another_model_or_options(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, output = write(tmp_path / "data.jsonl", 14), tmp_path / "out.jsonl"
    with pytest.MonkeyPatch.context() as patch:
        stop_after(patch, 2, Stopped())
        with pytest.raises(Stopped):
            predict(data, output)
    capsys.readouterr()
    refusal = (
        f"Error: {output}.part: holds answers of another model, or with other options. Repeat the "
        "command that made them, or remove it to start again.\n"
    )
    for more in (["--top-k", "3"], ["--set", "data.id_field=text"]):
        assert predict(data, output, "--resume", *more) == 2
        assert capsys.readouterr().err == refusal
    other = ["predict", str(MODELS / "blend"), "--data", str(data), "-o", str(output), "--resume"]
    assert run(other) == 2
    assert capsys.readouterr().err == refusal
    assert len(lines_of(Path(f"{output}.part"))) == 8
    assert predict(data, output, "--resume", "--on-error", "skip") == 0  # answers the same


def test_bad_records_cost_no_answers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, output = write(tmp_path / "data.jsonl", 10), tmp_path / "out.jsonl"
    lines = data.read_text("utf-8").splitlines()
    data.write_text("\n".join([*lines[:9], "{", lines[9]]), encoding="utf-8")
    assert predict(data, output) == 2
    shown = capsys.readouterr().err
    assert f"The answers for 8 documents are kept in {output}.part; repeat" in shown
    assert f"{data}:10: " in shown
    assert not output.exists()
    assert predict(data, output, "--resume", "--on-error", "skip") == 0
    assert "Going on after 8 documents.\n1 record skipped:\n" in capsys.readouterr().err
    assert [answer["id"] for answer in lines_of(output)] == [f"n{i}" for i in range(10)]


def test_labels_are_not_looked_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data.jsonl"
    for labels in (5, "a", {"a": 1}, [[1]], [None], True):
        data.write_text(json.dumps({"id": "1", "text": "bees", "labels": labels}), encoding="utf-8")
        assert run(["predict", str(MODEL), "--data", str(data)]) == 0
        assert json.loads(capsys.readouterr().out)["id"] == "1"


def test_one_writer(tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    code = (
        "import sys, time; from pathlib import Path\n"
        "from harnn.cli.answer_files import open_answers\n"
        "with open_answers(Path(sys.argv[1]), {}, block=4, resume=False):\n"
        "    print('open', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(output)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "open\n"
    with (
        pytest.raises(InputError, match=rf"^{output}: is being written by process {child.pid} on "),
        open_answers(output, {}, block=4, resume=True),
    ):
        pass
    child.kill()
    child.communicate()
    with open_answers(output, {}, block=4, resume=True) as file:
        assert list(file.skip_answered(iter(()))) == []
        file.finish(";")
    assert names_in(tmp_path) == ["out.jsonl"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_names_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, output = write(tmp_path / "data.jsonl", 10), tmp_path / "out.jsonl"
    with pytest.MonkeyPatch.context() as patch:

        def full(*_given: object) -> None:
            raise OSError(28, os.strerror(28))

        patch.setattr("harnn.cli.answer_files._append", full)
        assert predict(data, output) == 2
    assert capsys.readouterr().err == (
        f"Error: {output}.part: cannot be written: No space left on device.\n"
    )
    assert names_in(tmp_path) == ["data.jsonl"]


def test_a_signal_from_outside(tmp_path: Path) -> None:
    data, output = write(tmp_path / "data.jsonl", 40_000), tmp_path / "out.jsonl"
    arguments = ["predict", str(MODEL), "--data", str(data), "-o", str(output)]
    child = subprocess.Popen(
        [sys.executable, "-m", "harnn", *arguments], stderr=subprocess.PIPE, text=True
    )
    about = Path(f"{output}.part.about")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and child.poll() is None:
        if about.exists() and about.read_bytes().count(b"\n") > 1:
            break
        time.sleep(0.01)
    child.send_signal(signal.SIGTERM)
    _, error = child.communicate()
    assert child.returncode == 130
    assert error.startswith("The answers for ")
    assert error.endswith(
        f"{output}.part; repeat the command with --resume to go on.\nInterrupted.\n"
    )
    assert not output.exists()
    kept = len(lines_of(Path(f"{output}.part")))
    assert 0 < kept < 40_000
