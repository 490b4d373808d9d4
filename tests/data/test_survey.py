"""What is said about documents before training."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harnn.data import survey_documents
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
    survey = survey_documents([path, absent], taxonomy=TAXONOMY)
    assert [str(problem) for problem in survey.problems] == [
        f"{path}:3: has an empty text.",
        f"{path}:3: unknown label 'Soop'. Did you mean 'Soup'?",
        f"{path}:4: 'text' is a whole number, expected a string or a list of words.",
        f"{path}:3: duplicate id 's1', first at {path}:2.",
        f"{path}:5: duplicate id 's0', first at {path}:1.",
        f"{absent}: no such file.",
    ]
    assert not survey.ok
    assert [(f.documents, f.rejected) for f in survey.files] == [(4, 1), (0, 0)]


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
    survey = survey_documents([train], taxonomy=TAXONOMY, test_paths=[test])
    assert survey.ok
    assert [str(warning) for warning in survey.warnings] == [
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
    survey = survey_documents(path, taxonomy=TAXONOMY)
    assert [str(warning) for warning in survey.warnings] == [
        "2 labels are in no document: 'Rail', 'Bread'.",
        "3 labels are in fewer than 5 documents: 'Food', 'Travel', 'Soup'.",
        "1 label is never the most specific one of a document: 'Food'.",
    ]
    assert survey.unused == ("Rail", "Bread")
    assert survey.only_ancestors == ("Food",)


def test_numbers(tmp_path: Path) -> None:
    path = write(
        tmp_path / "d.jsonl",
        [
            *soups(3),
            {"text": "one two three four five", "labels": ["Bread", "Soup", "Travel", "Soup"]},
        ],
    )
    survey = survey_documents(path, taxonomy=TAXONOMY, max_length=4)
    assert (survey.documents, survey.labelled_documents) == (4, 4)
    assert survey.mean_labels == (3 * 2 + 4) / 4
    assert survey.mean_most_specific == (3 * 1 + 3) / 4
    assert survey.most_frequent[:2] == (("Food", 4), ("Soup", 4))
    assert survey.least_frequent[:2] == (("Bread", 1), ("Travel", 1))
    assert [(level.labels, level.used, level.documents) for level in survey.levels] == [
        (2, 2, 4),
        (3, 2, 4),
    ]
    words = survey.words
    assert (words.p5, words.p50, words.p95, words.longest) == (3, 3, 5, 5)
    assert words.longer_share == 0.25
    assert words.read == 3 * 3 + 4
    assert words.distinct == len(
        {"soup", "number", "0", "1", "2", "one", "two", "three", "four", "five"}
    )
    plain = survey.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["levels"][0] == {"name": "1", "labels": 2, "used": 2, "documents": 4}
    assert plain["ok"] is True


def test_without_a_taxonomy(tmp_path: Path) -> None:
    path = write(tmp_path / "d.jsonl", [*soups(3), {"text": "x", "labels": ["Whatever"]}])
    survey = survey_documents(path)
    assert (survey.problems, survey.warnings, survey.levels) == ((), (), ())
    assert survey.most_frequent == (("Soup", 3), ("Whatever", 1))
    assert (survey.mean_labels, survey.mean_most_specific) == (1.0, None)


def test_unlabelled_documents(tmp_path: Path) -> None:
    path = tmp_path / "d.txt"
    path.write_text("one\ntwo\n", encoding="utf-8")
    survey = survey_documents(path, taxonomy=TAXONOMY)
    assert [str(warning) for warning in survey.warnings] == ["no document has labels."]


def test_made_up_ids_are_no_overlap(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    one, two = tmp_path / "x" / "d.txt", tmp_path / "y" / "d.txt"
    one.write_text("one", encoding="utf-8")
    two.write_text("two", encoding="utf-8")
    survey = survey_documents([one, two])
    assert [str(warning) for warning in survey.warnings] == ["no document has labels."]


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


@pytest.mark.slow
def test_texts_are_not_held(tmp_path: Path) -> None:
    path = write(
        tmp_path / "d.jsonl",
        [{"text": f"{n} " + "soup " * 2000, "labels": ["Soup"]} for n in range(500)],
    )
    assert path.stat().st_size > 5_000_000
    tracemalloc.start()
    survey_documents(path, taxonomy=TAXONOMY)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_warnings_have_codes_and_names(tmp_path: Path) -> None:
    named = Taxonomy.from_edges(
        [("F", "ROOT"), ("F1", "F"), ("F2", "F"), ("oak", "ROOT")],
        names={"F": "Food", "F1": "Soup", "F2": "Bread\x1b", "oak": "Oak"},
    )
    rows = [{"id": "1", "text": "a soup", "labels": ["F > SOUP", "F1", "OAK"]}]
    survey = survey_documents(write(tmp_path / "d.jsonl", rows), taxonomy=named)
    assert [warning.what for warning in survey.warnings] == [
        "label 'F > SOUP' read as 'F1' (Soup).",
        "label 'OAK' read as 'oak'.",
        "1 label is in no document: 'F2' (Bread\\x1b).",
        "3 labels are in fewer than 5 documents: 'F' (Food), 'oak', 'F1' (Soup).",
        "1 label is never the most specific one of a document: 'F' (Food).",
    ]
    assert survey.names == {"F": "Food", "F1": "Soup", "oak": "Oak"}
