"""Where documents are too many some are chosen, of every fold; no score is of its own weights."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from harnn.branches import Blend
from harnn.branches.blend import _FOLDS, _evenly_chosen
from harnn.taxonomy import Hierarchy

HIERARCHY = Hierarchy.from_edges([], np.ones(3))


@pytest.mark.parametrize("count", [1, 4, 5, 7, 100, 401, 1_000])
@pytest.mark.parametrize("most", [5, 7, 40, 80, 200, 1_000])
def test_rows_are_even_and_of_every_fold(count: int, most: int) -> None:
    rows = _evenly_chosen(count, most)
    assert (np.diff(rows) > 0).all()
    assert rows[0] == 0
    assert min(count, most) - _FOLDS < len(rows) <= most
    if count <= most:
        np.testing.assert_array_equal(rows, np.arange(count))
        return
    sizes = np.bincount(rows % _FOLDS, minlength=_FOLDS)
    assert sizes.min() >= 1
    assert sizes.max() - sizes.min() <= 1
    assert rows[-1] >= count - 2 * _FOLDS
    assert np.diff(rows).max() <= count / (most - 1) + 2 * _FOLDS


def test_scores_are_out_of_fold_where_the_step_is_a_multiple_of_the_folds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of 401 documents every tenth, as it was chosen before, is of one fold."""
    random = np.random.default_rng(0)
    output = random.normal(size=(401, 3)).astype(np.float32)
    targets = random.random((401, 3)) < 0.3
    monkeypatch.setattr("harnn.branches.blend._MOST_VALUES", 41 * 3 * 7)

    def scores(true: np.ndarray) -> np.ndarray:
        given = csr_array(true)
        counts = np.array([5, 5, 5])
        return Blend.fit(
            {"linear": output}, given, HIERARCHY, label_counts=counts, priors={"linear": 1.0}
        )[1]

    changed = targets.copy()
    changed[::5] = ~changed[::5]  # all of the first fold
    before, after = scores(targets), scores(changed)
    np.testing.assert_allclose(after[::5], before[::5], atol=2e-3)
    assert np.abs(after[1::5] - before[1::5]).max() > 0.05


def test_the_only_document_has_the_scores_of_the_prior() -> None:
    output, targets = np.full((1, 3), 0.5, np.float32), csr_array(np.ones((1, 3), bool))
    options = {"label_counts": np.array([5, 5, 5]), "priors": {"linear": 2.0}}
    _, scores = Blend.fit({"linear": output}, targets, HIERARCHY, **options)  # type: ignore[arg-type]
    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-2.0 * 0.5)), rtol=1e-6)
