"""Tables and the plot of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Cells = tuple[str, ...]


def tables(results: dict[str, Any]) -> str:
    """Return all parts of a run as Markdown."""
    machine, threads = results["machine"], results["threads"]
    rows: list[Cells]
    parts = [
        f"{machine['cores']} cores, {threads} threads, Python {machine['python']}, "
        f"{machine['date']}"
    ]
    ceiling = (results.get("ceilings") or [{}])[0]
    if ceiling:
        parts.append(
            f"Ceilings: float32 {ceiling['float32']:.0f} GFLOP/s, the same through oneDNN "
            f"{ceiling['float32_medium']:.0f}, bfloat16 {ceiling['bfloat16']:.0f}; copying "
            f"{ceiling['copy']:.1f} GB/s."
        )
    for part, first in (("training", "train-naive"), ("prediction", "naive")):
        if part in results:
            parts.append(_beside_naive(part, results[part], first, ceiling))
    if "latency" in results:
        rows = [
            (r["name"], r["how"], f"{r['p50_ms']:.1f}", f"{r['p99_ms']:.1f}")
            for r in results["latency"]
        ]
        parts.append(_table(("one document", "network by", "p50 ms", "p99 ms"), rows))
    if "start" in results:
        parts += _start(results["start"])
    if "labels" in results:
        rows = [
            (f"{r['name']:,}", r["how"], f"{r['step_seconds']:.2f}", f"{r['peak_mb']:,.0f}")
            if "step_seconds" in r
            else (f"{r['name']:,}", r["how"], "failed", str(r.get("failed")))
            for r in results["labels"]
        ]
        parts.append(_table(("labels", "trained on", "seconds a step", "peak MB"), rows))
    if "beam" in results:
        rows = [
            (
                f"{r['name']:,}",
                "beam of 10" if r["how"] == "beam" else "all labels",
                f"{r['documents_per_second']:,.0f}",
                f"{r['peak_mb']:,.0f}",
            )
            for r in results["beam"]
        ]
        parts.append(_table(("labels", "predicting by", "documents/s", "peak MB"), rows))
    if "lengths" in results:
        rows = [(r["name"], f"{r['documents_per_second']:,.0f}") for r in results["lengths"]]
        parts.append(_table(("tokens", "training documents/s"), rows))
    if "reading" in results:
        rows = [
            (
                r["name"],
                f"{r['documents']:,}",
                f"{r['tokens']:,}",
                *(f"{r[f'{what}_seconds']:.1f}" for what in ("vocabulary", "plain", "again")),
            )
            for r in results["reading"]
        ]
        head = ("reading", "documents", "tokens", "vocabulary s", "tokens s", "from the cache s")
        parts.append(_table(head, rows))
    for row in results.get("profile", []):
        found = [(name, f"{share:.1f}") for name, share in row["profile"].items()]
        parts.append(_table((f"operation, training {row['name']}", "percent"), found))
    return "\n\n".join(parts)


def _beside_naive(part: str, rows: list[Row], first: str, ceiling: Row) -> str:
    base = {row["name"]: row for row in rows if row["how"] == first}
    lines = []
    for row in rows:
        other = base[row["name"]]
        rate = row["documents_per_second"]
        share = ""
        if "operations" in row and ceiling:
            half = row.get("bfloat16") or row["how"] == "torch-bfloat16"
            kind, peak = ("bfloat16", "bfloat16") if half else ("float32", "float32_medium")
            reached = rate * row["operations"] / 1e9 / ceiling[peak]
            share = f"{100 * reached:.0f}% of {kind}"
        lines.append(
            (
                row["name"],
                row["how"],
                f"{rate:,.0f}",
                f"{rate / other['documents_per_second']:.1f}",
                f"{row['peak_mb']:,.0f}",
                f"{row['peak_mb'] / other['peak_mb']:.2f}",
                share,
                f"{100 * row['waiting']:.1f}%" if "waiting" in row else "",
            )
        )
    head = (
        part,
        "by",
        "documents/s",
        "x naive",
        "peak MB",
        "of naive",
        "of the ceiling",
        "waiting",
    )
    return _table(head, lines)


def _start(rows: list[Row]) -> list[str]:
    commands = [(row["name"], f"{row['seconds']:.2f}") for row in rows if "seconds" in row]
    models = [
        (
            row["name"],
            f"{row['load_seconds']:.2f}",
            f"{row['first_seconds']:.2f}",
            f"{row['p50_ms']:.1f}",
            f"{row['p99_ms']:.1f}",
            f"{row['documents_per_second']:,.0f}",
            f"{row['peak_mb']:,.0f}",
        )
        for row in rows
        if "load_seconds" in row
    ]
    head = ("whole model", "load s", "first answer s", "p50 ms", "p99 ms", "documents/s", "peak MB")
    return [_table(("cold", "seconds"), commands), _table(head, models)]


def _table(head: Cells, rows: Sequence[Cells]) -> str:
    lines: list[Cells] = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def draw(results: dict[str, Any], path: Path) -> None:
    """Plot time and memory of a training step against labels."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4))
    rows = [row for row in results.get("labels", []) if "step_seconds" in row]
    for how in dict.fromkeys(row["how"] for row in rows):
        own = [row for row in rows if row["how"] == how]
        labels = [row["name"] for row in own]
        axes[0].plot(labels, [row["step_seconds"] for row in own], marker="o", label=how)
        axes[1].plot(labels, [row["peak_mb"] / 1024 for row in own], marker="o", label=how)
    for axis, name in zip(axes, ("seconds a step", "peak GB"), strict=True):
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_xlabel("labels")
        axis.set_ylabel(name)
        axis.grid(visible=True, which="both", alpha=0.3)
        axis.legend(title="trained on")
    figure.suptitle("A training step of 32 documents of 256 tokens")
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
