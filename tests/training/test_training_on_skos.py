"""A model for the concepts of a real SKOS file, trained on their own names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import harnn
from harnn.config import Config
from harnn.data import Document
from harnn.taxonomy import part_of

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("HARNN_DATA", ROOT.parent / "shared" / "data")) / "skos"


@pytest.mark.slow
def test_a_model_is_trained_on_names_and_stored_with_them(tmp_path: Path) -> None:
    pytest.importorskip("pyoxigraph")
    path = DATA / "uat.rdf"
    if not path.is_file():
        pytest.skip("no skos/uat.rdf under HARNN_DATA (default ../shared/data)")
    whole = harnn.Taxonomy.from_file(path)
    taxonomy = part_of(whole, under=whole.codes[whole.names.index("Solar physics")])
    assert len(taxonomy) > 50
    train, valid = [], []
    for code, name, others, description in zip(
        taxonomy.codes, taxonomy.names, taxonomy.alternatives, taxonomy.descriptions, strict=True
    ):
        texts = [name, f"{name}: {description}", f"On {name.lower()}", *others]
        documents = [
            Document(f"{code}-{at}", {"text": text}, (code,)) for at, text in enumerate(texts)
        ]
        train += documents
        valid += documents[1:2]
    result = harnn.fit(taxonomy, train, valid, Config.from_dict({"model": {"preset": "fast"}}))
    harnn.save_bundle(result, tmp_path / "model")
    predictor = harnn.Predictor.load(tmp_path / "model")
    assert predictor.evaluate(valid).micro_f1 > 0.8
    again = predictor.taxonomy
    assert again.alternatives == taxonomy.alternatives
    assert again.descriptions == taxonomy.descriptions
    assert again.iris == taxonomy.iris
