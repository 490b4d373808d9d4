"""N-grams equal scikit-learn's, in any company and order, and unknown words by their pieces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from harnn.text import NgramFeatures
from harnn.text.ngram_counting import _WORD, find_words

WORDS = [
    "a",
    "bee",
    "bees",
    "hive",
    "hives",
    "honey",
    "keeper",
    "keeping",
    "2nd",
    "tap",
    "ox",
    ".",
    ",",
]
SIZES = (2, 5)


def made_texts(count: int, seed: int) -> list[str]:
    generator = np.random.default_rng(seed)
    return [" ".join(generator.choice(WORDS, size=generator.integers(0, 12))) for _ in range(count)]


TEXTS = [*made_texts(40, 1), "once", "", "bees bees bees"]
UNSEEN = [*made_texts(10, 2), "beehive keepers", "zzz", "", "honey unknown honey"]


def vectorizers() -> list[TfidfVectorizer]:
    common = {"sublinear_tf": True, "min_df": 2, "dtype": np.float64}
    return [
        TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+|[^\w\s]", **common),
        TfidfVectorizer(ngram_range=SIZES, analyzer="char_wb", **common),
    ]


def named_columns(features: NgramFeatures) -> list[str]:
    """The n-grams in the order of the columns, as scikit-learn writes them."""
    size = len(features.words)
    pairs = [
        f"{features.words[key // size]} {features.words[key % size]}" for key in features.pairs
    ]
    return [*features.words, *pairs, *features.pieces]


def by_scikit_learn(features: NgramFeatures, train: list[str], texts: list[str]) -> np.ndarray:
    """Words with pairs, and pieces, normalised alone and then together; in our order of columns."""
    words = len(features.words) + len(features.pairs)
    names, blocks = np.split(np.array(named_columns(features), dtype=object), [words]), []
    for vectorizer, wanted in zip(vectorizers(), names, strict=True):
        vectorizer.fit(train)
        assert sorted(vectorizer.vocabulary_) == sorted(wanted)
        columns = [vectorizer.vocabulary_[name] for name in wanted]
        blocks.append(vectorizer.transform(texts)[:, columns])
    return np.asarray(normalize(hstack(blocks)).toarray())


def test_parity_with_scikit_learn() -> None:
    features, vectors = NgramFeatures.build(TEXTS, piece_sizes=SIZES)
    assert vectors.shape == (len(TEXTS), len(features))
    assert vectors.dtype == np.float32
    for found, texts in ((vectors, TEXTS), (features.vectors(UNSEEN), UNSEEN)):
        expected = by_scikit_learn(features, TEXTS, texts)
        np.testing.assert_allclose(found.toarray(), expected, rtol=1e-5, atol=1e-7)


def test_words_alone() -> None:
    features, vectors = NgramFeatures.build(["x y", "y x", "y"])
    assert (features.words, features.pieces, len(features.pairs)) == (("x", "y"), (), 0)
    x, y = np.log(4 / 3) + 1, 1.0
    length = np.hypot(x, y)
    expected = [[x / length, y / length], [x / length, y / length], [0, 1]]
    np.testing.assert_allclose(vectors.toarray(), expected, rtol=1e-6)


@pytest.mark.parametrize("sizes", [(0, 0), (1, 1), (2, 3), SIZES])
def test_training_texts_have_the_vectors_that_build_returns(sizes: tuple[int, int]) -> None:
    texts = [*TEXTS, "水龙头漏水", "水龙头 tap"]
    features, vectors = NgramFeatures.build(iter(texts), piece_sizes=sizes)
    np.testing.assert_array_equal(features.vectors(texts).toarray(), vectors.toarray())


@given(st.permutations([*TEXTS[:6], *UNSEEN]), st.integers(1, 12))
@settings(max_examples=15)
def test_company_and_order_change_nothing(texts: list[str], count: int) -> None:
    features, _ = NgramFeatures.build(TEXTS, piece_sizes=SIZES)
    together = features.vectors(texts[:count]).toarray()
    alone = [features.vectors([text]).toarray()[0] for text in texts[:count]]
    np.testing.assert_array_equal(together, alone)


def test_the_order_of_training_texts_changes_only_that_of_the_columns() -> None:
    def as_sets(texts: list[str]) -> list[dict[str, float]]:
        features, _ = NgramFeatures.build(texts, piece_sizes=SIZES)
        names, rows = named_columns(features), features.vectors(UNSEEN)
        return [
            {names[column]: value for column, value in zip(row.indices, row.data, strict=True)}
            for row in (csr_array(rows[[number]]) for number in range(len(UNSEEN)))
        ]

    for row, other in zip(as_sets(TEXTS), as_sets(TEXTS[::-1]), strict=True):
        assert row == pytest.approx(other, rel=1e-5)


def test_many_texts_go_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    features, vectors = NgramFeatures.build(TEXTS, piece_sizes=SIZES)
    monkeypatch.setattr("harnn.text.ngrams._TEXTS_AT_ONCE", 7)
    np.testing.assert_array_equal(features.vectors(iter(TEXTS)).toarray(), vectors.toarray())


def test_lengths_are_1_or_0() -> None:
    features, _ = NgramFeatures.build(TEXTS, piece_sizes=SIZES)
    lengths = np.linalg.norm(features.vectors([*UNSEEN, " ;:\n", "水"]).toarray(), axis=1)
    empty = [i for i, text in enumerate([*UNSEEN, " ;:\n", "水"]) if lengths[i] == 0]
    assert np.allclose(np.delete(lengths, empty), 1)
    assert {UNSEEN.index(""), len(UNSEEN), len(UNSEEN) + 1} <= set(empty)
    assert features.vectors([]).shape == (0, len(features))


def test_nothing_to_count() -> None:
    for texts in ([], [""], ["once only", ""]):
        features, vectors = NgramFeatures.build(texts, piece_sizes=(2, 2) if not texts else (0, 0))
        assert len(features) == 0
        assert vectors.shape == (len(texts), 0)
        assert features.vectors(["once", ""]).shape == (2, 0)


def test_unseen_words_bring_the_pieces_that_are_known() -> None:
    features, _ = NgramFeatures.build(["keeper hive", "keeper hive"], piece_sizes=(3, 3))
    row = features.vectors(["keepers"])
    names = named_columns(features)
    assert sorted(names[column] for column in row.indices) == [" ke", "eep", "epe", "kee", "per"]
    assert features.vectors(["zzz"]).nnz == 0
    # an unseen word between two known ones: they are no neighbours
    pairs = features.vectors(["keeper zzz hive"])[:, len(features.words) :]
    assert pairs[:, : len(features.pairs)].nnz == 0
    assert features.vectors(["keeper hive"])[:, len(features.words) :].nnz > 1


def test_texts_have_no_neighbours_in_other_texts() -> None:
    features, _ = NgramFeatures.build(["a b", "b a", "", "a b", "b a"])
    assert named_columns(features) == ["a", "b", "a b", "b a"]
    assert features.vectors(["a", "b"])[:, 2:].nnz == 0


def test_han_characters_are_words() -> None:
    words = find_words("水龙头ABC漏水，x1_y Ｆｕｌｌ")
    assert words == [*"水龙头", "abc", *"漏水,", "x1_y", "full"]
    features, _ = NgramFeatures.build(["水龙头", "水龙", "龙头"])
    assert named_columns(features) == ["水", "龙", "头", "水 龙", "龙 头"]


@pytest.mark.parametrize("sizes", [(0, 0), (2, 3)])
def test_words_are_counted_without_marks_and_pieces(sizes: tuple[int, int]) -> None:
    features, _ = NgramFeatures.build(["a cat, a dog", "a cat, a dog"], piece_sizes=sizes)
    assert "," in features.words
    texts = ["", ",,", "cat cat dog, owl", "cats", "a; :"]
    vectors, counts = features.counted_vectors(texts)
    assert counts.tolist() == [[0, 0], [0, 0], [4, 3], [1, 0], [1, 1]]
    assert features.count_words(iter(texts)).tolist() == counts.tolist()
    assert (vectors.toarray() == features.vectors(texts).toarray()).all()
    assert features.count_words([]).shape == (0, 2)


@given(st.text(st.characters(max_codepoint=127), max_size=60))
@example("a_b-c\x00d\x1fe\x7ff\x1cg  (h),i")
def test_words_of_ascii_are_those_of_the_pattern(text: str) -> None:
    assert find_words(text) == _WORD.findall(text.lower())
    assert find_words(text, lowercase=False) == _WORD.findall(text)
