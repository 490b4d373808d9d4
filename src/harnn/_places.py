"""Names of places: what a suffix says, and which places are no files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harnn.errors import ConfigError, Problem, suggest

_STREAMS = ("/dev/stdout", "/dev/stderr", "/dev/fd/")


def is_special(path: Path) -> bool:
    """Tell devices, pipes and open streams from files and from what does not exist yet."""
    is_stream = str(path).startswith(_STREAMS)
    return is_stream or (path.exists() and not path.is_file() and not path.is_dir())


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
