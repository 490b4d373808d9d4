"""Likely label errors: against cleanlab, by hand, and over a hierarchy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn.evaluation import find_label_errors
from harnn.taxonomy import Hierarchy

FLAT = Hierarchy.from_edges(np.zeros((0, 2)), [1, 1, 1, 1])
CHAIN = Hierarchy.from_edges([(1, 0), (2, 1), (3, 0)], [1, 2, 3, 3])


def noisy(seed: int, documents: int = 400) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return scores (N, 4) and targets with some errors put in."""
    generator = np.random.default_rng(seed)
    true = generator.random((documents, 4)) < (0.5, 0.3, 0.1, 0.05)
    logits = np.where(true, 2.0, -3.0) + generator.normal(0, 1.5, true.shape)
    scores = 1 / (1 + np.exp(-logits))
    flipped = generator.random(true.shape) < 0.06
    return scores.astype(np.float32), true ^ flipped


@pytest.mark.parametrize("seed", range(4))
def test_finds_what_cleanlab_finds(seed: int) -> None:
    pytest.importorskip("cleanlab", reason="needs the package cleanlab: pip install cleanlab")
    from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class

    scores, given = noisy(seed)
    found = find_label_errors(scores, csr_array(given), FLAT, min_documents=1)
    labels = [np.flatnonzero(row).tolist() for row in given]
    expected = find_multilabel_issues_per_class(
        labels, scores.astype(np.float64), filter_by="confident_learning", n_jobs=1
    )
    ours = np.zeros(given.shape, dtype=bool)
    ours[found.rows, found.columns] = True
    assert ours.any()
    np.testing.assert_array_equal(ours, expected)

    ranked, _, _ = find_multilabel_issues_per_class(
        labels,
        scores.astype(np.float64),
        return_indices_ranked_by="normalized_margin",
        filter_by="confident_learning",
        n_jobs=1,
    )
    for column in range(4):
        np.testing.assert_array_equal(found.rows[found.columns == column], ranked[column])


@pytest.mark.parametrize("seed", range(12))
def test_finds_what_cleanlab_finds_with_ties_and_without_documents(seed: int) -> None:
    """Scores of few values, labels that no document has, and one label alone; cleanlab refuses
    labels that all documents have."""
    pytest.importorskip("cleanlab", reason="needs the package cleanlab: pip install cleanlab")
    from cleanlab.multilabel_classification.filter import find_multilabel_issues_per_class

    generator = np.random.default_rng(seed)
    documents, count, values = 10 + 5 * seed, 1 + seed % 4, (2, 4, 10)[seed % 3]
    scores = generator.integers(0, values, (documents, count), endpoint=True) / values
    given = generator.random(scores.shape) < generator.choice([0, 0.05, 0.3, 0.6], count)
    given[0] = False
    flat = Hierarchy.from_edges(np.zeros((0, 2)), [1] * count)
    found = find_label_errors(scores.astype(np.float32), csr_array(given), flat, min_documents=1)
    ours = np.zeros(given.shape, dtype=bool)
    ours[found.rows, found.columns] = True
    expected = find_multilabel_issues_per_class(
        [np.flatnonzero(row).tolist() for row in given],
        scores.astype(np.float32).astype(np.float64),
        filter_by="confident_learning",
        n_jobs=1,
    )
    np.testing.assert_array_equal(ours, expected)


def test_by_hand() -> None:
    scores = np.array([[0.9], [0.7], [0.2], [0.75], [0.1], [0.3], [0.55]], dtype=np.float32)
    given = np.array([[1], [1], [1], [0], [0], [0], [0]], dtype=bool)
    one = Hierarchy.from_edges(np.zeros((0, 2)), [1])
    found = find_label_errors(scores, csr_array(given), one, min_documents=3)
    # with the label: mean 0.6; without: 1 - mean(0.75, 0.1, 0.3, 0.55) = 0.575
    assert found.present_thresholds == pytest.approx([0.6])
    assert found.absent_thresholds == pytest.approx([0.575])
    assert found.rows.tolist() == [2, 3]
    assert found.missing.tolist() == [False, True]
    assert found.self_confidence.tolist() == pytest.approx([0.2, 0.25])
    assert len(found) == 2
    assert found.select(found.missing).rows.tolist() == [3]


def test_labels_of_few_documents_are_skipped() -> None:
    scores, given = noisy(0)
    given[:, 3] = False
    given[:4, 3] = True
    found = find_label_errors(scores, csr_array(given), FLAT)
    assert found.skipped_labels == 1
    assert 3 not in found.columns
    assert 3 in find_label_errors(scores, csr_array(given), FLAT, min_documents=4).columns


def test_what_follows_from_another_pair() -> None:
    generator = np.random.default_rng(0)
    given = np.zeros((40, 4), dtype=bool)
    given[:20] = [True, True, True, False]
    scores = np.where(given, 0.9, 0.1) + generator.uniform(-0.01, 0.01, given.shape)
    scores[0] = [0.9, 0.01, 0.01, 0.1]  # 1 and 2 are wrong: 2 stands below 1
    scores[30] = [0.99, 0.99, 0.99, 0.1]  # 0, 1, 2 are missing: 2 brings the others
    found = find_label_errors(scores.astype(np.float32), csr_array(given), CHAIN)
    pairs = zip(found.rows, found.columns, found.missing, found.implied, strict=True)
    assert {tuple(map(int, pair)) for pair in pairs} == {
        (0, 1, 0, 0), (0, 2, 0, 1), (30, 0, 1, 1), (30, 1, 1, 1), (30, 2, 1, 0),
    }  # fmt: skip


def test_most_errors_put_in_are_found() -> None:
    generator = np.random.default_rng(5)
    scores, _ = noisy(9, 3_000)
    clean = scores > 0.5
    flipped = generator.random(clean.shape) < 0.03
    given = clean ^ flipped
    found = find_label_errors(scores, csr_array(given), FLAT)
    first = flipped[found.rows[:100], found.columns[:100]]
    assert first.mean() > 0.95


def test_nothing_to_find() -> None:
    nothing = find_label_errors(np.zeros((0, 4), np.float32), csr_array((0, 4), dtype=bool), FLAT)
    assert len(nothing) == 0
    assert nothing.skipped_labels == 4
    given = np.repeat(np.eye(4, dtype=bool), 5, axis=0)
    right = find_label_errors(given.astype(np.float32), csr_array(given), FLAT)
    assert len(right) == right.skipped_labels == 0


@pytest.mark.parametrize(
    ("scores", "options", "message"),
    [
        (np.full((9, 4), 1.5), {}, "Expected scores from 0 to 1, got 1.5 to 1.5."),
        (np.full((9, 4), np.nan), {}, "Expected scores from 0 to 1, got nan to nan."),
        (np.zeros((9, 4)), {"min_documents": 0}, "Expected min_documents of at least 1, got 0."),
        (np.zeros((8, 4)), {}, "Expected arrays of one shape (documents, labels), got"),
    ],
)
def test_what_is_refused(scores: NDArray[Any], options: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=r"^Expected") as error:
        find_label_errors(scores, csr_array((9, 4), dtype=bool), FLAT, **options)
    assert str(error.value).startswith(message)


def test_errors_of_one_kind_alone() -> None:
    hierarchy = Hierarchy.from_edges([(1, 0)], [1, 2])
    targets = csr_array(np.array([[1, 1]] * 6 + [[0, 0]] * 6 + [[0, 0]], dtype=bool))
    scores = np.array([[0.6, 0.6]] * 6 + [[0.1, 0.1]] * 6 + [[0.9, 0.8]], dtype=np.float32)
    found = find_label_errors(scores, targets, hierarchy)
    assert found.rows.tolist() == [12, 12]
    assert found.missing.all()
    assert found.implied.tolist() == [True, False]
