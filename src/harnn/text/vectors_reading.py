"""Read files of word vectors, keeping only the words that are needed."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from harnn.errors import Problem, VectorsError
from harnn.text.encoder import Encoder
from harnn.text.vectors import WordVectors, given_vectors

_WORD_LISTS = (".txt", ".words", ".vocab")
_MOST_PROBLEMS = 50


def read_vectors(
    path: Path | str, encoder: Encoder, token_counts: NDArray[np.int64] | None = None
) -> WordVectors:
    """Read vectors for the encoder's words.

    Formats, told apart by name and content: word2vec text and fastText ``.vec`` (with a header
    line), GloVe text (without), both also as ``.gz``; word2vec binary (``.bin``); ``.npy`` with
    a word list beside it (same name, ``.txt``, ``.words`` or ``.vocab``, one word a line). A word
    not found as it is may be found in lower case.

    Raises:
        VectorsError: the file cannot be read; all wrong lines in one report.
    """
    path = Path(path)
    if not path.is_file():
        raise VectorsError(Problem(str(path), "no such file of word vectors."))
    wanted = {word: i for i, word in enumerate(encoder.words) if i > encoder.unknown_id}
    if path.suffix == ".npy":
        rows = _Rows(wanted, _read_array(path))
    elif path.suffix == ".bin":
        rows = _Rows(wanted, _read_binary(path))
    else:
        _refuse_pickles(path)
        rows = _Rows(wanted, _read_text(path, wanted))
    return given_vectors(rows.kept, encoder, rows.size, path.name, token_counts)


class _Rows:
    """The vectors of wanted words, exact matches before lower-cased ones."""

    def __init__(
        self, wanted: dict[str, int], pairs: Iterator[tuple[str, NDArray[np.float32]]]
    ) -> None:
        self.kept: dict[int, NDArray[np.float32]] = {}
        self.size = 0
        lowered: dict[int, NDArray[np.float32]] = {}
        for word, vector in pairs:
            self.size = len(vector)
            if word in wanted:
                self.kept.setdefault(wanted[word], vector)
            elif word.lower() in wanted:
                lowered.setdefault(wanted[word.lower()], vector)
        self.kept = lowered | self.kept


@contextmanager
def _open(path: Path) -> Iterator[IO[bytes]]:
    opener: Any = gzip.open if path.suffix == ".gz" else Path.open
    with opener(path, "rb") as file:
        yield file


def _refuse_pickles(path: Path) -> None:
    with _open(path) as file:
        start = file.read(2)
    if start[:1] == b"\x80":
        raise VectorsError(
            Problem(
                str(path),
                "is a pickle (as gensim's save writes), which is not loaded because it can run "
                "code.",
                "Convert it: KeyedVectors.load(...).save_word2vec_format('vectors.txt').",
            )
        )


def _read_text(path: Path, wanted: dict[str, int]) -> Iterator[tuple[str, NDArray[np.float32]]]:
    problems: list[Problem] = []
    size = 0
    with _open(path) as file:
        lines = enumerate(file, start=1)
        first = next(lines, None)
        if first is None:
            raise VectorsError(Problem(str(path), "the file is empty."))
        header = first[1].split()
        if not (len(header) == 2 and all(part.isdigit() for part in header)):
            lines = enumerate(chain([first[1]], file), start=1)
        else:
            size = int(header[1])
        for number, line in lines:
            word, *values = line.decode("utf-8", "replace").rstrip().split(" ")
            size = size or len(values)
            where = f"{path}:{number}"
            if len(values) > size:  # some words of GloVe contain spaces
                word, values = " ".join([word, *values[:-size]]), values[-size:]
            if len(values) != size:
                problems.append(Problem(where, f"got {len(values)} numbers, expected {size}."))
            elif word in wanted or word.lower() in wanted:
                try:
                    yield word, np.array(values, dtype=np.float32)
                except ValueError:
                    problems.append(Problem(where, f"the vector of {word!r} is not all numbers."))
            if len(problems) >= _MOST_PROBLEMS:
                break
    if problems:
        raise VectorsError(problems)


def _read_binary(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    with path.open("rb") as file:
        header = file.readline(100).split()
        if len(header) != 2 or not all(part.isdigit() for part in header):
            raise VectorsError(
                Problem(
                    str(path),
                    "is not in word2vec's binary format: its first line is not two numbers.",
                    "For a fastText model, use its .vec file.",
                )
            )
        count, size = map(int, header)
        for _ in range(count):
            word = bytearray()
            while (byte := file.read(1)) not in (b" ", b""):
                word += byte
            values = file.read(4 * size)
            if len(values) < 4 * size:
                raise VectorsError(
                    Problem(str(path), f"ends before the {count:,} vectors that it announces.")
                )
            text = word.decode("utf-8", "replace").lstrip("\n")
            yield text, np.frombuffer(values, dtype="<f4").astype(np.float32)


def _read_array(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    lists = [path.with_suffix(suffix) for suffix in _WORD_LISTS]
    words_path = next((candidate for candidate in lists if candidate.is_file()), None)
    if words_path is None:
        names = ", ".join(candidate.name for candidate in lists)
        raise VectorsError(Problem(str(path), f"needs its words beside it, in one of {names}."))
    try:
        matrix = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise VectorsError(Problem(str(path), f"cannot be read: {error}.")) from None
    words = words_path.read_text(encoding="utf-8").splitlines()
    if matrix.ndim != 2 or len(matrix) != len(words):
        raise VectorsError(
            Problem(
                str(path),
                f"has shape {matrix.shape}, expected one row for each of the {len(words):,} words "
                f"of {words_path.name}.",
            )
        )
    for word, row in zip(words, matrix, strict=True):
        yield word, np.asarray(row, dtype=np.float32)
