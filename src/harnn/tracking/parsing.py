"""``KIND`` or ``KIND:PLACE``, as the command line names a tracker."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from harnn._tables import shown
from harnn.config import TrackerKind
from harnn.errors import ConfigError, Problem, suggest
from harnn.tracking.csv_file import CsvTracker
from harnn.tracking.mlflow_runs import MlflowTracker
from harnn.tracking.tensorboard_files import TensorBoardTracker
from harnn.tracking.tracker import Tracker

DIRECTORY = "runs"
"""Where runs go that name no place."""
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:/|databricks\b|uc\b")


def parse_tracker(text: str, *, name: str, where: str = "--track") -> Tracker:
    """Return what is meant by ``csv:runs/a.csv``, ``tensorboard:DIR`` or ``mlflow:WHAT``.

    name: of the run, for places that are not named: ``csv`` is ``runs/NAME.csv``, ``tensorboard``
    the directory ``runs``. After ``mlflow:`` stands an experiment, the URI of a server or database,
    or both, as ``URI#EXPERIMENT``; without it MLflow's own choice, experiment ``harnn``.
    ``mlflow+model`` keeps the model too.

    Raises:
        ConfigError: there is no such kind.
    """
    kind, _, place = text.strip().partition(":")
    place = place.strip()
    if kind == "csv":
        return CsvTracker(place or Path(DIRECTORY) / f"{name}.csv")
    if kind == "tensorboard":
        return TensorBoardTracker(place or DIRECTORY)
    if kind in ("mlflow", "mlflow+model"):
        with_model = kind == "mlflow+model"
        if not _URI.match(place):
            return MlflowTracker(None, place or None, model=with_model)
        uri, _, experiment = place.partition("#")
        return MlflowTracker(uri, experiment or None, model=with_model)
    *others, last = get_args(TrackerKind)
    what = f"got {shown(text)}, expected {', '.join(others)} or {last}, as csv or csv:runs/a.csv."
    raise ConfigError(Problem(where, what, suggest(kind, get_args(TrackerKind))))
