"""Count documents and what a model says of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from harnn.corpus import Corpus
from harnn.data import Document
from harnn.decode import Decoder
from harnn.languages import find_writings
from harnn.metrics import RatioSums, VectorSums
from harnn.taxonomy import Hierarchy
from harnn.watching.figures import LENGTH_BINS, SCORE_BINS, Figures, length_bin

_HASHED = 256
"""Columns that n-grams and tokens are folded into."""
_SURE = 0.5
_CHOOSING = ("strategy", "threshold", "top_k", "confidence", "top_1", "close")


class TextSigns(NamedTuple):
    """What is counted of a text, and nothing else of it."""

    writing: str
    """See :func:`harnn.languages.find_writing`."""
    filled: frozenset[str]
    """Fields with text."""

    @classmethod
    def of(cls, documents: Sequence[Document]) -> list[Self]:
        """Look at documents, best at many of them together."""
        writings = find_writings([each.full_text for each in documents])
        return [
            cls(writing, frozenset(name for name, text in each.text.items() if _has_text(text)))
            for writing, each in zip(writings, documents, strict=True)
        ]


def _has_text(text: str) -> bool:
    return bool(text) and not text.isspace()


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """N documents as a model has read and answered them; nothing of their texts."""

    texts: Sequence[TextSigns]
    fields: frozenset[str]
    """That any of them has, also without text."""
    words: NDArray[np.int64]
    """(N, 2) words, and those of them that are known."""
    scores: NDArray[np.float32]
    """(N, C) of the model itself: not closed."""
    choosing: str
    chosen: Any
    """(N, C) label sets, sparse; None where they were chosen in another way than *choosing*."""
    vector_kind: str = ""
    vectors: NDArray[np.float32] | None = None
    """(N, D)"""
    targets: Any = None
    """(N, C) true labels, sparse; None where they are not known."""


def choosing_of(decoder: Decoder) -> str:
    """Return how a decoder chooses labels, so that another way is told from it."""
    return json.dumps({name: getattr(decoder, name) for name in _CHOOSING}, sort_keys=True)


def options_of(choosing: str) -> dict[str, Any]:
    """Return the options that let a decoder of the same model choose labels like that."""
    plain: dict[str, Any] = json.loads(choosing)
    kept = ("strategy", "top_1", "close")
    options = {name: plain[name] for name in kept}
    if plain["strategy"] in ("threshold", "top_k"):
        options[plain["strategy"]] = plain[plain["strategy"]]
    return options


def join_blocks(blocks: Sequence[Block]) -> Block:
    """Put blocks of the same model behind each other; true labels are left out."""
    first = blocks[0]
    if len(blocks) == 1:
        return first
    vectors = [each.vectors for each in blocks if each.vectors is not None]
    chosen = [each.chosen for each in blocks if each.chosen is not None]
    return Block(
        [signs for each in blocks for signs in each.texts],
        frozenset().union(*(each.fields for each in blocks)),
        np.concatenate([each.words for each in blocks]),
        np.concatenate([each.scores for each in blocks]),
        first.choosing,
        csr_array(vstack(chosen, format="csr")) if len(chosen) == len(blocks) else None,
        first.vector_kind,
        np.concatenate(vectors) if len(vectors) == len(blocks) else None,
    )


def fields_of(documents: Sequence[Document]) -> frozenset[str]:
    """Return the fields that any document has."""
    return frozenset(name for each in documents for name in each.text)


def count_block(
    block: Block,
    hierarchy: Hierarchy,
    *,
    fields: Collection[str] | None = None,
    products: bool = True,
) -> Figures:
    """Count documents; the scores must be those of the hierarchy's labels.

    fields: of text, that are looked at; None: all that documents have. products: whether those of
    vectors are kept, see :class:`harnn.metrics.VectorSums`.
    """
    count = len(block.texts)
    best = np.zeros(len(hierarchy), dtype=np.int64)
    tops = np.zeros((hierarchy.depth, SCORE_BINS), dtype=np.int64)
    highest = np.zeros(count, dtype=np.float32)
    for level, columns in enumerate(hierarchy.level_slices):
        scores = block.scores[:, columns]
        first = scores.argmax(axis=1)
        np.add.at(best, columns.start + first, 1)
        top = scores[np.arange(count), first]
        bins = np.minimum((top * SCORE_BINS).astype(np.int64), SCORE_BINS - 1)
        tops[level] = np.bincount(bins, minlength=SCORE_BINS)
        highest = np.maximum(highest, top)
    words, known = block.words.T
    given, unlabelled = np.zeros(len(hierarchy), dtype=np.int64), 0
    if block.chosen is not None:
        given = np.bincount(block.chosen.indices, minlength=len(hierarchy))
        unlabelled = int(np.count_nonzero(np.diff(block.chosen.indptr) == 0))
    vectors = None if block.vectors is None else VectorSums.of(block.vectors, products=products)
    return Figures(
        documents=count,
        choosing=block.choosing,
        chosen=0 if block.chosen is None else count,
        given=given,
        unlabelled=unlabelled,
        best=best,
        doubtful=int(np.count_nonzero(highest < _SURE)),
        scores=tops,
        words=RatioSums.of(words - known, words),
        lengths=np.bincount(length_bin(words), minlength=LENGTH_BINS),
        writings=dict(Counter(each.writing for each in block.texts)),
        empty_fields={
            name: sum(name not in each.filled for each in block.texts)
            for name in sorted(block.fields if fields is None else fields)
        },
        vector_kind="" if vectors is None else block.vector_kind,
        vectors=vectors,
        f1=_f1(block, hierarchy),
    )


def vectors_of(corpus: Corpus, *, whole_texts: bool) -> tuple[str, NDArray[np.float32]] | None:
    """Return vectors (N, D) of encoded documents, of length 1 or 0, and what they are.

    whole_texts: whether vectors of whole texts may be taken, which are there of all documents; else
    n-grams or tokens stand for them, folded into 256 columns with signs by a hash of the column,
    which keeps distances nearly as they are.

    Source: Weinberger et al. (2009), Feature hashing for large scale multitask learning.
    """
    views = corpus.views
    if whole_texts and isinstance(views.get("text_vectors"), np.ndarray):
        vectors: NDArray[np.float32] = views["text_vectors"]
        return f"text vectors of {vectors.shape[1]}", vectors
    if "ngrams" in views:
        return "n-grams", _folded(views["ngrams"])
    if "tokens" in views:
        tokens = corpus.tokens
        ones = np.ones(len(tokens.ids), dtype=np.float32)
        size = int(tokens.ids.max(initial=0)) + 1
        counts = csr_array((ones, tokens.ids, tokens.offsets), shape=(len(tokens), size))
        return "tokens", _to_length_1(_folded(counts))
    return None


def _folded(matrix: csr_array) -> NDArray[np.float32]:
    """Return sparse vectors (N, V) as (N, 256)."""
    # Knuth's multiplicative hash: the upper bits of a product choose column and sign.
    hashes = matrix.indices.astype(np.uint32) * np.uint32(2654435761)
    rows = np.repeat(np.arange(0, matrix.shape[0] * _HASHED, _HASHED), np.diff(matrix.indptr))
    weights = np.where(hashes & np.uint32(1 << 23), -matrix.data, matrix.data)
    folded = np.bincount(
        rows + (hashes >> np.uint32(24)), weights=weights, minlength=matrix.shape[0] * _HASHED
    )
    return folded.reshape(-1, _HASHED).astype(np.float32)


def _to_length_1(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return scaled


def _f1(block: Block, hierarchy: Hierarchy) -> tuple[RatioSums, ...] | None:
    """Return the sums of micro-F1 over all labels and over each level."""
    if block.targets is None or block.chosen is None:
        return None
    true, chosen = csr_array(block.targets), csr_array(block.chosen)
    hits = csr_array(chosen.multiply(true))
    sizes = [
        [np.asarray(each[:, part].sum(axis=1, dtype=np.int64)) for each in (hits, chosen, true)]
        for part in hierarchy.level_slices
    ]
    by_level = [(2 * hit, given + due) for hit, given, due in sizes]
    tops, bottoms = (np.sum(each, axis=0) for each in zip(*by_level, strict=True))
    return (RatioSums.of(tops, bottoms), *(RatioSums.of(*each) for each in by_level))
