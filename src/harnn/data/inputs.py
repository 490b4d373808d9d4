"""Documents from files, tables or memory, with their label columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from harnn.config import DataConfig
from harnn.data.documents import Document
from harnn.data.log import ReadingLog
from harnn.data.memory_rows import MemoryTable, Table, are_records, is_table, refuse_column
from harnn.data.reading import label_documents, list_sources, read_documents, read_labelled
from harnn.errors import DocumentError, Problem
from harnn.taxonomy import Taxonomy

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, eq=False)
class DocumentsPart:
    """Some of the documents of files, tables or memory: what is given, and which of it is meant."""

    given: Documents
    rows: NDArray[np.bool_]
    """(N,) of all documents that can be used, in order."""
    told: bool = False
    """Whether what is remarkable of all of them was told when they were divided."""

    @property
    def is_told(self) -> bool:
        """Whether that is so of the part, or of a part that it is a part of."""
        return self.told or (isinstance(self.given, DocumentsPart) and self.given.is_told)

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


@dataclass(frozen=True, slots=True, eq=False)
class CorrectedDocuments:
    """Documents of files, tables or memory, some of them in the form that somebody gave them."""

    given: Documents
    replaced: frozenset[str]
    """Ids of given documents that are not read."""
    added: tuple[Document, ...]
    """Read behind the given ones: those that stand for the replaced ones, and more."""


Documents: TypeAlias = (
    str
    | Path
    | Table
    | Sequence[str | Path]
    | Sequence[Table]
    | Sequence[Mapping[str, Any]]
    | Sequence[Document]
    | DocumentsPart
    | CorrectedDocuments
)
"""Documents: files and directories by path, tables in memory, or one by one: as dictionaries with
the fields that an object of JSON lines has, or as :class:`Document`; or a part of any of these, or
some of them corrected."""


def labelled_documents(
    given: Documents, taxonomy: Taxonomy, config: DataConfig, *, log: ReadingLog | None = None
) -> Iterator[tuple[Document, NDArray[np.int32]]]:
    """Yield documents with their label columns, closed upward, from files, tables or memory.

    Raises:
        DocumentError: see :func:`harnn.data.read_labelled`.
    """
    if isinstance(given, DocumentsPart):
        return given.select(labelled_documents(given.given, taxonomy, config, log=log))
    if isinstance(given, CorrectedDocuments):
        return _corrected(given, taxonomy, config, log)
    documents, sources = split_given(given)
    if documents:
        return label_documents(documents, config, taxonomy, log=log)
    return read_labelled(sources, config, taxonomy, log=log)


def _corrected(
    given: CorrectedDocuments, taxonomy: Taxonomy, config: DataConfig, log: ReadingLog | None
) -> Iterator[tuple[Document, NDArray[np.int32]]]:
    for pair in labelled_documents(given.given, taxonomy, config, log=log):
        if pair[0].id not in given.replaced:
            yield pair
    yield from label_documents(given.added, config, taxonomy, log=log)


def given_documents(
    given: Documents, config: DataConfig, *, log: ReadingLog | None = None
) -> Iterator[Document]:
    """Yield documents, labelled or not, from files, tables or memory.

    Raises:
        TypeError: they are a part or corrected, whose documents are those with labels that can be
            used.
    """
    if isinstance(given, DocumentsPart | CorrectedDocuments):
        raise TypeError("Expected paths or harnn.Document objects, got some of labelled ones.")
    documents, sources = split_given(given)
    if documents:
        yield from documents
    else:
        yield from read_documents(sources, config, log=log)


def split_given(given: Documents) -> tuple[list[Document], list[Path | MemoryTable]]:
    """Return the documents in memory, or files and tables; one of both is empty.

    Of a part: of all that it is a part of; of corrected ones: of those that they were given as.

    Raises:
        TypeError: it is something else, or both.
    """
    if isinstance(given, DocumentsPart | CorrectedDocuments):
        return split_given(given.given)
    refuse_column(given)
    one = isinstance(given, str | Path) or is_table(given)
    items: list[Any] = [given] if one else list(cast(Sequence[Any], given))
    documents = [item for item in items if isinstance(item, Document)]
    if len(documents) == len(items):
        return documents, []
    fits = are_records(items) or all(isinstance(x, str | Path) or is_table(x) for x in items)
    if documents or not fits:
        raise TypeError(
            "Expected paths and tables (pandas, Polars, Arrow, datasets), or dictionaries, or "
            "harnn.Document objects."
        )
    sources = list_sources(items)
    return [], [each if isinstance(each, MemoryTable) else Path(each) for each in sources]
