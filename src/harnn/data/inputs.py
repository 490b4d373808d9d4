"""Documents from files or memory, with their label columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from harnn.config import DataConfig
from harnn.data.documents import Document
from harnn.data.log import ReadingLog
from harnn.data.reading import label_documents, read_documents, read_labelled
from harnn.errors import DocumentError, Problem
from harnn.taxonomy import Taxonomy

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, eq=False)
class DocumentsPart:
    """Some of the documents of files or memory: what is given, and which of it is meant."""

    given: Documents
    rows: NDArray[np.bool_]
    """(N,) of all documents that can be used, in order."""

    def __len__(self) -> int:
        """Count the documents of the part."""
        return int(self.rows.sum())

    def select(self, items: Iterable[Item]) -> Iterator[Item]:
        """Yield those of N items that belong to the part.

        Raises:
            DocumentError: there are not N.
        """
        count = 0
        for count, item in enumerate(items, start=1):
            if count <= len(self.rows) and self.rows[count - 1]:
                yield item
        if count != len(self.rows):
            what = f"the documents changed while they were read: {count:,} can be used now, "
            raise DocumentError(Problem("", f"{what}{len(self.rows):,} when they were divided."))


Documents = str | Path | Sequence[str | Path] | Sequence[Document] | DocumentsPart
"""Documents: files by path, in memory, or a part of either."""


def labelled_documents(
    given: Documents, taxonomy: Taxonomy, config: DataConfig, *, log: ReadingLog | None = None
) -> Iterator[tuple[Document, NDArray[np.int32]]]:
    """Yield documents with their label columns, closed upward, from files or memory.

    Raises:
        DocumentError: see :func:`harnn.data.read_labelled`.
    """
    if isinstance(given, DocumentsPart):
        return given.select(labelled_documents(given.given, taxonomy, config, log=log))
    documents, paths = split_given(given)
    if documents:
        return label_documents(documents, config, taxonomy, log=log)
    return read_labelled(paths, config, taxonomy, log=log)


def given_documents(
    given: Documents, config: DataConfig, *, log: ReadingLog | None = None
) -> Iterator[Document]:
    """Yield documents, labelled or not, from files or memory.

    Raises:
        TypeError: they are a part, whose documents are those with labels that can be used.
    """
    if isinstance(given, DocumentsPart):
        raise TypeError("Expected paths or harnn.Document objects, got a part of labelled ones.")
    documents, paths = split_given(given)
    if documents:
        yield from documents
    else:
        yield from read_documents(paths, config, log=log)


def split_given(given: Documents) -> tuple[list[Document], list[Path]]:
    """Return the documents in memory, or the files; one of both is empty. Of a part: of all.

    Raises:
        TypeError: it is something else, or both.
    """
    if isinstance(given, DocumentsPart):
        return split_given(given.given)
    if isinstance(given, str | Path):
        return [], [Path(given)]
    items = list(given)
    documents = [item for item in items if isinstance(item, Document)]
    paths = [Path(item) for item in items if isinstance(item, str | Path)]
    if len(documents) + len(paths) != len(items) or (documents and paths):
        raise TypeError("Expected paths or harnn.Document objects, and not both.")
    return documents, paths
