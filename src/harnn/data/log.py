"""What happened while reading, and what is done about bad records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from harnn.config import OnError
from harnn.errors import DocumentError, Problem, kind_of, problem_lines

MAX_PROBLEMS = 10_000
"""Problems kept at most, so that a wrong file of any size fits into memory."""
MAX_KINDS = 1_000

_SHOWN_LABELS = 20
_OTHERS = "others"

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
    kinds: Counter[str] = field(default_factory=Counter)
    """How many problems there were of each kind (:func:`harnn.errors.kind_of`), kept or not."""
    warnings: list[Problem] = field(default_factory=list)
    """What was read all the same, but is worth a look; the first ``MAX_PROBLEMS``."""
    dropped: Counter[str] = field(default_factory=Counter)
    """Labels that were dropped under ``drop-labels``, and of how many documents."""
    emptied: int = 0
    """Documents that have no label left after that; they count as labelled with nothing."""

    def add(self, problems: tuple[Problem, ...]) -> None:
        """Count *problems*, and keep them as far as there is room."""
        self.problems.extend(problems[: max(0, MAX_PROBLEMS - len(self.problems))])
        for problem in problems:
            _count(self.kinds, kind_of(problem), MAX_KINDS)

    def warn(self, problem: Problem) -> None:
        """Keep a warning as far as there is room."""
        if len(self.warnings) < MAX_PROBLEMS:
            self.warnings.append(problem)

    def drop(self, label: str) -> None:
        """Count a label that was dropped from a document."""
        _count(self.dropped, label, MAX_PROBLEMS)

    def lines(self) -> list[str]:
        """Return what was remarkable, dropped or left out, for people to read; few lines."""
        lines = list(problem_lines(self.warnings, "Warning: "))
        if self.dropped:
            lines += self._dropped_lines()
        if self.skipped:
            noun = "record" if self.skipped == 1 else "records"
            lines += [f"{self.skipped:,} {noun} skipped:"]
            lines += problem_lines(self.problems, "  ", self.kinds)
        return lines

    def _dropped_lines(self) -> Iterator[str]:
        total = self.dropped.total()
        noun = "label" if total == 1 else "labels"
        kept = "1 document has" if self.emptied == 1 else f"{self.emptied:,} documents have"
        left = f"; {kept} none left" if self.emptied else ""
        yield f"{total:,} {noun} dropped that the taxonomy does not have{left}:"
        shown = self.dropped.most_common(_SHOWN_LABELS)
        yield "  " + ", ".join(f"{label!r} {count:,}" for label, count in shown)
        if len(self.dropped) > len(shown):
            yield f"  ... and {len(self.dropped) - len(shown):,} more"


def _count(counts: Counter[str], name: str, most: int) -> None:
    counts[name if name in counts or len(counts) < most else _OTHERS] += 1


def settle(
    stream: Iterator[T | Rejected], on_error: OnError, log: ReadingLog | None = None
) -> Iterator[T]:
    """Hand out what is good; count, list and finally raise what is not.

    Under ``skip`` bad records are left out. Files that cannot be read to their end are an
    error under every policy, because nobody can say how much of them is missing.

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
        if item.whole_file or on_error != "skip":
            failures.add(item.problems)
            if len(failures.problems) >= MAX_PROBLEMS:
                stop = Problem("", f"reading stopped after {MAX_PROBLEMS:,} problems.")
                raise DocumentError([*failures.problems, stop])
    if failures.problems:
        raise DocumentError(failures.problems)
