"""Convert documents from the files of one program to those of another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harnn._display import counted
from harnn._places import is_directory, is_special
from harnn.cli.editions import read_edition
from harnn.cli.files import check_inputs, check_output, tell_written
from harnn.cli.problems import reading
from harnn.cli.screen import Console
from harnn.config import Config
from harnn.converters import FORMATS, NewEdition, convert, find_format
from harnn.errors import ConfigError, Problem
from harnn.taxonomy import read_mapping
from harnn.taxonomy.editions.following import LEAST


class Request(NamedTuple):
    """What is to be converted."""

    source: str | None
    target: str | None
    data: Sequence[Path]
    output: Path | None
    taxonomy: Path | None = None
    taxonomy_output: Path | None = None
    blank: str | None = None
    new_taxonomy: Path | None = None
    map_file: Path | None = None
    review: Path | None = None
    certainty: float | None = None

    def edition(self) -> NewEdition | None:
        """Read the new edition, where one is given.

        Raises:
            ConfigError: how to get to one is given, but none.
            TaxonomyError: it, or the mapping, cannot be read.
        """
        given = {"--map": self.map_file, "--review": self.review, "--certainty": self.certainty}
        if self.new_taxonomy is None:
            alone = [name for name, value in given.items() if value is not None]
            if alone:
                what = "says how to get to a new edition, but none is given with --new-taxonomy."
                raise ConfigError(Problem(" and ".join(alone), what))
            return None
        mapping = None if self.map_file is None else read_mapping(self.map_file)
        least = LEAST if self.certainty is None else self.certainty
        return NewEdition(read_edition(self.new_taxonomy), mapping, least, self.review)


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
    given = [*filter(None, [request.taxonomy, request.new_taxonomy, request.map_file])]
    check_inputs(request.data)
    check_output(request.taxonomy_output, (), [*request.data, *given])
    if not is_special(request.output) and not is_directory(request.output):
        check_output(request.output, (), [*request.data, *given])
    check_output(request.review, (), [*request.data, *given])
    knobs = Config.read(None, settings).data
    edition = request.edition()
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
            edition=edition,
            log=log,
        )
    errors = Console(stderr=True)
    for note in done.notes:
        errors.print_line(f"Note: {note}")
    errors.print_line(f"{counted(done.documents, 'document')} converted.")
    places = {
        "documents": request.output,
        "taxonomy": request.taxonomy_output,
        "list of documents to look at": request.review,
    }
    tell_written(errors.print_line, places)
