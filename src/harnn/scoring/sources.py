"""Which files a scoring reads: patterns on this machine and in object storage."""

from __future__ import annotations

import glob
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast

from harnn._display import printable
from harnn._optional import require
from harnn.data.files import DocumentFile, file_of_name, find_file, require_reader
from harnn.data.parts import DIVIDED
from harnn.errors import ConfigError, DocumentError, MissingExtraError, Problem
from harnn.scoring.planning import place_of

_MAGIC = "*?["
_BUFFER = 1 << 16
_EXPECTED = "expected .jsonl or .ndjson (each also with .gz or .zst), or .parquet"


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that ``fsspec`` reads, or ``pyarrow`` where that has no such file system."""

    url: str

    def open(self) -> BinaryIO:
        """Open it for reading."""
        system, path = _system_of(self.url)
        raw = _told(self.url, lambda: system.open(path, "rb"))
        return cast(BinaryIO, io.BufferedReader(raw, _BUFFER))  # those of fsspec know no limits

    def size(self) -> int:
        """Return its bytes."""
        system, path = _system_of(self.url)
        return int(_told(self.url, lambda: system.size(path)))

    def version(self) -> str:
        """Return a mark of the file system that changes with the file."""
        system, path = _system_of(self.url)
        return str(_told(self.url, lambda: system.ukey(path)))


def find_sources(given: Sequence[str | Path]) -> list[DocumentFile]:
    """Return the files that paths, patterns and URLs mean, each once, in the order of their names.

    A pattern has ``*``, ``?``, ``[...]`` or ``**``, which stands for any directories; a path that
    exists is never taken for one. URLs, as ``s3://bucket/part-*.parquet``, are read by ``fsspec``
    or ``pyarrow.fs``.

    Raises:
        DocumentError: nothing is found for one of them, or files cannot be read in parts.
        ConfigError: nothing is given, or no file system is known for a URL.
        MissingExtraError: an extra is missing that reads them.
    """
    if not given:
        raise ConfigError(Problem("--data", "there are no documents to score."))
    files: dict[str, DocumentFile] = {}
    problems = []
    for each in given:
        for found in _find(str(each)):
            if isinstance(found, DocumentFile) and found.format not in DIVIDED:
                suffix = "".join(found.path.suffixes[-2:])
                found = Problem(found.name, f"is not read in parts ({suffix}), {_EXPECTED}.")
            if isinstance(found, Problem):
                problems.append(found)
            else:
                files.setdefault(place_of(found), found)
    if problems:
        raise DocumentError(problems)
    for form in {(file.format, file.compression): file for file in files.values()}.values():
        require_reader(form)
    return [files[name] for name in sorted(files)]


def _find(given: str) -> list[DocumentFile | Problem]:
    if "://" in given:
        return _find_elsewhere(given)
    if "\0" in given:
        return [Problem(printable(given), "is no name of a file.")]
    if os.path.lexists(given) or not any(sign in given for sign in _MAGIC):
        if Path(given).is_dir():
            hint = f"Give a pattern, as {printable(str(Path(given, '**', '*.jsonl')))!r}."
            return [Problem(printable(given), "is a directory, expected files.", hint)]
        return [_absolute(find_file(given), given)]
    found = sorted(glob.glob(given, recursive=True))  # noqa: PTH207 (it may have a root)
    names = [name for name in found if Path(name).is_file()]
    if not names:
        return [Problem(printable(given), "no file is found for this pattern.")]
    return [_absolute(find_file(name), name) for name in names]


def _absolute(found: DocumentFile | Problem, name: str) -> DocumentFile | Problem:
    """Let a file be found by processes that work elsewhere; its name stays what was given."""
    if isinstance(found, Problem):
        return found
    return DocumentFile(Path(name).absolute(), found.name, found.format, found.compression)


def _find_elsewhere(url: str) -> list[DocumentFile | Problem]:
    system, path = _system_of(url)
    shown = printable(url)
    try:
        has_magic = any(sign in path for sign in _MAGIC)
        names = sorted(system.glob(path)) if has_magic else [path]
        if not has_magic and not system.isfile(path):
            return [Problem(shown, "no such file.")]
    except (OSError, ValueError) as error:
        return [Problem(shown, f"cannot be read: {' '.join(str(error).split()) or error!r}.")]
    if not names:
        return [Problem(shown, "no file is found for this pattern.")]
    return [_remote(url, path, name) for name in names]


def _remote(url: str, path: str, name: str) -> DocumentFile | Problem:
    """Return a file that was found for a URL; path: of the URL, name: of the file, as its file
    system calls them.
    """
    scheme, _, rest = url.partition("://")
    _, chain, others = rest.partition("::")
    asked = f"?{rest.partition('?')[2]}" if "?" in rest and "?" not in path else ""
    own = name if "://" in name else f"{scheme}://{name if scheme == 'file' else name.lstrip('/')}"
    own += chain + others if chain else asked
    return file_of_name(Path(PurePosixPath(name)), printable(own), None, RemoteFile(own))


def _system_of(url: str) -> tuple[Any, str]:
    """Return the file system of a URL, and the path in it.

    Raises:
        ConfigError: none is known, or its settings are wrong.
        MissingExtraError: its package is not installed.
    """
    core = require("fsspec.core", package="fsspec", purpose=f"Reading {printable(url)}")
    try:
        return cast(tuple[Any, str], core.url_to_fs(url))
    except ImportError as error:
        if (found := _arrow_system(url)) is not None:
            return found
        reason = " ".join(str(error).split()).rstrip(".")
        raise MissingExtraError(f"{printable(url)} cannot be read: {reason}.") from None
    except (ValueError, TypeError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise ConfigError(Problem(printable(url), f"cannot be read: {reason}.")) from None


def _arrow_system(url: str) -> tuple[Any, str] | None:
    """Return what pyarrow reads a URL with, or None."""
    try:
        from fsspec.implementations.arrow import ArrowFSWrapper
        from pyarrow import fs

        system, path = fs.FileSystem.from_uri(url)
    except (ImportError, ValueError, OSError):
        return None
    return ArrowFSWrapper(system), path


def _told(url: str, ask: Any) -> Any:
    """Return what a file system says; whatever it raises is an error of the system."""
    try:
        return ask()
    except OSError:
        raise
    except Exception as error:  # of whatever library stands behind it
        raise OSError(f"{printable(url)}: {' '.join(str(error).split())}") from None
