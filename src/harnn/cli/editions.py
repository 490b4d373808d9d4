"""Two editions of a taxonomy on the screen, and what is read of them for other commands."""

from __future__ import annotations

from pathlib import Path

from harnn._display import counted
from harnn.bundle.layout import TAXONOMY
from harnn.cli.files import JSON, check_output, tell_written, write_json
from harnn.cli.screen import Console, say
from harnn.cli.taxonomies import TaxonomyChoice, describe
from harnn.errors import ConfigError, Problem
from harnn.taxonomy import (
    Taxonomy,
    diff_taxonomies,
    read_mapping,
    write_mapping,
)
from harnn.taxonomy.editions.changes import SHOWN
from harnn.taxonomy.editions.mapping_file import SUFFIXES


def read_edition(path: Path, how: TaxonomyChoice | None = None) -> Taxonomy:
    """Read a taxonomy in any form, or that of a model directory, which needs no options.

    What says how to read SKOS says nothing of JSON, as which an old edition may have been kept.

    Raises:
        TaxonomyError: it cannot be read.
    """
    inside = path / TAXONOMY
    if inside.is_file():
        return Taxonomy.from_file(inside)
    choice = how or TaxonomyChoice(path)
    if path.suffix.lower() == ".json":
        choice = choice._replace(language=None, scheme=None, collections=None, codes=None)
    return choice.read(path)


def diff(
    old: Path,
    new: Path,
    how: TaxonomyChoice,
    *,
    map_file: Path | None,
    json_output: Path | None,
    everything: bool,
    overwrite: bool,
) -> None:
    """Print what a new edition changed; write the mapping, or read it where it is there.

    everything: print all changes, not some of each kind.
    """
    if how.labels is not None:
        what = "names the labels of one taxonomy, but there are two."
        hint = "A labels.tsv beside each is read by itself."
        raise ConfigError(Problem("--labels", what, hint))
    inputs = [old, new]
    check_output(json_output, JSON, [*inputs, *([map_file] if map_file else [])])
    check_output(map_file, SUFFIXES, inputs)
    known = read_mapping(map_file) if map_file is not None and map_file.exists() else None
    before, after = read_edition(old, how), read_edition(new, how)
    found = diff_taxonomies(before, after, known)
    write_json(json_output, found.to_dict())
    console = Console()
    console.print_line(f"{old}: {describe(before)}")
    console.print_line(f"{new}: {describe(after)}")
    for line in found.describe(None if everything else SHOWN):
        console.print_line(line)
    if map_file is not None and (known is None or overwrite):
        lines = counted(write_mapping(found, map_file), "line")
        tell_written(say, {f"mapping ({lines})": map_file})
    elif map_file is not None and known is not None:
        say(
            f"{map_file} was read ({counted(len(known), 'line')}) and is left as it is; "
            "--overwrite writes it again, with what is found beside it."
        )
    tell_written(say, {"report": json_output})
