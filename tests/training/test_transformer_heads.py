"""Heads of a transformer, and an encoder that stays as it is: learned, kept, resumed, refused."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import harnn
from harnn.branches.transformer import TransformerBranch
from harnn.branches.transformer.branch import on_words
from harnn.branches.transformer.storage import head_shapes
from harnn.config import Config
from harnn.corpus import ArrayCache, PlacedText, PlacedTextsView
from harnn.corpus.corpus import encode_unlabelled
from harnn.data import Document
from harnn.errors import BundleError, ConfigError, InputError, TrainingInterrupted
from harnn.metrics import micro_auprc
from harnn.network import HeadShape, HierarchicalHead, TransformerNetwork
from harnn.training import Event, FitResult, Stage, Step
from harnn.training.plan import TrainingFacts
from harnn.training.plan_transformer import TransformerPlan
from support.caches import seal as seal_entry
from support.sample_models import change
from support.tiny_encoders import make_encoder
from support.topics import TAXONOMY, TOPICS, WORDS, mixed_documents

TEXTS = ["A purring kitten.", "", "zzqx", "水龙头漏水", "acorn petal " * 60]
KINDS = [("hierarchical", 0), ("hierarchical", 2), ("mean", 2)]


TRAIN, VALID, TEST = mixed_documents(80, 1), mixed_documents(20, 2), mixed_documents(20, 3)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("encoders") / "tiny"
    return make_encoder(directory, [*TOPICS.values(), " ".join(WORDS)])


def config(encoder: Path, head: str, frozen: int, **transformer: Any) -> Config:
    own: dict[str, Any] = {
        "epochs": 6,
        "learning_rate": 5e-3,
        "tokens": 9,
        "windows": 4,
        "batch_size": 16,
    }
    own |= {"head": head, "frozen_layers": frozen, "head_rate": 4.0 if frozen else 1.0}
    return Config.from_dict(
        {
            "model": {
                "preset": "fast",
                "transformer": str(encoder),
                "attention_size": 8,
                "fc_size": 12,
                "alpha": 0.25,
            },
            "training": {"precision": "32"},
            "transformer": own | transformer,
        }
    )


def fitted(knobs: Config, **options: Any) -> FitResult:
    return harnn.fit(TAXONOMY, TRAIN, VALID, knobs, **options)


def branch_of(bundle: harnn.Bundle) -> TransformerBranch:
    branch = bundle.ensemble.branch("transformer")
    assert isinstance(branch, TransformerBranch)
    return branch


def assert_same_weights(one: harnn.Bundle, other: harnn.Bundle) -> None:
    ours, theirs = (branch_of(x).network.state_dict() for x in (one, other))
    assert ours.keys() == theirs.keys()
    for name, tensor in ours.items():
        assert torch.equal(tensor, theirs[name]), name


@pytest.fixture(scope="module")
def results(encoder: Path) -> dict[tuple[str, int], FitResult]:
    return {kind: fitted(config(encoder, *kind)) for kind in KINDS}


@pytest.fixture(scope="module")
def model(
    results: dict[tuple[str, int], FitResult], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    place = tmp_path_factory.mktemp("models") / "model"
    return harnn.save_bundle(results["hierarchical", 0], place)


@pytest.mark.parametrize("kind", KINDS)
def test_it_finds_what_words_tell(
    kind: tuple[str, int], results: dict[tuple[str, int], FitResult]
) -> None:
    corpus = harnn.Predictor(results[kind]).encode_labelled(TEST)
    found = micro_auprc(branch_of(results[kind]).logits(corpus), corpus.targets)
    common = np.tile(np.log(results[kind].label_counts + 0.5).astype(np.float32), (len(corpus), 1))
    assert found > micro_auprc(common, corpus.targets) + 0.2


@pytest.mark.parametrize("kind", KINDS)
def test_a_stored_model_answers_the_same(
    kind: tuple[str, int], results: dict[tuple[str, int], FitResult], tmp_path: Path
) -> None:
    made = results[kind]
    place = harnn.save_bundle(made, tmp_path / "model")
    loaded = harnn.Predictor.load(place)
    exact = harnn.Predictor(made).scores(TEXTS).values
    np.testing.assert_array_equal(loaded.scores(TEXTS).values, exact)
    alone = np.concatenate([loaded.scores([text]).values for text in TEXTS])
    np.testing.assert_allclose(alone, exact, atol=2e-6)
    card = (place / "README.md").read_text("utf-8")
    what = "a head trained on the transformer encoder tiny (SHA-256"
    assert (what in card) == bool(kind[1])
    assert ("with attention for each level, epoch" in card) == (kind[0] == "hierarchical")
    arrays = branch_of(made).to_parts().arrays
    assert not any(".head." in name for name in arrays)
    assert {str(array.dtype) for array in arrays.values()} == {"float16"}


@pytest.mark.parametrize("kind", KINDS)
def test_shapes_are_known_without_the_network(
    kind: tuple[str, int], results: dict[tuple[str, int], FitResult]
) -> None:
    network = branch_of(results[kind]).network
    plain = network.shape.to_dict()
    state = network.head.state_dict()
    assert head_shapes(plain) == {name: tuple(x.shape) for name, x in state.items()}
    old = {
        k: v for k, v in plain.items() if k not in ("head", "attention_size", "fc_size", "alpha")
    }
    if kind[0] == "mean":
        assert head_shapes(old) == head_shapes(plain)


def test_models_that_name_no_head_are_read(
    results: dict[tuple[str, int], FitResult], tmp_path: Path
) -> None:
    """As those were that were made before there was a choice."""
    place = harnn.save_bundle(results["mean", 2], tmp_path / "model")
    shape = json.loads((place / "config.json").read_text("utf-8"))["transformer"]
    for name in ("head", "attention_size", "fc_size", "alpha"):
        del shape[name]
    exact = harnn.Predictor.load(place).scores(TEXTS).values
    change(place / "config.json", transformer=shape)
    np.testing.assert_array_equal(harnn.Predictor.load(place).scores(TEXTS).values, exact)


@pytest.mark.parametrize("kind", KINDS)
def test_what_does_not_learn_stays_as_it_is(
    kind: tuple[str, int], encoder: Path, results: dict[tuple[str, int], FitResult]
) -> None:
    pretrained = load_file(encoder / "model.safetensors")
    found = branch_of(results[kind]).network.encoder.state_dict()
    same = [torch.equal(pretrained[name].half().float(), found[name]) for name in found]
    assert all(same) if kind[1] else not any(same)


class At:
    """Stop at an event."""

    def __init__(self, when: Callable[[Event], bool]) -> None:
        self.when, self.told = when, list[str]()

    def __call__(self, event: Event) -> None:
        self.told.append(getattr(event, "message", ""))
        if self.when(event):
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stopped_training_goes_on_to_the_same_bits(
    kind: tuple[str, int],
    encoder: Path,
    results: dict[tuple[str, int], FitResult],
    tmp_path: Path,
) -> None:
    fit = partial(fitted, config(encoder, *kind), checkpoint_directory=tmp_path)
    with pytest.raises(TrainingInterrupted) as stop:
        fit(listener=At(lambda event: isinstance(event, Step) and event.step == 7))
    assert stop.value.step == 7
    told = At(lambda _: False)
    assert_same_weights(fit(resume=True, listener=told), results[kind])
    taken = "states of the train documents: taken from the checkpoint"
    assert (taken in told.told) == bool(kind[1])


@pytest.mark.parametrize("kind", KINDS[1:])
@pytest.mark.slow
def test_states_are_computed_once(
    kind: tuple[str, int],
    encoder: Path,
    results: dict[tuple[str, int], FitResult],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    knobs, told = config(encoder, *kind), list[str]()
    listener = lambda event: told.append(getattr(event, "message", ""))  # noqa: E731
    assert_same_weights(fitted(knobs, cache=tmp_path / "cache", listener=listener), results[kind])
    (said,) = (x for x in told if x.startswith("train: ") and "states" in x)
    assert said.startswith("train: 80 states, 0 MB" if kind[0] == "mean" else "train: 1,")
    entry = max((tmp_path / "cache").glob("*/states.npy"), key=lambda path: path.stat().st_size)
    kept = np.load(entry)
    assert kept.dtype == np.float16
    assert kept.shape[1] == 32

    def refuse(*_: object) -> None:
        raise AssertionError("computed again")

    with monkeypatch.context() as patch:
        patch.setattr(TransformerNetwork, "encode_once", refuse)
        assert_same_weights(fitted(knobs, cache=tmp_path / "cache"), results[kind])
        # Of another head rate the states are the same; of other windows they are not.
        fitted(config(encoder, *kind, head_rate=2.0, epochs=1), cache=tmp_path / "cache")
        with pytest.raises(AssertionError, match="computed again"):
            fitted(config(encoder, *kind, tokens=10, epochs=1), cache=tmp_path / "cache")
    kept[0, 0] = np.nan
    np.save(entry, kept)
    seal_entry(entry.parent)
    told.clear()
    again = fitted(knobs, cache=tmp_path / "cache", listener=listener)
    assert any("the states of tokens are damaged: they hold values that are no" in x for x in told)
    assert_same_weights(again, results[kind])


def test_states_beyond_float16_are_refused(encoder: Path, tmp_path: Path) -> None:
    place = shutil.copytree(encoder, tmp_path / "encoder")
    weights = load_file(place / "model.safetensors")
    last = "encoder.layer.1.output.LayerNorm.weight"
    weights[last] = torch.full_like(weights[last], 60_000.0)
    save_file(weights, place / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ConfigError) as error:
        fitted(config(place, "hierarchical", 2))
    assert str(error.value) == (
        "transformer.frozen_layers: the states of this encoder are no numbers that float16 holds. "
        "Let a layer learn: then its states are not kept."
    )


def test_a_stop_while_states_are_computed(encoder: Path, tmp_path: Path) -> None:
    fit = partial(fitted, config(encoder, "hierarchical", 2), checkpoint_directory=tmp_path)
    stop = At(lambda x: isinstance(x, Stage) and "states, " in x.message)
    with pytest.raises(TrainingInterrupted):
        fit(listener=stop)
    told = At(lambda _: False)
    fit(resume=True, listener=told)
    assert "states of the train documents: taken from the checkpoint" in told.told


def test_a_disk_without_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = ArrayCache(tmp_path / "cache")
    blank = cache.blank((3, 2), np.float16)
    blank[1] = 2
    assert blank.sum() == 4
    assert cache.blank((0, 2), np.float16).shape == (0, 2)
    assert [path.name for path in cache.home.iterdir()] == ["harnn-cache.json"]

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(InputError) as error:
        cache.blank((1_000_000, 8), np.float16)
    assert str(error.value) == f"{cache.home}: has no room for 16 MB: No space left on device."


def test_an_explanation_has_where_labels_looked(
    model: Path, results: dict[tuple[str, int], FitResult]
) -> None:
    bundle = harnn.load_bundle(model)
    branch = branch_of(bundle)
    text = "a purring kitten of the forest " * 8  # of more pieces than are read
    views = {**branch.reads, "placed_texts": PlacedTextsView(bundle.tokenizer)}
    document = Document("d", {"text": text}, None, "m")
    corpus = encode_unlabelled([document], {k: v for k, v in views.items() if v is not None})
    found = branch.explain(corpus, 0).attention
    assert found is not None
    assert found.shape == (len(TAXONOMY), 48)
    read = branch.network.shape.pieces
    assert (found[:, :read].sum(axis=1) < 1).all()  # the tokens around are looked at too
    assert (found[:, :read] > 0).all()
    assert not found[:, read:].any()
    explained = harnn.Predictor.load(model).explain(text, top_k=1)
    assert any(word.weight > 0 for word in explained.labels[0].weights)
    assert branch_of(results["mean", 2]).explain(corpus, 0).attention is None


def test_attention_of_pieces_is_that_of_their_words() -> None:
    placed = PlacedText("ab cde, f", [(0, 2), (3, 6), (8, 9)])
    pieces = np.arange(1, 11, dtype=np.float32).reshape(2, 5)
    spans = [(0, 1), (1, 2), (3, 6), (6, 7), (8, 9), (9, 9)]
    found = on_words(pieces, spans, placed)
    np.testing.assert_array_equal(found, [[3, 3, 5], [13, 8, 10]])
    assert on_words(pieces[:, :0], [], placed).tolist() == [[0, 0, 0]] * 2


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"head": "zzz"}, "head: got 'zzz', expected mean or hierarchical."),
        ({"attention_size": 0}, "attention_size: got 0, expected a size."),
        ({"attention_size": -1}, "attention_size: got -1, expected a size, or 0."),
        ({"alpha": 2}, "alpha: got 2, expected 0 to 1."),
        ({"fc_size": None}, "fc_size: got None, expected a size, or 0."),
        ({"attention_size": 2**31 - 1}, "expected float16 or float32 of shape (2, 2147483647)."),
        ({"fc_size": 13}, "expected float16 or float32 of shape (13, 26)."),
        ({"head": "mean"}, "transformer.predict.weight is missing."),
    ],
)
def test_damaged_heads_are_refused(
    model: Path, tmp_path: Path, changes: dict[str, Any], expected: str
) -> None:
    place = shutil.copytree(model, tmp_path / "model")
    shape = json.loads((place / "config.json").read_text("utf-8"))["transformer"]
    change(place / "config.json", transformer=shape | changes)
    with pytest.raises(BundleError) as error:
        harnn.load_bundle(place)
    assert expected in str(error.value)


def test_a_head_without_its_sizes_is_refused(model: Path, tmp_path: Path) -> None:
    place = shutil.copytree(model, tmp_path / "model")
    shape = json.loads((place / "config.json").read_text("utf-8"))["transformer"]
    del shape["alpha"]
    change(place / "config.json", transformer=shape)
    with pytest.raises(BundleError, match="alpha is missing"):
        harnn.load_bundle(place)


def test_other_heads_are_refused() -> None:
    with pytest.raises(ConfigError) as error:
        Config.from_dict({"transformer": {"head": "flat"}})
    assert str(error.value).endswith(
        "transformer.head: got 'flat', expected one of mean, hierarchical."
    )


def test_the_plan_says_what_is_computed_once(encoder: Path) -> None:
    sizes = TAXONOMY.hierarchy.level_sizes
    facts = TrainingFacts(documents=80, tokens=800, vocabulary=30, level_sizes=sizes)

    def plan(head: str, frozen: int) -> tuple[TransformerPlan, str]:
        found = TransformerPlan.of(config(encoder, head, frozen), facts)
        return found, found.line()

    states, line = plan("hierarchical", 2)
    assert "tiny, with attention for each level, as it is: its states are computed once, " in line
    assert states.states_mb == pytest.approx(88 * 16 * 32 * 2 / 1e6)  # 10 words, 16 tokens
    mean, line = plan("mean", 2)
    assert mean.states_mb == pytest.approx(88 * 32 * 2 / 1e6)
    learning, line = plan("mean", 0)
    assert line.startswith("the transformer, tiny: 0 million weights; batches of 16, at most 6")
    assert learning.states_mb == 0
    assert learning.minutes > states.minutes > mean.minutes > 0
    assert learning.memory_mb > mean.memory_mb
    whole = plan("hierarchical", 0)[0]
    own: dict[str, Any] = {"attention_size": 8, "fc_size": 12, "dropout": 0.0, "alpha": 0.25}
    head = HierarchicalHead(HeadShape(input_size=32, level_sizes=sizes, **own))
    count = sum(weights.numel() for weights in head.parameters())
    assert whole.parameters - learning.parameters == count - 33 * len(TAXONOMY)
