"""The commands about model directories as such, and their options."""

from __future__ import annotations

from typing import Annotated

import typer

from harnn.cli.options import Model


def info(
    model: Model,
    json_output: Annotated[
        bool, typer.Option("--json", help="Print it as one JSON object, for programs.")
    ] = False,
) -> None:
    """Say what a model is and where it comes from, and check its files."""
    from harnn.cli import informing

    informing.inform(model, as_json=json_output)
