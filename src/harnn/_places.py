"""Names of places: what stands there, whether two are one, and what a suffix says.

Special places are no files: pipes, devices, and what this process has open already.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Literal

from harnn.errors import ConfigError, InputError, Problem, cannot_write, suggest

try:
    import fcntl
except ImportError:  # a system that does not tell how a file was opened
    fcntl = None  # type: ignore[assignment]

Mode = Literal["w", "wb"]
_MOST_LINKS = 40
"""Links behind each other that are followed."""


def kind_of(path: Path) -> int:
    """Return what a place is, as ``stat.S_IFREG``; 0 where there is nothing, or nobody can tell."""
    try:
        return kind_of_place(path, path) or 0
    except InputError:
        return 0


def is_directory(path: Path) -> bool:
    """Tell directories from all else."""
    return kind_of(path) == stat.S_IFDIR


def are_one_place(first: Path, second: Path) -> bool:
    """Tell whether two names lead to one file or directory that is there."""
    try:
        return first.samefile(second)
    except (OSError, ValueError):
        return False


def check_suffix(path: Path, suffixes: Sequence[str]) -> None:
    """Refuse a place whose name says nothing that can be written.

    Raises:
        ConfigError: its suffix is none of *suffixes*.
    """
    if path.suffix.lower() not in suffixes:
        raise ConfigError(suffix_problem(path, path.suffix, suffixes))


def suffix_problem(
    place: Path | str, suffix: str, known: Sequence[str], expected: str = ""
) -> Problem:
    """Return what is wrong with a name that does not end as it should.

    suffix: its end, or nothing; known: those that fit; expected: what fits, in other words.
    """
    found = f"unknown extension {suffix!r}" if suffix else "has no extension"
    wanted = expected or ", ".join([*known[:-2], " or ".join(known[-2:])])
    hint = suggest(suffix, known) if suffix else ""
    return Problem(str(place), f"{found}, expected {wanted}.", hint)


def is_special(path: Path | str) -> bool:
    """Tell pipes, devices and what is open already (``/dev/stdout``) from files and directories.

    Raises:
        InputError: the place cannot be looked at.
    """
    if _descriptor_of(path) is not None:
        return True
    kind = kind_of_place(Path(os.path.realpath(path)), path)
    return kind not in (None, stat.S_IFREG, stat.S_IFDIR)


def open_special(path: Path | str, mode: Mode) -> IO[Any]:
    """Open a special place; what is open already is not opened again, which would empty a file.

    Raises:
        InputError: it cannot be written.
    """
    descriptor = _descriptor_of(path)
    if descriptor is None:
        return open_place(Path(path), mode, path)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()  # what was printed before comes before
    try:
        if fcntl is not None:
            access = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
            if access == os.O_RDONLY:
                raise InputError(Problem(str(path), "cannot be written: it is open for reading."))
        return open_place(os.dup(descriptor), mode, path)
    except OSError as error:
        raise InputError(cannot_write(path, error)) from None


def kind_of_place(target: Path, path: Path | str) -> int | None:
    """Return the type of a file as ``stat`` has it; None where there is none.

    Raises:
        InputError: the place cannot be looked at, as of a name that is too long.
    """
    try:
        return stat.S_IFMT(target.stat().st_mode)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(cannot_write(path, error)) from None


def open_place(place: Path | int, mode: str, path: Path | str, *, private: bool = False) -> IO[Any]:
    """Open a file by name or number, text as UTF-8; path: its place as it was given.

    private: if it is made here, nobody else may read it.

    Raises:
        InputError: it cannot be opened.
    """
    is_text = "b" not in mode
    try:
        return open(
            place,
            mode,
            encoding="utf-8" if is_text else None,
            newline="\n" if is_text else None,
            opener=_open_private if private else None,
        )
    except (OSError, ValueError) as error:
        raise InputError(cannot_write(path, error)) from None


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _descriptor_of(path: Path | str) -> int | None:
    """Return which open file of this process a path means, also through links; None: none."""
    ours = re.compile(rf"(?:/dev/fd|/proc/{os.getpid()}(?:/task/\d+)?/fd)/(\d{{1,9}})", re.ASCII)
    place = Path.cwd() / path
    for _ in range(_MOST_LINKS):
        folder = Path(os.path.realpath(place.parent))
        if found := ours.fullmatch(str(folder / place.name)):
            return int(found[1])
        try:
            place = folder / (folder / place.name).readlink()
        except (OSError, ValueError):  # no link
            return None
    return None
