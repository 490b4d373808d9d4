"""``harnn drift``: whether what arrives still looks like what a model learned from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from harnn._display import counted, level_name, percent
from harnn._optional import require
from harnn.cli.files import JSON, check_inputs, check_output, tell_written, write_json
from harnn.cli.models import Speed, open_model
from harnn.cli.problems import reading
from harnn.cli.reporting import PAGES, command_again
from harnn.cli.screen import Console, plain, say
from harnn.data.files import find_file
from harnn.errors import DocumentError, Problem
from harnn.report import make_drift_report
from harnn.taxonomy import Taxonomy
from harnn.watching import (
    Drift,
    change_of,
    conclusion,
    interval_of,
    title_of,
    value_of,
)

_SHOWN_LABELS = 10
_SHORT = {"too few documents to say": "too few"}


class Compared(NamedTuple):
    """The documents that a drift is about."""

    data: list[Path]
    against: list[Path]
    """Nothing: the model's own figures."""
    labelled: bool | None
    """None: as the first document is."""


def drift(
    model: Path,
    compared: Compared,
    *,
    json_output: Path | None,
    page: Path | None = None,
    settings: Sequence[str],
    speed: Speed | None = None,
) -> bool:
    """Show what moved, and write it; say whether anything did.

    Raises:
        InputError: what is given cannot be used.
    """
    inputs = [*compared.data, *compared.against]
    check_inputs(inputs)
    found = [find_file(each) for each in inputs]
    if problems := [each for each in found if isinstance(each, Problem)]:
        raise DocumentError(problems)
    check_output(json_output, JSON, inputs)
    check_output(page, PAGES, inputs)
    if page is not None:
        require("jinja2", purpose="The page of a report", extra="report")
    predictor, knobs = open_model(model, settings, speed)
    with reading(knobs, predictor.bundle) as log:
        made = make_drift_report(
            predictor,
            compared.data,
            against=compared.against or None,
            labelled=compared.labelled,
            directory=model,
            data=knobs,
            log=log,
            command=_again(model, compared, settings, speed),
        )
    result = made.drift
    write_json(json_output, result.to_dict())
    console = Console()
    console.print(_table(result, predictor.taxonomy))
    if result.labels:
        console.print(_labels_table(result, predictor.taxonomy))
    console.print_line(conclusion(result))
    if page is not None:
        made.write_html(page)
    if result.unsure:
        say(
            f"Note: of {counted(len(result.unsure), 'figure')} too few documents tell; twice the "
            "tolerance of each could have gone unseen (docs/watching.md)."
        )
    tell_written(console.print_line, {"page": page, "report": json_output})
    return bool(result.moved)


def _again(model: Path, compared: Compared, settings: Sequence[str], speed: Speed | None) -> str:
    files = {"--data": compared.data, "--against": compared.against}
    words = command_again("drift", model, files, settings, {}, speed)
    if compared.labelled is None:
        return words
    return f"{words} --{'labelled' if compared.labelled else 'unlabelled'}"


def _table(found: Drift, taxonomy: Taxonomy) -> Table:
    title = f"{counted(found.documents, 'document')}, compared with {found.before:,}"
    table = Table(title=title, title_justify="left")
    table.add_column("figure")
    for name in ("before", "now", "change", "interval"):
        table.add_column(name, justify="right")
    table.add_column("")
    for each in found.findings:
        style = "bold" if each.verdict == "moved" else ""
        table.add_row(
            plain(title_of(each, taxonomy)),
            value_of(each, each.before),
            value_of(each, each.now),
            change_of(each),
            interval_of(each),
            plain(_SHORT.get(each.verdict, each.verdict), style),
        )
    return table


def _labels_table(found: Drift, taxonomy: Taxonomy) -> Table:
    more = len(found.labels) - _SHOWN_LABELS
    title = f"labels that moved{f', the surest {_SHOWN_LABELS}' if more > 0 else ''}"
    table = Table(title=title, title_justify="left")
    for name in ("label", "level"):
        table.add_column(name)
    for name in ("before", "now", "change", "p"):
        table.add_column(name, justify="right")
    for each in found.labels[:_SHOWN_LABELS]:
        table.add_row(
            plain(each.name),
            plain(level_name(taxonomy.level_names[each.level - 1], each.level)),
            percent(each.before),
            percent(each.now),
            f"{100 * each.low:+.1f} to {100 * each.high:+.1f}",
            f"{each.p_value:.2g}",
        )
    return table
