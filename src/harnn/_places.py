"""Names of places: what stands there, whether two are one, and what a suffix says."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

from harnn.errors import ConfigError, Problem, suggest


def kind_of(path: Path) -> int:
    """Return what a place is, as ``stat.S_IFREG``; 0 where there is nothing, or nobody can tell."""
    try:
        return stat.S_IFMT(path.stat().st_mode)
    except (OSError, ValueError):  # not there, or no name of anything
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
        found = f"unknown extension {path.suffix!r}" if path.suffix else "has no extension"
        names = [*suffixes[:-2], " or ".join(suffixes[-2:])]
        hint = suggest(path.suffix, suffixes) if path.suffix else ""
        raise ConfigError(Problem(str(path), f"{found}, expected {', '.join(names)}.", hint))
