"""Learns and repeats: seeds, resuming bit for bit, interruption, patience."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import harnn
from harnn.branches.network.batch import parts_of
from harnn.branches.network.scoring import score_corpus
from harnn.bundle import EpochRow
from harnn.config import Config, DataConfig
from harnn.corpus import Corpus, TokensView, encode_corpus
from harnn.data import Document, label_documents
from harnn.errors import BundleError, ConfigError, DocumentError, TrainingInterrupted
from harnn.metrics import micro_auprc
from harnn.network import Beam, HarnnNetwork
from harnn.training import Event, FitResult, Stage, Step
from support.branches import networks_of
from support.topics import TAXONOMY, TOPICS


def corpus(count: int, seed: int) -> list[Document]:
    generator = np.random.default_rng(seed)
    documents = []
    for number in range(count):
        label = str(generator.choice(list(TOPICS)))
        words = generator.choice([*TOPICS[label].split(), "the", "a", "of"], size=12)
        documents.append(Document(f"d{number}", {"text": " ".join(words)}, (label,), f"m:{number}"))
    return documents


TRAIN, VALID = corpus(60, 1), corpus(20, 2)
SIZES = {"embedding_size": 8, "lstm_size": 8, "attention_size": 8, "fc_size": 8}
SMALL: dict[str, Any] = SIZES | {"text_vectors": "off"}
"""What stops, goes on and repeats beside the network: tests/training/test_kept.py."""


def config(**training: object) -> Config:
    return Config.from_dict(
        {
            "text": {"vectors": "random", "min_count": 1},
            "model": SMALL,
            "training": {
                "epochs": 4,
                "batch_size": 8,
                "precision": "32",
                "learning_rate": 0.02,
                **training,
            },
        }
    )


def weights(result: FitResult) -> dict[str, torch.Tensor]:
    return dict(networks_of(result)[0].state_dict())


def vectors_of(result: FitResult) -> torch.Tensor:
    return networks_of(result)[0].embedding.weight


@pytest.fixture(scope="module")
def whole() -> FitResult:
    """Of a training that nobody stopped."""
    return harnn.fit(TAXONOMY, TRAIN, VALID, config())


def assert_same(left: FitResult, right: FitResult) -> None:
    for name, tensor in weights(left).items():
        assert torch.equal(tensor, weights(right)[name]), name
    timeless = [
        {k: v for k, v in row.to_dict().items() if "second" not in k} for row in left.history.rows
    ]
    assert timeless == [
        {k: v for k, v in row.to_dict().items() if "second" not in k} for row in right.history.rows
    ]
    assert left.decoder == right.decoder
    texts = [document.full_text for document in VALID]
    one, other = (harnn.Predictor.from_result(x).scores(texts).values for x in (left, right))
    assert np.array_equal(one, other)


def test_learns_and_repeats() -> None:
    state = torch.random.get_rng_state()
    first = harnn.fit(TAXONOMY, TRAIN, VALID, config(epochs=8))
    assert torch.equal(state, torch.random.get_rng_state())
    assert first.report.micro_f1 > 0.9
    assert first.report.violations >= 0
    torch.manual_seed(99)
    assert_same(first, harnn.fit(TAXONOMY, TRAIN, VALID, config(epochs=8)))
    other = harnn.fit(TAXONOMY, TRAIN, VALID, config(epochs=8, seed=14))
    assert not torch.equal(
        weights(first)["encoder.forward_lstm.weight_hh_l0"],
        weights(other)["encoder.forward_lstm.weight_hh_l0"],
    )


class StopAt:
    """Press Ctrl-C (or send SIGTERM) after some step."""

    def __init__(self, step: int, number: int = signal.SIGINT) -> None:
        self.step, self.number = step, number

    def __call__(self, event: Event) -> None:
        if isinstance(event, Step) and event.step == self.step:
            os.kill(os.getpid(), self.number)


@pytest.mark.parametrize("step", [3, 8, 13])  # within the first epoch, at its end, in the second
def test_resume_equals_uninterrupted(step: int, whole: FitResult, tmp_path: Path) -> None:
    with pytest.raises(TrainingInterrupted) as stopped:
        harnn.fit(
            TAXONOMY, TRAIN, VALID, config(), checkpoint_directory=tmp_path, listener=StopAt(step)
        )
    assert str(stopped.value) == (
        f"Training stopped at step {step}. The checkpoint is kept in "
        f"{tmp_path / 'checkpoint.safetensors'}; repeat the command with --resume to go on."
    )
    assert stopped.value.exit_code == 130
    assert sorted(p.name for p in tmp_path.iterdir() if not p.name.startswith("finished-")) == [
        "checkpoint.safetensors"
    ]
    resumed = harnn.fit(
        TAXONOMY, TRAIN, VALID, config(), checkpoint_directory=tmp_path, resume=True
    )
    assert_same(whole, resumed)


@pytest.mark.slow
def test_learns_and_resumes_on_some_labels(tmp_path: Path) -> None:
    """Two negatives at most of the four leaves; all are scored."""
    knobs = config(epochs=10, negatives=2)
    whole = harnn.fit(TAXONOMY, TRAIN, VALID, knobs)
    assert whole.report.micro_f1 > 0.9
    other = harnn.fit(TAXONOMY, TRAIN, VALID, config(epochs=10))
    assert not torch.equal(
        networks_of(whole)[0].head.global_predict.weight,
        networks_of(other)[0].head.global_predict.weight,
    )
    with pytest.raises(TrainingInterrupted):
        harnn.fit(TAXONOMY, TRAIN, VALID, knobs, checkpoint_directory=tmp_path, listener=StopAt(8))
    assert_same(
        whole, harnn.fit(TAXONOMY, TRAIN, VALID, knobs, checkpoint_directory=tmp_path, resume=True)
    )


@pytest.mark.parametrize("settings", [{}, {"focus": 2.0}, {"negatives": 2}], ids=str)
def test_long_documents_are_read_in_parts_of_a_batch(
    settings: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their gradients add up to those of the whole batch."""
    plain = config(epochs=2, **settings).to_dict()
    plain["model"] |= {"dropout": 0.0, "embedding_dropout": 0.0, "branches": "network"}
    knobs = Config.from_dict(plain)
    whole = harnn.fit(TAXONOMY, TRAIN, VALID, knobs)
    monkeypatch.setattr(HarnnNetwork, "tokens_at_once", 45)  # of 8 x 16
    parts = harnn.fit(TAXONOMY, TRAIN, VALID, knobs)
    for name, tensor in weights(whole).items():
        torch.testing.assert_close(weights(parts)[name], tensor, rtol=1e-3, atol=1e-4)
    for left, right in zip(whole.history.rows, parts.history.rows, strict=True):
        assert left.loss == pytest.approx(right.loss, rel=1e-4)


@pytest.mark.parametrize(
    ("documents", "tokens", "sizes"),
    [
        (8, 16, [2, 3, 3]),
        (8, 5, [8]),
        (3, 100, [1, 1, 1]),
        (0, 5, []),
        (1, 0, [1]),
    ],
)
def test_parts_of_a_batch(documents: int, tokens: int, sizes: list[int]) -> None:
    found = list(range(documents))
    parts = [found[part] for part in parts_of(documents, tokens, most=50)]
    assert [len(part) for part in parts] == sizes
    assert [row for part in parts for row in part] == found


def test_very_many_labels_are_validated_by_beam(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a level of more than 3 labels had very many; what is tuned sees exact scores."""
    monkeypatch.setattr("harnn.training.plan.MANY_LABELS", 3)
    beams: list[Beam | None] = []

    def watch(network: HarnnNetwork, corpus: Corpus, **how: Any) -> np.ndarray:
        beams.append(how.get("beam"))
        return score_corpus(network, corpus, **how)

    monkeypatch.setattr("harnn.training.validating.score_corpus", watch)
    monkeypatch.setattr("harnn.branches.network.branch.score_corpus", watch)
    harnn.fit(TAXONOMY, TRAIN, VALID, config(epochs=2))
    assert [beam and beam.width for beam in beams] == [32, 32, None]


def test_resume_twice_and_after_the_end(whole: FitResult, tmp_path: Path) -> None:
    for resume, step in ((False, 5), (True, 20)):
        with pytest.raises(TrainingInterrupted):
            harnn.fit(
                TAXONOMY,
                TRAIN,
                VALID,
                config(),
                checkpoint_directory=tmp_path,
                resume=resume,
                listener=StopAt(step, signal.SIGTERM),
            )
    for _ in range(2):
        again = harnn.fit(
            TAXONOMY, TRAIN, VALID, config(), checkpoint_directory=tmp_path, resume=True
        )
        assert_same(whole, again)


def test_trained_vectors_resume_too(tmp_path: Path) -> None:
    table = config().to_dict()
    table["text"] |= {"vectors": "word2vec", "vectors_epochs": 2}
    knobs = Config.from_dict(table)
    whole = harnn.fit(TAXONOMY, TRAIN, VALID, knobs)
    with pytest.raises(TrainingInterrupted):
        harnn.fit(TAXONOMY, TRAIN, VALID, knobs, checkpoint_directory=tmp_path, listener=StopAt(9))
    assert_same(
        whole, harnn.fit(TAXONOMY, TRAIN, VALID, knobs, checkpoint_directory=tmp_path, resume=True)
    )


def test_resume_refuses_other_settings_and_damaged_checkpoints(tmp_path: Path) -> None:
    with pytest.raises(TrainingInterrupted):
        harnn.fit(
            TAXONOMY, TRAIN, VALID, config(), checkpoint_directory=tmp_path, listener=StopAt(5)
        )
    with pytest.raises(ConfigError) as other:
        harnn.fit(TAXONOMY, TRAIN[:-1], VALID, config(), checkpoint_directory=tmp_path, resume=True)
    assert str(other.value) == (
        f"{tmp_path}: the checkpoint was made with other settings, taxonomy or documents. "
        "Resume with the same ones, or train without --resume."
    )
    (tmp_path / "checkpoint.safetensors").write_bytes(b"rubbish")
    with pytest.raises(BundleError, match=r"checkpoint\.safetensors: is damaged: "):
        harnn.fit(TAXONOMY, TRAIN, VALID, config(), checkpoint_directory=tmp_path, resume=True)
    with pytest.raises(ConfigError) as nowhere:
        harnn.fit(TAXONOMY, TRAIN, VALID, config(), resume=True)
    assert str(nowhere.value) == "resume needs the checkpoint_directory of the stopped run."


def test_events_and_patience() -> None:
    events: list[Event] = []
    result = harnn.fit(
        TAXONOMY,
        TRAIN,
        VALID,
        config(epochs=30, patience=1, learning_rate=0.05),
        listener=events.append,
    )
    rows = [event for event in events if isinstance(event, EpochRow)]
    assert tuple(rows) == result.history.rows
    assert len(rows) < 30
    valid = encode_corpus(
        label_documents(VALID, DataConfig(), TAXONOMY),
        {"tokens": TokensView(result.tokenizer)},
        len(TAXONOMY),
    )
    scores = TAXONOMY.hierarchy.propagate(score_corpus(networks_of(result)[0], valid))
    auprc = micro_auprc(scores, valid.targets)
    assert max(row.auprc for row in rows) == pytest.approx(auprc, abs=1e-6)
    stages = [event.message for event in events if isinstance(event, Stage)]
    assert stages[1].startswith("train: 60 documents, 720 tokens")


def test_documents_without_words_are_counted() -> None:
    events: list[Event] = []
    empty = Document("e", {"text": " ... "}, ("cat",), "m:1")
    harnn.fit(TAXONOMY, [*TRAIN, empty], VALID, config(epochs=1), listener=events.append)
    messages = [event.message for event in events if isinstance(event, Stage)]
    assert "train: 61 documents, 720 tokens; 1 without any word" in messages


def test_cut_documents_are_reported() -> None:
    stages: list[Event] = []
    table = config(epochs=1).to_dict()
    table["text"]["max_length"] = 5
    result = harnn.fit(TAXONOMY, TRAIN, VALID, Config.from_dict(table), listener=stages.append)
    assert result.documents["train_truncated"] == 60
    messages = [event.message for event in stages if isinstance(event, Stage)]
    assert (
        "train: 60 documents, 300 tokens; 60 longer than 5 tokens were cut (text.max_length)"
        in messages
    )


def test_documents_that_cannot_be_trained_on() -> None:
    bad = [
        Document("x", {"text": "purring"}, ("cta",), "m:1"),
        Document("y", {"text": "purring"}, None, "m:2"),
    ]
    with pytest.raises(DocumentError) as error:
        harnn.fit(TAXONOMY, [*TRAIN, *bad], VALID, config())
    assert str(error.value) == (
        "2 problems in the documents:\n"
        "  m:1: unknown label 'cta'. Did you mean 'cat'?\n"
        "  m:2: document 'y' has no labels."
    )


def test_unknown_vectors_are_named() -> None:
    table = config().to_dict()
    table["text"]["vectors"] = "word3vec"
    with pytest.raises(ConfigError) as error:
        harnn.fit(TAXONOMY, TRAIN, VALID, Config.from_dict(table))
    assert str(error.value) == (
        "text.vectors: got 'word3vec', expected word2vec, fasttext, random, glove-6b-50d or the "
        "path of a file."
    )


def test_given_vectors_are_covered_aligned_and_frozen(tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    words = [word for text in TOPICS.values() for word in text.split()]
    rows = [
        f"{word} " + " ".join(f"{i + k / 10:.1f}" for k in range(6)) for i, word in enumerate(words)
    ]
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    table = config(epochs=1).to_dict()
    table["text"] |= {"vectors": str(path), "freeze_vectors": True}
    events: list[Event] = []
    result = harnn.fit(TAXONOMY, TRAIN, VALID, Config.from_dict(table), listener=events.append)
    weight = vectors_of(result).detach()
    assert weight.shape[1] == 6
    row = weight[result.tokenizer.index["kitten"]]
    expected = words.index("kitten") + torch.arange(6) / 10
    assert torch.allclose(row, expected)
    assert result.coverage is not None
    assert sorted(word for word, _ in result.coverage.missing) == ["a", "of", "the"]
    messages = [event.message for event in events if isinstance(event, Stage)]
    assert any("16 of 19 words (84.2%)" in message for message in messages), messages


def test_unlabelled_text_changes_the_vectors(tmp_path: Path) -> None:
    table = config(epochs=1).to_dict()
    table["text"] |= {"vectors": "word2vec", "vectors_epochs": 1}
    knobs = Config.from_dict(table)
    more = tmp_path / "more.txt"
    more.write_text("kitten petal bark\n" * 50, encoding="utf-8")
    events: list[Event] = []
    alone = harnn.fit(TAXONOMY, TRAIN, VALID, knobs)
    helped = harnn.fit(TAXONOMY, TRAIN, VALID, knobs, unlabelled=[more], listener=events.append)
    assert not torch.equal(vectors_of(alone), vectors_of(helped))
    messages = [event.message for event in events if isinstance(event, Stage)]
    assert "training word2vec vectors on 110 documents" in messages
    assert "unlabelled: 50 documents, 150 tokens" in messages


def test_documents_in_memory_can_be_skipped_too() -> None:
    table = config(epochs=1).to_dict()
    table["data"]["on_error"] = "skip"
    bad = Document("x", {"text": "purring"}, ("cta",), "m:1")
    events: list[Event] = []
    knobs = Config.from_dict(table)
    result = harnn.fit(TAXONOMY, [*TRAIN, bad], VALID, knobs, listener=events.append)
    assert (result.documents["train"], result.documents["train_skipped"]) == (60, 1)
    messages = [event.message for event in events if isinstance(event, Stage)]
    assert (
        "train: 60 documents, 720 tokens\n"
        "1 record skipped:\n"
        "  m:1: unknown label 'cta'. Did you mean 'cat'?"
    ) in messages


def told_of(bad: Sequence[Document], on_error: str) -> str:
    """What a training says of its training documents."""
    events: list[Event] = []
    table = config(epochs=1).to_dict()
    table["data"]["on_error"] = on_error
    harnn.fit(TAXONOMY, [*TRAIN, *bad], VALID, Config.from_dict(table), listener=events.append)
    messages = [event.message for event in events if isinstance(event, Stage)]
    return next(message for message in messages if message.startswith("train:"))


def test_dropped_labels_are_told() -> None:
    bad = [Document(f"x{i}", {"text": "purring"}, ("cat", "cta"), f"m:{i}") for i in range(3)]
    lines = told_of(bad, "drop-labels").splitlines()
    assert lines[1] == "Warning: m:0: unknown label 'cta' dropped. Did you mean 'cat'?"
    assert lines[-2:] == [
        "3 labels dropped that the taxonomy does not have:",
        "  'cta' 3",
    ]


def test_skipped_documents_are_told_in_few_lines() -> None:
    bad = [Document(f"x{i}", {"text": "purring"}, ("cta",), f"m:{i}") for i in range(300)]
    lines = told_of(bad, "skip").splitlines()
    assert lines[1] == "300 records skipped:"
    assert lines[2] == "  m:0: unknown label 'cta'. Did you mean 'cat'?"
    assert lines[7:] == ["  ... and 295 more like this."]
