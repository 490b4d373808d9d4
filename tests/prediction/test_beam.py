"""Beams and bfloat16 in the Python interface and on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harnn
from harnn.cli import run
from harnn.errors import ConfigError
from harnn.network import Beam
from harnn.sample import sample
from support.sample_models import fit_sample

FILES = sample("en")
SMALL: dict[str, dict[str, Any]] = {
    "text": {"vectors": "random"},
    "model": {"embedding_size": 8, "lstm_size": 8, "attention_size": 8, "fc_size": 8},
    "training": {"epochs": 2, "precision": "32"},
}


def saved(home: Path, **model: object) -> Path:
    result = fit_sample(SMALL | {"model": SMALL["model"] | model})
    return harnn.save_bundle(result, home / "model")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("beam"), branches="network")


@pytest.fixture
def large_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every level of more than 3 labels were large."""
    monkeypatch.setattr(Beam.__init__, "__kwdefaults__", {"whole": 3})


TEXTS = ["Willow pollen for the bees", "", "The fire brigade came at night"]


@pytest.mark.usefixtures("large_levels")
def test_scores_stay_close(model: Path) -> None:
    found, wanted = (harnn.Predictor.load(model, beam=b).scores(TEXTS).values for b in (2, None))
    assert not np.array_equal(found, wanted)
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.98
    answers = harnn.Predictor.load(model, beam=2).predict(TEXTS, top_k=2)
    assert all(answer.labels for answer in answers)


def test_levels_of_this_size_are_scored_whole(model: Path) -> None:
    found, wanted = (harnn.Predictor.load(model, beam=b).scores(TEXTS).values for b in (1, None))
    assert np.array_equal(found, wanted)


def test_evaluating_and_predicting(
    model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reports = []
    for options in ([], ["--beam", "5"]):
        path = tmp_path / f"report{len(options)}.json"
        command = ["evaluate", str(model), "--data", str(FILES.test), "--json", str(path)]
        assert run([*command, *options]) == 0
        reports.append(json.loads(path.read_text("utf-8")))
    assert reports[0] == reports[1]
    capsys.readouterr()
    assert run(["predict", str(model), "--text", TEXTS[0], "--beam", "5"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "1"


def test_bfloat16_stays_close(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found, wanted = (
        harnn.Predictor.load(model, bfloat16=b).scores(TEXTS).values for b in (True, False)
    )
    assert not np.array_equal(found, wanted)
    np.testing.assert_allclose(found, wanted, atol=0.02)
    assert run(["predict", str(model), "--text", TEXTS[0], "--bf16"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == "1"


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"mode": "paper"}, "networks in mode paper score all labels at once and take no beam."),
        (
            {"preset": "fast"},
            "models without a network score all labels at once and take no beam.",
        ),
    ],
    ids=["paper", "fast"],
)
def test_models_that_take_no_beam(
    settings: dict[str, object],
    what: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = saved(tmp_path, **settings)
    with pytest.raises(ConfigError, match=what):
        harnn.Predictor.load(path, beam=5)
    if "preset" in settings:
        with pytest.raises(ConfigError, match="have nothing to compute in bfloat16"):
            harnn.Predictor.load(path, bfloat16=True)
    assert run(["predict", str(path), "--text", TEXTS[0], "--beam", "5"]) == 2
    assert capsys.readouterr().err == f"Error: {what}\n"


def test_exported_models_take_no_beam(model: Path, tmp_path: Path) -> None:
    exported = tmp_path / "exported"
    harnn.export_onnx(model, exported)
    with pytest.raises(ConfigError) as error:
        harnn.Predictor.load(exported, beam=5)
    assert (
        str(error.value) == "networks that were exported score all labels at once and take no beam."
    )
    with pytest.raises(ConfigError) as error:
        harnn.Predictor.load(exported, bfloat16=True)
    assert str(error.value) == (
        "networks that were exported have the precision of their export; harnn export --int8 makes "
        "faster ones."
    )
