"""Scores of all labels in a file of NumPy: written block by block, read with distrust.

``FILE.npz`` holds ``ids`` (N,) and ``labels`` (C,), texts, and ``scores`` (N, C) in float32: 4
bytes for each pair of a document and a label, 40 MB for 1,000 documents with 10,000 labels.
"""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from harnn._arrays import NO_ARRAYS
from harnn._display import encodable, reason_of
from harnn._files import write_atomically
from harnn._tables import shown
from harnn.decode.scores import Scores
from harnn.errors import InputError, Problem, cannot_read

_MOST_TEXT = 1 << 30
"""Bytes of all ids: NumPy keeps each as long as the longest, 4 bytes a character."""
_WRITTEN = (1980, 1, 1, 0, 0, 0)
"""The same scores give the same file."""


class ScoreFile:
    """A file of scores that is being written; made by :func:`open_score_file`."""

    def __init__(self, rows: IO[bytes], label_count: int) -> None:
        self._rows, self._label_count = rows, label_count
        self.ids: list[str] = []

    def add(self, scores: Scores) -> None:
        """Write the scores of the next documents.

        Raises:
            ValueError: they are of another number of labels.
        """
        if scores.values.shape[1] != self._label_count:
            raise ValueError(
                f"Expected scores of {self._label_count:,} labels, got {scores.values.shape[1]:,}."
            )
        self._rows.write(np.ascontiguousarray(scores.values, dtype="<f4").data)
        self.ids += map(encodable, scores.ids)


@contextmanager
def open_score_file(path: str | Path, labels: Sequence[str]) -> Iterator[ScoreFile]:
    """Open a file of the scores of these labels, which appears when the block ends well.

    In memory is never more than one block; on the disk rows stand twice until the file is complete.

    Raises:
        InputError: it cannot be written, or ids are too long.
    """
    path = Path(path)
    with (
        write_atomically(path, "wb") as file,
        tempfile.TemporaryFile(dir=path.parent if path.parent.is_dir() else None) as rows,
    ):
        scores = ScoreFile(rows, len(labels))
        yield scores
        rows.seek(0)
        with zipfile.ZipFile(file, "w", allowZip64=True) as archive:
            _write_texts(archive, "ids", scores.ids, path)
            _write_texts(archive, "labels", [encodable(label) for label in labels], path)
            with archive.open(_member("scores"), "w", force_zip64=True) as member:
                shape = (len(scores.ids), len(labels))
                head = {"descr": "<f4", "fortran_order": False, "shape": shape}
                npy.write_array_header_1_0(member, head)
                shutil.copyfileobj(rows, member, 1 << 20)


def _member(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(f"{name}.npy", _WRITTEN)


def _write_texts(archive: zipfile.ZipFile, name: str, texts: Sequence[str], path: Path) -> None:
    longest = _check_size(texts, name, path)
    member = _member(name)
    member.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(member, "w", force_zip64=True) as stream:
        npy.write_array(stream, np.array(texts, dtype=f"<U{max(longest, 1)}"), allow_pickle=False)


def _check_size(texts: Sequence[str], name: str, path: Path) -> int:
    """Return the characters of the longest text.

    Raises:
        InputError: NumPy would need too much memory for them.
    """
    longest = max(map(len, texts), default=0)
    if 4 * longest * len(texts) > _MOST_TEXT:
        what = f"the longest of {len(texts):,} {name} has {longest:,} characters, too many for"
        raise InputError(Problem(str(path), f"{what} NumPy."))
    return longest


def read_score_file(path: str | Path) -> dict[str, NDArray[Any]]:
    """Read ``scores`` and, where they are there, ``labels`` and ``ids`` from ``.npz`` or ``.npy``.

    A ``.npy`` holds the scores alone; ``NAME.labels.txt`` beside it has a label a line, and
    ``NAME.ids.txt``, where it is there, an id a line. Pickled objects are never read.

    Raises:
        InputError: the file cannot be read, or holds something else.
    """
    path = Path(path)
    try:
        if path.suffix.lower() == ".npy":
            with path.open("rb") as stream:
                found = {"scores": np.load(stream, allow_pickle=False)}
            for name in ("labels", "ids"):
                beside = path.with_suffix(f".{name}.txt")
                if beside.is_file():
                    found[name] = _read_texts(beside, name)
        else:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
                names = [name for name in ("scores", "labels", "ids") if name in archive.files]
                found = {name: archive[name] for name in names}
    except NO_ARRAYS as error:
        what = f"cannot be read as arrays of NumPy: {reason_of(error)}."
        raise InputError(Problem(str(path), what, "Pickled objects are never read.")) from None
    _check_arrays(path, found)
    return found


def _read_texts(path: Path, name: str) -> NDArray[np.str_]:
    """Read one text a line.

    Raises:
        InputError: the file cannot be read, or has lines that are too long.
    """
    try:
        content = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(cannot_read(path, error)) from None
    except UnicodeDecodeError:
        raise InputError(Problem(str(path), "is not UTF-8.")) from None
    texts = content.removesuffix("\n").split("\n") if content else []
    _check_size(texts, name, path)
    return np.array(texts, dtype=np.str_)


def _check_arrays(path: Path, found: dict[str, NDArray[Any]]) -> None:
    """Raises:
    InputError: arrays are missing, or of another type or shape.
    """
    scores, labels, ids = (found.get(name) for name in ("scores", "labels", "ids"))
    problems = []
    if not isinstance(scores, np.ndarray) or scores.ndim != 2 or scores.dtype.kind not in "fiu":
        problems.append("scores: expected an array (documents, labels) of numbers.")
        scores = None
    elif not np.isfinite(scores).all():
        problems.append("scores: got NaN or infinite numbers.")
    if labels is None:
        hint = f" in {path.stem}.labels.txt, one a line" if path.suffix.lower() == ".npy" else ""
        problems.append(f"labels: expected the label of each column{hint}.")
    for name, texts, axis in (("labels", labels, 1), ("ids", ids, 0)):
        if texts is None:
            continue
        if texts.ndim != 1 or texts.dtype.kind != "U":
            problems.append(f"{name}: expected a list of texts.")
        elif scores is not None and len(texts) != scores.shape[axis]:
            problems.append(
                f"{name}: got {len(texts):,} for scores of shape "
                f"({scores.shape[0]:,}, {scores.shape[1]:,})."
            )
        elif twice := [text for text, count in Counter(texts.tolist()).items() if count > 1]:
            problems.append(f"{name}: {len(twice):,} stand twice, as {shown(twice[0])}.")
    if problems:
        raise InputError([Problem(str(path), what) for what in problems])
