"""Several processes that train one network: the same training, whatever their number."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

import harnn
from harnn.branches.transformer import TransformerBranch
from harnn.config import Config
from harnn.errors import ConfigError, RankLostError, TrainingInterrupted
from harnn.network import Dropout, rows_of_batch
from harnn.training import FitResult, Ranks
from harnn.training.ranks import Share
from support.ranks import (
    LOSS,
    SETTINGS,
    TAXONOMY,
    TRAIN,
    VALID,
    Told,
    assert_same,
    children,
    config,
    fit,
    fit_among,
    furthest,
)
from support.tiny_encoder import make_tiny_encoder
from support.topics import FAST

ON_RAY = """
import numpy as np
from scipy.sparse import csr_array, random_array
from harnn._ray import connected
from harnn.training.labels_shared_out import _on_ray
from harnn.training.support_vectors import train_classifier

rng = np.random.default_rng(0)
vectors = csr_array(random_array((100, 90), density=0.1, rng=rng, dtype=np.float32))
targets = csr_array(rng.random((100, 40)) < 0.1)
here = train_classifier(vectors, targets, None)
with connected("local", purpose="This") as ray:
    there = train_classifier(vectors, targets, None, spread=_on_ray(ray, "local", bool))
same = np.array_equal(here.weights.toarray(), there.weights.toarray())
print("the same" if same and np.array_equal(here.bias, there.bias) else "not the same")
"""


@pytest.fixture(scope="module")
def alone() -> tuple[FitResult, Told]:
    told = Told()
    return fit(1, told), told


def test_two_processes_train_as_one(alone: tuple[FitResult, Told]) -> None:
    # Of 33 documents in batches of 8 one is left, of which one process computes nothing.
    with Ranks.local(2) as ranks:
        shared, labels = Told(), Told()
        other = fit_among(ranks, shared)
        by_label = fit_among(ranks, labels, settings=SETTINGS | {"share_labels": "on"})
    assert "2 processes share the training of network" in shared.stages
    each = "each of 2 processes holds some of 6 labels"
    assert (each in shared.stages, each in labels.stages) == (False, True)
    assert_same(alone, (other, shared))
    assert_same(alone, (by_label, labels))
    assert not torch.distributed.is_initialized()


@pytest.mark.parametrize(
    ("number", "count", "part", "share"),
    [
        (0, 1, slice(3, 10), Share(3, 10, 7)),
        (0, 2, slice(0, 7), Share(0, 3, 3)),
        (1, 2, slice(0, 7), Share(3, 7, 4)),
        (0, 2, slice(4, 5), Share(4, 5, 0)),
        (1, 2, slice(4, 5), Share(4, 5, 1)),
        (2, 3, slice(8, 10), Share(9, 10, 1)),
    ],
)
def test_the_share_of_a_rank(number: int, count: int, part: slice, share: Share) -> None:
    assert Ranks(number, count).of(part) == share


@pytest.mark.parametrize("size", [1, 2, 7, 64])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_shares_make_up_the_part(size: int, count: int) -> None:
    shares = [Ranks(number, count).of(slice(5, 5 + size)) for number in range(count)]
    counted = [x for x in shares if x.weight]
    assert [row for x in counted for row in range(x.start, x.stop)] == list(range(5, 5 + size))
    assert all(x.stop - x.start == 1 for x in shares if not x.weight)


def test_rows_of_a_batch_drop_what_the_batch_drops() -> None:
    dropout, whole = Dropout(0.4), torch.ones(7, 3, 5)
    torch.manual_seed(3)
    expected, after = dropout(whole), torch.random.get_rng_state()
    for start, stop in ((0, 3), (3, 7), (6, 7)):
        torch.manual_seed(3)
        with rows_of_batch(start, stop, 7):
            assert torch.equal(dropout(whole[start:stop]), expected[start:stop])
        assert torch.equal(torch.random.get_rng_state(), after)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "RANK",
            "x",
            "the variable RANK of the environment: got 'x', expected a number, as torchrun sets "
            "it.",
        ),
        (
            "HARNN_RANKS_TIMEOUT",
            "soon",
            "the variable HARNN_RANKS_TIMEOUT of the environment: got 'soon', expected seconds, 1 "
            "to 1,000,000.",
        ),
    ],
)
def test_a_wrong_environment(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    for each in ("RANK", "WORLD_SIZE"):
        monkeypatch.setenv(each, "1")
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as error:
        Ranks.launched()
    assert str(error.value) == message


def test_a_device_that_not_all_can_have() -> None:
    with pytest.raises(ConfigError) as error, Ranks.local(2) as ranks:
        harnn.fit(TAXONOMY, TRAIN, VALID, config(SETTINGS | {"device": "mps"}), ranks=ranks)
    assert "training.device: got 'mps', but several processes train on cpu or cuda" in str(
        error.value
    )
    with pytest.raises(ValueError, match="Expected 1 process or more, got 0"):
        Ranks.local(0)


def test_messages_of_a_lost_rank(tmp_path: Path) -> None:
    cause = "rank 1 of the training (process 7) was killed by signal 9"
    lost = RankLostError(cause, tmp_path / "x", 12)
    assert str(lost) == (
        "Rank 1 of the training (process 7) was killed by signal 9. Training stopped at step 12. "
        f"The checkpoint is kept in {tmp_path / 'x'}; repeat the command with --resume to go on."
    )
    assert lost.exit_code == 3
    assert str(RankLostError("rank 0 is gone", leads=False)) == (
        "Rank 0 is gone. Rank 0 says what is kept."
    )


def test_without_networks_no_process_is_started() -> None:
    told = Told()
    with Ranks.local(2) as ranks:
        harnn.fit(TAXONOMY, TRAIN, VALID, FAST, listener=told, ranks=ranks)
        assert not children()
    what = "were asked for, but there is nothing that they share: one does everything"
    assert f"2 processes {what}" in told.stages


@pytest.mark.slow
def test_resumed_with_other_numbers_of_processes(
    alone: tuple[FitResult, Told], tmp_path: Path
) -> None:
    losses: list[float] = []
    for count, step in ((2, 3), (1, 6), (3, 8)):
        told = Told(step, lambda: os.kill(os.getpid(), signal.SIGINT))
        with pytest.raises(TrainingInterrupted) as stopped:
            fit(count, told, checkpoint_directory=tmp_path, resume=step > 3)
        assert (stopped.value.step, stopped.value.exit_code) == (step, 130)
        losses += told.losses
    told = Told()
    result = fit(2, told, checkpoint_directory=tmp_path, resume=True)
    np.testing.assert_allclose(losses + told.losses, alone[1].losses, atol=LOSS)
    assert furthest(result, alone[0]) < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_process_ends_the_training(
    alone: tuple[FitResult, Told], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setenv("HARNN_RANKS_TIMEOUT", "30")
    started = time.monotonic()
    told = Told(3, lambda: os.kill(children()[0], number))
    with pytest.raises(RankLostError) as lost:
        fit(2, told, checkpoint_directory=tmp_path)
    assert time.monotonic() - started < 300
    if number == signal.SIGKILL:
        assert "was killed by signal 9. Training stopped at step " in str(lost.value)
    else:
        assert "ended or did not answer: rank 0 of 2 (from 0) lost it." in str(lost.value)
    assert "repeat the command with --resume to go on." in str(lost.value)
    assert not children()
    assert not list(tmp_path.glob("*.tmp"))
    again = Told()
    result = fit(1, again, checkpoint_directory=tmp_path, resume=True)
    np.testing.assert_allclose(told.losses + again.losses, alone[1].losses, atol=LOSS)
    assert furthest(result, alone[0]) < 1e-5


@pytest.mark.slow
def test_three_processes_and_small_batches() -> None:
    settings = SETTINGS | {"batch_size": 4, "epochs": 1}
    one, three = Told(), Told()
    assert furthest(fit(1, one, settings=settings), fit(3, three, settings=settings)) < 1e-5
    np.testing.assert_allclose(one.losses, three.losses, atol=LOSS)


@pytest.mark.slow
def test_a_cluster_of_ray_solves_labels_to_the_bit() -> None:
    pytest.importorskip("ray")
    # Ray leaves processes behind that this one would be warned of.
    done = subprocess.run(
        [sys.executable, "-c", ON_RAY], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "the same\n"), done.stderr


@pytest.mark.slow
def test_an_encoder_is_fine_tuned_as_in_one_process(tmp_path: Path) -> None:
    # Without dropout, which each process draws for itself.
    place = make_tiny_encoder(
        tmp_path / "tiny", hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0
    )
    model = {"branches": "linear", "transformer": str(place), "leave_out": "off"}
    tables = config(SETTINGS, model).given() | {
        "transformer": {"epochs": 2, "batch_size": 8, "dropout": 0.0, "tokens": 16}
    }
    losses, weights = [], []
    for count in (1, 2):
        told = Told()
        with Ranks.local(count) as ranks:
            given = Config.from_dict(tables)
            result = harnn.fit(TAXONOMY, TRAIN, VALID, given, listener=told, ranks=ranks)
        branch = result.ensemble.branch("transformer")
        assert isinstance(branch, TransformerBranch)
        losses.append(told.losses)
        weights.append(branch.network.state_dict())
    assert len(losses[0]) == 10
    np.testing.assert_allclose(losses[0], losses[1], atol=LOSS)
    for name, one in weights[0].items():
        torch.testing.assert_close(weights[1][name], one, atol=1e-4, rtol=1e-3)
