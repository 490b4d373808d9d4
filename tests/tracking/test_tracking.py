"""What trackers are told, that none can stop a training, and the table in CSV."""

from __future__ import annotations

import csv
import dataclasses
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from harnn.bundle import EpochRow
from harnn.cli import run
from harnn.errors import ConfigError, InputError, MissingExtraError, TrainingInterrupted
from harnn.sample import sample
from harnn.tracking import (
    CsvTracker,
    MlflowTracker,
    Point,
    RunFacts,
    State,
    TensorBoardTracker,
    Tracking,
    parse_tracker,
)
from harnn.tracking.csv_file import COLUMNS
from harnn.training import BranchScored, BranchStarted, Event, Finished, Part, Started, Step
from support.pages import ROOT, tokens


class Kept:
    """A tracker in memory."""

    def __init__(self, *, fails_at: int = -1) -> None:
        self.told: list[tuple[Point, Mapping[str, float]]] = []
        self.facts: list[RunFacts] = []
        self.states: list[State] = []
        self._fails_at = fails_at

    def describe(self) -> str:
        return "Kept"

    def check(self) -> None:
        """All is well."""

    def begin(self, facts: RunFacts) -> Kept:
        self.facts.append(facts)
        return self

    def log(self, point: Point, numbers: Mapping[str, float]) -> None:
        if len(self.told) == self._fails_at:
            raise OSError(28, "No space left on device")
        self.told.append((point, numbers))

    def end(self, state: State) -> None:
        self.states.append(state)


def tell(tracking: Tracking, events: Sequence[Event]) -> None:
    with tracking:
        for event in events:
            tracking(event)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_training_tells_all_that_is_tracked(events: list[Event]) -> None:
    kept = Kept()
    tell(Tracking([kept], name="m", model="place"), events)
    (facts,) = kept.facts
    assert (facts.name, facts.resume) == ("m", False)
    assert facts.model == str(Path("place").absolute())
    assert facts.settings["training.epochs"] == 2
    assert facts.settings["decode.threshold"] == ""
    assert facts.data["data.train"] == 80
    assert facts.data["data.labels"] == 50
    assert len(str(facts.data["data.train.sha256"])) == 64
    assert kept.states == ["finished"]
    started = [event.name for event in events if isinstance(event, BranchStarted)]
    assert started == ["network-1", "network-2"]
    (scored,) = (event for event in events if isinstance(event, BranchScored))
    assert (Point("branch", "linear"), {"auprc": scored.auprc, "seconds": scored.seconds}) in (
        kept.told
    )
    steps = [event for event in events if isinstance(event, Step)]
    assert [numbers["step_loss"] for point, numbers in kept.told if point.part == "step"] == [
        step.loss for step in steps
    ]
    assert max(step.learning_rate for step in steps) > 0
    epochs = [event for event in events if isinstance(event, EpochRow)]
    found = [(point, numbers) for point, numbers in kept.told if point.part == "epoch"]
    assert [point.branch for point, _ in found] == ["network-1"] * 2 + ["network-2"] * 2
    assert [point.epoch for point, _ in found] == [1, 2, 1, 2]
    for row, (_, numbers) in zip(epochs, found, strict=True):
        assert (numbers["auprc"], numbers["loss"]) == (row.auprc, row.loss)
        assert numbers["learning_rate"] == row.learning_rate
    (end,) = (event for event in events if isinstance(event, Finished))
    final = [numbers for point, numbers in kept.told if point.part == "final"]
    assert final[0]["micro_f1"] == end.bundle.report.micro_f1
    assert final[0]["level_1_auprc"] == end.bundle.report.levels[0].auprc
    assert final[1].keys() == {"seconds"}


def test_of_many_steps_some_are_kept(events: list[Event]) -> None:
    kept = Kept()
    start = next(event for event in events if isinstance(event, Started))
    step = next(event for event in events if isinstance(event, Step))
    many = [dataclasses.replace(step, step=n, steps=2_000) for n in range(1, 2_001)]
    tell(Tracking([kept], name="m"), [start, *many])
    assert [point.step for point, _ in kept.told] == [*range(4, 2_001, 4)]
    assert kept.states == ["stopped"]


def test_several_trainings_are_several_runs(events: list[Event]) -> None:
    kept = Kept()
    cut = next(n for n, event in enumerate(events) if isinstance(event, EpochRow))
    told = [Part("trial-1"), *events[:cut], Part("trial-2"), *events]
    tell(Tracking([kept], name="study"), told)
    assert [facts.name for facts in kept.facts] == ["study/trial-1", "study/trial-2"]
    assert kept.states == ["stopped", "finished"]


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (ValueError(), "failed"),
        (KeyboardInterrupt(), "stopped"),
        (TrainingInterrupted(None, 1), "stopped"),
    ],
)
def test_how_a_run_ended(events: list[Event], error: BaseException, state: State) -> None:
    kept = Kept()
    cut = next(n for n, event in enumerate(events) if isinstance(event, EpochRow))
    with pytest.raises(type(error)), Tracking([kept], name="m") as tracking:
        for event in events[:cut]:
            tracking(event)
        raise error
    assert kept.states == [state]


def test_a_tracker_that_fails_is_told_of_once_and_the_others_go_on(events: list[Event]) -> None:
    bad, good, warned = Kept(fails_at=2), Kept(), list[str]()
    tracking = Tracking([bad, good], name="m", warn=warned.append)
    tell(tracking, [*events, *events])
    what = "Kept: tracking ended early: No space left on device."
    assert warned == [f"Warning: {what} The training goes on."]
    assert tracking.failures == [what]
    assert len(bad.told) == 2
    assert good.states == ["finished"] * 2


def test_the_table_is_read_back(events: list[Event], tmp_path: Path) -> None:
    path = tmp_path / "new" / "runs.csv"
    tracking = Tracking([CsvTracker(path)], name="蜜, \n=m", model=tmp_path)
    tracking.check()
    assert not path.exists()
    tell(tracking, events)
    rows = rows_of(path)
    assert tuple(rows[0]) == COLUMNS
    assert {row["run"] for row in rows} == {"1"}
    settings = {row["name"]: row["value"] for row in rows if row["part"] == "setting"}
    assert settings["training.epochs"] == "2"
    told = {row["name"]: row["value"] for row in rows if row["part"] == "run"}
    assert told == {"name": "蜜, \\n=m", "model": str(tmp_path), "state": "finished"}
    epochs = [event for event in events if isinstance(event, EpochRow)]
    found = [row for row in rows if (row["part"], row["name"]) == ("epoch", "auprc")]
    assert [float(row["value"]) for row in found] == [row.auprc for row in epochs]
    assert [(row["branch"], row["epoch"], row["step"]) for row in found] == [
        ("network-1", "1", "2"),
        ("network-1", "2", "4"),
        ("network-2", "1", "2"),
        ("network-2", "2", "4"),
    ]


def test_resuming_goes_on_with_the_same_run(events: list[Event], tmp_path: Path) -> None:
    path = tmp_path / "runs.csv"
    cut = [n for n, event in enumerate(events) if isinstance(event, EpochRow)][1]

    def track(some: Sequence[Event], *, resume: bool, name: str = "m") -> None:
        tell(Tracking([CsvTracker(path)], name=name, model="m", resume=resume), some)

    track(events, resume=False)
    track(events[:cut], resume=False)
    track(events[:cut], resume=False, name="other")
    with path.open("ab") as file:
        file.write(b"3,2026-11-28T00:00:00+00:00,step,net")  # as a machine that lost its power
    track(events, resume=True)
    rows = rows_of(path)
    states = [(row["run"], row["value"]) for row in rows if row["name"] == "state"]
    assert states == [("1", "finished"), ("2", "stopped"), ("3", "stopped"), ("2", "finished")]
    assert [row["run"] for row in rows if row["name"] == "resumed"] == ["2"]
    assert all(None not in row.values() and None not in row for row in rows)
    track(events, resume=True)  # it is finished, so this is another one
    assert rows_of(path)[-1]["run"] == "4"


def test_a_full_disk_leaves_whole_lines(
    events: list[Event], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, write, left = tmp_path / "runs.csv", os.write, [8_000]

    def full(file: int, content: bytes) -> int:
        left[0] -= len(content)
        return write(file, content if left[0] >= 0 else content[:7])

    monkeypatch.setattr("os.write", full)
    tracking = Tracking([CsvTracker(path)], name="m")
    tell(tracking, events)
    assert tracking.failures == [f"CSV {path}: tracking ended early: No space left on device."]
    assert path.read_bytes().endswith(b"\n")
    assert len(rows_of(path)[-1]["value"]) > 0


def test_places_that_are_refused_before_any_work(tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("id,text\n1,a\n")
    with pytest.raises(InputError) as error:
        CsvTracker(other).check()
    assert str(error.value) == (
        f"{other}: holds something else than tracked trainings, whose first line is "
        f"{','.join(COLUMNS)}. Choose another place."
    )
    with pytest.raises(InputError, match="is a directory, expected a file"):
        CsvTracker(tmp_path).check()
    with pytest.raises(InputError, match="is a file, expected a directory"):
        TensorBoardTracker(other).check()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("csv", "CSV runs/m.csv"),
        ("csv:a/b.csv", "CSV a/b.csv"),
        ("tensorboard", "TensorBoard runs"),
        ("tensorboard:boards", "TensorBoard boards"),
        ("mlflow", "MLflow (harnn)"),
        ("mlflow:news", "MLflow (news)"),
        ("mlflow+model:news", "MLflow (news)"),
        ("mlflow:sqlite:///a.db", "MLflow sqlite:///a.db (harnn)"),
        ("mlflow:https://me:secret@host:5000#news", "MLflow https://host:5000 (news)"),
    ],
)
def test_how_trackers_are_named(text: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    assert parse_tracker(text, name="m").describe() == shown


def test_kinds_that_there_are_not() -> None:
    with pytest.raises(ConfigError) as error:
        parse_tracker("tensorbord:x", name="m")
    assert str(error.value) == (
        "--track: got 'tensorbord:x', expected csv, tensorboard, mlflow or "
        "mlflow+model, as csv or csv:runs/a.csv. Did you mean 'tensorboard'?"
    )


@pytest.mark.parametrize(
    ("tracker", "message"),
    [
        (
            TensorBoardTracker("runs"),
            "Tracking with TensorBoard needs the package 'tensorboard', which is not installed: "
            "pip install 'harnn[tensorboard]'",
        ),
        (
            MlflowTracker(),
            "Tracking with MLflow needs the package 'mlflow', which is not installed: "
            "pip install 'harnn[mlflow]'",
        ),
    ],
)
def test_packages_that_are_missing(
    tracker: Any, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError) as error:
        tracker.check()
    assert str(error.value) == message


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files, path = sample("en"), tmp_path / "a.csv"
    given = ["train", "--train", files.train, "--valid", files.valid, "-t", files.taxonomy]
    given += ["--preset", "fast", "--out", tmp_path / "m", "--set", "model.text_vectors=off"]
    words = [*map(str, given), "--track", f"csv:{path}"]
    assert run([*words, "--track", f"csv:{path}"]) == 2
    assert capsys.readouterr().err == f"Error: --track: names CSV {path} twice. Name it once.\n"
    assert run(words) == 0
    assert f"Tracked in CSV {path}\n" in capsys.readouterr().err
    rows = rows_of(path)
    assert rows[1]["value"] == str(tmp_path / "m")
    assert rows[-1]["value"] == "finished"
    before = path.read_bytes()
    assert run([*words, "--resume"]) == 0  # nothing is left to do
    assert path.read_bytes() == before


def test_the_example_for_pandas(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As docs/tracking.md has it, for a model without epochs."""
    files, page = sample("en"), ROOT / "docs" / "tracking.md"
    (code,) = [
        each.content for each in tokens(page) if each.info == "python" and "pandas" in each.content
    ]
    monkeypatch.chdir(tmp_path)
    given = ["--train", files.train, "--valid", files.valid, "--taxonomy", files.taxonomy]
    model = ["--preset", "fast", "--set", "model.text_vectors=off", "--seed", "7"]
    asked = ["train", *given, *model, "--out", "model", "--track", "csv"]
    assert run([*map(str, asked)]) == 0
    capsys.readouterr()
    exec(compile(code, str(page), "exec"), {})
    shown = capsys.readouterr().out
    assert shown.count("Empty") == 0
    assert re.search(r"^1 +0\.\d+ +0\.\d+ +0\.\d+$", shown, re.MULTILINE)
    assert re.search(r"^1 +linear +NaN +0\.\d+ +\d+\.\d+$", shown, re.MULTILINE)
    runs = rows_of(tmp_path / "runs" / "model.csv")
    assert next(row["value"] for row in runs if row["name"] == "training.seed") == "7"


class _Keeping:
    """A tracker whose runs keep models; *fails*: they do not."""

    def __init__(self, *, fails: bool = False) -> None:
        self.kept: list[Path] = []
        self.fails = fails

    def describe(self) -> str:
        return "a cupboard"

    def check(self) -> None:
        pass

    def begin(self, _: RunFacts) -> _Keeping:
        return self

    def log(self, *_: object) -> None:
        pass

    def end(self, _: object) -> None:
        pass

    def keep(self, directory: Path) -> None:
        if self.fails:
            raise OSError("it is full")
        self.kept.append(directory)


def test_finished_models_are_kept_by_trackers_that_do(events: list[Event], tmp_path: Path) -> None:
    keeps, full, plain = _Keeping(), _Keeping(fails=True), CsvTracker(tmp_path / "a.csv")
    with Tracking([plain, full, keeps], name="m") as tracking:
        tracking.keep(tmp_path)  # nothing is finished
        for event in events[:-1]:
            tracking(event)
        tracking.keep(tmp_path)
        assert keeps.kept == []
        tracking(events[-1])
        tracking.keep(tmp_path)
    assert keeps.kept == [tmp_path]
    assert tracking.failures == ["a cupboard: tracking ended early: it is full."]


@pytest.mark.parametrize(
    "command",
    [
        ("tune", "--out", "s", "--valid", "v.jsonl"),
        ("sweep", "--valid", "v.jsonl"),
        ("train", "--folds", "2", "--out", "f"),
    ],
)
def test_of_several_trainings_no_model_is_kept(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    if command[0] == "tune":
        pytest.importorskip("optuna")
        command = (*command, "--try", "text.min_count=1..3")
    given = ["--train", "t.jsonl", "--preset", "fast", "--track", "mlflow+model"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("harnn.cli.folding.check_before", lambda *_, **__: None)
        assert run([*command, *given]) == 2
    assert capsys.readouterr().err == (
        "Error: --track: mlflow+model keeps the model of one training, and here are several. "
        "Give mlflow.\n"
    )
