"""What may be given as texts to answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from harnn._frames import is_column, read_column
from harnn.config import DataConfig
from harnn.data import Document, Table, are_records, is_table, read_documents
from harnn.errors import DocumentError, Problem

Texts = Iterable[str | Document] | Sequence[Mapping[str, Any]] | Table
"""Texts, documents, dictionaries of their fields, or a table or a column of one in memory."""


def as_documents(texts: Texts, data: DataConfig) -> Iterator[Document]:
    """Return what texts are given as documents; data: how to read a table.

    Raises:
        TypeError: they are none.
    """
    if isinstance(texts, str | bytes | Document | Mapping):
        raise TypeError("Expected a list of texts, got one: give [text].")
    if is_table(texts) or (isinstance(texts, Sequence) and are_records(texts)):
        return read_documents(texts, data, labelled=False)
    if is_column(texts):
        return _of_column(texts)
    if not isinstance(texts, Iterable) or isinstance(texts, set | frozenset):
        raise TypeError(f"Expected a list of texts, got {type(texts)}.")
    return numbered(cast(Iterable[str | Document], texts))


def _of_column(column: object) -> Iterator[Document]:
    """Yield the texts of a series.

    Raises:
        DocumentError: some are none; the others come before.
    """
    problems = []
    for number, text in enumerate(read_column(column), start=1):
        where = f"row {number:,} of the column"
        if isinstance(text, str):
            yield Document(str(number), {"text": text}, None, where)
        else:
            found = "nothing" if text is None else str(type(text))
            problems.append(Problem(where, f"holds {found}, expected a string."))
    if problems:
        raise DocumentError(problems)


def numbered(texts: Iterable[str | Document]) -> Iterator[Document]:
    """Yield documents, texts among them with their numbers as ids.

    Raises:
        TypeError: something is neither.
    """
    for number, text in enumerate(texts, start=1):
        if isinstance(text, Document):
            yield text
        elif isinstance(text, str):
            yield Document(str(number), {"text": text}, None, f"text {number}")
        else:
            raise TypeError(f"Expected strings or harnn.Document objects, got {type(text)}.")
