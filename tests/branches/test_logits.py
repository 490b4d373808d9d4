"""The logits of several networks are averaged without a copy too many."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import logit

from harnn._memory import row_blocks
from harnn.branches.network.logits import mean_logits
from harnn.corpus import Corpus, encode_unlabelled

CORPUS = encode_unlabelled([], {})


def as_given(scores: NDArray[np.float32], _: Corpus) -> NDArray[np.float32]:
    """Score with a network that is its own answer."""
    return scores


def test_networks_say_their_mean_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    scores = [random.random((7, 5)).astype(np.float32) for _ in range(3)]
    monkeypatch.setattr(row_blocks, "__kwdefaults__", {"cells": 10})
    found = mean_logits(as_given, scores, CORPUS)
    expected = np.mean([logit(s) for s in scores], axis=0)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert found.dtype == np.float32


def test_certain_scores_have_finite_logits() -> None:
    certain = np.array([[0.0, 1.0]], np.float32)
    found = mean_logits(as_given, [certain], CORPUS)
    np.testing.assert_allclose(found, [[-13.8, 13.8]], atol=0.1)
    np.testing.assert_array_equal(certain, [[0, 1]])


def test_beside_the_logits_there_is_one_array_of_scores() -> None:
    shape = (1_000, 4_000)  # 16 MB

    def scores(network: float, _: Corpus) -> NDArray[np.float32]:
        return np.full(shape, network, np.float32)

    tracemalloc.start()
    try:
        mean_logits(scores, [0.3, 0.3], CORPUS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * 4 * shape[0] * shape[1]
