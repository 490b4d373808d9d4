"""The commands and their options; what they do is in :mod:`harnn.cli.commands`.

Nothing here imports torch, so that ``--help`` is quick.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from harnn.cli.options import (
    Beam,
    Bfloat16,
    ByPath,
    ConfigFile,
    Data,
    DecodingChoice,
    Device,
    LabelsFile,
    Model,
    OnErrorChoice,
    Overwrite,
    Separator,
    Settings,
    TaxonomyFile,
    takes_decode_options,
    takes_reading_options,
)
from harnn.config import Language, Mode, Preset

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="File documents under a taxonomy: train, evaluate, predict and explain with HARNN.",
    pretty_exceptions_enable=False,
)


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
def validate(
    data: Data,
    test: Annotated[
        list[Path] | None,
        typer.Option("--test", help="Test documents, compared with the others for overlap."),
    ] = None,
    taxonomy: TaxonomyFile = None,
    labels: LabelsFile = None,
    separator: Separator = None,
    by_path: ByPath = False,
    config: ConfigFile = None,
    settings: Settings = None,
    json_output: Annotated[
        Path | None, typer.Option("--json", help="Write the report as JSON (.json).")
    ] = None,
) -> None:
    """Report every problem of taxonomy and documents with file and line, and statistics."""
    from harnn.cli import commands
    from harnn.config import Config

    ok = commands.validate(
        data,
        test or [],
        taxonomy=commands.TaxonomyChoice(taxonomy, labels, separator, by_path),
        config=Config.read(config, settings or []),
        json_output=json_output,
    )
    if not ok:
        raise typer.Exit(2)


@app.command()
@takes_reading_options
def taxonomy(
    data: Data,
    output: Annotated[Path, typer.Option("--output", "-o", help="Taxonomy file to write (JSON).")],
    size: Annotated[
        list[str] | None,
        typer.Option(
            "--size",
            help="Labels of a level where the records do not tell, as subgroup=8364; repeatable.",
        ),
    ] = None,
    settings: Settings = None,
) -> None:
    """Learn levels and edges from index records (section, subsection, group, ...)."""
    from harnn.cli import commands

    commands.learn(data, output, size or [], settings or [])


@app.command()
@takes_reading_options
def train(
    train: Annotated[list[Path], typer.Option("--train", help="Training documents.")],
    valid: Annotated[list[Path], typer.Option("--valid", help="Validation documents.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Model directory to write.")],
    taxonomy: TaxonomyFile = None,
    labels: LabelsFile = None,
    separator: Separator = None,
    by_path: ByPath = False,
    config: ConfigFile = None,
    settings: Settings = None,
    preset: Annotated[
        Preset | None,
        typer.Option(
            help="fast: no network, seconds; best: three networks, and vectors of whole texts for "
            "any size of data; default: between."
        ),
    ] = None,
    mode: Annotated[Mode | None, typer.Option(help="The repaired network, or the paper's.")] = None,
    vectors: Annotated[
        str | None,
        typer.Option(help="word2vec, fasttext, random, glove-6b-50d or a file of word vectors."),
    ] = None,
    unlabelled: Annotated[
        list[Path] | None, typer.Option(help="More text to train word vectors on.")
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(help="Directory that keeps encoded documents for the next training."),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            "--device",
            help="What trains the networks: cpu, cuda, cuda:1, mps; default: cuda if there is one.",
        ),
    ] = None,
    on_error: OnErrorChoice = None,
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
    from harnn.cli import commands

    commands.train(
        commands.TrainingFiles(
            taxonomy=taxonomy,
            labels=labels,
            train=train,
            valid=valid,
            unlabelled=unlabelled or [],
            out=out,
            separator=separator,
            by_path=by_path,
        ),
        config=config,
        settings=commands.gather_settings(
            [*(settings or []), *(["training.device=" + device] if device else [])],
            mode=mode,
            preset=preset,
            vectors=vectors,
            on_error=on_error,
        ),
        cache=cache,
        resume=resume,
        overwrite=overwrite,
    )


@app.command()
@takes_reading_options
@takes_decode_options
def evaluate(
    *,
    model: Model,
    data: Data,
    json_output: Annotated[
        Path | None, typer.Option("--json", help="Write all numbers as JSON (.json).")
    ] = None,
    strategies: Annotated[
        bool, typer.Option("--strategies", help="Show all strategies side by side instead.")
    ] = False,
    options: DecodingChoice,
    beam: Beam = None,
    bf16: Bfloat16 = False,
    device: Device = None,
    settings: Settings = None,
    on_error: OnErrorChoice = None,
) -> None:
    """Compare predictions with the labels of documents, per level and overall."""
    from harnn.cli import commands
    from harnn.cli.models import Speed

    command = commands.evaluate_strategies if strategies else commands.evaluate
    command(
        model,
        data,
        json_output=json_output,
        options=options,
        speed=Speed(beam, bf16, device),
        settings=commands.gather_settings(settings, on_error=on_error),
    )


@app.command()
@takes_reading_options
def compare(
    systems: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR_OR_FILE...",
            help="Two or more: model directories, or predictions of any program (.jsonl, .csv, "
            ".tsv, .npz, .npy).",
        ),
    ],
    data: Data,
    json_output: Annotated[
        Path | None, typer.Option("--json", help="Write all numbers as JSON (.json).")
    ] = None,
    samples: Annotated[
        int, typer.Option("--samples", min=1, help="Bootstrap samples of the documents.")
    ] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the bootstrap.")] = 13,
    file_threshold: Annotated[
        float,
        typer.Option("--file-threshold", help="What scores in a file of predictions must reach."),
    ] = 0.5,
    taxonomy: Annotated[
        Path | None,
        typer.Option("--taxonomy", "-t", help="Where only files of predictions are compared."),
    ] = None,
    labels: LabelsFile = None,
    separator: Separator = None,
    by_path: ByPath = False,
    settings: Settings = None,
    on_error: OnErrorChoice = None,
) -> None:
    """Compare models and predictions on labelled documents, with intervals and p-values."""
    from harnn.cli import commands, comparing
    from harnn.errors import ConfigError
    from harnn.metrics import Resampling

    if len(systems) < 2:
        raise ConfigError("expected two or more models or files of predictions to compare.")
    gathered = commands.gather_settings(settings, on_error=on_error)
    resampling = Resampling(samples, seed)
    choice = commands.TaxonomyChoice(taxonomy, labels, separator, by_path)
    if len(systems) == 2 and not any(map(comparing.is_file_of_predictions, systems)):
        if choice != commands.TaxonomyChoice(None, None):
            raise ConfigError("models have their own taxonomy; leave --taxonomy out.")
        commands.compare(
            (systems[0], systems[1]),
            data,
            json_output=json_output,
            resampling=resampling,
            settings=gathered,
        )
        return
    comparing.compare_several(
        comparing.Compared(systems, data, choice, file_threshold),
        json_output=json_output,
        resampling=resampling,
        settings=gathered,
    )


@app.command()
@takes_reading_options
@takes_decode_options
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
    options: DecodingChoice,
    beam: Beam = None,
    bf16: Bfloat16 = False,
    device: Device = None,
    settings: Settings = None,
    on_error: OnErrorChoice = None,
) -> None:
    """Predict labels: one JSON object a document."""
    from harnn.cli import predicting
    from harnn.cli.commands import gather_settings
    from harnn.cli.models import Speed

    predicting.predict(
        model,
        predicting.Texts(data or [], text or []),
        predicting.Place(output, resume, scores),
        options=options,
        speed=Speed(beam, bf16, device),
        settings=gather_settings(settings, on_error=on_error),
    )


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
    device: Device = None,
    settings: Settings = None,
    on_error: OnErrorChoice = None,
) -> None:
    """Show for each predicted label the words that its own attention used."""
    from harnn.cli import predicting
    from harnn.cli.commands import gather_settings
    from harnn.cli.models import Speed

    predicting.explain(
        model,
        data,
        output,
        options=options,
        speed=Speed(device=device),
        settings=gather_settings(settings, on_error=on_error),
    )


@app.command()
@takes_reading_options
@takes_decode_options
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
    beam: Beam = None,
    bf16: Bfloat16 = False,
    device: Device = None,
    settings: Settings = None,
    on_error: OnErrorChoice = None,
) -> None:
    """Write one page that says how good a model is, down to single labels and documents."""
    from harnn.cli import reporting
    from harnn.cli.commands import gather_settings
    from harnn.cli.models import Speed

    reporting.report(
        model,
        data,
        reporting.ReportPlaces(output, csv, figures),
        options=options,
        speed=Speed(beam, bf16, device),
        settings=gather_settings(settings, on_error=on_error),
    )


@app.command()
@takes_decode_options
def decoding(*, model: Model, options: DecodingChoice) -> None:
    """Change how a model chooses labels from now on; without options, say how it does."""
    from harnn.cli import commands

    commands.change_decoding(model, options)


@app.command()
def export(
    model: Model,
    output: Annotated[Path, typer.Option("--output", "-o", help="Model directory to write.")],
    format: Annotated[Literal["onnx"], typer.Option("--format", help="What to write.")] = "onnx",
    int8: Annotated[
        bool, typer.Option("--int8", help="Weights of the networks in 8 bits: smaller, rounded.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Write a model that predicts without PyTorch: NumPy and ONNX Runtime are enough."""
    del format  # there is one so far
    from harnn.cli import commands

    commands.export(model, output, int8=int8, overwrite=overwrite)
