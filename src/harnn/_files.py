"""Write files and directories so that nobody ever sees half of one; read those of a model."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Literal

from harnn.errors import BundleError, InputError, Problem

Mode = Literal["w", "wb"]


@contextmanager
def write_atomically(path: Path | str, mode: Mode = "w") -> Iterator[IO[Any]]:
    """Open a temporary file beside *path* that takes its place when the block ends well.

    Text is UTF-8 with ``\\n``. When the block raises, *path* stays what it was. Places that are
    no regular files, such as ``/dev/stdout``, are written to directly.

    Raises:
        InputError: the file cannot be created there.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise InputError(Problem(str(path), "is a directory, expected a file."))
    if target.exists() and not target.is_file():
        with _open(target, "w" if mode == "w" else "wb", path) as stream:
            yield stream
        return
    temporary = _sibling(target)
    try:
        with _open(temporary, "x" if mode == "w" else "xb", path) as stream:
            yield stream
        if target.exists():
            shutil.copymode(target, temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_directory(path: Path | str, *, marker: str | None = None) -> Iterator[Path]:
    """Make a temporary directory beside *path* that takes its place when the block ends well.

    An existing directory is moved aside first and removed last; when the block raises it stays.
    With *marker* an existing directory is replaced only where it is empty or holds a file of
    that name, so that a mistyped path deletes nothing.

    Raises:
        InputError: *path* is a file or a directory of something else, or cannot be created.
    """
    target = Path(os.path.realpath(path))
    check_replaceable(path, marker)
    temporary = _sibling(target)
    try:
        temporary.mkdir()
    except OSError as error:
        raise InputError(_cannot_write(path, error)) from None
    try:
        yield temporary
        _put_in_place(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _put_in_place(temporary: Path, target: Path) -> None:
    if not target.exists():
        temporary.rename(target)
        return
    aside = _sibling(target)
    target.rename(aside)
    try:
        temporary.rename(target)
    except BaseException:
        aside.rename(target)
        raise
    shutil.rmtree(aside)


def check_replaceable(path: Path | str, marker: str | None) -> None:
    """Refuse what :func:`atomic_directory` would refuse, before any work is done for it.

    Raises:
        InputError: *path* is a file, or a directory of something else.
    """
    target = Path(os.path.realpath(path))
    if not target.exists():
        return
    if not target.is_dir():
        raise InputError(Problem(str(path), "is a file, expected a directory."))
    if marker and not (target / marker).exists() and any(target.iterdir()):
        what = f"is a directory with other files in it (it has no {marker})."
        raise InputError(Problem(str(path), what, "Choose another place or empty it first."))


def _sibling(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")


def _open(place: Path, mode: str, path: Path | str) -> IO[Any]:
    is_text = "b" not in mode
    try:
        return place.open(
            mode, encoding="utf-8" if is_text else None, newline="\n" if is_text else None
        )
    except OSError as error:
        raise InputError(_cannot_write(path, error)) from None


def _cannot_write(path: Path | str, error: OSError) -> Problem:
    if isinstance(error, FileNotFoundError):
        return Problem(str(path), "cannot be written: its directory does not exist.")
    return Problem(str(path), f"cannot be written: {error.strerror or error}.")


def read_model_text(path: Path) -> str:
    """Read a text file of a model directory.

    Raises:
        BundleError: it cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(Problem(str(path), f"cannot be read: {error}.")) from None


def read_model_json(path: Path) -> Any:
    """Read a JSON file of a model directory.

    Raises:
        BundleError: it cannot be read, or is no JSON.
    """
    try:
        return json.loads(read_model_text(path))
    except json.JSONDecodeError as error:
        raise BundleError(Problem(f"{path}:{error.lineno}", f"is damaged: {error.msg}.")) from None
