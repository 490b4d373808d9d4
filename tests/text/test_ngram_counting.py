"""N-grams counted some texts at a time are those of all texts at once, to the bit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from harnn._scratch import scratch_in
from harnn.text import NgramCounter, NgramFeatures, ngram_counting
from harnn.text.ngram_counting import NumberedWords, merge_counts

TEXTS = st.lists(
    st.lists(st.sampled_from(["a", "bee", "bees", "hive", "蜜", "2nd", ","]), max_size=8).map(
        " ".join
    ),
    max_size=12,
)


def made_of(
    texts: Sequence[str], *, words: int, kept: int, pairs: int, least: int
) -> tuple[NgramFeatures, csr_array]:
    """Count in blocks of that many words and pairs; kept, least: bytes in memory."""
    limits: dict[str, Any] = {"_WORDS_AT_ONCE": words, "_KEPT_BYTES": kept, "_PAIRS_AT_ONCE": pairs}
    with patch.multiple(ngram_counting, _SAMPLED_EVERY=1, **limits), scratch_in(None, least=least):
        return NgramFeatures.build(texts, piece_sizes=(2, 5))


@given(
    texts=TEXTS,
    words=st.integers(1, 20),
    kept=st.sampled_from([0, 500, 1 << 20]),
    pairs=st.integers(1, 9),
    least=st.sampled_from([1, 1 << 20]),
)
def test_blocks_do_not_matter(
    texts: list[str], words: int, kept: int, pairs: int, least: int
) -> None:
    whole, vectors = NgramFeatures.build(texts, piece_sizes=(2, 5))
    found, parts = made_of(texts, words=words, kept=kept, pairs=pairs, least=least)
    assert (found.words, found.pieces) == (whole.words, whole.pieces)
    np.testing.assert_array_equal(found.pairs, whole.pairs)
    for kind, idf in whole.idf.items():
        assert idf.tobytes() == found.idf[kind].tobytes()
    assert vectors.shape == parts.shape == (len(texts), len(whole))
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(vectors, name), getattr(parts, name))


@given(
    parts=st.lists(st.dictionaries(st.integers(0, 40), st.integers(1, 5)), max_size=6),
    at_once=st.integers(1, 12),
)
def test_counts_are_merged(parts: list[dict[int, int]], at_once: int) -> None:
    expected: Counter[int] = Counter()
    for part in parts:
        expected.update(part)
    ordered = [sorted(part.items()) for part in parts]
    cells = np.array([cell for part in ordered for cell in part], dtype=np.int64).reshape(-1, 2)
    ends = [0, *np.cumsum([len(part) for part in parts]).tolist()]
    with patch.multiple(ngram_counting, _SAMPLED_EVERY=1, _PAIRS_AT_ONCE=at_once):
        found = merge_counts(cells[:, 0], cells[:, 1], ends)
    kept = {key: count for key, count in expected.items() if count >= 2}
    assert dict(zip(found.keys.tolist(), found.texts.tolist(), strict=True)) == kept
    assert found.keys.tolist() == sorted(kept)


@given(sizes=st.lists(st.integers(0, 9), max_size=20), at_once=st.integers(1, 12))
def test_blocks_cover_all_texts_and_are_small(sizes: list[int], at_once: int) -> None:
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    numbered = NumberedWords(np.arange(offsets[-1]), offsets)
    with patch.object(ngram_counting, "_WORDS_AT_ONCE", at_once):
        blocks = list(numbered.blocks())
    assert [row for each in blocks for row in range(each.start, each.stop)] == list(
        range(len(sizes))
    )
    for each in blocks:
        some = numbered.only(each)
        assert len(some.ids) <= at_once or each.stop == each.start + 1  # one long text
        assert some.offsets[0] == 0
        assert some.ids.tolist() == list(range(offsets[each.start], offsets[each.stop]))


def test_words_are_counted_while_more_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harnn.text.ngrams._WAITING_WORDS", 3)
    counter = NgramCounter()
    for text in ("a b", "b c . b", "", "d"):
        counter.add(text)
    assert dict(counter.counts()) == {"a": 1, "b": 3, "c": 1, "d": 1}
    assert len(counter) == 7
    assert [counter.words_of_texts(most) for most in (1, 3, 9)] == [3, 6, 7]
    assert counter.mean_words(2, 9) == 3.0
    assert counter.mean_words(9, 3) == 6 / 4  # a long text is no outlier
    counter.add("b e")
    assert dict(counter.counts())["b"] == 4
    features, vectors = counter.finish()
    assert features.words == ("b",)
    assert vectors.shape == (5, 1)
