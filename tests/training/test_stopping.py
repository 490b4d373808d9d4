"""Every stage answers a stop, and a stopped training is gone on with however often it is tried."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from scipy.sparse import csr_array

import harnn
from harnn.branches import Ensemble
from harnn.branches.network.scoring import score_corpus
from harnn.config import Config, TextConfig
from harnn.data import Document
from harnn.errors import ConfigError, InputError, TrainingInterrupted
from harnn.network import HarnnNetwork
from harnn.taxonomy import Hierarchy
from harnn.text import Tokenizer, embed_texts, train_vectors
from harnn.training import Event, FitResult, Stage, Step, train_network, validating
from harnn.training.process import interruptible, stop_requests, stops_at_once
from harnn.training.support_vectors import train_classifier
from support.branches import networks_of
from support.topics import TAXONOMY, TOPICS

SMALL = {"embedding_size": 8, "lstm_size": 8, "attention_size": 8, "fc_size": 8}


def documents(count: int, seed: int) -> list[Document]:
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        label = str(random.choice(list(TOPICS)))
        words = random.choice([*TOPICS[label].split(), "the", "a", "of"], size=9)
        made.append(Document(f"d{number}", {"text": " ".join(words)}, (label,), f"m:{number}"))
    return made


TRAIN, VALID = documents(40, 1), documents(15, 2)


def config(*, vectors: str = "random", members: int = 1, **training: Any) -> Config:
    return Config.from_dict(
        {
            "text": {"vectors": vectors, "min_count": 1},
            "model": SMALL | {"text_vectors": "off", "members": members},
            "training": {"epochs": 2, "batch_size": 8, "precision": "32", "learning_rate": 0.02}
            | training,
        }
    )


class At:
    """Send a signal at an event; collect what is told."""

    def __init__(self, when: Callable[[Event], bool], number: int = signal.SIGINT) -> None:
        self.when, self.number = when, number
        self.told: list[str] = []
        self.count = 0

    def __call__(self, event: Event) -> None:
        self.told.append(getattr(event, "message", ""))
        self.count += isinstance(event, Step)
        if self.when(event):
            os.kill(os.getpid(), self.number)


def at_stage(start: str, number: int = signal.SIGINT) -> At:
    return At(lambda event: isinstance(event, Stage) and event.message.startswith(start), number)


def at_step(step: int, number: int = signal.SIGINT) -> At:
    return At(lambda event: isinstance(event, Step) and event.step == step, number)


def fit(knobs: Config, listener: Callable[[Event], None], **options: Any) -> FitResult:
    return harnn.fit(TAXONOMY, TRAIN, VALID, knobs, listener=listener, **options)


@cache
def whole(knobs: Config) -> FitResult:
    """Return what a training that nobody stops comes to; who asks only reads it."""
    return fit(knobs, lambda _: None)


def same(left: FitResult, right: FitResult) -> bool:
    pairs = zip(networks_of(left), networks_of(right), strict=True)
    return all(
        torch.equal(tensor, other.state_dict()[name])
        for one, other in pairs
        for name, tensor in one.state_dict().items()
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_stops_at_a_step(number: int, tmp_path: Path) -> None:
    before = signal.getsignal(number)
    for times in (1, 2):  # a terminal that closes sends SIGHUP twice
        listener = at_step(3, number)
        if number == signal.SIGHUP and times == 2:
            listener.when = lambda event: isinstance(event, Step) and event.step in (2, 3)
        with pytest.raises(TrainingInterrupted) as stopped:
            fit(config(), listener, checkpoint_directory=tmp_path)
        assert stopped.value.checkpoint == tmp_path / "checkpoint.safetensors"
        assert stopped.value.exit_code == 130
    assert signal.getsignal(number) is before


def test_a_second_hangup_is_let_pass() -> None:
    with stop_requests() as stopped:
        os.kill(os.getpid(), signal.SIGHUP)
        os.kill(os.getpid(), signal.SIGHUP)
        assert stopped()


def test_a_second_ctrl_c_acts_as_it_normally_would() -> None:
    with stop_requests() as stopped:
        os.kill(os.getpid(), signal.SIGINT)
        assert stopped()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_signals_that_are_ignored_stay_so() -> None:
    """As nohup ignores SIGHUP, and a shell SIGINT of what it starts in the background."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        for context in (stop_requests(), stops_at_once()):
            with context as stopped:
                os.kill(os.getpid(), signal.SIGHUP)
                assert not (stopped and stopped())
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_outside_the_main_thread_nothing_is_handled() -> None:
    results: list[bool] = []

    def work() -> None:
        with stop_requests() as stopped, stops_at_once():
            results.append(stopped())

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert results == [False]
    assert signal.getsignal(signal.SIGINT) is before


NOTHING = "Training stopped before anything was finished; repeat the command to start again."


@pytest.mark.parametrize(
    ("stage", "finished"),
    [
        ("reading the training documents", ()),
        ("train: ", ()),
        ("training the linear branch", ()),
        ("training word2vec vectors", ("linear branch",)),
        ("training on cpu", ("linear branch", "word vectors")),
    ],
)
def test_a_stop_before_the_first_step_and_then_always_resuming(
    stage: str, finished: tuple[str, ...], tmp_path: Path
) -> None:
    knobs = config(vectors="word2vec")
    with pytest.raises(TrainingInterrupted) as stopped:
        fit(knobs, at_stage(stage), checkpoint_directory=tmp_path / "c")
    if not finished:
        assert str(stopped.value) == NOTHING
        assert not (tmp_path / "c").exists()
    elif stage != "training on cpu":
        assert stopped.value.finished == finished
        assert str(stopped.value) == (
            f"Training stopped. What is finished is kept in {tmp_path / 'c'} "
            f"({', '.join(finished)}); repeat the command with --resume to go on."
        )
    files = {f"finished-{name.replace(' ', '-')}.safetensors" for name in finished}
    assert {x.name for x in (tmp_path / "c").glob("finished-*")} == files
    calm = at_step(-1)
    resumed = fit(knobs, calm, checkpoint_directory=tmp_path / "c", resume=True)
    assert same(whole(knobs), resumed)
    said = f"there is no checkpoint in {tmp_path / 'c'}: starting from the beginning"
    assert (said in calm.told) == (not finished)


def test_a_stop_while_the_blend_is_fitted_names_the_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(TrainingInterrupted) as stopped:
        fit(config(), at_stage("fitting the blend"), checkpoint_directory=tmp_path)
    assert stopped.value.checkpoint == tmp_path / "checkpoint.safetensors"
    assert stopped.value.step == 10
    listener = at_step(-1)
    fit(config(), listener, checkpoint_directory=tmp_path, resume=True)
    assert listener.count == 0  # nothing is trained again


def test_a_stop_while_reading_again_names_the_checkpoint_that_is_there(tmp_path: Path) -> None:
    with pytest.raises(TrainingInterrupted):
        fit(config(), at_step(3), checkpoint_directory=tmp_path)
    with pytest.raises(TrainingInterrupted) as stopped:
        fit(config(), at_stage("train: "), checkpoint_directory=tmp_path, resume=True)
    assert stopped.value.checkpoint == tmp_path / "checkpoint.safetensors"
    assert stopped.value.step == 3


def test_a_stop_during_validation_goes_on_bit_for_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unstopped, calls = whole(config()), []

    def pressed(*given: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return score_corpus(*given, **options)

    monkeypatch.setattr(validating, "score_corpus", pressed)
    with pytest.raises(TrainingInterrupted) as stopped:
        fit(config(), lambda _: None, checkpoint_directory=tmp_path)
    assert stopped.value.step == 10
    resumed = fit(config(), lambda _: None, checkpoint_directory=tmp_path, resume=True)
    assert same(unstopped, resumed)


def test_without_a_directory_no_checkpoint_is_named() -> None:
    with pytest.raises(TrainingInterrupted) as stopped:
        fit(config(), at_step(3))
    assert (stopped.value.checkpoint, stopped.value.step) == (None, 3)
    assert str(stopped.value) == (
        "Training stopped at step 3; nothing is kept, because no checkpoint directory is given."
    )


PATIENCE = 10.0
"""Seconds: a stop takes about one, and the work it ends minutes, on a machine however busy."""


def seconds_to_stop(work: Callable[[Callable[[], bool]], object]) -> float:
    """Ask *work* to stop after half a second; return how long it took to."""
    asked = threading.Event()
    at: list[float] = []

    def ask() -> None:
        at.append(time.monotonic())
        asked.set()

    timer = threading.Timer(0.5, ask)
    timer.start()
    with pytest.raises(InterruptedError):
        work(asked.is_set)
    return time.monotonic() - at[0]


@pytest.mark.parametrize("kind", ["word2vec", "fasttext"])
def test_word_vectors_stop_within_a_second(kind: Any) -> None:
    words = [f"word{number}" for number in range(2_000)]
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(words, 50)) for _ in range(2_000)]
    tokenizer = Tokenizer.build(texts, TextConfig(segmenter="words", min_count=1))
    ids = tokenizer.encode(texts).ids

    def work(stopped: Callable[[], bool]) -> object:
        return train_vectors(ids, tokenizer, kind=kind, epochs=500, size=128, stopped=stopped)

    threads = threading.active_count()
    assert seconds_to_stop(work) < PATIENCE
    assert threading.active_count() <= threads


def test_vectors_of_whole_texts_stop_within_a_second() -> None:
    texts = ["The swarm settled in the hive and the bees brought pollen. " * 30] * 5_000
    assert seconds_to_stop(lambda stopped: embed_texts(texts, stopped=stopped)) < PATIENCE


def test_asking_to_stop_changes_no_vector() -> None:
    texts = [f"{TOPICS[label]} the of" for label in TOPICS] * 30
    tokenizer = Tokenizer.build(texts, TextConfig(segmenter="words", min_count=1))
    ids = tokenizer.encode(texts).ids
    plain = train_vectors(ids, tokenizer, size=12, epochs=3)
    asked = train_vectors(ids, tokenizer, size=12, epochs=3, stopped=lambda: False)
    np.testing.assert_array_equal(asked.matrix, plain.matrix)


def test_a_fresh_run_removes_what_another_left(tmp_path: Path) -> None:
    fit(config(members=2), lambda _: None, checkpoint_directory=tmp_path)
    assert (tmp_path / "network-2" / "checkpoint.safetensors").exists()
    (tmp_path / "checkpoint.tmp").touch()
    with pytest.raises(TrainingInterrupted):
        fit(config(members=2, seed=14), at_step(2), checkpoint_directory=tmp_path)
    assert sorted(x.name for x in tmp_path.rglob("*")) == [
        "checkpoint.safetensors",
        "finished-linear-branch.safetensors",
    ]
    resumed = fit(
        config(members=2, seed=14), lambda _: None, checkpoint_directory=tmp_path, resume=True
    )
    assert same(whole(config(members=2, seed=14)), resumed)


def test_a_checkpoint_of_another_training_goes_only_where_it_may_be_overwritten(
    tmp_path: Path,
) -> None:
    with pytest.raises(TrainingInterrupted):
        fit(config(), at_step(2), checkpoint_directory=tmp_path)
    other = config(seed=14)
    with pytest.raises(ConfigError, match="was made with other settings"):
        fit(other, lambda _: None, checkpoint_directory=tmp_path, resume=True)
    assert (tmp_path / "checkpoint.safetensors").exists()
    listener = at_step(-1)
    found = fit(other, listener, checkpoint_directory=tmp_path, resume=True, overwrite=True)
    said = "the checkpoint is of another training: starting from the beginning"
    assert said in listener.told
    assert same(found, whole(other))


@pytest.mark.parametrize("rate", [100.0, 30.0])
def test_a_training_that_diverges(
    rate: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights that are not finite stand for what a rate that high brings sooner or later."""
    networks: list[HarnnNetwork] = []
    build = train_network._build

    def watched(*given: Any) -> HarnnNetwork:
        networks.append(build(*given))
        return networks[-1]

    def spoil(event: Event) -> None:
        if isinstance(event, Step) and event.step == 2:
            with torch.no_grad():
                networks[0].head.global_predict.weight.fill_(float("inf"))

    monkeypatch.setattr(train_network, "_build", watched)
    with pytest.raises(ConfigError) as error:
        fit(config(learning_rate=rate), spoil, checkpoint_directory=tmp_path)
    assert str(error.value) == (
        f"training.learning_rate: the training diverged at step 3, with the peak {rate:g}. "
        "Start again with a lower one."
    )
    assert [x.name for x in tmp_path.iterdir()] == ["finished-linear-branch.safetensors"]


def test_scores_that_are_not_finite_are_a_training_that_diverged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def spoiled(*given: Any, **options: Any) -> Any:
        return score_corpus(*given, **options) * np.float32("nan")

    monkeypatch.setattr(validating, "score_corpus", spoiled)
    with pytest.raises(ConfigError, match=r"diverged at step 6, with the peak 0\.02"):
        fit(config(), lambda _: None)


def test_a_disk_that_is_full_is_named_and_the_last_checkpoint_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TrainingInterrupted):
        fit(config(), at_step(2), checkpoint_directory=tmp_path)
    path = tmp_path / "checkpoint.safetensors"
    before = path.read_bytes()

    def full(_tensors: Any, place: Path, **_: Any) -> None:
        place.write_bytes(b"half")
        raise SafetensorError("Error while serializing: I/O error: No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(InputError) as error:
        fit(config(), lambda _: None, checkpoint_directory=tmp_path, resume=True)
    assert str(error.value).startswith(f"{path}: cannot be written: ")
    assert str(error.value).endswith("No space left on device.")
    assert path.read_bytes() == before
    assert list(tmp_path.glob("checkpoint*")) == [path]


def test_networks_are_moved_to_memory_after_they_have_scored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    order: list[str] = []
    move, scored = HarnnNetwork.cpu, Ensemble.fit

    def cpu(network: HarnnNetwork) -> HarnnNetwork:
        order.append("moved")
        return move(network)

    def fit_ensemble(*given: Any, **options: Any) -> Any:
        order.append("scored")
        return scored(*given, **options)

    monkeypatch.setattr(HarnnNetwork, "cpu", cpu)
    monkeypatch.setattr(Ensemble, "fit", fit_ensemble)
    fit(config(members=2), lambda _: None)
    assert order == ["scored", "moved", "moved"]


def test_counting_and_solving_stop_within_a_second() -> None:
    """In compiled code, which is left behind: 20 million numbers are sorted for many seconds."""
    numbers = np.random.default_rng(0).random(20_000_000)
    over = threading.Event()

    def work(stopped: Callable[[], bool]) -> object:
        rounds = (np.sort(numbers) for _ in range(8) if not over.is_set())
        return interruptible(lambda: list(rounds), stopped)

    assert seconds_to_stop(work) < PATIENCE / 4
    over.set()  # what is left behind takes time from the tests that follow


def test_many_labels_stop_within_a_second() -> None:
    generator = np.random.default_rng(0)
    rows = csr_array(generator.random((5_000, 400)).astype(np.float32))
    targets = csr_array(generator.random((5_000, 3_200)) < 0.5)  # 4 seconds of a free core
    hierarchy = Hierarchy.from_edges(np.zeros((0, 2), np.int64), np.ones(3_200, np.int64))

    def work(stopped: Callable[[], bool]) -> object:
        return train_classifier(rows, targets, hierarchy, cost=1e4, stopped=stopped)

    assert seconds_to_stop(work) < PATIENCE / 4


def test_what_is_not_stopped_returns_or_raises_as_it_would() -> None:
    assert interruptible(lambda: "x", lambda: False) == "x"
    with pytest.raises(ZeroDivisionError):
        interruptible(lambda: 1 // 0, lambda: False)
    with pytest.raises(TimeoutError):

        def late() -> None:
            raise TimeoutError

        interruptible(late, lambda: False)
