"""Models of other branches than one network with one linear model: files and damage."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import harnn
from harnn.errors import BundleError
from support.sample_models import change, fit_tiny, seal

TEXT = "This week the bees in the second hive filled a frame with willow pollen."


@pytest.fixture(scope="module")
def fast() -> harnn.FitResult:
    return fit_tiny(preset="fast")


@pytest.fixture(scope="module")
def predictor(fast: harnn.FitResult) -> harnn.Predictor:
    return harnn.Predictor.from_result(fast)


@pytest.fixture
def model(fast: harnn.FitResult, tmp_path: Path) -> Path:
    return harnn.save_bundle(fast, tmp_path / "model")


def refuse(directory: Path) -> str:
    with pytest.raises(BundleError) as error:
        harnn.load_bundle(directory)
    return str(error.value)


def test_what_a_model_without_a_network_holds(
    model: Path, predictor: harnn.Predictor, fast: harnn.FitResult
) -> None:
    assert [branch.name for branch in fast.ensemble.branches] == ["linear"]
    assert fast.history.rows == ()
    tensors = load_file(model / "model.safetensors")
    assert {name.split(".")[0] for name in tensors} == {"linear"}
    assert json.loads((model / "config.json").read_text("utf-8"))["networks"] == []
    assert (model / "history.jsonl").read_text("utf-8") == ""
    loaded = harnn.Predictor.load(model)
    np.testing.assert_array_equal(loaded.scores([TEXT]).values, predictor.scores([TEXT]).values)


def test_several_networks(tmp_path: Path) -> None:
    result = fit_tiny(members=2, branches="both")
    model = harnn.save_bundle(result, tmp_path / "model")
    names = {name.split(".embedding")[0] for name in load_file(model / "model.safetensors")}
    assert {"network.1", "network.2", "linear.bias"} <= names
    made, loaded = harnn.Predictor.from_result(result), harnn.Predictor.load(model)
    np.testing.assert_array_equal(loaded.scores([TEXT]).values, made.scores([TEXT]).values)
    for item in loaded.explain(TEXT, top_k=2).labels:
        assert sum(word.weight for word in item.weights) == pytest.approx(1, abs=1e-5)
    (model / "linear.json").unlink()
    seal(model)
    assert refuse(model) == (
        f"{model}: does not belong together: Expected the branches that were blended (linear, "
        "network, text_vectors); got network, text_vectors."
    )


def test_a_missing_linear_branch(model: Path) -> None:
    (model / "linear.json").unlink()
    seal(model)
    assert refuse(model) == (
        f"{model}: does not belong together: Expected the branches that were blended (linear); got "
        "nothing."
    )


def test_a_missing_calibration(model: Path) -> None:
    decode = json.loads((model / "decode.json").read_text("utf-8"))
    del decode["calibration"]
    (model / "decode.json").write_text(json.dumps(decode), encoding="utf-8")
    seal(model)
    assert refuse(model) == (
        f"{model}: does not belong together: Expected a blend of the branches, or one network "
        "alone."
    )


def test_a_damaged_calibration(model: Path) -> None:
    change(model / "decode.json", calibration={"weights": [[1.0]]})
    assert refuse(model) == (
        f"{model / 'decode.json'}: the calibration is damaged: KeyError: 'branches'."
    )


def test_a_damaged_linear_branch(model: Path) -> None:
    path = model / "linear.json"
    good = path.read_text("utf-8")
    path.write_text("{", encoding="utf-8")
    seal(model)
    assert refuse(model) == (
        f"{path}:1: is damaged: Expecting property name enclosed in double quotes."
    )
    path.write_text(good, encoding="utf-8")
    change(path, format=9)
    assert refuse(model) == (
        f"{path}: the linear branch is damaged: ValueError: format 9, expected 1."
    )
    path.write_text(good, encoding="utf-8")
    tensors = load_file(model / "model.safetensors")
    save_file(
        {name: value for name, value in tensors.items() if name != "linear.pairs"},
        model / "model.safetensors",
    )
    seal(model)
    assert refuse(model) == f"{path}: the linear branch is damaged: KeyError: 'pairs'."


def test_a_linear_branch_of_other_labels(model: Path) -> None:
    tensors = load_file(model / "model.safetensors")
    tensors["linear.bias"] = tensors["linear.bias"][:-1]
    columns = tensors["linear.columns"]
    tensors["linear.columns"] = np.minimum(columns, len(tensors["linear.bias"]) - 1)
    save_file(tensors, model / "model.safetensors")
    seal(model)
    assert refuse(model) == (
        f"{model / 'linear.json'}: the linear branch has 49 labels, the taxonomy 50."
    )


def test_shapes_that_are_no_list(model: Path) -> None:
    change(model / "config.json", networks=None)
    assert refuse(model) == (
        f"{model / 'config.json'}: networks: got None, expected a list of shapes."
    )


def test_models_of_format_1_are_refused(model: Path) -> None:
    config = model / "config.json"
    table = json.loads(config.read_text("utf-8"))
    table["network"] = table.pop("networks")
    config.write_text(json.dumps(table | {"format": 1}), encoding="utf-8")
    seal(model)
    assert refuse(model) == (
        f"{config}: has model format 1, this version reads 3. "
        "Train again, or install the version of harnn that wrote it."
    )
