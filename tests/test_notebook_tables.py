"""Tables in notebooks say above them what they are of."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

import harnn
from harnn.bundle.provenance import Provenance
from support.made_reports import GOLDEN
from support.pages import ROOT

MODEL = GOLDEN / "fast"


def caption(table: str) -> str:
    found = re.search(r"<caption>(.*?)</caption>", table)
    assert found
    return found[1]


@pytest.fixture(scope="module")
def predictor() -> harnn.Predictor:
    return harnn.Predictor.load(MODEL)


def test_a_model(predictor: harnn.Predictor) -> None:
    bundle = predictor.bundle
    assert caption(bundle._repr_html_()) == "Model for 50 labels on 3 levels"
    record = Provenance(name="Pets <3", version="1.4", steps=())
    named = dataclasses.replace(bundle, provenance=record)
    expected = "Model Pets &lt;3 1.4 for 50 labels on 3 levels"
    assert caption(named._repr_html_()) == expected


def test_answers_scores_and_labels(predictor: harnn.Predictor) -> None:
    (answer,) = predictor.predict(["Willow pollen for the bees"])
    quiet = dataclasses.replace(answer, notes=())
    assert caption(quiet._repr_html_()) == "Labels of document 1"
    noted = dataclasses.replace(answer, notes=("The text was cut.",))
    assert caption(noted._repr_html_()) == "Labels of document 1: The text was cut."
    report = predictor.bundle.report
    assert caption(report._repr_html_()) == f"Scores on {report.documents} documents"
    expected = "Taxonomy: 50 labels, 52 edges, a DAG"
    assert caption(predictor.taxonomy._repr_html_()) == expected


def test_the_notebook_of_the_documentation_has_the_same_captions() -> None:
    cells = json.loads(Path(ROOT / "docs" / "notebook.ipynb").read_text("utf-8"))["cells"]
    tables = [
        line
        for cell in cells
        for output in cell.get("outputs", ())
        for line in output.get("data", {}).get("text/html", ())
        if "<caption>" in line
    ]
    assert [caption(table) for table in tables] == [
        "Taxonomy: 50 labels, 52 edges, a DAG",
        "Model for 50 labels on 3 levels",
        "Labels of document 1",
        "Scores on 45 documents",
    ]
