"""Windows of long documents against a slow reference, and the head that reads their states."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from harnn.network import LabelSample, LevelSample, TransformerNetwork, TransformerShape
from harnn.network.transformer import cut_windows

BEFORE, AFTER, PADDING = (101, 102), (103,), 7


def shape(*, tokens: int = 8, windows: int = 3, **changes: Any) -> TransformerShape:
    sizes: dict[str, Any] = {"hidden_size": 4, "level_sizes": (2, 3), "dropout": 0.0}
    given_ids = {"before": BEFORE, "after": AFTER, "padding_id": PADDING}
    return TransformerShape(tokens=tokens, windows=windows, **(sizes | given_ids | changes))


class States(nn.Module):
    """States that are known: of each token its id times the weights."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.tensor([0.01, -0.02, 0.03, 0.005]))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Any:
        assert attention_mask.shape == input_ids.shape
        return SimpleNamespace(last_hidden_state=input_ids[:, :, None] * self.weights)


def reference(document: list[int], room: int, windows: int) -> list[list[int]]:
    document = document[: room * windows]
    count = max(1, -(-len(document) // room))
    size = -(-len(document) // count)
    parts = [document[start * size : (start + 1) * size] for start in range(count)]
    return [[*BEFORE, *part, *AFTER] for part in parts]


@given(
    lengths=st.lists(st.integers(0, 30), min_size=1, max_size=5),
    tokens=st.integers(4, 12),
    windows=st.integers(1, 4),
)
def test_windows_are_those_of_the_reference(lengths: list[int], tokens: int, windows: int) -> None:
    documents = [[1000 * row + place for place in range(n)] for row, n in enumerate(lengths)]
    padded = torch.full((len(documents), max(1, *lengths)), 55)
    for row, document in enumerate(documents):
        padded[row, : len(document)] = torch.tensor(document)
    made = shape(tokens=tokens, windows=windows)
    cut = cut_windows(padded, torch.tensor(lengths), made)
    expected = [
        (row, window)
        for row, document in enumerate(documents)
        for window in reference(document, made.room, windows)
    ]
    assert cut.documents.tolist() == [row for row, _ in expected]
    for ids, mask, (_, window) in zip(cut.token_ids, cut.mask, expected, strict=True):
        assert ids[mask].tolist() == window
        assert mask[: len(window)].all()
        assert set(ids[~mask].tolist()) <= {PADDING}
    assert cut.token_ids.shape[1] % 8 == 0


def test_logits_are_those_of_the_mean_over_all_windows() -> None:
    made = shape()
    network = TransformerNetwork(States(), made).eval()
    documents: list[list[int]] = [[], [5, 6], list(range(20, 32))]
    padded = torch.zeros(3, 16, dtype=torch.int64)
    for row, document in enumerate(documents):
        padded[row, : len(document)] = torch.tensor(document)
    output = network(padded, torch.tensor([len(document) for document in documents]))
    weight, bias = network.predict.weight.detach().numpy(), network.predict.bias.detach().numpy()
    for row, document in enumerate(documents):
        every = [token for window in reference(document, made.room, 3) for token in window]
        states = np.array(every)[:, None] * network.encoder.weights.detach().numpy()  # type: ignore[operator]
        expected = states.mean(axis=0) @ weight.T + bias
        np.testing.assert_allclose(output.local_logits[row].detach(), expected, rtol=1e-5)
    torch.testing.assert_close(network.scores(output), output.global_logits.sigmoid())


def test_a_sample_of_labels_is_some_of_all_logits() -> None:
    network = TransformerNetwork(States(), shape()).eval()
    ids, lengths = torch.tensor([[5, 6, 9]]), torch.tensor([3])
    levels = (
        LevelSample(torch.tensor([1]), torch.tensor([2.0])),
        LevelSample(torch.tensor([0, 2]), torch.tensor([1.0, 2.0])),
    )
    some = network(ids, lengths, sample=LabelSample(levels)).local_logits
    torch.testing.assert_close(some, network(ids, lengths).local_logits[:, [1, 2, 4]])


def test_labels_start_at_their_share_of_the_documents() -> None:
    network = TransformerNetwork(States(), shape())
    priors = torch.tensor([0.5, 0.1, 0.9, 0.2, 0.3])
    network.set_label_priors(priors)
    torch.testing.assert_close(network.predict.bias.detach().sigmoid(), priors)


@pytest.mark.parametrize(("hidden", "expected"), [(8, 2_048), (4_000, 1_250), (40_000, 128)])
def test_large_encoders_read_less_at_once(hidden: int, expected: int) -> None:
    with torch.device("meta"):
        encoder = nn.Sequential(
            nn.Linear(hidden, hidden, bias=False), nn.Embedding(hidden + 1, hidden)
        )
        network = TransformerNetwork(encoder, shape(hidden_size=hidden))
    assert network.tokens_at_once == expected
