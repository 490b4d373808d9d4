"""Trainings as one growing table: a line a number, written whole."""

from __future__ import annotations

import csv
import errno
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from harnn._files import check_writable
from harnn.errors import InputError, Problem, cannot_read
from harnn.tracking.tracker import Plain, Point, RunFacts, State

COLUMNS = ("run", "time", "part", "branch", "epoch", "step", "name", "value")
"""Of the table. ``part``: run, setting, data, step, epoch, branch or final."""
_HEADER = ",".join(COLUMNS)
_BLOCK = 1 << 16
_LINE_ENDS = {10: "\\n", 13: "\\r"}


class _Known(NamedTuple):
    """What a table holds already."""

    last: int = 0
    """Number of the last run; 0: there is none."""
    open: int = 0
    """Of the last run of the same name and model, where it did not finish; 0: there is none."""
    torn: int = 0
    """Bytes at the end that are no whole line."""


class CsvTracker:
    """Adds runs to a file, which may hold others."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def describe(self) -> str:
        """Say what it is and where."""
        return f"CSV {self.path}"

    def check(self) -> None:
        """Raises:
        InputError: the file cannot be written, or holds something else.
        """
        if self.path.is_dir():
            raise InputError(Problem(str(self.path), "is a directory, expected a file."))
        if self.path.exists():
            _check_header(self.path)
            if not os.access(self.path, os.W_OK):
                what = "cannot be written: Permission denied."
                raise InputError(Problem(str(self.path), what))
        else:
            check_writable(self.path)

    def begin(self, facts: RunFacts) -> CsvRun:
        """Add a run, or go on with one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        known = _read(self.path, facts) if self.path.exists() else _Known()
        if known.torn:
            os.truncate(self.path, self.path.stat().st_size - known.torn)
        number = known.open if facts.resume and known.open else known.last + 1
        run = CsvRun(self.path, number)
        run.begin(facts, goes_on=number == known.open)
        return run


class CsvRun:
    """One run of a table."""

    def __init__(self, path: Path, number: int) -> None:
        self._number = number
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _BINARY, 0o666)

    def begin(self, facts: RunFacts, *, goes_on: bool) -> None:
        """Write what is known; of one that goes on only that it does."""
        rows = list[_Row]()
        if goes_on:
            rows.append(_Row("run", "resumed", facts.name))
        else:
            rows += [_Row("run", "name", facts.name), _Row("run", "model", facts.model)]
            rows += (_Row("setting", name, value) for name, value in facts.settings.items())
            rows += (_Row("data", name, value) for name, value in facts.data.items())
        self._write(rows, header=not os.fstat(self._file).st_size)

    def log(self, point: Point, numbers: Mapping[str, float]) -> None:
        """Add a line for each number."""
        self._write(_Row(point.part, name, x, point) for name, x in numbers.items())

    def end(self, state: State) -> None:
        """Add the last line."""
        self._write([_Row("run", "state", state)])
        os.close(self._file)

    def _write(self, rows: Iterable[_Row], *, header: bool = False) -> None:
        """Add lines in one call to the system, so that none is there in part."""
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        if header:
            table.writerow(COLUMNS)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        for row in rows:
            table.writerow([self._number, now, *row.cells()])
        content = text.getvalue().encode("utf-8", "backslashreplace")
        size = os.fstat(self._file).st_size
        try:
            if os.write(self._file, content) < len(content):
                os.truncate(self._file, size)
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            os.close(self._file)  # nothing comes after
            raise


class _Row(NamedTuple):
    part: str
    name: str
    value: Plain
    point: Point | None = None

    def cells(self) -> tuple[object, ...]:
        branch, epoch, step = ("", None, None) if self.point is None else self.point[1:]
        value = _cell(self.value) if isinstance(self.value, str) else self.value
        return (self.part, branch, epoch, step, self.name, value)


_BINARY: int = getattr(os, "O_BINARY", 0)
"""Windows would write two signs for a line's end."""


def _check_header(path: Path) -> None:
    """Raises:
    InputError: the file cannot be read, or is none of ours.
    """
    try:
        with path.open("rb") as file:
            first = file.readline(len(_HEADER) + 2)
    except OSError as error:
        raise InputError(cannot_read(path, error)) from None
    if first and first.strip() != _HEADER.encode():
        what = f"holds something else than tracked trainings, whose first line is {_HEADER}."
        raise InputError(Problem(str(path), what, "Choose another place."))


def _read(path: Path, facts: RunFacts) -> _Known:
    """Return what a table holds that may end in a line that is not whole."""
    torn = _torn(path)
    wanted = {"name": facts.name, "model": facts.model}
    last, found = 0, dict[int, dict[str, str]]()
    for run, name, value in _runs(path):
        last = max(last, run)
        found.setdefault(run, {})[name] = value
    ours = [
        run
        for run, told in found.items()
        if {key: told.get(key) for key in wanted} == {k: _cell(v) for k, v in wanted.items()}
    ]
    number = max(ours, default=0)
    finished = found.get(number, {}).get("state") == "finished"
    return _Known(last, 0 if finished else number, torn)


def _cell(value: str) -> str:
    """Return text that stands on one line and in UTF-8."""
    return value.translate(_LINE_ENDS).encode("utf-8", "backslashreplace").decode()


def _runs(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield what a table says of runs themselves: number, name and value."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        for line in file:  # no cell has a line break
            cells = next(csv.reader([line]), [])
            if len(cells) == len(COLUMNS) and cells[2] == "run" and cells[0].isdecimal():
                yield int(cells[0]), cells[6], cells[7]


def _torn(path: Path) -> int:
    """Return the bytes behind the last line break."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        behind = 0
        while behind < size:
            start = max(0, size - behind - _BLOCK)
            file.seek(start)
            block = file.read(size - behind - start)
            at = block.rfind(b"\n")
            if at >= 0:
                return behind + len(block) - at - 1
            behind += len(block)
        return behind
