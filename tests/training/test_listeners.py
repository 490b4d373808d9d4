"""Callables that people bring: listeners, and the score that the best epoch is chosen by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harnn
from harnn.bundle import EpochRow, History
from harnn.config import Config
from harnn.errors import CallableError, ConfigError
from harnn.sample import sample
from harnn.training import (
    BranchStarted,
    Event,
    Finished,
    Stage,
    Started,
    StopTraining,
    ValidatedEpoch,
    as_listener,
)
from harnn.training.events import remarks_once

FILES = sample("en")
TAXONOMY = FILES.load_taxonomy()
_SMALL = {"embedding_size": 4, "lstm_size": 4, "attention_size": 4, "fc_size": 4}
SETTINGS = Config.from_dict(
    {
        "text": {"vectors": "random"},
        "model": _SMALL | {"branches": "network", "text_vectors": "off"},
        "training": {"epochs": 3, "batch_size": 64, "precision": "32", "patience": 9},
    }
)


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("documents") / "some.jsonl"
    lines = Path(FILES.train).read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:64]), encoding="utf-8")
    return path


def fit(documents: Path, **more: Any) -> Any:
    return harnn.fit(TAXONOMY, documents, FILES.valid, SETTINGS, **more)


def row(epoch: int, auprc: float, selection: float | None = None) -> EpochRow:
    given = dict.fromkeys(
        ("loss", "micro_f1", "macro_f1", "threshold", "learning_rate", "seconds"), 0.0
    )
    given |= {"documents_per_second": 0.0, "padding": 0.0}
    return EpochRow(epoch=epoch, steps=epoch, auprc=auprc, selection=selection, **given)


def test_the_best_epoch_is_the_one_that_is_selected(documents: Path) -> None:
    seen: list[ValidatedEpoch] = []

    def second(epoch: ValidatedEpoch) -> float:
        seen.append(epoch)
        return 1.0 if epoch.row.epoch == 2 else np.float32(0.5)  # type: ignore[return-value]

    told: list[Event] = []
    made = fit(documents, listener=[told.append, lambda _: None], selection=second)
    history: History = made.history
    assert [each.selection for each in history.rows] == [0.5, 1.0, 0.5]
    best = history.best("auprc")
    assert best is not None
    assert best.epoch == 2
    assert "epoch 2 of 3" in made.summaries[0]
    assert seen[0].scores.values.shape == seen[0].targets.shape == (50, 50)
    assert seen[0].taxonomy.codes == TAXONOMY.codes
    assert not seen[0].scores.values.flags.writeable
    again = History.from_json_lines(history.to_json_lines())
    assert again == history
    kinds = [type(event) for event in told]
    assert kinds.index(Started) < kinds.index(BranchStarted) < kinds.index(EpochRow)
    assert kinds[-1] is Finished
    last = told[-1]
    assert isinstance(last, Finished)
    assert last.bundle is made


def test_patience_counts_from_the_selected_epoch() -> None:
    history = History((row(1, 0.9, 0.1), row(2, 0.1, 0.3), row(3, 0.5, 0.3)))
    assert history.epochs_since_best("auprc") == 1
    assert "selection" not in row(1, 0.5).to_dict()


def test_a_checkpoint_of_another_selection_is_refused(documents: Path, tmp_path: Path) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, EpochRow):
            raise StopTraining

    def mine(epoch: ValidatedEpoch) -> float:
        return epoch.row.auprc

    place: dict[str, Any] = {"checkpoint_directory": tmp_path / "checkpoint"}
    with pytest.raises(StopTraining):
        fit(documents, listener=[stop_after_two(stop)], selection=mine, **place)
    with pytest.raises(ConfigError, match="other settings"):
        fit(documents, resume=True, **place)
    made = fit(documents, resume=True, selection=mine, **place)
    assert [each.selection == each.auprc for each in made.history.rows] == [True] * 3


def stop_after_two(stop: Any) -> Any:
    rows: list[EpochRow] = []

    def listen(event: Event) -> None:
        if isinstance(event, EpochRow):
            rows.append(event)
            if len(rows) == 2:  # the checkpoint of the first epoch is written
                stop(event)

    return listen


def test_callables_that_fail_are_named(documents: Path) -> None:
    def mine(_: ValidatedEpoch) -> Any:
        raise KeyError("rare")

    with pytest.raises(CallableError) as error:
        fit(documents, selection=mine)
    name = "test_callables_that_fail_are_named.mine"
    assert str(error.value) == f"The selection {name!r} raised KeyError: 'rare'"
    assert isinstance(error.value.__cause__, KeyError)
    with pytest.raises(CallableError, match="returned None, expected a number"):
        fit(documents, selection=lambda _: None)


class Clumsy:
    def __call__(self, event: Event) -> None:
        raise ValueError("no such file")


def test_a_listener_that_fails_is_named() -> None:
    told: list[Event] = []
    with pytest.raises(CallableError) as error:
        as_listener([told.append, Clumsy()])(Stage("x"))
    assert str(error.value) == "The listener 'Clumsy' raised ValueError: no such file"
    assert told == [Stage("x")]


@pytest.mark.parametrize("error", [StopTraining(), ConfigError("no"), KeyboardInterrupt()])
def test_what_passes_through(error: BaseException) -> None:
    def stop(_: Event) -> None:
        raise error

    with pytest.raises(type(error)):
        as_listener(stop)(Stage("x"))


def test_the_same_remarks_are_passed_on_once() -> None:
    heard: list[Event] = []
    listener = remarks_once(heard.append)
    two, other = ["Warning: a", "1 record skipped:"], ["Warning: b"]
    for what, remarks in (("train: 4", two), ("train: 5", two), ("", two), ("", other), ("", two)):
        listener(Stage.of_reading(what, remarks))
    listener(Stage("train: 4\nWarning: a"))  # a message of more lines, but no remark
    assert [event.message for event in heard if isinstance(event, Stage)] == [
        "train: 4\nWarning: a\n1 record skipped:",
        "train: 5",
        "Warning: b",
        "train: 4\nWarning: a",
    ]
