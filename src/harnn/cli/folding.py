"""``harnn train --valid 0.2`` and ``--folds 5``: validation without files of its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from rich.table import Table

from harnn._tables import shown
from harnn.cli.commands import TrainingFiles, taxonomy_of
from harnn.cli.files import check_output, tell_written
from harnn.cli.going_on import GoingOn, refuse_beside_folds
from harnn.cli.progress import training_display
from harnn.cli.screen import Console
from harnn.cli.taxonomies import describe
from harnn.cli.tracking import prepare_tracking, tracked
from harnn.cli.training_crew import Crew
from harnn.cli.training_place import training_place
from harnn.config import Config
from harnn.errors import ConfigError, Problem
from harnn.evaluation.paper_tables import SUFFIXES, write_paper_tables
from harnn.evaluation.tabulating import table_of_folds
from harnn.metrics import Report
from harnn.training import check_before, cross_validate
from harnn.training.folds import HELD_OUT, numbers_of, summarise
from harnn.training.holding_out import check_share

_SHARE = re.compile(r"\d*\.?\d+")
_SHOWN = (
    "micro_precision",
    "micro_recall",
    "micro_f1",
    "macro_f1",
    "hierarchical_f1",
    "lca_f1",
    "auprc",
    "exact_match",
    "precision_at_1",
)
"""Of the numbers in ``folds.json``."""


def read_valid(given: Sequence[str], folds: int | None) -> list[Path] | float:
    """Return what models are validated on: files, or a share of the training documents.

    Raises:
        ConfigError: nothing is given where it is needed, a share beside others, or no share.
    """
    if not given:
        if folds is not None:
            return HELD_OUT
        hint = "Give files, or the share of the training documents to hold out, as --valid 0.2."
        raise ConfigError(Problem("--valid", "there is nothing to validate on.", hint))
    shares = [each for each in given if _SHARE.fullmatch(each) and not Path(each).exists()]
    if not shares:
        return [Path(each) for each in given]
    if len(given) > 1:
        what = f"got the share {shown(shares[0])} beside others, expected files or one share."
        raise ConfigError(Problem("--valid", what))
    share = float(shares[0])
    check_share(share)
    return share


def train_folds(
    folds: int, *, beside: GoingOn, crew: Crew, table: Path | None
) -> Callable[..., None]:
    """Return what ``harnn train`` does with so many folds; table: where that of a paper goes.

    Raises:
        InputError: *beside* is something that goes on from a model, which folds do not.
        ConfigError: several processes are to train.
    """
    refuse_beside_folds(beside)
    crew.refuse_beside_folds()
    return partial(_train_folds, folds, table)


def refuse_table(table: Path | None) -> None:
    """Raises:
    ConfigError: a table is to be written of one training.
    """
    if table is not None:
        what = "is for --folds, over which it has mean and standard deviation."
        hint = "harnn evaluate --table writes that of one model."
        raise ConfigError(Problem("--table", what, hint))


def _train_folds(
    folds: int,
    paper_table: Path | None,
    files: TrainingFiles,
    *,
    config: Path | None,
    settings: Sequence[str],
    cache: Path | None,
    track: Sequence[str],
    resume: bool,
    overwrite: bool,
) -> None:
    """Train a model for each fold, and show what they say of the documents left out."""
    from harnn.training.process import tune_training

    console, errors = Console(), Console(stderr=True)
    knobs = Config.read(config, settings)
    check_output(paper_table, SUFFIXES, files.labelled)
    check_before(knobs, [files.labelled], unlabelled=files.unlabelled, places=[files.out])
    tracking = prepare_tracking(
        track, errors, name=files.out.absolute().name, model=files.out, resume=resume
    )
    with training_place(files.out, errors):
        taxonomy = taxonomy_of(files, knobs)
        errors.print_line(describe(taxonomy))
        tune_training(knobs)
        with (
            training_display(errors, knobs.training.score) as display,
            tracked(tracking, errors),
        ):
            found = cross_validate(
                taxonomy,
                files.train,
                knobs,
                folds=folds,
                valid=files.valid,
                directory=files.out,
                resume=resume,
                overwrite=overwrite,
                unlabelled=files.unlabelled,
                cache=cache,
                listener=(display, tracking),
            )
    title = f"{len(found.reports)} folds, each by a model of the others, in percent"
    numbers = [str(number) for number in range(1, len(found.reports) + 1)]
    console.print(spread_table(title, found.reports, numbers))
    if paper_table is not None:
        name = f"{files.out.absolute().name} on {', '.join(x.name for x in files.train)}"
        write_paper_tables(paper_table, [table_of_folds(found.reports, name=name)])
    tell_written(console.print_line, {"table": paper_table})
    console.print_line(
        f"Models, out-of-fold.npz (scores of every document by a model that did not see it) and "
        f"all numbers (folds.json) are in {files.out}/."
    )


def spread_table(title: str, reports: Sequence[Report], names: Sequence[str]) -> Table:
    """One line a number: mean, standard deviation and each report's; in percent."""
    table = Table(title=title, title_justify="left")
    table.add_column("")
    for name in ("mean", "sd", *names):
        table.add_column(name, justify="right")
    every = [numbers_of(report) for report in reports]
    summary = summarise(reports)
    for name in _SHOWN:
        if name in summary:
            numbers = (*summary[name], *(each[name] for each in every))
            table.add_row(name.replace("_", " "), *(f"{100 * each:.1f}" for each in numbers))
    return table
