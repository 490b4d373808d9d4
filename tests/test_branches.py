"""What the branches say is put together without a copy too many."""

from __future__ import annotations

import tracemalloc
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from scipy.special import logit

from harnn._memory import row_blocks
from harnn.branches import branch_outputs

CORPUS = cast(Any, SimpleNamespace(vectors=None))


def test_networks_say_their_mean_logits(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    scores = [random.random((7, 5)).astype(np.float32) for _ in range(3)]
    monkeypatch.setattr(row_blocks, "__kwdefaults__", {"cells": 10})
    outputs = branch_outputs(None, [lambda _, s=s: s for s in scores], None, CORPUS)
    expected = np.mean([logit(s) for s in scores], axis=0)
    np.testing.assert_allclose(outputs["network"], expected, rtol=1e-4, atol=1e-5)
    assert outputs["network"].dtype == np.float32


def test_certain_scores_have_finite_logits() -> None:
    certain = np.array([[0.0, 1.0]], np.float32)
    said = branch_outputs(None, [lambda _: certain], None, CORPUS)["network"]
    np.testing.assert_allclose(said, [[-13.8, 13.8]], atol=0.1)
    np.testing.assert_array_equal(certain, [[0, 1]])


def test_beside_the_logits_there_is_one_array_of_scores() -> None:
    shape = (1_000, 4_000)  # 16 MB

    def scores(_: Any) -> np.ndarray:
        return np.full(shape, 0.3, np.float32)

    tracemalloc.start()
    try:
        branch_outputs(None, [scores, scores], None, CORPUS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3 * 4 * shape[0] * shape[1]
