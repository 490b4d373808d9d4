"""The options of ``harnn tune`` and ``harnn sweep``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harnn.cli import completing
from harnn.cli.options import (
    CacheDirectory,
    ConfigFile,
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

_Train = Annotated[list[Path], typer.Option("--train", help="Training documents.")]
_Valid = Annotated[
    list[str],
    typer.Option(
        "--valid",
        metavar="FILE|SHARE",
        help="Validation documents, or the share of the training documents that is held out for "
        "them, as 0.2.",
    ),
]


@takes_reading_options
@takes_training_options
@takes_taxonomy_options
@takes_scratch_option
def tune(
    *,
    train: _Train,
    valid: _Valid,
    out: Annotated[Path, typer.Option("--out", "-o", help="Directory that keeps the study.")],
    taxonomy: TaxonomyFile = None,
    how: TaxonomyReading,
    config: ConfigFile = None,
    settings: Settings = None,
    unlabelled: Unlabelled = None,
    space: Annotated[
        Path | None,
        typer.Option("--space", help="What is tried (TOML): learning_rate = '0.0005..0.01 log'."),
    ] = None,
    tried: Annotated[
        list[str] | None,
        typer.Option(
            "--try",
            metavar="TABLE.KEY=WHAT",
            autocompletion=completing.settings,
            help="A setting and what is tried: LOW..HIGH, 'LOW..HIGH log' or a list, as "
            'model.dropout=0.2..0.7 or \'model.encoder=["lstm", "mingru"]\'; repeatable.',
        ),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Trainings in all.")] = 20,
    hours: Annotated[
        float | None, typer.Option(min=0, help="No training begins after so many hours.")
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(
            "--figure",
            help="Draw which settings mattered, with the scores by their values (.svg, .png).",
        ),
    ] = None,
    track: Track = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the study in the directory.")
    ] = False,
) -> None:
    """Look for better settings, one training after the other, by their validation score."""
    from harnn.cli import searching

    searching.tune(
        searching.SearchFiles.of(taxonomy, how, train, valid, unlabelled or []),
        config=config,
        settings=settings or [],
        space=space,
        tried=tried or [],
        out=out,
        trials=trials,
        hours=hours,
        figure=figure,
        track=track or [],
        resume=resume,
    )


@takes_reading_options
@takes_training_options
@takes_taxonomy_options
@takes_scratch_option
def sweep(
    *,
    train: _Train,
    valid: _Valid,
    test: Annotated[
        list[Path] | None,
        typer.Option("--test", help="Documents to report on; none: the validation documents."),
    ] = None,
    taxonomy: TaxonomyFile = None,
    how: TaxonomyReading,
    config: ConfigFile = None,
    settings: Settings = None,
    unlabelled: Unlabelled = None,
    seeds: Annotated[
        int, typer.Option(min=2, max=1_000, help="Trainings, with seeds from training.seed on.")
    ] = 3,
    cache: CacheDirectory = None,
    track: Track = None,
    json_output: Annotated[
        Path | None, typer.Option("--json", help="Write all numbers (.json).")
    ] = None,
    table: PaperTableFile = None,
) -> None:
    """Train with several seeds, and tell mean and standard deviation of every score."""
    from harnn.cli import searching

    searching.sweep(
        searching.SearchFiles.of(taxonomy, how, train, valid, unlabelled or []),
        test=test,
        config=config,
        settings=settings or [],
        seeds=seeds,
        cache=cache,
        track=track or [],
        json_output=json_output,
        table=table,
    )
