"""What evaluations and comparisons found, as tables for papers."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import TypeVar

from harnn._display import counted, level_name
from harnn.evaluation.paper_tables import Cell, Column, PaperTable, PValue, p_text
from harnn.evaluation.strategies import StrategyMetrics
from harnn.metrics import (
    Comparison,
    Difference,
    Estimate,
    LevelMetrics,
    MethodDifference,
    MethodEstimate,
    MethodsComparison,
    Report,
    SeveralComparison,
)

MEASURES = {
    "micro_f1": "micro-F1",
    "macro_f1": "macro-F1",
    "hierarchical_f1": "hierarchical F1",
    "auprc": "AUPRC",
    "exact_match": "exact match",
}
"""What measures of comparisons are called."""
_SHARES = {
    "micro_precision": "micro-P",
    "micro_recall": "micro-R",
    "micro_f1": "micro-F1",
    "macro_f1": "macro-F1",
    "auprc": "AUPRC",
    "ece_shown": "ECE .1+",
    "hierarchical_f1": "hierarchical F1",
    "lca_f1": "LCA-F1",
    "exact_match": "exact match",
}
"""Of reports; those that levels do not have are empty there."""
_LEVEL, _MEASURE = Column("level", "level", "text"), Column("measure", "measure", "text")


def table_of_report(report: Report, *, name: str = "") -> PaperTable:
    """Return a line for each level and one for all labels; name: of model or documents."""
    columns = [_LEVEL, Column("labels", "labels", "count")]
    columns += [Column(title, key) for key, title in _SHARES.items()]
    rows: list[tuple[Cell, ...]] = [
        (place, row.labels, *(getattr(row, key, None) for key in _SHARES))
        for place, row in _rows(report)
    ]
    return PaperTable(
        title=name or "Evaluation",
        columns=tuple(columns),
        rows=tuple(rows),
        notes=(f"{counted(report.documents, 'document')}.",),
    )


def table_of_strategies(found: Sequence[StrategyMetrics], *, name: str = "") -> PaperTable:
    """Return a line for each way to choose labels."""
    columns = (
        Column("strategy", "strategy", "text"),
        Column("micro-F1", "micro_f1"),
        Column("macro-F1", "macro_f1"),
        Column("hierarchical F1", "hierarchical_f1"),
        Column("labels/document", "labels_per_document", "number"),
        Column("empty", "empty", "count"),
    )
    rows = tuple(
        (
            each.strategy,
            each.micro_f1,
            each.macro_f1,
            each.hierarchical_f1,
            each.mean_predicted,
            each.empty_predictions,
        )
        for each in found
    )
    used = "".join(f"The model uses {each.strategy}." for each in found if each.used)
    notes = (used,) if used else ()
    return PaperTable(title=name or "Strategies", columns=columns, rows=rows, notes=notes)


def table_of_seeds(
    reports: Sequence[Report], *, seeds: Sequence[int] = (), name: str = ""
) -> PaperTable:
    """Return mean and standard deviation over the reports of models that differ in their seed.

    Raises:
        ValueError: there are fewer than two reports, or they have other levels.
    """
    of = f": {', '.join(map(str, seeds))}" if seeds else ""
    return _spread_table(reports, name or "Seeds", f"{counted(len(reports), 'seed')}{of}.")


def table_of_folds(reports: Sequence[Report], *, name: str = "") -> PaperTable:
    """Return mean and standard deviation over the reports of folds, as ``cross_validate`` has them.

    Raises:
        ValueError: there are fewer than two reports, or they have other levels.
    """
    how = f"{counted(len(reports), 'fold')}, each answered by a model of the others."
    return _spread_table(reports, name or "Cross-validation", how)


def _spread_table(reports: Sequence[Report], title: str, how: str) -> PaperTable:
    """Return mean and standard deviation of each number; how: what the reports are of.

    Raises:
        ValueError: there are fewer than two reports, or they have other levels.
    """
    if len(reports) < 2 or len({len(report.levels) for report in reports}) > 1:
        raise ValueError("Expected two or more reports with the same levels.")
    columns = [_LEVEL, *(Column(title, key, "spread") for key, title in _SHARES.items())]
    rows: list[tuple[Cell, ...]] = []
    for lines in zip(*(_rows(report) for report in reports), strict=True):
        (place, _), cells = lines[0], [row for _, row in lines]
        every = ([getattr(row, key, None) for row in cells] for key in _SHARES)
        rows.append((place, *map(_spread, every)))
    return PaperTable(
        title=title, columns=tuple(columns), rows=tuple(rows), notes=(how, _documents(reports))
    )


def tables_of_comparison(
    found: Comparison | SeveralComparison | MethodsComparison, *, names: Sequence[str] = ()
) -> list[PaperTable]:
    """Return the tables of a comparison: what each reaches, where there are several, and how sure
    the differences are. The last has all numbers.

    names: of the two models of a :class:`harnn.metrics.Comparison`.
    """
    if isinstance(found, Comparison):
        first, second = names or ("A", "B")
        return [_differences([(first, second, found, None)], _how(found.documents, found))]
    if isinstance(found, SeveralComparison):
        return [_systems(found), _several_pairs(found)]
    return [_methods(found), _method_pairs(found)]


def _rows(report: Report) -> list[tuple[str, Report | LevelMetrics]]:
    levels = [(level_name(level.name, level.level), level) for level in report.levels]
    return [*levels, ("all", report)]


def _spread(values: Sequence[float | None]) -> tuple[float | None, ...] | None:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return None
    return statistics.fmean(known), statistics.stdev(known)


def _documents(reports: Sequence[Report]) -> str:
    counts = {report.documents for report in reports}
    if len(counts) == 1:
        return f"{counted(counts.pop(), 'document')}."
    return f"{min(counts):,} to {max(counts):,} documents."


def _how(documents: int, found: Comparison | SeveralComparison | MethodsComparison) -> str:
    least = p_text(found.least_p_value, found.least_p_value).removeprefix("<")
    return (
        f"{counted(documents, 'document')}; 95% intervals and two-sided p-values of "
        f"{found.samples:,} paired bootstrap samples of the documents (seed {found.seed}), which "
        f"can tell none below {least}."
    )


_Paired = tuple[str, str, Comparison, tuple[dict[str, float], ...] | None]
"""Two names, what was found, and adjusted p-values of all labels and of each level."""


def _differences(pairs: Iterable[_Paired], how: str) -> PaperTable:
    rows: list[tuple[Cell, ...]] = []
    adjusts = False
    for first, second, found, adjusted in pairs:
        parts: list[tuple[str, Sequence[Difference]]] = [("all", found.measures)]
        parts += [(level_name(x.name, x.level), x.measures) for x in found.levels]
        for at, (place, measures) in enumerate(parts):
            for each in measures:
                cells: tuple[Cell, ...] = (
                    place,
                    MEASURES[each.measure],
                    each.first,
                    each.second,
                    each.difference,
                    (each.low, each.high),
                    PValue(each.p_value, found.least_p_value),
                )
                if adjusted is None:
                    rows.append(cells)
                    continue
                adjusts = True
                p_adjusted = adjusted_p(adjusted[at], each, found.least_p_value)
                rows.append((first, second, *cells, p_adjusted))
        names = (first, second)
    columns: tuple[Column, ...] = (
        _LEVEL,
        _MEASURE,
        Column("A", "first"),
        Column("B", "second"),
        Column("B \u2212 A", "difference", "difference"),
        Column("95% interval", "difference", "span"),
        Column("p", "p_value", "p"),
    )
    if adjusts:
        sides = (Column("A", "first_name", "text"), Column("B", "second_name", "text"))
        middle = (*columns[:2], Column("value of A", "first"), Column("value of B", "second"))
        columns = (*sides, *middle, *columns[4:], Column("p adjusted", "p_adjusted", "p"))
        return PaperTable(
            title="Differences", columns=columns, rows=tuple(rows), notes=(how, _HOLM)
        )
    which = f"A is {_short(names[0])}, B is {_short(names[1])}."
    return PaperTable(title="Comparison", columns=columns, rows=tuple(rows), notes=(which, how))


_HOLM = "Adjusted after Holm for all pairs of a measure."


def _short(name: str) -> str:
    return PurePath(name).name or name


def _told_apart(names: Sequence[str]) -> list[str]:
    """Return the last parts of paths where these differ."""
    short = [_short(name) for name in names]
    return short if len({*short}) == len({*names}) else list(names)


_Each = TypeVar("_Each", Estimate, MethodEstimate)


def _reached(
    parts: Iterable[tuple[str, Sequence[Sequence[_Each]]]], cell: Callable[[_Each], Cell]
) -> tuple[tuple[Cell, ...], ...]:
    """Return a line for each measure of each part that anybody has; parts: a place, and what was
    found there of each.
    """
    rows: list[tuple[Cell, ...]] = []
    for place, estimates in parts:
        every = [{each.measure: each for each in some} for some in estimates]
        for measure in (key for key in MEASURES if any(key in known for known in every)):
            cells = [known.get(measure) for known in every]
            shown: list[Cell] = [None if each is None else cell(each) for each in cells]
            rows.append((place, MEASURES[measure], *shown))
    return tuple(rows)


def _systems(found: SeveralComparison) -> PaperTable:
    names = _told_apart([system.name for system in found.systems])
    columns = [_LEVEL, _MEASURE, *(Column(name, name, "interval") for name in names)]
    parts: list[tuple[str, list[Sequence[Estimate]]]] = [
        ("all", [system.measures for system in found.systems])
    ]
    parts += [
        (level_name(level.name, level.level), [x.by_level[at] for x in found.systems])
        for at, level in enumerate(found.pairs[0].comparison.levels)
    ]
    rows = _reached(parts, lambda x: (x.value, x.low, x.high))
    title = f"{counted(len(names), 'system')}"
    note = f"{counted(found.documents, 'document')}."
    return PaperTable(title=title, columns=tuple(columns), rows=rows, notes=(note,))


def _several_pairs(found: SeveralComparison) -> PaperTable:
    names = _told_apart([system.name for system in found.systems])
    pairs: list[_Paired] = [
        (
            names[pair.first],
            names[pair.second],
            pair.comparison,
            (dict(pair.adjusted), *map(dict, pair.adjusted_by_level)),
        )
        for pair in found.pairs
    ]
    return _differences(pairs, _how(found.documents, found))


def _methods(found: MethodsComparison) -> PaperTable:
    columns = [_LEVEL, _MEASURE, *(Column(x.name, x.name, "spread") for x in found.methods)]
    parts: list[tuple[str, list[Sequence[MethodEstimate]]]] = [
        ("all", [method.measures for method in found.methods])
    ]
    parts += [
        (level_name(name, at + 1), [method.levels[at] for method in found.methods])
        for at, name in enumerate(found.level_names)
    ]
    rows = _reached(parts, lambda x: (x.mean, x.deviation))
    models = ", ".join(f"{method.name} {method.models:,}" for method in found.methods)
    notes = (f"Models: {models}. {counted(found.documents, 'document')}.",)
    title = counted(len(found.methods), "method")
    return PaperTable(title=title, columns=tuple(columns), rows=rows, notes=notes)


def _method_pairs(found: MethodsComparison) -> PaperTable:
    several = len(found.pairs) > 1
    rows: list[tuple[Cell, ...]] = []
    for pair in found.pairs:
        names = [found.methods[at].name for at in (pair.first, pair.second)]
        parts: list[tuple[str, Sequence[MethodDifference]]] = [("all", pair.measures)]
        parts += [
            (level_name(name, at + 1), pair.levels[at]) for at, name in enumerate(found.level_names)
        ]
        adjusted = (pair.adjusted, *pair.adjusted_levels)
        for at, (place, measures) in enumerate(parts):
            for each in measures:
                cells: list[Cell] = [
                    *names,
                    place,
                    MEASURES[each.measure],
                    each.first,
                    each.second,
                    each.difference,
                    (each.low, each.high),
                    PValue(each.documents_p_value, found.least_p_value),
                ]
                seeds = each.seeds_p_value
                cells += [
                    None if seeds is None else (each.seeds_low, each.seeds_high),
                    None if seeds is None else PValue(seeds),
                    method_p(each, found.least_p_value),
                ]
                if several:
                    cells.append(adjusted_p(adjusted[at], each, found.least_p_value))
                rows.append(tuple(cells))
    columns = [
        Column("A", "first_name", "text"),
        Column("B", "second_name", "text"),
        _LEVEL,
        _MEASURE,
        Column("mean of A", "first"),
        Column("mean of B", "second"),
        Column("B \u2212 A", "difference", "difference"),
        Column("over documents", "documents", "span"),
        Column("p (documents)", "documents_p_value", "p"),
        Column("over seeds", "seeds", "span"),
        Column("p (seeds)", "seeds_p_value", "p"),
        Column("p (both)", "p_value", "p"),
    ]
    columns += [Column("p adjusted", "p_adjusted", "p")] if several else []
    tests = (
        "Over seeds Welch's t-test of the models' values on these documents; p (both) is the "
        "larger of the two."
    )
    return PaperTable(
        title="Differences of methods",
        columns=tuple(columns),
        rows=tuple(rows),
        notes=(_how(found.documents, found), tests, *([_HOLM] if several else [])),
    )


def method_p(each: MethodDifference, least: float) -> PValue | None:
    """Return the p-value that says both, with what the bootstrap could tell where it decides."""
    if each.p_value is None:
        return None
    decided = each.documents_p_value >= each.p_value
    return PValue(each.p_value, least if decided else 0.0)


def adjusted_p(
    adjusted: Mapping[str, float], each: Difference | MethodDifference, least: float
) -> PValue | None:
    """Return the adjusted p-value of a difference. Where the bootstrap can tell no smaller one
    than it found, *least*, none could be smaller either.
    """
    value = adjusted.get(each.measure)
    if value is None or each.p_value is None:
        return None if value is None else PValue(value)
    decides = isinstance(each, Difference) or each.documents_p_value == each.p_value
    return PValue(value, value if decides and each.p_value <= least else 0.0)
