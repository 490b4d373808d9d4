"""Files that commands read and write, checked before any work is done."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from harnn._display import json_text
from harnn._files import check_writable, write_atomically
from harnn.data.files import STANDARD_INPUT
from harnn.errors import ConfigError, DocumentError, InputError, Problem, suggest

ANSWERS = (".jsonl", ".csv", ".tsv", ".parquet")
EXPLANATIONS = (".html", ".jsonl")
JSON = (".json",)
SCORES = (".npz",)
_STREAMS = ("/dev/stdout", "/dev/stderr", "/dev/fd/")


def check_inputs(paths: Sequence[Path], *, passes: int = 1) -> None:
    """Refuse standard input where it is closed, or would have to be read more than once.

    passes: how often the command reads its documents.

    Raises:
        DocumentError: it cannot be read like that.
    """
    times = sum(str(path) == STANDARD_INPUT for path in paths)
    if not times:
        return
    hint = "Write it to a file first."
    what = ""
    if sys.stdin is None or sys.stdin.closed:
        what, hint = "is closed.", "Send documents to it, or name a file instead of -."
    elif times > 1:
        what = "is named twice, but can be read only once."
    elif passes > 1:
        what = "can be read only once, but this command reads its documents several times."
    if what:
        raise DocumentError(Problem("standard input", what, hint))


def check_output(path: Path | None, suffixes: Sequence[str], inputs: Sequence[Path] = ()) -> None:
    """Refuse a place that cannot be written, or whose suffix says nothing that can be.

    Places that are no regular files, such as ``/dev/stdout``, are not asked for a suffix.

    Raises:
        ConfigError: the suffix is none of *suffixes*.
        InputError: it is a directory, one of *inputs*, or cannot be written.
    """
    if path is None or is_special(path):
        return
    if path.is_dir():
        raise InputError(Problem(str(path), "is a directory, expected a file."))
    if path.suffix.lower() not in suffixes:
        found = f"unknown extension {path.suffix!r}" if path.suffix else "has no extension"
        names = [*suffixes[:-2], " or ".join(suffixes[-2:])]
        hint = suggest(path.suffix, suffixes) if path.suffix else ""
        raise ConfigError(Problem(str(path), f"{found}, expected {', '.join(names)}.", hint))
    if not path.parent.is_dir():
        what = "cannot be written: its directory does not exist."
        raise InputError(Problem(str(path), what))
    if any(path.exists() and other.exists() and other.samefile(path) for other in inputs):
        what = "is read by this command, so it cannot be written."
        raise InputError(Problem(str(path), what, "Choose another place."))
    check_writable(path)


def is_special(path: Path) -> bool:
    """Tell devices, pipes and open streams from files and from what does not exist yet."""
    is_stream = str(path).startswith(_STREAMS)
    return is_stream or (path.exists() and not path.is_file() and not path.is_dir())


@contextmanager
def open_output(path: Path) -> Iterator[IO[str]]:
    """Open a file that appears when it is complete, or a special place as it is.

    Raises:
        InputError: it cannot be written.
    """
    if is_special(path):
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            yield stream
        return
    with write_atomically(path) as file:
        yield file


def write_json(path: Path | None, value: dict[str, Any]) -> None:
    """Write a report where a place is given."""
    if path is not None:
        with open_output(path) as file:
            file.write(json_text(value, indent=1))
