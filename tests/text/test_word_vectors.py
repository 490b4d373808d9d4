"""Vectors trained on the text, and those of gensim's objects."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from harnn.config import TextConfig
from harnn.errors import VectorsError
from harnn.text import (
    Coverage,
    Tokenizer,
    WordVectors,
    count_tokens,
    from_keyed_vectors,
    train_vectors,
)

TEXTS = [
    "the cat sat on the mat with a cat",
    "the dog sat on the log with a dog",
    "stars and galaxies shine in the sky",
    "galaxies hold stars and dust in the sky",
] * 5
CONFIG = TextConfig(segmenter="words", min_count=1)
TRAIN_ELSEWHERE = """
import hashlib
from harnn.config import TextConfig
from harnn.text import Tokenizer, train_vectors
texts = ["red green blue", "blue green", "one two three four five six"] * 4
tokenizer = Tokenizer.build(texts, TextConfig(segmenter="words", min_count=1))
for kind in ("word2vec", "fasttext"):
    vectors = train_vectors(tokenizer.encode(texts).ids, tokenizer, kind=kind, size=4, epochs=1)
    print(hashlib.sha256(vectors.matrix.tobytes()).hexdigest())
"""


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer.build(TEXTS, CONFIG)


def train(tokenizer: Tokenizer, **settings: Any) -> WordVectors:
    ids = tokenizer.encode(TEXTS).ids
    return train_vectors(ids, tokenizer, **{"size": 12, "epochs": 2, **settings})


def test_every_word_of_the_text_gets_a_vector(tokenizer: Tokenizer) -> None:
    vectors = train(tokenizer)
    assert vectors.matrix.shape == (len(tokenizer), 12)
    assert vectors.matrix.dtype == np.float32
    assert vectors.size == 12
    assert vectors.source == "word2vec"
    assert vectors.found.tolist() == [False, False] + [True] * (len(tokenizer) - 2)
    assert not vectors.matrix[0].any()
    assert vectors.matrix[1:].any(axis=1).all()
    assert np.isfinite(vectors.matrix).all()
    assert (vectors.coverage.word_share, vectors.coverage.token_share) == (1.0, 1.0)
    assert (
        str(vectors.coverage) == "17 of 17 words (100.0%) and 100.0% of the tokens have a vector."
    )


@pytest.mark.parametrize("kind", ["word2vec", "fasttext"])
def test_the_seed_decides(tokenizer: Tokenizer, kind: str) -> None:
    first, second = train(tokenizer, kind=kind, seed=5), train(tokenizer, kind=kind, seed=5)
    np.testing.assert_array_equal(first.matrix, second.matrix)
    other = train(tokenizer, kind=kind, seed=6)
    assert not np.allclose(first.matrix[2:], other.matrix[2:])


@pytest.mark.slow
def test_every_process_gets_the_same_vectors() -> None:
    results = {
        subprocess.run(
            [sys.executable, "-W", "error::DeprecationWarning:harnn", "-c", TRAIN_ELSEWHERE],
            env={"PYTHONHASHSEED": seed, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(results) == 1
    assert len(results.pop().split()) == 2


def test_ids_and_words_train_alike(tokenizer: Tokenizer) -> None:
    class Words:
        def __iter__(self) -> Iterator[list[str]]:
            return (text.split() for text in TEXTS)

    by_words = train_vectors(Words(), tokenizer, size=12, epochs=2)
    np.testing.assert_array_equal(by_words.matrix, train(tokenizer).matrix)


def test_words_that_stand_together_lie_together(tokenizer: Tokenizer) -> None:
    vectors = train(tokenizer, size=16, epochs=200)
    rows = vectors.matrix / np.linalg.norm(vectors.matrix + 1e-9, axis=1, keepdims=True)

    def near(a: str, b: str) -> float:
        return float(rows[tokenizer.index[a]] @ rows[tokenizer.index[b]])

    assert near("galaxies", "stars") > near("galaxies", "mat")
    assert near("sat", "mat") > near("sat", "stars")


def test_the_unknown_word_is_trained() -> None:
    tokenizer = Tokenizer.build(TEXTS, TextConfig(segmenter="words", min_count=6))
    vectors = train(tokenizer)
    assert vectors.found[tokenizer.unknown_id]
    assert vectors.coverage.token_share == 1.0
    assert vectors.coverage.words == len(tokenizer) - 2


def test_padding_and_long_sentences(tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    """gensim reads 10,000 words of a sentence; longer ones must be split."""
    monkeypatch.setattr("harnn.text.word_vectors._SENTENCE_WORDS", 3)
    row = tokenizer.encode(["the cat sat on the mat"]).ids[0]
    padded = [np.concatenate([row, np.zeros(4, dtype=np.int32)])]
    assert count_tokens(padded, tokenizer).sum() == 6
    split = [row[:3], row[3:]]
    np.testing.assert_array_equal(
        train_vectors(padded, tokenizer, size=4).matrix,
        train_vectors(split, tokenizer, size=4).matrix,
    )


def test_count_tokens(tokenizer: Tokenizer) -> None:
    counts = count_tokens([["cat", "never", "cat"], np.array([1, 2], dtype=np.int32)], tokenizer)
    assert counts.dtype == np.int64
    assert counts[tokenizer.index["cat"]] == 2
    assert counts[tokenizer.unknown_id] == 2
    assert counts.sum() == 5


def test_nothing_is_printed(tokenizer: Tokenizer, capfd: pytest.CaptureFixture[str]) -> None:
    level = logging.getLogger("gensim").level
    train(tokenizer)
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("gensim").level == level


def test_no_words_to_train_on(tokenizer: Tokenizer) -> None:
    with pytest.raises(VectorsError) as caught:
        train_vectors([np.zeros(0, dtype=np.int32), []], tokenizer)
    assert str(caught.value) == (
        "There are no words to train word vectors on: every text is empty."
    )


def test_sentences_are_needed_more_than_once(tokenizer: Tokenizer) -> None:
    with pytest.raises(TypeError) as caught:
        train_vectors(iter([["cat"]]), tokenizer)
    assert str(caught.value) == ("sentences are read several times; give a list, not an iterator.")


def test_an_unknown_kind(tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match=r"^kind is 'glove', expected 'word2vec' or 'fasttext'\.$"):
        train(tokenizer, kind="glove")


def keyed(words: list[str], rows: list[list[float]]) -> Any:
    from gensim.models import KeyedVectors

    result = KeyedVectors(len(rows[0]))
    result.add_vectors(words, np.array(rows, dtype=np.float32))
    return result


def test_keyed_vectors_and_their_coverage() -> None:
    tokenizer = Tokenizer.build(["a a a a b b b c c d new"], CONFIG)
    counts = count_tokens(tokenizer.encode(["a a b b c d d d other"]).ids, tokenizer)
    source = keyed(["B", "c", "x", "a", "b"], [[9, 9], [3, 4], [8, 8], [1, 2], [5, 6]])
    vectors = from_keyed_vectors(source, tokenizer, counts)
    assert tokenizer.words == ("[PAD]", "[UNK]", "a", "b", "c", "d", "new")
    assert vectors.found.tolist() == [False, False, True, True, True, False, False]
    assert vectors.matrix[2:5].tolist() == [[1, 2], [5, 6], [3, 4]]
    assert vectors.coverage == Coverage(
        words=5, words_found=3, tokens=9, tokens_found=5, missing=(("d", 3), ("new", 0))
    )
    assert str(vectors.coverage) == (
        "3 of 5 words (60.0%) and 55.6% of the tokens have a vector; most frequent without: d, new."
    )


def test_coverage_without_counts() -> None:
    tokenizer = Tokenizer.build(["a a b"], CONFIG)
    vectors = from_keyed_vectors(keyed(["a"], [[1.0, 2.0]]), tokenizer)
    assert vectors.coverage.token_share is None
    assert vectors.coverage.missing == (("b", None),)
    assert str(vectors.coverage) == (
        "1 of 2 words (50.0%) have a vector; most frequent without: b."
    )


def test_words_without_a_vector_are_drawn_like_the_others() -> None:
    rng = np.random.default_rng(0)
    names = [f"w{i}" for i in range(2_000)]
    tokenizer = Tokenizer.build(names, CONFIG)
    rows = rng.normal([5.0, -1.0], [0.5, 2.0], (1_000, 2))
    source = keyed(names[:1_000], rows.tolist())
    vectors = from_keyed_vectors(source, tokenizer, seed=4)
    drawn = vectors.matrix[~vectors.found][1:]  # without padding
    assert len(drawn) == 1_001
    np.testing.assert_allclose(drawn.mean(axis=0), [5.0, -1.0], atol=0.2)
    np.testing.assert_allclose(drawn.std(axis=0), [0.5, 2.0], rtol=0.1)
    again = from_keyed_vectors(source, tokenizer, seed=4)
    np.testing.assert_array_equal(again.matrix, vectors.matrix)
    assert not np.array_equal(from_keyed_vectors(source, tokenizer, seed=5).matrix, vectors.matrix)


def test_one_vector_alone_still_tells_the_others_apart() -> None:
    tokenizer = Tokenizer.build(["a b c"], CONFIG)
    matrix = from_keyed_vectors(keyed(["a"], [[1.0, 2.0]]), tokenizer).matrix
    assert len(np.unique(matrix, axis=0)) == len(tokenizer)


def test_fasttext_composes_unseen_words(tokenizer: Tokenizer) -> None:
    from gensim.models import FastText

    model = FastText(vector_size=4, min_count=1, workers=1, bucket=100)
    model.build_vocab_from_freq({"cat": 5, "dog": 5})
    vectors = from_keyed_vectors(model.wv, tokenizer)
    assert vectors.found[2:].all()
    row = tokenizer.index["galaxies"]
    np.testing.assert_array_equal(vectors.matrix[row], model.wv.get_vector("galaxies"))


def test_keyed_vectors_of_other_words(tokenizer: Tokenizer) -> None:
    with pytest.raises(VectorsError) as caught:
        from_keyed_vectors(keyed(["nothing"], [[1.0]]), tokenizer)
    assert str(caught.value) == "No word of the vocabulary has a vector in the KeyedVectors given."


def test_counts_of_another_vocabulary(tokenizer: Tokenizer) -> None:
    with pytest.raises(ValueError, match=r"^token_counts has 3 items, expected 19\.$"):
        from_keyed_vectors(keyed(["cat"], [[1.0]]), tokenizer, np.zeros(3, dtype=np.int64))
