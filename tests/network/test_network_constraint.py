"""The max-constraint: against its formulas written out, gradients, consistency, and in training."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from harnn.network import HarnnNetwork, HarnnOutput, MaxConstraint, hybrid_loss
from support.small_networks import (
    hierarchy_of,
    padded,
    random_documents,
    random_network,
    random_targets,
    shape_of,
)

SIZES = (2, 3, 3)
EDGES = np.array([[2, 0], [3, 0], [3, 1], [5, 2], [6, 3], [7, 3], [7, 1]])
"""A DAG: 3 has two parents, 7 a parent on each level, 4 none."""
HIERARCHY = hierarchy_of(EDGES, SIZES)
DESCENDANTS = {0: {2, 3, 5, 6, 7}, 1: {3, 6, 7}, 2: {5}, 3: {6, 7}, 4: set(), 5: set()} | {
    6: set(),
    7: set(),
}


def slow_loss(logits: Tensor, targets: Tensor) -> float:
    """MCLoss as the paper writes it, label by label, summed."""
    scores, total = torch.sigmoid(logits.double()), 0.0
    for row, wanted in zip(scores, targets, strict=True):
        for label, below in DESCENDANTS.items():
            group = [label, *below]
            if wanted[label]:
                total -= np.log(max(float(wanted[b] * row[b]) for b in group))
            else:
                total -= np.log(1 - max(float(row[b]) for b in group))
    return total


def closed(targets: Tensor) -> Tensor:
    for label, below in DESCENDANTS.items():
        for b in below:
            targets[:, label] = torch.maximum(targets[:, label], targets[:, b])
    return targets


def test_equals_the_formulas() -> None:
    constraint = MaxConstraint(HIERARCHY)
    logits = torch.randn(20, 8, generator=torch.Generator().manual_seed(1))
    lifted = constraint(logits)
    for label, below in DESCENDANTS.items():
        expected = logits[:, [label, *below]].amax(dim=1)
        torch.testing.assert_close(lifted[:, label], expected, rtol=0, atol=0)
    targets = closed(random_targets(20, 8, seed=2) * random_targets(20, 8, seed=3))
    assert 0 < targets.mean() < 1
    found = functional.binary_cross_entropy_with_logits(
        constraint.for_loss(logits, targets), targets, reduction="sum"
    )
    assert found.item() == pytest.approx(slow_loss(logits, targets), rel=1e-5)
    output = HarnnOutput(logits, -logits, ())
    both = slow_loss(logits, targets) + slow_loss(-logits, targets)
    assert hybrid_loss(output, targets, constraint=constraint).item() == pytest.approx(
        both / 20, rel=1e-5
    )


def test_without_edges_nothing_changes() -> None:
    constraint = MaxConstraint(hierarchy_of([], SIZES))
    values = torch.randn(3, 8)
    assert torch.equal(constraint(values), values)


def test_gradients() -> None:
    constraint = MaxConstraint(HIERARCHY)
    targets = closed(random_targets(3, 8, seed=5))
    logits = torch.randn(3, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: constraint.for_loss(z, targets), (logits,))


@given(seed=st.integers(0, 10**6), mode=st.sampled_from(["harnn", "paper"]))
def test_no_score_is_above_that_of_a_parent(seed: int, mode: str) -> None:
    network = constrained(mode, seed)
    scores = network.scores(network(*padded(random_documents((4, 0, 2), seed=seed))))
    assert (scores[:, EDGES[:, 0]] <= scores[:, EDGES[:, 1]]).all()


def constrained(mode: str, seed: int) -> HarnnNetwork:
    shape = shape_of(mode, SIZES, max_constraint=True)
    network = HarnnNetwork(shape, HIERARCHY)
    network.load_state_dict(random_network(shape_of(mode, SIZES), seed=seed).state_dict())
    return network.eval()


def test_the_weights_are_those_of_an_unconstrained_network() -> None:
    assert constrained("harnn", 0).state_dict().keys() == (
        random_network(shape_of("harnn", SIZES)).state_dict().keys()
    )


def test_needs_the_hierarchy() -> None:
    with pytest.raises(
        ValueError, match="Expected the hierarchy of the labels for the max-constraint"
    ):
        HarnnNetwork(shape_of("harnn", SIZES, max_constraint=True))
