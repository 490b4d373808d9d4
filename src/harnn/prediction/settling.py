"""Options of answers as decoders take them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harnn.bundle import Bundle
from harnn.decode import DecodeOptions


def settle_options(options: DecodeOptions, bundle: Bundle) -> DecodeOptions:
    """Return options whose thresholds are those of all labels of a model, in their order.

    Raises:
        ConfigError, DocumentError: see :func:`harnn.prediction.read_thresholds`.
    """
    given = options.get("thresholds")
    if not isinstance(given, Mapping | str | Path):
        return options
    from harnn.prediction.threshold_tables import read_thresholds  # what few answers need

    return {**options, "thresholds": read_thresholds(given, bundle).as_option()}
