"""An archive in partitions: each is answered alone, and becomes one file of answers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harnn.config import DataConfig
from harnn.data.files import DocumentFile
from harnn.data.parts import FilePart, divide_file

_STRANGE = re.compile(r"[^A-Za-z0-9._-]+")
_MOST_NAME = 100
"""Characters that are kept of a file's name."""
_MARK = 8
"""Hexadecimal digits that tell files of one name apart."""
_KINDS: dict[str, Any] = {
    "number": int,
    "start": int,
    "end": int | None,
    "line": int,
    "rows": int,
    "encoding": str,
    "digest": str,
    "version": str,
}
"""What is kept of a part beside its file."""


@dataclass(frozen=True, slots=True)
class Partition:
    """What is answered at once."""

    name: str
    """Of its answers, without a suffix: the name of the file, a mark of where it is, a number."""
    part: FilePart


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file of the archive with its partitions."""

    file: DocumentFile
    version: str
    """When it was divided; see :meth:`DocumentFile.version`."""
    partitions: tuple[Partition, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        parts = [{key: getattr(each.part, key) for key in _KINDS} for each in self.partitions]
        return {"file": place_of(self.file), "version": self.version, "parts": parts}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], file: DocumentFile) -> PlannedFile:
        """Read what :meth:`to_dict` wrote of *file*.

        Raises:
            KeyError, TypeError, AttributeError: it is something else.
        """
        parts = []
        for each in plain["parts"]:
            fields = {key: each[key] for key in _KINDS}
            if not all(isinstance(fields[key], kind) for key, kind in _KINDS.items()):
                raise TypeError(f"Expected a part of a file, got {each!r}.")
            parts.append(FilePart(file=file, **fields))
        return cls(file, plain["version"], _named(file, parts))


def plan_files(
    files: Sequence[DocumentFile],
    rows: int,
    config: DataConfig,
    *,
    known: Iterable[Mapping[str, Any]] = (),
    listener: Callable[[int], None] | None = None,
) -> Iterator[PlannedFile]:
    """Divide files into partitions of so many lines, or rows of Parquet; each is read once for it.

    known: what :meth:`PlannedFile.to_dict` gave before; files that are unchanged are not read
    again. listener: told after each file how many are divided.

    Raises:
        MissingExtraError: an extra is missing that reads a file.
    """
    before = {each.get("file"): each for each in known}
    for number, file in enumerate(files, start=1):
        version = _version(file)
        yield _planned_before(before.get(place_of(file)), file, version) or PlannedFile(
            file, version, _named(file, list(divide_file(file, rows, config)))
        )
        if listener is not None:
            listener(number)


def _planned_before(
    plain: Mapping[str, Any] | None, file: DocumentFile, version: str
) -> PlannedFile | None:
    """Return the plan of a file that is unchanged since, where there is one to its end."""
    if plain is None or not version or plain.get("version") != version:
        return None
    try:
        planned = PlannedFile.from_dict(plain, file)
    except (KeyError, TypeError, AttributeError):
        return None
    return None if any(each.part.end is None for each in planned.partitions) else planned


def place_of(file: DocumentFile) -> str:
    """Return where a file is, from wherever it is asked for."""
    return str(file.path) if file.elsewhere is None else file.name


def _version(file: DocumentFile) -> str:
    try:
        return file.version()
    except OSError:  # told by whoever reads it
        return ""


def _named(file: DocumentFile, parts: Sequence[FilePart]) -> tuple[Partition, ...]:
    stem = _STRANGE.sub("_", file.path.name)[:_MOST_NAME].lstrip(".") or "file"
    mark = hashlib.sha256(place_of(file).encode("utf-8", "surrogatepass")).hexdigest()[:_MARK]
    return tuple(Partition(f"{stem}-{mark}-{part.number:05d}", part) for part in parts)
