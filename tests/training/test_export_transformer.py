"""A fine-tuned encoder that is exported: it answers the same, without torch, and is refused."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

import harnn
from harnn.branches.transformer.encoder import read_encoder
from harnn.branches.transformer.exported import (
    Cut,
    ExportedTransformerBranch,
    HeadOfStates,
    MeanOfStates,
)
from harnn.config import Config
from harnn.corpus import Corpus
from harnn.data import Document
from harnn.errors import BundleError, ConfigError
from harnn.network import TransformerShape
from harnn.network.transformer import cut_windows
from support.sample_models import change, seal
from support.tiny_encoders import make_encoder
from support.topics import TAXONOMY, TOPICS

TEXTS = [*TOPICS.values(), "", "zzqx", "水龙头漏水", "acorn petal " * 60, "a " * 9]


SIZES = {"preset": "fast", "attention_size": 8, "fc_size": 12}


def documents(count: int) -> list[Document]:
    random = np.random.default_rng(count)
    labels = [str(random.choice(list(TOPICS))) for _ in range(count)]
    return [
        Document(f"d{n}", {"text": TOPICS[label]}, (label,), f"m:{n}")
        for n, label in enumerate(labels)
    ]


def fit(encoder: Path, **transformer: Any) -> harnn.FitResult:
    own = {"epochs": 2, "tokens": 12, "windows": 3, "learning_rate": 5e-3}
    knobs = Config.from_dict(
        {
            "model": SIZES | {"transformer": str(encoder), "cascade": "auto"},
            "training": {"precision": "32"},
            "transformer": own | transformer,
        }
    )
    return harnn.fit(TAXONOMY, documents(60), documents(20), knobs)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("encoders") / "tiny", TOPICS.values())


@pytest.fixture(scope="module", params=["mean", "hierarchical"])
def model(
    request: pytest.FixtureRequest, encoder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    made = fit(encoder, head=request.param)
    return harnn.save_bundle(made, tmp_path_factory.mktemp("models") / request.param)


@pytest.fixture(scope="module")
def light(model: Path) -> Path:
    return harnn.export_onnx(model, model.parent / "light")


def corpus_of(place: Path) -> Corpus:
    label = (next(iter(TOPICS)),)
    given = [Document(f"d{n}", {"text": x}, label, f"m:{n}") for n, x in enumerate(TEXTS)]
    return harnn.Predictor.load(place).encode_labelled(given)


def logits_of(place: Path) -> np.ndarray:
    branch = harnn.load_bundle(place).ensemble.branch("transformer")
    assert branch is not None
    return branch.logits(corpus_of(place))


def test_it_answers_what_the_model_answers(model: Path, light: Path) -> None:
    np.testing.assert_allclose(logits_of(light), logits_of(model), atol=1e-4)
    exact, found = (harnn.Predictor.load(x).scores(TEXTS).values for x in (model, light))
    np.testing.assert_allclose(found, exact, atol=1e-4)
    branch = harnn.load_bundle(light).ensemble.branch("transformer")
    assert isinstance(branch, ExportedTransformerBranch)
    assert branch.waits
    assert (
        branch.made_from
        == json.loads((model / "config.json").read_text())["contents"]["transformer"]
    )


def test_eight_bits_differ_a_little(model: Path, light: Path) -> None:
    small = harnn.export_onnx(model, model.parent / "small", int8=True)
    assert not np.array_equal(logits_of(small), logits_of(light))
    np.testing.assert_allclose(logits_of(small), logits_of(light), atol=0.3)
    sizes = [(place / "transformer.onnx").stat().st_size for place in (small, light)]
    assert sizes[0] < 0.8 * sizes[1]


def test_notes_and_neighbours_are_the_same(model: Path, light: Path) -> None:
    whole, exported = (harnn.Predictor.load(place) for place in (model, light))
    assert [x.notes for x in exported.predict(TEXTS)] == [x.notes for x in whole.predict(TEXTS)]
    assert any("transformer" in str(note) for x in exported.predict(TEXTS) for note in x.notes)
    together = exported.scores(TEXTS).values
    alone = np.concatenate([exported.scores([text]).values for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=2e-6)
    assert exported.scores([]).values.shape == (0, len(TAXONOMY))


def test_documents_are_read_in_blocks(light: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = logits_of(light)
    monkeypatch.setattr("harnn.branches.transformer.exported._TOKENS_AT_ONCE", 20)
    for kind in (MeanOfStates, HeadOfStates):
        monkeypatch.setattr(kind, "windows_in_memory", 2)
    np.testing.assert_allclose(logits_of(light), exact, atol=2e-5)


def test_it_can_be_sent_to_another_process(light: Path) -> None:
    branch = harnn.load_bundle(light).ensemble.branch("transformer")
    corpus = corpus_of(light)
    assert isinstance(branch, ExportedTransformerBranch)
    again = pickle.loads(pickle.dumps(branch))
    np.testing.assert_array_equal(again.logits(corpus), branch.logits(corpus))


def test_it_answers_without_torch(light: Path) -> None:
    command = ["predict", str(light), "--text", "acorn petal"]
    program = f"import sys; from harnn.cli import run; assert run({command}) == 0"
    program += "; assert not {'torch', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


@given(st.integers(0, 40), st.integers(3, 9), st.integers(1, 5), st.integers(0, 2))
def test_documents_are_cut_as_in_training(count: int, tokens: int, windows: int, n: int) -> None:
    before, after = (101,)[:n], (102,)[: n // 2]
    shape = TransformerShape(
        hidden_size=1,
        level_sizes=(1,),
        tokens=tokens,
        windows=windows,
        before=before,
        after=after,
        padding_id=0,
        dropout=0.0,
    )
    pieces = np.arange(1, count + 1, dtype=np.int32)
    cut = Cut(tokens=tokens, windows=windows, before=before, after=after)
    assert (cut.room, cut.pieces) == (shape.room, shape.pieces)
    padded = torch.from_numpy(np.append(pieces, 0).astype(np.int64))[None]
    made = cut_windows(padded, torch.tensor([count]), shape)
    expected = [tuple(x[y].tolist()) for x, y in zip(made.token_ids, made.mask, strict=True)]
    assert list(cut.windows_of(pieces)) == expected


def test_it_is_not_exported_again(light: Path, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="needs no PyTorch as it is"):
        harnn.export_onnx(light, tmp_path / "again")


def test_other_families_are_refused(tmp_path: Path) -> None:
    sizes = {"model_type": "distilbert", "dim": 32, "n_layers": 1, "n_heads": 2, "hidden_dim": 32}
    place: Any = make_encoder(tmp_path / "encoder", TOPICS.values(), **sizes)  # type: ignore[arg-type]
    assert read_encoder(str(place)).config["model_type"] == "distilbert"
    model = harnn.save_bundle(fit(place), tmp_path / "model")
    with pytest.raises(ConfigError) as error:
        harnn.export_onnx(model, tmp_path / "light")
    assert str(error.value) == (
        "this fine-tuned encoder cannot be exported: model_type: got 'distilbert', expected one "
        "of bert, roberta, xlm-roberta."
    )
    assert not (tmp_path / "light").exists()


def refused(place: Path) -> str:
    with pytest.raises(BundleError) as error:
        harnn.load_bundle(place)
    return str(error.value)


def test_damage_is_named(model: Path, light: Path, tmp_path: Path) -> None:
    place = shutil.copytree(light, tmp_path / "light")
    graph = place / "transformer.onnx"
    content = graph.read_bytes()
    graph.write_bytes(content[:-1])
    seal(place)
    assert refused(place) == f"{graph}: is damaged: it ends too early."
    graph.unlink()
    seal(place)
    assert refused(place).startswith(f"{graph}: cannot be read: No such file")
    graph.write_bytes(content)
    head = place / "transformer_head.onnx"
    if head.exists():
        head.write_bytes(content)
        seal(place)
        assert refused(place).startswith(f"{head}: is damaged: it reads {{'token_ids': ")
        graph.write_bytes((light / head.name).read_bytes())
        shutil.copy(light / head.name, head)
        seal(place)
        assert refused(place).startswith(f"{graph}: is damaged: it has no vectors of tokens.")
        head.unlink()
        seal(place)
        assert refused(place).startswith(f"{head}: cannot be read: No such file")
        return
    arrays = load_file(place / "model.safetensors")
    weight = arrays["transformer.predict.weight"]
    save_file(arrays | {"transformer.predict.weight": weight[1:]}, place / "model.safetensors")
    seal(place)
    assert "transformer.predict.weight is float32 of shape" in refused(place)
    save_file(arrays, place / "model.safetensors")
    shape = json.loads((place / "config.json").read_text("utf-8"))["transformer"]
    change(place / "config.json", transformer=shape | {"tokens": 2})
    assert "tokens: got 2, expected more than 2." in refused(place)
