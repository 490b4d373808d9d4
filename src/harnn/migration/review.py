"""Documents of the old edition whose labels somebody should look at in the new one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from harnn.config import DataConfig
from harnn.converters import REVIEW_COLUMNS, Notes, follow
from harnn.data import Document, Documents, ReadingLog, labelled_documents
from harnn.data.writing import open_rows
from harnn.taxonomy import LabelMapper


def list_documents(
    given: Documents,
    mapper: LabelMapper,
    path: str | Path,
    data: DataConfig = DataConfig(),
    *,
    log: ReadingLog | None = None,
) -> tuple[str, ...]:
    """Write the documents whose labels were lifted, split, guessed or lost, and return what is told
    of them, in sentences; the list is that of ``harnn convert --review``.

    Raises:
        DocumentError: documents cannot be read, or have labels that the old edition lacks.
        ConfigError: nothing is written under such a name.
        InputError: the file cannot be written.
    """
    old, notes = mapper.diff.old, Notes()

    def documents() -> Iterator[Document]:
        for document, columns in labelled_documents(given, old, data, log=log):
            labels = tuple(old.codes[column] for column in columns.tolist())
            yield dataclasses.replace(document, labels=labels)

    with open_rows(path, columns=REVIEW_COLUMNS) as writer:
        for _ in follow(documents(), mapper, notes, writer):
            pass
    return tuple(notes)
