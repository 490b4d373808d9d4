"""The commands ``harnn review ...`` and their options; as in :mod:`.app`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from harnn.cli.options import (
    OnErrorChoice,
    Settings,
    TaxonomyReading,
    takes_reading_options,
    takes_taxonomy_options,
)
from harnn.cli.settings import gather_settings

review_app = typer.Typer(
    no_args_is_help=True,
    help="Put documents into review, see how far it is, and export what people settled.",
)

_WHERE = "A file of SQLite, or a URL: what harnn serve --database is given."
Database = Annotated[str, typer.Argument(metavar="DATABASE", envvar="HARNN_DATABASE", help=_WHERE)]
ModelName = Annotated[
    str | None, typer.Option("--model", help="The review of this model alone, by its name.")
]


@review_app.command()
@takes_reading_options
def add(
    *,
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL", help="Model directory, as DIR or NAME=DIR, as harnn serve has it."
        ),
    ],
    data: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Documents.")],
    database: Annotated[str, typer.Option("--database", envvar="HARNN_DATABASE", help=_WHERE)],
    blind: Annotated[
        float,
        typer.Option(
            "--blind", min=0, max=1, help="Share that is read without the model's answer."
        ),
    ] = 0.1,
    second: Annotated[
        float, typer.Option("--second", min=0, max=1, help="Share that two people read.")
    ] = 0.1,
    second_doubt: Annotated[
        float | None,
        typer.Option(
            "--second-doubt",
            min=0,
            help="Expected number of wrong labels from which on two people read a document.",
        ),
    ] = None,
    evidence: Annotated[
        bool,
        typer.Option(
            "--evidence/--no-evidence", help="Keep the words that spoke for each label; slower."
        ),
    ] = True,
    title: Annotated[
        str | None,
        typer.Option("--title", help="Field of the text that is its title in the queue."),
    ] = None,
    settings: Settings = None,
    on_error: OnErrorChoice = None,
) -> None:
    """Predict documents and put them into review; those that are there stay as they are."""
    from harnn.cli import review

    review.add(
        model,
        data,
        database,
        settings=gather_settings(settings, on_error=on_error),
        blind_share=blind,
        second_share=second,
        second_doubt=second_doubt,
        evidence=evidence,
        title_field=title,
    )


@review_app.command()
def status(database: Database, model: ModelName = None) -> None:
    """Show how far the review is."""
    from harnn.cli import review

    review.show_status(database, model)


@review_app.command()
def export(
    database: Database,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="Documents for training: .jsonl, .csv, .tsv or .parquet."
        ),
    ],
    model: ModelName = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--since",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
            help="Documents that were settled then or later (UTC).",
        ),
    ] = None,
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="With documents that other programs corrected (harnn corrections)."
        ),
    ] = False,
) -> None:
    """Write the documents that are done with the labels that people settled."""
    from harnn.cli import review

    review.export(database, output, model, since, everything=everything)


@review_app.command()
def verify(
    database: Database,
    head: Annotated[
        str | None,
        typer.Option("--head", metavar="HASH", help="A hash that an earlier verify has shown."),
    ] = None,
) -> None:
    """Find out whether the log is whole, and whether documents say what it says."""
    from harnn.cli import review

    review.verify(database, head)


@review_app.command()
def agreement(database: Database, model: ModelName = None) -> None:
    """Show how far two readers of the same documents agree."""
    from harnn.cli import review

    review.show_agreement(database, model)


@review_app.command()
def anchoring(database: Database, model: ModelName = None) -> None:
    """Show how far the model's answer sways readers who see it."""
    from harnn.cli import review

    review.show_anchoring(database, model)


@review_app.command()
def log(
    database: Database,
    after: Annotated[int, typer.Option("--after", min=0, help="Entries behind this one.")] = 0,
    item: Annotated[
        int | None, typer.Option("--item", help="Entries about this document alone.")
    ] = None,
) -> None:
    """Write the log as JSON lines, oldest entry first."""
    from harnn.cli import review

    review.write_log(database, after, item)


@review_app.command()
@takes_taxonomy_options
def retire(
    database: Database,
    *,
    taxonomy: Annotated[
        Path,
        typer.Option("--taxonomy", "-t", help="The new taxonomy, in any form, or a model."),
    ],
    how: TaxonomyReading,
    model: ModelName = None,
) -> None:
    """Go on under a new taxonomy: documents with a label that it lacks are queued again."""
    from harnn.cli import review
    from harnn.cli.taxonomies import TaxonomyChoice

    review.retire(database, TaxonomyChoice(taxonomy, **how), model)
