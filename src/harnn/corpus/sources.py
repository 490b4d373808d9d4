"""Documents from files or memory, with their label columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harnn.config import DataConfig
from harnn.data import Document, ReadReport, label_documents, read_documents, read_labelled
from harnn.taxonomy import Taxonomy

Source = str | Path | Sequence[str | Path] | Sequence[Document]
"""Documents: files by path, or in memory."""


def labelled_documents(
    source: Source, taxonomy: Taxonomy, config: DataConfig, *, report: ReadReport | None = None
) -> Iterator[tuple[Document, NDArray[np.int32]]]:
    """Yield documents with their label columns, closed upward, from files or memory.

    Raises:
        DocumentError: see :func:`harnn.data.read_labelled`.
    """
    documents, paths = split_source(source)
    if documents:
        return label_documents(documents, config, taxonomy, report=report)
    return read_labelled(paths, config, taxonomy, report=report)


def source_documents(
    source: Source, config: DataConfig, *, report: ReadReport | None = None
) -> Iterator[Document]:
    """Yield documents, labelled or not, from files or memory."""
    documents, paths = split_source(source)
    if documents:
        yield from documents
    else:
        yield from read_documents(paths, config, report=report)


def split_source(source: Source) -> tuple[list[Document], list[Path]]:
    """Return the documents in memory, or the files; one of both is empty.

    Raises:
        TypeError: it is something else, or both.
    """
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
