"""What one level tells the next: flat in the paper, peaked in the repaired network.

The situation: 150 tokens, one of which holds all the attention of the labels that fire.
"""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from harnn.network import HarnnLevel, LevelOutput, PaperLevel
from harnn.network.attention import masked_softmax

TOKENS, TOKEN = 150, 41
REAL = torch.ones(1, TOKENS, dtype=torch.bool)


def answer(kind: type[PaperLevel] | type[HarnnLevel], labels: int, firing: int) -> LevelOutput:
    """Ask a level whose first *firing* labels score 1 and look at one token, all others 0.

    The labels that do not fire look everywhere alike.
    """
    level = kind(input_size=2, attention_size=1, fc_size=3, label_count=labels, dropout=0.0)
    values = torch.zeros(1, TOKENS, 2)
    values[0, TOKEN, 0] = 1.0
    fires = torch.arange(labels) < firing
    with torch.no_grad():
        level.attend.project.weight.copy_(torch.tensor([[50.0, 0.0]]))  # tanh 1 there, 0 elsewhere
        level.attend.labels.copy_(200.0 * fires[:, None])
        level.predict.weight.zero_()
        level.predict.bias.copy_(torch.where(fires, 50.0, -50.0))
        if isinstance(level, HarnnLevel):
            level.read_out.zero_()
        document = torch.zeros(1, level.hidden.in_features - 2)
        output: LevelOutput = level(values, document, REAL, attention=True)
    return output


def attention_of(output: LevelOutput) -> Tensor:
    assert output.attention is not None
    return output.attention


def peak_and_rest(token_weights: Tensor | None) -> tuple[float, float]:
    assert token_weights is not None
    rest = torch.cat([token_weights[0, :TOKEN], token_weights[0, TOKEN + 1 :]])
    assert (rest.max() - rest.min()).item() < 1e-7
    return token_weights[0, TOKEN].item(), rest[0].item()


@pytest.mark.parametrize("kind", [PaperLevel, HarnnLevel])
def test_the_situation_is_as_described(kind: type[PaperLevel] | type[HarnnLevel]) -> None:
    output = answer(kind, labels=128, firing=2)
    assert attention_of(output)[0, :2, TOKEN].tolist() == [1.0, 1.0]
    torch.testing.assert_close(
        attention_of(output)[0, 2:], torch.full((126, TOKENS), 1 / TOKENS), atol=1e-8, rtol=0
    )
    scores = torch.sigmoid(output.logits[0])
    torch.testing.assert_close(scores, torch.tensor([1.0] * 2 + [0.0] * 126))


def test_the_dependency_of_the_paper_is_flat_for_one_label() -> None:
    peak, rest = peak_and_rest(answer(PaperLevel, labels=1, firing=1).token_weights)
    assert (round(peak, 4), round(rest, 4)) == (0.0179, 0.0066)
    # The softmax of a one among 149 zeros, from the formula.
    assert peak == pytest.approx(math.e / (math.e + 149), rel=1e-6)
    assert rest == pytest.approx(1 / (math.e + 149), rel=1e-6)


def test_the_dependency_of_the_paper_is_flat_for_two_labels_of_128() -> None:
    peak, rest = peak_and_rest(answer(PaperLevel, labels=128, firing=2).token_weights)
    assert (round(peak, 5), round(rest, 5)) == (0.00684, 0.00667)
    assert peak / rest < 1.03


def test_the_softmax_of_products_of_scores_and_attention_is_flat() -> None:
    """The numbers above without any network: softmax over tokens of P times A."""
    attention = torch.full((1, 128, TOKENS), 1 / TOKENS)
    attention[0, :2] = torch.nn.functional.one_hot(torch.tensor(TOKEN), TOKENS)
    scores = (torch.arange(128) < 2).float()
    weights = masked_softmax(scores[None, :, None] * attention, REAL)
    assert round(weights[0, 0, TOKEN].item(), 4) == 0.0179
    assert round(weights.mean(1)[0, TOKEN].item(), 5) == 0.00684


@pytest.mark.parametrize(("labels", "firing"), [(1, 1), (128, 2)])
def test_the_repaired_dependency_is_peaked(labels: int, firing: int) -> None:
    peak, rest = peak_and_rest(answer(HarnnLevel, labels, firing).token_weights)
    assert peak > 10 * rest  # as it starts, mixed mostly with the identity
    assert 149 / 150 * rest + peak / 150 == pytest.approx(1, rel=1e-5)


@pytest.mark.parametrize(("labels", "firing"), [(1, 1), (128, 2)])
def test_the_repaired_dependency_opened_holds_nothing_else(labels: int, firing: int) -> None:
    level = HarnnLevel(input_size=2, attention_size=1, fc_size=3, label_count=labels, dropout=0.0)
    output = answer(HarnnLevel, labels, firing)
    with torch.no_grad():
        for opened in (1.0, 4.0, 20.0):
            level.mixing.fill_(opened)
            weights = level._dependency(output.logits, attention_of(output), REAL)
            peak, rest = peak_and_rest(weights)
            assert peak > 10 * rest
            assert weights.mean().item() == pytest.approx(1, rel=1e-5)
    assert peak == pytest.approx(TOKENS, rel=1e-4)
    assert rest == pytest.approx(0, abs=1e-4)


def test_a_closed_dependency_hands_on_the_document_as_it_is() -> None:
    level = HarnnLevel(input_size=2, attention_size=1, fc_size=3, label_count=128, dropout=0.0)
    output = answer(HarnnLevel, labels=128, firing=2)
    with torch.no_grad():
        level.mixing.fill_(-30.0)
        weights = level._dependency(output.logits, attention_of(output), REAL)
    torch.testing.assert_close(weights, torch.ones(1, TOKENS))


@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    labels=st.integers(1, 5),
    offset=st.sampled_from([-90.0, -40.0, -15.0, 0.0, 15.0, 90.0]),
    mixing=st.floats(-5, 5),
    seed=st.integers(0, 1000),
)
def test_the_repaired_dependency_has_mean_1_over_real_tokens(
    lengths: list[int], labels: int, offset: float, mixing: float, seed: int
) -> None:
    """Whatever the scores, also where all of them are next to nothing."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(len(lengths), labels, generator=generator) + offset
    count = torch.tensor(lengths)
    mask = torch.arange(max(lengths) + 2) < count[:, None]
    looks = torch.randn(len(lengths), labels, max(lengths) + 2, generator=generator)
    level = HarnnLevel(input_size=2, attention_size=1, fc_size=3, label_count=labels, dropout=0.0)
    with torch.no_grad():
        level.mixing.fill_(mixing)
        weights = level._dependency(logits, masked_softmax(3 * looks, mask), mask)
    assert (weights >= 0).all()
    means = (weights * mask).sum(1) / count
    torch.testing.assert_close(means, torch.ones(len(lengths)), atol=1e-5, rtol=0)


@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4), seed=st.integers(0, 1000))
def test_the_dependency_of_the_paper_sums_to_1_over_real_tokens(
    lengths: list[int], seed: int
) -> None:
    torch.manual_seed(seed)
    level = PaperLevel(input_size=4, attention_size=3, fc_size=3, label_count=5, dropout=0.0)
    values = torch.randn(len(lengths), max(lengths) + 2, 4)
    mask = torch.arange(values.shape[1]) < torch.tensor(lengths)[:, None]
    with torch.no_grad():
        weights = level(values, torch.randn(len(lengths), 4), mask).token_weights
    assert not weights[~mask].any()
    torch.testing.assert_close(weights.sum(1), torch.ones(len(lengths)), atol=1e-6, rtol=0)
