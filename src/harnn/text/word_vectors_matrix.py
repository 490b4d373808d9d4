"""Word vectors as a NumPy file, with a list of their words beside it."""

from __future__ import annotations

import ast
import math
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from harnn.errors import Problem, VectorsError
from harnn.text.tokenizer import Tokenizer
from harnn.text.word_vectors import WantedWords
from harnn.text.word_vectors_files import (
    LARGEST_SIZE,
    Problems,
    new_wanted,
    numbered_lines,
    vector_problem,
)

MATRIX_MARK = b"\x93NUMPY"

_WORD_LISTS = (".txt", ".words", ".vocab")
_COUNT_COLUMN = re.compile(r"[ \t]+\d+$")
_LONGEST_HEADER = 10_000
_SHOWN_CHARACTERS = 40
_ANY_KIND = re.compile(r"[<>=|]?[a-zA-Z]\d{0,4}")
_NUMBERS = re.compile(r"[<>=|]?[fiu]\d{1,2}")
_LONG_OF_PYTHON_2 = re.compile(r"(\d)L\b")


def read_matrix(path: Path, tokenizer: Tokenizer) -> WantedWords:
    """Take the vectors of the words of *tokenizer* from a matrix and its list of words.

    Raises:
        VectorsError: the matrix or its list is damaged, or they do not fit.
    """
    list_path = list_of(path)
    matrix = open_matrix(path)
    words, count = _read_words(list_path, most=len(matrix))
    if count > len(words):
        raise _other_count(path, len(matrix), list_path, count)
    return take_rows(matrix, words, tokenizer, path=path, list_path=list_path)


def check_matrix(path: Path) -> None:
    """Check the header of a matrix and that a list of words is beside it.

    Raises:
        VectorsError: they are not there, or no matrix of numbers.
    """
    list_of(path)
    open_matrix(path)


def open_matrix(path: Path) -> NDArray[Any]:
    """Open a matrix of numbers (words, E) without reading it.

    NumPy's own reader takes headers for Python, and raises what Python raises.

    Raises:
        VectorsError: the header is damaged or announces something else, or the file is cut short.
    """
    header, offset = _read_header(path)
    kind, shape = header["descr"], header["shape"]
    sizes = shape if isinstance(shape, tuple) else ()
    if not all(type(size) is int and 0 < size < 1 << 62 for size in sizes) or not (
        len(sizes) == 2 and isinstance(kind, str) and _NUMBERS.fullmatch(kind)
    ):
        what = f"holds {_kind(kind)} of shape {_shape(shape)}, expected numbers, words x size."
        _refuse(path, what)
    if sizes[1] > LARGEST_SIZE:
        _refuse(path, f"holds vectors of {sizes[1]:,} numbers, expected 1 to {LARGEST_SIZE:,}.")
    try:
        dtype = np.dtype(kind)
    except TypeError:
        _refuse(path, f"holds numbers of an unknown kind: {kind!r}.")
    expected = offset + math.prod(sizes) * dtype.itemsize
    found = path.stat().st_size
    if found < expected:
        _refuse(path, f"is cut short: {found:,} bytes, its header announces {expected:,}.")
    order: Any = "F" if header["fortran_order"] else "C"
    return np.memmap(path, dtype=dtype, mode="r", offset=offset, shape=sizes, order=order)


def _read_header(path: Path) -> tuple[dict[str, Any], int]:
    """Return what the header says, and where the numbers begin."""
    with path.open("rb") as stream:
        start = stream.read(len(MATRIX_MARK) + 2)
        width = 2 if start[-2:-1] == b"\x01" else 4
        field = stream.read(width)
        if len(field) < width:
            _refuse(path, "cannot be read as an array: the header is cut short.")
        length = struct.unpack("<H" if width == 2 else "<I", field)[0]
        if length > _LONGEST_HEADER:
            _refuse(path, f"cannot be read as an array: a header of {length:,} bytes.")
        text = stream.read(length).decode("latin-1")
    try:
        header = ast.literal_eval(_LONG_OF_PYTHON_2.sub(r"\1", text).strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError, OverflowError):
        header = None
    if not (
        isinstance(header, dict)
        and header.keys() == {"descr", "fortran_order", "shape"}
        and isinstance(header["fortran_order"], bool)
    ):
        _refuse(path, "cannot be read as an array: its header is damaged.")
    return header, len(start) + width + length


def _kind(kind: Any) -> str:
    if isinstance(kind, str) and _ANY_KIND.fullmatch(kind):
        try:
            return np.dtype(kind).name
        except TypeError:
            return repr(kind)
    return "something" if kind is None else f"a table, {str(kind)[:_SHOWN_CHARACTERS]!r},"


def _shape(shape: Any) -> str:
    if isinstance(shape, tuple) and shape and all(isinstance(size, int) for size in shape):
        return " x ".join(f"{size:.20g}" if abs(size) < 1 << 62 else "..." for size in shape[:5])
    return repr(str(shape)[:_SHOWN_CHARACTERS])


def _refuse(path: Path, what: str) -> NoReturn:
    raise VectorsError(Problem(str(path), what))


def list_of(path: Path) -> Path:
    lists = [path.with_suffix(suffix) for suffix in _WORD_LISTS]
    found = next((candidate for candidate in lists if candidate.is_file()), None)
    if found is None:
        names = ", ".join(candidate.name for candidate in lists)
        _refuse(
            path, f"needs the list of its words, one a line, beside it: expected one of {names}."
        )
    return found


def _read_words(path: Path, *, most: int) -> tuple[list[str], int]:
    """Return *most* words at most, and the number of all."""
    # GloVe and word2vec write counts into their vocabularies.
    clean: Callable[[str], str] = _without_count if path.suffix == ".vocab" else str.strip
    words: list[str] = []
    number = 0
    with path.open("rb") as stream:
        for number, line in numbered_lines(stream, path, Problems(path)):
            if number <= most:
                text = line.removesuffix(b"\n").decode("utf-8", errors="replace")
                words.append(clean(text.removeprefix("\ufeff") if number == 1 else text))
    return words, number


def _without_count(line: str) -> str:
    return _COUNT_COLUMN.sub("", line.strip())


def take_rows(
    matrix: NDArray[Any], words: list[str], tokenizer: Tokenizer, *, path: Path, list_path: Path
) -> WantedWords:
    """Take the rows (words, E) of the words of *tokenizer*.

    Raises:
        VectorsError: other many words than rows, or rows with numbers that are not finite.
    """
    if len(matrix) != len(words):
        raise _other_count(path, len(matrix), list_path, len(words))
    wanted = new_wanted(tokenizer, matrix.shape[1], path)
    problems = Problems(path)
    for row, word in enumerate(words):
        rows = wanted.rows(word)
        if not rows:
            continue
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
            vector = np.asarray(matrix[row], dtype=np.float32)
        what = vector_problem(vector, f"row {row:,}, of {word!r},")
        if what:
            problems.add(what)
        else:
            wanted.put(word, rows, vector)
    problems.raise_any()
    return wanted


def _other_count(path: Path, rows: int, list_path: Path, words: int) -> VectorsError:
    what = f"has {rows:,} rows, but {list_path.name} has {words:,} words."
    return VectorsError(Problem(str(path), what))
