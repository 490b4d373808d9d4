"""Texts and paths for HiClass as NumPy files: ``.npz`` with ``X``, ``y`` and ``ids``, or ``.npy``.

``y`` is what :func:`harnn.converters.to_hiclass` returns, (documents, paths, levels), or
(documents, levels) where each has one path. A ``.npy`` is ``y`` alone; its texts are an array in a
file beside it. Arrays of Python objects are not read: unpickling them runs what is in them. An
array's size is held to that of its file before it is made.
"""

from __future__ import annotations

import math
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from harnn._arrays import NO_ARRAYS
from harnn._display import encodable, reason_of
from harnn._files import write_atomically
from harnn.converters.parts import Output, beside
from harnn.errors import DocumentError, Problem, cannot_read

SUFFIXES = (".npz", ".npy")
TEXTS = ".texts.npy"
"""Ending of the texts beside a ``.npy`` of paths."""
_MOST_BYTES = 1 << 30
_TEXT_NAMES = ("X", "x", "texts")
_DIMENSIONS = (2, 3)


class PathRow(NamedTuple):
    """One document of an array."""

    where: str
    id: str
    text: str
    paths: list[list[str]]
    labelled: bool = True
    """Labels are given, if only an empty list of them."""


def read_arrays(path: Path) -> Iterator[PathRow]:
    """Yield the documents of a file.

    Raises:
        DocumentError: it cannot be read, holds something else, or its arrays do not fit.
    """
    arrays = _read_npz(path) if path.suffix.lower() == ".npz" else _read_npy(path)
    paths = arrays.get("y")
    texts = next((arrays[name] for name in _TEXT_NAMES if name in arrays), None)
    if paths is None or texts is None:
        found = ", ".join(map(repr, arrays)) or "none"
        raise _broken(path, f"holds the arrays {found[:200]}, expected 'X' and 'y'.")
    ids = arrays.get("ids")
    count = len(texts) if texts.ndim == 1 else -1
    shapes = [str(each.shape) for each in (texts, paths, ids) if each is not None]
    fits = paths.ndim in _DIMENSIONS and len(paths) == count
    if not fits or (ids is not None and ids.shape != (count,)):
        what = f"holds arrays of shapes {', '.join(shapes)}, expected (N,) for X and (N, paths, "
        raise _broken(path, f"{what}levels) or (N, levels) for y.")
    for number in range(count):
        of = paths[number].tolist()
        name = "" if ids is None else str(ids[number])
        rows = [of] if paths.ndim == _DIMENSIONS[0] else of
        yield PathRow(f"{path}:{number + 1}", name, str(texts[number]), rows)


def _broken(path: Path, what: str, hint: str = "") -> DocumentError:
    return DocumentError(Problem(str(path), what, hint))


def _read_npz(path: Path) -> Mapping[str, NDArray[Any]]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > _MOST_BYTES:
                raise _broken(path, f"holds more than {_MOST_BYTES >> 20:,} MiB of arrays.")
            found = {}
            for member in members:
                with archive.open(member) as stream:
                    name = member.filename.removesuffix(".npy")
                    found[name] = _read_array(stream, member.file_size, path, name)
            return found
    except OSError as error:
        raise DocumentError(cannot_read(path, error)) from None
    except NO_ARRAYS as error:
        what = f"is damaged or not a file of arrays ({reason_of(error)})."
        raise _broken(path, what) from None


def _read_npy(path: Path) -> Mapping[str, NDArray[Any]]:
    found = {}
    for name, place in (("y", path), ("X", beside(path, TEXTS))):
        try:
            with place.open("rb") as stream:
                found[name] = _read_array(stream, place.stat().st_size, place, name)
        except FileNotFoundError:
            hint = "Texts stand beside the paths, as an array (N,)." if name == "X" else ""
            raise _broken(place, "no such file.", hint) from None
        except OSError as error:
            raise DocumentError(cannot_read(place, error)) from None
    return found


def _read_array(stream: IO[bytes], size: int, path: Path, name: str) -> NDArray[Any]:
    """Read an array of strings whose header tells the size that its file has."""
    if size > _MOST_BYTES:
        raise _broken(path, f"holds more than {_MOST_BYTES >> 20:,} MiB of arrays.")
    try:
        version = npy.read_magic(stream)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, fortran, kind = read_header(stream)
    except NO_ARRAYS:
        raise _broken(path, f"the array {name[:40]!r} has no header that NumPy writes.") from None
    if kind.kind != "U":
        what = f"the array {name[:40]!r} is of type {kind}, expected strings."
        hint = f"Save {name[:40]}.astype(str)." if kind.hasobject else ""
        raise _broken(path, what, hint)
    count = math.prod(shape)
    content = stream.read(size)
    if count * kind.itemsize != len(content):
        raise _broken(path, f"the array {name[:40]!r} does not have the size that its header says.")
    letters = np.frombuffer(content, dtype=np.dtype(np.uint32).newbyteorder(kind.byteorder))
    if letters.size and letters.max() > sys.maxunicode:
        raise _broken(path, f"the array {name[:40]!r} holds what is no character.")
    flat: NDArray[Any] = (
        np.frombuffer(content, dtype=kind, count=count) if content else np.zeros(count, dtype=kind)
    )
    return flat.reshape(shape, order="F" if fortran else "C")


def write_arrays(target: Output, rows: Iterable[PathRow]) -> None:
    """Write documents, whose paths all have one length; they are held in memory.

    Raises:
        DocumentError: arrays, in which every string takes the room of the longest, would be too
            large.
    """
    documents = list(rows)
    for row in documents:
        if not row.labelled:
            target.notes.add("no labels become an empty list of labels", row.id)
        if row.text.endswith("\0"):
            target.notes.add("zero characters at the ends of texts are lost", row.id)
    ids, texts = [row.id for row in documents], [row.text for row in documents]
    every = [path for row in documents for path in row.paths]
    count, width = len(documents), max([1, *(len(row.paths) for row in documents)])
    depth = max(map(len, every), default=1)
    longest = max((len(label) for path in every for label in path), default=1)
    room = width * depth * longest + sum(max(map(len, each), default=1) for each in (ids, texts))
    if 4 * count * room > _MOST_BYTES:
        what = f"would be arrays of {4 * count * room >> 20:,} MiB, in which every string takes the"
        raise _broken(target.path, f"{what} room of the longest.", "Write .jsonl or .csv.")
    filled = [[*row.paths, *[[""] * depth] * (width - len(row.paths))] for row in documents]
    y = _array(filled).reshape(count, width, depth)
    file = target.enter(write_atomically(target.path, "wb"))
    if target.path.suffix.lower() == ".npz":
        np.savez(file, X=_array(texts), y=y, ids=_array(ids))
        return
    target.notes.add("ids are lost", documents[0].id if documents else "", count=count)
    np.save(file, y)
    np.save(target.enter(write_atomically(beside(target.path, TEXTS), "wb")), _array(texts))


def _array(value: object) -> NDArray[np.str_]:
    return np.array(_plain(value), dtype=np.str_)


def _plain(value: Any) -> Any:
    return encodable(value) if isinstance(value, str) else [_plain(each) for each in value]
