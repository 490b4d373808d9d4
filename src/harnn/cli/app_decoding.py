"""The commands that say how labels are chosen, and their options; as in :mod:`.app`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from harnn.cli.options import DecodingChoice, Model, takes_decode_options


@takes_decode_options
def decoding(*, model: Model, options: DecodingChoice) -> None:
    """Change how a model chooses labels from now on; without options, say how it does."""
    from harnn.cli import decoding

    decoding.decide_otherwise(model, options)


def thresholds(
    model: Model,
    by: Annotated[
        Literal["label", "level"], typer.Option("--by", help="A row for each label or level.")
    ] = "label",
    strategy: Annotated[
        Literal["threshold", "level", "label"] | None,
        typer.Option(
            "--strategy",
            help="Whose thresholds: the one for all, those tuned for each level or for each label. "
            "[default: what the model decides with]",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="A file (.csv). [default: standard output]"),
    ] = None,
) -> None:
    """Write the thresholds that a model decides with as a table, to be edited and given back.

    harnn predict, evaluate, score and others take it with --thresholds.
    """
    from harnn.cli import decoding

    decoding.show_thresholds(model, by, strategy, output)
