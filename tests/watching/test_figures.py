"""Figures: counted, added, stored and read back."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from harnn.corpus import Corpus
from harnn.corpus.views import Tokens
from harnn.data import Document
from harnn.decode import Decoder
from harnn.errors import BundleError
from harnn.watching import (
    Block,
    Figures,
    TextSigns,
    choosing_of,
    count_block,
    figures_from_dict,
    figures_to_dict,
    join_blocks,
    options_of,
    vectors_of,
)
from harnn.watching.figures import length_bin
from support.watched import TAXONOMY, made_block, made_figures

HIERARCHY = TAXONOMY.hierarchy


def same(one: Figures, other: Figures) -> bool:
    plain = [figures_to_dict(each) for each in (one, other)]
    for each in plain:
        each["words"] = np.round(each["words"], 6).tolist()
        each["vectors"] = each["vectors"] and np.round(each["vectors"]["sums"], 3).tolist()
    return plain[0] == plain[1]


def test_documents_are_counted() -> None:
    scores = np.zeros((3, len(TAXONOMY)), np.float32)
    scores[0, [0, 3]] = 0.9, 0.61
    scores[1, [1, 7]] = 0.2, 0.1
    scores[2, [0, 4]] = 1.0, 0.5
    block = Block(
        TextSigns.of(
            [
                Document("1", {"title": "The bees", "text": " "}),
                Document("2", {"text": "水龙头漏水"}),
                Document("3", {"title": "", "text": "!"}),
            ]
        ),
        frozenset({"title", "text"}),
        np.array([[2, 1], [5, 0], [0, 0]]),
        scores,
        "so",
        csr_array(scores >= 0.5),
        targets=csr_array(scores >= 0.6),
    )
    found = count_block(block, HIERARCHY)
    assert (found.documents, found.chosen, found.unlabelled, found.doubtful) == (3, 3, 1, 1)
    assert found.given.tolist()[:5] == [2, 0, 0, 1, 1]
    assert found.best.tolist() == [2, 1, 0, 1, 1, 0, 0, 1, *[0] * 7]
    assert np.flatnonzero(found.scores[0]).tolist() == [20, 90, 99]
    assert np.flatnonzero(found.scores[1]).tolist() == [10, 50, 61]
    assert (found.words.tops, found.words.bottoms) == (6, 7)
    assert found.writings == {"English": 1, "Han": 1, "none": 1}
    assert found.empty_fields == {"text": 1, "title": 2}
    assert found.f1 is not None
    assert [each.value for each in found.f1] == [6 / 7, 1.0, 2 / 3]
    assert found.vectors is None
    assert count_block(block, HIERARCHY, fields=["title"]).empty_fields == {"title": 2}


def test_figures_add_up() -> None:
    blocks = [made_block(200, seed, right=0.8) for seed in (1, 2, 3)]
    parts = [count_block(each, HIERARCHY) for each in blocks]
    whole = count_block(join_blocks([replace(each, targets=None) for each in blocks]), HIERARCHY)
    total = parts[0] + parts[1] + parts[2]
    assert total.f1 is not None
    assert same(replace(total, f1=None), whole)
    with pytest.raises(ValueError, match="chosen alike"):
        _ = total + made_figures(10, 1, choosing="otherwise")


def test_a_field_that_documents_lack_is_empty() -> None:
    one, other = made_figures(10, 1, empty=0), made_figures(20, 2, empty=0)
    both = one + replace(other, empty_fields={"title": 3})
    assert both.empty_fields == {"text": 20, "title": 13}


def test_words_fall_into_bins() -> None:
    found = length_bin(np.array([0, 1, 2, 3, 4, 8, 10**9])).tolist()
    assert found == [0, 1, 5, 7, 9, 13, 63]


def test_they_are_read_back() -> None:
    figures = made_figures(300, 1, right=0.8)
    plain = json.loads(json.dumps(figures_to_dict(figures)))
    found = figures_from_dict(plain, HIERARCHY, where="reference.json")
    assert same(found, figures)
    assert found.vectors is not None
    assert found.vectors.products is None
    bare = replace(figures, vectors=None, vector_kind="", f1=None)
    assert same(figures_from_dict(figures_to_dict(bare), HIERARCHY, where=""), bare)
    assert {each.name for each in fields(Figures)} - plain.keys() == {"vector_kind"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "r.json: has format 2, expected 1."),
        ({"documents": -1}, "r.json: documents: got -1, expected a count."),
        ({"given": [1]}, "r.json: given: got [1], expected 15 counts."),
        ({"scores": [[1]]}, "r.json: scores: got [[1]], expected 2 lists of 100 counts."),
        ({"words": [1, "x"]}, "r.json: words: got [1, 'x'], expected 6 numbers."),
        ({"writings": {"Elvish": 1}}, "r.json: writings: got {'Elvish': 1}, expected an object of "
         "counts by writing."),
        ({"vectors": {"kind": "x"}}, "r.json: vectors: got {'kind': 'x'}, expected sums of "
         "vectors, or null."),
        ({"f1": []}, "r.json: f1: got [], expected 3 lists of 6 numbers, or null."),
        ({"documents": 301}, "r.json: is damaged: its counts do not belong together."),
        ({"unlabelled": 301}, "r.json: is damaged: its counts do not belong together."),
    ],
)  # fmt: skip
def test_damage_is_told(change: dict[str, Any], message: str) -> None:
    plain = figures_to_dict(made_figures(300, 1, right=0.8))
    with pytest.raises(BundleError) as caught:
        figures_from_dict(plain | change, HIERARCHY, where="r.json")
    assert str(caught.value) == message


@pytest.mark.parametrize("plain", [[], None, "x", {"format": 1}])
def test_other_things_are_refused(plain: Any) -> None:
    with pytest.raises(BundleError):
        figures_from_dict(plain, HIERARCHY, where="r.json")


@pytest.mark.parametrize(
    "options",
    [{}, {"threshold": 0.3}, {"top_k": 4}, {"strategy": "level", "close": "down"}],
)
def test_labels_can_be_chosen_as_they_were(options: dict[str, Any]) -> None:
    decoder = Decoder(0.5, level_thresholds=(0.4, 0.6), top_k=2)
    then = decoder.with_options(**options)
    assert decoder.with_options(**options_of(choosing_of(then))) == then


def test_sparse_vectors_are_folded_without_losing_distances() -> None:
    rng = np.random.default_rng(1)
    dense = rng.random((20, 5_000)) * (rng.random((20, 5_000)) < 0.02)
    dense /= np.linalg.norm(dense, axis=1, keepdims=True)
    corpus = Corpus(("x",) * 20, csr_array((20, 0), dtype=bool), {"ngrams": csr_array(dense)})
    found = vectors_of(corpus, whole_texts=True)
    assert found is not None
    kind, folded = found
    assert (kind, folded.shape) == ("n-grams", (20, 256))
    mean = np.linalg.norm(folded[:10].mean(axis=0) - folded[10:].mean(axis=0))
    expected = np.linalg.norm(dense[:10].mean(axis=0) - dense[10:].mean(axis=0))
    assert mean == pytest.approx(expected, rel=0.25)


def test_other_vectors() -> None:
    tokens = Tokens(np.array([2, 2, 5], np.int32), np.array([0, 3, 3]), np.array([3, 0]))
    views: dict[str, Any] = {"tokens": tokens}
    corpus = Corpus(("a", "b"), csr_array((2, 0), dtype=bool), views)
    found = vectors_of(corpus, whole_texts=True)
    assert found is not None
    assert found[0] == "tokens"
    assert np.linalg.norm(found[1], axis=1) == pytest.approx([1, 0])
    texts = corpus.with_views({"text_vectors": np.ones((2, 3), np.float32)})
    assert vectors_of(texts, whole_texts=True) is not None
    for wanted, kind in ((True, "text vectors of 3"), (False, "tokens")):
        given = vectors_of(texts, whole_texts=wanted)
        assert given is not None
        assert given[0] == kind
    assert vectors_of(Corpus((), corpus.targets, {}), whole_texts=True) is None
