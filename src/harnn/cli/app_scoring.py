"""The command that scores archives, and its options; as in :mod:`.app`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from harnn.cli import completing
from harnn.cli.options import (
    DecodingChoice,
    Model,
    OnErrorChoice,
    Settings,
    SpeedChoice,
    takes_decode_options,
    takes_reading_options,
    takes_speed_options,
)
from harnn.cli.settings import gather_settings


@takes_reading_options
@takes_decode_options
@takes_speed_options
def score(
    *,
    model: Model,
    data: Annotated[
        list[str],
        typer.Option(
            "--data",
            "-d",
            metavar="PATTERN",
            help="Documents: .jsonl (also .gz, .zst) or .parquet, as a path, a quoted pattern "
            "('archive/**/*.parquet') or a URL (s3://bucket/*.jsonl.gz); repeatable.",
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Directory for answers, a file a partition.")
    ],
    form: Annotated[
        Literal["jsonl", "parquet"],
        typer.Option(
            "--format",
            help="jsonl: as harnn predict writes it; parquet: id, labels, scores and notes.",
        ),
    ] = "jsonl",
    partition: Annotated[
        int | None,
        typer.Option(
            "--partition",
            min=1,
            help="Lines, or rows of Parquet, that are answered at once and become one file; "
            "default: about 20,000.",
        ),
    ] = None,
    processes: Annotated[
        int,
        typer.Option(
            "--processes",
            min=1,
            max=4_096,
            help="Processes that answer, or with --address actors; each holds the model.",
        ),
    ] = 1,
    threads: Annotated[
        int | None,
        typer.Option(
            "--threads",
            min=1,
            max=1_024,
            help="Threads of each; default: its share of the cores, of an actor 1.",
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--address",
            autocompletion=completing.clusters,
            help="Answer on a Ray cluster (extra ray): its address, or auto for the one that this "
            "machine is part of; local starts one here.",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on with what is in the directory, or from the beginning."
        ),
    ] = False,
    acceptance: Annotated[
        Path | None,
        typer.Option(
            "--acceptance", help="What harnn acceptance wrote: file answers by it, as predict does."
        ),
    ] = None,
    options: DecodingChoice,
    speed: SpeedChoice,
    settings: Settings = None,
    on_error: OnErrorChoice = None,
) -> None:
    """Predict labels for an archive of any size, in partitions, on several processes or machines.

    What is finished is never done again: --resume goes on after whatever stopped it.
    """
    from harnn.cli import scoring
    from harnn.scoring import Crew

    scoring.score(
        model,
        data,
        out,
        form=form,
        partition=partition,
        crew=Crew(processes, address),
        threads=threads,
        resume=resume,
        options=options,
        speed=speed,
        acceptance=acceptance,
        settings=gather_settings(settings, on_error=on_error),
    )
