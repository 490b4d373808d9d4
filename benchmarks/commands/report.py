"""From the JSON of all runs to a Markdown table and a plot of what is worth its price."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from accuracy.report import Group, Row, draw_front, group_rows, table, with_skipped

_COLUMNS = (
    "method",
    "micro-F1",
    "macro-F1",
    "AUPRC",
    "training, wall",
    "training, CPU",
    "peak",
    "answering, wall",
    "answering, CPU",
    "peak",
    "documents per CPU second",
    "model",
)


def training_seconds(row: Row) -> float:
    """CPU seconds of the training command."""
    return float(row["training"]["cpu_seconds"])


def documents_per_second(row: Row) -> float:
    """Documents per CPU second of the answering command, its start included."""
    return float(row["prediction"]["documents"] / row["prediction"]["cpu_seconds"])


def seconds_a_document(row: Row) -> float:
    """CPU seconds of the answering command for one document."""
    return 1 / documents_per_second(row)


def markdown(rows: Iterable[Row]) -> str:
    """Return one table a dataset, and what was not run with the reasons."""
    rows = list(rows)
    parts = [
        "Whole commands, start-up and reading included: training from the files of training and "
        "validation to a model with its threshold on disk; answering a file of documents with a "
        "file of label sets. Scores are percentages on test, thresholds chosen on validation."
    ]
    for dataset, groups in group_rows(rows).items():
        parts.append(f"### {dataset}\n\n" + table(_COLUMNS, map(_cells, groups)))
    return with_skipped(parts, rows)


def _cells(group: Group) -> list[str]:
    def cost(part: str, name: str) -> str:
        unit = "MB" if name == "peak_mb" else "s"
        digits = 0 if unit == "MB" else 1
        return f"{group.mean(lambda row: row[part][name]):,.{digits}f} {unit}"

    return [
        group.title,
        *(group.show(_score(name)) for name in ("micro_f1", "macro_f1", "auprc")),
        *(cost("training", name) for name in ("seconds", "cpu_seconds", "peak_mb")),
        *(cost("prediction", name) for name in ("seconds", "cpu_seconds", "peak_mb")),
        f"{group.mean(documents_per_second):,.0f}",
        f"{group.mean(lambda row: row['model_mb']):,.0f} MB",
    ]


def _score(name: str) -> Callable[[Row], float]:
    return lambda row: float(row["micro"]["test"][name])


def summary_line(row: Row) -> str:
    """Return what to print when a run has ended."""
    start = f"{row['dataset']:16} {row['label']:24} seed {row['seed']}"
    if "skipped" in row:
        return f"{start}  not run: {row['skipped']}"
    test, training = row["micro"]["test"], row["training"]
    return (
        f"{start}  micro {100 * test['micro_f1']:.1f} macro {100 * test['macro_f1']:.1f} "
        f"AUPRC {100 * test['auprc']:.1f}  training {training['seconds']:.1f} s "
        f"({training['cpu_seconds']:.1f} s CPU, {training['peak_mb']:,.0f} MB), "
        f"{documents_per_second(row):,.0f} documents per CPU second"
    )


def plot(rows: Iterable[Row], path: Path) -> None:
    """Draw micro-F1 and AUPRC against both prices, one line of four panels a dataset."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    datasets = group_rows(rows)
    prices = (
        (training_seconds, "training, CPU seconds"),
        (seconds_a_document, "answering, CPU seconds a document"),
    )
    values = (("micro_f1", "micro-F1 on test"), ("auprc", "AUPRC on test"))
    figure = Figure(figsize=(22, 4.6 * len(datasets)), layout="constrained")
    axes = figure.subplots(len(datasets), len(prices) * len(values), squeeze=False)
    for line, (dataset, groups) in zip(axes, datasets.items(), strict=True):
        panels = [(price, value) for price in prices for value in values]
        for panel, ((price, price_name), (key, name)) in zip(line, panels, strict=True):
            draw_front(panel, groups, price, _score(key))
            panel.set(title=dataset, xlabel=price_name, ylabel=name)
    figure.savefig(path, format="png", dpi=100)
