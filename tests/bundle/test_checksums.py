"""Models whose files were changed are refused; thresholds have a function of their own."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import harnn
from harnn.bundle import change_decoding, layout, model_info
from harnn.bundle.load import check_files
from harnn.cli import run
from harnn.decode import Decoder
from harnn.errors import BundleError, ConfigError
from support.sample_models import seal

GOLDEN = Path(__file__).parents[1] / "golden" / "format-3"
TEXTS = ["Willow pollen for the bees", ""]
CHANGED = "was changed after it was written (its SHA-256 differs)."


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return harnn.save_bundle(harnn.load_bundle(GOLDEN / "fast"), tmp_path / "model")


def refuse(directory: Path) -> str:
    with pytest.raises(BundleError) as error:
        harnn.load_bundle(directory)
    return str(error.value)


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_every_file_is_covered_but_the_card(model: Path) -> None:
    for path in sorted(model.iterdir()):
        good = path.read_bytes()
        if path.name == layout.CARD:
            path.write_text("My notes on this model.", "utf-8")
            harnn.load_bundle(model)
        elif path.name not in (layout.CHECKSUMS, layout.HISTORY):  # that one is empty
            flip(path)
            hint = "Restore it or train again."
            if path.name == layout.DECODE:
                hint = "Restore it; harnn.bundle.change_decoding changes thresholds."
            assert refuse(model) == f"{path}: {CHANGED} {hint}"
        path.write_bytes(good)
    harnn.load_bundle(model)


def test_all_changed_files_are_named(model: Path) -> None:
    flip(model / "linear.json")
    (model / "history.jsonl").unlink()
    assert refuse(model) == (
        "2 problems in the model directory:\n"
        f"  {model / 'history.jsonl'}: the file is missing.\n"
        f"  {model / 'linear.json'}: {CHANGED} Restore it or train again."
    )


def test_without_the_checksums_that_were_announced(model: Path) -> None:
    path = model / "checksums.json"
    path.unlink()
    assert refuse(model) == f"{path}: the file is missing. Restore it or train again."


def change_list(change: Callable[[dict[str, str]], object]) -> Callable[[str], str]:
    def changed(text: str) -> str:
        table = json.loads(text)
        change(table["sha256"])
        return json.dumps(table)

    return changed


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda text: "{", ":1: is damaged: Expecting property name enclosed in double quotes."),
        (lambda text: "[]", ": is damaged: expected the SHA-256 of each file."),
        (lambda text: '{"sha256": {"a": 3}}', ": is damaged: expected the SHA-256 of each file."),
        (lambda text: '{"format": 9, "sha256": {}}', ": has format 9, expected 1."),
        (
            change_list(lambda sums: sums.pop("history.jsonl")),
            f": {CHANGED} Restore it or train again.",
        ),
        (
            change_list(lambda sums: sums.update({"linear.json": "0" * 64})),
            f": {CHANGED} Restore it or train again.",
        ),
    ],
)
def test_a_damaged_list(model: Path, change: Callable[[str], str], what: str) -> None:
    path = model / "checksums.json"
    path.write_text(change(path.read_text("utf-8")), "utf-8")
    assert refuse(model) == f"{path}{what}"


def test_files_that_are_not_of_the_model(model: Path, tmp_path: Path) -> None:
    """A stray file beside those of the model is nobody's."""
    (model / "network-1.onnx").write_bytes(b"stray")
    (model / "answers.jsonl").write_bytes(b"stray")
    harnn.load_bundle(model)
    paper = harnn.save_bundle(harnn.load_bundle(GOLDEN / "paper"), tmp_path / "paper")
    (paper / "linear.json").write_text("{}", "utf-8")
    harnn.load_bundle(paper)


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        model = harnn.save_bundle(harnn.load_bundle(GOLDEN / "network"), tmp_path / "model")
    finally:
        os.umask(before)
    assert {stat.S_IMODE(path.stat().st_mode) for path in model.iterdir()} == {0o644}


def test_changing_thresholds_on_purpose(model: Path) -> None:
    before = harnn.load_bundle(model)
    contents = {path.name: path.read_bytes() for path in model.iterdir()}
    inodes = {path.name: path.stat().st_ino for path in model.iterdir()}
    decoder = change_decoding(model, threshold=0.9, close="none")
    after = harnn.load_bundle(model)
    assert after.decoder == decoder
    assert (decoder.threshold, decoder.close, decoder.top_1) == (0.9, "none", "never")
    assert decoder.label_thresholds == before.decoder.label_thresholds
    assert decoder.level_thresholds == before.decoder.level_thresholds
    changed = {"decode.json", "checksums.json"}
    for path in model.iterdir():
        same = path.read_bytes() == contents[path.name]
        assert same == (path.name not in changed)
        assert (path.stat().st_ino == inodes[path.name]) == same
    assert {path.name for path in model.iterdir()} == contents.keys()
    assert [path.name for path in model.parent.iterdir()] == ["model"]
    one, other = (harnn.Predictor(x).scores(TEXTS).values for x in (before, after))
    np.testing.assert_array_equal(one, other)


def test_changing_thresholds_of_an_older_model(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    for path in (GOLDEN / "fast").iterdir():
        (model / path.name).write_bytes(path.read_bytes())
    names = {path.name for path in model.iterdir()}
    assert change_decoding(model, strategy="label").strategy == "label"
    assert harnn.load_bundle(model).decoder.strategy == "label"
    assert {path.name for path in model.iterdir()} == names


def test_files_that_were_compared_just_now_are_not_read_again(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks: list[Path] = []

    def check(directory: Path) -> None:
        checks.append(directory)
        check_files(directory)

    for module in ("decoding", "info"):
        monkeypatch.setattr(f"harnn.bundle.{module}.check_files", check)
    assert change_decoding(model_info(model), strategy="label").strategy == "label"
    assert run(["decoding", str(model), "--strategy", "threshold"]) == 0
    assert checks == [model, model]  # once each
    assert change_decoding(model, strategy="label").strategy == "label"
    assert checks == [model] * 3
    assert model_info(model).decoder.strategy == "label"


def test_nothing_is_changed_by_mistake(model: Path, tmp_path: Path) -> None:
    content = (model / "decode.json").read_bytes()
    with pytest.raises(ConfigError) as excluded:
        change_decoding(model, threshold=0.5, top_k=3)
    assert str(excluded.value) == "threshold and top_k exclude each other; give one of them."
    with pytest.raises(ValueError, match="threshold: got 2, expected 0 to 1"):
        change_decoding(model, threshold=2)
    assert (model / "decode.json").read_bytes() == content
    flip(model / "model.safetensors")
    with pytest.raises(BundleError) as damaged:
        change_decoding(model, threshold=0.5)
    assert str(damaged.value) == (
        f"{model / 'model.safetensors'}: {CHANGED} Restore it or train again."
    )
    with pytest.raises(BundleError) as nowhere:
        change_decoding(tmp_path / "none", threshold=0.5)
    assert str(nowhere.value) == (
        f"{tmp_path / 'none'}: no such model directory. Train one with harnn train."
    )


def test_half_surrogates_are_kept(tmp_path: Path) -> None:
    """Names may hold what UTF-8 cannot: JSON has escapes for it."""
    bundle = harnn.load_bundle(GOLDEN / "fast")
    level = bundle.report.levels[0]
    object.__setattr__(level, "name", "half \ud800")
    model = harnn.save_bundle(bundle, tmp_path / "model")
    assert harnn.load_bundle(model).report.levels[0].name == "half \ud800"
    assert "half \\ud800" in (model / "README.md").read_text("utf-8")


def test_the_seal_of_the_tests(model: Path) -> None:
    content = (model / "checksums.json").read_bytes()
    seal(model)
    assert (model / "checksums.json").read_bytes() == content
    assert isinstance(harnn.load_bundle(model).decoder, Decoder)
