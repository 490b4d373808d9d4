"""Networks as ONNX graphs: the same scores as PyTorch, without importing it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import harnn
from harnn.branches.network import ExportedNetworkBranch, OnnxNetwork
from harnn.branches.network.graph import network_graph
from harnn.branches.onnx_graph import quantize
from harnn.branches.text_vectors import PlainTextVectorNetwork, TextVectorNetwork, TextVectorShape
from harnn.cli import run
from harnn.config import Config
from harnn.errors import BundleError, HarnnError, MissingExtraError
from harnn.network import HarnnNetwork
from harnn.sample import sample
from support.sample_models import seal
from support.small_networks import MODES, padded, random_documents, random_network, shape_of

LENGTHS = [7, 0, 1, 20, 16]
SMALL = {"embedding_size": 8, "lstm_size": 8, "attention_size": 8, "fc_size": 8}
TEXTS = ["Willow pollen for the bees", "", "蜜蜂", "the hive " * 300]


@pytest.fixture
def float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let PyTorch encode whole texts in float32, as exported models do."""
    monkeypatch.setattr("harnn.network.computes_bfloat16", lambda: False)


def exported(network: HarnnNetwork, *, int8: bool = False) -> OnnxNetwork:
    graph = network_graph(network)
    return OnnxNetwork(
        quantize(graph) if int8 else graph, level_sizes=network.shape.level_sizes, threads=1
    )


def scores_of(network: HarnnNetwork, documents: list[list[int]]) -> np.ndarray:
    with torch.inference_mode():
        return network.scores(network(*padded(documents))).numpy()


def run_graph(graph: OnnxNetwork, documents: list[list[int]], extra: int = 0) -> np.ndarray:
    token_ids, lengths = padded(documents, extra=extra)
    return graph.run(token_ids.numpy(), lengths.numpy())


@pytest.mark.parametrize(("mode", "encoder"), [*((m, "lstm") for m in MODES), ("harnn", "mingru")])
@pytest.mark.parametrize("level_sizes", [(4,), (2, 3, 5), (2, 3, 5, 4, 2)])
def test_scores_equal_those_of_pytorch(
    mode: str, encoder: str, level_sizes: tuple[int, ...]
) -> None:
    network = random_network(shape_of(mode, level_sizes, alpha=0.3, encoder=encoder))
    documents = random_documents(LENGTHS)
    found = run_graph(exported(network), documents)
    np.testing.assert_allclose(found, scores_of(network, documents), atol=2e-6)


@settings(max_examples=20)
@given(
    encoder=st.sampled_from(["lstm", "mingru"]),
    lengths=st.lists(st.integers(0, 30), min_size=1, max_size=6),
    extra=st.integers(0, 9),
)
def test_any_number_of_documents_of_any_length(
    encoder: str, lengths: list[int], extra: int
) -> None:
    documents = random_documents(lengths)
    found = run_graph(GRAPHS[encoder], documents, extra)
    np.testing.assert_allclose(found, scores_of(NETWORKS[encoder], documents), atol=2e-6)


NETWORKS = {kind: random_network(shape_of("harnn", encoder=kind)) for kind in ("lstm", "mingru")}
GRAPHS = {kind: exported(network) for kind, network in NETWORKS.items()}


@pytest.mark.parametrize("mode", MODES)
def test_weights_in_8_bits_change_scores_little(mode: str) -> None:
    shape = shape_of(mode, (4, 9), embedding_size=32, lstm_size=32, attention_size=32, fc_size=32)
    network = HarnnNetwork(shape).eval()
    documents = random_documents(LENGTHS)
    found = run_graph(exported(network, int8=True), documents)
    wanted = scores_of(network, documents)
    np.testing.assert_allclose(found, wanted, atol=0.02)
    assert not np.array_equal(found, wanted)


def test_the_network_on_whole_texts() -> None:
    network = TextVectorNetwork(TextVectorShape(input_size=6, hidden_size=5, labels=3)).eval()
    parts = {name.replace(".", "_"): x.numpy() for name, x in network.state_dict().items()}
    vectors = np.random.default_rng(0).normal(size=(9, 6)).astype(np.float32)
    with torch.inference_mode():
        wanted = network(torch.from_numpy(vectors)).numpy()
    np.testing.assert_allclose(PlainTextVectorNetwork(**parts).logits(vectors), wanted, atol=1e-5)
    with pytest.raises(ValueError, match="Expected biases of shape"):
        PlainTextVectorNetwork(**(parts | {"predict_bias": np.zeros(4, dtype=np.float32)}))


def test_a_damaged_graph() -> None:
    with pytest.raises(ValueError, match="Fail"):
        OnnxNetwork(b"nonsense", level_sizes=(2,))


def fitted(**model: object) -> harnn.FitResult:
    files = sample("en")
    config = Config.from_dict(
        {
            "text": {"vectors": "random", "max_length": 40},
            "model": SMALL | model,
            "training": {"epochs": 2, "precision": "32"},
        }
    )
    return harnn.fit(files.load_taxonomy(), files.train, files.valid, config)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model and its export."""
    home = tmp_path_factory.mktemp("onnx")
    model = harnn.save_bundle(fitted(max_constraint=True), home / "model")
    return model, harnn.export_onnx(model, home / "exported")


@pytest.mark.usefixtures("float32")
def test_an_exported_model_answers_alike(both: tuple[Path, Path]) -> None:
    ours, light = (harnn.Predictor.load(home) for home in both)
    assert isinstance(light.bundle.ensemble.branch("network"), ExportedNetworkBranch)
    np.testing.assert_allclose(light.scores(TEXTS).values, ours.scores(TEXTS).values, atol=1e-5)
    assert [x.notes for x in light.predict(TEXTS)] == [x.notes for x in ours.predict(TEXTS)]
    test = sample("en").test
    assert light.evaluate(test).micro_f1 == pytest.approx(ours.evaluate(test).micro_f1, abs=0.01)


def test_what_an_exported_model_holds(both: tuple[Path, Path]) -> None:
    model, light = both
    names = {path.name for path in model.iterdir()}
    assert {path.name for path in light.iterdir()} == names | {"network-1.onnx"}
    settings = json.loads((light / "config.json").read_text("utf-8"))
    assert (settings["runtime"], settings["weights"]) == ("onnx", "float32")
    told = {"README.md", "provenance.json"}  # what was done to each, and when
    for name in names - told - {"config.json", "model.safetensors", "checksums.json"}:
        assert (light / name).read_bytes() == (model / name).read_bytes()


def test_a_model_in_8_bits_is_smaller(both: tuple[Path, Path], tmp_path: Path) -> None:
    model, light = both
    small = harnn.export_onnx(model, tmp_path / "small", int8=True)
    sizes = [(home / "network-1.onnx").stat().st_size for home in (light, small)]
    assert sizes[1] < 0.6 * sizes[0]
    found, wanted = (harnn.Predictor.load(home).scores(TEXTS).values for home in (small, light))
    np.testing.assert_allclose(found, wanted, atol=0.05)


@pytest.mark.usefixtures("float32")
def test_explaining_as_the_whole_model_does(both: tuple[Path, Path]) -> None:
    text = "The bees fill the hive."  # so short that every branch is asked about each word
    whole, light = (harnn.Predictor.load(model).explain(text, top_k=1) for model in both)
    assert light.notes == whole.notes
    effects = [[word.effect for word in x.labels[0].weights] for x in (whole, light)]
    np.testing.assert_allclose(effects[1], effects[0], atol=1e-3)


def test_a_network_alone(tmp_path: Path) -> None:
    model = harnn.save_bundle(fitted(branches="network"), tmp_path / "model")
    light = harnn.Predictor.load(harnn.export_onnx(model, tmp_path / "exported"))
    wanted = harnn.Predictor.load(model).scores(TEXTS).values
    np.testing.assert_allclose(light.scores(TEXTS).values, wanted, atol=1e-5)
    (item,) = light.explain("bees in the hive", top_k=1).labels
    assert sum(word.weight for word in item.weights) == pytest.approx(1, abs=1e-5)


PREDICT = """
import sys
from harnn.cli import run
code = run(["predict", sys.argv[1], "--text", "bees in the hive"])
heavy = {"torch", "lightning_fabric", "gensim", "sklearn"} & set(sys.modules)
print(code, sorted(heavy))
"""


def test_predicting_never_imports_torch(both: tuple[Path, Path]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PREDICT, str(both[1])], capture_output=True, text=True, check=True
    )
    answer, rest = done.stdout.splitlines()
    assert json.loads(answer)["labels"]
    assert rest == "0 []"


def test_models_without_networks_never_import_torch(tmp_path: Path) -> None:
    model = harnn.save_bundle(fitted(preset="fast"), tmp_path / "model")
    done = subprocess.run(
        [sys.executable, "-c", PREDICT, str(model)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[1] == "0 []"
    with pytest.raises(BundleError) as error:
        harnn.export_onnx(model, tmp_path / "exported")
    assert str(error.value) == (
        f"{model}: needs no PyTorch as it is: it was exported before, or has no network."
    )


def test_the_command(
    both: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, _ = both
    output = tmp_path / "light"
    assert run(["export", str(model), "--output", str(output)]) == 0
    assert f"The exported model is in {output}/: " in capsys.readouterr().out
    assert run(["export", str(model), "-o", str(output), "--format", "onnx"]) == 2
    assert f"{output}: exists already." in capsys.readouterr().err
    assert run(["export", str(model), "-o", str(output), "--int8", "--overwrite"]) == 0
    settings = json.loads((output / "config.json").read_text("utf-8"))
    assert settings["weights"] == "int8"


def test_a_model_is_never_replaced_by_its_export(both: tuple[Path, Path]) -> None:
    model = both[0]
    with pytest.raises(BundleError) as error:
        harnn.export_onnx(model, model.parent / "." / model.name)
    assert str(error.value) == (
        f"{model}: is the model itself; write the exported one to another directory."
    )
    assert not (model / "network-1.onnx").exists()


def test_damage(both: tuple[Path, Path], tmp_path: Path) -> None:
    light = harnn.export_onnx(both[0], tmp_path / "light")
    graph = light / "network-1.onnx"
    graph.write_bytes(b"nonsense")
    seal(light)
    with pytest.raises(BundleError, match=r"network-1\.onnx: is damaged: "):
        harnn.load_bundle(light)
    graph.unlink()
    seal(light)
    with pytest.raises(BundleError, match=r"network-1\.onnx: cannot be read: "):
        harnn.load_bundle(light)
    settings = json.loads((light / "config.json").read_text("utf-8"))
    (light / "config.json").write_text(json.dumps(settings | {"runtime": "abacus"}), "utf-8")
    seal(light)
    with pytest.raises(BundleError) as error:
        harnn.load_bundle(light)
    assert str(error.value) == (
        f"{light / 'config.json'}: runtime: got 'abacus', expected 'torch' or 'onnx'."
    )


def test_without_onnx_runtime(
    both: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for module in ("onnxruntime", "onnx"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError) as missing:
        harnn.Predictor.load(both[1])
    assert str(missing.value) == (
        "A model exported to ONNX needs the package 'onnxruntime', which is not installed: pip "
        "install 'harnn[onnx]'"
    )
    with pytest.raises(HarnnError, match="Exporting to ONNX needs the package 'onnx'"):
        harnn.export_onnx(both[0], tmp_path / "light")
    assert not (tmp_path / "light").exists()
