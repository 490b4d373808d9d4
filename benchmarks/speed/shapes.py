"""What is measured: sizes of networks, labels and lengths of documents."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from harnn.corpus import Corpus, Tokens, sparse_targets
from harnn.taxonomy import Taxonomy

DATA = Path(os.environ.get("HARNN_DATA", "../shared/data"))


class Sizes(TypedDict):
    """Of the layers of a network."""

    embedding_size: int
    lstm_size: int
    attention_size: int
    fc_size: int


DEFAULT_SIZES = Sizes(embedding_size=128, lstm_size=128, attention_size=128, fc_size=256)
PAPER_SIZES = Sizes(embedding_size=100, lstm_size=256, attention_size=200, fc_size=512)
_LABELS_A_DOCUMENT = 3


@dataclass(frozen=True)
class Shape:
    """A taxonomy, a network and the documents that it reads."""

    name: str
    level_sizes: tuple[int, ...]
    sizes: Sizes
    words: int
    batch_size: int
    lengths: str
    """``arxiv`` or ``patents``: drawn from real ones; a number: all of that length."""
    longest: int = 256

    @property
    def labels(self) -> int:
        return sum(self.level_sizes)

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """A tree whose labels are divided evenly among those of the level above."""
        edges, above = [], ["ROOT"]
        for level, size in enumerate(self.level_sizes):
            names = [f"{level}-{number:06}" for number in range(size)]
            edges += [(name, above[i * len(above) // size]) for i, name in enumerate(names)]
            above = names
        return Taxonomy.from_edges(edges)

    def corpus(self, documents: int, seed: int = 0) -> Corpus:
        """Documents of random words and labels, as unevenly used as real ones."""
        rng = np.random.default_rng(seed)
        lengths = np.minimum(self._draw_lengths(documents, rng), self.longest)
        words = 2 + (rng.zipf(1.2, size=int(lengths.sum())) % (self.words - 2))
        first = self.labels - self.level_sizes[-1]
        columns = []
        for _ in range(documents):
            leaves = first + rng.zipf(1.3, size=_LABELS_A_DOCUMENT) % self.level_sizes[-1]
            columns.append(self.taxonomy.close_upward(np.unique(leaves)).astype(np.int32))
        tokens = Tokens(
            words.astype(np.int32),
            offsets=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
            full_lengths=lengths.astype(np.int64),
        )
        ids = tuple(map(str, range(documents)))
        return Corpus(ids, sparse_targets(columns, self.labels), {"tokens": tokens})

    def _draw_lengths(self, documents: int, rng: np.random.Generator) -> NDArray[np.int64]:
        if self.lengths.isdecimal():
            return np.full(documents, int(self.lengths))
        known = real_lengths(self.lengths)
        return rng.choice(known, size=documents)


def real_lengths(name: str) -> NDArray[np.int64]:
    """Words of the documents of arxiv-cat or of the patent sample, or drawn like them."""
    paths = {
        "arxiv": DATA / "arxiv-cat" / "valid.jsonl.gz",
        "patents": DATA / "patent-sample" / "Train_sample.json",
    }
    path = paths[name]
    if not path.exists():
        mean = {"arxiv": 4.9, "patents": 3.9}[name]
        return np.random.default_rng(0).lognormal(mean, 0.45, size=2_000).astype(np.int64) + 1
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        return np.array([_count_words(json.loads(line)) for line in file], dtype=np.int64)


def _count_words(record: Mapping[str, Any]) -> int:
    parts = [record.get("title", []), record.get("abstract", [])]
    if "text" in record:
        text = record["text"]
        parts = list(text.values()) if isinstance(text, dict) else [text]
    return sum(len(part.split()) if isinstance(part, str) else len(part) for part in parts)


def of_labels(labels: int, length: str = "256", batch_size: int = 32) -> Shape:
    """Default sizes over a synthetic taxonomy of *labels* on up to four levels."""
    if labels <= 200:
        sizes: tuple[int, ...] = (6, labels // 3, labels - 6 - labels // 3)
    else:
        first, second = max(8, labels // 1_000), labels // 50
        third = labels // 8 if labels > 5_000 else 0
        sizes = tuple(x for x in (first, second, third) if x)
        sizes = (*sizes, labels - sum(sizes))
    return Shape(
        f"{labels:,} labels, {length} tokens",
        sizes,
        DEFAULT_SIZES,
        40_000,
        batch_size,
        length,
        longest=1_024,
    )


ARXIV = Shape("arxiv-cat", (6, 103, 47), DEFAULT_SIZES, 40_000, 64, "arxiv")
PATENTS = Shape("patents", (9, 128, 661, 8_364), PAPER_SIZES, 40_000, 32, "patents")
SHAPES = {"arxiv-cat": ARXIV, "patents": PATENTS}
LABELS = (156, 3_538, 9_162, 100_000)
LENGTHS = ("64", "150", "256", "1024")


def find_shape(name: str) -> Shape:
    """Return a shape by its name, or ``LABELS:LENGTH``."""
    if name in SHAPES:
        return SHAPES[name]
    labels, length = name.split(":")
    return of_labels(int(labels), length)
