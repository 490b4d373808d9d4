"""The same training with several seeds: what of a score is chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harnn.config import Config
from harnn.data import Documents
from harnn.errors import ConfigError, Problem
from harnn.metrics import Report
from harnn.prediction import Predictor
from harnn.search.space import with_settings
from harnn.taxonomy import Taxonomy
from harnn.training import Listener, Part, Stage, as_listener, check_before, fit
from harnn.training.events import ignore, remarks_once
from harnn.training.folds import Spread, summarise

MOST_SEEDS = 1_000


@dataclass(frozen=True, kw_only=True)
class SeedSweep:
    """What models that differ in their seed alone say of the same documents."""

    seeds: tuple[int, ...]
    reports: tuple[Report, ...]
    """One a seed."""

    def summary(self) -> Mapping[str, Spread]:
        """Return mean and standard deviation (n - 1) of every number of the reports, by name."""
        return summarise(self.reports)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "seeds": list(self.seeds),
            "summary": {name: each._asdict() for name, each in self.summary().items()},
            "reports": [report.to_dict() for report in self.reports],
        }


def sweep_seeds(
    taxonomy: Taxonomy,
    train: Documents,
    valid: Documents | float,
    config: Config | None = None,
    *,
    seeds: Sequence[int],
    test: Documents | None = None,
    unlabelled: Documents = (),
    cache: str | Path | None = None,
    listener: Listener | Sequence[Listener] = ignore,
) -> SeedSweep:
    """Train once with each seed, and report on *test*, or else on the validation documents.

    Where *valid* is a share, each seed holds out other documents, which is part of what the numbers
    differ by. The models are not kept.

    Raises:
        ConfigError: fewer than two seeds, or one twice.
        DocumentError, InputError, TrainingInterrupted, ...: see :func:`harnn.fit`.
    """
    config = config or Config()
    listener = remarks_once(as_listener(listener))
    if len(seeds) < 2 or len({*seeds}) < len(seeds):
        what = f"got {list(seeds)}, expected two or more that differ."
        raise ConfigError(Problem("seeds", what))
    configs = [with_settings(config, {"training.seed": seed}) for seed in seeds]
    labelled = [train, *([] if isinstance(valid, float) else [valid])]
    check_before(configs[0], labelled, unlabelled=unlabelled)
    reports = []
    for number, (seed, each) in enumerate(zip(seeds, configs, strict=True), 1):
        listener(Stage(f"seed {seed}, {number} of {len(seeds)}"))
        listener(Part(f"seed-{seed}"))
        found = fit(
            taxonomy,
            train,
            valid,
            each,
            unlabelled=unlabelled,
            cache=cache,
            listener=listener,
        )
        report = found.report if test is None else Predictor(found).evaluate(test)
        reports.append(report)
    return SeedSweep(seeds=tuple(seeds), reports=tuple(reports))
