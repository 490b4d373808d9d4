"""Room for large arrays: in memory while they are small, else in files that are mapped into it.

The files have no name where the system allows that: they go with the last array that stands in
them, however the process ends, and nobody else opens or damages them. What is mapped stands in
memory only while nobody else wants it.
"""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from harnn.errors import InputError, Problem

LEAST_BYTES = 1 << 27
"""Of an array that stands in a file: smaller ones are as well in memory."""

_HINT = "Free some, or name another directory (--scratch)."


@dataclass(frozen=True, slots=True)
class _Scratch:
    place: Path | None = None
    least: int = LEAST_BYTES


_EVERYWHERE = _Scratch()
_CURRENT: ContextVar[_Scratch] = ContextVar("scratch", default=_EVERYWHERE)


@contextmanager
def scratch_in(
    place: str | Path | None, *, otherwise: Path | None = None, least: int | None = None
) -> Iterator[None]:
    """Let arrays of *least* bytes and more stand in files in a directory.

    place: None: where they do around this, or else *otherwise*, or else in the system's directory
    for temporary files; least: None: as around this. It holds for this thread and those that run in
    its context.

    Raises:
        InputError: no file can be made in *place*.
    """
    outer = _CURRENT.get()
    chosen = outer.place or otherwise if place is None else Path(place)
    inner = _Scratch(chosen, outer.least if least is None else least)
    if place is not None:
        with _file(chosen, 0, ""):  # known before any work
            pass
    token = _CURRENT.set(inner)
    try:
        yield
    finally:
        _CURRENT.reset(token)


def blank(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Return an array to be filled, which stands in a file if it is large.

    Raises:
        InputError: there is no room for the file.
    """
    if _bytes(shape, dtype) < _CURRENT.get().least:
        return np.empty(shape, dtype)
    return in_file(shape, dtype, _CURRENT.get().place, hint=_HINT)


def in_file(
    shape: tuple[int, ...], dtype: Any, place: Path | None, *, hint: str = ""
) -> NDArray[Any]:
    """Return an array of zeros that stands in a file of its own; place: None: the system's.

    Raises:
        InputError: there is no room for it.
    """
    size = _bytes(shape, dtype)
    if not size:
        return np.zeros(shape, dtype)
    with _file(place, size, hint) as file:
        if hasattr(os, "posix_fallocate"):  # a full disk would end the process later
            os.posix_fallocate(file.fileno(), 0, size)
        found: NDArray[Any] = np.memmap(file, dtype, "w+", shape=shape)
    return found


class Growing:
    """One array that numbers are added to piece by piece, which stands in a file if it is large."""

    def __init__(self, dtype: Any) -> None:
        self._dtype: np.dtype[Any] = np.dtype(dtype)
        self._parts: list[NDArray[Any]] = []
        self._waiting = 0
        self._count = 0
        self._file: IO[bytes] | None = None

    def __len__(self) -> int:
        return self._count

    def append(self, more: Any) -> None:
        """Add numbers at the end; they are copied.

        Raises:
            InputError: there is no room for the file.
        """
        part = np.array(more, self._dtype)
        self._parts.append(part)
        self._count += len(part)
        self._waiting += part.nbytes
        if self._waiting >= _CURRENT.get().least:
            self._write()

    def finish(self) -> NDArray[Any]:
        """Return all numbers; none can be added any more.

        Raises:
            InputError: there is no room for the file.
        """
        if self._file is None:
            parts, self._parts = self._parts, []
            return np.concatenate(parts) if parts else np.empty(0, self._dtype)
        self._write()
        with self._file as file:
            found: NDArray[Any] = np.memmap(file, self._dtype, "r+", shape=(self._count,))
        return found

    def _write(self) -> None:
        place, size = _CURRENT.get().place, self._count * self._dtype.itemsize
        if self._file is None:
            with _told(place, size, _HINT):
                self._file = _open(place)
        with _told(place, size, _HINT):
            for part in self._parts:
                self._file.write(part.data)
            self._file.flush()
        self._parts, self._waiting = [], 0


def _bytes(shape: tuple[int, ...], dtype: Any) -> int:
    size: int = math.prod(shape) * np.dtype(dtype).itemsize
    return size


def _open(place: Path | None) -> IO[bytes]:
    return tempfile.TemporaryFile(prefix="harnn-", dir=place)


@contextmanager
def _file(place: Path | None, size: int, hint: str) -> Iterator[IO[bytes]]:
    with _told(place, size, hint), _open(place) as file:
        yield file


@contextmanager
def _told(place: Path | None, size: int, hint: str) -> Iterator[None]:
    """Raises:
    InputError: a file of *size* bytes, 0 for any, cannot be made or written.
    """
    try:
        yield
    except OSError as error:
        where = tempfile.gettempdir() if place is None else str(place)
        what = f"has no room for {size / 1e6:,.0f} MB" if size else "cannot hold temporary files"
        raise InputError(Problem(where, f"{what}: {error.strerror or error}.", hint)) from None
