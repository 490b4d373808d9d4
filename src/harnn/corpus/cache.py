"""Arrays on disk under the hash of what they were made from, read as memory-mapped files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn._files import atomic_directory, write_atomically
from harnn.data import Documents, split_given
from harnn.errors import InputError, Problem

Arrays = Mapping[str, NDArray[Any]]
_MARKER = "harnn-cache.json"
_BLOCK = 1 << 20


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
            return
        if self.home.exists() and (not self.home.is_dir() or any(self.home.iterdir())):
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

    def get(self, parts: Sequence[Any], make: Callable[[], Arrays | None]) -> Arrays | None:
        """Return the arrays made from *parts* (plain values), from disk where they are there.

        They are mapped into memory: what is not read takes none, and what is written stays in
        this process. What *make* returns is kept; None is passed on and not kept.
        """
        name = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]
        place = self.home / name
        if not place.is_dir():
            arrays = make()
            if arrays is None:
                return None
            with atomic_directory(place) as temporary:
                for key, array in arrays.items():
                    np.save(temporary / f"{key}.npy", array, allow_pickle=False)
        return {path.stem: _map(path) for path in sorted(place.glob("*.npy"))}


def _map(path: Path) -> NDArray[Any]:
    try:
        array: NDArray[Any] = np.load(path, mmap_mode="c", allow_pickle=False)
    except ValueError:  # nothing in it, or damaged
        try:
            array = np.load(path, allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            what = f"is damaged: {error}."
            problem = Problem(str(path), what, "Delete the cache.")
            raise InputError(problem) from None
    return array


def content_hash(given: Documents) -> str | None:
    """Return the hash of documents, of their files' bytes or of what they hold in memory.

    None where a file cannot be read: whoever reads the documents says so.
    """
    digest = hashlib.sha256()
    documents, paths = split_given(given)
    for document in documents:
        labels = None if document.labels is None else list(document.labels)
        plain = [document.id, list(document.text.items()), labels]
        digest.update(json.dumps(plain).encode() + b"\n")
    for path in paths:
        digest.update(json.dumps(path.name).encode() + b"\n")  # tells the format, and may be an id
        try:
            with path.open("rb") as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
        except OSError:
            return None
        digest.update(b"\0")
    return digest.hexdigest()
