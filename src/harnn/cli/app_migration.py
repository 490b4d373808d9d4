"""The command that takes a model to a new edition of its taxonomy, and its options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harnn.cli.options import (
    Fixes,
    Model,
    OnErrorChoice,
    Overwrite,
    Settings,
    TaxonomyReading,
    VectorsOfDocuments,
    takes_reading_options,
    takes_taxonomy_options,
)
from harnn.cli.settings import gather_settings


@takes_reading_options
@takes_taxonomy_options
def migrate(
    *,
    model: Model,
    taxonomy: Annotated[
        Path,
        typer.Option(
            "--taxonomy", "-t", help="The new edition, in any form, or a model directory."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Model directory to write.")],
    how: TaxonomyReading,
    map_file: Annotated[
        Path | None,
        typer.Option(
            "--map",
            help="What became of labels (.csv, .tsv), as harnn taxonomy diff --map writes it.",
        ),
    ] = None,
    certainty: Annotated[
        float,
        typer.Option("--certainty", min=0, max=1, help="Links of less certainty are not followed."),
    ] = 0.5,
    tune: Annotated[
        list[Path] | None,
        typer.Option(
            "--tune",
            help="Documents with labels of the new edition, to which blend, calibration and "
            "thresholds are fitted; repeatable.",
        ),
    ] = None,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", "-d", help="Documents of the old edition, for --review."),
    ] = None,
    review: Annotated[
        Path | None,
        typer.Option(
            "--review", help="Where to list those of --data that somebody should look at."
        ),
    ] = None,
    json_output: Annotated[
        Path | None, typer.Option("--json", help="Write what was done as JSON (.json).")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Print all guesses, not ten of them.")
    ] = False,
    document_vectors: VectorsOfDocuments = None,
    settings: Settings = None,
    fixes: Fixes = None,
    on_error: OnErrorChoice = None,
    overwrite: Overwrite = False,
) -> None:
    """Take a model to a new edition of its taxonomy, without training: labels keep their weights.

    harnn train --init goes on from there with documents of the new edition.
    """
    from harnn.cli import migrating
    from harnn.cli.taxonomies import TaxonomyChoice

    request = migrating.Request(
        model, out, taxonomy, map_file, certainty, tune or [], data or [], review, json_output
    )
    migrating.migrate_model(
        request,
        TaxonomyChoice(None, **how),
        document_vectors=document_vectors,
        settings=gather_settings(settings, on_error=on_error, fixes=fixes),
        everything=everything,
        overwrite=overwrite,
    )
