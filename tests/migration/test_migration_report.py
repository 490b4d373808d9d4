"""What is said of a migration: numbers beside counting by hand, and sentences."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

import harnn
from harnn.metrics import Confusion, LabelMetrics, LabelQuality
from harnn.migration import Migrated, list_documents, migrate
from harnn.taxonomy import LabelMapping, Link, Taxonomy
from support.topics import FAST, TAXONOMY, mixed_documents

NEW = Taxonomy.from_edges(
    [
        ("animal", "ROOT"),
        ("plant", "ROOT"),
        ("pet", "animal"),
        ("oak", "animal"),
        ("red", "plant"),
        ("white", "plant"),
        ("fern", "plant"),
    ]
)
PAIRS = [
    Link("cat", "pet"),
    Link("dog", "pet", "near name", 0.6),
    Link("rose", "red"),
    Link("rose", "white"),
    Link("", "fern"),
]
QUALITY = LabelQuality(
    LabelMetrics(  # animal, plant, cat, dog, oak, rose
        np.array([8, 7, 3, 4, 2, 5]), np.array([9, 9, 4, 5, 4, 6]), np.array([10, 8, 5, 5, 3, 7])
    ),
    (Confusion(2, 3, 2, 1), Confusion(4, 5, 1, 0)),
)


@pytest.fixture(scope="module")
def old() -> harnn.Bundle:
    made = harnn.fit(TAXONOMY, mixed_documents(60, 1), mixed_documents(20, 2), FAST)
    assert TAXONOMY.codes == ("animal", "plant", "cat", "dog", "oak", "rose")
    return dataclasses.replace(made, quality=QUALITY)


@pytest.fixture(scope="module")
def done(old: harnn.Bundle) -> Migrated:
    return migrate(old, NEW, LabelMapping.of(PAIRS))


def test_fates_are_counted_with_the_quality_of_their_labels(done: Migrated) -> None:
    fates = {fate: tuple(found) for fate, found in done.report.fates.items()}
    assert fates == {
        "kept": (3, 3, 21, pytest.approx(2 * 17 / (22 + 21))),
        "merged": (2, 1, 10, pytest.approx(2 * 7 / (9 + 10))),
        "split": (1, 2, 7, pytest.approx(2 * 5 / 13)),
        "retired": (0, 0, 0, None),
        "added": (0, 1, 0, None),
    }


def test_the_expected_f1_is_that_of_its_documentation(done: Migrated) -> None:
    found = done.report.f1
    assert found is not None
    either = 22 + 21 + 9 + 10 + 13
    assert found.before == pytest.approx(2 * 29 / either)
    assert found.expected == pytest.approx(2 * (17 + 7 + 5 / 2) / either)
    assert found.worst == pytest.approx(2 * 17 / either)


def test_quality_stays_with_labels_that_stayed_one_label(done: Migrated) -> None:
    quality = done.bundle.quality
    assert quality is not None
    true = dict(zip(NEW.codes, quality.counts.true.tolist(), strict=True))
    assert true == {"animal": 10, "plant": 8, "oak": 3, "pet": 0, "red": 0, "white": 0, "fern": 0}
    assert quality.confusions == ()  # oak and rose, cat and dog: one of each is another label now


def test_it_is_told_in_sentences(done: Migrated) -> None:
    assert list(done.report.describe()) == [
        "kept: 3 -> 3 labels (21 of its true labels, micro-F1 79.1 on validation); each begins "
        "with its own weights",
        "merged: 2 -> 1 labels (10 of its true labels, micro-F1 73.7 on validation); each begins "
        "with the mean of its parts, by their documents",
        "split: 1 -> 2 labels (7 of its true labels, micro-F1 76.9 on validation); each begins "
        "with the weights of the whole, turned towards its name",
        "added: 0 -> 1 labels; each begins with the weights of its parents, turned towards its "
        "name",
        "Of these 1 moved.",
        "Expected micro-F1 on the old validation documents, added labels apart: 70.7 (before "
        "77.3; 45.3 if no label were found any more that was merged, split or changed its level).",
        "1 link that was followed is a guess; look at it:",
        "  dog -> pet (near name, 0.60)",
        "Blend, calibration and thresholds are those of the old model, level by level. Its "
        "validation report is kept, with the labels of the old edition, and what is known of "
        "single labels, of those that stayed one label.",
    ]


def test_it_is_plain_json(done: Migrated) -> None:
    plain = json.loads(json.dumps(done.report.to_dict()))
    assert plain["guesses"] == [
        {"old": "dog", "new": "pet", "found_by": "near name", "certainty": 0.6, "note": ""}
    ]
    assert plain["fates"]["split"] == {
        "old": 1,
        "new": 2,
        "documents": 7,
        "f1": pytest.approx(10 / 13),
    }
    assert plain["tuned"] is None


def test_links_too_unsure_are_not_followed(old: harnn.Bundle) -> None:
    report = migrate(old, NEW, LabelMapping.of(PAIRS), least=0.7).report
    assert report.fates["retired"].old == 1
    assert report.not_followed == 1
    line = (
        "1 link is too unsure to be followed: unless more is known of them, their old labels "
        "count as retired and their new ones as added."
    )
    assert line in list(report.describe())


def test_documents_to_look_at_are_listed(done: Migrated, tmp_path: Path) -> None:
    path = tmp_path / "look.jsonl"
    documents = [
        harnn.Document("a", {"text": "x"}, ("rose",)),
        harnn.Document("b", {"text": "x"}, ("oak",)),
        harnn.Document("c", {"text": "x"}, ("dog", "oak")),
    ]
    assert list_documents(documents, done.mapper, path) == (
        "labels that were split became what is above all parts (1 document 'a').",
        "labels followed a link that is a guess (1 document 'c').",
    )
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["id"] for row in rows] == ["a", "c"]
    assert rows[0]["labels"] == ["plant"]
    assert rows[0]["before"] == ["plant", "rose"]
