"""``harnn tune`` and ``harnn sweep``: many trainings, told as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from rich.table import Table

from harnn._optional import check_installed, require
from harnn.cli.commands import TrainingFiles, taxonomy_of
from harnn.cli.files import JSON, check_inputs, check_output, tell_written, write_json
from harnn.cli.folding import read_valid, spread_table
from harnn.cli.progress import training_display
from harnn.cli.screen import Console
from harnn.cli.taxonomies import TaxonomyChoice, describe
from harnn.cli.tracking import prepare_tracking, tracked
from harnn.cli.training_place import training_place
from harnn.config import Config
from harnn.evaluation.paper_tables import SUFFIXES, write_paper_tables
from harnn.evaluation.tabulating import table_of_seeds
from harnn.search import Space, Tuned, sweep_seeds, write_importance
from harnn.search import tune as tune_settings
from harnn.search.figure import SUFFIXES as FIGURES
from harnn.search.trials import shown_setting

_SHOWN_TRIALS = 10


@dataclass(frozen=True, slots=True)
class SearchFiles:
    """What trainings read."""

    taxonomy: TaxonomyChoice
    train: list[Path]
    valid: list[Path] | float
    unlabelled: list[Path]

    @classmethod
    def of(
        cls,
        taxonomy: Path | None,
        how: Mapping[str, Any],
        train: list[Path],
        valid: Sequence[str],
        unlabelled: list[Path],
    ) -> Self:
        """Read what options say.

        Raises:
            ConfigError: *valid* is neither files nor a share.
            DocumentError: standard input is among the documents, which are read many times.
        """
        found = read_valid(valid, None)
        labelled = [*train, *([] if isinstance(found, float) else found)]
        check_inputs([*labelled, *unlabelled], passes=2)
        return cls(TaxonomyChoice(taxonomy, **how), train, found, unlabelled)

    @property
    def labelled(self) -> list[Path]:
        """The files of documents."""
        return self.train if isinstance(self.valid, float) else [*self.train, *self.valid]

    def training(self, out: Path) -> TrainingFiles:
        """Return them as a training has them."""
        return TrainingFiles(
            taxonomy=self.taxonomy,
            train=self.train,
            valid=self.valid,
            unlabelled=self.unlabelled,
            out=out,
        )


def tune(
    files: SearchFiles,
    *,
    config: Path | None,
    settings: Sequence[str],
    space: Path | None,
    tried: Sequence[str],
    out: Path,
    trials: int,
    hours: float | None,
    figure: Path | None,
    track: Sequence[str],
    resume: bool,
) -> None:
    """Look for settings, and show the best trials and what mattered."""
    from harnn.training.process import tune_training

    console, errors = Console(), Console(stderr=True)
    knobs = Config.read(config, settings)
    asked = Space.read(space, tried, knobs)
    check_installed("optuna", purpose="Trying settings", extra="tune")
    check_output(figure, FIGURES, files.labelled)
    if figure is not None:
        require("matplotlib", purpose="--figure", extra="report")
    tracking = prepare_tracking(track, errors, name=out.absolute().name, model=None, resume=resume)
    with training_place(out, errors):
        taxonomy = taxonomy_of(files.training(out), knobs)
        errors.print_line(describe(taxonomy))
        tune_training(knobs)
        with (
            training_display(errors, knobs.training.score) as display,
            tracked(tracking, errors),
        ):
            found = tune_settings(
                taxonomy,
                files.train,
                files.valid,
                knobs,
                space=asked,
                directory=out,
                trials=trials,
                seconds=None if hours is None else 3600 * hours,
                unlabelled=files.unlabelled,
                resume=resume,
                listener=(display, tracking),
            )
    _show(found, console, knobs.training.score)
    if figure is not None and found.importance:
        write_importance(found, figure, score=knobs.training.score)
        tell_written(console.print_line, {"figure of what mattered": figure})
    elif figure is not None:
        errors.print_line(f"{figure} is not drawn: so few trials do not say what mattered.")
    console.print_line(f"The study, trials.csv and best.toml (harnn train --config) are in {out}/.")


def _show(found: Tuned, console: Console, score: str) -> None:
    """Show the best trials, and how much each setting mattered."""
    finished = [trial for trial in found.trials if trial.state == "finished"]
    finished.sort(key=lambda trial: (-(trial.score or 0), trial.number))
    counts = {
        state: sum(trial.state == state for trial in found.trials)
        for state in ("finished", "pruned", "failed")
    }
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    names = [*finished[0].settings] if finished else []
    title = f"The best of {len(found.trials)} trials ({told})"
    table = Table(title=title, title_justify="left")
    for name in ("trial", score, "s", *names):
        table.add_column(name, justify="right")
    for trial in finished[:_SHOWN_TRIALS]:
        values = [shown_setting(trial.settings[name]) for name in names]
        numbers = (str(trial.number), f"{100 * (trial.score or 0):.1f}", f"{trial.seconds:.0f}")
        table.add_row(*numbers, *values)
    if finished:
        console.print(table)
    if len(finished) > 1 and len({trial.score for trial in finished}) == 1:
        console.print_line("All scores are the same: what was tried makes no difference here.")
    if found.importance:
        parts = (f"{name} {100 * share:.0f}%" for name, share in found.importance.items())
        console.print_line("What the differences come from: " + ", ".join(parts))


def sweep(
    files: SearchFiles,
    *,
    test: list[Path] | None,
    config: Path | None,
    settings: Sequence[str],
    seeds: int,
    cache: Path | None,
    track: Sequence[str],
    json_output: Path | None,
    table: Path | None = None,
) -> None:
    """Train with several seeds, and show mean and standard deviation."""
    from harnn.training.process import tune_training

    console, errors = Console(), Console(stderr=True)
    knobs = Config.read(config, settings)
    check_inputs(test or [], passes=2)
    check_output(json_output, JSON, [*files.train, *(test or [])])
    check_output(table, SUFFIXES, [*files.train, *(test or [])])
    tracking = prepare_tracking(track, errors, name="sweep", model=None, resume=False)
    taxonomy = taxonomy_of(files.training(Path()), knobs)
    errors.print_line(describe(taxonomy))
    tune_training(knobs)
    first = knobs.training.seed
    with training_display(errors, knobs.training.score) as display, tracked(tracking, errors):
        found = sweep_seeds(
            taxonomy,
            files.train,
            files.valid,
            knobs,
            seeds=range(first, first + seeds),
            test=test,
            unlabelled=files.unlabelled,
            cache=cache,
            listener=(display, tracking),
        )
    write_json(json_output, found.to_dict())
    where = "validation" if test is None else ", ".join(map(str, test))
    if table is not None:
        name = where if test is None else ", ".join(path.name for path in test)
        write_paper_tables(table, [table_of_seeds(found.reports, seeds=found.seeds, name=name)])
    title = f"Seeds {first} to {first + seeds - 1}, {where}, in percent"
    console.print(spread_table(title, found.reports, [str(seed) for seed in found.seeds]))
    tell_written(console.print_line, {"report": json_output, "table": table})
