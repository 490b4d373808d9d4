"""What happened while reading, and what is done about bad records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from harnn.config import OnError
from harnn.errors import DocumentError, Problem

MAX_PROBLEMS = 10_000
"""Problems kept at most, so that a wrong file of any size fits into memory."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be used, or with *whole_file* a file that cannot be read on."""

    problems: tuple[Problem, ...]
    whole_file: bool = False


@dataclass(slots=True)
class ReadingLog:
    """Collect what was read and what was wrong; filled while a reader runs."""

    read: int = 0
    """Documents handed out."""
    skipped: int = 0
    """Records that were not handed out."""
    problems: list[Problem] = field(default_factory=list)
    """What was wrong, in order; the first ``MAX_PROBLEMS``."""

    def add(self, problems: tuple[Problem, ...]) -> None:
        """Keep *problems* as far as there is room."""
        self.problems.extend(problems[: max(0, MAX_PROBLEMS - len(self.problems))])


def settle(
    stream: Iterator[T | Rejected], on_error: OnError, log: ReadingLog | None = None
) -> Iterator[T]:
    """Hand out what is good; count, list and finally raise what is not.

    Under ``skip`` bad records are left out. Files that cannot be read to their end are an
    error under both policies, because nobody can say how much of them is missing.

    Raises:
        DocumentError: at the end of the pass, or as soon as ``MAX_PROBLEMS`` are gathered.
    """
    log = ReadingLog() if log is None else log
    failures = ReadingLog()
    for item in stream:
        if not isinstance(item, Rejected):
            log.read += 1
            yield item
            continue
        log.add(item.problems)
        log.skipped += not item.whole_file
        if item.whole_file or on_error == "fail":
            failures.add(item.problems)
            if len(failures.problems) >= MAX_PROBLEMS:
                stop = Problem("", f"reading stopped after {MAX_PROBLEMS:,} problems.")
                raise DocumentError([*failures.problems, stop])
    if failures.problems:
        raise DocumentError(failures.problems)
