"""The network can learn, repeats itself, and starts from what it is given."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from harnn.network import HarnnNetwork, HarnnOutput, NetworkShape, hybrid_loss
from support.small_networks import MODES, padded, random_documents, shape_of

LEVEL_SIZES = (2, 4, 8)
modes = pytest.mark.parametrize("mode", MODES)


def corpus() -> tuple[Tensor, Tensor, Tensor]:
    """24 documents, three to a leaf of a binary tree: noise, and one word that tells the leaf.

    Every fourth carries no label below the second level. Word 1 to 8 tell the leaves, 9 ends a
    document early in the tree, all above are noise.
    """
    generator = torch.Generator().manual_seed(0)
    documents, targets = [], torch.zeros(24, sum(LEVEL_SIZES))
    for i in range(24):
        leaf = i % 8
        noise = torch.randint(10, 23, (3 + i % 5,), generator=generator).tolist()
        documents.append([*noise[:2], leaf + 1, *noise[2:]])
        targets[i, leaf // 4] = targets[i, 2 + leaf // 2] = 1
        if i % 4:
            targets[i, 6 + leaf] = 1
        else:
            documents[-1].append(9)
    return *padded(documents), targets


def train(mode: str, *, seed: int, steps: int, dropout: float = 0.0) -> HarnnNetwork:
    """Run plain AdamW over the whole corpus."""
    torch.manual_seed(seed)
    sizes = {"embedding_size": 16, "lstm_size": 16, "attention_size": 16, "fc_size": 32}
    drops = {"dropout": dropout, "embedding_dropout": dropout}
    network = HarnnNetwork(shape_of(mode, LEVEL_SIZES, **sizes, **drops)).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.01)
    token_ids, lengths, targets = corpus()
    for _ in range(steps):
        optimizer.zero_grad()
        torch.autograd.backward(hybrid_loss(network(token_ids, lengths), targets))
        optimizer.step()
    return network.eval()


def micro_f1(network: HarnnNetwork) -> float:
    token_ids, lengths, targets = corpus()
    with torch.no_grad():
        chosen = network.scores(network(token_ids, lengths)) >= 0.5
    right = (chosen & targets.bool()).sum()
    return (2 * right / (chosen.sum() + targets.sum())).item()


@modes
def test_learns_24_documents_by_heart(mode: str) -> None:
    assert micro_f1(train(mode, seed=0, steps=0)) < 0.7
    assert micro_f1(train(mode, seed=0, steps=150)) == 1.0


@modes
def test_the_same_seed_gives_the_same_weights(mode: str) -> None:
    first = train(mode, seed=1, steps=5, dropout=0.3).state_dict()
    again = train(mode, seed=1, steps=5, dropout=0.3).state_dict()
    other = train(mode, seed=2, steps=5, dropout=0.3).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["head.global_predict.weight"], other["head.global_predict.weight"])


@modes
@pytest.mark.parametrize("name", ["dropout", "embedding_dropout"])
def test_dropout_is_for_training_alone(mode: str, name: str) -> None:
    torch.manual_seed(0)
    drops: dict[str, Any] = {name: 0.5}
    network = HarnnNetwork(shape_of(mode, **drops))
    token_ids, lengths = padded(random_documents((6, 3)))

    def attend() -> Tensor:
        """Read the first level, which only what is dropped from words and states can change."""
        output: HarnnOutput = network(token_ids, lengths, attention=True)
        return output.attention[0]

    with torch.no_grad():
        network.train()
        assert not torch.equal(attend(), attend())
        network.eval()
        assert torch.equal(attend(), attend())


@modes
def test_dropout_is_also_in_front_of_every_prediction(mode: str) -> None:
    network = HarnnNetwork(shape_of(mode, dropout=1.0)).train()
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(torch.rand(parameter.shape))
        output = network(*padded(random_documents((6, 3))))
        biases: list[Tensor] = [
            x for name, x in network.named_parameters() if name.endswith(".predict.bias")
        ]
        local = torch.cat(biases)
    assert torch.equal(output.local_logits, local.expand(2, -1))
    assert torch.equal(output.global_logits, network.head.global_predict.bias.expand(2, -1))


@modes
def test_a_new_network_starts_at_the_priors(mode: str) -> None:
    """An empty document shows nothing but the biases, in both heads and so in their mixture."""
    torch.manual_seed(0)
    network = HarnnNetwork(shape_of(mode, (2, 3, 5), alpha=0.3)).eval()
    priors = torch.tensor([0.5, 0.9, 0.25, 0.01, 0.001, 0.0002, 0.75, 0.1, 0.999, 0.4])
    network.set_label_priors(priors)
    with torch.no_grad():
        output = network(*padded([[]]))
        for scores in (
            torch.sigmoid(output.local_logits[0]),
            torch.sigmoid(output.global_logits[0]),
            network.scores(output)[0],
        ):
            torch.testing.assert_close(scores, priors, rtol=1e-4, atol=1e-7)


@modes
def test_priors_of_a_new_network_shine_through_in_any_document(mode: str) -> None:
    torch.manual_seed(0)
    network = HarnnNetwork(shape_of(mode, (2, 3))).eval()
    priors = torch.tensor([0.9, 0.1, 0.5, 0.01, 0.99])
    network.set_label_priors(priors)
    with torch.no_grad():
        scores = network.scores(network(*padded(random_documents((5, 9, 2)))))
    torch.testing.assert_close(scores, priors.expand(3, -1), rtol=0, atol=0.1)


def test_priors_of_none_and_all_stay_finite() -> None:
    network = HarnnNetwork(shape_of("harnn", (1, 1))).eval()
    network.set_label_priors(torch.tensor([0.0, 1.0], dtype=torch.float64))
    with torch.no_grad():
        scores = network.scores(network(*padded([[]])))
    torch.testing.assert_close(scores, torch.tensor([[1e-4, 1 - 1e-4]]), rtol=1e-3, atol=0)


@pytest.mark.parametrize("freeze", [False, True])
def test_word_vectors_are_copied_and_frozen_where_asked(freeze: bool) -> None:
    torch.manual_seed(0)
    network = HarnnNetwork(shape_of("harnn"))
    vectors = torch.randn(network.embedding.weight.shape)
    network.set_word_vectors(vectors, freeze=freeze)
    vectors_before = vectors.clone()
    assert torch.equal(network.embedding.weight, vectors)
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    token_ids, lengths = padded([[3, 4], [5]])
    torch.autograd.backward(hybrid_loss(network(token_ids, lengths), torch.ones(2, 10)))
    optimizer.step()
    moved = (network.embedding.weight != vectors_before).any(dim=1).nonzero().flatten().tolist()
    assert moved == ([] if freeze else [3, 4, 5])
    assert torch.equal(vectors, vectors_before)  # what was passed in is not shared


def test_freezing_is_taken_back_by_vectors_that_may_learn() -> None:
    network = HarnnNetwork(shape_of("paper"))
    vectors = torch.zeros(network.embedding.weight.shape)
    network.set_word_vectors(vectors, freeze=True)
    assert not network.embedding.weight.requires_grad
    network.set_word_vectors(vectors)
    assert network.embedding.weight.requires_grad


def test_word_vectors_of_another_shape_are_refused() -> None:
    network = HarnnNetwork(shape_of("paper"))
    with pytest.raises(RuntimeError, match="must match"):
        network.set_word_vectors(torch.zeros(4, 5))


@modes
def test_the_shape_is_enough_to_build_the_network_again(mode: str) -> None:
    network = HarnnNetwork(shape_of(mode))
    plain: dict[str, Any] = network.shape.to_dict()
    assert plain["level_sizes"] == [2, 3, 5]
    levels = tuple(plain.pop("level_sizes"))
    again = HarnnNetwork(NetworkShape(**plain, level_sizes=levels))
    assert again.shape == network.shape
    again.load_state_dict(network.state_dict())
    token_ids, lengths = padded(random_documents((4, 0)))
    with torch.no_grad():
        found = again.eval()(token_ids, lengths)
        expected = network.eval()(token_ids, lengths)
    assert torch.equal(found.global_logits, expected.global_logits)
