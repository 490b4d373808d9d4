"""The whole report: golden values, its plain form, messages and memory."""

from __future__ import annotations

import dataclasses
import json
import tracemalloc
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from harnn.counting import as_binary
from harnn.errors import BundleError
from harnn.metrics import (
    Report,
    TrainingCounts,
    calibration,
    evaluate,
    exact_match,
    hierarchical_area,
    hierarchical_prf,
    lca_prf,
    micro_auc,
    micro_auprc,
    precision_at_k,
    prf,
    propensity_precision_at_k,
    recall_at_k,
)
from harnn.taxonomy import Taxonomy

TAXONOMY = Taxonomy.from_levels(
    {"section": ["A", "B"], "class": ["A1", "A2", "B1"]}, [("A1", "A"), ("A2", "A"), ("B1", "B")]
)
HIERARCHY = TAXONOMY.hierarchy
COUNTS = [120, 80, 30, 5, 1]
VALUES = np.array(
    [[0.9, 0.1, 0.8, 0.3, 0.2], [0.6, 0.4, 0.1, 0.2, 0.7], [0.2, 0.3, 0.1, 0.1, 0.1]], np.float32
)
TARGETS = csr_array(np.array([[1, 0, 1, 0, 0], [0, 1, 0, 0, 1], [1, 0, 0, 1, 0]], bool))
RAW = csr_array(VALUES >= 0.5)
CLOSED = csr_array(np.array([[1, 0, 1, 0, 0], [1, 1, 0, 0, 1], [0, 0, 0, 0, 0]], bool))


@pytest.fixture(scope="module")
def report() -> Report:
    return evaluate(
        VALUES,
        CLOSED,
        TARGETS,
        TAXONOMY,
        raw_predictions=RAW,
        training=TrainingCounts(COUNTS, 200),
    )


def test_report_by_hand(report: Report) -> None:
    assert (report.documents, report.labels) == (3, 5)
    assert (report.micro_precision, report.micro_recall) == (4 / 5, 4 / 6)
    assert report.micro_f1 == 8 / 11
    # F1 per label: A 1/2, B 1, A1 1, A2 0, B1 1
    assert report.macro_f1 == report.macro_f1_supported == pytest.approx(3.5 / 5)
    assert report.macro_precision == pytest.approx(3.5 / 5)
    assert report.macro_recall == pytest.approx(3.5 / 5)
    assert report.hierarchical_f1 == report.micro_f1  # the sets are closed
    assert report.exact_match == pytest.approx(1 / 3)
    assert report.violations == 1  # B1 without B in the second document
    assert report.mean_predicted == pytest.approx(5 / 3)
    assert report.mean_true == 2
    assert report.empty_predictions == 1
    # Best columns: A A1 A2 | B1 A B | B A A1
    assert report.precision_at_k[1] == pytest.approx(2 / 3)
    assert report.precision_at_k[3] == pytest.approx(5 / 9)
    assert report.precision_at_k[10] == pytest.approx(6 / 30)
    assert report.recall_at_k[3] == pytest.approx((1 + 1 + 1 / 2) / 3)
    assert report.recall_at_k[5] == report.recall_at_k[10] == 1
    assert report.auprc == micro_auprc(VALUES, TARGETS)
    assert report.auc == micro_auc(VALUES, TARGETS)


def test_levels_are_reports_of_their_columns(report: Report) -> None:
    assert [(level.level, level.name) for level in report.levels] == [(1, "section"), (2, "class")]
    for level, columns in zip(report.levels, TAXONOMY.level_slices, strict=True):
        averages = prf(CLOSED[:, columns], TARGETS[:, columns])
        assert level.labels == columns.stop - columns.start
        assert level.support == 3
        assert level.micro_precision == averages.micro.precision
        assert level.micro_recall == averages.micro.recall
        assert level.micro_f1 == averages.micro.f1
        assert level.macro_precision == averages.macro.precision
        assert level.macro_recall == averages.macro.recall
        assert level.macro_f1 == averages.macro.f1
        assert level.macro_f1_supported == averages.supported.f1
        assert level.auprc == micro_auprc(VALUES[:, columns], TARGETS[:, columns])


def test_hierarchical_measures_close_open_predictions(report: Report) -> None:
    found = evaluate(VALUES, RAW, TARGETS, TAXONOMY)
    assert found.micro_f1 == 6 / 10
    assert found.hierarchical_precision == report.hierarchical_precision
    assert found.hierarchical_recall == report.hierarchical_recall
    assert found.violations == 1


def test_report_survives_json(report: Report) -> None:
    plain = report.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["precision_at_k"].keys() == {"1", "3", "5", "10"}
    assert plain["levels"][1]["name"] == "class"
    assert Report.from_dict(plain) == report
    assert Report.from_dict(plain | {"written by a later version": 1}) == report


def test_measures_for_comparing(report: Report) -> None:
    # Most specific: A1 | B1 and A | nothing, true A1 | B1 | A2.
    linked = lca_prf(CLOSED, TARGETS, HIERARCHY)
    assert (report.lca_precision, report.lca_recall) == (linked.precision, linked.recall)
    # Graphs {A1} {B1, A} {} of predictions, {A1} {B1, B} {A2, A} of labels: A and B1 meet only
    # at the root, and so does what stands in the last document.
    assert (report.lca_precision, report.lca_recall, report.lca_f1) == (2 / 3, 2 / 5, 1 / 2)
    assert report.hierarchical_area == hierarchical_area(VALUES, TARGETS, HIERARCHY)
    calibrated = calibration(VALUES, TARGETS)
    assert (report.ece, report.ece_shown) == (calibrated.ece, calibrated.ece_shown)
    assert report.reliability == calibrated.bins
    for level, columns in zip(report.levels, TAXONOMY.level_slices, strict=True):
        below = calibration(VALUES[:, columns], TARGETS[:, columns])
        assert level.ece == pytest.approx(below.ece)
        assert level.ece_shown == pytest.approx(below.ece_shown)
        assert [each.count for each in level.reliability or ()] == [x.count for x in below.bins]
    assert [(x.name, x.labels, x.support) for x in report.frequency_buckets or ()] == [
        ("tail", 2, 2),
        ("middle", 2, 2),
        ("head", 1, 2),
    ]
    assert [x.name for x in report.fine_frequency_buckets or () if x.labels] == [
        "1-4",
        "5-9",
        "20-49",
        "50-99",
        "100-499",
    ]
    assert report.propensity_precision_at_k == propensity_precision_at_k(
        VALUES, TARGETS, COUNTS, (1, 3, 5, 10), training_documents=200
    )


def test_training_documents_are_counted_at_the_top_where_unknown() -> None:
    known, unknown = (
        evaluate(VALUES, CLOSED, TARGETS, TAXONOMY, training=TrainingCounts(COUNTS, documents))
        for documents in (200, None)
    )
    assert known == unknown
    with pytest.raises(
        ValueError, match=r"^Expected the training documents of 5 labels, got shape \(4,\)\.$"
    ):
        evaluate(VALUES, CLOSED, TARGETS, TAXONOMY, training=TrainingCounts(COUNTS[:4]))


def test_reports_of_older_versions(report: Report) -> None:
    plain = report.to_dict()
    later = [field.name for field in dataclasses.fields(Report) if field.default is None]
    assert len(later) == 10
    for name in later:
        del plain[name]
    for level in plain["levels"]:
        del level["ece"], level["ece_shown"], level["reliability"]
    old = Report.from_dict(plain)
    assert old.micro_f1 == report.micro_f1
    assert {getattr(old, name) for name in later} == {None}
    assert old.levels[0].ece is None
    assert Report.from_dict(json.loads(json.dumps(old.to_dict()))) == old


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"micro_f1": "high"},
            "metrics.json: micro_f1: got 'high', expected a number.",
        ),
        (
            {"auc": "none", "documents": 1.5, "violations": True},
            "3 problems in the model directory:\n"
            "  metrics.json: documents: got 1.5, expected a whole number.\n"
            "  metrics.json: auc: got 'none', expected a number or null.\n"
            "  metrics.json: violations: got True, expected a whole number.",
        ),
        (
            {"recall_at_k": {"one": 1}},
            "metrics.json: recall_at_k: got {'one': 1}, expected an object of numbers by k.",
        ),
        ({"levels": {}}, "metrics.json: levels: got {}, expected a list."),
        ({"levels": [3]}, "metrics.json: levels[0]: got 3, expected an object."),
        ({"ece": "low"}, "metrics.json: ece: got 'low', expected a number or null."),
        ({"reliability": 2}, "metrics.json: reliability: got 2, expected a list or null."),
        (
            {"frequency_buckets": [{"name": "tail", "highest": "nine"}]},
            "7 problems in the model directory:\n"
            "  metrics.json: frequency_buckets[0]: lowest is missing.\n"
            "  metrics.json: frequency_buckets[0]: highest: got 'nine', "
            "expected a whole number or null.\n"
            "  metrics.json: frequency_buckets[0]: labels is missing.\n"
            "  metrics.json: frequency_buckets[0]: support is missing.\n"
            "  metrics.json: frequency_buckets[0]: micro_f1 is missing.\n"
            "  metrics.json: frequency_buckets[0]: macro_f1 is missing.\n"
            "  metrics.json: frequency_buckets[0]: macro_f1_supported is missing.",
        ),
    ],
)
def test_report_refuses_bad_files(report: Report, change: dict[str, Any], message: str) -> None:
    with pytest.raises(BundleError) as caught:
        Report.from_dict(report.to_dict() | change)
    assert str(caught.value) == message


def test_report_names_missing_keys(report: Report) -> None:
    plain = report.to_dict()
    del plain["auprc"], plain["levels"][1]["name"]
    with pytest.raises(BundleError) as caught:
        Report.from_dict(plain)
    assert str(caught.value) == (
        "2 problems in the model directory:\n"
        "  metrics.json: auprc is missing.\n"
        "  metrics.json: levels[1]: name is missing."
    )
    with pytest.raises(BundleError, match=r"^metrics\.json: got 1, expected an object\.$"):
        Report.from_dict(1)


@pytest.mark.parametrize("shape", [(0, 5), (4, 5)])
def test_nothing_true_and_nothing_predicted(shape: tuple[int, int]) -> None:
    nothing = csr_array(shape, dtype=bool)
    report = evaluate(np.zeros(shape, np.float32), nothing, nothing, TAXONOMY)
    assert report.auc is None
    assert report.auprc == report.micro_f1 == report.macro_f1 == report.hierarchical_f1 == 0
    assert set(report.recall_at_k.values()) == set(report.precision_at_k.values()) == {0.0}
    assert report.exact_match == (1.0 if shape[0] else 0.0)
    assert report.empty_predictions == shape[0]
    assert report.lca_f1 == report.hierarchical_area == 0
    assert report.ece == (0 if shape[0] else None)
    assert report.ece_shown is None
    assert report.frequency_buckets is None
    assert report.propensity_precision_at_k is None
    assert Report.from_dict(json.loads(json.dumps(report.to_dict(), allow_nan=False))) == report


def test_all_cells_true() -> None:
    full = csr_array(np.ones((2, 3), bool))
    values = np.array([[0.1, 0.2, 0.3], [0.1, 0.2, 0.3]], np.float32)
    assert micro_auprc(values, full) == 1.0
    assert micro_auc(values, full) is None


def test_stored_zeros_duplicates_and_order_do_not_matter() -> None:
    data = np.array([1, 0, 1, 1], np.int8)
    untidy = csr_array((data, np.array([2, 1, 0, 0]), np.array([0, 4])), shape=(1, 3))
    tidy = as_binary(untidy)
    assert tidy.dtype == np.bool_
    assert tidy.indices.tolist() == [0, 2]
    assert untidy.indices.tolist() == [2, 1, 0, 0]
    assert untidy.data.tolist() == data.tolist()
    assert prf(untidy, untidy).micro.f1 == 1.0
    assert exact_match(untidy, tidy) == 1.0
    clean = csr_array(np.eye(3, dtype=bool))
    assert np.shares_memory(as_binary(clean).data, clean.data)


def test_measures_refuse_other_shapes() -> None:
    message = (
        r"^Expected arrays of one shape \(documents, labels\), "
        r"got predictions \(3, 5\), targets \(3, 2\)\.$"
    )
    for measure in (prf, exact_match, hierarchical_prf):
        with pytest.raises(ValueError, match=message):
            measure(CLOSED, TARGETS[:, :2])
    message = message.replace("predictions", "scores")
    for measure_scores in (micro_auprc, micro_auc, precision_at_k, recall_at_k):
        with pytest.raises(ValueError, match=message):
            measure_scores(VALUES, TARGETS[:, :2])
    with pytest.raises(ValueError, match=r"got scores \(3, 5\), predictions \(3, 2\), targets"):
        evaluate(VALUES, CLOSED[:, :2], TARGETS, TAXONOMY)
    with pytest.raises(ValueError, match=r"^Expected scores of 5 labels, got 2\.$"):
        evaluate(VALUES[:, :2], CLOSED[:, :2], TARGETS[:, :2], TAXONOMY)


def test_measures_refuse_nan_and_no_k() -> None:
    values = VALUES.copy()
    values[1, 1] = np.nan
    for measure in (micro_auprc, micro_auc, precision_at_k, recall_at_k):
        with pytest.raises(ValueError, match=r"^Expected scores, got NaN\.$"):
            measure(values, TARGETS)
    with pytest.raises(ValueError, match=r"^Expected every k to be at least 1, got 1, 0\.$"):
        precision_at_k(VALUES, TARGETS, (1, 0))


@pytest.mark.slow
def test_evaluation_needs_little_beside_the_scores() -> None:
    random = np.random.default_rng(0)
    values = random.random((6000, 4000), np.float32)
    columns = np.sort(random.integers(0, 4000, (6000, 8)), axis=1)
    rows = np.repeat(np.arange(6000), 8)
    targets = csr_array((np.ones(48_000, bool), (rows, columns.ravel())), shape=values.shape)
    taxonomy = Taxonomy.from_levels(
        {"1": [f"{n}" for n in range(100)], "2": [f"{n}" for n in range(100, 4000)]},
        [(f"{n}", f"{n % 100}") for n in range(100, 4000)],
    )
    tracemalloc.start()
    evaluate(values, targets, targets, taxonomy)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < values.nbytes / 2
