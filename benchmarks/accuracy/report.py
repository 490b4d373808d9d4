"""From the JSON of all runs to a Markdown table and a plot."""

from __future__ import annotations

import json
import math
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]
_PANELS_A_LINE = 3
_COLUMNS = (
    "method",
    "micro-F1",
    "macro-F1",
    "AUPRC",
    "hF1",
    "micro-F1 per level",
    "ECE per level",
    "macro point: macro-F1 (micro-F1)",
    "as shipped: micro / macro",
    "training",
    "CPU",
    "peak",
    "model",
    "documents/s",
    "rule",
)


@dataclass(frozen=True)
class Group:
    """The runs of one method on one dataset, one a seed."""

    dataset: str
    method: str
    rows: tuple[Row, ...]

    @property
    def title(self) -> str:
        """The method, ours in bold, and the number of seeds where it is not one."""
        name = f"**{self.method}**" if self.rows[0]["ours"] else self.method
        return name + (f" ({len(self.rows)} seeds)" if len(self.rows) > 1 else "")

    def mean(self, pick: Callable[[Row], float]) -> float:
        return statistics.fmean(map(pick, self.rows))

    def show(self, pick: Callable[[Row], float], *, scale: float = 100, digits: int = 1) -> str:
        """Return the mean, and the standard deviation where there are several seeds."""
        values = [scale * pick(row) for row in self.rows]
        shown = f"{statistics.fmean(values):.{digits}f}"
        if len(values) > 1:
            shown += f" ± {statistics.stdev(values):.{digits}f}"
        return shown


def load_rows(folder: Path) -> list[Row]:
    """Read every run in *folder*, sorted by file name.

    Raises:
        SystemExit: a file is not JSON.
    """
    rows = []
    for path in sorted(folder.glob("*--*.json")):
        try:
            rows.append(json.loads(path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise SystemExit(f"{path} is not JSON: {error}.") from None
    return rows


def group_rows(rows: Iterable[Row]) -> dict[str, list[Group]]:
    """Return by dataset the finished groups, the best test AUPRC first."""
    gathered: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if "skipped" not in row:
            gathered[row["dataset"], row["label"]].append(row)
    datasets: dict[str, list[Group]] = defaultdict(list)
    for (dataset, method), found in gathered.items():
        datasets[dataset].append(Group(dataset, method, tuple(found)))
    for groups in datasets.values():
        groups.sort(key=lambda group: -group.mean(_auprc))
    return dict(sorted(datasets.items()))


def markdown(rows: Iterable[Row]) -> str:
    """Return one table a dataset, and what was not run with the reasons."""
    rows = list(rows)
    parts = [
        "Scores are percentages on test. Every threshold and the rule that uses it are chosen on "
        "validation, the same way for all methods: for micro-F1 in the first columns, for "
        "macro-F1 in the macro point. *As shipped* cuts where the method itself does (for ours "
        "`harnn evaluate`). ± is the standard deviation over seeds."
    ]
    for dataset, groups in group_rows(rows).items():
        parts.append(f"### {dataset}\n\n" + table(_COLUMNS, map(_cells, groups)))
    return with_skipped(parts, rows)


def with_skipped(parts: Iterable[str], rows: Iterable[Row]) -> str:
    """Return the parts of a page, at their end what was not run and why."""
    skipped = {f"- {r['method']} on {r['dataset']}: {r['skipped']}" for r in rows if "skipped" in r}
    more = ["### Not run\n\n" + "\n".join(sorted(skipped))] if skipped else []
    return "\n\n".join([*parts, *more]) + "\n"


def table(columns: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    columns = list(columns)
    return "\n".join([_line(columns), "|" + "---|" * len(columns), *map(_line, lines)])


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _cells(group: Group) -> list[str]:
    def test(name: str, point: str = "micro") -> Callable[[Row], float]:
        return lambda row: row[point]["test"][name]

    first = group.rows[0]
    levels = range(len(first["micro"]["test"]["levels"]))
    return [
        group.title,
        *(group.show(test(key)) for key in ("micro_f1", "macro_f1", "auprc", "hierarchical_f1")),
        " / ".join(_level_mean(group, level) for level in levels),
        " / ".join(_calibration(group, level) for level in levels) if first["ece"] else "",
        f"{group.show(test('macro_f1', 'macro'))} ({group.show(test('micro_f1', 'macro'))})",
        _shipped(group),
        f"{group.mean(lambda r: r['training']['seconds']):,.1f} s",
        f"{group.mean(lambda r: r['training']['cpu_seconds']):,.1f} s",
        f"{group.mean(lambda r: r['training']['peak_mb']):,.0f} MB",
        f"{group.mean(lambda r: r['model_mb']):,.0f} MB",
        f"{group.mean(lambda r: r['prediction']['documents_per_second']):,.0f}",
        f"{first['micro']['rule']}; {first['macro']['rule']}",
    ]


def _level_mean(group: Group, level: int) -> str:
    return f"{100 * group.mean(lambda r: r['micro']['test']['levels'][level]['micro_f1']):.1f}"


def _calibration(group: Group, level: int) -> str:
    return f"{100 * group.mean(lambda r: r['ece'][level]):.2f}"


def _shipped(group: Group) -> str:
    first = group.rows[0]
    if not first.get("own") and "shipped" not in first:
        return ""

    def show(name: str) -> str:
        return group.show(lambda row: (row.get("own") or row["shipped"]["test"])[name])

    return f"{show('micro_f1')} / {show('macro_f1')}"


def summary_line(row: Row) -> str:
    """Return what to print when a run has ended."""
    start = f"{row['dataset']:16} {row['label']:24} seed {row['seed']}"
    if "skipped" in row:
        return f"{start}  not run: {row['skipped']}"
    micro, macro = row["micro"]["test"], row["macro"]["test"]
    return (
        f"{start}  micro {100 * micro['micro_f1']:.1f} macro {100 * micro['macro_f1']:.1f} "
        f"AUPRC {micro['auprc']:.3f}  macro point {100 * macro['macro_f1']:.1f} "
        f"({100 * macro['micro_f1']:.1f})  {row['training']['seconds']:.1f} s, "
        f"{row['training']['peak_mb']:,.0f} MB, "
        f"{row['prediction']['documents_per_second']:,.0f} documents/s"
    )


def plot(rows: Iterable[Row], path: Path, *, cost: str = "seconds") -> None:
    """Draw AUPRC against training, one panel a dataset, with the Pareto front.

    cost: ``seconds`` or ``cpu_seconds``.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    datasets = group_rows(rows)
    columns = min(len(datasets), _PANELS_A_LINE)
    lines = -(-len(datasets) // columns)
    figure = Figure(figsize=(6.4 * columns, 4.8 * lines), layout="constrained")
    for position, (dataset, groups) in enumerate(datasets.items(), start=1):
        _panel(figure.add_subplot(lines, columns, position), dataset, groups, cost)
    figure.savefig(path, format="png", dpi=120)


def _panel(axes: Any, dataset: str, groups: list[Group], cost: str) -> None:
    from matplotlib.ticker import LogLocator, NullLocator

    draw_front(axes, groups, lambda row: float(row["training"][cost]), _auprc)
    unit = "CPU seconds" if cost == "cpu_seconds" else "seconds"
    axes.set(title=dataset, xlabel=f"training, {unit}", ylabel="AUPRC on test")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter("{x:g}")


def draw_front(
    axes: Any, groups: list[Group], price: Callable[[Row], float], value: Callable[[Row], float]
) -> None:
    """Draw the value of each method against its price, on a logarithmic axis, and the front."""
    points = [(group.mean(price), group.mean(value)) for group in groups]
    middle = math.sqrt(min(x for x, _ in points) * max(x for x, _ in points))
    for group, (x, y) in zip(groups, points, strict=True):
        ours = group.rows[0]["ours"]
        axes.scatter(x, y, color="tab:red" if ours else "tab:blue", marker="*" if ours else "o")
        axes.annotate(
            group.method,
            (x, y),
            xytext=(-4 if x > middle else 4, 3),
            textcoords="offset points",
            ha="right" if x > middle else "left",
            fontsize=7,
            fontweight="bold" if ours else "normal",
        )
    front = pareto_front(points)
    axes.step(*zip(*front, strict=True), where="post", color="tab:gray", linewidth=0.8, zorder=0)
    axes.set_xscale("log")
    axes.margins(x=0.15)
    axes.grid(alpha=0.3)


def pareto_front(points: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return the points (cost, gain) that no other beats in both, the cheapest first."""
    front: list[tuple[float, float]] = []
    for cost, gain in sorted(points, key=lambda point: (point[0], -point[1])):
        if not front or gain > front[-1][1]:
            front.append((cost, gain))
    return front


def _auprc(row: Row) -> float:
    return float(row["micro"]["test"]["auprc"])
