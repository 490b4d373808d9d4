"""What a GPU wants otherwise than a CPU."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from harnn.network import BiLSTM, HarnnNetwork, NetworkShape, at_once, exact_float32
from harnn.network.on_gpu import MORE_ON_GPU, first_padding

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def test_a_gpu_computes_more_at_once() -> None:
    assert at_once(100, CPU) == 100
    assert at_once(100, GPU) == at_once(100, torch.device("cuda:1")) == 100 * MORE_ON_GPU


def test_nothing_is_padded_before_the_shortest_document() -> None:
    assert first_padding(torch.tensor([5, 3, 9])) == 3
    assert first_padding(torch.tensor([], dtype=torch.int64)) == 0
    assert first_padding(torch.tensor([5, 3], device="meta")) == 0  # it is not asked


@pytest.mark.parametrize("before", [True, False])
def test_recurrences_are_exact_for_a_while(before: bool) -> None:
    kept = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = before
    try:
        with pytest.raises(ZeroDivisionError), exact_float32():
            assert not torch.backends.cudnn.allow_tf32
            raise ZeroDivisionError
        assert torch.backends.cudnn.allow_tf32 == before
    finally:
        torch.backends.cudnn.allow_tf32 = kept


@pytest.mark.skipif(not hasattr(torch.backends.cudnn, "rnn"), reason="an older PyTorch")
def test_a_precision_of_ones_own_is_kept() -> None:
    library: Any = torch.backends.cudnn
    kept = library.allow_tf32
    library.rnn.fp32_precision = "ieee"
    try:
        with exact_float32():
            assert library.conv.fp32_precision == "tf32"
        assert library.rnn.fp32_precision == "ieee"
    finally:
        library.allow_tf32 = kept


@pytest.mark.parametrize(
    ("changes", "replays"),
    [({}, True), ({"mode": "paper"}, False), ({"encoder": "mingru"}, False)],
    ids=str,
)
def test_which_networks_are_recorded(changes: dict[str, str], replays: bool) -> None:
    plain: dict[str, Any] = dict.fromkeys(("dropout", "embedding_dropout", "alpha"), 0.5)
    plain |= dict.fromkeys(("embedding_size", "lstm_size", "attention_size", "fc_size"), 4)
    plain |= {"mode": "harnn", "vocabulary_size": 9, "level_sizes": (2, 3)} | changes
    shape = NetworkShape(**plain)
    assert HarnnNetwork(shape).replays == replays


def _read(encoder: BiLSTM, device: str) -> tuple[Tensor, list[Tensor]]:
    encoder = encoder.to(device)
    encoder.zero_grad()
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(5, 48, 16, generator=generator).to(device)
    lengths = torch.tensor([48, 1, 20, 33, 0], device=device)
    mask = torch.arange(48, device=device) < lengths[:, None]
    states = encoder(x, lengths, mask)
    torch.autograd.backward(states.square().sum())
    gradients = [x.grad.clone().cpu() for x in encoder.parameters() if x.grad is not None]
    return states.detach().cpu(), gradients


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_reads_alike() -> None:
    torch.manual_seed(1)
    encoder = BiLSTM(16, 8)
    expected, wanted = _read(encoder, "cpu")
    with exact_float32():
        states, gradients = _read(encoder, "cuda")
    torch.testing.assert_close(states, expected, rtol=1e-4, atol=1e-5)
    for ours, theirs in zip(gradients, wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)
