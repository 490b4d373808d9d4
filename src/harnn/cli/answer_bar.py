"""How far the answers are, in the terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from harnn._optional import require
from harnn.cli.screen import Console
from harnn.errors import HarnnError

_CHUNK = 1 << 20
_LARGEST_GLANCE = 4 << 30
"""Bytes of a file whose lines are counted for the time that is left."""
T = TypeVar("T")


@contextmanager
def answer_bar(
    console: Console, count: Callable[[], int | None], *, shown: bool = True
) -> Iterator[AnswerBar]:
    """Show in a block how far the answers are, on a terminal only.

    count: tells how many documents there are, or None; asked only where the bar is shown.
    shown: whether nothing else is printed there.
    """
    bar = AnswerBar(console, shown=shown and console.is_terminal)
    if bar.shown:
        bar.expect(count())
    with bar.bar:
        yield bar


class AnswerBar:
    """How many documents are answered, how many a second, and how long the rest will take."""

    def __init__(self, console: Console, *, shown: bool) -> None:
        self.shown = shown
        self.done = self._start = 0
        """Documents that are answered."""
        self._began = time.monotonic()
        self.bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[state]}"),
            BarColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not self.shown,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self.task = self.bar.add_task("answers", total=None, state="reading", rate="")

    def expect(self, documents: int | None) -> None:
        """Take note of how many documents there are; None: nobody knows."""
        self.bar.update(self.task, total=documents)

    def tell(self, state: str) -> None:
        """Show what is done before documents are answered."""
        self.bar.update(self.task, state=state)

    def stop(self) -> None:
        """Take the bar away."""
        self.bar.stop()

    def start_at(self, documents: int) -> None:
        """Count from documents that were answered before, and measure the speed from now."""
        self.done = self._start = documents
        self._began = time.monotonic()
        self.advance(0)

    def advance(self, documents: int) -> None:
        """Count documents that are answered now."""
        self.done += documents
        if not self.shown:
            return
        seconds = time.monotonic() - self._began
        rate = (self.done - self._start) / seconds if seconds > 0 else 0.0
        self.bar.update(
            self.task,
            completed=self.done,
            state=f"{self.done:,} documents",
            rate=f"{rate:,.0f} documents/s" if self.done > self._start else "",
        )

    def counting(self, items: Iterable[T]) -> Iterator[T]:
        """Yield what is given, counted."""
        for item in items:
            self.advance(1)
            yield item


def count_documents(paths: Sequence[Path]) -> int | None:
    """Return about how many documents files hold, where a glance can tell; else None."""
    total = 0
    for path in paths:
        form = path.suffix.lower()
        try:
            if not path.is_file():
                return None
            if form in (".jsonl", ".ndjson", ".txt"):
                total += _count_lines(path)
            elif form == ".parquet":
                total += _count_rows(path)
            else:
                return None
        except (OSError, ValueError, HarnnError):  # told when it is read
            return None
    return total


def _count_lines(path: Path) -> int:
    if path.stat().st_size > _LARGEST_GLANCE:
        raise ValueError("too large for a glance")
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(_CHUNK), b""))


def _count_rows(path: Path) -> int:
    parquet = require("pyarrow.parquet", extra="parquet", purpose=f"Reading {path}")
    return int(parquet.read_metadata(path).num_rows)
