"""Answers on their way into a file: nothing that is answered is lost, nothing half is shown.

``FILE.part`` holds answers as JSON lines and grows by one block at a time; it takes the place of
``FILE`` when all are there, or is turned into the table that ``FILE`` is to be. Beside it
``FILE.part.about`` says what made them (the model and how it was asked), and for each block where
it ends and a hash of its documents, so that a stopped command can go on where they are the same. A
command that goes on answers the same blocks as one that was never stopped, to the last bit.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from harnn._display import json_text
from harnn._files import only_writer
from harnn.data import Document
from harnn.errors import ConfigError, InputError, Problem
from harnn.prediction.answer_tables import write_table


class _Mark(NamedTuple):
    """Where a block ends."""

    documents: int
    """Answered so far."""
    size: int
    """Bytes of the answers so far."""
    end: int
    """Bytes of this list of blocks so far."""
    digest: str
    """Of the documents of the block."""


class AnswerFile:
    """The answers of one command, by blocks; made by :func:`open_answers`."""

    def __init__(self, output: Path, block: int) -> None:
        """block: documents that are answered at a time."""
        self.output, self.block = output, block
        target = Path(os.path.realpath(output))
        self.target = target
        self.part = target.with_name(f"{target.name}.part")
        self.about = target.with_name(f"{target.name}.part.about")
        self.documents = 0
        """Answered and kept so far."""
        self.dropped = 0
        """Kept by a stopped command, but of documents that are others now."""
        self._head = 0
        self._found: list[_Mark] = []

    def start(self, made_by: Mapping[str, Any]) -> None:
        """Begin without any answer."""
        self.about.unlink(missing_ok=True)
        self.part.write_bytes(b"")
        head = f"{json_text(dict(made_by))}\n".encode()
        self.about.write_bytes(head)
        self._head, self._found = len(head), []

    def find_kept(self, made_by: Mapping[str, Any]) -> bool:
        """Read what a stopped command kept; False where that is nothing.

        Raises:
            ConfigError: it was made by another model, or asked otherwise.
        """
        try:
            head, *lines = self.about.read_bytes().split(b"\n")
            size = self.part.stat().st_size
            found = json.loads(head)
        except (OSError, ValueError, RecursionError):  # stopped before the first line was complete
            return False
        if found != json.loads(json_text(dict(made_by))):
            what = "holds answers of another model, or with other options."
            hint = "Repeat the command that made them, or remove it to start again."
            raise ConfigError(Problem(str(self.part), what, hint))
        self._head = end = len(head) + 1
        for line in lines[:-1]:  # after the last line break there is nothing, or half a line
            end += len(line) + 1
            mark = _read_mark(line, end)
            if mark is None or mark.size > size:
                break
            self._found.append(mark)
        return True

    def skip_answered(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Return the documents that have no answer yet; drop answers of documents that changed.

        Raises:
            InputError: the files cannot be written.
        """
        kept = _Mark(0, 0, self._head, "")
        waiting: list[Document] = []
        for mark in self._found:
            waiting = list(islice(documents, self.block))
            if not waiting or _digest(waiting) != mark.digest:
                self.dropped = self._found[-1].documents - kept.documents
                break
            kept, waiting = mark, []
        self.documents = kept.documents
        with _told_of(self.part):
            os.truncate(self.about, kept.end)
            os.truncate(self.part, kept.size)
        return chain(waiting, documents)

    def add(self, documents: Sequence[Document], answers: Sequence[Mapping[str, Any]]) -> None:
        """Keep the answers of one block.

        Raises:
            InputError: they cannot be written.
        """
        lines = "".join(f"{json_text(answer)}\n" for answer in answers)
        with _told_of(self.part):
            _append(self.part, lines)
            documents_so_far = self.documents + len(documents)
            size = self.part.stat().st_size
            mark = {"documents": documents_so_far, "size": size, "digest": _digest(documents)}
            _append(self.about, f"{json.dumps(mark)}\n")
        self.documents = documents_so_far

    def finish(self, separator: str, more: Sequence[str] = ()) -> None:
        """Put the answers in their place; separator: of labels in a cell; more: see
        :func:`write_table`.

        Raises:
            InputError: they cannot be written there.
        """
        if self.target.suffix.lower() == ".jsonl":
            with _told_of(self.output):
                if self.target.exists():
                    shutil.copymode(self.target, self.part)
                self.part.replace(self.target)
        else:
            with self.part.open(encoding="utf-8") as lines:
                write_table(map(json.loads, lines), self.target, separator, more)
        self.part.unlink(missing_ok=True)
        self.about.unlink(missing_ok=True)

    def remove_if_empty(self) -> None:
        """Leave nothing behind where no answer is kept."""
        if not self.documents:
            self.part.unlink(missing_ok=True)
            self.about.unlink(missing_ok=True)


@contextmanager
def open_answers(
    output: Path, made_by: Mapping[str, Any], *, block: int, resume: bool
) -> Iterator[AnswerFile]:
    """Open a file of answers, whose only writer this is.

    made_by: plain values that must be the same for answers to fit together. block: documents that
    are answered at a time. resume: go on with what a stopped command kept, if it kept anything.

    Raises:
        ConfigError: there is something kept and *resume* is not wanted, or it does not fit.
        InputError: the place cannot be written, or somebody else is writing it.
    """
    file = AnswerFile(output, block)
    with only_writer(output):
        if file.part.exists() and not resume:
            what = "holds the answers of a command that was stopped."
            raise ConfigError(
                Problem(str(file.part), what, "Go on with --resume, or remove it to start again.")
            )
        with _told_of(file.part):
            if not (resume and file.find_kept(made_by)):
                file.start(made_by)
        yield file


def _read_mark(line: bytes, end: int) -> _Mark | None:
    try:
        plain = json.loads(line)
        return _Mark(int(plain["documents"]), int(plain["size"]), end, str(plain["digest"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8", newline="\n") as stream:
        stream.write(text)


def _digest(documents: Sequence[Document]) -> str:
    found = hashlib.sha256()
    for document in documents:
        for text in (document.id, document.full_text):
            coded = text.encode("utf-8", "surrogatepass")
            found.update(b"%d:" % len(coded))
            found.update(coded)
    return found.hexdigest()


@contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Say which file could not be written."""
    try:
        yield
    except OSError as error:
        what = f"cannot be written: {error.strerror or error}."
        raise InputError(Problem(str(path), what)) from None
