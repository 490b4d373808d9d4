"""Windows of long documents against a slow reference, and the head that reads their states."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor, nn

from harnn.network import (
    Beam,
    FrozenNetwork,
    LabelSample,
    LevelSample,
    TransformerNetwork,
    TransformerShape,
    hybrid_loss,
)
from harnn.network.transformer import cut_windows
from harnn.taxonomy import Hierarchy
from support.numpy_reference import read_states, weights_of
from support.small_networks import padded

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
    filled = torch.full((len(documents), max(1, *lengths)), 55)
    for row, document in enumerate(documents):
        filled[row, : len(document)] = torch.tensor(document)
    made = shape(tokens=tokens, windows=windows)
    cut = cut_windows(filled, torch.tensor(lengths), made)
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
    network = TransformerNetwork(States(), shape()).eval()
    documents: list[list[int]] = [[], [5, 6], list(range(20, 32))]
    output = network(*padded(documents))
    head = weights_of(network.head)
    for row, document in enumerate(documents):
        expected = head.linear("predict", states_of(network, document).mean(axis=0))
        np.testing.assert_allclose(output.local_logits[row].detach(), expected, rtol=1e-5)
    torch.testing.assert_close(network.scores(output), output.global_logits.sigmoid())


def states_of(network: TransformerNetwork, document: list[int]) -> NDArray[np.float64]:
    """Return the states (T, D) that the head reads of one document."""
    windows = reference(document, network.shape.room, network.shape.windows)
    tokens = np.array([token for window in windows for token in window], dtype=np.float64)
    return tokens[:, None] * weights_of(network.encoder)["weights"]


def hierarchical(seed: int = 0, **changes: Any) -> TransformerNetwork:
    """Return a network, in eval mode, all of whose weights are large enough to matter."""
    sizes: dict[str, Any] = {
        "head": "hierarchical",
        "attention_size": 3,
        "fc_size": 5,
        "alpha": 0.3,
    }
    network = TransformerNetwork(States(), shape(**(sizes | changes)))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.head.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.6)
    return network.eval()


DOCUMENTS: list[list[int]] = [[], [5, 60], list(range(20, 32)), [90, 3, 40, 41, 42, 9], [70]]


def test_the_hierarchical_head_is_that_of_the_slow_reference() -> None:
    """Long documents included: attention goes over the tokens of all their windows."""
    network = hierarchical()
    output = network(*padded(DOCUMENTS, extra=3), attention=True)
    made = network.shape
    for row, document in enumerate(DOCUMENTS):
        expected = read_states(weights_of(network.head), states_of(network, document), 2)
        local, whole = (x[row].detach() for x in (output.local_logits, output.global_logits))
        np.testing.assert_allclose(local, expected.local_logits, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(whole, expected.global_logits, rtol=1e-4, atol=1e-5)
        windows = reference(document, made.room, made.windows)
        inside = [
            len(BEFORE) <= place < len(window) - len(AFTER)
            for window in windows
            for place in range(len(window))
        ]
        for found, attention in zip(output.attention, expected.attention, strict=True):
            ours = found[row, :, : len(document)].detach()
            np.testing.assert_allclose(ours, attention[:, inside], rtol=1e-4, atol=1e-6)
            assert not found[row, :, len(document) :].any()
    mixed = 0.7 * output.local_logits.sigmoid() + 0.3 * output.global_logits.sigmoid()
    torch.testing.assert_close(network.scores(output), mixed)


def test_neighbours_and_padding_change_nothing() -> None:
    network = hierarchical()
    together = network(*padded(DOCUMENTS, extra=9))
    for row, document in enumerate(DOCUMENTS):
        alone = network(*padded([document]))
        torch.testing.assert_close(together.local_logits[row], alone.local_logits[0])
        torch.testing.assert_close(together.global_logits[row], alone.global_logits[0])


def test_gradients_reach_encoder_and_head() -> None:
    network = hierarchical().train()
    targets = torch.ones(len(DOCUMENTS), 5)
    torch.autograd.backward(hybrid_loss(network(*padded(DOCUMENTS)), targets))
    without = {name for name, x in network.named_parameters() if x.grad is None or not x.grad.any()}
    assert without == {"head.levels.1.mixing"}  # nothing comes after the last level


@pytest.mark.parametrize("head", ["mean", "hierarchical"])
def test_states_that_are_kept_say_the_same(head: str) -> None:
    network = hierarchical(head=head)
    with torch.no_grad():
        exact = torch.tensor([1.0, -2.0, 0.5, 0.25]) / 64  # in float16 too
        network.encoder.load_state_dict({"weights": exact})
        first = network.encode_once(*padded(DOCUMENTS[:2]))
        second = network.encode_once(*padded(DOCUMENTS[2:], extra=5))
    parts = [x.values.half().numpy() for x in (first, second)]
    every = [1 if head == "mean" else len(states_of(network, x)) for x in DOCUMENTS]
    assert [*first.counts.tolist(), *second.counts.tolist()] == every
    frozen, counts = FrozenNetwork(network, parts), torch.cat([first.counts, second.counts])
    starts = torch.cumsum(counts, 0) - counts
    expected = network(*padded(DOCUMENTS))
    for rows in ([0, 1], [1], [4, 2, 3]):
        numbers = torch.zeros(len(rows), 24, dtype=torch.int64)
        for place, row in enumerate(rows):
            numbers[place, : counts[row]] = starts[row] + torch.arange(int(counts[row]))
        output = frozen(numbers, counts[rows])
        torch.testing.assert_close(
            frozen.scores(output), network.scores(expected)[rows], rtol=1e-3, atol=1e-4
        )


def test_what_no_head_can_is_refused() -> None:
    taken = padded(DOCUMENTS)
    with pytest.raises(ValueError, match="the mean has none"):
        TransformerNetwork(States(), shape())(*taken, attention=True)
    beam = Beam(Hierarchy.from_edges([[2, 0], [3, 0], [4, 1]], np.array([1, 1, 2, 2, 2])), 1)
    for network in (hierarchical(), FrozenNetwork(hierarchical(), [np.zeros((1, 4), np.float16)])):
        with pytest.raises(ValueError, match="Expected no beam"):
            network(*taken, beam=beam)


@pytest.mark.parametrize("make", [lambda: TransformerNetwork(States(), shape()), hierarchical])
def test_all_labels_as_a_sample_are_all_labels(make: Callable[[], TransformerNetwork]) -> None:
    network = make().eval()
    levels = tuple(LevelSample(torch.arange(n), torch.ones(n)) for n in (2, 3))
    some, whole = (
        network(*padded(DOCUMENTS), sample=LabelSample(levels)),
        network(*padded(DOCUMENTS)),
    )
    torch.testing.assert_close(some.local_logits, whole.local_logits)
    torch.testing.assert_close(some.global_logits, whole.global_logits)


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
    priors = torch.tensor([0.5, 0.1, 0.9, 0.2, 0.3])
    for network in (TransformerNetwork(States(), shape()), hierarchical()):
        network.set_label_priors(priors)
        names = ("predict.bias", "global_predict.bias", "levels.0.predict.bias")
        state = network.head.state_dict()
        for bias in (state[name] for name in names if name in state):
            torch.testing.assert_close(bias.sigmoid(), priors[: len(bias)])


@pytest.mark.parametrize(("hidden", "expected"), [(8, 2_048), (4_000, 1_250), (40_000, 128)])
def test_large_encoders_read_less_at_once(hidden: int, expected: int) -> None:
    with torch.device("meta"):
        encoder = nn.Sequential(
            nn.Linear(hidden, hidden, bias=False), nn.Embedding(hidden + 1, hidden)
        )
        network = TransformerNetwork(encoder, shape(hidden_size=hidden))
    assert network.tokens_at_once == expected
