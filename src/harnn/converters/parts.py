"""What passes between a format and :func:`harnn.converters.convert`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TypeVar

from harnn._display import encodable
from harnn._files import atomic_directory, write_atomically
from harnn.config import DataConfig
from harnn.converters.notes import Notes
from harnn.data import Document, ReadingLog
from harnn.data.log import Rejected, settle
from harnn.taxonomy import Taxonomy

T = TypeVar("T")
Documents = Iterator[Document | Rejected]
"""Good documents and bad records, in order."""


@dataclass(frozen=True, slots=True)
class Input:
    """What a format reads."""

    paths: Sequence[Path]
    taxonomy: Path | None
    config: DataConfig = field(default_factory=DataConfig)
    log: ReadingLog = field(default_factory=ReadingLog)
    notes: Notes = field(default_factory=Notes)

    def of(self, path: Path) -> Input:
        """Return what is read of one file alone."""
        return dataclasses.replace(self, paths=[path])


@dataclass(frozen=True, slots=True)
class Reading:
    """What a format has read: documents as a stream, and the taxonomy if there is one."""

    documents: Documents
    taxonomy: Taxonomy | None = None
    cut: bool = False
    """The texts are words with blanks between them."""


@dataclass(frozen=True, slots=True)
class Output:
    """Where a format writes, and what. All its files appear together, when everything went well."""

    path: Path
    documents: Documents
    taxonomy: Taxonomy | None
    stack: ExitStack
    config: DataConfig = field(default_factory=DataConfig)
    log: ReadingLog = field(default_factory=ReadingLog)
    notes: Notes = field(default_factory=Notes)
    cut: bool = False
    """See :class:`Reading`."""
    blank: str | None = None
    """What stands for a blank in labels, in formats that separate labels by blanks."""

    def encoded(self, encode: Callable[[Document], T | Rejected]) -> Iterator[T]:
        """Yield what *encode* makes of each document; refuse what cannot be read or encoded.

        Raises:
            DocumentError: at the end of the pass, see :func:`harnn.data.log.settle`.
        """
        items = (item if isinstance(item, Rejected) else encode(item) for item in self.documents)
        return settle(items, self.config.on_error, self.log)

    def write_lines(self, lines: Iterable[str]) -> None:
        """Write lines, as they come, to the file that was asked for."""
        file = self.open(self.path)
        for line in lines:
            file.write(encodable(line) + "\n")

    def open(self, path: Path) -> IO[str]:
        """Open a file of text."""
        return self.enter(write_atomically(path))

    def open_directory(self, marker: str | None = None) -> Path:
        """Return a directory that takes the place of the one that was asked for."""
        return self.enter(atomic_directory(self.path, marker=marker))

    def enter(self, context: AbstractContextManager[T]) -> T:
        """Keep a context open until all is written."""
        return self.stack.enter_context(context)


def beside(path: Path, ending: str) -> Path:
    """Return the place of a file that belongs to another: its name and one ending more."""
    return path.parent / f"{path.name}{ending}"
