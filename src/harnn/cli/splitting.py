"""``harnn split``: documents divided into training, validation and test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from harnn.cli.files import JSON, check_inputs, check_output, tell_written, write_json
from harnn.cli.problems import reading
from harnn.cli.screen import Console
from harnn.cli.taxonomies import TaxonomyChoice, find_taxonomy
from harnn.config import Config
from harnn.data import DataSplit, SplitSettings, part_files, split_documents, write_split
from harnn.data.split_files import check_free
from harnn.data.writing import mark_for
from harnn.errors import ConfigError


def split(
    data: list[Path],
    output: Path,
    chosen: SplitSettings,
    *,
    taxonomy: TaxonomyChoice,
    settings: Sequence[str],
    json_output: Path | None,
    overwrite: bool,
) -> None:
    """Write the parts and show what they hold.

    Raises:
        InputError: what is given cannot be used; most of it is checked before any work is done.
    """
    problems = chosen.check()
    if problems:
        raise ConfigError(problems)
    check_inputs(data, passes=2)
    check_output(json_output, JSON, data)
    check_free(part_files(data, output, chosen), overwrite=overwrite)
    config = Config.read(None, settings).data
    known = find_taxonomy(taxonomy, tells=False)
    with reading(config) as log:
        found = split_documents(data, chosen, taxonomy=known, config=config, log=log)
    places = write_split(found, output, config, overwrite=overwrite)
    write_json(json_output, found.to_dict())
    console = Console()
    console.print(split_table(found))
    for line in split_lines(found):
        console.print_line(line)
    if log.skipped:
        console.print_line(f"{log.skipped:,} records that cannot be used are in no part.")
    tell_written(console.print_line, {"report": json_output})
    console.print_line(f"The parts are in {', '.join(str(place) for place in places.values())}.")
    if mark_for(config) and next(iter(places.values())).suffix != ".parquet":
        console.print_line(
            "They are UTF-8 with a byte order mark, which says more than data.encoding: with that "
            "setting and without it they are read alike."
        )


def split_table(found: DataSplit) -> Table:
    """One line a part."""
    table = Table(title="parts", title_justify="left")
    table.add_column("part")
    for name in ("documents", "share", "labels", "missing", "deviation"):
        table.add_column(name, justify="right")
    for part in found.summaries:
        cells = [
            f"{part.documents:,}",
            f"{100 * part.documents / len(found.parts):.1f}%",
            f"{part.labels:,}",
            f"{part.missing:,}",
            f"{100 * part.deviation:.1f}%",
        ]
        table.add_row(part.name, *cells)
    return table


def split_lines(found: DataSplit) -> list[str]:
    """Say how far the parts are from what they should be, and what was kept together."""
    lines = [
        f"mean difference of the odds of a label {found.label_deviation:.2g} (LD), of the size of "
        f"a part {found.example_deviation:,.1f} documents (ED)",
        *(f"{part.name}: {' to '.join(part.dates)}" for part in found.summaries if part.dates),
        *found.notes,
    ]
    if not found.settings.by_date:
        lines.insert(1, f"seed {found.settings.seed}")
    return lines
