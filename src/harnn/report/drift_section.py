"""What a page says of drift: in words first, then all figures, labels, scores and lengths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harnn._display import percent
from harnn.pages import counted, level_title
from harnn.report import charts
from harnn.report.label_table import shorten
from harnn.report.showing import Showing
from harnn.taxonomy import Taxonomy
from harnn.watching import (
    Bins,
    Drift,
    Finding,
    MovedLabel,
    change_of,
    conclusion,
    doubt,
    interval_of,
    measured,
    sentence_of,
    title_of,
    unseen,
    value_of,
)

_MOST_LABELS = 50
"""That moved, in the table."""
_DRAWN_LABELS = 10
_MOST_LEVELS = 8
"""Whose scores are drawn."""
_SHORT = {"too few documents to say": "too few"}
_SCORES_APART = 20
"""Bins of scores that are drawn."""
NOT_KNOWN = (
    "Not known: the model was trained before models kept figures of their validation documents. "
    "harnn drift --against compares with documents."
)


def drift_context(found: Drift | None, taxonomy: Taxonomy, showing: Showing) -> dict[str, Any]:
    """Return what ``drift.html`` shows; None: the model keeps no figures to compare with."""
    if found is None:
        return {"conclusion": NOT_KNOWN, "known": False}
    return {
        "known": True,
        "conclusion": conclusion(found),
        "moved": [(sentence_of(each, taxonomy), measured(each)) for each in found.moved],
        "figures": [_row(each, taxonomy, showing) for each in found.findings],
        "labels": [_label(each, taxonomy, showing) for each in found.labels[:_MOST_LABELS]],
        "labels_sentence": _labels_sentence(found),
        "label_chart": showing.safe(_label_chart(found.labels[:_DRAWN_LABELS])),
        "charts": [showing.safe(each) for each in _charts(found.findings, taxonomy)],
        "doubt": doubt(found),
        "unsure": [_unsure(each, taxonomy) for each in found.unsure],
    }


def _row(finding: Finding, taxonomy: Taxonomy, showing: Showing) -> dict[str, Any]:
    return {
        "title": showing.folded(title_of(finding, taxonomy)),
        "before": value_of(finding, finding.before),
        "now": value_of(finding, finding.now),
        "change": change_of(finding),
        "interval": interval_of(finding),
        "verdict": _SHORT.get(finding.verdict, finding.verdict),
    }


def _label(moved: MovedLabel, taxonomy: Taxonomy, showing: Showing) -> dict[str, Any]:
    return {
        "name": showing.placed(taxonomy, taxonomy.index[moved.label]),
        "before": percent(moved.before),
        "now": percent(moved.now),
        "interval": f"{100 * moved.low:+.1f} to {100 * moved.high:+.1f}",
        "p_value": f"{moved.p_value:.2g}",
    }


def _labels_sentence(found: Drift) -> str:
    labels = found.labels
    if not any(each.figure == "labels" for each in found.findings):
        return "Not compared: labels were chosen in another way before."
    if not labels:
        return "No label is given so much more or less often that it can be told."
    said = (
        f"{counted(len(labels), 'label')}, the surest first: shares of the documents, the 95% "
        "interval of their difference in points, and p adjusted for all labels of a level."
    )
    if len(labels) > _MOST_LABELS:
        said += f" The first {_MOST_LABELS} stand here; all are in the file of harnn drift --json."
    return said


def _label_chart(labels: Sequence[MovedLabel]) -> str:
    if not labels:
        return ""
    rows = [(each.name, each.before, each.now) for each in labels]
    return charts.share_changes(rows, title="Labels that moved most surely", then="before")


def _charts(findings: Sequence[Finding], taxonomy: Taxonomy) -> list[str]:
    """Draw scores of each level, lengths and writings, before and now."""
    drawn = []
    for each in [x for x in findings if x.figure == "scores"][:_MOST_LEVELS]:
        assert each.bins is not None
        assert each.level is not None
        name = shorten(level_title(taxonomy.level_names[each.level - 1], each.level))
        starts = [place / _SCORES_APART for place in range(_SCORES_APART)]
        ticks = [(0, "0"), (_SCORES_APART // 2, "0.5"), (_SCORES_APART, "1")]
        merged = _merged(each.bins, starts)
        drawn.append(charts.histogram(*merged, ticks=ticks, x_name="best score", title=name))
    for each in findings:
        if each.figure == "lengths" and each.bins is not None:
            starts = [0.0, *(2.0**step for step in range(16))]
            merged = _merged(each.bins, starts)
            last = max(
                place for place, counts in enumerate(zip(*merged, strict=True)) if any(counts)
            )
            step = 1 + last // 8
            ticks = [(place, f"{starts[place]:,.0f}") for place in range(0, last + 1, step)]
            drawn.append(
                charts.histogram(
                    *(part[: last + 1] for part in merged), ticks=ticks, x_name="words, from",
                    title="Words of a document",
                )
            )  # fmt: skip
        if each.figure == "writings" and each.bins is not None:
            sums = sum(each.bins.before), sum(each.bins.now)
            rows = [
                (str(name), before / sums[0], now / sums[1])
                for name, before, now in zip(*each.bins, strict=True)
                if before or now
            ]
            rows.sort(key=lambda row: -max(row[1:]))
            drawn.append(charts.share_changes(rows, title="Writing", then="before", narrow=True))
    return drawn


def _merged(bins: Bins, starts: Sequence[float]) -> tuple[list[int], list[int]]:
    """Put bins together into wider ones that begin with these numbers."""
    sums = [0] * len(starts), [0] * len(starts)
    place = 0
    for start, *counts in zip(*bins, strict=True):
        while place + 1 < len(starts) and float(start) >= starts[place + 1] - 1e-9:
            place += 1
        for into, count in zip(sums, counts, strict=True):
            into[place] += count
    return sums


def _unsure(finding: Finding, taxonomy: Taxonomy) -> str:
    title, more = shorten(title_of(finding, taxonomy)), unseen(finding)
    return f"{title}: {more}" if more else title
