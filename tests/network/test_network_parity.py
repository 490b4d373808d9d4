"""The network equals a slow NumPy reference, its BiLSTM a packed one, its loss a sum by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from harnn.network import BiLSTM, HarnnNetwork, HarnnOutput, hybrid_loss, reverse_within_length
from support import numpy_reference
from support.small_networks import MODES, padded, random_documents, random_network, shape_of

LENGTHS = (2, 0, 17, 1, 5)


def assert_equals_reference(network: HarnnNetwork, documents: list[list[int]]) -> None:
    token_ids, lengths = padded(documents, extra=2)
    with torch.no_grad():
        output = network(token_ids, lengths, attention=True)
        scores = network.scores(output).numpy()
    alpha = network.shape.alpha
    for i, document in enumerate(documents):
        expected = numpy_reference.read(network, document)
        for ours, theirs in (
            (output.local_logits, expected.local_logits),
            (output.global_logits, expected.global_logits),
        ):
            np.testing.assert_allclose(ours[i].numpy(), theirs, atol=1e-5, rtol=1e-5)
        local = numpy_reference.sigmoid(expected.local_logits)
        whole = numpy_reference.sigmoid(expected.global_logits)
        np.testing.assert_allclose(scores[i], (1 - alpha) * local + alpha * whole, atol=1e-5)
        for ours, theirs in zip(output.attention, expected.attention, strict=True):
            np.testing.assert_allclose(ours[i, :, : len(document)].numpy(), theirs, atol=1e-5)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("level_sizes", [(4,), (2, 5), (1, 3, 6), (3, 4, 7, 11)])
def test_equals_the_numpy_reference(mode: str, level_sizes: tuple[int, ...]) -> None:
    network = random_network(shape_of(mode, level_sizes, alpha=0.3), seed=len(level_sizes))
    assert_equals_reference(network, random_documents(LENGTHS))


@pytest.mark.parametrize("mode", MODES)
@given(
    level_sizes=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    sizes=st.tuples(*[st.integers(1, 7)] * 4),
    lengths=st.lists(st.sampled_from([0, 1, 2, 17]), min_size=1, max_size=3),
    seed=st.integers(0, 1000),
)
def test_equals_the_numpy_reference_in_every_shape(
    mode: str, level_sizes: list[int], sizes: tuple[int, ...], lengths: list[int], seed: int
) -> None:
    names = ("embedding_size", "lstm_size", "attention_size", "fc_size")
    shape = shape_of(mode, level_sizes, **dict(zip(names, sizes, strict=True)))
    assert_equals_reference(random_network(shape, seed), random_documents(lengths, seed))


@pytest.mark.parametrize("mode", MODES)
def test_a_new_network_equals_the_reference(mode: str) -> None:
    torch.manual_seed(3)
    assert_equals_reference(HarnnNetwork(shape_of(mode)).eval(), random_documents(LENGTHS))


@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=5),
    extra=st.integers(0, 3),
    seed=st.integers(0, 1000),
)
def test_bilstm_equals_a_packed_bidirectional_lstm(
    lengths: list[int], extra: int, seed: int
) -> None:
    torch.manual_seed(seed)
    ours, theirs = BiLSTM(3, 4), nn.LSTM(3, 4, batch_first=True, bidirectional=True)
    copied = {f"{k}": v for k, v in ours.forward_lstm.state_dict().items()}
    copied |= {f"{k}_reverse": v for k, v in ours.backward_lstm.state_dict().items()}
    theirs.load_state_dict(copied)
    x = torch.randn(len(lengths), max(lengths) + extra, 3)
    sizes = torch.tensor(lengths)
    mask = torch.arange(x.shape[1]) < sizes[:, None]
    packed = nn.utils.rnn.pack_padded_sequence(x, sizes, batch_first=True, enforce_sorted=False)
    with torch.no_grad():
        expected, _ = nn.utils.rnn.pad_packed_sequence(
            theirs(packed)[0], batch_first=True, total_length=x.shape[1]
        )
        found = ours(x, sizes, mask)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)
    assert not found[~mask].any()


def test_reverse_within_length_by_hand() -> None:
    x = torch.tensor([[1, 2, 3, 0], [4, 5, 9, 9], [6, 7, 8, 5]])[:, :, None]
    expected = torch.tensor([[3, 2, 1, 0], [5, 4, 9, 9], [6, 7, 8, 5]])[:, :, None]
    assert torch.equal(reverse_within_length(x, torch.tensor([3, 2, 0])), expected)


@given(lengths=st.lists(st.integers(0, 9), min_size=1, max_size=5), extra=st.integers(0, 3))
def test_reversing_twice_changes_nothing(lengths: list[int], extra: int) -> None:
    x = torch.randn(len(lengths), max(lengths) + extra + 1, 2)
    sizes = torch.tensor(lengths)
    once = reverse_within_length(x, sizes)
    assert torch.equal(reverse_within_length(once, sizes), x)
    for row, length in enumerate(lengths):
        assert torch.equal(once[row, :length], x[row, :length].flip(0))
        assert torch.equal(once[row, length:], x[row, length:])


def test_forget_gates_start_open() -> None:
    torch.manual_seed(0)
    bilstm = BiLSTM(3, 4)
    for lstm in (bilstm.forward_lstm, bilstm.backward_lstm):
        weights = dict(lstm.named_parameters())
        bias = (weights["bias_ih_l0"] + weights["bias_hh_l0"]).detach()
        assert bias.tolist() == [0.0] * 4 + [1.0] * 4 + [0.0] * 8
        for gate in weights["weight_hh_l0"].detach().chunk(4):
            torch.testing.assert_close(gate @ gate.T, torch.eye(4), atol=1e-5, rtol=0)


def test_hybrid_loss_by_hand() -> None:
    log3 = float(np.log(3))  # its sigmoid is 3/4
    output = HarnnOutput(
        local_logits=torch.tensor([[0.0, log3], [0.0, -log3]]),
        global_logits=torch.tensor([[log3, log3], [-log3, 0.0]]),
        attention=(),
    )
    targets = torch.tensor([[1.0, 1.0], [0.0, 0.0]])
    # Minus the logarithms of the score of what is true, document by document.
    first = np.log(2) + np.log(4 / 3) + np.log(4 / 3) + np.log(4 / 3)
    second = np.log(2) + np.log(4 / 3) + np.log(4 / 3) + np.log(2)
    assert hybrid_loss(output, targets).item() == pytest.approx((first + second) / 2, rel=1e-6)
    assert hybrid_loss(output, 1 - targets).item() == pytest.approx(
        (3 * np.log(2) + 5 * np.log(4)) / 2, rel=1e-6
    )


@pytest.mark.parametrize("focus", [1.0, 2.5])
def test_focal_loss_by_its_formula(focus: float) -> None:
    generator = torch.Generator().manual_seed(1)
    local, whole = (torch.randn(3, 5, generator=generator) * 6 for _ in range(2))
    targets = torch.randint(0, 2, (3, 5), generator=generator).float()
    expected = 0.0
    for logits in (local, whole):
        scores = torch.sigmoid(logits.double())
        true = torch.where(targets > 0, scores, 1 - scores)  # p_t
        expected += float(-((1 - true) ** focus * torch.log(true)).sum()) / 3
    found = hybrid_loss(HarnnOutput(local, whole, ()), targets, focus=focus)
    assert found.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("known", [0.0, 40.0, 200.0])
@pytest.mark.parametrize("focus", [0.3, 1.0, 1.5])
def test_focal_loss_of_what_is_known_has_a_gradient(known: float, focus: float) -> None:
    logits = torch.full((1, 2), known, requires_grad=True)
    loss = hybrid_loss(HarnnOutput(logits, logits, ()), torch.tensor([[1.0, 0.0]]), focus=focus)
    torch.autograd.backward(loss)
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("documents", [1, 7])
@pytest.mark.parametrize("labels", [1, 9, 8364])
def test_hybrid_loss_is_summed_over_labels_and_averaged_over_documents(
    documents: int, labels: int
) -> None:
    zeros = torch.zeros(documents, labels)
    loss = hybrid_loss(HarnnOutput(zeros, zeros, ()), zeros)
    assert loss.item() == pytest.approx(2 * labels * np.log(2), rel=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_hybrid_loss_equals_the_cross_entropy_of_all_levels_and_the_whole(mode: str) -> None:
    network = random_network(shape_of(mode), dtype=torch.float64)
    token_ids, lengths = padded(random_documents(LENGTHS))
    targets = torch.randint(0, 2, (len(LENGTHS), 10), dtype=torch.float64)
    with torch.no_grad():
        output = network(token_ids, lengths)
        expected = torch.zeros((), dtype=torch.float64)
        start = 0
        for size in network.shape.level_sizes:
            columns = slice(start, start + size)
            local = torch.sigmoid(output.local_logits[:, columns])
            expected += (
                nn.functional.binary_cross_entropy(local, targets[:, columns], reduction="none")
                .sum(1)
                .mean(0)
            )
            start += size
        whole = torch.sigmoid(output.global_logits)
        expected += (
            nn.functional.binary_cross_entropy(whole, targets, reduction="none").sum(1).mean(0)
        )
    torch.testing.assert_close(hybrid_loss(output, targets), expected)
