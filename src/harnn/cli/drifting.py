"""``harnn drift``: whether what arrives still looks like what a model learned from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from harnn._display import counted, level_name
from harnn.acceptance import percent
from harnn.cli.files import JSON, check_inputs, check_output, tell_written, write_json
from harnn.cli.models import Speed, open_model
from harnn.cli.problems import reading
from harnn.cli.screen import Console, plain, say
from harnn.data.files import find_file
from harnn.errors import DocumentError, Problem
from harnn.prediction import measure_drift
from harnn.taxonomy import Taxonomy
from harnn.watching import Drift, Finding

_SHOWN_LABELS = 10
_TITLES = {
    "unknown_words": "unknown words",
    "lengths": "words of a document",
    "writings": "writing",
    "empty_field": "empty field",
    "vectors": "vectors",
    "unlabelled": "documents without a label",
    "doubtful": "documents in doubt",
    "scores": "best score",
    "label_mix": "mix of best labels",
    "labels": "labels that moved",
    "f1": "micro-F1",
}
_SHORT = {"too few documents to say": "too few"}
_SHARES = ("unknown_words", "writings", "empty_field", "unlabelled", "doubtful", "f1")


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
    settings: Sequence[str],
    speed: Speed | None = None,
) -> bool:
    """Show what moved; say whether anything did.

    Raises:
        InputError: what is given cannot be used.
    """
    inputs = [*compared.data, *compared.against]
    check_inputs(inputs)
    found = [find_file(each) for each in inputs]
    if problems := [each for each in found if isinstance(each, Problem)]:
        raise DocumentError(problems)
    check_output(json_output, JSON, inputs)
    predictor, knobs = open_model(model, settings, speed)
    with reading(knobs, predictor.bundle) as log:
        result = measure_drift(
            predictor,
            compared.data,
            against=compared.against or None,
            labelled=compared.labelled,
            data=knobs,
            log=log,
        )
    write_json(json_output, result.to_dict())
    console = Console()
    console.print(_table(result, predictor.taxonomy))
    if result.labels:
        console.print(_labels_table(result, predictor.taxonomy))
    console.print_line(conclusion(result))
    if result.unsure:
        say(
            f"Note: of {counted(len(result.unsure), 'figure')} too few documents tell; twice the "
            "tolerance of each could have gone unseen (docs/watching.md)."
        )
    tell_written(console.print_line, {"report": json_output})
    return bool(result.moved)


def conclusion(found: Drift) -> str:
    """Say in a sentence what came out."""
    came = f"{counted(found.documents, 'document')} beside {found.before:,}"
    if not found.moved:
        said = len(found.findings) - len(found.unsure)
        return f"{came}: nothing moved of {said:,} figures that can be told."
    names = dict.fromkeys(_TITLES[each.figure] for each in found.moved)
    return f"{came}: moved: {', '.join(names)}."


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
            plain(_name(each, taxonomy)),
            _value(each, each.before),
            _value(each, each.now),
            _change(each, each.change),
            _interval(each),
            plain(_SHORT.get(each.verdict, each.verdict), style),
        )
    return table


def _name(finding: Finding, taxonomy: Taxonomy) -> str:
    title = _TITLES[finding.figure]
    if finding.name:
        title = f"{title}: {finding.name}"
    if finding.level is None:
        return title
    return f"{title}, level {level_name(taxonomy.level_names[finding.level - 1], finding.level)}"


def _value(finding: Finding, value: float | None) -> str:
    if value is None:
        return ""
    if finding.figure in _SHARES:
        return percent(value)
    return f"{value:,.1f}" if finding.figure == "lengths" else f"{value:.3f}"


def _change(finding: Finding, value: float) -> str:
    if not math.isfinite(value):
        return "?"
    if finding.figure == "labels":
        return f"{value:,.0f} of {finding.more['of']:,}"
    if finding.figure in _SHARES and finding.figure != "writings":
        return f"{100 * value:+.1f}"
    return f"{value:.3f}"


def _interval(finding: Finding) -> str:
    if finding.figure == "labels":
        return ""
    return f"{_change(finding, finding.low)} to {_change(finding, finding.high)}"


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
