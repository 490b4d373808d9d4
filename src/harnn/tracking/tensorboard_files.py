"""Trainings as TensorBoard shows them: a directory of event files for each."""

from __future__ import annotations

import itertools
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harnn._files import check_writable
from harnn._optional import check_installed, require
from harnn.errors import InputError, Problem
from harnn.tracking.tracker import Point, RunFacts, State

_PURPOSE, _EXTRA = "Tracking with TensorBoard", "tensorboard"
_EVENTS = "events.out.tfevents.*"
_FINISHED = "finished"
"""A file beside the events of a run that nobody goes on with."""
_MODEL = "model"
"""A file that says which model directory a run is of."""


class TensorBoardTracker:
    """Keeps each run in a directory of its own in one directory."""

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory)

    def describe(self) -> str:
        """Say what it is and where."""
        return f"TensorBoard {self.directory}"

    def check(self) -> None:
        """Raises:
        MissingExtraError: TensorBoard is not installed.
        InputError: the place cannot be written.
        """
        check_installed("tensorboard", purpose=_PURPOSE, extra=_EXTRA)
        if self.directory.exists() and not self.directory.is_dir():
            raise InputError(Problem(str(self.directory), "is a file, expected a directory."))
        check_writable(self.directory / "run")

    def begin(self, facts: RunFacts) -> TensorBoardRun:
        """Begin a directory, or go on in one."""
        return TensorBoardRun(self._place(facts), facts)

    def _place(self, facts: RunFacts) -> Path:
        """Return where a run goes: a new directory, or that of one that did not finish."""
        last = None
        for number in itertools.count(1):
            name = facts.name if number == 1 else f"{facts.name}-{number}"
            place = self.directory.joinpath(*name.split("/"))
            if not any(place.glob(_EVENTS)):
                break
            if _text(place / _MODEL) == facts.model:
                last = place
        goes_on = facts.resume and last is not None and not (last / _FINISHED).exists()
        return last if goes_on and last is not None else place


class TensorBoardRun:
    """The event files of one run."""

    def __init__(self, place: Path, facts: RunFacts) -> None:
        writers = _part("summary.writer.event_file_writer")
        self._place = place
        place.mkdir(parents=True, exist_ok=True)
        (place / _MODEL).write_text(facts.model, encoding="utf-8", errors="backslashreplace")
        self._writer: Any = writers.EventFileWriter(str(place))
        rows = [("model", facts.model), *facts.data.items(), *facts.settings.items()]
        table = "\n".join(f"| `{name}` | {_safe(value)} |" for name, value in rows)
        self._add([_text_value("settings", f"| name | value |\n|---|---|\n{table}")], 0)
        self._writer.flush()

    def log(self, point: Point, numbers: Mapping[str, float]) -> None:
        """Add a point to the curve of each number, ``BRANCH/NAME``."""
        group = point.branch or point.part
        scalar = _part("compat.proto.summary_pb2").Summary.Value
        found = [scalar(tag=f"{group}/{name}", simple_value=x) for name, x in numbers.items()]
        self._add(found, point.step or 0)
        if point.part != "step":
            self._writer.flush()

    def end(self, state: State) -> None:
        """Close the file."""
        self._writer.close()
        if state == "finished":
            (self._place / _FINISHED).touch()

    def _add(self, summaries: list[Any], step: int) -> None:
        summary = _part("compat.proto.summary_pb2").Summary(value=summaries)
        event = _part("compat.proto.event_pb2").Event
        self._writer.add_event(event(wall_time=time.time(), step=step, summary=summary))


def _part(name: str) -> Any:
    """Return a module of TensorBoard, which needs neither TensorFlow nor PyTorch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return require(f"tensorboard.{name}", purpose=_PURPOSE, extra=_EXTRA)


def _text_value(tag: str, text: str) -> Any:
    """Return Markdown as TensorBoard's page of texts reads it."""
    summaries, tensors = _part("compat.proto.summary_pb2"), _part("compat.proto.tensor_pb2")
    version = _part("plugins.text.plugin_data_pb2").TextPluginData(version=0)
    plugin = summaries.SummaryMetadata.PluginData(
        plugin_name="text", content=version.SerializeToString()
    )
    return summaries.Summary.Value(
        tag=f"{tag}/text_summary",
        metadata=summaries.SummaryMetadata(plugin_data=plugin),
        tensor=tensors.TensorProto(dtype="DT_STRING", string_val=[text.encode()]),
    )


def _safe(value: object) -> str:
    """Return a value as a cell of a table in Markdown."""
    return str(value).replace("|", "\\|").replace("\n", " ")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""
