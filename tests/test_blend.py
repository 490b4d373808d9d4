"""The blend: parity with scikit-learn and slow terms, and what must not change the answer."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from harnn.blend import PRIORS, Blend, Outputs
from harnn.errors import BundleError

LEVELS = np.array([1, 1, 2, 2, 2, 3])
EDGES = np.array([[2, 0], [3, 0], [3, 1], [5, 2], [5, 4], [5, 0]])
"""Label 3 has two parents, 4 none, 5 three on two levels."""
COUNTS = np.array([40, 30, 9, 3, 0, 1])
HIERARCHY: dict[str, Any] = {"edges": EDGES, "levels": LEVELS, "label_counts": COUNTS}
FLAT: dict[str, Any] = {
    "edges": np.zeros((0, 2), int),
    "levels": np.ones(4, int),
    "label_counts": np.array([5, 5, 5, 5]),
}


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
    blend, _ = Blend.fit(outputs, targets, **HIERARCHY)
    found = blend.probabilities(outputs)
    assert (found.shape, found.dtype) == ((30, 6), np.float32)
    for level in (1, 2, 3):
        columns = np.flatnonzero(level == LEVELS)
        terms = naive_terms(outputs, level)
        np.testing.assert_allclose(
            blend._terms(outputs, columns, np.arange(30)), terms, rtol=1e-5, atol=1e-6
        )
        expected = expit(np.tensordot(blend.weights[level - 1], terms, 1))
        np.testing.assert_allclose(found[:, columns], expected, atol=1e-5)


@pytest.mark.parametrize("branches", [["network"], ["linear", "network"]])
def test_parity_with_a_general_minimiser(branches: list[str]) -> None:
    outputs, targets = made(80, 6, seed=1)
    outputs = {name: outputs[name] for name in branches}
    blend, _ = Blend.fit(outputs, targets, **HIERARCHY)
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


def test_parity_with_scikit_learn_without_a_prior(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PRIORS, "linear", 0.0)
    outputs, targets = made(60, 6, seed=2)
    outputs = {"linear": outputs["linear"]}
    blend, _ = Blend.fit(outputs, targets, **HIERARCHY)
    for level in (1, 2, 3):
        terms = naive_terms(outputs, level).reshape(7, -1).T
        machine = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-8, max_iter=1000)
        machine.fit(terms, targets.toarray()[:, level == LEVELS].ravel())
        np.testing.assert_allclose(blend.weights[level - 1], machine.coef_[0], atol=2e-3)


def test_with_nothing_to_learn_from_the_prior_stays() -> None:
    outputs = {name: np.zeros((4, 6), np.float32) for name in PRIORS}
    blend, values = Blend.fit(outputs, csr_array(np.eye(4, 6) > 0), **HIERARCHY)
    for number, name in enumerate(PRIORS):
        np.testing.assert_allclose(
            blend.weights[:, 2 + 5 * number], PRIORS[name] * 2 / (1 + len(PRIORS))
        )
    assert ((values > 0) & (values < 1)).all()


def test_probabilities_are_within_0_and_1() -> None:
    outputs, targets = made(40, 6)
    blend, values = Blend.fit(outputs, targets, **HIERARCHY)
    extreme = {name: np.float32(1000) * output for name, output in outputs.items()}
    for found in (values, blend.probabilities(outputs), blend.probabilities(extreme)):
        assert np.isfinite(found).all()
        assert ((found >= 0) & (found <= 1)).all()


def test_the_order_of_documents_changes_nothing() -> None:
    outputs, targets = made(50, 6)
    order = np.random.default_rng(5).permutation(50)
    moved = {name: output[order] for name, output in outputs.items()}
    blend, _ = Blend.fit(outputs, targets, **HIERARCHY)
    other, _ = Blend.fit(moved, csr_array(targets[order]), **HIERARCHY)
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
    blend, values = Blend.fit(outputs, targets, **HIERARCHY)
    other, other_values = Blend.fit(
        moved,
        csr_array(targets[:, order]),
        edges=place[EDGES],
        levels=LEVELS,
        label_counts=COUNTS[order],
    )
    np.testing.assert_allclose(other.weights, blend.weights, atol=1e-3)
    np.testing.assert_allclose(other_values, values[:, order], atol=1e-3)
    np.testing.assert_allclose(
        other.probabilities(moved), blend.probabilities(outputs)[:, order], atol=1e-3
    )


def calibration_error(values: np.ndarray, true: np.ndarray) -> float:
    bins = np.minimum((values.ravel() * 10).astype(int), 9)
    sizes = np.bincount(bins, minlength=10)
    gap = np.bincount(bins, values.ravel(), 10) - np.bincount(bins, true.ravel(), 10)
    return float(np.abs(gap).sum() / sizes.sum())


def test_calibrated_and_better_than_either_branch() -> None:
    outputs, targets = made(2000, 4, seed=3)
    new, new_targets = made(2000, 4, seed=4)
    losses = {}
    for names in (["linear"], ["network"], ["linear", "network"]):
        blend, values = Blend.fit({name: outputs[name] for name in names}, targets, **FLAT)
        found, true = (
            blend.probabilities({name: new[name] for name in names}),
            new_targets.toarray(),
        )
        assert calibration_error(values, targets.toarray()) < 0.02
        assert calibration_error(found, true) < 0.02
        likely = np.clip(np.where(true, found, 1 - found), 1e-6, 1)
        losses[" ".join(names)] = -np.log(likely).mean()
    assert losses["linear network"] < min(losses["linear"], losses["network"]) - 0.01


def test_values_are_of_weights_that_have_not_seen_the_document() -> None:
    outputs, targets = made(25, 6, seed=6)
    _, values = Blend.fit(outputs, targets, **HIERARCHY)
    changed = targets.toarray()
    changed[7] = ~changed[7]  # of fold 2
    _, others = Blend.fit(outputs, csr_array(changed), **HIERARCHY)
    fold = np.arange(25) % 5 == 2
    np.testing.assert_allclose(others[fold], values[fold], atol=2e-3)
    assert np.abs(others[~fold] - values[~fold]).max() > 5e-3


@pytest.mark.parametrize("documents", [1, 3])
def test_few_documents(documents: int) -> None:
    outputs, targets = made(documents, 6)
    blend, values = Blend.fit(outputs, targets, **HIERARCHY)
    assert values.shape == (documents, 6)
    assert np.isfinite(blend.weights).all()


def test_of_many_documents_some_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs, targets = made(400, 6)
    whole, values = Blend.fit(outputs, targets, **HIERARCHY)
    monkeypatch.setattr("harnn.blend._MOST_VALUES", 200 * 3 * 12)
    part, part_values = Blend.fit(outputs, targets, **HIERARCHY)
    assert not np.array_equal(part.weights[1], whole.weights[1])
    assert part_values.shape == values.shape
    assert np.abs(part_values - values).mean() < 0.05


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    outputs, targets = made(83, 6, seed=4)
    whole, values = Blend.fit(outputs, targets, **HIERARCHY)
    monkeypatch.setattr("harnn.blend._BLOCK_CELLS", 10)
    blocks, found = Blend.fit(outputs, targets, **HIERARCHY)
    np.testing.assert_allclose(blocks.weights, whole.weights, atol=1e-3)
    np.testing.assert_allclose(found, values, atol=1e-3)


def test_a_missing_branch() -> None:
    outputs, targets = made(10, 6)
    blend, _ = Blend.fit(outputs, targets, **HIERARCHY)
    with pytest.raises(KeyError, match="network"):
        blend.probabilities({"linear": outputs["linear"]})


def test_save_and_load_equal() -> None:
    outputs, targets = made(20, 6)
    blend, _ = Blend.fit(outputs, targets, **HIERARCHY)
    read = Blend.from_dict(json.loads(json.dumps(blend.to_dict())), **HIERARCHY)
    assert read.branches == ("linear", "network")
    np.testing.assert_array_equal(read.weights, blend.weights)
    np.testing.assert_array_equal(read.probabilities(outputs), blend.probabilities(outputs))


def test_damaged_calibrations() -> None:
    outputs, targets = made(10, 6)
    good = Blend.fit(outputs, targets, **HIERARCHY)[0].to_dict()
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
    assert refuse(good | {"weights": [[1], [1, 2]]}).startswith(f"{start}ValueError: ")


def refuse(plain: Any) -> str:
    with pytest.raises(BundleError) as error:
        Blend.from_dict(plain, **HIERARCHY, where="m/decode.json")
    return str(error.value)
