"""What a page says of drift: in words, in tables, in drawings; never as markup."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path

import pytest

import harnn
from harnn.data import Document
from harnn.prediction import count_documents
from harnn.report.drift_page import render_drift_page
from harnn.report.page import render_page
from harnn.sample import sample
from support.made_reports import (
    FEW,
    GOLDEN,
    HOSTILE,
    drift_report,
    hostile_drift_report,
    sample_report,
)
from support.page_of_elements import Page

FILES = sample("en")


def said(page: str, tag: str, start: str = "") -> list[str]:
    """Return the texts of elements, those that begin with something."""
    found = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", page.partition("<main")[2], re.DOTALL)
    texts = [html.unescape(re.sub(r"<[^>]+>", "", each)).strip() for each in found]
    return [each for each in texts if each.startswith(start)]


def rows(page: str, heading: str) -> list[list[str]]:
    """Return the cells of the table with a name."""
    table = page.partition(f'aria-label="{heading}"><table')[2].partition("</table>")[0]
    body = table.partition("<tbody>")[2]
    return [
        [
            html.unescape(re.sub(r"<[^>]+>", "", cell)).strip()
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        for row in re.findall(r"<tr.*?</tr>", body, re.DOTALL)
    ]


def test_what_moved_is_said_in_words_first() -> None:
    report = drift_report(unknown=0.3, empty=0.2, writing="Han", sure=0.45, moved=0.5)
    page = render_drift_page(report)
    by_figure = {(x.figure, x.level): x for x in report.drift.findings}
    words, field = by_figure["unknown_words", None], by_figure["empty_field", None]
    sentences = said(page, "li")
    assert sentences[0] == (
        "The model knows fewer of the words: 30.0% are unknown to it, 5.0% before. "
        f"Change {100 * words.change:+.1f} points, interval {100 * words.low:+.1f} to "
        f"{100 * words.high:+.1f}; from 5 on it matters."
    )
    writing = by_figure["writings", None]
    assert sentences[1] == (
        "The writing is another: Han in 100% of the documents, 0% before. Change "
        f"{writing.change:.3f} by the stability index, interval {writing.low:.3f} to "
        f"{writing.high:.3f}; from 0.1 on it matters."
    )
    assert field.before is not None
    assert field.now is not None
    assert sentences[2].startswith(
        f"The field text is empty in {field.now:.1%} of the documents, {field.before:.1%} before. "
    )
    assert sentences[3].startswith(
        "The texts are of other things, or say them otherwise, by their made. Change 0.5"
    )
    assert "of the spread of texts, interval 0." in sentences[3]
    unlabelled, doubtful = by_figure["unlabelled", None], by_figure["doubtful", None]
    assert sentences[4].startswith(
        f"{unlabelled.now:.1%} of the documents are given no label, 0% before. Change +"
    )
    assert sentences[5].startswith(
        f"In {doubtful.now:.1%} of the documents no score reaches 0.5, 0% before. Change +"
    )
    scores = by_figure["scores", 1]
    assert sentences[6].startswith(
        f"Level 1: the best scores are lower, {scores.now:.3f} on average, {scores.before:.3f} "
        "before. Change "
    )
    assert sentences[7] == (
        "Level 1: 3 of 3 labels are given so much more or less often than before. "
        "Each is tested beside all labels of its level."
    )
    assert said(page, "p", "300 documents beside 2,000") == [
        "300 documents beside 2,000: moved: unknown words, writing, empty field, vectors, "
        "documents without a label, documents in doubt, best score, labels that moved, micro-F1."
    ]
    assert said(page, "p", "last-month") == [
        "last-month.jsonl, 300 documents, beside 2,000 validation documents, 2 January 2026"
    ]


def test_labels_that_moved_stand_with_name_path_and_code() -> None:
    report = drift_report(
        {"A": "Animals", "C": "Crops", "C0": "Cocoa"}, shares=(0.6, 0.4, 0.0), documents=600
    )
    page = render_drift_page(report)
    found = {cells[0]: cells[1:] for cells in rows(page, "Labels that moved")}
    moved = {each.label: each for each in report.drift.labels}
    assert {"C", "C0", "C1", "C2", "C3"} <= moved.keys()
    assert len(found) == len(moved)
    assert moved["C0"].path == ("Crops",)
    top = moved["C"]
    assert found["Crops C"] == [
        f"{100 * top.before:.1f}%",
        "0%",
        f"{100 * top.low:+.1f} to {100 * top.high:+.1f}",
        f"{top.p_value:.2g}",
    ]
    assert {"Cocoa C0 Crops", "C1 Crops"} <= found.keys()
    assert said(page, "p", f"{len(moved)} labels, ") == [
        f"{len(moved)} labels, the surest first: shares of the documents, the 95% interval of "
        "their difference in points, and p adjusted for all labels of a level."
    ]
    assert "Level 1: the labels with the best score are mixed otherwise." in page


def test_all_figures_have_their_numbers() -> None:
    report = drift_report()
    page = render_drift_page(report)
    found = rows(page, "All figures")
    assert len(found) == len(report.drift.findings)
    words = report.drift.findings[0]
    assert words.before is not None
    assert words.now is not None
    assert found[0] == [
        "unknown words",
        "as before",
        f"{words.before:.1%}",
        f"{words.now:.1%}",
        f"{100 * words.change:+.1f}",
        f"{100 * words.low:+.1f} to {100 * words.high:+.1f}",
    ]
    assert [cells[0] for cells in found][:9] == [
        "unknown words",
        "words of a document",
        "writing: English",
        "empty field: text",
        "vectors: made",
        "documents without a label",
        "documents in doubt",
        "best score, level 1",
        "mix of best labels, level 1",
    ]
    assert said(page, "li") == ["micro-F1, level 1"]  # of which nothing can be said
    assert "No label is given so much more or less often that it can be told." in page


def test_what_cannot_be_told_is_said() -> None:
    page = render_drift_page(drift_report(documents=45))
    (sentence,) = said(page, "p", "Of ")
    count = len(said(page, "li"))
    assert sentence == (
        f"Of {count} figures too few documents tell; twice the tolerance of each could have gone "
        "unseen. Some 300 documents tell most figures, 1,000 nearly all."
    )
    assert any(
        re.fullmatch(
            r"labels that moved, level 2: a label that \d+\.\d% of the documents had could be gone",
            each,
        )
        for each in said(page, "li")
    )
    few = render_drift_page(drift_report(documents=7))
    assert "Of 7 documents nothing is said, of 20 or more it is." in few
    assert "nothing moved of 0 figures that can be told." in few
    one = said(render_drift_page(drift_report(documents=1)), "p", "Of 1 ")
    assert one == ["Of 1 document nothing is said, of 20 or more it is."]


def test_labels_chosen_otherwise_are_not_compared() -> None:
    page = render_drift_page(drift_report(choosing="another"))
    assert "Not compared: labels were chosen in another way before." in page


def test_histograms_are_drawn_of_what_was_counted() -> None:
    report = drift_report(sure=0.45)
    page = render_drift_page(report)
    drawn = re.findall(r'<svg class="plot"[^>]*aria-label="([^"]*)"', page)
    assert drawn == [
        "Labels that moved most surely",
        "Level 1: before, dashed, and now",
        "Level 2: before, dashed, and now",
        "Words of a document: before, dashed, and now",
        "Writing",
    ]
    for each in report.drift.findings:
        if each.figure in ("scores", "lengths", "writings"):
            assert each.bins is not None
            assert (sum(each.bins.before), sum(each.bins.now)) == (2_000, 300)
            assert len(each.bins.starts) == len(each.bins.now)
            assert each.to_dict()["bins"]["now"] == each.bins.now
        else:
            assert each.bins is None
            assert "bins" not in each.to_dict()


def test_names_are_never_markup_and_nothing_is_loaded_or_run() -> None:
    page = render_drift_page(hostile_drift_report())
    parsed = Page(page)
    assert HOSTILE not in page
    assert "<script" not in page
    assert "script-src" not in page
    assert parsed.text.count(HOSTILE) >= 5
    assert "\x00" not in page
    assert "\ud800" not in page
    assert '<bdi dir="auto" lang="zh">' in page
    targets = {attributes.get("id") for _, attributes in parsed.elements}
    for tag, attributes in parsed.elements:
        assert tag not in ("link", "img", "iframe", "object", "base", "form")
        assert not {"src", "style", "srcset"} & attributes.keys(), (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")]
        href = attributes.get("href")
        assert href is None or href.removeprefix("#") in targets


def test_the_report_of_a_model_has_the_same_section() -> None:
    bare = harnn.Predictor.load(GOLDEN / "fast")
    figures = count_documents(bare, FILES.train)
    predictor = harnn.Predictor(replace(bare.bundle, reference=figures))
    made = harnn.make_report(predictor, FILES.test, resampling=FEW, threshold=0.3)
    expected = harnn.measure_drift(predictor, FILES.test, labelled=True)
    assert made.drift == expected
    page = render_page(made)
    alone = render_drift_page(
        harnn.make_drift_report(predictor, FILES.test, directory=GOLDEN / "fast")
    )
    section = re.compile(r'<section id="drift">.*?</section>', re.DOTALL)
    in_report, by_itself = (section.findall(each) for each in (page, alone))
    assert len(in_report) == 1
    assert in_report[0].replace("<h2>Drift</h2>", "<h2>What moved</h2>") == by_itself[0]
    assert "45 documents, beside 250 validation documents" in alone
    other = harnn.make_drift_report(predictor, FILES.test, against=FILES.valid)
    assert "45 documents, beside 50 documents" in render_drift_page(other)


def test_a_model_without_figures_says_so() -> None:
    report = sample_report()
    assert report.drift is None
    assert (
        "Not known: the model was trained before models kept figures of their validation "
        "documents. harnn drift --against compares with documents."
    ) in render_page(report)


def test_documents_in_memory_and_a_file_that_is_written(tmp_path: Path) -> None:
    predictor = harnn.Predictor.load(GOLDEN / "fast")
    documents = [Document(str(row), {"text": "bees"}) for row in range(30)]
    made = harnn.make_drift_report(predictor, documents, against=documents)
    size = made.write_html(tmp_path / "drift.html")
    assert (tmp_path / "drift.html").stat().st_size == size
    text = (tmp_path / "drift.html").read_text("utf-8")
    assert "Documents in memory, 30 documents, beside 30 documents" in text
    with pytest.raises(harnn.HarnnError):
        made.write_html(tmp_path / "no" / "drift.html")
