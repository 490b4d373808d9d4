"""``--track``: where trainings are kept for comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harnn.cli.screen import Console
from harnn.errors import ConfigError, Problem
from harnn.tracking import MlflowTracker, Tracking, parse_tracker


def prepare_tracking(
    given: Sequence[str],
    errors: Console,
    *,
    name: str,
    model: Path | None,
    resume: bool,
    keeps: bool = False,
) -> Tracking:
    """Return what listens to trainings, having looked at all places that *given* names.

    name: of the runs. model: the directory that the model will stand in; None: none. keeps: whether
    a model comes of it that trackers can keep.

    Raises:
        ConfigError: there is no such kind of tracker, a place is named twice, or there will be no
            model that one is to keep.
        MissingExtraError, InputError: a package is missing, or a place cannot be used.
    """
    trackers = [parse_tracker(each, name=name) for each in given]
    places = [tracker.describe() for tracker in trackers]
    if twice := [place for place in places if places.count(place) > 1]:
        raise ConfigError(Problem("--track", f"names {twice[0]} twice.", "Name it once."))
    if not keeps and any(isinstance(each, MlflowTracker) and each.model for each in trackers):
        what = "mlflow+model keeps the model of one training, and here are several."
        raise ConfigError(Problem("--track", what, "Give mlflow."))
    tracking = Tracking(trackers, name=name, model=model, resume=resume, warn=errors.print_line)
    tracking.check()
    return tracking


@contextmanager
def tracked(tracking: Tracking, errors: Console) -> Iterator[Tracking]:
    """Let trainings be tracked in a block, and say in the end what was not."""
    try:
        with tracking:
            yield tracking
    finally:
        if tracking.places:
            errors.print_line(f"Tracked in {'; '.join(tracking.places)}")
        for failure in tracking.failures:
            errors.print_line(f"Not all was tracked: {failure}")
