"""The blend: parity with scikit-learn and slow terms, and what must not change the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from harnn.branches import KINDS, Blend
from harnn.branches.blend import Outputs
from harnn.errors import BundleError
from harnn.taxonomy import Hierarchy

LEVELS = np.array([1, 1, 2, 2, 2, 3])
EDGES = np.array([[2, 0], [3, 0], [3, 1], [5, 2], [5, 4], [5, 0]])
"""Label 3 has two parents, 4 none, 5 three on two levels."""
COUNTS = np.array([40, 30, 9, 3, 0, 1])
HIERARCHY = Hierarchy.from_edges(EDGES, LEVELS)
PRIORS = {kind.name: kind.prior for kind in KINDS}


def made(documents: int, labels: int, seed: int = 0) -> tuple[Outputs, csr_array]:
    """Margins and logits of branches that err independently, and what is true."""
    generator = np.random.default_rng(seed)
    true = generator.normal(size=(documents, labels))
    outputs = {
        "linear": (0.5 * true - 0.4 + 0.3 * generator.normal(size=true.shape)),
        "network": (2.0 * true - 1.0 + 1.5 * generator.normal(size=true.shape)),
    }
    targets = generator.random(true.shape) < expit(3 * true - 1)
    return {k: v.astype(np.float32) for k, v in outputs.items()}, csr_array(targets)


def fit(
    outputs: Outputs, targets: csr_array, priors: Mapping[str, float] = PRIORS
) -> tuple[Blend, np.ndarray]:
    return Blend.fit(outputs, targets, HIERARCHY, label_counts=COUNTS, priors=priors)


def naive_terms(outputs: Outputs, level: int) -> np.ndarray:
    """One label, one document after the other."""
    frequency = np.log1p(COUNTS)
    frequency = (frequency - frequency.mean()) / frequency.std()
    columns = [int(column) for column in np.flatnonzero(level == LEVELS)]
    documents = len(next(iter(outputs.values())))
    terms = np.zeros((2 + 5 * len(outputs), documents, len(columns)))
    for row in range(documents):
        for place, label in enumerate(columns):
            found = [1.0, frequency[label]]
            for output in outputs.values():
                z = output[row]
                parents = [z[parent] for child, parent in EDGES if child == label]
                children = [z[child] for child, parent in EDGES if parent == label]
                others = [z[other] for other in columns if other != label]
                found += [z[label], z[label] * frequency[label], max(parents, default=0.0)]
                found += [z[label] - max(others, default=z[label])]
                found += [max(children) - z[label] if children else 0.0]
            terms[:, row, place] = found
    return terms


@pytest.mark.parametrize("branches", [["linear"], ["linear", "network"]])
def test_terms_and_probabilities_match_a_slow_count(branches: list[str]) -> None:
    outputs, targets = made(30, 6)
    outputs["linear"][3, 2:5] = 0.7  # the highest of the others is as high
    outputs = {name: outputs[name] for name in branches}
    blend, _ = fit(outputs, targets)
    found = blend.probabilities(outputs)
    assert found.shape == (30, 6)
    assert found.dtype == np.float32
    for level in (1, 2, 3):
        columns = np.flatnonzero(level == LEVELS)
        terms = naive_terms(outputs, level)
        np.testing.assert_allclose(
            blend._terms(outputs, level - 1, np.arange(30)), terms, rtol=1e-5, atol=1e-6
        )
        expected = expit(np.tensordot(blend.weights[level - 1], terms, 1))
        np.testing.assert_allclose(found[:, columns], expected, atol=1e-5)


@pytest.mark.parametrize("branches", [["network"], ["linear", "network"]])
def test_parity_with_a_general_minimiser(branches: list[str]) -> None:
    outputs, targets = made(80, 6, seed=1)
    outputs = {name: outputs[name] for name in branches}
    blend, _ = fit(outputs, targets)
    prior = np.zeros(2 + 5 * len(branches))
    prior[2::5] = [PRIORS[name] * 2 / (1 + len(branches)) for name in branches]
    for level in (1, 2, 3):
        terms = naive_terms(outputs, level).reshape(len(prior), -1).T
        true = targets.toarray()[:, level == LEVELS].ravel()
        expected = ridge_around(prior, terms, true)
        np.testing.assert_allclose(blend.weights[level - 1], expected, atol=2e-3)


def ridge_around(prior: np.ndarray, terms: np.ndarray, true: np.ndarray) -> np.ndarray:
    """What scikit-learn minimises, with the ridge around the prior in place of 0."""

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        logits = terms @ (prior + weights)
        value = np.logaddexp(0, logits).sum() - logits @ true + weights @ weights / 2
        return value, terms.T @ (expit(logits) - true) + weights

    found = minimize(loss, np.zeros_like(prior), jac=True, method="BFGS", options={"gtol": 1e-6})
    return prior + found.x


def test_parity_with_scikit_learn_without_a_prior() -> None:
    outputs, targets = made(60, 6, seed=2)
    outputs = {"linear": outputs["linear"]}
    blend, _ = fit(outputs, targets, {"linear": 0.0})
    for level in (1, 2, 3):
        terms = naive_terms(outputs, level).reshape(7, -1).T
        machine = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-8, max_iter=1000)
        machine.fit(terms, targets.toarray()[:, level == LEVELS].ravel())
        np.testing.assert_allclose(blend.weights[level - 1], machine.coef_[0], atol=2e-3)


def test_with_nothing_to_learn_from_the_prior_stays() -> None:
    outputs = {name: np.zeros((4, 6), np.float32) for name in PRIORS}
    blend, scores = fit(outputs, csr_array(np.eye(4, 6) > 0))
    for number, name in enumerate(PRIORS):
        np.testing.assert_allclose(
            blend.weights[:, 2 + 5 * number], PRIORS[name] * 2 / (1 + len(PRIORS))
        )
    assert ((scores > 0) & (scores < 1)).all()


def test_probabilities_are_within_0_and_1() -> None:
    outputs, targets = made(40, 6)
    blend, scores = fit(outputs, targets)
    extreme = {name: np.float32(1000) * output for name, output in outputs.items()}
    for found in (scores, blend.probabilities(outputs), blend.probabilities(extreme)):
        assert np.isfinite(found).all()
        assert ((found >= 0) & (found <= 1)).all()


def test_the_order_of_documents_changes_nothing() -> None:
    outputs, targets = made(50, 6)
    order = np.random.default_rng(5).permutation(50)
    moved = {name: output[order] for name, output in outputs.items()}
    blend, _ = fit(outputs, targets)
    other, _ = fit(moved, csr_array(targets[order]))
    np.testing.assert_allclose(other.weights, blend.weights, atol=1e-3)
    np.testing.assert_allclose(
        blend.probabilities(moved), blend.probabilities(outputs)[order], atol=1e-6
    )
    alone = [blend.probabilities({k: v[[row]] for k, v in outputs.items()})[0] for row in range(50)]
    np.testing.assert_allclose(alone, blend.probabilities(outputs), atol=1e-6)


def test_permuted_labels_of_a_level_permute_the_answer() -> None:
    outputs, targets = made(50, 6)
    order = np.array([1, 0, 4, 2, 3, 5])  # new column: old column
    place = np.argsort(order)
    moved = {name: np.ascontiguousarray(output[:, order]) for name, output in outputs.items()}
    blend, scores = fit(outputs, targets)
    other, other_scores = Blend.fit(
        moved,
        csr_array(targets[:, order]),
        Hierarchy.from_edges(place[EDGES], LEVELS),
        label_counts=COUNTS[order],
        priors=PRIORS,
    )
    np.testing.assert_allclose(other.weights, blend.weights, atol=1e-3)
    np.testing.assert_allclose(other_scores, scores[:, order], atol=1e-3)
    np.testing.assert_allclose(
        other.probabilities(moved), blend.probabilities(outputs)[:, order], atol=1e-3
    )


def calibration_error(scores: np.ndarray, true: np.ndarray) -> float:
    bins = np.minimum((scores.ravel() * 10).astype(int), 9)
    sizes = np.bincount(bins, minlength=10)
    gap = np.bincount(bins, scores.ravel(), 10) - np.bincount(bins, true.ravel(), 10)
    return float(np.abs(gap).sum() / sizes.sum())


def test_calibrated_and_better_than_either_branch() -> None:
    outputs, targets = made(2000, 4, seed=3)
    new, new_targets = made(2000, 4, seed=4)
    losses = {}
    for names in (["linear"], ["network"], ["linear", "network"]):
        blend, scores = Blend.fit(
            {name: outputs[name] for name in names},
            targets,
            Hierarchy.from_edges([], [1] * 4),
            label_counts=np.array([5, 5, 5, 5]),
            priors=PRIORS,
        )
        found, true = (
            blend.probabilities({name: new[name] for name in names}),
            new_targets.toarray(),
        )
        assert calibration_error(scores, targets.toarray()) < 0.02
        assert calibration_error(found, true) < 0.02
        likely = np.clip(np.where(true, found, 1 - found), 1e-6, 1)
        losses[" ".join(names)] = -np.log(likely).mean()
    assert losses["linear network"] < min(losses["linear"], losses["network"]) - 0.01


def test_scores_are_of_weights_that_have_not_seen_the_document() -> None:
    outputs, targets = made(25, 6, seed=6)
    _, scores = fit(outputs, targets)
    changed = targets.toarray()
    changed[7] = ~changed[7]  # of fold 2
    _, others = fit(outputs, csr_array(changed))
    fold = np.arange(25) % 5 == 2
    np.testing.assert_allclose(others[fold], scores[fold], atol=2e-3)
    assert np.abs(others[~fold] - scores[~fold]).max() > 5e-3


@pytest.mark.parametrize("documents", [1, 3])
def test_few_documents(documents: int) -> None:
    outputs, targets = made(documents, 6)
    blend, scores = fit(outputs, targets)
    assert scores.shape == (documents, 6)
    assert np.isfinite(blend.weights).all()


def test_of_many_documents_some_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs, targets = made(400, 6)
    whole, scores = fit(outputs, targets)
    monkeypatch.setattr("harnn.branches.blend._MOST_VALUES", 200 * 3 * 12)
    part, part_scores = fit(outputs, targets)
    assert not np.array_equal(part.weights[1], whole.weights[1])
    assert part_scores.shape == scores.shape
    assert np.abs(part_scores - scores).mean() < 0.05


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs, targets = made(83, 6, seed=4)
    whole, scores = fit(outputs, targets)
    monkeypatch.setattr("harnn.branches.regression._BLOCK_CELLS", 10)
    blocks, found = fit(outputs, targets)
    np.testing.assert_allclose(blocks.weights, whole.weights, atol=1e-3)
    np.testing.assert_allclose(found, scores, atol=1e-3)


def test_a_missing_branch() -> None:
    outputs, targets = made(10, 6)
    blend, _ = fit(outputs, targets)
    with pytest.raises(KeyError, match="network"):
        blend.probabilities({"linear": outputs["linear"]})


def test_save_and_load_equal() -> None:
    outputs, targets = made(20, 6)
    blend, _ = fit(outputs, targets)
    read = Blend.from_dict(json.loads(json.dumps(blend.to_dict())), HIERARCHY, label_counts=COUNTS)
    assert read.branches == ("linear", "network")
    np.testing.assert_array_equal(read.weights, blend.weights)
    np.testing.assert_array_equal(read.probabilities(outputs), blend.probabilities(outputs))


def test_models_call_the_branch_on_whole_texts_by_its_first_name() -> None:
    outputs, targets = made(10, 6)
    blend, _ = fit({"linear": outputs["linear"], "text_vectors": outputs["network"]}, targets)
    plain = blend.to_dict()
    assert plain["branches"] == ["linear", "sentence"]
    read = Blend.from_dict(plain, HIERARCHY, label_counts=COUNTS)
    assert read.branches == blend.branches == ("linear", "text_vectors")


def test_damaged_calibrations() -> None:
    outputs, targets = made(10, 6)
    good = fit(outputs, targets)[0].to_dict()
    start = "m/decode.json: the calibration is damaged: "
    for plain, expected in (
        ({"weights": good["weights"]}, "KeyError: 'branches'."),
        (
            good | {"weights": good["weights"][:2]},
            "ValueError: Expected weights of shape (3, 12), got (2, 12).",
        ),
        (
            good | {"branches": ["linear"]},
            "ValueError: Expected weights of shape (3, 7), got (3, 12).",
        ),
    ):
        assert refuse(plain) == start + expected
    assert refuse([1]).startswith(f"{start}TypeError: ")
    assert refuse(good | {"weights": [[1], [1, 2]]}) == (
        f"{start}ValueError: weights: the rows are of different lengths."
    )


def refuse(plain: Any) -> str:
    with pytest.raises(BundleError) as error:
        Blend.from_dict(plain, HIERARCHY, label_counts=COUNTS, where="m/decode.json")
    return str(error.value)
