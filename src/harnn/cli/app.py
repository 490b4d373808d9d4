"""The commands and their options; what they do is in :mod:`harnn.cli.commands`.

Nothing here imports torch, so that ``--help`` is quick.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from harnn.cli import (
    app_data,
    app_decoding,
    app_evaluation,
    app_migration,
    app_models,
    app_scoring,
    app_search,
    app_serving,
    app_settings,
    app_training,
)
from harnn.cli.app_review import review_app
from harnn.cli.options import (
    ConfigFile,
    Data,
    DecodingChoice,
    Device,
    Fixes,
    Model,
    OnErrorChoice,
    Overwrite,
    PaperTableFile,
    Settings,
    SpeedChoice,
    TaxonomyFile,
    TaxonomyReading,
    VectorsOfDocuments,
    takes_decode_options,
    takes_reading_options,
    takes_scratch_option,
    takes_speed_options,
    takes_taxonomy_options,
)
from harnn.cli.settings import gather_settings
from harnn.cli.taxonomy_app import taxonomy_app
from harnn.config import Language

app = typer.Typer(
    no_args_is_help=True,
    help="File documents under a taxonomy: train, evaluate, predict and explain with HARNN.",
    pretty_exceptions_enable=False,
)
app.add_typer(taxonomy_app, name="taxonomy")
app.add_typer(review_app, name="review")


def _show_version(value: bool) -> None:
    if value:
        from harnn import __version__

        typer.echo(f"harnn {__version__}")
        raise typer.Exit


@app.callback()
def _start(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    del version


@app.command()
def demo(
    lang: Annotated[Language, typer.Option(help="Language of the sample.")] = "en",
    out: Annotated[
        Path | None, typer.Option(help="Where to keep the model; default: harnn-demo-LANG.")
    ] = None,
) -> None:
    """Train, evaluate and predict on the embedded sample."""
    from harnn.cli import commands

    commands.demo(lang, out or Path(f"harnn-demo-{lang}"))


@app.command()
@takes_reading_options
@takes_taxonomy_options
def validate(
    *,
    data: Data,
    test: Annotated[
        list[Path] | None,
        typer.Option("--test", help="Test documents, compared with the others for overlap."),
    ] = None,
    taxonomy: TaxonomyFile = None,
    how: TaxonomyReading,
    config: ConfigFile = None,
    settings: Settings = None,
    fixes: Fixes = None,
    suggest: Annotated[
        Path | None,
        typer.Option(
            "--suggest",
            metavar="FILE",
            help="Write labels that the taxonomy does not have with what may be meant (.tsv, .csv, "
            ".jsonl), to be corrected and given as --fixes.",
        ),
    ] = None,
    json_output: Annotated[
        Path | None, typer.Option("--json", help="Write the report as JSON (.json).")
    ] = None,
) -> None:
    """Report every problem of taxonomy and documents with file and line, and statistics."""
    from harnn.cli import commands
    from harnn.cli.taxonomies import TaxonomyChoice
    from harnn.config import Config

    ok = commands.validate(
        data,
        test or [],
        taxonomy=TaxonomyChoice(taxonomy, **how),
        config=Config.read(config, gather_settings(settings, fixes=fixes)),
        json_output=json_output,
        suggest=suggest,
    )
    if not ok:
        raise typer.Exit(2)


app.command()(app_settings.config)
app.command()(app_data.split)


app.command()(app_training.train)
app.command()(app_search.tune)
app.command()(app_search.sweep)


@app.command()
@takes_reading_options
@takes_decode_options
@takes_speed_options
@takes_scratch_option
def evaluate(
    *,
    model: Model,
    data: Data,
    json_output: Annotated[
        Path | None, typer.Option("--json", help="Write all numbers as JSON (.json).")
    ] = None,
    table: PaperTableFile = None,
    strategies: Annotated[
        bool, typer.Option("--strategies", help="Show all strategies side by side instead.")
    ] = False,
    options: DecodingChoice,
    speed: SpeedChoice,
    settings: Settings = None,
    fixes: Fixes = None,
    on_error: OnErrorChoice = None,
) -> None:
    """Compare predictions with the labels of documents, per level and overall."""
    from harnn.cli import commands

    command = commands.evaluate_strategies if strategies else commands.evaluate
    command(
        model,
        data,
        json_output=json_output,
        table=table,
        options=options,
        speed=speed,
        settings=gather_settings(settings, on_error=on_error, fixes=fixes),
    )


app.command()(app_evaluation.compare)


app.command()(app_data.errors)


@app.command()
@takes_reading_options
@takes_decode_options
@takes_speed_options
def predict(
    *,
    model: Model,
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data",
            "-d",
            help="Documents; labels are not needed; - reads standard "
            "input: JSON lines, or one text a line.",
        ),
    ] = None,
    text: Annotated[
        list[str] | None, typer.Option("--text", help="A text to file; repeatable.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="A file; its suffix says what is written: .jsonl, or .csv, .tsv or .parquet with "
            "the columns id, labels, scores and notes (in a cell separated by ;). Default: JSON "
            "lines to standard output.",
        ),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Go on where the command was stopped, with the answers in FILE.part."
        ),
    ] = False,
    scores: Annotated[
        Path | None,
        typer.Option(
            "--scores",
            help="Also write the scores of all labels (.npz: ids, labels, scores in float32): 4 "
            "bytes for each document and label.",
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option(
            "--workers",
            min=1,
            max=256,
            help="Processes that answer, in the same order; each holds the model, and they share "
            "the threads.",
        ),
    ] = 1,
    acceptance: Annotated[
        Path | None,
        typer.Option(
            "--acceptance",
            help="What harnn acceptance wrote: say of each document down to which level it is "
            "accepted unattended, and give sets of labels where it has some.",
        ),
    ] = None,
    rerank: Annotated[
        str | None,
        typer.Option(
            "--rerank",
            metavar="URL",
            help="Send the text of each document with its best labels to an endpoint that ends in "
            "/chat/completions or /rerank, and let it judge them too; https, but on this machine. "
            "Its key is read from HARNN_RERANK_KEY.",
        ),
    ] = None,
    rerank_model: Annotated[
        str,
        typer.Option(
            "--rerank-model",
            envvar="HARNN_RERANK_MODEL",
            help="Name of the model that the endpoint is to ask.",
        ),
    ] = "",
    rerank_top: Annotated[
        int,
        typer.Option(
            "--rerank-top", min=1, max=200, help="Labels of each document that it is to judge."
        ),
    ] = 10,
    options: DecodingChoice,
    speed: SpeedChoice,
    settings: Settings = None,
    on_error: OnErrorChoice = None,
) -> None:
    """Predict labels: one JSON object a document."""
    from harnn.cli import predicting

    predicting.predict(
        model,
        predicting.Texts(data or [], text or []),
        predicting.Place(output, resume, scores),
        options=options,
        speed=speed,
        workers=workers,
        acceptance=acceptance,
        reranker=predicting.Reranker(rerank, rerank_model, rerank_top),
        settings=gather_settings(settings, on_error=on_error),
    )


app.command()(app_scoring.score)


@app.command()
@takes_reading_options
@takes_decode_options
def explain(
    *,
    model: Model,
    data: Data,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="A page (.html) or data (.jsonl) to write.")
    ],
    options: DecodingChoice,
    examples: Annotated[
        list[Path] | None,
        typer.Option(help="Labelled documents: the nearest of each label are shown beside it."),
    ] = None,
    device: Device = None,
    document_vectors: VectorsOfDocuments = None,
    settings: Settings = None,
    fixes: Fixes = None,
    on_error: OnErrorChoice = None,
) -> None:
    """Show what spoke for each predicted label, and for the siblings that came next."""
    from harnn.cli import predicting
    from harnn.cli.models import Speed

    predicting.explain(
        model,
        data,
        output,
        options=options,
        examples=examples or (),
        speed=Speed(device=device, document_vectors=document_vectors),
        settings=gather_settings(settings, on_error=on_error, fixes=fixes),
    )


app.command()(app_evaluation.report)


app.command()(app_evaluation.acceptance)
app.command()(app_evaluation.drift)


app.command()(app_decoding.decoding)
app.command()(app_decoding.thresholds)


app.command()(app_models.info)
app.command()(app_models.push)
app.command()(app_models.pull)


@app.command()
def export(
    model: Model,
    output: Annotated[Path, typer.Option("--output", "-o", help="Model directory to write.")],
    format: Annotated[
        Literal["onnx", "mlflow", "huggingface"],
        typer.Option(
            "--format",
            help="onnx: a model directory; mlflow: MLflow's form of one; huggingface: one with the "
            "handler of an Inference Endpoint.",
        ),
    ] = "onnx",
    int8: Annotated[
        bool, typer.Option("--int8", help="Weights of the networks in 8 bits: smaller, rounded.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Write a model that predicts without PyTorch: NumPy and ONNX Runtime are enough."""
    from harnn.cli import exporting

    exporting.export(model, output, form=format, int8=int8, overwrite=overwrite)


app.command()(app_data.convert)
app.command()(app_migration.migrate)


app.command()(app_serving.serve)
app.command()(app_serving.token)
app.command()(app_serving.corrections)
