"""What is kept between trainings: the same model, without encoding anything again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import harnn
from harnn.cli import run
from harnn.config import Config
from harnn.corpus import ArrayCache, content_hash
from harnn.errors import InputError
from harnn.sample import sample
from harnn.training import Event, Stage
from support.branches import networks_of

FILES = sample("en")
TAXONOMY = FILES.load_taxonomy()
SMALL = {"embedding_size": 4, "lstm_size": 4, "attention_size": 4, "fc_size": 4}


def config(**data: object) -> Config:
    return Config.from_dict(
        {
            "data": data,
            "text": {"vectors": "random"},
            "model": SMALL,
            "training": {"epochs": 1, "precision": "32"},
        }
    )


def fitted(cache: Path | None, settings: Config | None = None) -> harnn.FitResult:
    return harnn.fit(TAXONOMY, FILES.train, FILES.valid, settings or config(), cache=cache)


def entries(cache: Path) -> set[str]:
    return {path.name for path in cache.iterdir() if path.is_dir()}


def assert_same(left: harnn.FitResult, right: harnn.FitResult) -> None:
    texts = ["Willow pollen for the bees", ""]
    one, other = (harnn.Predictor.from_result(x).scores(texts).values for x in (left, right))
    assert np.array_equal(one, other)
    for ours, theirs in zip(networks_of(left), networks_of(right), strict=True):
        for name, tensor in ours.state_dict().items():
            assert torch.equal(tensor, theirs.state_dict()[name])


def test_training_again_encodes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "cache"
    without = fitted(None)
    first = fitted(cache)
    assert_same(first, without)
    assert len(entries(cache)) == 4  # tokens, and vectors of whole texts, of two splits

    def refuse(*_arguments: object, **_options: object) -> None:
        raise AssertionError("encoded again")

    monkeypatch.setattr("harnn.training.reader.TokensView", refuse)
    monkeypatch.setattr("harnn.training.reader.embed_texts", refuse)
    second = fitted(cache)
    assert_same(second, without)
    assert second.documents == without.documents
    assert len(entries(cache)) == 4


def test_other_settings_and_documents_have_places_of_their_own(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    fitted(cache)
    before = entries(cache)
    fitted(cache, config(label_separator="|"))
    assert len(entries(cache) - before) == 4
    other = tmp_path / "train.jsonl"
    other.write_text(FILES.train.read_text("utf-8").upper().replace("TEXT", "text"), "utf-8")
    assert content_hash(other) != content_hash(FILES.train)
    copy = tmp_path / FILES.train.name
    copy.write_bytes(FILES.train.read_bytes())
    assert content_hash(copy) == content_hash(FILES.train)
    assert content_hash(tmp_path / "missing.jsonl") is None


def test_documents_in_memory(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    splits = [list(harnn.read_documents(path)) for path in (FILES.train, FILES.valid)]
    first, second = (
        harnn.fit(TAXONOMY, splits[0], splits[1], config(), cache=cache) for _ in range(2)
    )
    assert_same(first, second)
    assert len(entries(cache)) == 4
    assert content_hash(splits[0][1:]) != content_hash(splits[0])


def test_what_is_skipped_is_told_each_time(tmp_path: Path) -> None:
    train = tmp_path / "train.jsonl"
    lines = FILES.train.read_text("utf-8").splitlines()
    train.write_text(
        "\n".join([*lines, '{"id": "x", "text": "a", "labels": ["nowhere"]}']), "utf-8"
    )
    told = []
    for _ in range(2):
        stages: list[Event] = []
        harnn.fit(
            TAXONOMY,
            train,
            FILES.valid,
            config(on_error="skip"),
            cache=tmp_path / "cache",
            listener=stages.append,
        )
        told.append(
            [e.message for e in stages if isinstance(e, Stage) and e.message.startswith("train:")]
        )
    assert told[0] == told[1]
    assert "1 skipped" in told[0][0]


def test_tokens_of_a_cutter_of_the_callers_are_not_kept(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    harnn.fit(TAXONOMY, FILES.train, FILES.valid, config(), cache=cache, segment=str.split)
    assert len(entries(cache)) == 2


def test_interrupted_writing_leaves_nothing(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path / "cache")

    def interrupt() -> dict[str, np.ndarray]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.get(["a"], interrupt)
    assert entries(cache.home) == set()
    empty = cache.get(["a"], lambda: {"x": np.zeros(0, dtype=np.int32)})
    assert empty is not None
    assert empty["x"].shape == (0,)
    assert cache.get(["b"], lambda: None) is None


def test_places_that_are_no_cache(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    command = ["train", "--taxonomy", str(FILES.taxonomy), "--train", str(FILES.train)]
    command += ["--valid", str(FILES.valid), "--out", str(tmp_path / "model")]
    assert run([*command, "--cache", str(tmp_path)]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"Error: {tmp_path}: is a directory with other files in it, expected a cache or a "
        "directory to be made. Choose another place."
    )
    assert not (tmp_path / "model").exists()
    with pytest.raises(InputError, match=r"notes\.txt: is a file, expected a cache"):
        ArrayCache(tmp_path / "notes.txt")


def test_damaged_files(tmp_path: Path) -> None:
    cache = ArrayCache(tmp_path / "cache")
    cache.get(["a"], lambda: {"x": np.arange(5)})
    [place] = entries(cache.home)
    path = cache.home / place / "x.npy"
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(InputError) as error:
        cache.get(["a"], lambda: None)
    assert str(error.value).startswith(f"{path}: is damaged: ")
    assert str(error.value).endswith("Delete the cache.")
