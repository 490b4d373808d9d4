"""Labels that are scored by their names alone."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harnn.branches import StoredModel
from harnn.branches.by_name import (
    ByName,
    HeldOut,
    Relation,
    Siblings,
    has_text,
    label_texts,
    read_by_name,
)
from harnn.errors import BundleError
from harnn.taxonomy import Hierarchy, Taxonomy

EDGES = [
    ("a", "ROOT"),
    ("b", "ROOT"),
    ("c", "ROOT"),
    ("a1", "a"),
    ("a2", "a"),
    ("a3", "a"),
    ("b1", "b"),
    ("ab", "a"),
    ("ab", "b"),
    ("a1x", "a1"),
    ("a1y", "a1"),
    ("abx", "ab"),
]
TAXONOMY = Taxonomy.from_edges(EDGES, names={code: f"name of {code}" for code, _ in EDGES})
HELD_OUT = HeldOut(20, 60, 0.5, 0.25, 61.5)
SIZE = 6


def vector_of(text: str) -> NDArray[np.float32]:
    """Return a vector of length 1 that depends on nothing but the text."""
    found = np.random.default_rng(list(text.encode())).normal(size=SIZE)
    return np.asarray(found / np.linalg.norm(found), dtype=np.float32)


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    return np.stack([np.zeros(SIZE, np.float32), *map(vector_of, texts)])[1:]


def relation(seed: int = 1) -> Relation:
    matrix = np.random.default_rng(seed).normal(size=(SIZE, SIZE)).astype(np.float32)
    return Relation(matrix, (0.5, 2.0), (-1.0, 0.5, 0.25, -0.125), HELD_OUT)


def counts(taxonomy: Taxonomy, unseen: set[str]) -> NDArray[np.int64]:
    return np.array([code not in unseen for code in taxonomy.codes], dtype=np.int64)


UNSEEN = {"a2", "a1", "a1x", "a1y", "ab", "abx", "c"}


def made(taxonomy: Taxonomy = TAXONOMY, unseen: set[str] = UNSEEN) -> ByName:
    return ByName.of(relation(), encode, taxonomy, counts(taxonomy, unseen))


def random_scores(taxonomy: Taxonomy, count: int = 5) -> NDArray[np.float32]:
    """Return scores that depend on the codes alone, not on their order."""
    columns = [np.random.default_rng(list(code.encode())).random(count) for code in taxonomy.codes]
    return np.stack(columns, axis=1).astype(np.float32)


VECTORS = np.stack([vector_of(f"text {n}") for n in range(5)])


def slow_score(taxonomy: Taxonomy, scores: NDArray[np.float32], x: Any, unseen: set[str]) -> Any:
    """Score one document by the formulas, label by label."""
    hierarchy, found = taxonomy.hierarchy, scores.astype(np.float64)
    own = relation()
    names = {c: vector_of(f"name of {code}") for c, code in enumerate(taxonomy.codes)}
    hidden = [c for c, code in enumerate(taxonomy.codes) if code in unseen]
    closed = np.where(np.isin(np.arange(len(found)), hidden), 0, found)
    for column in range(len(found))[::-1]:
        below = hierarchy.children(column).tolist()
        closed[column] = max([closed[column], *(closed[child] for child in below)])
    for column in hidden:
        parents = hierarchy.parents(column).tolist()
        families = [hierarchy.children(p).tolist() for p in parents] or [hierarchy.roots.tolist()]
        odds = own.weights[0]
        similar: list[Callable[[int], Any]] = [
            lambda c: names[c] @ x / 0.5,
            lambda c: x @ own.matrix @ names[c] / 2.0,
        ]
        for weight, of in zip(own.weights[1:3], similar, strict=True):
            others = sum(np.exp(2 * of(s)) for family in families for s in family if s != column)
            if others:
                odds += weight * (2 * of(column) - np.log(others))
        rivals = [found[s] for family in families for s in family if s not in hidden]
        rival = np.clip(max(rivals, default=0), 1e-4, 1 - 1e-4)
        odds += own.weights[3] * np.log(rival / (1 - rival))
        above = min((closed[p] for p in parents), default=1.0)
        found[column] = closed[column] = above / (1 + np.exp(-odds))
    return found


def test_scores_are_those_of_the_formulas() -> None:
    scores = random_scores(TAXONOMY)
    found = made().fill(scores, VECTORS)
    for row in range(len(scores)):
        expected = slow_score(TAXONOMY, scores[row], VECTORS[row], UNSEEN)
        np.testing.assert_allclose(found[row], expected, rtol=2e-4)


def test_all_other_labels_stay_bit_for_bit_also_after_closing() -> None:
    scores, by_name = random_scores(TAXONOMY), made()
    before, hierarchy = scores.copy(), TAXONOMY.hierarchy
    found = by_name.fill(scores, VECTORS)
    others = np.setdiff1d(np.arange(len(TAXONOMY)), by_name.columns)
    assert (scores == before).all()
    assert (found[:, others] == scores[:, others]).all()
    without = scores.copy()
    without[:, by_name.columns] = 0
    assert (hierarchy.lift(found)[:, others] == hierarchy.lift(without)[:, others]).all()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_order_of_the_labels_changes_nothing(seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(EDGES)).tolist()
    names = {code: f"name of {code}" for code, _ in EDGES}
    other = Taxonomy.from_edges([EDGES[place] for place in order], names=names)
    found = made(other).fill(random_scores(other), VECTORS)
    expected = made().fill(random_scores(TAXONOMY), VECTORS)
    place = [other.index[code] for code in TAXONOMY.codes]
    np.testing.assert_allclose(found[:, place], expected, rtol=1e-5)


def test_without_such_labels_nothing_happens() -> None:
    by_name = made(unseen=set())
    scores = random_scores(TAXONOMY)
    assert by_name.columns.tolist() == []
    assert by_name.fill(scores, VECTORS) is scores


def test_labels_without_a_text_stay_with_the_blend() -> None:
    taxonomy = Taxonomy.from_edges([("a", "ROOT"), ("a1", "a"), ("a2", "a")], {"a2": "Bees"})
    by_name = made(taxonomy, {"a1", "a2"})
    assert [taxonomy.codes[column] for column in by_name.columns] == ["a2"]


def test_what_tells_a_name_from_a_code() -> None:
    codes = ["F16H", "T1016.001", "Cooking", "農業", "x1", "x2", "x3", "Zug"]
    taxonomy = Taxonomy.from_edges(
        [(code, "ROOT") for code in codes], {"x1": "Tea"}, {"x2": "About tea."}
    )
    named = [code for code, has in zip(codes, has_text(taxonomy), strict=True) if has]
    assert named == ["Cooking", "農業", "x1", "x2"]


def test_the_text_of_a_label_has_all_that_is_said_of_it() -> None:
    taxonomy = Taxonomy.from_edges([("x", "ROOT"), ("y", "x")], {"x": "Tea"}, {"x": "Leaves."})
    taxonomy = dataclasses.replace(taxonomy, alternatives=(("Chai", "Cha"), ()))
    assert label_texts(taxonomy, np.array([0, 1])) == ["Tea; Chai; Cha. Leaves.", "y"]


def test_similarities_far_apart_stay_finite() -> None:
    hierarchy = TAXONOMY.hierarchy
    every = np.arange(len(TAXONOMY))
    siblings = Siblings.of(hierarchy, every, np.ones(len(TAXONOMY), dtype=np.bool_))
    similar = np.linspace(-5_000, 5_000, len(TAXONOMY), dtype=np.float32)[np.newaxis]
    assert np.isfinite(siblings.log_odds(similar)).all()


@pytest.mark.parametrize("seed", range(5))
def test_siblings_of_a_random_hierarchy(seed: int) -> None:
    random = np.random.default_rng(seed)
    levels = np.sort(random.integers(1, 4, 30))
    levels = np.searchsorted(np.unique(levels), levels) + 1
    pairs = {
        (child, int(random.choice(np.flatnonzero(levels < levels[child]))))
        for child in np.flatnonzero(levels > 1).tolist()
        for _ in range(2)
    }
    hierarchy = Hierarchy.from_edges(sorted(pairs), levels)
    readable = random.random(30) < 0.8
    labels = np.flatnonzero(readable & (random.random(30) < 0.4))
    siblings = Siblings.of(hierarchy, labels, readable)
    similar = random.normal(size=(3, 30)).astype(np.float32)
    found = siblings.log_odds(similar[:, siblings.columns])
    for place, label in enumerate(labels.tolist()):
        parents = hierarchy.parents(label).tolist()
        families = [hierarchy.children(p).tolist() for p in parents] or [hierarchy.roots.tolist()]
        beside = [x for family in families for x in family if x != label and readable[x]]
        expected = np.zeros(3)
        if beside:
            others = np.exp(similar[:, beside].astype(np.float64)).sum(axis=1)
            expected = similar[:, label] - np.log(others)
        np.testing.assert_allclose(found[:, place], expected, rtol=1e-4, atol=1e-5)


def stored(directory: Path, **changes: Any) -> StoredModel:
    parts = made().to_parts()
    arrays, settings = dict(parts.arrays), dict(parts.settings["by_name"])
    for name, value in changes.items():
        if f"by_name.{name}" in arrays:
            arrays[f"by_name.{name}"] = value
        else:
            settings[name] = value
    return StoredModel(directory, arrays, {"by_name": settings}, light=True)


def test_what_is_stored_is_read_again(tmp_path: Path) -> None:
    found = read_by_name(stored(tmp_path), TAXONOMY, reads=True)
    assert found is not None
    scores = random_scores(TAXONOMY)
    assert (found.fill(scores, VECTORS) == made().fill(scores, VECTORS)).all()
    assert found.relation.held_out == HELD_OUT
    nothing = StoredModel(tmp_path, {}, {}, light=True)
    assert read_by_name(nothing, TAXONOMY, reads=True) is None


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"weights": [1, 2]}, "by_name: weights: got [1, 2], expected 4 numbers."),
        ({"spreads": "x"}, "by_name: spreads: got 'x', expected 2 numbers."),
        (
            {"held_out": [1]},
            "by_name: held_out: got [1], expected labels, pairs, auprc, auprc_without_names, "
            "expected.",
        ),
        (
            {"spreads": [0, 1]},
            "is damaged: by_name: spreads: got (0.0, 1.0), expected two above 0.",
        ),
        (
            {"columns": np.array([3, 2])},
            "is damaged: by_name: columns: expected columns of the taxonomy in ascending order.",
        ),
        (
            {"columns": np.array([3, 99])},
            "is damaged: by_name: columns: expected columns of the taxonomy in ascending order.",
        ),
        (
            {"beside": np.array([3, 4])},
            "is damaged: by_name: beside: expected the columns and their siblings.",
        ),
        (
            {"vectors": np.zeros((2, SIZE), np.float32)},
            "is damaged: by_name: vectors: got float32 of shape (2, 6), expected float32 of shape "
            "(11, 6).",
        ),
        (
            {"matrix": np.zeros((2, 3), np.float32)},
            "is damaged: by_name: vectors: got float32 of shape (11, 6), expected float32 of shape "
            "(11, 2).",
        ),
    ],
)
def test_damaged_parts_are_refused(tmp_path: Path, changes: dict[str, Any], what: str) -> None:
    with pytest.raises(BundleError) as caught:
        read_by_name(stored(tmp_path, **changes), TAXONOMY, reads=True)
    assert str(caught.value).partition(": ")[2] == what


def test_a_model_that_reads_no_whole_texts_has_no_labels_by_name(tmp_path: Path) -> None:
    message = "by_name: labels are scored by their names, but there is no branch text_vectors."
    with pytest.raises(BundleError, match=re.escape(message)):
        read_by_name(stored(tmp_path), TAXONOMY, reads=False)
