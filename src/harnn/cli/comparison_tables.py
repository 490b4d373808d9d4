"""Comparisons of models and methods for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from string import ascii_uppercase
from typing import TypeVar

from rich.table import Table
from rich.text import Text

from harnn._display import counted, level_name
from harnn.cli.screen import plain
from harnn.evaluation.paper_tables import PValue, p_text
from harnn.evaluation.tabulating import MEASURES, adjusted_p, method_p
from harnn.metrics import (
    Comparison,
    Difference,
    Estimate,
    MethodDifference,
    MethodEstimate,
    MethodsComparison,
    SeveralComparison,
)

_LEFT = ("in percent", "pair", "level", "measure")


def comparison_table(comparison: Comparison) -> Table:
    """One line per measure, then those of each level; scores in percent."""
    table = _table("", "in percent", "A", "B", "B - A", "95% interval", "p")
    for difference in comparison.measures:
        cells = _difference_cells(difference, comparison.least_p_value)
        table.add_row(MEASURES[difference.measure], *cells)
    for level in comparison.levels:
        table.add_section()
        name = level_name(level.name, level.level)
        for difference in level.measures:
            cells = _difference_cells(difference, comparison.least_p_value)
            table.add_row(plain(f"{MEASURES[difference.measure]} {name}"), *cells)
    return table


def comparison_line(comparison: Comparison) -> str:
    """Say how the comparison was made."""
    return (
        f"{counted(comparison.documents, 'document')}; intervals and two-sided p-values of "
        f"{comparison.samples:,} paired bootstrap samples of the documents, "
        f"seed {comparison.seed}; {_least(comparison)}"
    )


def several_parts(found: SeveralComparison) -> Iterator[Table | Text]:
    """Name the systems by letters, show each with intervals, then each pair, then its levels."""
    letters = [_letter(number) for number in range(len(found.systems))]
    for letter, system in zip(letters, found.systems, strict=True):
        yield plain(f"{letter}: {system.name}")
    yield _systems_table(found, letters)
    least = found.least_p_value
    headers = ("difference", "95% interval", "p", "p adjusted")
    pairs = _table("differences, in percent", "pair", "measure", *headers)
    levels = _table("differences by level, in percent", "pair", "level", "measure", *headers)
    for pair in found.pairs:
        pairs.add_section()
        levels.add_section()
        name = f"{letters[pair.second]} - {letters[pair.first]}"
        for at, each in enumerate(pair.comparison.measures):
            cells = _pair_cells(each, pair.adjusted, least)
            pairs.add_row("" if at else name, MEASURES[each.measure], *cells)
        for level, adjusted in zip(pair.comparison.levels, pair.adjusted_by_level, strict=True):
            place = level_name(level.name, level.level)
            for each in level.measures:
                cells = _pair_cells(each, adjusted, least)
                levels.add_row(name, plain(place), MEASURES[each.measure], *cells)
                name = place = ""
    yield pairs
    yield levels


def several_line(found: SeveralComparison) -> str:
    """Say how the comparison was made."""
    lacking = [_letter(at) for at, system in enumerate(found.systems) if not system.with_scores]
    without = f"; without scores, so without AUPRC: {', '.join(lacking)}" if lacking else ""
    return (
        f"{counted(found.documents, 'document')}; "
        f"intervals and two-sided p-values of {found.samples:,} "
        f"paired bootstrap samples of the documents, seed {found.seed}; {_least(found)}; "
        f"adjusted (Holm) for the {counted(len(found.pairs), 'pair')} of each measure{without}"
    )


def methods_parts(found: MethodsComparison) -> Iterator[Table | Text]:
    """Show the methods with mean and deviation over their models, then each pair, by level too."""
    names = [method.name for method in found.methods]
    table = _table("mean and standard deviation, in percent", "level", "measure")
    for method in found.methods:
        header = plain(f"{method.name} ({counted(method.models, 'model')})")
        table.add_column(header, justify="right")
    places = ["all", *(level_name(name, at) for at, name in enumerate(found.level_names, 1))]
    parts = [[x.measures for x in found.methods]]
    parts += [[x.levels[at] for x in found.methods] for at in range(len(found.level_names))]
    _add_reached(table, places, parts, _mean_cell)
    yield table
    several = len(found.pairs) > 1
    headers = ["level", "measure", "difference", "over documents", "p", "over seeds", "p", "both"]
    headers += ["adjusted"] if several else []
    for pair in found.pairs:
        title = f"{names[pair.second]} - {names[pair.first]}, in percent"
        table = _table(title, *headers)
        for at, place in enumerate(places):
            table.add_section()
            adjusted = pair.adjusted_levels[at - 1] if at else pair.adjusted
            for each in pair.levels[at - 1] if at else pair.measures:
                cells = _method_cells(each, found)
                if several:
                    cells.append(_p_cell(adjusted_p(adjusted, each, found.least_p_value)))
                table.add_row(plain(place), MEASURES[each.measure], *cells)
                place = ""
        yield table


def methods_line(found: MethodsComparison) -> str:
    """Say how the comparison was made."""
    pairs = counted(len(found.pairs), "pair")
    adjusted = f"; adjusted (Holm) for the {pairs} of each measure" if len(found.pairs) > 1 else ""
    return (
        f"{counted(found.documents, 'document')}; over documents: 95% intervals and two-sided "
        f"p-values of {found.samples:,} paired bootstrap samples of the documents, seed "
        f"{found.seed}, for the means of these models; {_least(found)}; over seeds: Welch's t-test "
        f"of the models on these documents, not paired by seed; both: the larger of the "
        f"two p-values{adjusted}"
    )


def _least(found: Comparison | SeveralComparison | MethodsComparison) -> str:
    least = p_text(found.least_p_value, found.least_p_value).removeprefix("<")
    return f"they can tell no p-value below {least} (--samples)"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title or None, title_justify="left")
    for name in columns:
        table.add_column(name, justify="left" if name in _LEFT else "right")
    return table


def _systems_table(found: SeveralComparison, letters: list[str]) -> Table:
    table = _table("in percent, with 95% intervals", "level", "measure", *letters)
    places = ["all"]
    places += [level_name(x.name, x.level) for x in found.pairs[0].comparison.levels]
    parts = [[x.measures for x in found.systems]]
    parts += [[x.by_level[at] for x in found.systems] for at in range(len(places) - 1)]
    _add_reached(table, places, parts, _estimate_cell)
    return table


_Each = TypeVar("_Each", Estimate, MethodEstimate)


def _add_reached(
    table: Table,
    places: Sequence[str],
    parts: Sequence[Sequence[Sequence[_Each]]],
    cell: Callable[[_Each | None], str],
) -> None:
    """Add a section for each place: a line for each measure that anybody has there."""
    for place, estimates in zip(places, parts, strict=True):
        table.add_section()
        known = [{each.measure: each for each in some} for some in estimates]
        shown = place
        for measure in (key for key in MEASURES if any(key in each for each in known)):
            table.add_row(plain(shown), MEASURES[measure], *(cell(x.get(measure)) for x in known))
            shown = ""


def _letter(number: int) -> str:
    return ascii_uppercase[number] if number < len(ascii_uppercase) else f"#{number + 1}"


def _estimate_cell(each: Estimate | None) -> str:
    if each is None:
        return "-"
    return f"{100 * each.value:.1f}\n{100 * each.low:.1f} to {100 * each.high:.1f}"


def _mean_cell(each: MethodEstimate | None) -> str:
    if each is None:
        return "-"
    deviation = "-" if each.deviation is None else f"{100 * each.deviation:.1f}"
    return f"{100 * each.mean:.1f} \u00b1 {deviation}"


def _span(low: float, high: float) -> str:
    return f"{100 * low:+.2f} to {100 * high:+.2f}"


def _difference_cells(difference: Difference, least: float) -> list[str]:
    return [
        f"{100 * difference.first:.1f}",
        f"{100 * difference.second:.1f}",
        f"{100 * difference.difference:+.2f}",
        _span(difference.low, difference.high),
        p_text(difference.p_value, least),
    ]


def _pair_cells(each: Difference, adjusted: Mapping[str, float], least: float) -> Sequence[str]:
    return [*_difference_cells(each, least)[2:], _p_cell(adjusted_p(adjusted, each, least))]


def _method_cells(each: MethodDifference, found: MethodsComparison) -> list[str]:
    seeds = "-"
    if each.seeds_low is not None and each.seeds_high is not None:
        seeds = _span(each.seeds_low, each.seeds_high)
    return [
        f"{100 * each.difference:+.2f}",
        _span(each.low, each.high),
        p_text(each.documents_p_value, found.least_p_value),
        seeds,
        p_text(each.seeds_p_value),
        _p_cell(method_p(each, found.least_p_value)),
    ]


def _p_cell(found: PValue | None) -> str:
    return "-" if found is None else p_text(*found)
