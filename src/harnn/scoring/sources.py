"""Which files a scoring reads: patterns on this machine and in object storage."""

from __future__ import annotations

import errno
import glob
import io
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast
from urllib.parse import quote

from harnn._display import printable, reason_of
from harnn._optional import require
from harnn.data.files import (
    DocumentFile,
    UnreachedError,
    file_of_name,
    find_file,
    require_reader,
)
from harnn.data.parts import DIVIDED
from harnn.errors import ConfigError, DocumentError, MissingExtraError, Problem, cannot_read
from harnn.scoring.planning import place_of

_MAGIC = "*?["
_BUFFER = 1 << 16
_BLOCK = 1 << 23
"""Bytes that are asked for at once: what is behind the end of a part is asked for in vain."""
_MARKS = ("ETag", "etag", "generation", "md5Hash")
"""What file systems call a mark that changes with the content of a file. Beside it they tell more,
and not the same of a file and of a list of files."""
_URL = re.compile(r"(\w+://[^/?]*)(.*?)(\?\w+=[^/]*)?", re.DOTALL)
"""Place, name and options of a URL for pyarrow."""
_EXPECTED = "expected .jsonl or .ndjson (each also with .gz or .zst), or .parquet"


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that ``fsspec`` reads, or ``pyarrow`` where that has no such file system."""

    url: str

    def open(self) -> BinaryIO:
        """Open it for reading as it is now, whatever was listed before."""
        system, path = _system_of(self.url)
        with _unreached():
            system.invalidate_cache(path)
            raw = system.open(path, "rb", block_size=_BLOCK)
        ahead = _BUFFER if hasattr(raw, "cache") else _BLOCK  # pyarrow asks for what is read alone
        return cast(BinaryIO, io.BufferedReader(_Stream(raw), ahead))

    def size(self) -> int:
        """Return its bytes."""
        system, path = _system_of(self.url)
        with _unreached():
            return int(system.size(path))

    def version(self) -> str:
        """Return the mark of what it holds that its file system has, or else what that tells."""
        system, path = _system_of(self.url)
        with _unreached():
            told = system.info(path)
            mark = next((told[name] for name in _MARKS if told.get(name)), None)
            return f"{told['size']} bytes, {mark or system.ukey(path)}"


class _Stream(io.RawIOBase):
    """The bytes of a file elsewhere, asked for as far as somebody has room for them."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._raw.seekable())

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        with _unreached():
            return int(self._raw.seek(offset, whence))

    def tell(self) -> int:
        return int(self._raw.tell())

    def readinto(self, target: Any) -> int:
        with _unreached():
            piece = self._raw.read(len(target))
        target[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._raw.close()
        super().close()


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
    shown, what = printable(url), "no such file."
    names: list[str] = []
    try:
        with _unreached():
            system.invalidate_cache()
            if any(sign in path for sign in _MAGIC):
                what = "no file is found for this pattern."
                names = sorted(system.glob(path))
            elif (found := _kind_of(system, path)) == "directory":
                what = "is a directory, expected a file or a pattern of files."
            elif found:
                names = [path]
            top, below, _ = path.lstrip("/").partition("/")
            if not names and below and "://" not in path and not system.exists(top):
                what += f" Nothing is found at {printable(top)!r} either."
    except OSError as error:
        return [cannot_read(shown, error)]
    return [_remote(url, path, name) for name in names] or [Problem(shown, what)]


def _kind_of(system: Any, path: str) -> str:
    try:
        return str(system.info(path)["type"])
    except FileNotFoundError:
        return ""


def _remote(url: str, path: str, name: str) -> DocumentFile | Problem:
    """Return a file that was found for a URL; path: of the URL, name: of the file, as its file
    system calls them.
    """
    own = url.replace(path, name, 1) if path in url else f"{url.partition('://')[0]}://{name}"
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
    """Return what pyarrow reads a URL with, or None; all signs of a name stand for themselves."""
    found = _URL.fullmatch(url)
    try:
        from fsspec.implementations.arrow import ArrowFSWrapper
        from pyarrow import fs

        whole = url if found is None else f"{found[1]}{quote(found[2])}{found[3] or ''}"
        system, path = fs.FileSystem.from_uri(whole)
    except (ImportError, ValueError, OSError):
        return None
    return ArrowFSWrapper(system), path


@contextmanager
def _unreached() -> Iterator[None]:
    """Say in one class of errors what a library raises, of whatever class that is.

    Raises:
        FileNotFoundError, UnreachedError.
    """
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from None
    except Exception as error:  # of whatever library stands behind it
        raise UnreachedError(reason_of(error)) from None
