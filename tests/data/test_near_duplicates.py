"""Near duplicates: against all pairs compared, and without blowing up."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from scipy.sparse import csr_array

from harnn.data.near_duplicates import find_near_duplicates

WORDS = [f"word{n}" for n in range(3_000)]


def made(seed: int) -> list[str]:
    """Return texts of 60 words, and of some a copy in which a few words are others."""
    generator = random.Random(seed)
    texts = [generator.choices(WORDS, k=60) for _ in range(70)]
    for number in range(48):
        copy = list(texts[number])
        for place in generator.sample(range(60), number % 12):
            copy[place] = generator.choice(WORDS)
        texts.append(copy)
    return [" ".join(text) for text in texts]


def jaccard(one: str, two: str) -> float:
    runs = [
        {tuple(words[n : n + 3]) for n in range(len(words) - 2)}
        for words in (one.split(), two.split())
    ]
    return len(runs[0] & runs[1]) / len(runs[0] | runs[1])


@pytest.mark.parametrize("seed", range(2))
def test_finds_what_comparing_all_pairs_finds(seed: int) -> None:
    texts = made(seed)
    exact = {
        (one, two): jaccard(texts[one], texts[two])
        for one, two in itertools.combinations(range(len(texts)), 2)
    }
    found = find_near_duplicates(texts, similarity=0.6)
    pairs = dict(zip(map(tuple, found.rows.tolist()), found.similarity.tolist(), strict=True))
    assert {pair for pair, alike in exact.items() if alike >= 0.75} <= pairs.keys()
    assert all(exact[one, two] > 0.4 for one, two in pairs)
    errors = [abs(pairs[one, two] - exact[one, two]) for one, two in pairs]
    assert np.mean(errors) < 0.04
    assert found.similarity.tolist() == sorted(found.similarity.tolist(), reverse=True)
    assert found.cut == 0


def test_case_and_signs_do_not_count() -> None:
    texts = [
        "The bees, the hive!",
        "the BEES the hive",
        "",
        "  ",
        "!!",
        "养蜂人看蜂箱",
        "养蜂人看蜂箱。",
    ]
    found = find_near_duplicates(texts)
    assert found.rows.tolist() == [[0, 1], [5, 6]]
    assert found.similarity.tolist() == [1.0, 1.0]


def test_many_equal_texts_are_no_many_pairs() -> None:
    found = find_near_duplicates(["the same short text"] * 500)
    assert len(found.rows) < 500 * 10
    assert found.cut == 489


def test_other_labels() -> None:
    found = find_near_duplicates(["one two three four"] * 3)
    targets = csr_array(np.array([[1, 0], [1, 0], [0, 1]], dtype=bool))
    assert found.with_other_labels(targets).rows.tolist() == [[0, 2], [1, 2]]
    nothing = find_near_duplicates([])
    assert len(nothing.with_other_labels(csr_array((0, 2), dtype=bool)).rows) == 0


def test_long_texts() -> None:
    long = " ".join(random.Random(0).choices(WORDS, k=30_000))
    found = find_near_duplicates([long, long + " the end"])
    assert found.similarity.tolist() == [1.0]


@pytest.mark.parametrize("similarity", [0.0, 1.1, float("nan")])
def test_similarities_that_are_refused(similarity: float) -> None:
    with pytest.raises(ValueError, match="Expected a similarity above 0 and at most 1"):
        find_near_duplicates([], similarity=similarity)
