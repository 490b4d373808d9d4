"""What is finished is kept: taken up again, the same model comes out, and damage is made good."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import harnn
from harnn.bundle import layout
from harnn.config import Config
from harnn.data import Document
from harnn.errors import ConfigError, TrainingInterrupted
from harnn.text import text_vectors_installed
from harnn.training import Event, FitResult, Stage
from harnn.training.finished_pieces import FinishedPiece, load_piece, save_piece
from support.model_mutations import mutate
from support.topics import TAXONOMY, TOPICS

TIMED = {layout.HISTORY, layout.CARD, layout.CHECKSUMS, layout.PROVENANCE}
"""Files in which seconds stand, or the hashes of those."""
PIECES = {
    "linear branch": "finished-linear-branch.safetensors",
    "vectors of the training texts": "finished-vectors-of-the-training-texts.safetensors",
    "vectors of the validation texts": "finished-vectors-of-the-validation-texts.safetensors",
    "text vectors branch": "finished-text-vectors-branch.safetensors",
    "word vectors": "finished-word-vectors.safetensors",
}


def documents(count: int, seed: int) -> list[Document]:
    chance = np.random.default_rng(seed)
    made = []
    for number in range(count):
        label = str(chance.choice(list(TOPICS)))
        words = chance.choice([*TOPICS[label].split(), "the", "a", "of"], size=9)
        made.append(Document(f"d{number}", {"text": " ".join(words)}, (label,), f"m:{number}"))
    return made


TRAIN, VALID, MORE = documents(24, 1), documents(12, 2), documents(5, 3)
STRANGE = "zzz"
VALID[0] = dataclasses.replace(VALID[0], text={"text": f"{VALID[0].full_text} {STRANGE}"})
SIZES = {"embedding_size": 4, "lstm_size": 4, "attention_size": 4, "fc_size": 4}
KNOBS = Config.from_dict(
    {
        "text": {"vectors": "word2vec", "min_count": 1, "vectors_epochs": 2},
        "model": SIZES | {"text_vectors": "on" if text_vectors_installed() else "off"},
        "training": {"epochs": 1, "batch_size": 8, "precision": "32"},
    }
)


class Told:
    """Collects what is told; asks for a stop with KeyboardInterrupt's signal at a stage."""

    def __init__(self, stop: str = "-") -> None:
        self.stop, self.lines = stop, list[str]()

    def __call__(self, event: Event) -> None:
        if isinstance(event, Stage):
            self.lines.append(event.message)
            if event.message.startswith(self.stop):
                signal.raise_signal(signal.SIGTERM)


def fit(told: Callable[[Event], None], **options: Any) -> FitResult:
    given: dict[str, Any] = {
        "train": TRAIN,
        "valid": VALID,
        "config": KNOBS,
        "unlabelled": MORE,
    } | options
    return harnn.fit(TAXONOMY, listener=told, **given)


def hashes(result: FitResult, home: Path) -> dict[str, str]:
    harnn.save_bundle(result, home)
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in home.iterdir()
        if path.name not in TIMED
    }


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return hashes(fit(Told()), tmp_path_factory.mktemp("whole") / "model")


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all is finished but the network."""
    home = tmp_path_factory.mktemp("stopped")
    with pytest.raises(TrainingInterrupted) as error:
        fit(Told("fitting the blend"), checkpoint_directory=home)
    assert error.value.checkpoint == home / "checkpoint.safetensors"
    (home / "checkpoint.safetensors").unlink()
    return home


def pieces() -> list[str]:
    if text_vectors_installed():
        return list(PIECES)
    return ["linear branch", "word vectors"]


def copy(home: Path, to: Path) -> Path:
    to.mkdir(exist_ok=True)
    for path in home.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    return to


STAGES = [
    "training the linear branch",
    "reading vectors of whole texts",
    "branch on whole texts",
    "training word2vec",
    "training on cpu",
    "fitting the blend",
]


@pytest.mark.parametrize("stage", STAGES)
def test_stopped_at_any_stage_and_resumed_the_files_are_the_same(
    stage: str, whole: dict[str, str], tmp_path: Path
) -> None:
    if "whole texts" in stage and not text_vectors_installed():
        pytest.skip("the encoder of whole texts is not installed")
    with pytest.raises(TrainingInterrupted) as error:
        fit(Told(stage), checkpoint_directory=tmp_path / "c")
    again = Told()
    result = fit(again, checkpoint_directory=tmp_path / "c", resume=True)
    assert hashes(result, tmp_path / "model") == whole
    needed = {f"{name}: taken from the checkpoint" for name in error.value.finished}
    if error.value.checkpoint is not None:
        needed.discard("word vectors: taken from the checkpoint")
    assert needed == {x for x in again.lines if x.endswith("taken from the checkpoint")}


def test_all_that_is_finished_has_a_file(stopped: Path, whole: dict[str, str]) -> None:
    assert {x.name for x in stopped.iterdir()} == {PIECES[name] for name in pieces()}


@pytest.mark.parametrize("name", PIECES)
def test_what_is_damaged_is_made_again_and_said(
    name: str, stopped: Path, whole: dict[str, str], tmp_path: Path
) -> None:
    if name not in pieces():
        pytest.skip("the encoder of whole texts is not installed")
    home = copy(stopped, tmp_path / "c")
    path = home / PIECES[name]
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    told = Told()
    assert hashes(fit(told, checkpoint_directory=home, resume=True), tmp_path / "m") == whole
    said = f"{path}: was changed after it was written (its SHA-256 differs)"
    assert f"{name}: made again, because of what was kept: {said}" in told.lines
    assert load_piece(path).state["fingerprint"]  # written anew


def test_whatever_is_damaged_nothing_but_words_comes_of_it(
    stopped: Path, whole: dict[str, str], tmp_path: Path
) -> None:
    """Damaged anywhere, and empty: never believed, never a traceback."""
    for seed in range(6):
        chance = random.Random(seed)
        home = copy(stopped, tmp_path / "c")
        path = home / PIECES[chance.choice(pieces())]
        content = path.read_bytes()
        path.write_bytes(mutate(path.name, content, chance) if seed else b"")
        result = fit(Told(), checkpoint_directory=home, resume=True)
        assert hashes(result, tmp_path / "m") == whole, seed


def resealed(path: Path, change: Callable[[dict[str, np.ndarray[Any, Any]]], object]) -> None:
    """Change arrays as if they had been written so."""

    state, arrays = load_piece(path).state, load_file(path)
    change(arrays)
    save_piece(FinishedPiece(arrays, state), path)


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("word vectors", lambda x: x.pop("found"), "it holds no vectors of"),
        ("word vectors", lambda x: x["matrix"].fill(np.nan), "no finite numbers"),
        ("linear branch", lambda x: x.pop("arrays/linear.bias"), "the linear branch is damaged"),
        ("linear branch", lambda x: x.pop("files/linear.json"), "there is no branch in it"),
        (
            "linear branch",
            lambda x: x.update({"files/linear.json": np.full(9, 255, np.uint8)}),
            "cannot be read",
        ),
        (
            "linear branch",
            lambda x: x.update({"files/linear.json": np.frombuffer(b"[]", np.uint8).copy()}),
            "the linear branch is damaged",
        ),
    ],
)
def test_what_was_written_so_is_looked_at_all_the_same(
    name: str,
    change: Callable[[dict[str, np.ndarray[Any, Any]]], object],
    said: str,
    stopped: Path,
    whole: dict[str, str],
    tmp_path: Path,
) -> None:
    home = copy(stopped, tmp_path / "c")
    resealed(home / PIECES[name], change)
    told = Told()
    assert hashes(fit(told, checkpoint_directory=home, resume=True), tmp_path / "m") == whole
    (line,) = [x for x in told.lines if x.startswith(f"{name}: made again")]
    assert said in line
    assert str(home) in line


def test_without_a_hash_nothing_finished_is_believed(stopped: Path, tmp_path: Path) -> None:
    home = copy(stopped, tmp_path / "c")
    path = home / PIECES["linear branch"]
    state = load_piece(path).state
    save_file(load_file(path), path, metadata={"format": "1", "state": json.dumps(state)})
    told = Told()
    fit(told, checkpoint_directory=home, resume=True)
    assert any(x.startswith("linear branch: made again") for x in told.lines)


def edited(given: list[Document]) -> list[Document]:
    """Add a word, or put one that no vocabulary knows in the place of another such."""
    text = given[0].full_text
    text = text.replace(STRANGE, "yyy") if STRANGE in text else f"{text} the"
    return [dataclasses.replace(given[0], text={"text": text}), *given[1:]]


def test_of_other_texts_it_is_refused_and_replaced_where_it_may_be(
    stopped: Path, tmp_path: Path
) -> None:
    home = copy(stopped, tmp_path / "c")
    for split, given in (("train", TRAIN), ("valid", VALID)):
        with pytest.raises(ConfigError, match="made with other settings, taxonomy or documents"):
            fit(Told(), checkpoint_directory=home, resume=True, **{split: edited(given)})
    assert {x.name for x in home.iterdir()} == {PIECES[name] for name in pieces()}
    told = Told()
    with pytest.raises(TrainingInterrupted) as error:
        told.stop = "training the linear branch"
        fit(told, checkpoint_directory=home, resume=True, overwrite=True, train=edited(TRAIN))
    assert "the checkpoint is of another training: starting from the beginning" in told.lines
    assert list(home.iterdir()) == []
    assert error.value.finished == ()


def test_word_vectors_of_other_unlabelled_documents_are_made_again(
    stopped: Path, tmp_path: Path
) -> None:
    told = Told()
    home = copy(stopped, tmp_path / "c")
    fit(told, checkpoint_directory=home, resume=True, unlabelled=documents(6, 9))
    path = home / PIECES["word vectors"]
    said = (
        f"word vectors: made again, because of what was kept: {path}: was made of other documents"
    )
    assert said in told.lines


def test_with_a_cache_it_keeps_the_vectors_of_whole_texts(tmp_path: Path) -> None:
    if not text_vectors_installed():
        pytest.skip("the encoder of whole texts is not installed")
    with pytest.raises(TrainingInterrupted) as error:
        fit(Told("training on cpu"), checkpoint_directory=tmp_path / "c", cache=tmp_path / "k")
    assert error.value.finished == ("linear branch", "text vectors branch", "word vectors")


@pytest.mark.parametrize("values", [[], [3.0]])
def test_one_value_or_none_is_kept_whatever_its_stride(values: list[float], tmp_path: Path) -> None:
    """As NumPy leaves it where it took a column of nothing, and calls it contiguous."""
    buffer = np.array([*values, 0], np.float32)
    strange = np.ndarray((len(values),), np.float32, buffer, strides=(0,))
    state = {"fingerprint": "f", "of": "", "values": {}}
    path = save_piece(FinishedPiece({"x": strange}, state), tmp_path / "x.safetensors")
    assert load_piece(path).arrays["x"].tolist() == values
