"""Attention in chunks of labels equals attention held whole, values and gradients alike."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from harnn.network import hybrid_loss, label_attention
from harnn.network.dropout import Dropout
from harnn.network.label_attention import LabelAttention
from support.small_networks import (
    padded,
    random_documents,
    random_network,
    random_targets,
    shape_of,
)

LENGTHS = (7, 0, 3, 5, 1)
LABELS = (4, 70, 133)


def losses(
    *, whole: bool, keep: int, monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype = torch.float64
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss and all gradients, with chunks of 32 labels where the attention is not whole."""
    monkeypatch.setattr(label_attention, "_CHUNK_BYTES", 1)
    monkeypatch.setattr(label_attention, "KEEP_BYTES", keep)
    network = random_network(shape_of("harnn", LABELS), seed=3, dtype=dtype)
    token_ids, lengths = padded(random_documents(LENGTHS), extra=2)
    output = network(token_ids, lengths, attention=whole)
    loss = hybrid_loss(output, random_targets(len(LENGTHS), sum(LABELS)).to(dtype))
    torch.autograd.backward(loss)
    found = {name: p.grad for name, p in network.named_parameters() if p.grad is not None}
    return loss.detach(), found


@pytest.mark.parametrize("keep", [0, 1 << 30], ids=["computed-again", "kept"])
def test_chunks_equal_the_whole(keep: int, monkeypatch: pytest.MonkeyPatch) -> None:
    loss, found = losses(whole=False, keep=keep, monkeypatch=monkeypatch)
    expected_loss, expected = losses(whole=True, keep=keep, monkeypatch=monkeypatch)
    torch.testing.assert_close(loss, expected_loss, rtol=1e-12, atol=0)
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-9, atol=1e-11, msg=name)


def test_nothing_is_kept_beyond_the_budget_nor_after_the_backward_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(label_attention, "_CHUNK_BYTES", 1)
    held = made_attention(labels=100)
    assert held.keeps()
    looks = held.look()
    assert len(held._kept) == 4  # chunks of 32 labels
    read = looks.read
    torch.autograd.backward(read.sum() + held.focus(torch.ones(2, 100), read).sum())
    assert held._kept == []
    assert held._focus_gradient is None
    monkeypatch.setattr(label_attention, "KEEP_BYTES", 2 * 5 * 100 * 4 * 2 - 1)
    held = made_attention(labels=100)
    held.look()
    assert held._kept == []


def made_attention(labels: int) -> LabelAttention:
    generator = torch.Generator().manual_seed(5)
    keys, values, queries, read_outs = (
        torch.randn(*size, generator=generator, requires_grad=True)
        for size in ((2, 5, 3), (2, 5, 4), (labels, 3), (labels, 4))
    )
    mask = torch.arange(5) < torch.tensor([5, 3])[:, None]
    return LabelAttention(keys, values * mask[:, :, None], mask, queries, read_outs)


def test_the_formulas_of_the_module() -> None:
    held = made_attention(labels=3)
    looks = held.look()
    shares = torch.tensor([[0.2, 0.3, 0.5], [1.0, 0.0, 0.0]])
    focus = held.focus(shares, looks.read)
    for b, length in enumerate((5, 3)):
        scores = held.keys[b, :length] @ held.queries.T  # (T, C)
        weights = torch.softmax(scores, dim=0)
        evidence = held.values[b, :length] @ held.read_outs.T
        torch.testing.assert_close(looks.read[b], (weights * evidence).sum(0))
        torch.testing.assert_close(looks.mean[b, :length], weights.mean(1))
        torch.testing.assert_close(focus[b, :length], weights @ shares[b])
        assert not looks.mean[b, length:].any()
        assert not focus[b, length:].any()


def test_bfloat16_is_close_to_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """As training computes it; chunks add up in float32."""
    network = random_network(shape_of("harnn", LABELS), seed=3)
    token_ids, lengths = padded(random_documents(LENGTHS))
    monkeypatch.setattr(label_attention, "_CHUNK_BYTES", 1)
    exact = network(token_ids, lengths)
    with torch.autocast("cpu", torch.bfloat16):
        rough = network(token_ids, lengths)
    assert rough.local_logits.dtype == torch.float32
    assert (network.scores(rough) - network.scores(exact)).abs().max() < 0.05


def test_dropout_drops_its_share_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    dropout = Dropout(0.3)
    x = torch.ones(200, 501, requires_grad=True)
    y = dropout(x)
    assert (y == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert y.mean().item() == pytest.approx(1, abs=0.01)
    torch.testing.assert_close(y.detach().unique(), torch.tensor([0, 1 / 0.7]), rtol=1e-4, atol=0)
    torch.autograd.backward(y.sum())
    assert x.grad is not None
    assert torch.equal(x.grad, y.detach())
    assert not torch.equal(dropout(x), y)
    torch.manual_seed(0)
    assert torch.equal(dropout(x), y)


@given(size=st.integers(0, 9), probability=st.sampled_from([0.0, 0.5, 1.0]))
def test_dropout_of_any_size(size: int, probability: float) -> None:
    x = torch.ones(size)
    y = Dropout(probability)(x)
    assert y.shape == x.shape
    assert set(y.tolist()) <= {0.0: {1.0}, 0.5: {0.0, 2.0}, 1.0: {0.0}}[probability]
    assert Dropout(probability).eval()(x) is x
