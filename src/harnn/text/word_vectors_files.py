"""What every format of word vectors shares: bounded lines, gathered problems, plain errors."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from harnn.errors import Problem, VectorsError, cannot_read, nothing_at
from harnn.text.tokenizer import Tokenizer
from harnn.text.word_vectors import WantedWords

LONGEST_LINE = 1 << 24
"""Bytes; a longer line is no line of word vectors, and is never held in memory."""

LARGEST_SIZE = 100_000
"""Numbers of one vector."""

_LARGEST_NUMBER = 1e9
"""Far beyond any vector, and far from what float32 cannot hold."""
_MOST_PROBLEMS = 1_000
_LONGEST_MESSAGE = 600


class Problems:
    """Gathers what is wrong with a file, up to a bound."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: list[Problem] = []

    def add(self, what: str, line: int | None = None, hint: str = "", *, where: str = "") -> None:
        """Take a problem.

        Raises:
            VectorsError: with it there are as many as are gathered.
        """
        where = where or str(self._path)
        if len(what) > _LONGEST_MESSAGE:
            half = _LONGEST_MESSAGE // 2
            what = f"{what[:half]} ... {what[-half:]}"
        self._found.append(Problem(where if line is None else f"{where}:{line}", what, hint))
        if len(self._found) == _MOST_PROBLEMS:
            what = f"reading stopped after {_MOST_PROBLEMS:,} problems."
            raise VectorsError([*self._found, Problem(str(self._path), what)])

    def raise_any(self) -> None:
        """Raise what was gathered.

        Raises:
            VectorsError: there was a problem.
        """
        if self._found:
            raise VectorsError(self._found)


def numbered_lines(stream: BinaryIO, path: Path, problems: Problems) -> Iterator[tuple[int, bytes]]:
    """Yield the lines of *stream*, from 1.

    Raises:
        VectorsError: a line is too long to be held; with the problems found before it.
    """
    number = 0
    while line := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            what = f"the line is longer than {LONGEST_LINE >> 20} MiB, the most that is read."
            problems.add(what, number, where=str(path))
            problems.raise_any()
        yield number, line


@contextmanager
def plain_errors(path: Path) -> Iterator[None]:
    """Say what the operating system and gzip report in one sentence."""
    try:
        yield
    except FileNotFoundError as error:
        missing = error.filename or path
        raise VectorsError(nothing_at(missing, "no such file of word vectors.")) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise VectorsError(Problem(str(path), f"cannot be unpacked: {error}.")) from None
    except OSError as error:
        raise VectorsError(cannot_read(path, error)) from None


def refuse_odd_files(path: Path) -> None:
    """Refuse pipes and devices, which cannot be read twice.

    Raises:
        VectorsError: neither a file nor a directory, or no name of a file.
    """
    try:
        path.stat()
    except ValueError:  # a zero or half a character
        raise VectorsError(Problem(repr(str(path)), "is no name of a file.")) from None
    if not path.is_file() and not path.is_dir():
        what = "is a pipe or a device, expected a file of word vectors."
        raise VectorsError(Problem(str(path), what))


def vector_problem(vector: NDArray[np.float32], what: str) -> str:
    """Return what is wrong with the numbers (E,) of *what*, or an empty string."""
    if not np.isfinite(vector).all():
        return f"{what} holds a number that is not finite."
    largest = float(np.abs(vector).max())
    if largest > _LARGEST_NUMBER:
        return f"{what} holds {largest:.3g}, expected at most {_LARGEST_NUMBER:g}."
    return ""


def new_wanted(tokenizer: Tokenizer, size: int, path: Path) -> WantedWords:
    """Return room for vectors of *size* numbers.

    Raises:
        VectorsError: there is not enough memory.
    """
    try:
        return WantedWords(tokenizer, size)
    except MemoryError:
        needed = f"{4e-9 * len(tokenizer) * size:,.1f} GB"
        what = f"vectors of {size:,} numbers for {len(tokenizer):,} words need {needed} of memory."
        raise VectorsError(Problem(str(path), what)) from None
