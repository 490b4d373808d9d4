"""Exact counting over scores."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from harnn import counting
from harnn._memory import row_blocks


@pytest.mark.parametrize("documents", [0, 1, 7])
def test_labels_above_a_threshold(documents: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "row_blocks", partial(row_blocks, cells=8))  # two rows each
    scores = np.random.default_rng(2).random((documents, 4), dtype=np.float32)
    threshold = float(scores.flat[3]) if documents else 0.5
    found = counting.labels_above(scores, threshold)
    assert (found.shape, str(found.dtype), found.format) == (scores.shape, "bool", "csr")
    assert np.array_equal(found.toarray(), scores >= np.float32(threshold))
