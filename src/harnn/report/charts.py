"""The plots of the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from harnn.metrics import ReliabilityBin, wilson_interval
from harnn.pages import counted, escape, isolated, level_title
from harnn.report import svg
from harnn.report.label_table import shorten

if TYPE_CHECKING:
    from harnn.bundle import History
    from harnn.evaluation import Evaluation
    from harnn.metrics import FrequencySpread, ThresholdCurve

_PERCENT = [(share / 100, f"{share}%") for share in (0, 25, 50, 75, 100)]
_TENTHS = [(tenth / 4, f"{tenth / 4:.2f}") for tenth in range(5)]
_NAMED_AT = 0.7
"""The threshold at which the lines are named."""
_HIGH = 0.93
"""An F1 whose number stands below its point."""
_NARROW = 340
"""Width of plots of which several stand side by side."""
_MOST_LEVELS = 8
"""Lines that can be told apart."""


def precision_recall(found: Evaluation) -> str:
    """Precision by recall of each level, a ring at the labels in use."""
    frame = svg.Frame(right=30)
    marks: list[tuple[float, float, str]] = []
    parts = []
    levels = list(zip(found.report.levels, found.level_curves, strict=True))[:_MOST_LEVELS]
    for number, (level, curve) in enumerate(levels):
        if not len(curve.recall):
            continue
        points = list(zip(curve.recall.tolist(), curve.precision.tolist(), strict=True))
        parts.append(svg.line(frame, points, svg.dash(number)))
        point = (level.micro_recall, level.micro_precision)
        name = shorten(level_title(level.name, level.level))
        told = f"{name}: precision {point[1]:.0%}, recall {point[0]:.0%} as labels are chosen"
        parts.append(svg.ring(frame, point, told))
        marks.append((*point, name))
    axes = svg.axes(frame, x_ticks=_PERCENT, y_ticks=_PERCENT, x_name="recall", y_name="precision")
    return svg.figure(
        frame, "Precision by recall of each level", [axes, *parts, svg.names_at(frame, marks)]
    )


def thresholds(curve: ThresholdCurve, used: float | None) -> str:
    """Precision, recall and F1 of all labels by one threshold."""
    frame = svg.Frame(right=30)
    lines = (("F1", curve.f1), ("precision", curve.precision), ("recall", curve.recall))
    parts, marks = [], []
    for number, (name, values) in enumerate(lines):
        if len(values):
            points = list(zip(curve.thresholds.tolist(), values.tolist(), strict=True))[::-1]
            parts.append(svg.line(frame, points, svg.dash(number)))
            at = float(np.interp(_NAMED_AT, curve.thresholds[::-1], values[::-1]))
            marks.append((_NAMED_AT, at, name))
    if used is not None:
        x, low = frame.x(used), frame.height - frame.bottom
        parts.append(f'<path class="ln g" d="M{x:.1f} {low:.1f}V{frame.top:.1f}"/>')
        parts.append(svg.text((x + 5, low - 8), f"in use: {used:.2f}", "m halo"))
    axes = svg.axes(
        frame, x_ticks=_TENTHS, y_ticks=_PERCENT, x_name="threshold", y_name="of all labels"
    )
    return svg.figure(
        frame,
        "Precision, recall and F1 by threshold",
        [axes, *parts, svg.names_at(frame, marks)],
    )


def reliability(bins: Sequence[ReliabilityBin]) -> str:
    """The share of labels that are true by their score, with 95% intervals, and how many."""
    frame = svg.Frame(right=30)
    base = frame.height - frame.bottom
    highest = max((x.count for x in bins[1:]), default=0)
    parts = []
    for each in bins[1:]:  # the first holds nearly all pairs of a document and a label
        if each.count:
            height = 60 * each.count / highest
            left, right = frame.x(each.low), frame.x(each.high)
            parts.append(
                f'<rect class="fg" x="{left + 1:.1f}" y="{base - height:.1f}" '
                f'width="{right - left - 2:.1f}" height="{height:.1f}"><title>'
                f"{counted(each.count, 'pair')} scored {each.low:.2f} to {each.high:.2f}"
                "</title></rect>"
            )
    parts.append(svg.line(frame, [(0, 0), (1, 1)], " g d2"))
    points = [(x.mean_score, x.share_true, x.count) for x in bins]
    known = [(s, t, n) for s, t, n in points if s is not None and t is not None]
    parts.append(svg.line(frame, [(score, share) for score, share, _ in known], " a"))
    for score, share, count in known:
        low, high = wilson_interval(round(share * count), count)
        x = frame.x(score)
        told = f"scored {score:.0%} on average, {share:.0%} true, of {counted(count, 'pair')}"
        parts.append(
            f'<path class="ln a" d="M{x:.1f} {frame.y(low):.1f}V{frame.y(high):.1f}"/>'
            + svg.dot((x, frame.y(share)), "fa", told)
        )
    parts.append(
        svg.text((frame.x(0.72), frame.y(0.34)), "dashed: if scores were exact", "m c halo")
    )
    axes = svg.axes(
        frame, x_ticks=_PERCENT, y_ticks=_PERCENT, x_name="score", y_name="share that was right"
    )
    return svg.figure(frame, "Share of labels that are true by score", [axes, *parts])


def frequency(spread: Sequence[FrequencySpread]) -> str:
    """The mean F1 of labels by their training documents, and the middle half of them."""
    frame = svg.Frame(right=20, bottom=62, x_range=(-0.5, len(spread) - 0.5))
    base = frame.height - frame.bottom
    parts = []
    for number, each in enumerate(spread):
        x = frame.x(number)
        name = "none" if each.name == "0" else each.name
        parts.append(svg.text((x, base + 18), name, "m c"))
        parts.append(svg.text((x, base + 33), f"{each.labels:,}", "m c"))
        if each.mean is None or each.low is None or each.high is None:
            continue
        top, low = frame.y(each.high), frame.y(each.low)
        parts.append(
            f'<rect class="fg" x="{x - 3:.1f}" y="{top:.1f}" width="6" '
            f'height="{max(low - top, 1):.1f}"/>'
        )
        told = f"{name}: mean F1 {each.mean:.2f} of {counted(each.labels, 'label')}"
        parts.append(svg.dot((x, frame.y(each.mean)), "fa", told))
    known = [(number, each) for number, each in enumerate(spread) if each.mean is not None]
    for number, each in known[:1] + known[-1:]:
        mean = each.mean or 0.0
        place = (frame.x(number), frame.y(mean) + (20 if mean > _HIGH else -10))
        parts.append(svg.text(place, f"{each.mean:.2f}", "b c halo"))
    axes = svg.axes(
        frame,
        x_ticks=[],
        y_ticks=_TENTHS,
        x_name="",
        y_name="F1: mean, and the middle half of the labels",
    )
    below = svg.text((frame.width - frame.right, base + 54), "training documents; labels", "m e")
    return svg.figure(frame, "F1 by training documents", [axes, *parts, below])


def learning(history: History, kept: int | None) -> str:
    """The scores of each epoch on the validation documents."""
    rows = history.rows
    last = max(len(rows), 2)
    frame = svg.Frame(x_range=(1, last))
    lines = (("AUPRC", "auprc"), ("micro-F1", "micro_f1"), ("macro-F1", "macro_f1"))
    parts, ends = [], []
    for number, (name, field) in enumerate(lines):
        points = [(row.epoch, float(getattr(row, field))) for row in rows]
        parts.append(svg.line(frame, points, svg.dash(number)))
        ends.append((points[-1][1], name))
    if kept is not None:
        x, low = frame.x(kept), frame.height - frame.bottom
        parts.append(f'<path class="ln g" d="M{x:.1f} {low:.1f}V{frame.top:.1f}"/>')
        side = "e" if kept > last / 2 else ""
        place = (x - 5 if side else x + 5, low - 8)
        parts.append(svg.text(place, f"kept: epoch {kept}", f"m halo {side}".strip()))
    axes = svg.axes(
        frame,
        x_ticks=[(epoch, f"{epoch}") for epoch in _epochs(last)],
        y_ticks=_TENTHS,
        x_name="epoch",
        y_name="on validation",
    )
    return svg.figure(
        frame, "Validation scores by epoch", [axes, *parts, svg.names_beside(frame, ends)]
    )


def share_changes(
    rows: Sequence[tuple[str, float, float]], *, title: str, then: str, narrow: bool = False
) -> str:
    """Shares of documents then and now, a row each: its name, the share then, the share now.

    then: when that was, in words. narrow: as wide as a histogram, with its title.
    """
    top = _round_up(max(max(row[1:]) for row in rows))
    height = 29.0
    above = 44 if narrow else 26
    frame = svg.Frame(
        width=_NARROW if narrow else 520,
        height=above + height * len(rows) + 36,
        left=88 if narrow else 190,
        right=64,
        bottom=36,
        x_range=(0.0, top),
    )
    base = frame.height - frame.bottom
    parts = [svg.text((0, 14), title, "b")] if narrow else []
    for tick in _ticks(top):
        parts.append(f'<path class="gr" d="M{frame.x(tick):.1f} {above - 4}V{base:.1f}"/>')
        parts.append(svg.text((frame.x(tick), base + 18), _share(tick, top), "m c"))
    if not narrow:
        parts.append(svg.text((frame.left, 10), f"share of documents {then} ○ and now ●", "m"))
    for number, (whole, before, now) in enumerate(rows):
        y, name = above + height * (number + 0.5), shorten(whole)
        kind, sign = ("a", "▲") if now > before else ("n", "▼")
        told = f"{isolated(name)}: {before:.2%} of the documents {then}, {now:.2%} now"
        parts.append(
            f"<g><title>{escape(told)}</title>"
            + svg.text(
                (frame.left - 12, y + 4), isolated(svg.shortened(name, 12 if narrow else 29)), "e"
            )
            + f'<path class="ln {kind}" d="M{frame.x(before):.1f} {y:.1f}H{frame.x(now):.1f}"/>'
            f'<circle class="ln g fs" cx="{frame.x(before):.1f}" cy="{y:.1f}" r="3.5"/>'
            + svg.dot((frame.x(now), y), f"f{kind}")
            + svg.text((frame.width - frame.right + 12, y + 4), f"{sign} {_times(before, now)}")
            + "</g>"
        )
    return svg.figure(frame, title, parts)


def histogram(
    before: Sequence[int],
    now: Sequence[int],
    *,
    ticks: Sequence[tuple[float, str]],
    x_name: str,
    title: str,
) -> str:
    """Shares of documents in bins, before and now. ticks: numbers of bins, and what they are."""
    tables = [[count / max(sum(counts), 1) for count in counts] for counts in (before, now)]
    top = _round_up(max(max(table) for table in tables))
    frame = svg.Frame(
        width=_NARROW,
        height=230,
        left=40,
        right=16,
        top=44,
        x_range=(0.0, float(len(before))),
        y_range=(0.0, top),
    )
    parts = []
    for shares, kind in zip(tables, (" g d2", " a"), strict=True):
        steps = [(place + edge, share) for place, share in enumerate(shares) for edge in (0, 1)]
        parts.append(svg.line(frame, [(0.0, 0.0), *steps, (float(len(shares)), 0.0)], kind))
    axes = svg.axes(
        frame,
        x_ticks=ticks,
        y_ticks=[(share, _share(share, top)) for share in _ticks(top)],
        x_name=x_name,
        y_name="",
    )
    name = svg.text((0, 14), isolated(svg.shortened(title, 48)), "b")
    return svg.figure(frame, f"{title}: before, dashed, and now", [axes, name, *parts])


def strokes(count: int) -> str:
    """One stroke for each document, up to 60."""
    shown = min(count, 60)
    path = "".join(f"M{4 * number + 1} 0v11" for number in range(shown))
    more = f'<text x="{4 * shown + 2}" y="10">…</text>' if count > shown else ""
    return (
        f'<svg class="strokes" width="{4 * shown + 12}" height="11" aria-hidden="true">'
        f'<path d="{path}"/>{more}</svg>'
    )


def bar(share: float) -> str:
    """A bar of 0 to 1."""
    width = 112 * min(max(share, 0.0), 1.0)
    return (
        '<svg class="bar" width="112" height="7" aria-hidden="true"><path d="M0 3.5h112"/>'
        f'<rect width="{width:.1f}" height="7"/></svg>'
    )


def _epochs(last: int) -> list[int]:
    """Return the first epoch, and round ones up to the last, about eight."""
    step = max(1, round(_round_up(last / 8)))
    return [1, *range(step if step > 1 else 2, last + 1, step)]


def _round_up(value: float) -> float:
    """Return 1, 2, 3, 5 or 10 times a power of ten that is at least *value*."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 3, 5, 10) if step * power >= value * (1 - 1e-9))


def _ticks(top: float) -> list[float]:
    """Return round steps up to a number that :func:`_round_up` made."""
    first = round(top / 10.0 ** math.floor(math.log10(top) + 1e-9))
    steps = {1: 4, 2: 4, 3: 3, 5: 5}.get(first, 5)
    return [top * step / steps for step in range(steps + 1)]


def _share(value: float, top: float) -> str:
    return f"{100 * value:.3g}%" if top >= 0.02 else f"{1000 * value:.3g}‰"


def _times(before: float, now: float) -> str:
    return "new" if not before else f"×{now / before:.2g}" if now else "gone"
