"""The documents of a split, encoded, counted and told about."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray

from harnn.config import DataConfig
from harnn.corpus import (
    ArrayCache,
    Arrays,
    EncodedCorpus,
    Source,
    content_hash,
    encode_corpus,
    full_texts,
    labelled_documents,
)
from harnn.data import ReadReport
from harnn.errors import DocumentError, Problem
from harnn.taxonomy import Taxonomy
from harnn.text import SENTENCE_PACKAGE, Encoder, sentence_vectors
from harnn.training.history import Listener, Stage

VERSION = 1
"""Of how documents are encoded: another one, and what was kept is not read again."""


@dataclass(frozen=True)
class Reader:
    """Reads and encodes the documents of a split, counts them and says what was read."""

    taxonomy: Taxonomy
    encoder: Encoder
    data: DataConfig
    counts: dict[str, int]
    listener: Listener
    cuts: bool = True
    """Whether what is cut off is lost: n-grams are counted in the whole text."""
    cache: ArrayCache | None = None
    """Where what was encoded is kept for the next training."""
    keeps_tokens: bool = True
    """Whether it keeps tokens: not where only the caller knows how texts are cut."""

    def read(self, source: Source, name: str) -> EncodedCorpus:
        report = ReadReport()

        pairs = labelled_documents(source, self.taxonomy, self.data, report=report)
        made: list[EncodedCorpus] = []

        def make() -> Arrays | None:
            made.append(encode_corpus(pairs, self.encoder, len(self.taxonomy)))
            return None if report.skipped else made[0].to_arrays()  # what is skipped is told anew

        arrays = None
        if self.keeps_tokens:
            arrays = self._cached(source, lambda: ["tokens", self.encoder.to_json()], make)
        if arrays is not None:
            corpus = EncodedCorpus.from_arrays(arrays, len(self.taxonomy))
        else:
            if not made:
                make()
            corpus = made[0]
        if not len(corpus):
            raise DocumentError(Problem("", f"there is no {name} document."))
        counts = {
            name: len(corpus),
            f"{name}_skipped": report.skipped,
            f"{name}_truncated": corpus.truncated,
        }
        self.counts.update(counts)
        self.listener(Stage(summarise(name, corpus, self.encoder, report, cuts=self.cuts)))
        return corpus

    def texts(self, source: Source) -> Iterator[str]:
        return full_texts(source, self.data, self.taxonomy)

    def sentences(
        self, source: Source, *, threads: int, stopped: Callable[[], bool]
    ) -> NDArray[np.float32]:
        """Return the vectors (N, D) of whole texts.

        Raises:
            MissingExtraError: their encoder is not installed.
            InterruptedError: *stopped* said so.
        """

        def make() -> dict[str, NDArray[np.float32]]:
            found = sentence_vectors(self.texts(source), threads=threads, stopped=stopped)
            return {"vectors": found}

        arrays = self._cached(source, lambda: ["sentences", version(SENTENCE_PACKAGE)], make)
        return (make() if arrays is None else arrays)["vectors"]

    def _cached(
        self, source: Source, what: Callable[[], list[str]], make: Callable[[], Arrays | None]
    ) -> Arrays | None:
        """Return arrays made of a source; None: there is no cache, or *make* wants none.

        what: says what else than documents and settings the arrays depend on.
        """
        if self.cache is None or (content := content_hash(source)) is None:
            return None
        settings = dataclasses.asdict(self.data)
        return self.cache.get([VERSION, what(), content, settings, self.taxonomy.version], make)


def summarise(
    name: str, corpus: EncodedCorpus, encoder: Encoder, report: ReadReport, *, cuts: bool = True
) -> str:
    """Say what was read, and all that was cut, empty or skipped."""
    message = f"{name}: {len(corpus):,} documents, {len(corpus.token_ids):,} tokens"
    if corpus.truncated and cuts:
        message += (
            f"; {corpus.truncated:,} longer than {encoder.max_length} tokens were cut "
            "(text.max_length)"
        )
    if empty := int((corpus.lengths == 0).sum()):
        message += f"; {empty:,} without any word"
    if report.skipped:
        message += f"; {report.skipped:,} skipped:"
        message += "".join(f"\n  {problem}" for problem in report.problems)
    return message
