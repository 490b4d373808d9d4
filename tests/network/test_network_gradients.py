"""Gradients are right, reach every weight, and stay numbers where a document is empty."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from harnn.network import HarnnNetwork, hybrid_loss
from support.small_networks import (
    MODES,
    padded,
    random_documents,
    random_network,
    random_targets,
    shape_of,
)

LENGTHS = (4, 0, 2, 3)
TINY = {"embedding_size": 3, "lstm_size": 2, "attention_size": 2, "fc_size": 3}
CHECKED = (
    "embedding.weight",
    "encoder.backward_lstm.weight_hh_l0",
    "head.levels.0.attend.project.weight",
    "head.levels.0.attend.labels",
    "head.levels.0.predict.bias",
    "head.levels.1.hidden.weight",
    "head.levels.1.predict.weight",
    "head.global_hidden.weight",
    "head.global_predict.bias",
)
CHECKED_IN_HARNN = (
    "head.levels.0.mixing",
    "head.levels.0.read_out",
    "head.levels.1.read_out",
    "head.highway.gate.weight",
    "head.highway.transform.bias",
)


def gradients(network: HarnnNetwork, documents: list[list[int]]) -> dict[str, Tensor | None]:
    token_ids, lengths = padded(documents)
    targets = random_targets(len(documents), network.shape.label_count)
    network.zero_grad()
    torch.autograd.backward(hybrid_loss(network(token_ids, lengths), targets))
    return {name: parameter.grad for name, parameter in network.named_parameters()}


@pytest.mark.parametrize(
    ("mode", "name"),
    [(mode, name) for mode in MODES for name in CHECKED]
    + [("harnn", name) for name in CHECKED_IN_HARNN],
)
def test_gradients_equal_finite_differences(mode: str, name: str) -> None:
    network = random_network(shape_of(mode, (2, 3), **TINY), seed=1, dtype=torch.float64)
    token_ids, lengths = padded(random_documents(LENGTHS))
    targets = random_targets(len(LENGTHS), 5).double()

    def loss_given(parameter: Tensor) -> Tensor:
        return hybrid_loss(
            functional_call(network, {name: parameter}, (token_ids, lengths)), targets
        )

    parameter = dict(network.named_parameters())[name].detach().requires_grad_()
    assert torch.autograd.gradcheck(loss_given, (parameter,))


@pytest.mark.parametrize("mode", MODES)
def test_gradients_of_all_scores_equal_finite_differences(mode: str) -> None:
    """Through the attention, the dependency and the scores, not only through the loss."""
    network = random_network(shape_of(mode, (2, 3), **TINY), seed=2, dtype=torch.float64)
    token_ids, lengths = padded(random_documents(LENGTHS), extra=1)
    name = "head.levels.0.attend.labels"

    def answers_given(labels: Tensor) -> tuple[Tensor, ...]:
        output = functional_call(network, {name: labels}, (token_ids, lengths), {"attention": True})
        return network.scores(output), *output.attention

    labels = dict(network.named_parameters())[name].detach().requires_grad_()
    assert torch.autograd.gradcheck(answers_given, (labels,))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("levels", [1, 2, 4])
def test_every_weight_learns(mode: str, levels: int) -> None:
    torch.manual_seed(0)
    network = HarnnNetwork(shape_of(mode, (3,) * levels)).train()
    found = gradients(network, random_documents((9, 4, 12, 7, 3, 8)))
    still = {name for name, value in found.items() if value is None or not value.any()}
    # The last level has no next one to hand its token weights to.
    assert still == ({f"head.levels.{levels - 1}.mixing"} if mode == "harnn" else set())


@pytest.mark.parametrize("mode", MODES)
def test_the_padding_word_does_not_learn(mode: str) -> None:
    found = gradients(random_network(shape_of(mode)), random_documents(LENGTHS))
    rows = found["embedding.weight"]
    assert rows is not None
    assert not rows[0].any()


@pytest.mark.parametrize("mode", MODES)
def test_an_empty_document_leaves_all_gradients_numbers(mode: str) -> None:
    cases: list[list[list[int]]] = [[[], [3, 4]], [[]], [[], []]]
    for documents in cases:
        for name, value in gradients(random_network(shape_of(mode)), documents).items():
            assert value is None or torch.isfinite(value).all(), name


@pytest.mark.parametrize("mode", MODES)
def test_the_gradient_of_a_batch_is_the_mean_over_its_documents(mode: str) -> None:
    """Neither padding nor neighbours leak into learning."""
    network = random_network(shape_of(mode), dtype=torch.float64)
    documents = random_documents(LENGTHS)
    targets = random_targets(len(documents), network.shape.label_count).double()

    def gradient(rows: list[int], extra: int) -> list[Tensor]:
        token_ids, lengths = padded([documents[row] for row in rows], extra=extra)
        network.zero_grad()
        torch.autograd.backward(hybrid_loss(network(token_ids, lengths), targets[rows]))
        return [p.grad.clone() for p in network.parameters() if p.grad is not None]

    together = gradient(list(range(len(documents))), 3)
    alone = [gradient([row], 0) for row in range(len(documents))]
    for found, *parts in zip(together, *alone, strict=True):
        torch.testing.assert_close(found, torch.stack(parts).mean(0), atol=1e-12, rtol=1e-9)
