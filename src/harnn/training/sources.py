"""Documents from files or memory, encoded as every branch reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harnn.batch import EncodedCorpus, encode_corpus
from harnn.config import DataConfig
from harnn.data import Document, ReadReport, label_documents, read_documents, read_labelled
from harnn.errors import DocumentError, Problem
from harnn.taxonomy import Taxonomy
from harnn.text import Encoder
from harnn.training.history import Listener, Stage

Source = str | Path | Sequence[str | Path] | Sequence[Document]
"""Documents: files by path, or in memory."""


def labelled_documents(
    source: Source, taxonomy: Taxonomy, config: DataConfig, *, report: ReadReport | None = None
) -> Iterator[tuple[Document, NDArray[np.int32]]]:
    """Yield documents with their label columns, closed upward, from files or memory.

    Raises:
        DocumentError: see :func:`harnn.data.read_labelled`.
    """
    documents, paths = _split_source(source)
    if documents:
        return label_documents(documents, config, taxonomy, report=report)
    return read_labelled(paths, config, taxonomy, report=report)


def source_documents(
    source: Source, config: DataConfig, *, report: ReadReport | None = None
) -> Iterator[Document]:
    """Yield documents, labelled or not, from files or memory."""
    documents, paths = _split_source(source)
    if documents:
        yield from documents
    else:
        yield from read_documents(paths, config, report=report)


def _split_source(source: Source) -> tuple[list[Document], list[Path]]:
    if isinstance(source, str | Path):
        return [], [Path(source)]
    items = list(source)
    documents = [item for item in items if isinstance(item, Document)]
    paths = [Path(item) for item in items if isinstance(item, str | Path)]
    if len(documents) + len(paths) != len(items) or (documents and paths):
        raise TypeError("Expected paths or harnn.Document objects, and not both.")
    return documents, paths


def full_texts(source: Source, config: DataConfig, taxonomy: Taxonomy) -> Iterator[str]:
    for document, _ in labelled_documents(source, taxonomy, config):
        yield document.full_text


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

    def read(self, source: Source, name: str) -> EncodedCorpus:
        report = ReadReport()
        pairs = labelled_documents(source, self.taxonomy, self.data, report=report)
        corpus = encode_corpus(pairs, self.encoder, len(self.taxonomy))
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
