"""Model directories: save and load equal, and damage named in exact words."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import harnn
from harnn.bundle.layout import FILES
from harnn.errors import BundleError, ConfigError, InputError
from harnn.sample import sample
from support.sample_models import SMALL, TEXTS, change, fit_sample, seal


@pytest.fixture(scope="module")
def result() -> harnn.FitResult:
    return fit_sample(SMALL)


@pytest.fixture(scope="module")
def predictor(result: harnn.FitResult) -> harnn.Predictor:
    return harnn.Predictor.from_result(result)


@pytest.fixture
def model(result: harnn.FitResult, tmp_path: Path) -> Path:
    return harnn.save_bundle(result, tmp_path / "made" / "model")


def test_save_and_load_equal(
    result: harnn.FitResult, predictor: harnn.Predictor, model: Path
) -> None:
    loaded = harnn.Predictor.load(model)
    assert np.array_equal(loaded.scores(TEXTS).values, predictor.scores(TEXTS).values)
    assert loaded.predict(TEXTS) == predictor.predict(TEXTS)
    test = sample("en").test
    assert loaded.evaluate(test).to_dict() == predictor.evaluate(test).to_dict()
    # On the validation documents the blend has seen each of them, but not for this report.
    assert result.report.to_dict() == json.loads((model / "metrics.json").read_text("utf-8"))
    files = [*FILES, "README.md", "history.jsonl", "labels.json", "linear.json", "checksums.json"]
    files += ["reference.json", "provenance.json"]
    assert sorted(p.name for p in model.iterdir()) == sorted(files)


def test_a_loaded_model_is_written_as_it_was(model: Path, tmp_path: Path) -> None:
    again = harnn.save_bundle(harnn.load_bundle(model), tmp_path / "again")
    names = sorted(path.name for path in model.iterdir())
    assert sorted(path.name for path in again.iterdir()) == names
    for name in names:
        if name != "README.md":  # what each branch is, in a line, is known after training only
            assert (again / name).read_bytes() == (model / name).read_bytes(), name


def test_saving_again_replaces(result: harnn.FitResult, model: Path) -> None:
    (model / "leftover").touch()
    harnn.save_bundle(result, model)
    assert not (model / "leftover").exists()
    assert [p.name for p in model.parent.iterdir()] == ["model"]


def test_a_place_under_a_file(result: harnn.FitResult, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    place = tmp_path / "file" / "models" / "model"
    with pytest.raises(InputError) as error:
        harnn.save_bundle(result, place)
    assert str(error.value) == f"{place}: cannot be written: Not a directory."


def test_nothing_but_a_model_is_replaced(result: harnn.FitResult, tmp_path: Path) -> None:
    (tmp_path / "letters.txt").touch()
    with pytest.raises(InputError) as error:
        harnn.save_bundle(result, tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: is a directory with other files in it (it has no config.json). "
        "Choose another place or empty it first."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def refuse(directory: Path) -> str:
    with pytest.raises(BundleError) as error:
        harnn.Predictor.load(directory)
    return str(error.value)


def test_no_model(tmp_path: Path) -> None:
    assert refuse(tmp_path / "x") == (
        f"{tmp_path / 'x'}: no such model directory. Train one with harnn train."
    )
    (tmp_path / "checkpoint").mkdir()
    assert refuse(tmp_path) == (
        f"{tmp_path}: training was stopped before it ended; repeat harnn train with --resume."
    )


def test_missing_files_are_all_named(model: Path) -> None:
    (model / "model.safetensors").unlink()
    (model / "decode.json").unlink()
    assert refuse(model) == (
        "2 problems in the model directory:\n"
        f"  {model / 'decode.json'}: the file is missing.\n"
        f"  {model / 'model.safetensors'}: the file is missing."
    )


def test_other_format_versions(model: Path) -> None:
    change(model / "config.json", format=99)
    assert refuse(model) == (
        f"{model / 'config.json'}: has model format 99, this version reads 3. "
        "Train again, or install the version of harnn that wrote it."
    )


def test_damaged_files(model: Path) -> None:
    decode = model / "decode.json"
    good = decode.read_text("utf-8")
    decode.write_text("{", encoding="utf-8")
    seal(model)
    assert refuse(model) == (
        f"{decode}:1: is damaged: Expecting property name enclosed in double quotes."
    )
    decode.write_text(good, encoding="utf-8")
    change(decode, threshold=3)
    assert refuse(model) == f"{decode}: threshold: got 3, expected 0 to 1."
    decode.write_text(good, encoding="utf-8")
    (model / "model.safetensors").write_bytes(b"rubbish")
    seal(model)
    assert refuse(model).startswith(f"{model / 'model.safetensors'}: is damaged: ")


def test_a_decoder_of_one_threshold_is_read(model: Path) -> None:
    alone = {"threshold": 0.3, "close": "none"}
    calibration = json.loads((model / "decode.json").read_text("utf-8"))["calibration"]
    (model / "decode.json").write_text(
        json.dumps(alone | {"calibration": calibration}), encoding="utf-8"
    )
    seal(model)
    loaded = harnn.Predictor.load(model)
    assert loaded.bundle.decoder == harnn.Decoder(0.3, close="none")
    assert len(loaded.predict(TEXTS, strategy="f1")) == len(TEXTS)
    with pytest.raises(ConfigError) as error:
        loaded.predict(TEXTS, strategy="label")
    assert str(error.value) == (
        "The strategy label needs label_thresholds, which this model was not tuned for. "
        "It has threshold, f1."
    )


def test_thresholds_of_another_taxonomy(model: Path) -> None:
    change(model / "decode.json", label_thresholds=[0.5] * 3)
    assert refuse(model) == (
        f"{model / 'decode.json'}: label_thresholds: got 3 numbers, expected 50."
    )


def test_a_foreign_taxonomy(model: Path) -> None:
    other = harnn.Taxonomy.from_edges([("a", "ROOT"), ("b", "a")])
    version = harnn.load_bundle(model).taxonomy.version
    (model / "taxonomy.json").write_text(other.to_json(), encoding="utf-8")
    seal(model)
    assert refuse(model) == (
        f"{model / 'taxonomy.json'}: is not the taxonomy that the model was trained with: "
        f"version {other.version[:12]}, expected {version[:12]}. Restore the file or train again."
    )


def test_a_network_of_another_shape(model: Path) -> None:
    table = json.loads((model / "config.json").read_text("utf-8"))
    table["networks"][0]["lstm_size"] += 1
    change(model / "config.json", networks=table["networks"])
    weights = model / "model.safetensors"
    assert refuse(model) == (
        "2 problems in the model directory:\n"
        f"  {weights}: is damaged: network.1.encoder.forward_lstm.weight_hh_l0 is float32 of shape "
        "(64, 16), expected float32 of shape (68, 17), as config.json says.\n"
        f"  {weights}: is damaged: network.1.levels.0.attend.project.weight is float32 of shape "
        "(16, 32), expected float32 of shape (16, 34), as config.json says."
    )
    table["networks"][0].pop("alpha")
    change(model / "config.json", networks=table["networks"])
    assert refuse(model) == (
        f"{model / 'config.json'}: the network's shape is damaged: alpha is missing."
    )


def test_the_model_card(model: Path) -> None:
    card = (model / "README.md").read_text("utf-8")
    assert "50 labels on\n3 levels (8 / 17 / 25)" in card
    assert "250 documents" in card


def test_own_segmentation(tmp_path: Path) -> None:
    table = SMALL | {"training": SMALL["training"] | {"epochs": 1}}
    table |= {"model": SMALL["model"] | {"text_vectors": "off"}}
    result = fit_sample(table, segment=str.split)
    model = harnn.save_bundle(result, tmp_path / "m")
    with pytest.raises(BundleError, match="segment"):
        harnn.Predictor.load(model)
    loaded = harnn.Predictor.load(model, segment=str.split)
    assert len(loaded.predict(["bees and hives"], top_k=1)[0].labels) == 1
