"""An answer depends on the document alone: not on padding, neighbours or order."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from harnn.network import HarnnNetwork
from support.small_networks import (
    MODES,
    VOCABULARY,
    padded,
    random_documents,
    random_network,
    shape_of,
)

document = st.lists(st.integers(1, VOCABULARY - 1), max_size=14)
documents_of_any_length = st.lists(document, min_size=1, max_size=6)
modes = pytest.mark.parametrize("mode", MODES)


@cache
def network_of(mode: str) -> HarnnNetwork:
    return random_network(shape_of(mode), seed=5)


@torch.no_grad()
def answers(mode: str, documents: list[list[int]], *, extra: int = 0) -> list[list[Tensor]]:
    """Logits, scores and attention to the real tokens, document by document."""
    network = network_of(mode)
    token_ids, lengths = padded(documents, extra=extra)
    output = network(token_ids, lengths, attention=True)
    tensors = (output.local_logits, output.global_logits, network.scores(output))
    return [
        [tensor[i] for tensor in tensors] + [a[i, :, : len(text)] for a in output.attention]
        for i, text in enumerate(documents)
    ]


def assert_same(found: list[list[Tensor]], expected: list[list[Tensor]]) -> None:
    for ours, theirs in zip(found, expected, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-6)


@modes
@given(documents=documents_of_any_length, extra=st.integers(1, 30))
def test_more_padding_changes_nothing(mode: str, documents: list[list[int]], extra: int) -> None:
    assert_same(answers(mode, documents, extra=extra), answers(mode, documents))


@modes
@given(documents=documents_of_any_length)
def test_the_other_documents_change_nothing(mode: str, documents: list[list[int]]) -> None:
    alone = [answers(mode, [text])[0] for text in documents]
    assert_same(answers(mode, documents), alone)


@modes
@given(data=st.data(), documents=documents_of_any_length)
def test_the_order_of_documents_changes_nothing(
    mode: str, data: st.DataObject, documents: list[list[int]]
) -> None:
    order = data.draw(st.permutations(range(len(documents))))
    found = answers(mode, [documents[i] for i in order])
    expected = answers(mode, documents)
    assert_same(found, [expected[i] for i in order])


@modes
def test_what_stands_in_the_padding_changes_nothing(mode: str) -> None:
    """Also not when word vectors give the padding word a vector of its own."""
    token_ids, lengths = padded(random_documents((3, 0, 8)), extra=4)
    filled = token_ids.clone()
    filled[torch.arange(token_ids.shape[1]) >= lengths[:, None]] = 7
    with torch.no_grad():
        found = network_of(mode)(filled, lengths, attention=True)
        expected = network_of(mode)(token_ids, lengths, attention=True)
    assert torch.equal(found.local_logits, expected.local_logits)
    assert torch.equal(found.global_logits, expected.global_logits)
    for ours, theirs in zip(found.attention, expected.attention, strict=True):
        assert torch.equal(ours, theirs)


@modes
def test_the_order_of_words_matters(mode: str) -> None:
    """A guard for the tests above: the answers are not the same for every document."""
    words = [3, 9, 4, 17]
    forward, back = answers(mode, [words, words[::-1]])
    assert (forward[2] - back[2]).abs().max() > 1e-3


@modes
@given(documents=documents_of_any_length, extra=st.integers(0, 5))
def test_attention_is_a_distribution_over_real_tokens(
    mode: str, documents: list[list[int]], extra: int
) -> None:
    network = network_of(mode)
    token_ids, lengths = padded(documents, extra=extra)
    real = torch.arange(token_ids.shape[1]) < lengths[:, None]
    with torch.no_grad():
        output = network(token_ids, lengths, attention=True)
        scores = network.scores(output)
    for attention, size in zip(output.attention, network.shape.level_sizes, strict=True):
        assert attention.shape == (len(documents), size, token_ids.shape[1])
        assert (attention >= 0).all()
        assert not attention.masked_select(~real[:, None, :]).any()
        expected = (lengths > 0).float()[:, None].expand(-1, size)
        torch.testing.assert_close(attention.sum(2), expected, atol=1e-5, rtol=0)
    assert scores.shape == (len(documents), network.shape.label_count)
    assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.3, 0.5, 0.7, 1.0])
def test_scores_stay_between_0_and_1(alpha: float) -> None:
    network = HarnnNetwork(shape_of("harnn", (2,), alpha=alpha))
    certain = torch.tensor([[1e4, -1e4]])
    output = network(*padded([[1]]))._replace(local_logits=certain, global_logits=certain)
    assert network.scores(output).tolist() == [[1.0, 0.0]]
    mixed = network.scores(output._replace(global_logits=-certain))
    torch.testing.assert_close(mixed, torch.tensor([[1 - alpha, alpha]]))


@modes
def test_attention_is_handed_out_only_where_asked_for(mode: str) -> None:
    assert network_of(mode)(*padded([[1, 2]])).attention == ()


@modes
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_answers_have_the_precision_of_the_weights(mode: str, dtype: torch.dtype) -> None:
    network = random_network(shape_of(mode), dtype=dtype)
    output = network(*padded(random_documents((3, 0))), attention=True)
    for tensor in (output.local_logits, output.global_logits, *output.attention):
        assert tensor.dtype == dtype


@modes
def test_answers_under_bfloat16_are_float32_and_close(mode: str) -> None:
    token_ids, lengths = padded(random_documents((3, 0, 11)))
    network = network_of(mode)
    with torch.no_grad():
        exact = network(token_ids, lengths, attention=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = network(token_ids, lengths, attention=True)
    for tensor in (output.local_logits, output.global_logits, *output.attention):
        assert tensor.dtype == torch.float32
    torch.testing.assert_close(network.scores(output), network.scores(exact), atol=0.05, rtol=0)
