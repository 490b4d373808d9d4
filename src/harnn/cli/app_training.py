"""The options of ``harnn train``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from harnn.cli import completing
from harnn.cli.options import (
    CacheDirectory,
    ConfigFile,
    Overwrite,
    PaperTableFile,
    Settings,
    TaxonomyFile,
    TaxonomyReading,
    Track,
    Unlabelled,
    takes_reading_options,
    takes_scratch_option,
    takes_taxonomy_options,
    takes_training_options,
)


@takes_reading_options
@takes_training_options
@takes_taxonomy_options
@takes_scratch_option
def train(
    *,
    train: Annotated[list[Path] | None, typer.Option("--train", help="Training documents.")] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="Model directory to write.")],
    valid: Annotated[
        list[str] | None,
        typer.Option(
            "--valid",
            metavar="FILE|SHARE",
            help="Validation documents, or the share of the training documents that is held out "
            "for them, as 0.2.",
        ),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            "--folds",
            min=2,
            help="Cross-validation: train so many models, each without the documents that it "
            "answers for, and keep models and scores in the directory.",
        ),
    ] = None,
    taxonomy: TaxonomyFile = None,
    how: TaxonomyReading,
    config: ConfigFile = None,
    settings: Settings = None,
    unlabelled: Unlabelled = None,
    cache: CacheDirectory = None,
    init: Annotated[
        Path | None,
        typer.Option(
            "--init",
            metavar="DIR",
            help="A model to go on from: its weights, words, encoders and taxonomy.",
        ),
    ] = None,
    corrections: Annotated[
        str | None,
        typer.Option(
            "--corrections",
            metavar="FILE|URL",
            help="Documents with corrected labels, as harnn corrections writes them, or the "
            "database: each replaces the document of the same id, or is added.",
        ),
    ] = None,
    json_output: Annotated[
        Path | None,
        typer.Option("--json", help="Write the report, and with --init what changed (.json)."),
    ] = None,
    table: PaperTableFile = None,
    name: Annotated[
        str, typer.Option("--name", help="Of the model, for its card; default: of its directory.")
    ] = "",
    model_version: Annotated[
        str, typer.Option("--model-version", help="Of the model, for its card.")
    ] = "",
    processes: Annotated[
        int,
        typer.Option(
            "--processes",
            min=1,
            max=1_024,
            help="Processes of this machine that share the training of networks.",
        ),
    ] = 1,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            autocompletion=completing.clusters,
            help="A Ray cluster that trains the labels of the linear branch: HOST:PORT, auto or "
            "local.",
        ),
    ] = None,
    track: Track = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on where training was stopped, or from the beginning; a finished model is "
            "left as it is.",
        ),
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Train a model; the best epoch and the threshold are chosen on the validation documents."""
    from harnn.cli import commands, folding
    from harnn.cli.going_on import GoingOn
    from harnn.cli.taxonomies import TaxonomyChoice
    from harnn.cli.training_crew import Crew

    crew = Crew(processes, address)
    start = GoingOn(init, corrections or "", json_output)
    if folds is None:
        folding.refuse_table(table)
    command = (
        partial(commands.train, going_on=start, crew=crew)
        if folds is None
        else folding.train_folds(folds, beside=start, crew=crew, table=table)
    )
    command(
        commands.TrainingFiles(
            taxonomy=TaxonomyChoice(taxonomy, **how),
            train=train or [],
            valid=folding.read_valid(valid or [], folds),
            unlabelled=unlabelled or [],
            out=out,
            name=name,
            version=model_version,
        ),
        config=config,
        settings=settings or [],
        cache=cache,
        track=track or [],
        resume=resume,
        overwrite=overwrite,
    )
