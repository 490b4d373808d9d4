"""The regression of the blend against SciPy's minimiser, with all documents and without a fold."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from harnn.branches import regression
from harnn.branches.regression import fit_folds

TERMS, DOCUMENTS, LABELS = 6, 90, 23
FOLDS = [slice(0, 18), slice(18, 18), slice(18, 50), slice(50, 90)]  # one of them is empty
Sample = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float64]]


@pytest.fixture(name="sample")
def _sample() -> Sample:
    random = np.random.default_rng(3)
    terms = random.normal(size=(TERMS, DOCUMENTS, LABELS)).astype(np.float32)
    terms[0] = 1
    logits = np.tensordot(np.array([-2.0, 1, 0.5, 0, -0.5, 2]), terms, 1)
    true = (random.random(logits.shape) < expit(logits)).astype(np.float32)
    return terms, true, random.normal(size=TERMS)


def _reference(sample: Sample, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    terms, true, prior = sample
    matrix = terms[:, rows].reshape(TERMS, -1).astype(np.float64)
    target = true[rows].reshape(-1)

    def loss(weights: NDArray[np.float64]) -> float:
        logits = weights @ matrix
        misfit = np.logaddexp(0, logits).sum() - logits @ target
        return float(misfit + ((weights - prior) ** 2).sum() / 2)

    found = minimize(loss, prior, method="BFGS", options={"gtol": 1e-6})
    return np.asarray(found.x)


@pytest.mark.parametrize("cells", [1, 100, 1 << 14])
def test_it_finds_the_least_loss_with_and_without_each_fold(
    sample: Sample, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regression, "_BLOCK_CELLS", cells)
    found = fit_folds(*sample, FOLDS)
    rows = np.arange(DOCUMENTS)
    np.testing.assert_allclose(found.weights, _reference(sample, rows), atol=2e-4)
    for fold, weights in zip(FOLDS, found.without, strict=True):
        others = np.delete(rows, fold)
        np.testing.assert_allclose(weights, _reference(sample, others), atol=2e-4)
    assert np.abs(found.without[0] - found.weights).max() > 0.01


def test_the_only_fold_leaves_nothing_to_learn_from(sample: Sample) -> None:
    found = fit_folds(*sample, [slice(0, DOCUMENTS), slice(0, 0)])
    np.testing.assert_array_equal(found.without[0], sample[2])
    np.testing.assert_allclose(found.without[1], found.weights, atol=1e-4)


def test_a_step_that_leads_too_far_is_shortened(sample: Sample) -> None:
    """From far away Newton's step overshoots: the curvature there is next to nothing."""
    terms, true, _ = sample
    given = (terms, true, np.full(TERMS, 30.0))
    found = fit_folds(*given, FOLDS)
    expected = _reference(given, np.arange(DOCUMENTS))
    np.testing.assert_allclose(found.weights, expected, rtol=2e-3, atol=2e-3)


def test_logits_beyond_what_exp_can_say_are_no_warning(sample: Sample) -> None:
    terms, true, prior = sample
    found = fit_folds(terms * 1e3, true, prior * 10, FOLDS)
    assert np.isfinite(found.weights).all()


def test_products_of_pieces_are_the_product() -> None:
    random = np.random.default_rng(0)
    for cells in (0, 1, 511, 512, 513, 2_000):
        left, right = random.normal(size=(2, 7, cells)).astype(np.float32)
        product = regression._product(left, right)
        np.testing.assert_allclose(product, left @ right.T, rtol=1e-4, atol=1e-4)
