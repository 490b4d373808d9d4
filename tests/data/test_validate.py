"""What is said about documents before training."""

from __future__ import annotations

import dataclasses
import json
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from harnn.config import ModelConfig
from harnn.data import estimate_training_memory, validate
from harnn.data.fingerprints import hash_text
from harnn.data.statistics import WordCounts
from harnn.taxonomy import Taxonomy

TAXONOMY = Taxonomy.from_edges(
    [("Food", "ROOT"), ("Travel", "ROOT"), ("Soup", "Food"), ("Rail", "Travel"), ("Bread", "Food")]
)


def write(path: Path, records: Sequence[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(r) for r in records), encoding="utf-8")
    return path


def soups(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [
        {"id": f"s{n}", "text": f"soup number {n}", "labels": ["Soup"]}
        for n in range(start, start + count)
    ]


def test_problems(tmp_path: Path) -> None:
    path = write(
        tmp_path / "d.jsonl",
        [
            *soups(2),
            {"id": "s1", "text": " ", "labels": ["Soop"]},
            {"id": "s1", "text": 5},
            {"id": "s0", "text": "x", "labels": ["Travel"]},
        ],
    )
    absent = tmp_path / "absent.jsonl"
    report = validate([path, absent], taxonomy=TAXONOMY)
    assert [str(problem) for problem in report.problems] == [
        f"{path}:3: has an empty text.",
        f"{path}:3: unknown label 'Soop'. Did you mean 'Soup'?",
        f"{path}:4: 'text' is a whole number, expected a string or a list of words.",
        f"{path}:3: duplicate id 's1', first at {path}:2.",
        f"{path}:5: duplicate id 's0', first at {path}:1.",
        f"{absent}: no such file.",
    ]
    assert not report.ok
    assert [(f.documents, f.rejected) for f in report.files] == [(4, 1), (0, 0)]


def test_warnings(tmp_path: Path) -> None:
    train = write(
        tmp_path / "train.jsonl",
        [
            *soups(6),
            {"id": "t1", "text": "SOUP  number 1", "labels": ["Food"]},
            {"id": "t2", "text": "soup number 1", "labels": []},
            {"id": "t3", "text": "something", "labels": None},
        ],
    )
    test = write(
        tmp_path / "test.jsonl",
        [*soups(2, start=4), {"id": "r", "text": "train", "labels": ["Rail"]}],
    )
    report = validate([train], taxonomy=TAXONOMY, test_paths=[test])
    assert report.ok
    assert [str(warning) for warning in report.warnings] == [
        f"{train}:7: the same text as {train}:2; 2 documents of 9 repeat an earlier text.",
        f"{test}:1: the same text as {train}:5; 2 texts stand in both files. "
        "Scores on such documents are too good.",
        f"{test}:1: the same id as {train}:5; 2 ids stand in both files.",
        f"{train}:8: 2 documents have no labels.",
        "3 labels are in no document: 'Travel', 'Rail', 'Bread'.",
        "2 labels are in the test documents only: 'Travel', 'Rail'.",
    ]


def test_rare_and_ancestor_only_labels(tmp_path: Path) -> None:
    path = write(tmp_path / "d.jsonl", [*soups(4), {"text": "x", "labels": ["Travel"]}])
    report = validate(path, taxonomy=TAXONOMY)
    assert [str(warning) for warning in report.warnings] == [
        "2 labels are in no document: 'Rail', 'Bread'.",
        "3 labels are in fewer than 5 documents: 'Food', 'Travel', 'Soup'.",
        "1 label is never the most specific one of a document: 'Food'.",
    ]
    assert report.unused == ("Rail", "Bread")
    assert report.only_ancestors == ("Food",)


def test_numbers(tmp_path: Path) -> None:
    path = write(
        tmp_path / "d.jsonl",
        [
            *soups(3),
            {"text": "one two three four five", "labels": ["Bread", "Soup", "Travel", "Soup"]},
        ],
    )
    report = validate(path, taxonomy=TAXONOMY, max_length=4)
    assert (report.documents, report.labelled_documents) == (4, 4)
    assert report.mean_labels == (3 * 2 + 4) / 4
    assert report.mean_most_specific == (3 * 1 + 3) / 4
    assert report.most_frequent[:2] == (("Food", 4), ("Soup", 4))
    assert report.least_frequent[:2] == (("Bread", 1), ("Travel", 1))
    assert [(level.labels, level.used, level.documents) for level in report.levels] == [
        (2, 2, 4),
        (3, 2, 4),
    ]
    words = report.words
    assert (words.p5, words.p50, words.p95, words.longest) == (3, 3, 5, 5)
    assert words.longer_share == 0.25
    assert words.read == 3 * 3 + 4
    assert words.distinct == len(
        {"soup", "number", "0", "1", "2", "one", "two", "three", "four", "five"}
    )
    assert report.memory_mb is not None
    plain = report.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["levels"][0] == {"name": "1", "labels": 2, "used": 2, "documents": 4}
    assert plain["ok"] is True


def test_without_a_taxonomy(tmp_path: Path) -> None:
    path = write(tmp_path / "d.jsonl", [*soups(3), {"text": "x", "labels": ["Whatever"]}])
    report = validate(path)
    assert (report.problems, report.warnings, report.levels) == ((), (), ())
    assert report.most_frequent == (("Soup", 3), ("Whatever", 1))
    assert (report.mean_labels, report.mean_most_specific, report.memory_mb) == (1.0, None, None)


def test_unlabelled_documents(tmp_path: Path) -> None:
    path = tmp_path / "d.txt"
    path.write_text("one\ntwo\n", encoding="utf-8")
    report = validate(path, taxonomy=TAXONOMY)
    assert [str(warning) for warning in report.warnings] == ["no document has labels."]


def test_made_up_ids_are_no_overlap(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    one, two = tmp_path / "x" / "d.txt", tmp_path / "y" / "d.txt"
    one.write_text("one", encoding="utf-8")
    two.write_text("two", encoding="utf-8")
    report = validate([one, two])
    assert [str(warning) for warning in report.warnings] == ["no document has labels."]


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("A  b\n", "a b", True),
        ("Ｆｕｌｌ", "full", True),
        ("a b", "ab", False),
        ("STRASSE", "straße", True),
    ],
)
def test_texts_are_compared_by_what_they_say(one: str, two: str, same: bool) -> None:
    assert (hash_text(one) == hash_text(two)) is same


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("Two words.", 2), ("周末做 bread 了", 5), ("カメラ no_1", 4), ("don't", 2)],
)
def test_words_are_counted(text: str, count: int) -> None:
    counts = WordCounts(10)
    counts.add(text)
    assert counts.summarise().longest == count


def test_distinct_words_are_bounded() -> None:
    counts = WordCounts(10, limit=5)
    for number in range(20):
        counts.add(f"w{number} v{number}")
    assert counts.summarise().distinct == 5
    assert len(counts._distinct) <= 6


def test_memory_is_estimated_by_the_formula() -> None:
    model = ModelConfig(embedding_size=2, lstm_size=3, attention_size=5, fc_size=7)
    parameters = 11 * 2 + 8 * 3 * 7 + 2 * (2 * 3 * 5 + 7 * 13) + 2 * 49 + 6 * (5 + 14 + 2)
    activations = 3 * 10 * (4 + 72 + 2 * 11 + 4) + 3 * 2 * (12 + 14) + 2 * 3 * 6
    network = 400 + (16 * parameters + 4 * 1000 + 8 * activations) / 1e6

    def estimate(documents: int, branches: Literal["both", "network"]) -> float:
        return estimate_training_memory(
            words=11,
            level_sizes=[2, 4],
            corpus_words=1000,
            documents=documents,
            model=dataclasses.replace(model, branches=branches),
            batch_size=3,
            max_length=10,
        )

    assert estimate(500, "network") == pytest.approx(network)
    both = network + (40 * 1000 + 5 * (12 * 4 * 50)) / 1e6
    assert estimate(500, "both") == pytest.approx(both)
    most = network + (40 * 1000 + 5 * 1e8) / 1e6
    assert estimate(10**9, "both") == pytest.approx(most)


def test_texts_are_not_held(tmp_path: Path) -> None:
    path = write(
        tmp_path / "d.jsonl",
        [{"text": f"{n} " + "soup " * 2000, "labels": ["Soup"]} for n in range(500)],
    )
    assert path.stat().st_size > 5_000_000
    tracemalloc.start()
    validate(path, taxonomy=TAXONOMY)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000
