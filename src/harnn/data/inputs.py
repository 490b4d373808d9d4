"""Documents from files, tables or memory, with their label columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from harnn.config import DataConfig
from harnn.data.documents import Document
from harnn.data.log import ReadingLog
from harnn.data.memory_rows import MemoryTable, Table, are_records, is_table
from harnn.data.reading import label_documents, list_sources, read_documents, read_labelled
from harnn.taxonomy import Taxonomy

Documents: TypeAlias = (
    str
    | Path
    | Table
    | Sequence[str | Path]
    | Sequence[Table]
    | Sequence[Mapping[str, Any]]
    | Sequence[Document]
)
"""Documents: files and directories by path, tables in memory, or one by one: as dictionaries with
the fields that an object of JSON lines has, or as :class:`Document`."""


def labelled_documents(
    given: Documents, taxonomy: Taxonomy, config: DataConfig, *, log: ReadingLog | None = None
) -> Iterator[tuple[Document, NDArray[np.int32]]]:
    """Yield documents with their label columns, closed upward, from files, tables or memory.

    Raises:
        DocumentError: see :func:`harnn.data.read_labelled`.
    """
    documents, sources = split_given(given)
    if documents:
        return label_documents(documents, config, taxonomy, log=log)
    return read_labelled(sources, config, taxonomy, log=log)


def given_documents(
    given: Documents, config: DataConfig, *, log: ReadingLog | None = None
) -> Iterator[Document]:
    """Yield documents, labelled or not, from files, tables or memory."""
    documents, sources = split_given(given)
    if documents:
        yield from documents
    else:
        yield from read_documents(sources, config, log=log)


def split_given(given: Documents) -> tuple[list[Document], list[Path | MemoryTable]]:
    """Return the documents in memory, or files and tables; one of both is empty.

    Raises:
        TypeError: it is something else, or both.
    """
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
