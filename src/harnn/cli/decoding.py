"""``harnn decoding`` and ``harnn thresholds``: how a model chooses labels."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from harnn._display import encodable
from harnn._files import write_atomically
from harnn.bundle import Bundle, ModelInfo, change_decoding, model_info
from harnn.cli.files import check_output, tell_written
from harnn.cli.options import DecodingChoice
from harnn.cli.screen import Console, say
from harnn.config import Strategy
from harnn.decode import DecodeOptions

if TYPE_CHECKING:
    from harnn.prediction.threshold_tables import By

TABLES = (".csv",)


def decide_otherwise(model: Path, options: DecodingChoice) -> None:
    """Change how a model chooses labels, or, without options, say how it does."""
    given = {name: value for name, value in options.items() if value is not None}
    info = model_info(model)
    before = f"{info.decoder.describe()}; close {info.decoder.close}."
    if not given:
        Console().print_line(f"{model} chooses {before}")
        return
    decoder = change_decoding(info, **settle_decoding(given, info))
    Console().print_line(f"{model} now chooses {decoder.describe()}; close {decoder.close}.")
    say(f"Until now it chose {before}")


def settle_decoding(options: DecodingChoice, model: Bundle | ModelInfo) -> DecodeOptions:
    """Return options as decoders take them, having read a table of thresholds and told of it.

    Raises:
        ConfigError, DocumentError: see :func:`harnn.prediction.read_thresholds`.
    """
    chosen: DecodeOptions = options  # type: ignore[assignment]
    table = options.get("thresholds")
    if table is None:
        return chosen
    from harnn.prediction.threshold_tables import read_thresholds  # what few answers need

    found = read_thresholds(Path(table), model)
    if kept := found.describe():
        say(f"{table}: {kept}")
    return {**chosen, "thresholds": found.as_option()}


def show_thresholds(model: Path, by: By, strategy: Strategy | None, output: Path | None) -> None:
    """Write the table of the thresholds that a model decides with.

    Raises:
        ConfigError: see :func:`harnn.prediction.write_thresholds`.
        InputError: the model cannot be read, or the place not be written.
    """
    from harnn.prediction.threshold_tables import write_thresholds

    check_output(output, TABLES)
    info = model_info(model)
    table, decoder = write_thresholds(info, by, strategy), info.decoder
    if output is None:
        sys.stdout.write(table)
    else:
        with write_atomically(output) as file:
            file.write(encodable(table))
    used = strategy or decoder.strategy
    if used != decoder.strategy or decoder.label_cuts(info.taxonomy.hierarchy) is None:
        say(
            f"Note: {model} chooses {decoder.describe()}; given with --thresholds, the table "
            "takes the place of that."
        )
    tell_written(say, {"table of thresholds": output})
