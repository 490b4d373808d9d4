"""What is held back for validation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from harnn import Document
from harnn.errors import ConfigError, DocumentError
from harnn.estimator.splitting import validation_rows


def documents(count: int, texts: int | None = None) -> list[Document]:
    return [Document(str(n), {"text": f"text {n % (texts or count)}"}) for n in range(count)]


def label_sets(count: int, seed: int = 0) -> Any:
    return csr_array(np.random.default_rng(seed).random((count, 5)) < 0.3)


@given(st.integers(2, 60), st.floats(0.01, 0.99), st.integers(0, 5), st.booleans())
def test_some_are_held_back_and_some_are_not(
    count: int, share: float, seed: int, grouped: bool
) -> None:
    groups = np.arange(count) // 2 if grouped and count > 2 else None
    held = validation_rows(documents(count), label_sets(count), share, groups=groups, seed=seed)
    assert held.dtype == bool
    assert held.shape == (count,)
    assert 0 < held.sum() < count
    if groups is not None:
        assert not set(groups[held]) & set(groups[~held])


def test_every_label_has_its_share() -> None:
    sets = label_sets(400)
    held = validation_rows(documents(400), sets, 0.25)
    assert held.sum() == 100
    shares = sets[held].sum(axis=0) / sets.sum(axis=0)
    assert np.abs(shares - 0.25).max() < 0.02


def test_a_label_of_one_document_is_trained_on() -> None:
    sets = label_sets(50).toarray()
    sets[:, 4] = False
    for row in range(0, 50, 7):
        rare = sets.copy()
        rare[row, 4] = True
        assert not validation_rows(documents(50), csr_array(rare), 0.5)[row]


def test_equal_texts_stay_together() -> None:
    held = validation_rows(documents(40, texts=10), label_sets(40), 0.3)
    numbers = np.arange(40) % 10
    assert not set(numbers[held]) & set(numbers[~held])


def test_seeds() -> None:
    drawn = [validation_rows(documents(40), label_sets(40), 0.3, seed=n) for n in (1, 1, 2)]
    assert (drawn[0] == drawn[1]).all()
    assert (drawn[0] != drawn[2]).any()


def test_what_is_refused() -> None:
    with pytest.raises(
        ConfigError, match=r"^groups: has shape \(2,\), expected one group for each"
    ):
        validation_rows(documents(3), label_sets(3), 0.5, groups=["a", "b"])
    with pytest.raises(DocumentError, match=r"^X: has but one text, expected 2 at least: some are"):
        validation_rows(documents(3, texts=1), label_sets(3), 0.5)
    with pytest.raises(DocumentError, match=r"^X: has but one group, expected 2 at least"):
        validation_rows(documents(3), label_sets(3), 0.5, groups=["a", "a", "a"])
