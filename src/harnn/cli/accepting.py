"""``harnn acceptance``: from labelled documents to what may be accepted unattended."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from harnn._display import counted, level_name, percent
from harnn._tables import shown
from harnn.acceptance import (
    Acceptance,
    CurvePoint,
    LevelAcceptance,
    Outcome,
    Reading,
    as_asked,
    documents_needed_for_sets,
    save_acceptance,
)
from harnn.bundle import fingerprint
from harnn.cli.decoding import settle_decoding
from harnn.cli.files import JSON, check_inputs, check_output, tell_written
from harnn.cli.models import Speed, open_model, say_seen
from harnn.cli.options import DecodingChoice
from harnn.cli.problems import reading
from harnn.cli.screen import Console, plain, say
from harnn.errors import ConfigError, Problem, suggest
from harnn.prediction import (
    AcceptanceTrial,
    SeenDocuments,
    check_acceptance,
    measure_acceptance,
)

SHOWN_TARGETS = (0.9, 0.95, 0.98)
"""What is shown where no target is given."""


class Wanted(NamedTuple):
    """What an acceptance is asked to be."""

    targets: Sequence[str]
    reading: Reading
    least_training: int
    coverage: float | None

    def check(self, output: Path | None) -> None:
        """Raises:
        ConfigError: a target cannot be read, or there is nothing to write.
        """
        read_targets(self.targets, ())
        if self.coverage is not None and not 0 < self.coverage < 1:
            what = f"got {self.coverage:g}, expected above 0 and below 1, as 0.9."
            raise ConfigError(Problem("--sets", what))
        if output is not None and not self.targets and self.coverage is None:
            what = "an acceptance without a target or sets accepts nothing."
            raise ConfigError(Problem("--output", what, "Give --target, --sets, or both."))


def acceptance(
    model: Path,
    data: list[Path],
    wanted: Wanted,
    *,
    test: list[Path],
    output: Path | None,
    options: DecodingChoice,
    settings: Sequence[str],
    speed: Speed | None = None,
) -> None:
    """Choose cuts on labelled documents, show them, try them on others, and write them.

    Raises:
        InputError: what is given cannot be used.
    """
    check_inputs([*data, *test])
    check_output(output, JSON, [*data, *test])
    wanted.check(output)
    speed = speed or Speed()
    predictor, knobs = open_model(model, settings, speed)
    chosen = settle_decoding(options, predictor.bundle)
    taxonomy, known = predictor.taxonomy, SeenDocuments(predictor.bundle)
    with reading(knobs, predictor.bundle) as log:
        found = measure_acceptance(
            predictor,
            data,
            read_targets(wanted.targets, taxonomy.level_names),
            model_hash=fingerprint(model),
            reading=wanted.reading,
            least_training=wanted.least_training,
            coverage=wanted.coverage,
            beam=speed.beam,
            data=knobs,
            log=log,
            known=known,
            **chosen,
        )
    console = Console()
    _show(found, console)
    say_seen(known, found.documents)
    if test:
        known = SeenDocuments(predictor.bundle)
        with reading(knobs, predictor.bundle) as log:
            tried = check_acceptance(
                predictor, test, found, data=knobs, log=log, known=known, **chosen
            )
        _show_trial(tried, found, console)
        say_seen(known, tried.filed.documents, "--test: ")
    if output is not None:
        save_acceptance(found, output)
        tell_written(console.print_line, {"acceptance": output})
        console.print_line("harnn predict files documents by it with --acceptance.")


def read_targets(given: Sequence[str], level_names: Sequence[str]) -> dict[int, float]:
    """Read ``0.95``, for all levels, and ``2=0.98``, for one by its number or name.

    Raises:
        ConfigError: it is neither, or out of range, or there is no such level.
    """
    everywhere: dict[int, float] = {}
    own: dict[int, float] = {}
    problems = []
    for text in given:
        name, equals, number = text.rpartition("=")
        target = _share(number)
        if target is None:
            what = (
                f"got {shown(text)}, expected a precision above 0 and below 1, as 0.95 or 2=0.95."
            )
            problems.append(Problem("--target", what))
        elif not level_names:
            continue  # the model is not open yet
        elif not equals:
            everywhere = dict.fromkeys(range(1, len(level_names) + 1), target)
        elif (level := _level(name.strip(), level_names)) is not None:
            own[level] = target
        else:
            hint = suggest(name, level_names)
            what = f"got {shown(text)}, the levels are 1 to {len(level_names)}."
            problems.append(Problem("--target", what, hint))
    if problems:
        raise ConfigError(problems)
    return everywhere | own


def _share(text: str) -> float | None:
    try:
        share = float(text)
    except ValueError:
        return None
    return share if 0 < share < 1 else None


def _level(name: str, level_names: Sequence[str]) -> int | None:
    known = {each: level for level, each in enumerate(level_names, start=1)}
    known |= {str(level): level for level in known.values()}
    return known.get(name)


def _show(found: Acceptance, console: Console) -> None:
    if found.never:
        labels = counted(len(found.never), "label")
        least = counted(found.least_training, "training document")
        say(f"{labels} with fewer than {least} are never accepted.")
    if any(each.target is not None for each in found.levels):
        console.print(_table(found))
        console.print_line(_outcome_line(found.outcome(), "Of 1,000 documents like these"))
    else:
        console.print(_targets_table(found))
    if found.judged.unanswered:
        some = counted(found.judged.unanswered, "document")
        say(f"{some} of {found.documents:,} have no answer and are never accepted.")
    if found.sets is not None:
        console.print(_sets_table(found))
        _say_too_few(found)


def _table(found: Acceptance) -> Table:
    """One line per level: what is promised, and what that accepts."""
    title = f"accepted unattended, on {counted(found.documents, 'document')}"
    table = Table(title=title, title_justify="left")
    table.add_column("level")
    for name in ("target", "accepted", "right", "documents", "cut"):
        table.add_column(name, justify="right")
    table.add_column("")
    for each in found.levels:
        level = plain(level_name(each.name, each.level))
        target = "" if each.target is None else as_asked(each.target)
        table.add_row(level, target, *_point_cells(each.point), _reason(each))
    return table


def _point_cells(point: CurvePoint | None) -> tuple[str, ...]:
    if point is None:
        return "0%", "", "", ""
    precision = point.precision
    return percent(point.share), str(precision), f"{precision.count:,}", f"{point.cut:.4f}"


def _reason(each: LevelAcceptance) -> str:
    if each.state == "too few documents":
        return f"needs {each.needed:,}, has {each.curve.in_question:,}"
    return "" if each.state == "open" else each.state


def _targets_table(found: Acceptance) -> Table:
    """What some targets would accept."""
    table = Table(title="accepted unattended, by target", title_justify="left")
    table.add_column("level")
    for target in SHOWN_TARGETS:
        table.add_column(as_asked(target), justify="right")
    levels = range(1, len(found.levels) + 1)
    tried = [found.with_targets(dict.fromkeys(levels, target)) for target in SHOWN_TARGETS]
    for number, each in enumerate(found.levels):
        points = [one.levels[number].point for one in tried]
        cells = ["0%" if point is None else percent(point.share) for point in points]
        table.add_row(plain(level_name(each.name, each.level)), *cells)
    return table


def _outcome_line(outcome: Outcome, of: str) -> str:
    levels = reversed(list(enumerate(outcome.filed, start=1)))
    filed = [f"{documents:,} to level {level}" for level, documents in levels if documents]
    if not filed:
        return f"{of} none is filed unattended."
    total, verb = sum(outcome.filed), "is" if sum(outcome.filed) == 1 else "are"
    return (
        f"{of} {total:,} {verb} filed unattended ({', '.join(filed)}), {outcome.wrong:,} of them "
        f"with a wrong label; {outcome.waiting:,} wait for a person."
    )


def _sets_table(found: Acceptance) -> Table:
    assert found.sets is not None
    coverage = as_asked(found.sets.coverage)
    title = f"sets that hold all true labels of a level {coverage} of the time"
    table = Table(title=title, title_justify="left")
    table.add_column("level")
    for name in ("documents", "least score", "labels, mean", "median", "most", "of"):
        table.add_column(name, justify="right")
    for each, level in zip(found.sets.levels, found.levels, strict=True):
        sizes = each.sizes
        table.add_row(
            plain(level_name(level.name, level.level)),
            f"{each.documents:,}",
            f"{each.threshold:.4f}",
            f"{sizes.mean:,.1f}",
            f"{sizes.median:,.1f}",
            f"{sizes.largest:,}",
            f"{level.labels:,}",
        )
    return table


def _say_too_few(found: Acceptance) -> None:
    assert found.sets is not None
    needed = documents_needed_for_sets(found.sets.coverage)
    few = [str(each.level) for each in found.sets.levels if each.documents < needed]
    if few:
        which = f"level{'s' * (len(few) > 1)} {', '.join(few)}"
        say(
            f"Note: sets of {which} have all labels: to leave any out takes at least "
            f"{counted(needed, 'document')} with a label there."
        )


def _show_trial(tried: AcceptanceTrial, found: Acceptance, console: Console) -> None:
    documents = counted(tried.filed.documents, "document")
    if tried.filed.levels:
        table = Table(title=f"on {documents} of --test", title_justify="left")
        table.add_column("level")
        for name in ("target", "accepted", "right", "documents"):
            table.add_column(name, justify="right")
        for each in tried.filed.levels:
            precision = each.precision
            right = ("", "0") if precision is None else (str(precision), f"{precision.count:,}")
            level = plain(level_name(found.levels[each.level - 1].name, each.level))
            table.add_row(level, as_asked(each.target), percent(each.share), *right)
        console.print(table)
        console.print_line(_outcome_line(tried.filed.outcome, f"Of {documents}"))
    for of_sets in tried.sets:
        if of_sets.covered is not None and of_sets.sizes is not None:
            console.print_line(
                f"Sets of level {of_sets.level}: {of_sets.covered} hold all true labels, of "
                f"{counted(of_sets.covered.count, 'document')}; {of_sets.sizes.mean:,.1f} labels "
                "a set."
            )
