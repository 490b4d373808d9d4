"""Ranks of which each holds some labels of a network: the training of one process."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from harnn.config import Config
from harnn.errors import ConfigError, InputError, RankLostError, TrainingInterrupted
from harnn.taxonomy import Taxonomy
from harnn.training import FitResult, Ranks
from harnn.training.plan import MANY_LABELS, shares_labels
from harnn.training.progress import Progress
from support.ranks import (
    LOSS,
    SETTINGS,
    Told,
    assert_same,
    children,
    fit,
    fit_among,
    furthest,
)

SHARED = SETTINGS | {"share_labels": "on"}
PAPER = {"mode": "paper", "text_vectors": "auto", "leave_out": "auto"}
GRAPH = Taxonomy.from_edges(
    [
        ("animal", "ROOT"),
        ("plant", "ROOT"),
        ("pet", "animal"),
        ("tree", "plant"),
        ("garden", "plant"),
        ("cat", "pet"),
        ("dog", "pet"),
        ("dog", "animal"),
        ("oak", "tree"),
        ("oak", "garden"),
        ("rose", "garden"),
    ]
)
CASES: dict[str, dict[str, Any]] = {
    "sampled labels": {"settings": {"negatives": 2}},
    "mode paper": {"model": PAPER},
    "two networks of a graph": {"model": {"members": 2, "encoder": "mingru"}, "taxonomy": GRAPH},
}


@pytest.mark.slow
def test_three_processes_train_as_one() -> None:
    # Of the two labels of the first level one process has none.
    found: dict[str, tuple[FitResult, Told]] = {}
    with Ranks.local(3) as ranks:
        for name, case in CASES.items():
            told, settings = Told(), SHARED | case.get("settings", {})
            result = fit_among(ranks, told, **(case | {"settings": settings}))
            found[name] = result, told
    for name, case in CASES.items():
        told = Told()
        alone = fit(1, told, **(case | {"settings": SETTINGS | case.get("settings", {})}))
        assert_same((alone, told), found[name])


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ({"branches": "linear"}, "with branches linear there is no network"),
        ({"max_constraint": True}, "model.max_constraint compares all labels"),
        (
            {"transformer": "on"},
            "the head of a fine-tuned encoder (model.transformer) is not shared out",
        ),
    ],
)
def test_what_is_not_shared_out_is_refused(model: dict[str, Any], reason: str) -> None:
    tables = {"model": model, "training": {"share_labels": "on"}}
    with pytest.raises(ConfigError) as error:
        Config.from_dict(tables)
    message = f"training.share_labels: got 'on', but {reason}; leave one of them out."
    assert str(error.value) == message
    assert not shares_labels(Config.from_dict({"model": model | {"max_constraint": True}}), 10**6)


def test_very_many_labels_are_shared_out_unless_told_otherwise() -> None:
    def answers(**training: str) -> list[bool]:
        settings = Config.from_dict({"training": training})
        return [shares_labels(settings, count) for count in (MANY_LABELS, MANY_LABELS + 1)]

    assert answers() == [False, True]
    assert answers(share_labels="on") == [True, True]
    assert answers(share_labels="off") == [False, False]


def test_how_labels_are_shared_out_is_no_part_of_a_model() -> None:
    settings = [Config.from_dict({"training": {"share_labels": x}}) for x in ("on", "off")]
    assert settings[0].to_stored_dict() == settings[1].to_stored_dict()


@pytest.fixture(scope="module")
def alone() -> tuple[FitResult, Told]:
    told = Told()
    return fit(1, told), told


@pytest.mark.slow
def test_checkpoints_are_those_of_one_process(
    alone: tuple[FitResult, Told], tmp_path: Path
) -> None:
    losses: list[float] = []
    # Labels of two, documents of two, labels of three, all in one, and labels of two at the end.
    stops = [(2, 3, "on"), (2, 5, "off"), (3, 6, "on"), (1, 8, "on")]
    for count, step, share in stops:
        told = Told(step, lambda: os.kill(os.getpid(), signal.SIGINT))
        settings = SETTINGS | {"share_labels": share}
        with pytest.raises(TrainingInterrupted) as stopped:
            fit(count, told, settings=settings, checkpoint_directory=tmp_path, resume=step > 3)
        assert (stopped.value.step, stopped.value.exit_code) == (step, 130)
        losses += told.losses
        other = tmp_path / "other"
        told = Told(step, lambda: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(TrainingInterrupted):
            fit(1, told, checkpoint_directory=other, overwrite=True)
        own, theirs = (load_file(x / "checkpoint.safetensors") for x in (tmp_path, other))
        assert own.keys() == theirs.keys()
        for name in own:
            torch.testing.assert_close(own[name], theirs[name], atol=1e-5, rtol=1e-4)
    told = Told()
    result = fit(2, told, settings=SHARED, checkpoint_directory=tmp_path, resume=True)
    np.testing.assert_allclose(losses + told.losses, alone[1].losses, atol=LOSS)
    assert furthest(result, alone[0]) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("step", [3, 8])
def test_a_lost_process_leaves_the_last_checkpoint(
    alone: tuple[FitResult, Told],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    step: int,
) -> None:
    monkeypatch.setenv("HARNN_RANKS_TIMEOUT", "30")
    started = time.monotonic()
    told = Told(step, lambda: os.kill(children()[0], number))
    with pytest.raises(RankLostError) as lost:
        fit(2, told, settings=SHARED, checkpoint_directory=tmp_path)
    assert time.monotonic() - started < 300
    assert not children()
    if step == 3:  # before the first epoch has ended
        assert "What is finished is kept in" in str(lost.value)
        assert [x.name for x in tmp_path.iterdir()] == ["finished-linear-branch.safetensors"]
        return
    assert "Training stopped at step 5. The checkpoint is kept in" in str(lost.value)
    assert not list(tmp_path.glob("*.tmp"))
    again = Told()
    result = fit(2, again, settings=SHARED, checkpoint_directory=tmp_path, resume=True)
    np.testing.assert_allclose(told.losses[:5] + again.losses, alone[1].losses, atol=LOSS)
    assert furthest(result, alone[0]) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("share", ["on", "off"])
def test_a_full_disk_ends_all_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: str
) -> None:
    def full(_tensors: Any, place: Path, **_: Any) -> None:
        place.write_bytes(b"half")
        raise SafetensorError("Error while serializing: I/O error: No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    monkeypatch.setenv("HARNN_RANKS_TIMEOUT", "60")
    with Ranks.local(2) as ranks:
        with pytest.raises(InputError) as error:
            fit_among(
                ranks,
                Told(),
                settings=SETTINGS | {"share_labels": share},
                checkpoint_directory=tmp_path,
            )
        assert str(error.value).endswith("No space left on device.")
        monkeypatch.undo()
        told = Told()  # the other process waits for what comes
        fit_among(ranks, told, settings=SHARED)
        assert len(told.losses) == 10
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.slow
@pytest.mark.parametrize("share", ["on", "off"])
def test_a_stop_while_validating(
    alone: tuple[FitResult, Told], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: str
) -> None:
    def measure(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(2)

    settings, told = SETTINGS | {"share_labels": share}, Told()
    monkeypatch.setattr(Progress, "measure", measure)
    with Ranks.local(2) as ranks:
        with pytest.raises(TrainingInterrupted) as stopped:
            fit_among(ranks, told, settings=settings, checkpoint_directory=tmp_path)
        assert (stopped.value.step, stopped.value.exit_code) == (5, 130)
        monkeypatch.undo()
        again = Told()
        fit_among(ranks, again, settings=settings, checkpoint_directory=tmp_path, resume=True)
    np.testing.assert_allclose(told.losses + again.losses, alone[1].losses, atol=LOSS)
