"""The commands about model directories as such, and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from harnn.cli.options import Model, Overwrite

Revision = Annotated[
    str, typer.Option("--revision", help="A branch of the repository; for pull also a commit.")
]
Repository = Annotated[
    str, typer.Argument(metavar="NAME", help="Repository on the hub: NAME or OWNER/NAME.")
]


def info(
    model: Model,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print it as one JSON object, for programs.")
    ] = False,
) -> None:
    """Say what a model is and where it comes from, and check its files."""
    from harnn.cli import informing

    informing.inform(model, as_json=json_output)


def push(
    model: Model,
    repository: Repository,
    revision: Revision = "main",
    public: Annotated[
        bool,
        typer.Option(
            "--public", help="Let everybody read a repository that is made; else it is private."
        ),
    ] = False,
    format: Annotated[
        Literal["harnn", "onnx", "huggingface"],
        typer.Option(
            "--format",
            help="harnn: the directory as it is; onnx: exported; huggingface: exported, with the "
            "handler of an Inference Endpoint.",
        ),
    ] = "harnn",
    licence: Annotated[
        str, typer.Option("--licence", help="Of the model, as the hub writes it: apache-2.0.")
    ] = "",
    language: Annotated[
        list[str] | None, typer.Option("--language", help="Code of a language; repeatable.")
    ] = None,
    message: Annotated[str, typer.Option("--message", "-m", help="Of the commit.")] = "",
) -> None:
    """Put a model into a repository of Hugging Face's hub; the token is that of HF_TOKEN."""
    from harnn.cli import hub

    hub.push(
        model,
        repository,
        revision=revision,
        public=public,
        form=format,
        licence=licence,
        languages=language or [],
        message=message,
    )


def pull(
    repository: Repository,
    out: Annotated[Path, typer.Option("--out", "-o", help="Model directory to write.")],
    revision: Revision = "main",
    overwrite: Overwrite = False,
) -> None:
    """Fetch a model from a repository, check it, and write it to a directory."""
    from harnn.cli import hub

    hub.pull(repository, out, revision=revision, overwrite=overwrite)
