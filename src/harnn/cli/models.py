"""Open a model as commands are told to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harnn.config import Config, DataConfig
from harnn.errors import ConfigError, Problem
from harnn.prediction import Predictor


class Speed(NamedTuple):
    """How and where networks are computed, and the vectors of documents that they read."""

    beam: int | None = None
    bfloat16: bool = False
    device: str | None = None
    document_vectors: Path | None = None


def open_model(
    model: Path, settings: Sequence[str], speed: Speed | None = None
) -> tuple[Predictor, DataConfig]:
    """Return a model, and its settings for reading documents with *settings* over them.

    Raises:
        ConfigError: settings of something else, or what the model cannot do.
        BundleError: it cannot be read.
    """
    speed = speed or Speed()
    for setting in settings:
        if setting.partition("=")[0].strip().partition(".")[0] != "data":
            what = f"got {setting!r}; a trained model takes settings of [data] only."
            raise ConfigError(Problem("--set", what))
    changed = Config.read(None, settings).to_dict()
    predictor = Predictor.load(model, **speed._asdict())
    predictor.tune_process()
    tables = predictor.bundle.config.to_dict()
    for setting in settings:
        key = setting.partition("=")[0].partition(".")[2].strip()
        tables["data"][key] = changed["data"][key]
    return predictor, Config.from_dict({"data": tables["data"]}).data
