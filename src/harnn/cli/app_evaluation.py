"""The commands that say how good models are, and their options; as in :mod:`.app`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from harnn.cli.options import (
    Data,
    DecodingChoice,
    Fixes,
    Model,
    OnErrorChoice,
    PaperTableFile,
    Settings,
    SpeedChoice,
    TaxonomyReading,
    VectorsOfDocuments,
    takes_decode_options,
    takes_reading_options,
    takes_speed_options,
    takes_taxonomy_options,
)
from harnn.cli.settings import gather_settings


@takes_reading_options
@takes_taxonomy_options
def compare(
    *,
    systems: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="DIR_OR_FILE...",
            help="Two or more: model directories, or predictions of any program (jsonl, json, "
            "csv, tsv, parquet, xlsx, ods; npz, npy).",
        ),
    ] = None,
    data: Data,
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            metavar="NAME=DIR_OR_FILE",
            help="In place of models: what made one, as 'paper=runs/paper-*', for each model of "
            "other seeds; repeatable. Methods are compared with methods.",
        ),
    ] = None,
    thresholds: Annotated[
        list[str] | None,
        typer.Option(
            "--thresholds",
            metavar="DIR=FILE",
            help="A table of thresholds for one of the models, as harnn thresholds writes it; "
            "repeatable.",
        ),
    ] = None,
    json_output: Annotated[
        Path | None, typer.Option("--json", help="Write all numbers as JSON (.json).")
    ] = None,
    table: PaperTableFile = None,
    samples: Annotated[
        int, typer.Option("--samples", min=1, help="Bootstrap samples of the documents.")
    ] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the bootstrap.")] = 13,
    file_threshold: Annotated[
        float,
        typer.Option("--file-threshold", help="What scores in a file of predictions must reach."),
    ] = 0.5,
    file_encoding: Annotated[
        str, typer.Option("--file-encoding", help="Of files of predictions, as cp1252.")
    ] = "utf-8",
    taxonomy: Annotated[
        Path | None,
        typer.Option("--taxonomy", "-t", help="Where only files of predictions are compared."),
    ] = None,
    how: TaxonomyReading,
    document_vectors: VectorsOfDocuments = None,
    settings: Settings = None,
    fixes: Fixes = None,
    on_error: OnErrorChoice = None,
) -> None:
    """Compare models and predictions on labelled documents, with intervals and p-values."""
    from harnn.cli import comparing
    from harnn.cli.taxonomies import TaxonomyChoice
    from harnn.errors import ConfigError
    from harnn.metrics import Resampling

    methods = comparing.read_methods(method) if method else {}
    given = systems or []
    if methods and given:
        what = f"got {given[0]} beside --method; name it with --method NAME=DIR_OR_FILE, too."
        raise ConfigError(what)
    given = given or [place for places in methods.values() for place in places]
    if len(given) < 2:
        raise ConfigError("expected two or more models or files of predictions to compare.")
    choice = TaxonomyChoice(taxonomy, **how)
    comparing.compare(
        comparing.Compared(
            given,
            data,
            choice,
            file_threshold,
            document_vectors,
            file_encoding,
            comparing.read_thresholds_of(thresholds or [], given),
        ),
        methods,
        written=comparing.Written(json_output, table),
        resampling=Resampling(samples, seed),
        settings=gather_settings(settings, fixes=fixes, on_error=on_error),
    )


@takes_reading_options
@takes_decode_options
@takes_speed_options
def report(
    *,
    model: Model,
    data: Data,
    output: Annotated[Path, typer.Option("--output", "-o", help="The page to write (.html).")],
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Also write the numbers of all labels (.csv).")
    ] = None,
    figures: Annotated[
        Path | None,
        typer.Option("--figures", help="Also write the figures as PNG and SVG to a directory."),
    ] = None,
    options: DecodingChoice,
    speed: SpeedChoice,
    settings: Settings = None,
    fixes: Fixes = None,
    on_error: OnErrorChoice = None,
) -> None:
    """Write one page that says how good a model is, down to single labels and documents."""
    from harnn.cli import reporting

    reporting.report(
        model,
        data,
        reporting.ReportPlaces(output, csv, figures),
        options=options,
        speed=speed,
        settings=gather_settings(settings, fixes=fixes, on_error=on_error),
    )


@takes_reading_options
@takes_decode_options
@takes_speed_options
def acceptance(
    *,
    model: Model,
    data: Data,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target",
            metavar="SHARE|LEVEL=SHARE",
            help="How often accepted documents shall be right, on all levels, as 0.95, or on one, "
            "as 1=0.98; repeatable. Without it what some targets would accept is shown.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write the acceptance (.json), for harnn predict."),
    ] = None,
    reading: Annotated[
        Literal["bound", "point", "sequence"],
        typer.Option(
            "--reading",
            help="What must reach the target: the lower end of the 95% interval (bound), the share "
            "itself, which half of the time is luck (point), or the steps of a sequence of exact "
            "tests (sequence).",
        ),
    ] = "bound",
    least_training: Annotated[
        int,
        typer.Option(
            "--least-training",
            min=0,
            help="Never accept a label with fewer training documents, as 20.",
        ),
    ] = 0,
    sets: Annotated[
        float | None,
        typer.Option(
            "--sets",
            help="Also make sets of labels that hold all true labels of a level so often, as 0.9.",
        ),
    ] = None,
    test: Annotated[
        list[Path] | None,
        typer.Option("--test", help="Other labelled documents, to try the acceptance on."),
    ] = None,
    options: DecodingChoice,
    speed: SpeedChoice,
    settings: Settings = None,
    fixes: Fixes = None,
    on_error: OnErrorChoice = None,
) -> None:
    """Say which documents may be accepted unattended, and how often that is right."""
    from harnn.cli import accepting

    accepting.acceptance(
        model,
        data,
        accepting.Wanted(target or [], reading, least_training, sets),
        test=test or [],
        output=output,
        options=options,
        speed=speed,
        settings=gather_settings(settings, fixes=fixes, on_error=on_error),
    )


@takes_reading_options
@takes_speed_options
def drift(
    *,
    model: Model,
    data: Data,
    against: Annotated[
        list[Path] | None,
        typer.Option(
            "--against",
            metavar="FILE",
            help="Documents to compare with; without it the figures that the model keeps of its "
            "validation documents.",
        ),
    ] = None,
    labelled: Annotated[
        bool | None,
        typer.Option(
            "--labelled/--unlabelled",
            help="Whether the labels of the documents are read, to say how good answers are now; "
            "default: if the first document has some.",
        ),
    ] = None,
    json_output: Annotated[
        Path | None, typer.Option("--json", help="Write all numbers as JSON (.json).")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Also write a page that shows it (.html).")
    ] = None,
    fail_on: Annotated[
        Literal["moved"] | None,
        typer.Option("--fail-on", help="Exit with code 1 where any figure has moved."),
    ] = None,
    speed: SpeedChoice,
    settings: Settings = None,
    fixes: Fixes = None,
    on_error: OnErrorChoice = None,
) -> None:
    """Say whether documents that arrive still look like those that a model learned from."""
    from harnn.cli import drifting

    moved = drifting.drift(
        model,
        drifting.Compared(data, against or [], labelled),
        json_output=json_output,
        page=html,
        speed=speed,
        settings=gather_settings(settings, fixes=fixes, on_error=on_error),
    )
    if moved and fail_on:
        raise typer.Exit(1)
