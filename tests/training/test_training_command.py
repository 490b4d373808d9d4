"""``harnn train`` with what stands at its place: locked, left over, finished, of others."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harnn._files import only_writer
from harnn.cli import run
from support.sample_models import seal
from support.topics import TOPICS

NETWORK = [
    "--set", "text.vectors=random", "--set", "model.text_vectors=off",
    "--set", "model.embedding_size=4", "--set", "model.lstm_size=4",
    "--set", "model.attention_size=4", "--set", "model.fc_size=4",
    "--set", "training.precision=32",
]  # fmt: skip
STRANGE = "zzz"
DONE = (
    "holds the finished model of these settings and documents: nothing is left to do. With "
    "--overwrite and without --resume it is trained again."
)


class Place:
    """A directory with documents, and what is trained on them into ``model``."""

    def __init__(self, home: Path) -> None:
        self.home, self.out = home, home / "made" / "model"
        self.write("train.jsonl", "")
        self.write("valid.jsonl", "")
        edges = "".join(f"{label}\tROOT\n" for label in TOPICS)
        (home / "taxonomy.tsv").write_text(edges, encoding="utf-8")

    def write(self, name: str, more: str) -> None:
        lines = [
            json.dumps({"id": f"{label}{n}", "text": f"{words} {n}{more}", "labels": [label]})
            for n in range(4)
            for label, words in TOPICS.items()
        ]
        (self.home / name).write_text("\n".join(lines) + "\n", encoding="utf-8")

    def command(self, *more: str) -> list[str]:
        home = self.home
        files = ["--taxonomy", home / "taxonomy.tsv", "--train", home / "train.jsonl"]
        files += ["--valid", home / "valid.jsonl", "--out", self.out]
        return ["train", *map(str, files), "--set", "text.min_count=1", *more]

    def fast(self, *more: str) -> list[str]:
        return self.command("--preset", "fast", *more)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def bits(out: Path) -> bytes:
    return (out / "model.safetensors").read_bytes()


def test_resuming_a_finished_model_is_done(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(place.fast("--resume")) == 0  # nothing to resume: from the beginning
    said = f"there is no checkpoint in {place.out / 'checkpoint'}: starting from the beginning"
    assert said in capsys.readouterr().err.splitlines()
    before = (place.out / "model.safetensors").stat()
    for more in (["--resume"], ["--resume", "--overwrite"]):
        assert run(place.fast(*more)) == 0
        shown = capsys.readouterr()
        assert shown.err.splitlines()[-1] == f"{place.out}/ {DONE}"
        assert shown.out == f"The model is in {place.out}/.\n"
    assert (place.out / "model.safetensors").stat() == before
    assert [x.name for x in place.out.parent.iterdir()] == ["model"]


@pytest.mark.parametrize(
    "changed", ["setting", "train.jsonl", "labels", "valid.jsonl", "valid text"]
)
def test_resuming_a_finished_model_of_another_training(
    changed: str, place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    data = place.home / "valid.jsonl"
    text = data.read_text("utf-8").replace('"text": "', f'"text": "{STRANGE} ', 1)
    data.write_text(text, encoding="utf-8")
    assert run(place.fast()) == 0
    before, more = bits(place.out), ["--set", "training.seed=9"] if changed == "setting" else []
    if changed == "labels":
        data = place.home / "train.jsonl"
        text = data.read_text("utf-8").replace('"labels": ["cat"]', '"labels": ["dog"]', 1)
        data.write_text(text, encoding="utf-8")
    elif changed == "train.jsonl":
        place.write(changed, " novelty")
    elif changed == "valid.jsonl":
        data = place.home / "valid.jsonl"
        data.write_text("".join(data.read_text("utf-8").splitlines(True)[:-1]), encoding="utf-8")
    elif changed == "valid text":  # another word that no vocabulary knows
        data = place.home / "valid.jsonl"
        data.write_text(data.read_text("utf-8").replace(STRANGE, "yyy"), encoding="utf-8")
    capsys.readouterr()
    assert run(place.fast("--resume", *more)) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"Error: {place.out}: holds a finished model of other settings, taxonomy or documents. "
        "Choose another --out, or replace it with --overwrite."
    )
    assert bits(place.out) == before
    assert run(place.fast("--resume", "--overwrite", *more)) == 0
    assert DONE not in capsys.readouterr().err


def test_a_model_that_knows_no_content_is_compared_as_before(
    place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:  # whose texts were always cut into tokens
        older.setattr("harnn.training.reader.trains_network", lambda _: True)
        assert run(place.fast("--set", "text.max_length=3")) == 0
    path = place.out / "config.json"
    settings = json.loads(path.read_text("utf-8"))
    assert set(settings.pop("contents")) == {"train", "valid"}
    path.write_text(json.dumps(settings), encoding="utf-8")
    seal(place.out)
    capsys.readouterr()
    assert run(place.fast("--resume", "--set", "text.max_length=3")) == 0
    assert DONE in capsys.readouterr().err
    place.write("train.jsonl", " novelty")
    assert run(place.fast("--resume", "--set", "text.max_length=3")) == 2


def test_a_damaged_model_is_no_finished_one(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(place.fast()) == 0
    (place.out / "decode.json").write_text("{", encoding="utf-8")
    assert run(place.fast("--resume")) == 2
    assert "decode.json" in capsys.readouterr().err.splitlines()[-1]
    assert run(place.fast("--resume", "--overwrite")) == 0


def test_two_trainings_into_one_place(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.out.parent.mkdir()
    hold = (
        "import sys, time; from harnn._files import only_writer\n"
        "with only_writer(sys.argv[1]): print('held', flush=True); time.sleep(60)"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", hold, str(place.out)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert run(place.fast()) == 2
        error = capsys.readouterr().err
        assert error.startswith(f"Error: {place.out}: is being written by process {other.pid} on ")
        assert error.endswith(". Wait for it, or choose another place.\n")
    finally:
        other.kill()
        other.communicate()
    assert run(place.fast()) == 0  # what was killed holds nothing
    assert [x.name for x in place.out.parent.iterdir()] == ["model"]


def test_the_place_is_held_while_documents_are_read(place: Place) -> None:
    """A listener of the reading sees the lock."""
    from harnn.cli.progress import TrainingDisplay

    seen: list[bool] = []
    show = TrainingDisplay.__call__

    def look(self: TrainingDisplay, event: object) -> None:
        seen.append((place.out.parent / ".model.lock").exists())
        show(self, event)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrainingDisplay, "__call__", look)
        assert run(place.fast()) == 0
    assert len(seen) > 3
    assert all(seen)
    with only_writer(place.out):
        pass


def test_what_killed_runs_left_is_put_back_or_removed_and_told(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(place.fast()) == 0
    before = bits(place.out)
    place.out.rename(place.out.with_name(".model.0123abcd.old"))
    half = place.out.with_name(".model.4567cdef.tmp")
    half.mkdir()
    capsys.readouterr()
    assert run(place.fast()) == 2
    told = capsys.readouterr().err.splitlines()
    assert told == [
        f"{place.out}: put back what a killed run had moved aside",
        f"{place.out}: removed what a killed run left: {half.name}",
        f"Error: {place.out}: exists already. Choose another --out, or replace it with "
        "--overwrite.",
    ]
    assert bits(place.out) == before
    assert [x.name for x in place.out.parent.iterdir()] == ["model"]


def test_a_mistake_leaves_no_directory_behind(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    (place.home / "train.jsonl").write_text('{"id": "1", "text": "x", "labels": ["cta"]}\n')
    assert run(place.fast()) == 2
    assert "unknown label 'cta'" in capsys.readouterr().err
    assert not place.out.parent.exists()


@pytest.mark.parametrize("more", [[], ["--resume"], ["--overwrite"]])
def test_places_of_something_else(
    more: list[str], place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.out.mkdir(parents=True)
    (place.out / "letter.txt").touch()
    assert run(place.fast(*more)) == 2
    assert capsys.readouterr().err.startswith(f"Error: {place.out}: ")
    assert [x.name for x in place.out.iterdir()] == ["letter.txt"]


@pytest.mark.slow
def test_a_supervisor_that_always_resumes_gets_there(place: Place) -> None:
    """Started again and again with the same command, stopped a little later each time."""
    command = place.command(
        *NETWORK, "--set", "training.epochs=99", "--set", "training.patience=99"
    )
    checkpoint = place.out / "checkpoint" / "checkpoint.safetensors"
    codes = []
    for wait in (0.0, 1_000.0):
        child = subprocess.Popen(
            [sys.executable, "-m", "harnn", *command, "--resume"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 100
        while wait < 1_000 and not checkpoint.exists() and child.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(min(wait, 1.0))
        if wait < 1_000:
            os.kill(child.pid, signal.SIGHUP)
        _, error = child.communicate(timeout=100)
        assert "Traceback" not in error
        codes.append(child.returncode)
    assert codes[-1] == 0
    assert set(codes[:-1]) <= {130, 0}
    assert codes[0] == 130
    assert run([*command, "--resume"]) == 0
