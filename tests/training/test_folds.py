"""Cross-validation: what is kept, gone on with, and refused."""

from __future__ import annotations

import dataclasses
import json
import signal
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harnn
from harnn.cli import run
from harnn.data import Document
from harnn.errors import BundleError, ConfigError, InputError, TrainingInterrupted
from harnn.evaluation import load_out_of_fold
from harnn.sample import sample
from harnn.training import Event, Stage, cross_validate, folds
from support.topics import FAST, TOPICS, documents, flat


def test_every_document_is_answered_for_by_a_model_without_it(tmp_path: Path) -> None:
    given = documents(9)
    found = cross_validate(flat(), given, FAST, folds=3, directory=tmp_path / "made" / "folds")
    kept = found.out_of_fold
    assert kept.scores.ids == tuple(each.id for each in given)
    assert np.bincount(kept.folds).tolist() == [len(given) // 3] * 3
    labels = [kept.codes[column] for column in kept.targets.indices]
    assert labels == [label for each in given for label in each.labels or ()]
    for number in range(3):
        place = tmp_path / "made" / "folds" / f"fold-{number + 1}"
        predictor = harnn.Predictor.load(place)
        rows = np.flatnonzero(kept.folds == number)
        texts = [given[row] for row in rows]
        np.testing.assert_array_equal(predictor.scores(texts).values, kept.scores.values[rows])
        assert predictor.bundle.documents["train"] + predictor.bundle.documents["valid"] == 2 * (
            len(given) // 3
        )
        assert predictor.evaluate(texts).micro_f1 == found.reports[number].micro_f1
    stored = load_out_of_fold(tmp_path / "made" / "folds")
    np.testing.assert_array_equal(stored.scores.values, kept.scores.values)
    np.testing.assert_array_equal(stored.targets.toarray(), kept.targets.toarray())
    np.testing.assert_array_equal(stored.folds, kept.folds)
    assert (stored.codes, stored.taxonomy_version) == (kept.codes, flat().version)


def test_summary_is_mean_and_standard_deviation(tmp_path: Path) -> None:
    found = cross_validate(flat(), documents(6), FAST, folds=3, directory=tmp_path)
    summary = found.summary()
    for name in ("micro_f1", "macro_f1", "auprc", "hierarchical_f1", "exact_match"):
        values = [getattr(report, name) for report in found.reports]
        assert summary[name].mean == pytest.approx(statistics.mean(values))
        assert summary[name].deviation == pytest.approx(statistics.stdev(values))
    assert {"precision_at_1", "level 1 micro_f1"} <= summary.keys()
    written = json.loads((tmp_path / "folds.json").read_text())
    assert written["summary"]["auprc"]["mean"] == summary["auprc"].mean
    assert len(written["reports"]) == 3


def test_a_stopped_cross_validation_goes_on(tmp_path: Path) -> None:
    given = documents(6)
    options: dict[str, Any] = {"folds": 3, "directory": tmp_path / "one"}
    whole = cross_validate(flat(), given, FAST, folds=3, directory=tmp_path / "two")
    said: list[str] = []

    def stop(event: Event) -> None:
        if not isinstance(event, Stage):
            return
        said.append(event.message)
        if event.message.startswith("fold 2"):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(TrainingInterrupted) as stopped:
        cross_validate(flat(), given, FAST, listener=stop, **options)
    kept = f"Training stopped. What is finished is kept in {tmp_path / 'one'} (fold 1)"
    assert str(stopped.value) == f"{kept}; repeat the command with --resume to go on."
    said.clear()
    with pytest.raises(ConfigError, match=r"holds folds already\. Go on with --resume"):
        cross_validate(flat(), given, FAST, listener=stop, **options)
    assert not said  # before any work
    other = given[:-1]
    with pytest.raises(ConfigError, match="holds folds of other settings, taxonomy or documents"):
        cross_validate(flat(), other, FAST, resume=True, **options)
    resumed = cross_validate(
        flat(), given, FAST, resume=True, listener=lambda e: said.append(str(e)), **options
    )
    assert [line for line in said if "is finished" in line] == [
        str(Stage(f"{tmp_path / 'one' / 'fold-1'} is finished"))
    ]
    np.testing.assert_array_equal(
        resumed.out_of_fold.scores.values, whole.out_of_fold.scores.values
    )
    cross_validate(flat(), given, FAST, overwrite=True, **options)
    texts = [dataclasses.replace(each, text={"text": f"{each.full_text} new"}) for each in given]
    with pytest.raises(ConfigError, match=r"fold-1: holds a finished model of other settings"):
        cross_validate(flat(), texts, FAST, resume=True, **options)
    cross_validate(flat(), texts, FAST, resume=True, overwrite=True, **options)


@pytest.mark.parametrize("stage", ["dividing", "fold 1", "reading"])
def test_a_stop_before_anything_is_finished(stage: str, tmp_path: Path) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, Stage) and event.message.startswith(stage):
            signal.raise_signal(signal.SIGINT)

    options: dict[str, Any] = {"folds": 2, "directory": tmp_path / "folds"}
    with pytest.raises(TrainingInterrupted) as stopped:
        cross_validate(flat(), documents(4), FAST, listener=stop, **options)
    assert str(stopped.value) == (
        "Training stopped before anything was finished; repeat the command to start again."
    )
    cross_validate(flat(), documents(4), FAST, **options)


@pytest.mark.parametrize("stage", ["dividing", "fold 1 of", "fold 2 of", "reading"])
def test_a_stop_while_folds_are_gone_on_with(stage: str, tmp_path: Path) -> None:
    given, home = documents(6), tmp_path / "folds"
    options: dict[str, Any] = {"folds": 3, "directory": home}

    def stop_at(message: str, whole: bool = False) -> str:
        def stop(event: Event) -> None:
            if isinstance(event, Stage) and event.message.startswith(message):
                seen.append(message)
                if len(seen) == (2 if whole else 1):
                    signal.raise_signal(signal.SIGINT)

        seen: list[str] = []
        with pytest.raises(TrainingInterrupted) as stopped:
            cross_validate(flat(), given, FAST, resume=not whole, listener=stop, **options)
        return str(stopped.value)

    kept = f"Training stopped. What is finished is kept in {home} (fold 1, part of fold 2); "
    kept += "repeat the command with --resume to go on."
    assert stop_at("linear branch: ", whole=True) == kept
    assert stop_at(stage) == kept
    cross_validate(flat(), given, FAST, resume=True, **options)


def test_what_other_folds_left_is_replaced(tmp_path: Path) -> None:
    cross_validate(flat(), documents(6), FAST, folds=3, directory=tmp_path)
    (tmp_path / "fold-9").mkdir()  # of somebody else

    def stop(event: Event) -> None:
        if isinstance(event, Stage) and event.message.startswith("fold 2"):
            signal.raise_signal(signal.SIGINT)

    options: dict[str, Any] = {"folds": 2, "directory": tmp_path}
    with pytest.raises(TrainingInterrupted) as stopped:
        cross_validate(flat(), documents(6), FAST, overwrite=True, listener=stop, **options)
    assert stopped.value.finished == ("fold 1",)
    with pytest.raises(BundleError, match="no such file of out-of-fold scores"):
        load_out_of_fold(tmp_path)
    cross_validate(flat(), documents(6), FAST, resume=True, overwrite=True, **options)
    assert sorted(path.name for path in tmp_path.glob("fold-*")) == ["fold-1", "fold-2", "fold-9"]


def test_the_size_of_scores_is_told_first(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    def listen(event: Event) -> None:
        said.append(str(event))

    monkeypatch.setattr(folds, "_REMARKABLE", 4 * 16 * 4)
    cross_validate(flat(), documents(4), FAST, folds=2, listener=listen)
    what = "the scores of 16 documents and 4 labels will take 0.0 GB in memory, and as much in"
    assert what in said[1]
    monkeypatch.setattr(folds, "physical_memory", lambda: 255)
    with pytest.raises(ConfigError) as error:
        cross_validate(flat(), documents(4), FAST, folds=2)
    assert str(error.value) == (
        "folds: the scores of 16 documents and 4 labels take 0.0 GB, and this machine has 0.0 GB. "
        "Give fewer documents, or a taxonomy of fewer labels."
    )


def test_folds_cut_by_a_function_go_on(tmp_path: Path) -> None:
    options: dict[str, Any] = {"folds": 2, "directory": tmp_path / "folds", "segment": str.split}
    first = cross_validate(flat(), documents(4), FAST, **options)
    said: list[str] = []
    again = cross_validate(
        flat(), documents(4), FAST, resume=True, listener=lambda e: said.append(str(e)), **options
    )
    assert sum("is finished" in line for line in said) == 2
    np.testing.assert_array_equal(again.out_of_fold.scores.values, first.out_of_fold.scores.values)


def test_validation_documents_may_be_given() -> None:
    valid = [Document("v", {"text": TOPICS["cat"]}, ("cat",))]
    found = cross_validate(flat(), documents(4), FAST, folds=2, valid=valid)
    assert len(found.reports) == 2


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="folds: got 1, expected 2 or more"):
        cross_validate(flat(), documents(2), FAST, folds=1)
    (tmp_path / "mine.txt").touch()
    with pytest.raises(InputError, match=r"with other files in it \(it has no folds.json\)"):
        cross_validate(flat(), documents(2), FAST, folds=2, directory=tmp_path, overwrite=True)


def test_files_of_scores_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "out-of-fold.npz"
    with pytest.raises(BundleError, match="no such file of out-of-fold scores"):
        load_out_of_fold(tmp_path)
    path.write_bytes(b"nothing")
    with pytest.raises(BundleError, match="is damaged"):
        load_out_of_fold(tmp_path)
    good: dict[str, Any] = {
        "scores": np.full((2, 2), 0.5, np.float32),
        "folds": np.array([0, 1]),
        "label_columns": np.array([0, 1]),
        "label_offsets": np.array([0, 1, 2]),
        "ids": np.frombuffer(b'["a", "b"]', np.uint8),
        "codes": np.frombuffer(b'["x", "y"]', np.uint8),
        "taxonomy": np.frombuffer(b"v", np.uint8),
    }
    np.savez(path, **good)
    assert load_out_of_fold(tmp_path).codes == ("x", "y")
    for name, value in (
        ("scores", np.full((2, 2), 1.5, np.float32)),
        ("scores", np.full((3, 2), 0.5, np.float32)),
        ("folds", np.array([0])),
        ("label_columns", np.array([0, 7])),
        ("label_offsets", np.array([0, 1, 9])),
        ("ids", np.frombuffer(b"{}", np.uint8)),
        ("ids", np.frombuffer(b"[1, 2]", np.uint8)),
        ("taxonomy", np.array([object()])),
    ):
        np.savez(path, **(good | {name: value}))
        with pytest.raises(BundleError, match="is damaged"):
            load_out_of_fold(tmp_path)


def test_compressed_scores_that_are_damaged(tmp_path: Path) -> None:
    """By someone's program: what zlib and zipfile raise is no traceback."""
    path = tmp_path / "out-of-fold.npz"
    np.savez_compressed(path, scores=np.random.default_rng(0).random((50, 2)))
    good, kinds = path.read_bytes(), set()
    for place in range(8, 300):
        damaged = bytearray(good)
        damaged[place] ^= 0xFF
        path.write_bytes(damaged)
        with pytest.raises(BundleError, match="is damaged: ") as caught:
            load_out_of_fold(tmp_path)
        kinds.add(str(caught.value).split(": ")[2][:20])
    assert any(kind.startswith("Error -3 while decom") for kind in kinds)


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = sample()
    out = tmp_path / "folds"
    command = ["train", "--train", str(files.valid), "-t", str(files.taxonomy), "-o", str(out)]
    command += ["--folds", "2", "--preset", "fast"]
    assert run(command) == 0
    shown = capsys.readouterr()
    assert "2 folds, each by a model of the others" in shown.out
    assert "micro f1" in shown.out
    assert "fold 2 of 2" in shown.err
    assert run(command) == 2
    assert "holds folds already." in capsys.readouterr().err
    assert run([*command, "--resume"]) == 0
    assert "fold-2 is finished" in capsys.readouterr().err
