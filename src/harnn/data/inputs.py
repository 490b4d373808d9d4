"""Documents from files or memory, with their label columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harnn.config import DataConfig
from harnn.data.documents import Document
from harnn.data.log import ReadingLog
from harnn.data.reading import label_documents, read_documents, read_labelled
from harnn.taxonomy import Taxonomy

Documents = str | Path | Sequence[str | Path] | Sequence[Document]
"""Documents: files by path, or in memory."""


def labelled_documents(
    given: Documents, taxonomy: Taxonomy, config: DataConfig, *, log: ReadingLog | None = None
) -> Iterator[tuple[Document, NDArray[np.int32]]]:
    """Yield documents with their label columns, closed upward, from files or memory.

    Raises:
        DocumentError: see :func:`harnn.data.read_labelled`.
    """
    documents, paths = split_given(given)
    if documents:
        return label_documents(documents, config, taxonomy, log=log)
    return read_labelled(paths, config, taxonomy, log=log)


def given_documents(
    given: Documents, config: DataConfig, *, log: ReadingLog | None = None
) -> Iterator[Document]:
    """Yield documents, labelled or not, from files or memory."""
    documents, paths = split_given(given)
    if documents:
        yield from documents
    else:
        yield from read_documents(paths, config, log=log)


def split_given(given: Documents) -> tuple[list[Document], list[Path]]:
    """Return the documents in memory, or the files; one of both is empty.

    Raises:
        TypeError: it is something else, or both.
    """
    if isinstance(given, str | Path):
        return [], [Path(given)]
    items = list(given)
    documents = [item for item in items if isinstance(item, Document)]
    paths = [Path(item) for item in items if isinstance(item, str | Path)]
    if len(documents) + len(paths) != len(items) or (documents and paths):
        raise TypeError("Expected paths or harnn.Document objects, and not both.")
    return documents, paths
