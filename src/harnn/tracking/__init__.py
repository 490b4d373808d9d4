"""What a training was told and what came of it, kept where people compare trainings.

:class:`Tracking` is a listener of :func:`harnn.fit`, ``cross_validate``, ``search.tune`` and
``search.sweep_seeds``; it hands what it hears to trackers: CSV, TensorBoard, MLflow.
"""

from __future__ import annotations

from harnn.tracking.csv_file import CsvTracker
from harnn.tracking.mlflow_runs import MlflowTracker
from harnn.tracking.parsing import parse_tracker
from harnn.tracking.tensorboard_files import TensorBoardTracker
from harnn.tracking.tracker import KeepsModel, Point, Run, RunFacts, State, Tracker
from harnn.tracking.tracking import Tracking

__all__ = [
    "CsvTracker",
    "KeepsModel",
    "MlflowTracker",
    "Point",
    "Run",
    "RunFacts",
    "State",
    "TensorBoardTracker",
    "Tracker",
    "Tracking",
    "parse_tracker",
]
