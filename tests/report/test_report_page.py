"""The page of a report: complete, self-contained, safe, bounded."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harnn.branches import LeftOut
from harnn.evaluation.mistakes import Mistake
from harnn.prediction import Seen
from harnn.report import ModelReport
from harnn.report.label_table import kept_columns, label_json
from harnn.report.page import render_page
from harnn.taxonomy import Taxonomy
from support.made_reports import (
    HOSTILE,
    LABELS,
    hostile_report,
    large_report,
    made_report,
    sample_report,
)
from support.page_of_elements import Page


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    table: dict[str, Any] = json.loads(found[1])
    return table


@pytest.mark.parametrize("make", [sample_report, hostile_report, large_report])
def test_nothing_is_loaded_and_only_our_own_runs(make: Any) -> None:
    page = render_page(make())
    parsed = Page(page)
    for tag, attributes in parsed.elements:
        assert tag not in ("link", "img", "iframe", "object", "base", "form")
        assert not {"src", "style", "srcset"} & attributes.keys(), (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")]
        href = attributes.get("href")
        assert href is None or href.startswith("#")
    (policy,) = (
        attributes["content"]
        for tag, attributes in parsed.elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    for kind in ("style", "script"):
        own = [text for text in parsed.content[kind] if not text.startswith("{")]
        for text in own:
            digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
            assert f"{kind}-src 'sha256-{digest}'" in policy
        assert len(own) == 1
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    targets = {attributes.get("id") for _, attributes in parsed.elements}
    anchors = [attributes["href"] for _, attributes in parsed.elements if "href" in attributes]
    assert len(anchors) == 16
    assert {str(anchor)[1:] for anchor in anchors} <= targets


def test_a_branch_that_was_left_out_is_on_the_page() -> None:
    report = sample_report()
    assert "Made without" not in Page(render_page(report)).text
    left_out = (LeftOut("transformer", 0.0012, -0.0003),)
    ensemble = dataclasses.replace(report.bundle.ensemble, left_out=left_out)
    bundle = dataclasses.replace(report.bundle, ensemble=ensemble)
    text = Page(render_page(dataclasses.replace(report, bundle=bundle))).text
    assert "Made without" in text
    assert left_out[0].describe() in text


def test_the_numbers_are_on_the_page() -> None:
    report = sample_report()
    found = report.evaluation
    text = Page(render_page(report)).text
    for number in (found.report.micro_f1, found.report.macro_f1, found.report.auprc):
        assert f"{100 * number:.1f}" in text
    interval = found.intervals.measures[0]
    assert f"95% interval {100 * interval.low:.1f} to {100 * interval.high:.1f}" in text
    for origin in (report.model, *report.data):
        assert origin.name in text
        assert origin.digest[:12] in text
    assert found.taxonomy.version[:12] in text
    assert "45 documents" in text
    assert "kept: epoch" in text
    assert "20 bootstrap samples of documents" in text
    for row in found.shown_rows[:3]:
        assert found.ids[row] in text


def test_a_model_without_a_network_has_no_learning_curve() -> None:
    page = render_page(sample_report("fast"))
    assert "Nothing was trained in epochs" in page
    assert "the one with the best AUPRC was kept" in render_page(sample_report())
    assert "kept: epoch" not in page


def test_names_and_texts_are_never_markup() -> None:
    page = render_page(hostile_report())
    parsed = Page(page)
    assert HOSTILE not in page
    assert parsed.text.count(HOSTILE) >= 5
    assert "\ufffd" in parsed.text
    assert "<script>alert" not in page
    assert len(re.findall(r"<script", page)) == 2
    names = data_of(page)["names"]
    assert HOSTILE in names
    assert LABELS["z"] in names
    assert "\x00" not in page
    assert "\ud800" not in page
    assert '<bdi dir="auto" lang="zh">' in page
    shown = page.partition("<main")[2].partition("<script")[0]
    whole = re.compile("</summary>.*?</details>", re.DOTALL)
    assert max(map(len, re.findall(r">([^<]*)<", whole.sub("", shown)))) < 400  # long ones are cut


def test_long_names_and_ids_are_folded_and_empty_level_names_numbered() -> None:
    long = {"a": "x" * 10_000, "b": "e\u0301" * 5_000}
    code = "c" * 10_000
    levels = {"L" * 10_000: ["a"], "": ["b"], "third": [code]}
    made = made_report(
        Taxonomy.from_levels(levels, [("b", "a"), (code, "b")], names=long), documents=30
    )
    ids = tuple(f"{'i' * 10_000}{row}" for row in range(30))
    report = dataclasses.replace(made, evaluation=dataclasses.replace(made.evaluation, ids=ids))
    page = render_page(report)
    parsed = Page(page)
    assert {*long.values(), code, "L" * 10_000} <= set(parsed.content["bdi"])  # whole
    assert parsed.content["bdi"].count("Level 2") == 1
    assert parsed.content["option"][2:] == ["Level 2", "third"]
    assert parsed.content["option"][1] == f"{'L' * 40}\u00a0…"
    assert any(text in ids for text in parsed.content["span"])
    outside = re.sub("</summary>.*?</details>", "", page.partition('id="data"')[0], flags=re.DOTALL)
    assert max(map(len, re.findall(r">([^<]*)<", outside.partition("<main")[2]))) < 400
    table = data_of(page)
    assert table["shown"] == 120
    assert set(long.values()) <= set(table["names"])
    assert code in table["codes"]
    assert "levelNames" not in table
    assert "Cut, and whole" not in page


def test_very_many_long_names_are_cut_and_it_is_said() -> None:
    names = {f"x{n}": f"{n} {'y' * 19_000}" for n in range(60)} | {"x60": "z" * 30_000}
    taxonomy = Taxonomy.from_edges([(code, "ROOT") for code in names], names=names)
    page = render_page(made_report(taxonomy, documents=20))
    assert "Cut, and whole in the file of harnn report --csv: 9 long names." in page
    kept = [name for name in data_of(page)["names"] if len(name) > 200]
    assert len(kept) == 52
    assert "(30,000 characters)" in page or "z" * 200 not in page


def test_of_what_there_is_one_it_is_not_said_in_the_plural() -> None:
    single = Taxonomy.from_edges([("only", "ROOT")])
    page = Page(render_page(made_report(single, documents=1))).text
    assert re.findall(r"(?<![\d,.])1 (?:documents|labels|epochs|pairs|levels)\b", page) == []
    assert "1 label on 1 level" in page


def test_documents_that_the_model_knows_are_named_on_top() -> None:
    seen = (Seen("train", 20, True),)
    page = render_page(dataclasses.replace(sample_report(), seen=seen))
    note = re.search('<p class="note" role="note">(.*?)</p>', page)
    assert note is not None
    assert note[1] == (
        "The model was trained on 20 of these 45 documents: the numbers say how well it "
        "remembers, not how well it does on new documents."
    )
    assert page.index(note[0]) < page.index('<dl class="facts">')
    assert 'role="note"' not in render_page(sample_report())


def test_mistakes_are_confident_ones_and_the_bound_is_said() -> None:
    report = sample_report()
    row, column = report.evaluation.wrong[0][:2]

    def page(*scores: float) -> str:
        """Return the section where labels were wrongly given and missed with these scores."""
        some = tuple(Mistake(row, column, score) for score in scores)
        found = dataclasses.replace(report.evaluation, wrong=some[:2], missed=some[2:])
        whole = render_page(dataclasses.replace(report, evaluation=found))
        section = whole.partition('<section id="mistakes">')[2].partition("</section>")[0]
        return re.sub(r"\s+", " ", section)

    shown = page(0.81, 0.79, 0.19, 0.21)
    assert (
        "Labels wrongly given with a score of 80% or more, the highest first, and labels missed "
        "with 20% or less, the lowest first."
    ) in shown
    assert ">81%<" in shown
    assert ">19%<" in shown
    assert ">79%<" not in shown
    assert ">21%<" not in shown
    assert (
        "None: no label was wrongly given with a score of 80% or more, and none missed with 20% or "
        "less."
    ) in page(0.3, 0.3, 0.3)
    assert "Every label given is true, and none was missed." in page()


def test_the_table_of_the_script() -> None:
    report = large_report()
    found = report.evaluation
    columns = kept_columns(report)
    text, cut = label_json(report, columns)
    table = json.loads(text)
    assert cut == 0
    assert len(table["codes"]) == len(found.taxonomy) == 9_162
    assert table["support"] == sorted(found.labels.true.tolist(), reverse=True)
    for at, column in enumerate(columns[:300]):
        assert table["codes"][at] == found.taxonomy.codes[column]
        parents = found.taxonomy.hierarchy.parents(column).tolist()
        expected = columns.index(parents[0]) if parents else -1
        assert table["parents"][at] == expected
        assert table["predicted"][at] == found.labels.predicted[column]
        assert table["training"][at] == report.evaluation.training_counts[column]  # type: ignore[index]


def test_the_size_is_bounded_and_what_is_left_out_is_said() -> None:
    report = large_report()
    page = render_page(report)
    assert len(page.encode()) < 1_500_000
    assert page.count("<tr>") < 150  # the table is drawn in pages
    assert "Without JavaScript the 25 labels with most documents of 9,162 are shown" in page
    small = render_page(report, most_rows=500)
    assert "The page holds the 500 labels with most documents here; all 9,162 are" in small
    kept = data_of(small)
    assert len(kept["codes"]) == 500
    roots = sum(parent < 0 for parent in kept["parents"])
    assert roots == 12  # the ancestors of labels are kept with them
    assert "Too small to draw, in grey: " in page


def test_pages_of_nothing_much(tmp_path: Path) -> None:
    one = made_report(Taxonomy.from_edges([("only", "ROOT")]), documents=1)
    assert "Evaluation of" in render_page(one)
    flat = made_report(Taxonomy.from_edges([(f"x{n}", "ROOT") for n in range(4)]), documents=3)
    page = render_page(flat)
    assert "No label has 10 documents here" in page
    size = flat.write_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size == size


def test_levels_and_labels_as_rows(tmp_path: Path) -> None:
    report: ModelReport = sample_report()
    found = report.evaluation
    rows = list(report.label_rows())
    assert [row["label"] for row in rows] == list(found.taxonomy.codes)
    assert np.mean([row["f1"] for row in rows]) == pytest.approx(found.report.macro_f1)
    *levels, every = report.level_rows()
    assert [row["micro_f1"] for row in levels] == [x.micro_f1 for x in found.report.levels]
    assert (every["name"], every["support"]) == ("all", int(found.labels.true.sum()))
    for row in (*levels, every):
        assert row["micro_f1_low"] <= row["micro_f1"] <= row["micro_f1_high"]
    report.write_csv(tmp_path / "labels.csv")
    lines = (tmp_path / "labels.csv").read_text("utf-8").splitlines()
    assert lines[0] == (
        "label,name,level,level_name,training,support,predicted,correct,precision,recall,f1,"
        "threshold"
    )
    assert len(lines) == 51


def test_frames() -> None:
    pandas = pytest.importorskip("pandas")
    report = sample_report()
    frame = report.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert frame["f1"].mean() == pytest.approx(report.evaluation.report.macro_f1)
    assert len(report.to_frame("level")) == 4
    levels = report.evaluation.report.to_frame()
    assert levels["micro_f1"].iloc[-1] == report.evaluation.report.micro_f1
    assert levels["support"].iloc[-1] == levels["support"].iloc[:-1].sum()
    anything: Any = report
    with pytest.raises(ValueError, match="Expected 'label' or 'level', got 'leaf'"):
        anything.to_frame("leaf")
