"""Files that commands read and write, checked before any work is done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from harnn._display import json_text
from harnn._files import check_replaceable, check_writable, write_atomically
from harnn._places import check_suffix, is_special
from harnn.bundle import CHECKPOINTS, marker_of
from harnn.data.files import STANDARD_INPUT
from harnn.errors import ConfigError, DocumentError, InputError, Problem

ANSWERS = (".jsonl", ".csv", ".tsv", ".parquet")
EXPLANATIONS = (".html", ".jsonl")
JSON = (".json",)
SCORES = (".npz",)


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


def check_directory(
    out: Path,
    *,
    resume: bool = False,
    overwrite: bool,
    option: str = "--out",
    marker: str | None = None,
) -> None:
    """Refuse a place that holds something, or that cannot be written, before any work is done.

    option: what it is given with. marker: a file that tells what may be replaced; None: that of a
    model or a stopped run.

    Raises:
        ConfigError: it is to be neither gone on with nor replaced.
        InputError: it holds something else than what is written there, or cannot be written.
    """
    check_writable(out)
    if resume or overwrite:
        check_replaceable(out, marker or marker_of(out))
    if not out.exists() or resume or overwrite:
        return
    if not out.is_dir() or any(out.iterdir()):
        stopped = (out / CHECKPOINTS).is_dir() if out.is_dir() else False
        advice = (
            "Go on with --resume, or start again with --overwrite."
            if stopped
            else f"Choose another {option}, or replace it with --overwrite."
        )
        raise ConfigError(Problem(str(out), "exists already.", advice))


def check_output(path: Path | None, suffixes: Sequence[str], inputs: Sequence[Path] = ()) -> None:
    """Refuse a place that cannot be written, or whose suffix says nothing that can be.

    Places that are no regular files, such as ``/dev/stdout``, are not asked for a suffix; suffixes:
    nothing: any.

    Raises:
        ConfigError: the suffix is none of *suffixes*.
        InputError: it is a directory, one of *inputs*, or cannot be written.
    """
    if path is None or is_special(path):
        return
    if path.is_dir():
        raise InputError(Problem(str(path), "is a directory, expected a file."))
    if suffixes:
        check_suffix(path, suffixes)
    check_writable(path)
    if not path.parent.is_dir():
        what = "cannot be written: its directory does not exist."
        raise InputError(Problem(str(path), what))
    if any(path.exists() and other.exists() and other.samefile(path) for other in inputs):
        what = "is read by this command, so it cannot be written."
        raise InputError(Problem(str(path), what, "Choose another place."))


def write_json(path: Path | None, value: dict[str, Any]) -> None:
    """Write a report where a place is given."""
    if path is not None:
        with write_atomically(path) as file:
            file.write(json_text(value, indent=1))


def tell_written(tell: Callable[[str], object], places: dict[str, Path | None]) -> None:
    """Tell in the end where that is which a command has written, a line a file.

    tell: prints a line, on standard error where standard output carries data. places: by what they
    hold; those that are None or no files, such as ``/dev/stdout``, are not told.
    """
    for what, place in places.items():
        if place is not None and not is_special(place):
            verb = "are" if what.partition(" ")[0].endswith("s") else "is"
            tell(f"The {what} {verb} in {place}{'/' if place.is_dir() else ''}.")
