"""What TensorBoard and MLflow themselves read back."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import harnn
from harnn.bundle import EpochRow, fingerprint
from harnn.cli import run
from harnn.errors import InputError
from harnn.sample import sample
from harnn.tracking import MlflowTracker, TensorBoardTracker, Tracking
from harnn.training import Event, Step

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # theirs, of their libraries
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]


def track(tracker: Any, events: Sequence[Event], *, name: str = "m", resume: bool = False) -> None:
    tracking = Tracking([tracker], name=name, model="m", resume=resume)
    tracking.check()
    with tracking:
        for event in events:
            tracking(event)
    assert tracking.failures == []


def epochs_of(events: Sequence[Event]) -> list[EpochRow]:
    return [event for event in events if isinstance(event, EpochRow)]


def accumulated(place: Path) -> Any:
    module = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    return module.EventAccumulator(str(place)).Reload()


def scalars(place: Path, tag: str) -> Any:
    return [(each.step, each.value) for each in accumulated(place).Scalars(tag)]


def settings(place: Path) -> str:
    found = accumulated(place).Tensors("settings/text_summary")
    return str(found[0].tensor_proto.string_val[0].decode())


def test_tensorboard(events: list[Event], tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    rows = epochs_of(events)
    track(TensorBoardTracker(tmp_path), events)
    steps = [event for event in events if isinstance(event, Step)]
    assert scalars(tmp_path / "m", "network-1/step_loss") == [
        (step.step, pytest.approx(step.loss)) for step in steps[: len(steps) // 2]
    ]
    assert scalars(tmp_path / "m", "network-2/auprc") == [
        (row.steps, pytest.approx(row.auprc)) for row in rows[2:]
    ]
    assert len(scalars(tmp_path / "m", "final/micro_f1")) == 1
    assert "| `training.epochs` | 2 |" in settings(tmp_path / "m")
    cut = events.index(rows[1])
    track(TensorBoardTracker(tmp_path), events[:cut])  # another training of the same name
    assert scalars(tmp_path / "m-2", "network-1/auprc") == [(2, pytest.approx(rows[0].auprc))]
    track(TensorBoardTracker(tmp_path), events, resume=True)
    assert len(scalars(tmp_path / "m-2", "network-2/auprc")) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m", "m-2"]


@pytest.fixture
def _quiet() -> Iterator[None]:
    level = logging.getLogger("mlflow").level
    yield
    logging.getLogger("mlflow").setLevel(level)


@pytest.mark.slow  # making its database takes half a minute
@pytest.mark.usefixtures("_quiet")
def test_mlflow(events: list[Event], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    monkeypatch.chdir(tmp_path)  # where it would keep artifacts
    uri, rows = f"sqlite:///{tmp_path}/runs.db", epochs_of(events)
    cut = events.index(rows[1])
    track(MlflowTracker(uri, "news"), events[:cut], name="it's")
    track(MlflowTracker(uri, "news"), events, name="it's", resume=True)
    track(MlflowTracker(uri, "news"), events[:cut], name="it's")
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("news")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"])
    assert [(run.info.run_name, run.info.status) for run in runs] == [
        ("it's", "FINISHED"),
        ("it's", "KILLED"),
    ]
    first = runs[0]
    assert first.data.params["training.epochs"] == "2"
    assert first.data.params["data.train"] == "80"
    assert first.data.params["model"] == first.data.tags["harnn.model"] == str(Path("m").absolute())
    history = client.get_metric_history(first.info.run_id, "network-2/auprc")
    found: Any = [(each.step, each.value) for each in history]
    assert found == [(row.steps, pytest.approx(row.auprc)) for row in rows[2:]]
    assert first.data.metrics["network-1/learning_rate"] == pytest.approx(rows[1].learning_rate)
    assert 0 < first.data.metrics["final/micro_f1"] < 1


@pytest.mark.slow  # making its database takes half a minute
@pytest.mark.usefixtures("_quiet")
def test_mlflow_keeps_the_model_where_it_is_asked_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("mlflow")
    pytest.importorskip("sqlalchemy")
    monkeypatch.chdir(tmp_path)
    uri, files = f"sqlite:///{tmp_path}/runs.db", sample("en")
    given = ["--train", files.train, "--valid", files.valid, "--taxonomy", files.taxonomy]
    given += ["--preset", "fast", "--out", tmp_path / "model"]
    command = ["train", *map(str, given), "--track", f"mlflow+model:{uri}#news"]
    assert run(command) == 0
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("news")
    assert experiment is not None
    (only,) = client.search_runs([experiment.experiment_id])
    assert only.info.status == "FINISHED"
    back = Path(client.download_artifacts(only.info.run_id, "model", str(tmp_path)))
    assert fingerprint(back) == fingerprint(tmp_path / "model")
    harnn.load_bundle(back)


@pytest.mark.slow  # importing MLflow takes seconds
@pytest.mark.usefixtures("_quiet")
def test_a_server_that_does_not_answer_is_told_before_any_work() -> None:
    pytest.importorskip("mlflow")
    with pytest.raises(InputError) as error:
        MlflowTracker("http://127.0.0.1:9").check()
    message = str(error.value)
    assert message.startswith("MLflow http://127.0.0.1:9 (harnn): cannot be used: API request to ")
    assert "\n" not in message
