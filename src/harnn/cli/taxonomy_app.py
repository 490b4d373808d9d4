"""The commands ``harnn taxonomy ...`` and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harnn.cli.options import (
    Data,
    Settings,
    TaxonomyReading,
    takes_reading_options,
    takes_taxonomy_options,
)
from harnn.config import TaxonomyOutput

taxonomy_app = typer.Typer(
    help="Show, check, count, compare and convert taxonomies in any form, or learn one from index "
    "records."
)

File = Annotated[Path, typer.Argument(metavar="FILE", help="A taxonomy in any form.")]
Under = Annotated[
    str | None, typer.Option("--under", metavar="CODE", help="Only this label and all below it.")
]
Output = Annotated[Path, typer.Option("--output", "-o", help="Taxonomy file to write (JSON).")]
Sizes = Annotated[
    list[str] | None,
    typer.Option(
        "--size",
        help="Labels of a level where the records do not tell, as subgroup=8364; repeatable.",
    ),
]


@taxonomy_app.callback(invoke_without_command=True)
@takes_reading_options
def _learn_or_go_on(
    context: typer.Context,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", "-d", help="Index records; the same as harnn taxonomy learn."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Taxonomy file to write (JSON).")
    ] = None,
    size: Sizes = None,
    settings: Settings = None,
) -> None:
    if context.invoked_subcommand is not None:
        if data or output or size or settings:
            context.fail(f"Options stand after the command: taxonomy {context.invoked_subcommand}.")
        return
    if not (data or output or size or settings):
        typer.echo(context.get_help())
        raise typer.Exit(2)
    if not data:
        context.fail("Missing option '--data' / '-d'.")
    if output is None:
        context.fail("Missing option '--output' / '-o'.")
    from harnn.cli import taxonomies

    taxonomies.learn(data, output, size or [], settings or [])


@taxonomy_app.command()
@takes_taxonomy_options
def show(
    *,
    file: File,
    under: Under = None,
    depth: Annotated[int | None, typer.Option("--depth", min=1, help="Levels to show.")] = None,
    words: Annotated[
        str | None,
        typer.Option(
            "--search",
            metavar="WORDS",
            help="Only labels with all these words in their names, other names or codes, and what "
            "stands above them.",
        ),
    ] = None,
    how: TaxonomyReading,
) -> None:
    """Print a taxonomy as a tree."""
    from harnn.cli import taxonomies

    choice = taxonomies.TaxonomyChoice(file, **how)
    if not taxonomies.show(file, choice, under=under, depth=depth, words=words):
        raise typer.Exit(1)


@taxonomy_app.command()
@takes_taxonomy_options
def check(*, file: File, how: TaxonomyReading) -> None:
    """Print every problem of a taxonomy with file and line; exit code 2 if there is one."""
    from harnn.cli import taxonomies

    if not taxonomies.check(file, taxonomies.TaxonomyChoice(file, **how)):
        raise typer.Exit(2)


@taxonomy_app.command()
@takes_taxonomy_options
def stats(
    *,
    file: File,
    json_output: Annotated[
        Path | None, typer.Option("--json", help="Write all numbers as JSON (.json).")
    ] = None,
    how: TaxonomyReading,
) -> None:
    """Count labels, leaves, parents and names, level by level."""
    from harnn.cli import taxonomies

    taxonomies.stats(file, taxonomies.TaxonomyChoice(file, **how), json_output=json_output)


@taxonomy_app.command()
@takes_taxonomy_options
def convert(
    *,
    file: File,
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="A file; its suffix says what is written: .tsv (with labels.tsv), .json, .ttl or "
            ".nt (SKOS), .mmd (Mermaid), .dot, .md or .txt (outline), .html, .xml (Label Studio).",
        ),
    ],
    to: Annotated[
        TaxonomyOutput | None, typer.Option("--to", help="What is written; default: by suffix.")
    ] = None,
    under: Under = None,
    depth: Annotated[int | None, typer.Option("--depth", min=1, help="Levels to write.")] = None,
    tag: Annotated[
        str, typer.Option("--tag", help="Language of the texts in SKOS that is written, as en.")
    ] = "",
    base: Annotated[
        str | None,
        typer.Option("--base", help="What IRIs begin with in SKOS, of labels that have none."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a labels.tsv beside the .tsv.")
    ] = False,
    how: TaxonomyReading,
) -> None:
    """Write a taxonomy in another form, and say what that form cannot hold."""
    from harnn.cli import taxonomies

    taxonomies.convert(
        file,
        taxonomies.TaxonomyChoice(file, **how),
        output,
        to=to,
        under=under,
        depth=depth,
        tag=tag,
        base=base,
        overwrite=overwrite,
    )


@taxonomy_app.command()
@takes_taxonomy_options
def diff(
    *,
    old: Annotated[
        Path, typer.Argument(metavar="OLD", help="A taxonomy in any form, or a model directory.")
    ],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="Its new edition.")],
    map_file: Annotated[
        Path | None,
        typer.Option(
            "--map",
            help="What became of labels (.csv, .tsv): written if it is not there, else read, and "
            "what it says wins.",
        ),
    ] = None,
    json_output: Annotated[
        Path | None, typer.Option("--json", help="Write all changes as JSON (.json).")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Print all changes, not ten of a kind.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write the mapping again after reading it.")
    ] = False,
    how: TaxonomyReading,
) -> None:
    """Say what a new edition of a taxonomy changed; options for reading hold for both."""
    from harnn.cli import editions, taxonomies

    editions.diff(
        old,
        new,
        taxonomies.TaxonomyChoice(None, **how),
        map_file=map_file,
        json_output=json_output,
        everything=everything,
        overwrite=overwrite,
    )


@taxonomy_app.command()
@takes_reading_options
def learn(data: Data, output: Output, size: Sizes = None, settings: Settings = None) -> None:
    """Learn levels and edges from index records (section, subsection, group, ...)."""
    from harnn.cli import taxonomies

    taxonomies.learn(data, output, size or [], settings or [])
