"""The figures that a model keeps of its validation documents."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harnn
from harnn.bundle import layout
from harnn.config import Config
from harnn.data import Document
from harnn.errors import BundleError
from harnn.prediction import count_documents
from harnn.sample import sample
from harnn.watching import figures_to_dict
from support.sample_models import change, fit_sample, fit_tiny

FAST: dict[str, dict[str, Any]] = {"model": {"preset": "fast", "text_vectors": "off"}}
OF_TEXTS = ("documents", "choosing", "words", "lengths", "writings", "empty_fields")


@pytest.fixture(scope="module")
def result() -> harnn.FitResult:
    return fit_sample(FAST)


@pytest.fixture
def model(result: harnn.FitResult, tmp_path: Path) -> Path:
    return harnn.save_bundle(result, tmp_path / "model")


@pytest.mark.parametrize("kind", ["fast", "network"])
def test_texts_are_counted_as_they_will_be(kind: str, result: harnn.FitResult) -> None:
    made = result if kind == "fast" else fit_tiny(text_vectors="off")
    assert made.reference is not None
    kept = figures_to_dict(made.reference)
    later = figures_to_dict(count_documents(harnn.Predictor(made), sample("en").valid))
    assert {name: kept[name] for name in OF_TEXTS} == {name: later[name] for name in OF_TEXTS}
    assert kept["vectors"]["kind"] == later["vectors"]["kind"]
    sums = [np.array(each["vectors"]["sums"]) for each in (kept, later)]
    assert sums[1] == pytest.approx(sums[0], abs=1e-3)
    assert made.reference.f1 is not None
    assert made.reference.f1[0].value == pytest.approx(made.report.micro_f1)


def test_labels_are_counted_as_the_report_says(result: harnn.FitResult) -> None:
    assert result.reference is not None
    assert result.quality is not None
    assert result.reference.given.tolist() == result.quality.counts.predicted.tolist()


def test_they_are_kept_with_a_checksum(result: harnn.FitResult, model: Path) -> None:
    loaded = harnn.load_bundle(model)
    assert loaded.reference is not None
    assert result.reference is not None
    assert figures_to_dict(loaded.reference) == figures_to_dict(result.reference)
    path = model / layout.REFERENCE
    path.write_text(path.read_text("utf-8").replace('"documents": 50', '"documents": 51'), "utf-8")
    with pytest.raises(BundleError, match="was changed after it was written"):
        harnn.load_bundle(model)


def test_an_exported_model_has_them_too(tmp_path: Path) -> None:
    made = fit_tiny(text_vectors="off")
    model = harnn.save_bundle(made, tmp_path / "model")
    light = harnn.load_bundle(harnn.export_onnx(model, tmp_path / "light"))
    assert light.reference is not None
    assert made.reference is not None
    assert figures_to_dict(light.reference) == figures_to_dict(made.reference)


def test_damage_is_told(model: Path) -> None:
    change(model / layout.REFERENCE, given=[1])
    with pytest.raises(BundleError) as caught:
        harnn.load_bundle(model)
    where = model / layout.REFERENCE
    assert str(caught.value) == f"{where}: given: got [1], expected 50 counts."


@pytest.mark.parametrize("choosing", ["", "[]", "{}", "[" * 9_999, '{"strategy": "luck"}'])
def test_labels_must_be_chosen_in_a_way_that_there_is(choosing: str, model: Path) -> None:
    change(model / layout.REFERENCE, choosing=choosing)
    with pytest.raises(BundleError, match=re.escape(str(model / layout.REFERENCE))):
        harnn.load_bundle(model)


def test_no_text_is_in_the_file(model: Path) -> None:
    plain = json.loads((model / layout.REFERENCE).read_text("utf-8"))
    texts = [value for value in plain.values() if isinstance(value, str)]
    assert texts == [plain["choosing"]]
    assert json.loads(plain["choosing"])["strategy"]


def test_documents_that_change_meanwhile(tmp_path: Path) -> None:
    """Then nothing is kept, and that is said."""
    files, said = sample("en"), []
    valid = tmp_path / "valid.jsonl"
    lines = Path(files.valid).read_text("utf-8").splitlines(keepends=True)
    valid.write_text("".join(lines), "utf-8")

    def listen(event: Any) -> None:
        said.append(str(event))
        if "fitting the blend" in said[-1]:
            valid.write_text("".join(lines[:-1]), "utf-8")

    config = Config.from_dict(FAST)
    made = harnn.fit(files.load_taxonomy(), files.train, valid, config, listener=listen)
    assert made.reference is None
    assert any("no figures of them are kept" in each for each in said)


def test_a_share_that_is_held_out() -> None:
    files = sample("en")
    made = harnn.fit(files.load_taxonomy(), files.train, 0.2, Config.from_dict(FAST))
    assert made.reference is not None
    assert made.reference.documents == made.documents["valid"]


def test_documents_with_fields() -> None:
    given = [
        Document(str(n), {"title": "bees" if n % 2 else "", "text": "the hive"}, ("beekeeping",))
        for n in range(20)
    ]
    taxonomy = sample("en").load_taxonomy()
    made = harnn.fit(taxonomy, given, given, Config.from_dict(FAST))
    assert made.reference is not None
    assert made.reference.empty_fields == {"text": 0, "title": 10}
