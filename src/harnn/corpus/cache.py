"""Arrays on disk under the hash of what they were made from, read as memory-mapped files.

Beside the arrays of an entry stands a manifest with the SHA-256 of each, written last. An entry
that is not what its manifest says is made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn._arrays import NO_ARRAYS
from harnn._display import reason_of
from harnn._files import (
    PlaceTakenError,
    atomic_directory,
    read_model_json,
    remove_all_leftovers,
    write_atomically,
)
from harnn._scratch import in_file
from harnn.data import CorrectedDocuments, Document, Documents, DocumentsPart, split_given
from harnn.errors import InputError, Problem
from harnn.text.encoders import sha256_of

Arrays = Mapping[str, NDArray[Any]]
_MARKER = "harnn-cache.json"
_MANIFEST = "manifest.json"
_FORMAT = 1
_BLOCK = 1 << 20


class _DamagedError(Exception):
    """An entry is not what was written; says what is wrong with it."""


def _tell_nobody(_message: str) -> None:
    pass


@dataclass(frozen=True)
class ArrayCache:
    """A directory with one directory for each set of arrays; made where it is missing.

    Nothing in it is ever changed: other contents or settings have another name. What is no longer
    wanted can be deleted at any time.

    Raises:
        InputError: *home* is a file, or a directory with other things in it.
    """

    home: Path

    def __post_init__(self) -> None:
        marker = self.home / _MARKER
        if marker.is_file():
            remove_all_leftovers(self.home)
            return
        if self.home.exists() and (not self.home.is_dir() or _holds_other_things(self.home)):
            kind = "directory with other files in it" if self.home.is_dir() else "file"
            what = f"is a {kind}, expected a cache or a directory to be made."
            raise InputError(Problem(str(self.home), what, "Choose another place."))
        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            what = f"cannot be made: {error.strerror or error}."
            raise InputError(Problem(str(self.home), what)) from None
        with write_atomically(marker) as file:
            file.write('{"format": 1}\n')

    def get(
        self,
        parts: Sequence[Any],
        make: Callable[[], Arrays | None],
        *,
        check: Callable[[Arrays], object] | None = None,
        tell: Callable[[str], object] = _tell_nobody,
    ) -> Arrays | None:
        """Return the arrays made from *parts* (plain values), from disk where they are there.

        They are mapped into memory: what is not read takes none, and what is written stays in
        this process. What *make* returns is kept; None is passed on and not kept. An entry that is
        damaged, or that *check* refuses with an InputError, is made again, and *tell* is told.

        Raises:
            InputError: the entry cannot be written.
        """
        name = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]
        place = self.home / name
        if place.exists():
            try:
                return _read(place, check)
            except (_DamagedError, InputError) as damage:
                tell(f"{place}: what was kept is damaged and is made again ({damage}).")
        arrays = make()
        if arrays is None:
            return None
        try:
            _write(place, arrays)
        except PlaceTakenError:  # by a training that makes the same
            return arrays
        return _mapped(place, arrays)

    def blank(self, shape: tuple[int, ...], dtype: type) -> NDArray[Any]:
        """Return an array for *make* to fill that stands on disk and goes with whoever holds it.

        Raises:
            InputError: there is no room for it.
        """
        return in_file(shape, dtype, self.home)


def _holds_other_things(home: Path) -> bool:
    """Whether there is more than what a killed process may have left of the marker."""
    return any(not path.name.startswith(f".{_MARKER}.") for path in home.iterdir())


def _write(place: Path, arrays: Arrays) -> None:
    if place.exists() and not place.is_dir():
        place.unlink()
    with atomic_directory(place) as temporary:
        sums = {}
        for key, array in arrays.items():
            path = temporary / f"{key}.npy"
            np.save(path, array, allow_pickle=False)
            sums[path.name] = sha256_of(path)
        manifest = json.dumps({"format": _FORMAT, "sha256": sums}, indent=1)
        (temporary / _MANIFEST).write_text(manifest + "\n", encoding="utf-8")


def _read(place: Path, check: Callable[[Arrays], object] | None) -> Arrays:
    """Return the arrays of an entry.

    Raises:
        _DamagedError, InputError: it is not what was written.
    """
    manifest = read_model_json(place / _MANIFEST)
    sums = manifest.get("sha256") if isinstance(manifest, dict) else None
    if not isinstance(sums, dict) or manifest.get("format") != _FORMAT:
        raise _DamagedError(f"{_MANIFEST} is none")
    found = sorted(path.name for path in place.glob("*.npy"))
    if found != sorted(sums):
        raise _DamagedError(f"it holds other files than {_MANIFEST} says")
    try:
        for name in found:
            if sha256_of(place / name) != sums[name]:
                raise _DamagedError(f"the SHA-256 of {name} differs")
        arrays = {Path(name).stem: _map(place / name) for name in found}
    except NO_ARRAYS as error:
        raise _DamagedError(reason_of(error)) from None
    if check is not None:
        check(arrays)
    return arrays


def _mapped(place: Path, arrays: Arrays) -> Arrays:
    """Return arrays that were just written as they stand on disk, or, gone again, as they are."""
    try:
        return {key: _map(place / f"{key}.npy") for key in arrays}
    except NO_ARRAYS:
        return arrays


def _map(path: Path) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="c", allow_pickle=False)
    except ValueError:  # an array without any value has nothing to map
        array = np.load(path, allow_pickle=False)
    return array


def content_hash(given: Documents) -> str | None:
    """Return the hash of documents, of their files' bytes or of what they hold in memory.

    None where a file cannot be read, which whoever reads the documents says, and of tables in
    memory, which take as long to be hashed as to be read.
    """
    digest = hashlib.sha256()
    while isinstance(given, DocumentsPart | CorrectedDocuments):
        if isinstance(given, CorrectedDocuments):
            digest.update(json.dumps(sorted(given.replaced)).encode() + b"\n")
            _add_documents(given.added, digest)
        else:
            digest.update(np.packbits(given.rows).tobytes() + b"%d\n" % len(given.rows))
        given = given.given
    documents, paths = split_given(given)
    _add_documents(documents, digest)
    for path in paths:
        if not isinstance(path, Path):  # reading a table costs what making the arrays does
            return None
        try:
            for place in sorted(filter(Path.is_file, path.iterdir())) if path.is_dir() else [path]:
                _add_file(place, digest)
        except OSError:
            return None
    return digest.hexdigest()


def _add_documents(documents: Iterable[Document], digest: Any) -> None:
    for document in documents:
        labels = None if document.labels is None else list(document.labels)
        plain = [document.id, list(document.text.items()), labels]
        digest.update(json.dumps(plain).encode() + b"\n")


def _add_file(path: Path, digest: Any) -> None:
    digest.update(json.dumps(path.name).encode() + b"\n")  # tells the format, and may be an id
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    digest.update(b"\0")
