"""Trainings as runs of MLflow, on this machine or on a server."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harnn._optional import check_installed, require
from harnn._quiet import quiet_logger
from harnn.errors import InputError, MissingExtraError, Problem
from harnn.tracking.tracker import Point, RunFacts, State

EXPERIMENT = "harnn"
"""That runs belong to where none is named."""
ARTIFACT = "model"
"""Under which a run has its model."""
_PURPOSE, _EXTRA = "Tracking with MLflow", "mlflow"
_FEW_TRIES = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
"""Unless they are set: a training shall not wait minutes for a server that is gone, and nothing is
sent to anybody else."""
_MOST_PARAMS = 100
"""That a server takes at once (MLflow's REST API, log-batch)."""
_LONGEST_PARAM = 6_000
_STATES: Mapping[State, str] = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}
_MODEL, _KEY = "harnn.model", "harnn.key"


class MlflowTracker:
    """Keeps runs in an experiment of MLflow."""

    def __init__(
        self, uri: str | None = None, experiment: str | None = None, *, model: bool = False
    ) -> None:
        """uri: of the tracking server or database; None: MLflow's own choice, which
        MLFLOW_TRACKING_URI tells. experiment: its name; None: MLFLOW_EXPERIMENT_NAME, or ``harnn``.
        model: whether the finished model is kept, an artifact as large as its directory.
        """
        self.uri = uri
        self.model = model
        self.experiment = (
            experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME", "").strip() or EXPERIMENT
        )
        self._client: Any = None

    def describe(self) -> str:
        """Say what it is and where."""
        return f"MLflow {f'{_without_password(self.uri)} ' if self.uri else ''}({self.experiment})"

    def check(self) -> None:
        """Raises:
        MissingExtraError: MLflow is not installed, or what its database needs.
        InputError: the server or database does not answer.
        """
        check_installed("mlflow", purpose=_PURPOSE, extra=_EXTRA)
        try:
            self._experiment_id()
        except ModuleNotFoundError as error:
            raise MissingExtraError(
                f"{_PURPOSE} needs the package {error.name!r}, which is not installed: "
                f"pip install 'harnn[{_EXTRA}]'"
            ) from None
        except Exception as error:
            reason = str(error).strip().partition("\n")[0][:300] or type(error).__name__
            raise InputError(Problem(self.describe(), f"cannot be used: {reason}")) from None

    def begin(self, facts: RunFacts) -> MlflowRun:
        """Begin a run, or go on with one."""
        with _quiet():
            experiment = self._experiment_id()
            run = self._find(experiment, facts) if facts.resume else None
            if run is not None:
                self._client.update_run(run, status="RUNNING")
                return self._opened(run)
            tags = {_MODEL: facts.model, _KEY: _key(facts)}
            made = self._client.create_run(experiment, run_name=facts.name, tags=tags)
            begun = self._opened(made.info.run_id)
            begun.describe(facts)
            return begun

    def _opened(self, run: str) -> MlflowRun:
        return (MlflowRunWithModel if self.model else MlflowRun)(self._client, run)

    def _experiment_id(self) -> str:
        """Return the experiment, which is made where it is missing."""
        with _quiet() as mlflow:
            if self._client is None:
                self._client = mlflow.MlflowClient(tracking_uri=self.uri)
            found = self._client.get_experiment_by_name(self.experiment)
            if found is None:
                return str(self._client.create_experiment(self.experiment))
            return str(found.experiment_id)

    def _find(self, experiment: str, facts: RunFacts) -> str | None:
        """Return the last run of this name and model, where it did not finish."""
        order = ["attributes.start_time DESC"]
        ours = f"tags.`{_KEY}` = '{_key(facts)}'"
        runs = self._client.search_runs([experiment], ours, order_by=order, max_results=1)
        if not runs or runs[0].info.status == "FINISHED":
            return None
        return str(runs[0].info.run_id)


class MlflowRun:
    """One run."""

    def __init__(self, client: Any, run: str) -> None:
        self._client, self._run = client, run

    def describe(self, facts: RunFacts) -> None:
        """Keep settings and data as parameters."""
        entities = require("mlflow.entities", purpose=_PURPOSE, extra=_EXTRA)
        told = {"model": facts.model, **facts.data, **facts.settings}
        params = [entities.Param(k, str(v)[:_LONGEST_PARAM]) for k, v in told.items()]
        for some in _batches(params):
            self._client.log_batch(self._run, params=some)

    def log(self, point: Point, numbers: Mapping[str, float]) -> None:
        """Add a point to the curve of each metric, ``BRANCH/NAME``."""
        entities = require("mlflow.entities", purpose=_PURPOSE, extra=_EXTRA)
        group, now = point.branch or point.part, int(time.time() * 1000)
        metrics = [
            entities.Metric(f"{group}/{name}", x, now, point.step or 0)
            for name, x in numbers.items()
        ]
        with _quiet():
            for some in _batches(metrics):
                self._client.log_batch(self._run, metrics=some)

    def end(self, state: State) -> None:
        """Set its status."""
        with _quiet():
            self._client.set_terminated(self._run, status=_STATES[state])


class MlflowRunWithModel(MlflowRun):
    """One run, with the model that came of it."""

    def keep(self, directory: Path) -> None:
        """Copy a model directory to the artifact ``model``."""
        with _quiet():
            self._client.log_artifacts(self._run, str(directory), artifact_path=ARTIFACT)


@contextmanager
def _quiet() -> Iterator[Any]:
    """Return MLflow, and let it give up soon and keep to itself what its libraries warn of."""
    for name, value in _FEW_TRIES.items():
        os.environ.setdefault(name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow = require("mlflow", purpose=_PURPOSE, extra=_EXTRA)
        with quiet_logger("mlflow", logging.WARNING):  # whose level the import sets
            yield mlflow


def _key(facts: RunFacts) -> str:
    """Return what a run of this name and model is found by, whatever signs they have."""
    return hashlib.sha256(json.dumps([facts.name, facts.model]).encode()).hexdigest()[:32]


def _batches(values: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), _MOST_PARAMS):
        yield values[start : start + _MOST_PARAMS]


def _without_password(uri: str) -> str:
    """Return an address without what stands between its scheme and ``@``."""
    scheme, there, rest = uri.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}" if there and "@" in rest else uri
