"""The options that several commands share, each declared once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from harnn.cli import completing
from harnn.cli.settings import gather_settings, settings_of_file
from harnn.config import (
    Close,
    ConceptCodes,
    Mode,
    OnError,
    Preset,
    Strategy,
    TaxonomyForm,
    TopOne,
)
from harnn.errors import ConfigError

Model = Annotated[Path, typer.Argument(metavar="DIR", help="Model directory.")]
TaxonomyFile = Annotated[
    Path | None,
    typer.Option(
        "--taxonomy",
        "-t",
        help="TSV, CSV, XLSX, JSON, SKOS, path strings or an outline. Without it the levels are "
        "learned from index records.",
    ),
]
Data = Annotated[
    list[Path],
    typer.Option(
        "--data",
        "-d",
        help="Documents: jsonl, json, csv, tsv, parquet, xlsx, ods, txt, a directory of texts; - "
        "reads standard input.",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="TABLE.KEY=VALUE",
        autocompletion=completing.settings,
        help="A setting, as training.epochs=5 (harnn config shows all); repeatable.",
    ),
]
ConfigFile = Annotated[Path | None, typer.Option("--config", "-c", help="Settings (TOML).")]
OnErrorChoice = Annotated[
    OnError | None,
    typer.Option(
        "--on-error",
        help="fail: report all bad records and stop; skip: leave them out, counted and listed; "
        "drop-labels: leave out only labels that the taxonomy does not have.",
    ),
]
Fixes = Annotated[
    str | None,
    typer.Option(
        "--fixes",
        metavar="FILE",
        help="A table of wrong spellings of labels and what is meant, as harnn validate --suggest "
        "writes it; applied before labels are checked.",
    ),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an existing model.")]
PaperTableFile = Annotated[
    Path | None,
    typer.Option(
        "--table", metavar="FILE", help="Write the table for a paper: .md, .tex (LaTeX) or .csv."
    ),
]
VectorsOfDocuments = Annotated[
    Path | None,
    typer.Option(
        "--document-vectors",
        help="Vectors of the documents by their ids, for a branch that reads them: .npz (ids, "
        "vectors), .npy with NAME.ids.txt, or .parquet (id, vector).",
    ),
]

Track = Annotated[
    list[str] | None,
    typer.Option(
        "--track",
        metavar="KIND[:PLACE]",
        autocompletion=completing.trackers,
        help="Keep settings, losses and scores for comparison: csv[:FILE.csv], tensorboard[:DIR] "
        "or mlflow[:EXPERIMENT or URI or URI#EXPERIMENT], mlflow+model with the model that came of "
        "it; repeatable. Default places: runs/, and "
        "MLflow's own.",
    ),
]
Device = Annotated[
    str | None,
    typer.Option(
        "--device",
        autocompletion=completing.devices,
        help="What computes the networks: cpu, cuda, cuda:1, mps, or auto; default: the CPU.",
    ),
]
SpeedChoice = Any
"""How and where networks are computed, and from what: a :class:`harnn.cli.models.Speed`."""
_SPEED: dict[str, Any] = {
    "beam": Annotated[
        int | None,
        typer.Option(
            "--beam",
            min=1,
            help="In levels of over 1,024 labels let only the children of this many labels of each "
            "level above attend to a document: faster with very many labels.",
        ),
    ],
    "bf16": Annotated[
        bool,
        typer.Option(
            "--bf16", help="Compute networks in bfloat16: faster where the processor has it."
        ),
    ],
    "device": Device,
    "document_vectors": VectorsOfDocuments,
}
TaxonomyReading = dict[str, Any]
"""How a taxonomy is read, for :class:`harnn.cli.taxonomies.TaxonomyChoice`."""
_TAXONOMY: dict[str, Any] = {
    "labels": Annotated[
        Path | None,
        typer.Option(
            "--labels", help="Names of the labels (TSV); default: labels.tsv beside the taxonomy."
        ),
    ],
    "form": Annotated[
        TaxonomyForm | None,
        typer.Option("--form", help="Of the taxonomy's file; default: what it looks like."),
    ],
    "separator": Annotated[
        str | None,
        typer.Option(
            "--separator",
            help="What stands between the names of a path in the taxonomy, as '>' or '/'; default: "
            "what the file looks like.",
        ),
    ],
    "by_path": Annotated[
        bool | None,
        typer.Option(
            "--by-path",
            help="Keep labels of one name under different parents apart, by their paths.",
        ),
    ],
    "language": Annotated[
        str | None,
        typer.Option("--language", help="Of names in SKOS, as en or pt-BR; default: en."),
    ],
    "scheme": Annotated[
        str | None, typer.Option("--scheme", help="IRI of the concept scheme of SKOS to read.")
    ],
    "collections": Annotated[
        bool | None,
        typer.Option("--collections", help="Read collections of SKOS as labels above concepts."),
    ],
    "codes": Annotated[
        ConceptCodes | None,
        typer.Option(
            "--codes",
            help="What concepts of SKOS are known by: the end of their IRI (auto), their notation, "
            "or the whole IRI.",
        ),
    ],
    "column": Annotated[
        list[str] | None,
        typer.Option(
            "--column",
            help="What a column of a table holds, as child=Code, parent=Broader, name=Title, "
            "path=Breadcrumb or levels=Section,Group; repeatable.",
        ),
    ],
    "sheet": Annotated[
        str | None, typer.Option("--sheet", help="Of a workbook, by name; default: the first.")
    ],
    "taxonomy_encoding": Annotated[
        str | None,
        typer.Option(
            "--taxonomy-encoding",
            help="Of the taxonomy's file and its table of labels, as cp1252; default: what a mark "
            "in it says, or UTF-8.",
        ),
    ],
}

_READING: dict[str, Any] = {
    "config": Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Settings (TOML), of which the table data is read."),
    ],
    "encoding": Annotated[
        str | None,
        typer.Option("--encoding", help="Of the documents' files, as cp1252."),
    ],
    "delimiter": Annotated[
        str | None,
        typer.Option(
            "--delimiter",
            help="Between the cells of CSV and TSV; default: what the file looks like.",
        ),
    ],
    "label_separator": Annotated[
        str | None,
        typer.Option("--label-separator", help="Between the labels of one cell."),
    ],
    "text_field": Annotated[
        list[str] | None,
        typer.Option("--text-field", help="A column or field of the text; repeatable, in order."),
    ],
    "labels_field": Annotated[
        list[str] | None,
        typer.Option("--labels-field", help="A column or field of labels; repeatable."),
    ],
    "level_field": Annotated[
        list[str] | None,
        typer.Option(
            "--level-field",
            help="A column with one label of a level, from the top; repeatable: together they are "
            "the path of one label.",
        ),
    ],
    "data_sheet": Annotated[
        str | None,
        typer.Option(
            "--data-sheet",
            help="Of spreadsheets of documents, by name or number; default: the first.",
        ),
    ],
}
"""How documents are read; each but the first is a setting of ``[data]``."""

DecodingChoice = dict[str, Any]
"""How labels are chosen, for :class:`harnn.decode.DecodeOptions`."""
_DECODING: dict[str, Any] = {
    "strategy": Annotated[
        Strategy | None,
        typer.Option(
            "--strategy",
            help="How labels are chosen: by one threshold, one for each level or label, the k "
            "best, the best expected F1, or down to the deepest sure level; default: the model's "
            "own.",
        ),
    ],
    "top_k": Annotated[int | None, typer.Option("--top-k", min=1, help="The k best labels.")],
    "threshold": Annotated[
        float | None, typer.Option("--threshold", min=0, max=1, help="Labels scored at least this.")
    ],
    "thresholds": Annotated[
        Path | None,
        typer.Option(
            "--thresholds",
            metavar="FILE",
            help="A table of thresholds of labels or levels, as harnn thresholds writes it.",
        ),
    ],
    "close": Annotated[
        Close | None,
        typer.Option(
            "--close",
            help="up: with each label all its ancestors; down: a label only where all its "
            "ancestors are chosen; none: labels as they are; default: the model's own.",
        ),
    ],
    "top_1": Annotated[
        TopOne | None,
        typer.Option("--top-1", help="When to add the best leaf with its ancestors."),
    ],
}
"""The options of :class:`harnn.decode.DecodeOptions`."""


_TRAINING: dict[str, Any] = {
    "preset": Annotated[
        Preset | None,
        typer.Option(
            help="fast: no network, seconds; best: three networks, vectors of whole texts for any "
            "size of data, and an encoder that is fine-tuned; default: between."
        ),
    ],
    "mode": Annotated[Mode | None, typer.Option(help="The repaired network, or the paper's.")],
    "vectors": Annotated[
        str | None,
        typer.Option(
            autocompletion=completing.word_vectors,
            help="word2vec, fasttext, random, glove-6b-50d or a file of word vectors.",
        ),
    ],
    "document_vectors": VectorsOfDocuments,
    "device": Annotated[
        str | None,
        typer.Option(
            "--device",
            autocompletion=completing.devices,
            help="What trains the networks: cpu, cuda, cuda:1, mps; default: cuda if there is one.",
        ),
    ],
    "seed": Annotated[
        int | None,
        typer.Option("--seed", min=0, help="Of all that is drawn; of several trainings the first."),
    ],
    "fixes": Fixes,
    "on_error": OnErrorChoice,
}
"""What every command that trains takes; each is a setting."""
Unlabelled = Annotated[
    list[Path] | None, typer.Option("--unlabelled", help="More text to train word vectors on.")
]
CacheDirectory = Annotated[
    Path | None,
    typer.Option("--cache", help="Directory that keeps encoded documents for the next training."),
]


_SCRATCH: dict[str, Any] = {
    "scratch": Annotated[
        Path | None,
        typer.Option(
            help="Directory for arrays that are too large for memory, while the command works."
        ),
    ]
}


def takes_decode_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that choose labels in place of its parameter ``options``."""

    def gather(given: dict[str, Any], own: dict[str, Any]) -> None:
        if own["top_k"] is not None and own["threshold"] is not None:
            raise ConfigError("--top-k and --threshold exclude each other; give one of them.")
        other = next((x for x in ("threshold", "top_k", "strategy") if own[x] is not None), None)
        if own["thresholds"] is not None and other is not None:
            name = other.replace("_", "-")
            raise ConfigError(f"--thresholds and --{name} exclude each other; give one of them.")
        given["options"] = own

    return _with_options(command, _DECODING, gather, place="options", replaces=True)


def takes_taxonomy_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that read a taxonomy in place of its parameter ``how``."""

    def gather(given: dict[str, Any], own: dict[str, Any]) -> None:
        given["how"] = own

    return _with_options(command, _TAXONOMY, gather, place="how", replaces=True)


def takes_reading_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that read documents, as settings before its ``settings``.

    One that takes all settings has a ``config`` of its own; to others it gives those of ``[data]``.
    """
    has_config = "config" in inspect.signature(command).parameters
    options = {name: kind for name, kind in _READING.items() if name != "config" or not has_config}

    def gather(given: dict[str, Any], own: dict[str, Any]) -> None:

        path = own.pop("config", None)
        settings = [*settings_of_file(path, "data"), *(given["settings"] or [])]
        given["settings"] = gather_settings(settings, **own)

    return _with_options(command, options, gather, place="settings", replaces=False)


def takes_training_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that stand for settings of a training, after its ``settings``."""

    def gather(given: dict[str, Any], own: dict[str, Any]) -> None:
        vectors = own.pop("document_vectors")
        own["document_vectors"] = None if vectors is None else str(vectors)
        given["settings"] = gather_settings(given["settings"], **own)

    return _with_options(command, _TRAINING, gather, place="settings", replaces=False)


def takes_speed_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options for computing networks in place of its parameter ``speed``."""

    def gather(given: dict[str, Any], own: dict[str, Any]) -> None:
        from harnn.cli.models import Speed

        given["speed"] = Speed(
            own["beam"], bool(own["bf16"]), own["device"], own["document_vectors"]
        )

    return _with_options(command, _SPEED, gather, place="speed", replaces=True)


def takes_scratch_option(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the option for where large arrays stand while it works."""

    def gather(_given: dict[str, Any], own: dict[str, Any]) -> AbstractContextManager[None]:
        from harnn._scratch import scratch_in

        return scratch_in(own["scratch"])

    return _with_options(command, _SCRATCH, gather, place="settings", replaces=False)


def _with_options(
    command: Callable[..., None],
    options: dict[str, Any],
    gather: Callable[[dict[str, Any], dict[str, Any]], AbstractContextManager[None] | None],
    *,
    place: str,
    replaces: bool,
) -> Callable[..., None]:
    """Give a command more options before its parameter *place*, or instead of it.

    gather: put what was given for them into what the command is given; may return within what it
    runs.
    """
    signature = inspect.signature(command, eval_str=True)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
        for name, kind in options.items()
    ]
    others = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in signature.parameters.values()
    ]
    at = [parameter.name for parameter in others].index(place)

    @functools.wraps(command)
    def run(**given: Any) -> None:
        around = gather(given, {name: given.pop(name) for name in options})
        with around or nullcontext():
            command(**given)

    parameters = [*others[:at], *added, *others[at + replaces :]]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run
