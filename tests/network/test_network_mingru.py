"""The lighter recurrence: equal to its formula step by step, gradients, padding."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harnn.network import BiMinGRU
from support.small_networks import padded, random_documents, random_network, shape_of

SIZE = 3


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(1 / (1 + np.exp(-x)))


def read_one_way(words: np.ndarray, gates: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Words (T, E); gates and candidates: weights (H, E + 1), the bias last."""
    state, states = np.zeros(SIZE), []
    for word in words:
        z = sigmoid(gates[:, :-1] @ word + gates[:, -1])
        candidate = candidates[:, :-1] @ word + candidates[:, -1]
        state = (1 - z) * state + z * candidate
        states.append(state)
    return np.array(states).reshape(-1, SIZE)


@given(
    lengths=st.lists(st.integers(0, 9), min_size=1, max_size=5),
    extra=st.integers(0, 3),
    seed=st.integers(0, 1000),
)
def test_equals_its_formula(lengths: list[int], extra: int, seed: int) -> None:
    torch.manual_seed(seed)
    encoder = BiMinGRU(4, SIZE).double()
    torch.nn.init.normal_(encoder.project.bias)
    x = torch.randn(len(lengths), max(1, *lengths) + extra, 4, dtype=torch.float64)
    sizes = torch.tensor(lengths)
    mask = torch.arange(x.shape[1]) < sizes[:, None]
    with torch.no_grad():
        found = encoder(x, sizes, mask).numpy()
    parameters = torch.cat([encoder.project.weight, encoder.project.bias[:, None]], dim=1)
    z_ahead, z_back, c_ahead, c_back = parameters.detach().numpy().reshape(4, SIZE, -1)
    for row, length in enumerate(lengths):
        words = x[row, :length].numpy()
        ahead = read_one_way(words, z_ahead, c_ahead)
        back = read_one_way(words[::-1], z_back, c_back)[::-1]
        np.testing.assert_allclose(found[row, :length], np.hstack([ahead, back]), atol=1e-12)
        assert not found[row, length:].any()


def test_gradients() -> None:
    torch.manual_seed(1)
    encoder = BiMinGRU(2, 2).double()
    lengths = torch.tensor([4, 0, 3])
    mask = torch.arange(5) < lengths[:, None]
    x = torch.randn(3, 5, 2, dtype=torch.float64, requires_grad=True)
    weights = tuple(encoder.parameters())

    def read(x: torch.Tensor, *_weights: torch.Tensor) -> torch.Tensor:
        states: torch.Tensor = encoder(x, lengths, mask)
        return states

    assert torch.autograd.gradcheck(read, (x, *weights))


@settings(max_examples=20)
@given(lengths=st.lists(st.integers(0, 9), min_size=1, max_size=5), extra=st.integers(0, 20))
def test_padding_changes_nothing(lengths: list[int], extra: int) -> None:
    network = random_network(shape_of("harnn", encoder="mingru"))
    documents = random_documents(lengths)
    with torch.no_grad():
        found = network.scores(network(*padded(documents, extra=extra)))
        alone = [network.scores(network(*padded([document]))) for document in documents]
    torch.testing.assert_close(found, torch.cat(alone), atol=1e-5, rtol=0)
