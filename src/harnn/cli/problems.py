"""Problems on the screen: those of a kind together, and not all of a thousand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harnn.cli.screen import say
from harnn.config import DataConfig
from harnn.errors import DocumentError, InputError, Problem

if TYPE_CHECKING:
    from harnn.data import ReadingLog

_SHOWN_LINES = 60
_SHOWN_LABELS = 20


def problem_lines(
    problems: Sequence[Problem], prefix: str = "", kinds: Mapping[str, int] | None = None
) -> Iterator[str]:
    """Yield a line for each of the first problems of a kind, and how many more there are.

    kinds: see :func:`harnn.data.log.group_problems`.
    """
    from harnn.data.log import group_problems

    grouped = group_problems(problems, kinds)
    for problem in grouped[:_SHOWN_LINES]:
        counts = not problem.where and problem.what.startswith("...")
        yield f"{' ' * len(prefix) if counts else prefix}{problem}"
    if len(grouped) > _SHOWN_LINES:
        yield f"{' ' * len(prefix)}... and {len(grouped) - _SHOWN_LINES:,} more of other kinds"


def describe_error(error: Exception) -> str:
    """Return what an error says, its problems grouped."""
    if not isinstance(error, InputError) or len(error.problems) == 1:
        return str(error)
    head = f"{len(error.problems):,} problems in the {error.noun}:"
    return "\n".join([head, *problem_lines(error.problems, "  ")])


@contextmanager
def reading(knobs: DataConfig) -> Iterator[ReadingLog]:
    """Say at the end of a block what was remarkable in reading, also where nothing was left."""
    from harnn.data import ReadingLog

    log = ReadingLog()
    try:
        yield log
    except DocumentError:
        if knobs.on_error != "fail":  # else the error says it
            list_read(log)
        raise
    list_read(log)


def list_read(log: ReadingLog) -> None:
    """Say on standard error what was remarkable, dropped or left out in reading."""
    lines = list(problem_lines(log.warnings, "Warning: "))
    if fixed := log.describe_fixes():
        lines.append(f"{fixed}.")
    if log.dropped:
        lines += _dropped_lines(log)
    if log.skipped:
        noun = "record" if log.skipped == 1 else "records"
        lines += [f"{log.skipped:,} {noun} skipped:"]
        lines += problem_lines(log.problems, "  ", log.kinds)
    if lines:
        say("\n".join(lines))


def _dropped_lines(log: ReadingLog) -> Iterator[str]:
    total = sum(log.dropped.values())
    noun = "label" if total == 1 else "labels"
    kept = "1 document has" if log.emptied == 1 else f"{log.emptied:,} documents have"
    left = f"; {kept} none left" if log.emptied else ""
    yield f"{total:,} {noun} dropped that the taxonomy does not have{left}:"
    shown = log.dropped.most_common(_SHOWN_LABELS)
    yield "  " + ", ".join(f"{label!r} {count:,}" for label, count in shown)
    if len(log.dropped) > len(shown):
        yield f"  ... and {len(log.dropped) - len(shown):,} more"
