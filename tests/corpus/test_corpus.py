"""From documents to tensors: nothing lost, little padding, the same again with the same seed."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from harnn.branches.network.batch import make_batch
from harnn.config import TextConfig
from harnn.corpus import (
    Corpus,
    NgramsView,
    Tokens,
    TokensView,
    encode_corpus,
    encode_unlabelled,
    ordered_batches,
    shuffled_batches,
    sparse_targets,
)
from harnn.data import Document
from harnn.text import NgramFeatures, Tokenizer

document_lengths = st.lists(st.integers(0, 40), max_size=60).map(
    lambda lengths: np.array(lengths, dtype=np.int64)
)


class Written(NamedTuple):
    """A document as the tests write it down."""

    tokens: list[int]
    columns: list[int]


def corpus_of(written: Sequence[Written], labels: int) -> Corpus:
    lengths = [len(row.tokens) for row in written]
    tokens = Tokens(
        ids=np.array([t for row in written for t in row.tokens], dtype=np.int32),
        offsets=np.cumsum([0, *lengths]).astype(np.int64),
        full_lengths=np.array(lengths, dtype=np.int64),
    )
    return Corpus(
        ids=tuple(f"d{i}" for i in range(len(written))),
        targets=sparse_targets([np.array(row.columns, dtype=np.int32) for row in written], labels),
        views={"tokens": tokens},
    )


FOUR = [
    Written([5, 6, 7], [0, 2]),
    Written([], []),
    Written([8], [1]),
    Written([9, 1, 1, 3, 2], [0, 1, 2]),
]


def padding(lengths: NDArray[np.int64], batches: list[NDArray[np.int64]]) -> int:
    return sum(int(lengths[rows].max()) * len(rows) - int(lengths[rows].sum()) for rows in batches)


def assert_every_row_once(batches: list[NDArray[np.int64]], rows: int) -> None:
    assert sorted(int(row) for batch in batches for row in batch) == list(range(rows))
    assert all(len(batch) for batch in batches)


def test_a_corpus_gives_its_documents_back() -> None:
    corpus = corpus_of(FOUR, 3)
    assert len(corpus) == 4
    assert corpus.tokens.lengths.tolist() == [3, 0, 1, 5]
    assert [corpus.tokens.row(row).tolist() for row in range(4)] == [row.tokens for row in FOUR]
    assert corpus.truncated == 0


def test_a_batch_is_padded_with_zeros() -> None:
    batch = make_batch(corpus_of(FOUR, 3), np.array([2, 0, 1]))
    assert batch.token_ids[:, :3].tolist() == [[8, 0, 0], [5, 6, 7], [0, 0, 0]]
    assert not batch.token_ids[:, 3:].any()
    assert batch.lengths.tolist() == [1, 3, 0]
    assert batch.targets.tolist() == [[0, 1, 0], [1, 0, 1], [0, 0, 0]]
    assert batch.token_ids.dtype == batch.lengths.dtype == torch.int64
    assert batch.targets.dtype == torch.float32


@pytest.mark.parametrize(
    ("longest", "width"), [(0, 16), (1, 16), (15, 16), (16, 16), (17, 32), (256, 256), (257, 272)]
)
def test_a_batch_is_padded_to_its_longest_document_in_steps_of_16(longest: int, width: int) -> None:
    """A few widths only, so that buffers kept for each of them stay few."""
    corpus = corpus_of([Written([3] * longest, []), Written([4] * (longest // 2), [])], 1)
    assert make_batch(corpus, np.array([0, 1])).token_ids.shape == (2, width)


@pytest.mark.parametrize("rows", [[1], [1, 1], []])
def test_a_batch_without_any_token_is_not_without_width(rows: list[int]) -> None:
    batch = make_batch(corpus_of(FOUR, 3), np.array(rows, dtype=np.int64))
    assert batch.token_ids.shape == (len(rows), 16)
    assert not batch.token_ids.any()
    assert batch.targets.shape == (len(rows), 3)


def test_a_batch_of_unlabelled_documents_has_no_target_columns() -> None:
    corpus = corpus_of([Written([4, 5], []), Written([6], [])], 0)
    batch = make_batch(corpus, np.array([0, 1]))
    assert batch.targets.shape == (2, 0)
    assert batch.token_ids[:, :2].tolist() == [[4, 5], [6, 0]]


def test_a_batch_does_not_share_memory_with_the_corpus() -> None:
    corpus = corpus_of(FOUR, 3)
    batch = make_batch(corpus, np.arange(4))
    batch.token_ids.fill_(1)
    batch.lengths.fill_(1)
    batch.targets.fill_(1)
    assert corpus.fingerprint() == corpus_of(FOUR, 3).fingerprint()


@given(
    written=st.lists(
        st.builds(
            Written,
            st.lists(st.integers(1, 30), max_size=9),
            st.lists(st.integers(0, 4), unique=True, max_size=5).map(sorted),
        ),
        min_size=1,
        max_size=8,
    ),
    data=st.data(),
)
def test_a_batch_holds_what_was_written(written: list[Written], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(written) - 1), min_size=1, max_size=8))
    batch = make_batch(corpus_of(written, 5), np.array(rows))
    assert batch.token_ids.shape == (len(rows), 16)
    for i, row in enumerate(rows):
        length = int(batch.lengths[i])
        assert batch.token_ids[i, :length].tolist() == written[row].tokens
        assert not batch.token_ids[i, length:].any()
        assert batch.targets[i].nonzero().flatten().tolist() == written[row].columns


def test_sparse_targets_by_hand() -> None:
    targets = sparse_targets(
        [np.array(c, dtype=np.int32) for c in ([1, 3], [], [0])],
        4,
    )
    assert targets.dtype == bool
    assert targets.toarray().astype(int).tolist() == [[0, 1, 0, 1], [0, 0, 0, 0], [1, 0, 0, 0]]
    assert sparse_targets([], 4).shape == (0, 4)


@given(lengths=document_lengths, size=st.integers(1, 9), seed=st.integers(0, 99))
def test_shuffled_batches_hold_every_row_once(
    lengths: NDArray[np.int64], size: int, seed: int
) -> None:
    batches = shuffled_batches(lengths, size, np.random.default_rng(seed))
    assert_every_row_once(batches, len(lengths))
    assert all(len(batch) <= size for batch in batches)
    assert len(batches) == -(-len(lengths) // size)
    again = shuffled_batches(lengths, size, np.random.default_rng(seed))
    assert [batch.tolist() for batch in batches] == [batch.tolist() for batch in again]


def test_shuffled_batches_span_several_pools() -> None:
    lengths = np.random.default_rng(0).integers(0, 300, 1003)
    batches = shuffled_batches(lengths, 4, np.random.default_rng(1))
    assert_every_row_once(batches, 1003)
    # A last one that is smaller stands anywhere: the batches are shuffled too.
    assert sorted(map(len, batches)) == [3] + [4] * 250


def test_shuffled_batches_pad_little() -> None:
    lengths = np.random.default_rng(0).integers(1, 300, 2000)
    shuffled = shuffled_batches(lengths, 32, np.random.default_rng(1))
    order = np.random.default_rng(1).permutation(2000)
    at_random = [order[i : i + 32] for i in range(0, 2000, 32)]
    assert padding(lengths, shuffled) < 0.05 * lengths.sum()
    assert padding(lengths, at_random) > 0.5 * lengths.sum()


def test_shuffled_batches_differ_from_epoch_to_epoch_and_are_not_in_order_of_length() -> None:
    lengths = np.random.default_rng(0).integers(1, 300, 2000)
    generator = np.random.default_rng(1)
    first, second = (shuffled_batches(lengths, 32, generator) for _ in range(2))
    assert {frozenset(b.tolist()) for b in first}.isdisjoint(frozenset(b.tolist()) for b in second)
    means = [lengths[batch].mean() for batch in first]
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.5


@given(lengths=document_lengths, size=st.integers(1, 9), most=st.integers(0, 200))
def test_ordered_batches_hold_every_row_once_within_bounds(
    lengths: NDArray[np.int64], size: int, most: int
) -> None:
    batches = ordered_batches(lengths, size, max_tokens=most)
    assert_every_row_once(batches, len(lengths))
    flat = [int(lengths[row]) for batch in batches for row in batch]
    assert flat == sorted(flat, reverse=True)
    corpus = corpus_of([Written([1] * int(length), []) for length in lengths], 0)
    for batch in batches:
        assert len(batch) <= size
        if most and len(batch) > 1:
            assert make_batch(corpus, batch).token_ids.numel() <= most


def test_ordered_batches_by_hand() -> None:
    lengths = np.array([3, 40, 0, 14, 14])
    assert [b.tolist() for b in ordered_batches(lengths, 2)] == [[1, 3], [4, 0], [2]]
    # The longest does not fit and goes alone; equal lengths keep their order.
    by_tokens = ordered_batches(lengths, 3, max_tokens=32)
    assert [b.tolist() for b in by_tokens] == [[1], [3, 4], [0, 2]]


def test_ordered_batches_pad_least() -> None:
    lengths = np.random.default_rng(0).integers(1, 300, 2000)
    ordered = ordered_batches(lengths, 32)
    assert padding(lengths, ordered) < 0.02 * lengths.sum()
    assert len(ordered) == 63


def test_no_document_makes_no_batch() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert shuffled_batches(none, 4, np.random.default_rng(0)) == []
    assert ordered_batches(none, 4) == []


@pytest.mark.parametrize(
    "changed",
    [
        [*FOUR[:3], Written([9, 1, 1, 3, 4], [0, 1, 2])],  # a token
        [*FOUR[:3], Written([9, 1, 1, 3, 2], [0, 1])],  # a label
        [Written([5, 6], [0, 2]), Written([7], []), *FOUR[2:]],  # where a document ends
        [*FOUR, Written([], [])],
        FOUR[::-1],
        [],
    ],
)
def test_the_fingerprint_notices_every_change(changed: list[Written]) -> None:
    fingerprint = corpus_of(FOUR, 3).fingerprint()
    assert fingerprint == corpus_of(FOUR, 3).fingerprint()
    assert fingerprint != corpus_of(changed, 3).fingerprint()


def test_the_fingerprint_notices_other_ids() -> None:
    corpus = corpus_of(FOUR[:1], 3)
    renamed = dataclasses.replace(corpus, ids=("other",))
    assert corpus.fingerprint() != renamed.fingerprint()


def test_the_fingerprint_does_not_depend_on_the_kind_of_integers() -> None:
    corpus = corpus_of(FOUR, 3)
    tokens = dataclasses.replace(
        corpus.tokens,
        ids=corpus.tokens.ids.astype(np.int64),
        offsets=corpus.tokens.offsets.astype(np.int32),
    )
    wide = corpus.with_views({"tokens": tokens})
    assert corpus.fingerprint() == wide.fingerprint()


def test_documents_are_encoded_and_cut_at_the_limit() -> None:
    texts = ["the cat sat", "", "the the the the cat"]
    columns = [np.array(c, dtype=np.int32) for c in ([0, 2], [], [1])]
    documents = [Document(f"d{i}", {"text": text}) for i, text in enumerate(texts)]
    tokenizer = Tokenizer.build(texts, TextConfig(min_count=1, max_length=4, segmenter="words"))
    corpus = encode_corpus(
        zip(documents, columns, strict=True), {"tokens": TokensView(tokenizer)}, 3
    )
    assert corpus.ids == ("d0", "d1", "d2")
    assert corpus.tokens.lengths.tolist() == [3, 0, 4]
    assert corpus.tokens.full_lengths.tolist() == [3, 0, 5]
    assert corpus.truncated == 1
    words = [[tokenizer.words[token] for token in corpus.tokens.row(row)] for row in range(3)]
    assert words == [["the", "cat", "sat"], [], ["the", "the", "the", "the"]]
    assert corpus.targets.toarray().astype(int).tolist() == [[1, 0, 1], [0, 0, 0], [0, 1, 0]]


def test_n_grams_are_kept_where_they_are_asked_for() -> None:
    texts = ["the cat sat", "", "the the cat"] * 500
    features, vectors = NgramFeatures.build(texts)
    tokenizer = Tokenizer.build(texts, TextConfig(max_length=1, segmenter="words"))
    documents = [Document(str(i), {"text": text}) for i, text in enumerate(texts)]
    tokens, ngrams = TokensView(tokenizer), NgramsView(features)
    corpus = encode_unlabelled(iter(documents), {"tokens": tokens, "ngrams": ngrams})
    np.testing.assert_array_equal(corpus.views["ngrams"].toarray(), vectors.toarray())
    without = encode_unlabelled(iter(documents), {"tokens": tokens})
    assert "ngrams" not in without.views
    assert without.fingerprint() == corpus.fingerprint()


def test_many_documents_are_encoded_in_their_order() -> None:
    """More than are handed to the tokenizer at once."""
    count = 2_050
    tokenizer = Tokenizer.build(["one two three"], TextConfig(min_count=1, segmenter="words"))
    documents = (Document(str(i), {"text": "one " * (i % 5)}) for i in range(count))
    none = np.zeros(0, dtype=np.int32)
    corpus = encode_corpus(
        ((document, none) for document in documents), {"tokens": TokensView(tokenizer)}, 0
    )
    assert corpus.ids == tuple(map(str, range(count)))
    assert corpus.tokens.lengths.tolist() == [i % 5 for i in range(count)]
    assert corpus.targets.shape == (count, 0)


def test_no_documents_make_an_empty_corpus() -> None:
    tokenizer = Tokenizer.build(["one"], TextConfig(min_count=1, segmenter="words"))
    corpus = encode_corpus([], {"tokens": TokensView(tokenizer)}, 3)
    assert len(corpus) == 0
    assert corpus.tokens.lengths.tolist() == []
    assert corpus.truncated == 0
    assert corpus.targets.shape == (0, 3)
    assert corpus.fingerprint() == corpus.fingerprint()
