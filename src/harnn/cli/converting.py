"""Convert documents from the files of one program to those of another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harnn._places import is_directory, is_special
from harnn.cli.files import check_inputs, check_output
from harnn.cli.problems import reading
from harnn.cli.screen import Console
from harnn.config import Config
from harnn.converters import FORMATS, convert, find_format
from harnn.errors import ConfigError, Problem


class Request(NamedTuple):
    """What is to be converted."""

    source: str | None
    target: str | None
    data: Sequence[Path]
    output: Path | None
    taxonomy: Path | None = None
    taxonomy_output: Path | None = None
    blank: str | None = None


def list_formats() -> None:
    """Print the formats, one a line."""
    console = Console()
    width = max(map(len, FORMATS))
    for each in FORMATS.values():
        console.print_line(f"{each.name:<{width}}  {each.summary}")


def convert_files(request: Request, settings: Sequence[str]) -> None:
    """Convert documents, and say what was lost.

    Raises:
        ConfigError: something that is needed is not given; all of it in one report.
        HarnnError: see :func:`harnn.converters.convert`.
    """
    needed = {
        "--from": request.source,
        "--to": request.target,
        "--data": request.data,
        "--output": request.output,
    }
    missing = [Problem(name, "is missing.") for name, value in needed.items() if not value]
    if missing or not request.source or not request.target or request.output is None:
        raise ConfigError(missing)
    find_format(request.source, "--from")
    find_format(request.target, "--to")
    given = [request.taxonomy] if request.taxonomy is not None else []
    check_inputs(request.data)
    check_output(request.taxonomy_output, (), [*request.data, *given])
    if not is_special(request.output) and not is_directory(request.output):
        check_output(request.output, (), [*request.data, *given])
    knobs = Config.read(None, settings).data
    with reading(knobs) as log:
        done = convert(
            request.data,
            request.output,
            source=request.source,
            target=request.target,
            taxonomy=request.taxonomy,
            taxonomy_output=request.taxonomy_output,
            config=knobs,
            blank=request.blank,
            log=log,
        )
    errors = Console(stderr=True)
    for note in done.notes:
        errors.print_line(f"Note: {note}")
    noun = "document" if done.documents == 1 else "documents"
    errors.print_line(f"{done.documents:,} {noun} converted to {request.output}.")
