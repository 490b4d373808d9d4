"""The original record format, with any number of levels."""

from __future__ import annotations

import itertools
import json
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harnn.config import DataConfig
from harnn.data import learn_taxonomy, read_documents
from harnn.errors import DocumentError

ROOT = Path(__file__).parents[2]
SAMPLE = Path(os.environ.get("HARNN_DATA", ROOT.parent / "shared" / "data")) / "patent-sample"
sample_only = pytest.mark.skipif(
    not SAMPLE.is_dir(), reason="no patent-sample under HARNN_DATA (default ../shared/data)"
)
SAMPLE_FILES = [SAMPLE / f"{name}_sample.json" for name in ("Train", "Validation", "Test")]


def record(sizes: dict[str, int], levels: dict[str, list[int]], **more: Any) -> dict[str, Any]:
    offset, labels = 0, []
    for name, size in sizes.items():
        labels += [offset + index for index in levels[name]]
        offset += size
    return {
        "id": "1",
        "title": ["a", ""],
        "abstract": ["b", "c"],
        **levels,
        "labels": labels,
        **more,
    }


def write(path: Path, records: Sequence[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(r) for r in records), encoding="utf-8")
    return path


SIZES = {"top": 2, "mid": 3, "low": 4}


def test_labels_name_their_level(tmp_path: Path) -> None:
    path = write(
        tmp_path / "d.json",
        [
            record(SIZES, {"top": [1, 0], "mid": [2], "low": []}),
            record(SIZES, {"top": [], "mid": [], "low": []}),
        ],
    )
    one, two = read_documents(path, labelled=True)
    assert one.labels == ("top:1", "top:0", "mid:2")
    assert one.text == {"title": "a", "abstract": "b c"}
    assert two.labels == ()


def test_sorted_labels_are_fine(tmp_path: Path) -> None:
    first = record(SIZES, {"top": [1, 0], "mid": [2, 1], "low": [3]})
    path = write(tmp_path / "d.json", [{**first, "labels": sorted(first["labels"])}])
    [document] = read_documents(path)
    assert document.labels == ("top:1", "top:0", "mid:2", "mid:1", "low:3")


def test_ordinary_whole_numbers_are_no_index_records(tmp_path: Path) -> None:
    path = write(
        tmp_path / "d.json",
        [
            {"text": "x", "labels": [3], "pages": [1, 2]},
            {"title": "x", "labels": [3]},
            {"title": "x", "labels": [], "keywords": []},
        ],
    )
    assert [d.labels for d in read_documents(path)] == [("3",), ("3",), ()]


GOOD = record(SIZES, {"top": [1], "mid": [2], "low": [3]})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [1, 4]}, "'labels' has 2 numbers, expected 3 as in the levels."),
        ({"labels": [1, 4, 9]}, "the offset of 'low' is 6, expected 5 as in {path}:1."),
        ({"labels": [2, 4, 8]}, "the offset of 'top' is 1, expected 0 for the top level."),
        (
            {"mid": [0, 2], "labels": [1, 2, 3, 8]},
            "'labels' has [2, 3] where 'mid' has [0, 2], "
            "expected the same numbers plus one offset.",
        ),
        ({"top": [-1], "labels": [-1, 4, 8]}, "'top' has the index -1, expected 0 or more."),
        (
            {"top": [2], "labels": [2, 4, 8]},
            "'top' has the index 2, expected less than 2 by the offsets of 'labels'.",
        ),
        (
            {"extra": [1], "labels": [1, 4, 8, 1]},
            "has the levels top, mid, low, extra, expected top, mid, low as in {path}:1.",
        ),
    ],
)
def test_bad_records(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = write(tmp_path / "d.json", [GOOD, {**GOOD, **change}, GOOD])
    with pytest.raises(DocumentError) as caught:
        list(read_documents(path))
    assert str(caught.value) == f"{path}:2: " + message.format(path=path)
    assert len(list(read_documents(path, DataConfig(on_error="skip")))) == 2


def test_indices_out_of_a_range_learned_later(tmp_path: Path) -> None:
    early = {"title": ["a"], "top": [5], "mid": [], "low": [], "labels": [5]}
    path = write(tmp_path / "d.json", [early, GOOD, GOOD])
    with pytest.raises(DocumentError) as caught:
        list(read_documents(path))
    what = "'top' has the index 5, expected less than 2 by the offsets of 'labels'."
    assert str(caught.value) == f"{path}:1: {what}"


def test_a_tree_is_learned_back(tmp_path: Path) -> None:
    rng = random.Random(5)
    sizes = {"a": 3, "b": 9, "c": 30, "d": 60}
    names = list(sizes)
    parent = {
        (lower, child): rng.randrange(sizes[upper])
        for upper, lower in itertools.pairwise(names)
        for child in range(sizes[lower])
    }
    records = []
    for _ in range(1500):
        levels: dict[str, set[int]] = {name: set() for name in names}
        for _ in range(rng.randint(1, 3)):
            label = rng.randrange(sizes["d"])
            for name in reversed(names):
                levels[name].add(label)
                label = parent.get((name, label), 0)
        records.append(record(sizes, {name: list(found) for name, found in levels.items()}))
    learned = learn_taxonomy(write(tmp_path / "d.jsonl", records), sizes={"d": 60})
    taxonomy = learned.taxonomy
    assert taxonomy.level_names == ("a", "b", "c", "d")
    assert [s.stop - s.start for s in taxonomy.level_slices] == [3, 9, 30, 60]
    edges = {(taxonomy.codes[child], taxonomy.codes[above]) for child, above in taxonomy.edges}
    truth = {
        (f"{lower}:{child}", f"{names[names.index(lower) - 1]}:{above}")
        for (lower, child), above in parent.items()
    }
    assert edges <= truth
    assert (learned.documents, learned.learned) == (1500, len(edges))
    missing = 99 - len(edges)
    assert learned.undetermined + learned.contradicted + learned.unseen == missing
    assert learned.contradicted == 0
    assert len(edges) > 75


def test_what_the_records_cannot_tell(tmp_path: Path) -> None:
    sizes = {"top": 2, "low": 4}
    path = write(
        tmp_path / "d.jsonl",
        [
            record(sizes, {"top": [0, 1], "low": [0]}),  # two candidates
            record(sizes, {"top": [0], "low": [1]}),
            record(sizes, {"top": [1], "low": [1]}),  # none left
            record(sizes, {"top": [1], "low": [3]}),  # one; 2 is never seen
        ],
    )
    learned = learn_taxonomy(path)
    codes = learned.taxonomy.codes
    assert codes == ("top:0", "top:1", "low:0", "low:1", "low:2", "low:3")
    assert [(codes[c], codes[p]) for c, p in learned.taxonomy.edges] == [("low:3", "top:1")]
    counts = (learned.learned, learned.undetermined, learned.contradicted, learned.unseen)
    assert counts == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        (
            {"loww": 9},
            "sizes: there is no level 'loww', expected top, mid, low. Did you mean 'low'?",
        ),
        ({"top": 3}, "sizes: top is 3, but the records say 2."),
        ({"low": 3}, "sizes: low is 3, but the records need at least 4."),
    ],
)
def test_impossible_sizes(tmp_path: Path, sizes: dict[str, int], message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        learn_taxonomy(write(tmp_path / "d.jsonl", [GOOD]), sizes=sizes)
    assert str(caught.value) == message


def test_levels_without_labels_need_sizes(tmp_path: Path) -> None:
    path = write(tmp_path / "d.jsonl", [record(SIZES, {"top": [1], "mid": [], "low": [3]})])
    with pytest.raises(DocumentError) as caught:
        learn_taxonomy(path)
    assert "no record tells how many labels the level top has" in str(caught.value)
    learned = learn_taxonomy(path, sizes=SIZES)
    assert [s.stop - s.start for s in learned.taxonomy.level_slices] == [2, 3, 4]


def test_other_documents_teach_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "d.jsonl", [GOOD, {"text": "x", "labels": ["a"]}])
    with pytest.raises(DocumentError) as caught:
        learn_taxonomy(path)
    assert str(caught.value) == (
        f"{path}:2: is no index record, expected lists of whole numbers in 'labels' "
        "and in one field per level."
    )


@sample_only
def test_patent_sample_is_read() -> None:
    for path in SAMPLE_FILES:
        documents = list(read_documents(path, labelled=True))
        assert len(documents) == 128
        for document in documents:
            assert list(document.text) == ["title", "abstract"]
            assert "  " not in document.full_text
            assert {label.split(":")[0] for label in document.labels or ()} == {
                "section",
                "subsection",
                "group",
                "subgroup",
            }


@sample_only
def test_patent_taxonomy_is_learned() -> None:
    learned = learn_taxonomy(SAMPLE_FILES, sizes={"subgroup": 8364})
    taxonomy = learned.taxonomy
    assert taxonomy.level_names == ("section", "subsection", "group", "subgroup")
    assert [s.start for s in taxonomy.level_slices] == [0, 9, 137, 798]
    assert len(taxonomy.codes) == 9 + 128 + 661 + 8364
    assert learned.documents == 384
    seen: dict[str, list[set[str]]] = {}
    names = taxonomy.level_names
    for document in read_documents(SAMPLE_FILES):
        for label in document.labels or ():
            level = names.index(label.split(":")[0])
            if level:
                above = names[level - 1] + ":"
                parents = {other for other in document.labels or () if other.startswith(above)}
                seen.setdefault(label, []).append(parents)
    expected = {
        (child, next(iter(left)))
        for child, found in seen.items()
        for left in [set.intersection(*found)]
        if len(left) == 1
    }
    edges = {(taxonomy.codes[child], taxonomy.codes[above]) for child, above in taxonomy.edges}
    assert edges == expected
    assert learned.learned == len(edges) > 100
    assert learned.unseen == 9 + 128 + 661 + 8364 - 9 - len(seen)
