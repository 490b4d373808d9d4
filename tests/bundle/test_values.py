"""Values that no model has are refused at the border, also in models without checksums."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import harnn
from harnn.branches.network.graph_check import check_graph
from harnn.branches.stored import check_finite
from harnn.errors import BundleError

GOLDEN = Path(__file__).parents[1] / "golden" / "format-3"
HUGE = 10**9


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[str], Path]:
    def copy(name: str) -> Path:
        return Path(shutil.copytree(GOLDEN / name, tmp_path / name))

    return copy


Copy = Callable[[str], Path]


def refuse(directory: Path) -> list[str]:
    with pytest.raises(BundleError) as error:
        harnn.load_bundle(directory)
    return [f"{Path(x.where).name}: {x.what}" for x in error.value.problems]


def put(path: Path, key: str, value: Any) -> None:
    """Set a value of a JSON file; key: names and numbers with dots between."""
    table = json.loads(path.read_text("utf-8"))
    *outer, last = [int(part) if part.isdecimal() else part for part in key.split(".")]
    inner: Any = table
    for part in outer:
        inner = inner[part]
    inner[last] = value
    path.write_text(json.dumps(table), "utf-8")


SHAPE = "config.json: the network's shape is damaged: "
LINEAR = "linear.json: the linear branch is damaged: ValueError: "
CALIBRATION = "decode.json: the calibration is damaged: ValueError: "
VALUES: list[tuple[str, str, str, Any, str]] = [
    ("fast", "config.json", "taxonomy", 5, "config.json: taxonomy: got 5, expected the SHA-256 of "
     "the taxonomy."),
    ("fast", "config.json", "label_counts", "x", "config.json: label_counts: got 'x', expected a "
     "list of counts."),
    ("fast", "config.json", "label_counts.0", -5, "config.json: label_counts[0]: got -5, expected "
     "a count."),
    ("fast", "config.json", "label_counts", [1], "config.json: label_counts: got 1 numbers, "
     "expected 50."),
    ("fast", "config.json", "documents", {"train": 1.5}, "config.json: documents: got {'train': "
     "1.5}, expected an object of counts."),
    ("fast", "config.json", "settings", 7, "config.json: settings: got 7, expected an object."),
    ("fast", "config.json", "settings.model.alpha", 99, "model.alpha: got 99.0, expected 0 to 1."),
    ("network", "config.json", "networks.0.alpha", 99, SHAPE + "alpha: got 99, expected 0 to 1."),
    ("network", "config.json", "networks.0.dropout", -1, SHAPE + "dropout: got -1, expected 0 to "
     "1."),
    ("network", "config.json", "networks.0.encoder", "abacus", SHAPE + "encoder: got 'abacus', "
     "expected lstm or mingru."),
    ("network", "config.json", "networks.0.lstm_size", 1.5, SHAPE + "lstm_size: got 1.5, expected "
     "a size."),
    ("network", "config.json", "networks.0.level_sizes", [50], SHAPE + "level_sizes: got [50], "
     "expected [8, 17, 25], as the taxonomy has."),
    ("network", "config.json", "networks.0.vocabulary_size", 7, SHAPE + "vocabulary_size: got 7, "
     "expected 160, as the tokenizer has."),
    ("network", "config.json", "networks.0.colour", 7, SHAPE + "unknown key 'colour'."),
    ("network", "config.json", "networks.0", 7, SHAPE + "got 7, expected an object."),
    ("network", "config.json", "networks.0.fc_size", HUGE, "model.safetensors: is damaged: "
     f"network.1.global_hidden.weight is float32 of shape (6, 18), expected float32 of shape "
     f"({HUGE}, {3 * HUGE}), as config.json says."),
    ("blend", "config.json", "sentence", {"labels": 3}, "config.json: the shape of the branch on "
     "vectors of whole texts is damaged: got {'labels': 3}, expected input_size, hidden_size, "
     "labels."),
    ("blend", "config.json", "sentence.hidden_size", HUGE, "model.safetensors: is damaged: "
     f"sentence.hidden.weight is float32 of shape (8, 512), expected float32 of shape ({HUGE}, "
     "512), as config.json says."),
    ("blend", "config.json", "sentence.input_size", 8, "config.json: sentence.input_size: got 8, "
     "expected 512."),
    ("fast", "linear.json", "piece_sizes", [2, HUGE], LINEAR + f"piece_sizes: got [2, {HUGE}], "
     "expected shortest and longest."),
    ("fast", "linear.json", "words.1", 7, LINEAR + "words: got "),
    ("fast", "linear.json", "cost", None, LINEAR + "cost: got None, expected a number."),
    ("fast", "decode.json", "calibration.weights.0.0", "1", CALIBRATION + "weights: got "),
    ("fast", "decode.json", "calibration.weights.0.0", 10**400, CALIBRATION + "weights: got "),
    ("fast", "decode.json", "calibration.branches", ["linear", "linear"], CALIBRATION
     + "branches: a string stands in it twice."),
    ("fast", "decode.json", "threshold", 10**400, "decode.json: threshold: got 1000000000"),
    ("fast", "decode.json", "label_thresholds.3", 10**400, "decode.json: label_thresholds[3]: got "
     "1000"),
    ("fast", "decode.json", "top_k", 10**20, f"decode.json: top_k: got {10**20}, expected null or "
     "a whole number of at least 1."),
    ("fast", "metrics.json", "micro_f1", 10**400, "metrics.json: micro_f1: got 1000"),
    ("fast", "metrics.json", "precision_at_k", {"9" * 5_000: 1}, "metrics.json: precision_at_k: "
     "got {'9999"),
    ("fast", "tokenizer.json", "max_length", 10**20, "tokenizer.json: max_length of the tokenizer "
     f"is {10**20}, expected a whole number of at least 1."),
    ("fast", "tokenizer.json", "tokenizer.normalizer.normalizers", [], "tokenizer.json: the "
     "tokenizer has rules that are not written here."),
    ("fast", "tokenizer.json", "tokenizer.added_tokens", [{"id": 0, "content": "[PAD]",
     "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}],
     "tokenizer.json: the tokenizer has rules that are not written here."),
    ("fast", "taxonomy.json", "sha256", "0", "taxonomy.json: is damaged: 'sha256' does not fit the "
     "labels, levels and edges: the file was changed."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "file", "key", "value", "what"), VALUES)
def test_impossible_values(
    copy_of: Copy, name: str, file: str, key: str, value: Any, what: str
) -> None:
    model = copy_of(name)
    put(model / file, key, value)
    problem = refuse(model)[0]
    if what.startswith("model.alpha"):
        assert problem.endswith(what)
    elif what.endswith("."):
        assert problem == what
    else:  # the value, cut off
        assert problem.startswith(what)
        assert len(problem) < 300


RAW = {"deep": "[" * 100_000, "digits": "9" * 4_301, "nan": "NaN"}
REASONS = {
    "deep": "nested too deeply",
    "digits": "a number has thousands of digits",
    "nan": "NaN is no number of JSON",
}


@pytest.mark.parametrize("raw", RAW)
@pytest.mark.parametrize(
    "file", ["config.json", "decode.json", "linear.json", "metrics.json", "taxonomy.json"]
)
def test_json_beyond_all_measure(copy_of: Copy, file: str, raw: str) -> None:
    model = copy_of("fast")
    (model / file).write_text(f'{{"format": {RAW[raw]}', "utf-8")
    (problem,) = refuse(model)
    assert problem == f"{file}: is damaged: {REASONS[raw]}."


def test_lines_of_the_history(copy_of: Copy) -> None:
    model = copy_of("network")
    path = model / "history.jsonl"
    lines = path.read_text("utf-8").splitlines()
    row = json.loads(lines[1])
    lines[1] = json.dumps(row | {"loss": "low", "steps": -1})
    path.write_text("\n".join(lines), "utf-8")
    assert refuse(model) == [
        "history.jsonl:2: is damaged: steps: got -1, expected a number.",
        "history.jsonl:2: is damaged: loss: got 'low', expected a number.",
    ]
    lines[1] = "3"
    path.write_text("\n".join(lines), "utf-8")
    (problem,) = refuse(model)
    assert problem.startswith("history.jsonl:2: is damaged: got 3, expected epoch, steps, loss, ")


@pytest.mark.parametrize(
    ("name", "array", "value"),
    [
        ("fast", "linear.bias", np.nan),
        ("fast", "linear.idf.words", np.inf),
        ("fast", "linear.weights", -np.inf),
        ("network", "network.1.embedding.weight", np.nan),
        ("blend", "sentence.hidden.bias", np.inf),
    ],
)
def test_weights_that_are_no_numbers(copy_of: Copy, name: str, array: str, value: float) -> None:
    model = copy_of(name)
    arrays = load_file(model / "model.safetensors")
    arrays[array].flat[0] = value
    save_file(arrays, model / "model.safetensors")
    assert refuse(model) == [
        f"model.safetensors: is damaged: {array} holds values that are no finite numbers."
    ]


def test_weights_are_looked_at_without_a_copy() -> None:
    arrays: dict[str, np.ndarray] = {
        "x": np.zeros((3, 2), np.float32),
        "empty": np.zeros(0),
        "whole": np.zeros(2, int),
    }
    check_finite(arrays, "f")
    arrays["x"][2, 1] = np.nan
    with pytest.raises(BundleError) as error:
        check_finite(arrays | {"y": np.array(np.inf)}, "f")
    assert [str(problem) for problem in error.value.problems] == [
        "f: is damaged: x holds values that are no finite numbers.",
        "f: is damaged: y holds values that are no finite numbers.",
    ]


@pytest.mark.parametrize(
    ("array", "kind"), [("linear.pairs", np.int32), ("linear.bias", np.float64)]
)
def test_arrays_of_another_type(copy_of: Copy, array: str, kind: type) -> None:
    model = copy_of("fast")
    arrays = load_file(model / "model.safetensors")
    arrays[array] = arrays[array].astype(kind)
    before = load_file(GOLDEN / "fast" / "model.safetensors")[array].dtype
    save_file(arrays, model / "model.safetensors")
    name = array.removeprefix("linear.")
    assert refuse(model) == [
        f"{LINEAR}{name}: got {np.dtype(kind)} of shape {arrays[array].shape}, expected {before} "
        "in one dimension."
    ]


def test_pairs_that_do_not_ascend(copy_of: Copy) -> None:
    model = copy_of("fast")
    arrays = load_file(model / "model.safetensors")
    arrays["linear.pairs"] = arrays["linear.pairs"][::-1].copy()
    save_file(arrays, model / "model.safetensors")
    assert refuse(model) == [f"{LINEAR}the pairs of words do not ascend."]


def test_scores_that_are_no_numbers_never_leave(copy_of: Copy) -> None:
    """Finite weights whose sums are not."""
    model = copy_of("network")
    arrays = load_file(model / "model.safetensors")
    for name in ("network.1.global_predict.weight", "network.1.global_hidden.weight"):
        arrays[name][:] = 3e38
        arrays[name][:, ::2] = -3e38
    arrays["network.1.embedding.weight"][:] = 3e38
    save_file(arrays, model / "model.safetensors")
    predictor = harnn.Predictor.load(model)
    for ask in (predictor.scores, predictor.predict, lambda x: predictor.explain(x[0])):
        with pytest.raises(BundleError) as error:
            ask(["Willow pollen for the bees"])
        assert str(error.value) == (
            "the model gives scores that are no scores: Expected scores from 0 to 1, got nan to "
            "nan. Its weights are damaged, or its training diverged: train again."
        )


# --- exported networks --------------------------------------------------------------------------


def change_graph(model: Path, change: Callable[[Any], object]) -> None:
    onnx = pytest.importorskip("onnx")
    path = model / "network-1.onnx"
    graph = onnx.load(path)
    change(graph)
    path.write_bytes(graph.SerializeToString())


def outside(model: Any) -> None:
    import onnx

    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in (("location", "secret.bin"), ("offset", "0"), ("length", "8")):
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value


def weights_of(model: Any, name: str) -> Any:
    return next(x for x in model.graph.initializer if x.name == name)


def put_nan(model: Any) -> None:
    tensor = weights_of(model, "embedding")
    values = np.frombuffer(tensor.raw_data, np.float32).copy()
    values[0] = np.nan
    tensor.raw_data = values.tobytes()


def put_index(model: Any) -> None:
    weights_of(model, "constant_0").raw_data = np.array([2**40]).tobytes()


def cut_words(model: Any) -> None:
    tensor = weights_of(model, "embedding")
    tensor.dims[0] -= 1
    tensor.raw_data = tensor.raw_data[: tensor.dims[0] * tensor.dims[1] * 4]


def add_node(model: Any) -> None:
    import onnx

    model.graph.node.append(onnx.helper.make_node("Loop", ["lengths"], ["more"]))


def other_output(model: Any) -> None:
    model.graph.output[0].name = model.graph.node[-2].output[0]


GRAPHS: dict[str, tuple[Callable[[Any], object], str]] = {
    "external": (outside, "the weights 'constant_0' stand in another file"),
    "nan": (put_nan, "the weights 'embedding' hold values that are no finite numbers"),
    "index": (put_index, "the weights 'constant_0' hold values out of range"),
    "size": (
        lambda model: weights_of(model, "embedding").dims.__setitem__(0, HUGE),
        "the weights 'embedding' are not of the size that they say",
    ),
    "words": (cut_words, "it has word vectors of shape [(159, 6)], expected 160 of them"),
    "kind": (add_node, "it holds nodes of other kinds: Loop"),
    "twice": (
        lambda model: model.graph.initializer.append(model.graph.initializer[0]),
        "the weights 'constant_0' stand in it twice",
    ),
    "output": (other_output, "it gives [('Mul_128', 'tensor(float)', [50])], expected "),
    "input": (
        lambda model: model.graph.input.append(model.graph.output[0]),
        "",
    ),
    "empty": (lambda model: model.ClearField("graph"), "it holds no graph"),
}


@pytest.mark.parametrize("kind", GRAPHS)
def test_graphs_that_are_never_written(copy_of: Copy, kind: str) -> None:
    model = copy_of("network-onnx")
    change, what = GRAPHS[kind]
    change_graph(model, change)
    (problem,) = refuse(model)
    assert problem.startswith(f"network-1.onnx: is damaged: {what}")


@pytest.mark.parametrize("name", ["network-onnx", "blend-onnx", "blend-int8"])
def test_graphs_of_ours_are_walked(name: str) -> None:
    facts = check_graph((GOLDEN / name / "network-1.onnx").read_bytes())
    assert len(facts.weights) > 50
    assert "Softmax" in facts.kinds


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x3a\xff\xff\xff\xff\x0f", b"\x80" * 20])
def test_what_is_no_graph(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^it "):
        check_graph(content)
