"""Count labels and words while documents stream by."""

from __future__ import annotations

import itertools
import re
from array import array
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harnn.config import TextConfig
from harnn.data.documents import Document
from harnn.data.label_checker import LabelChecker
from harnn.languages import EnglishSigns

_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
WORD = re.compile(f"[{_CJK}]|[^\\W{_CJK}]+")


@dataclass(frozen=True, slots=True)
class WordSummary:
    """Words per document; Chinese and Japanese characters count one each."""

    p5: int
    p50: int
    p95: int
    longest: int
    longer_share: float
    """Share of documents with more words than are read of one, 0 to 1."""
    distinct: int
    """Different words, counted up to the largest vocabulary."""
    read: int
    """Words of all documents, cut to what is read of each."""
    english: bool = False
    """Whether most of the text is."""


@dataclass(frozen=True, slots=True)
class LevelSummary:
    """How one level of the taxonomy is used, labels closed upward."""

    name: str
    labels: int
    used: int
    """Labels in at least one document."""
    documents: int
    """Documents with at least one label of the level."""


@dataclass(slots=True)
class WordCounts:
    """Collect the number of words of each document."""

    max_length: int
    limit: int = TextConfig.max_vocabulary
    _counts: array[int] = field(default_factory=lambda: array("Q"))
    _distinct: set[str] = field(default_factory=set)
    _english: EnglishSigns = field(default_factory=EnglishSigns)

    def add(self, text: str) -> None:
        """Count the words of one document."""
        words = WORD.findall(text.lower())
        self._counts.append(len(words))
        self._english.add(zip(words, itertools.repeat(1)))
        if len(self._distinct) < self.limit:
            self._distinct.update(words)

    def summarise(self) -> WordSummary:
        """Return percentiles (nearest rank) and totals; zeros where there are no documents."""
        if not self._counts:
            return WordSummary(0, 0, 0, 0, 0.0, 0, 0)
        counts = np.frombuffer(self._counts, dtype=np.uint64).astype(np.int64)
        p5, p50, p95 = np.percentile(counts, (5, 50, 95), method="nearest").tolist()
        return WordSummary(
            p5=p5,
            p50=p50,
            p95=p95,
            longest=int(counts.max()),
            longer_share=float((counts > self.max_length).mean()),
            distinct=min(len(self._distinct), self.limit),
            read=int(np.minimum(counts, self.max_length).sum()),
            english=self._english.are_seen,
        )


class LabelCounts:
    """Collect how often each label is used; closed upward where there is a taxonomy."""

    def __init__(self, checker: LabelChecker | None) -> None:
        self._checker = checker
        self.documents = 0
        """Documents with at least one label."""
        self.labels = 0
        """Labels of all documents together."""
        self.most_specific = 0
        """Most specific labels of all documents together."""
        self._written: Counter[str] = Counter()
        size = len(checker.taxonomy.codes) if checker else 0
        self.frequency: NDArray[np.int64] = np.zeros(size, np.int64)
        """(C,) documents with the label or one below it."""
        self.as_specific: NDArray[np.int64] = np.zeros(size, np.int64)
        """(C,) documents where it is a most specific label."""
        levels = len(checker.taxonomy.level_slices) if checker else 0
        self._level_documents: NDArray[np.int64] = np.zeros(levels, np.int64)

    def add(self, document: Document) -> bool:
        """Count the labels of *document*; return False where it has none."""
        if not document.labels:
            return False
        self.documents += 1
        if self._checker is None:
            labels = set(document.labels)
            self._written.update(labels)
            self.labels += len(labels)
            return True
        taxonomy = self._checker.taxonomy
        columns = self._checker.close(document)
        specific = taxonomy.most_specific(columns)
        self.labels += len(columns)
        self.most_specific += len(specific)
        self.frequency[columns] += 1
        self.as_specific[specific] += 1
        self._level_documents[np.unique(taxonomy.levels[columns]) - 1] += 1
        return True

    def rank(self) -> list[tuple[str, int]]:
        """Return the used labels and their documents, most frequent first."""
        if self._checker is None:
            return sorted(self._written.items(), key=lambda item: (-item[1], item[0]))
        order = np.argsort(-self.frequency, kind="stable")
        codes = self._checker.taxonomy.codes
        return [(codes[c], int(self.frequency[c])) for c in order if self.frequency[c]]

    def select(self, mask: NDArray[np.bool_]) -> tuple[str, ...]:
        """Return the codes where *mask* (C,) is true."""
        if self._checker is None:
            return ()
        return tuple(self._checker.taxonomy.codes[c] for c in np.flatnonzero(mask))

    def summarise_levels(self) -> tuple[LevelSummary, ...]:
        """Return one summary per level; none without a taxonomy."""
        if self._checker is None:
            return ()
        taxonomy = self._checker.taxonomy
        return tuple(
            LevelSummary(
                name=name,
                labels=level.stop - level.start,
                used=int((self.frequency[level] > 0).sum()),
                documents=int(self._level_documents[number]),
            )
            for number, (name, level) in enumerate(
                zip(taxonomy.level_names, taxonomy.level_slices, strict=True)
            )
        )
