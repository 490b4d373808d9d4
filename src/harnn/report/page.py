"""The report as one page: text, tables and drawings that need nothing else.

Without a script the page can be read as it is; the script sorts and filters the table of labels
and lets a label fill the map. Whatever a document or a label says is text, never markup: the
template escapes it, and the policy of the page runs no script and applies no style but its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from harnn import __version__
from harnn.evaluation.details import LEAST_DOCUMENTS, SHOWN_ERRORS
from harnn.pages import (
    counted,
    level_title,
)
from harnn.report import charts, icicle, sentences
from harnn.report.drift_section import drift_context
from harnn.report.label_table import MOST_ROWS, kept_columns, label_json, shorten
from harnn.report.showing import Showing, write_whole

if TYPE_CHECKING:
    from harnn.report.values import ModelReport

_FIRST_ROWS = 25
_LONGEST_CHOICE = 40
"""Characters of a level's name where one is chosen."""
_MISTAKES = 8
"""Of each kind."""
_SURE = 0.8
"""Score from which on a label that is wrongly given is a confident mistake; of one that is missed
the score is at most what this lacks of 1."""
_ERRORS = 12
"""Documents with likely errors of their labels."""
_SECTIONS = (
    ("levels", "Levels"),
    ("map", "Where it is strong"),
    ("labels", "All labels"),
    ("precision", "Precision and recall"),
    ("thresholds", "Thresholds"),
    ("reliability", "Reliability"),
    ("rare", "Rare labels"),
    ("confused", "Confused siblings"),
    ("worst", "Worst labels"),
    ("mistakes", "Confident mistakes"),
    ("errors", "Likely label errors"),
    ("drift", "Drift"),
    ("shift", "Labels since training"),
    ("learning", "Learning"),
    ("how", "How it was measured"),
)
_COLUMNS = (
    ("name", "Label"),
    ("level", "Level"),
    ("training", "Training"),
    ("support", "Here"),
    ("precision", "Precision"),
    ("recall", "Recall"),
    ("f1", "F1"),
    ("threshold", "Threshold"),
)


def write_page(report: ModelReport, path: str | Path) -> int:
    """Write the page, which appears only when it is complete, and return its size in bytes.

    Raises:
        InputError: the file cannot be written.
        MissingExtraError: Jinja2 is not installed.
    """
    return write_whole(render_page(report), path)


def render_page(report: ModelReport, *, most_rows: int = MOST_ROWS) -> str:
    """Return the page. most_rows: labels in it; the others are in the CSV alone.

    Raises:
        MissingExtraError: Jinja2 is not installed.
    """
    showing = Showing()
    context = _context(report, showing, most_rows)
    return showing.render("page.html", context, scripts=["page.js"])


def _context(report: ModelReport, showing: Showing, most_rows: int) -> dict[str, Any]:
    found, bundle = report.evaluation, report.bundle
    taxonomy, safe = found.taxonomy, showing.safe
    columns = kept_columns(report, most_rows)
    data, cut = label_json(report, columns)
    drawing, tiles = icicle.draw(found, {column: at for at, column in enumerate(columns)})

    def name(column: int, *, with_code: bool = True) -> Any:
        own, code = taxonomy.names[column], taxonomy.codes[column]
        return showing.named(own, code if with_code and code != own else "")

    def quoted(row: int) -> Any:
        text = report.beginnings[row]
        said = showing.bdi(text, "“{}”") if text else "(no text)"
        return safe("{} {}").format(showing.folded(found.ids[row], showing.code), said)

    return {
        "report": report,
        "found": found,
        "numbers": found.report,
        "interval": found.intervals.measures[0],
        "pairs": int(found.labels.true.sum()),
        "seen": int((found.labels.true > 0).sum()),
        "made": f"{report.made.day} {report.made:%B %Y}",
        "calibration": sentences.calibration(found.report),
        "bar": lambda share: safe(charts.bar(share)),
        "strokes": lambda count: safe(charts.strokes(count)),
        "name": name,
        "quoted": quoted,
        "sections": _SECTIONS,
        "columns": _COLUMNS,
        "levels": list(report.level_rows()),
        "level_title": lambda level: showing.folded(level_title(*level)),
        "level_choice": lambda level: shorten(level_title(*level), _LONGEST_CHOICE),
        "score": sentences.score,
        "level_names": list(zip(taxonomy.level_names, range(1, taxonomy.depth + 1), strict=True)),
        "level_sentence": sentences.levels(found.report),
        "icicle": safe(drawing),
        "map_sentence": sentences.icicle(tiles),
        "table_sentence": sentences.table(len(columns), len(taxonomy), cut),
        "noscript_sentence": sentences.without_script(
            min(_FIRST_ROWS, len(columns)), len(taxonomy)
        ),
        "first_rows": _rows(report, columns),
        "chosen": found.decoder.describe(),
        "threshold_sentence": sentences.thresholds(found),
        "reliability_sentence": sentences.reliability(found.report),
        "rare_sentence": sentences.rare(found.spread),
        "confusions": list(zip(found.confusions, found.confused_rows, strict=True)),
        "least": LEAST_DOCUMENTS,
        "counts": found.training_counts,
        "mistakes": [
            *(("wrongly given", each) for each in found.wrong[:_MISTAKES] if each.score >= _SURE),
            *(("missed", each) for each in found.missed[:_MISTAKES] if each.score <= 1 - _SURE),
        ],
        "sure": sentences.score(_SURE),
        "unsure": sentences.score(1 - _SURE),
        "errors": _errors(report),
        "error_sentence": sentences.errors(found.label_errors, found.report.documents),
        "skipped": found.label_errors.skipped_labels,
        "drift_title": "Drift",
        "drift": drift_context(report.drift, taxonomy, showing),
        "shift_sentence": sentences.label_shift(found),
        "learning_sentence": sentences.learning(bundle),
        "method": _method(report),
        "charts": {name: safe(drawn) for name, drawn in _charts(report).items()},
        "data": safe(data),
    }


def _rows(report: ModelReport, columns: list[int]) -> list[dict[str, Any]]:
    """Return the rows of the labels that are shown without the script."""
    wanted = set(columns[:_FIRST_ROWS])
    found = {
        column: row | {"column": column}
        for column, row in enumerate(report.label_rows())
        if column in wanted
    }
    return [found[column] for column in columns[:_FIRST_ROWS]]


def _charts(report: ModelReport) -> dict[str, str]:
    found, bundle = report.evaluation, report.bundle
    numbers = found.report
    decoder = found.decoder
    used = decoder.threshold if decoder.strategy == "threshold" else None
    columns = [] if found.shift is None else found.shift.largest(10).tolist()
    drawn = dict.fromkeys(("reliability", "frequency", "label_shift", "learning"), "")
    drawn |= {
        "precision_recall": charts.precision_recall(found),
        "thresholds": charts.thresholds(found.curve, used),
    }
    if numbers.reliability is not None:
        drawn["reliability"] = charts.reliability(numbers.reliability)
    if found.spread is not None:
        drawn["frequency"] = charts.frequency(found.spread)
    if found.shift is not None and columns:
        names, shift = found.taxonomy.names, found.shift
        rows = [(names[x], float(shift.before[x]), float(shift.now[x])) for x in columns]
        drawn["label_shift"] = charts.share_changes(
            rows, title="Labels whose share of documents changed most", then="in training"
        )
    if bundle.history.rows:
        kept = bundle.history.best(bundle.config.training.score)
        drawn["learning"] = charts.learning(bundle.history, kept.epoch if kept else None)
    return drawn


def _errors(report: ModelReport) -> list[tuple[int, list[Any], list[Any]]]:
    """Return by document the labels that stand there wrongly, and those that are missing."""
    found = report.evaluation.label_errors
    by_row: dict[int, tuple[list[Any], list[Any]]] = {}
    for at in range(min(len(found), SHOWN_ERRORS)):
        sure = float(found.self_confidence[at])
        missing = bool(found.missing[at])
        sides = by_row.setdefault(int(found.rows[at]), ([], []))
        sides[missing].append((int(found.columns[at]), 1 - sure if missing else sure))
    return [(row, wrong, missing) for row, (wrong, missing) in by_row.items()][:_ERRORS]


def _method(report: ModelReport) -> list[tuple[str, str, str]]:
    found, bundle = report.evaluation, report.bundle
    taxonomy, documents = found.taxonomy, bundle.documents
    branches = ", ".join(branch.name.replace("_", " ") for branch in bundle.ensemble.branches)
    trained = counted(documents["train"], "document") if "train" in documents else "not known"
    closing = {
        "up": "every label comes with its ancestors",
        "down": "a label is given only with all its ancestors",
        "none": "labels are given as they are",
    }[found.decoder.close]
    rows = [
        ("Model", report.model.name, report.model.digest[:12]),
        ("Made of", f"{branches}; preset {bundle.config.model.preset}", ""),
        *(("Made without", each.describe(), "") for each in bundle.ensemble.left_out),
        ("Trained on", trained, ""),
        ("Taxonomy", sentences.taxonomy(taxonomy), taxonomy.version[:12]),
        *(("Data", source.name, source.digest[:12]) for source in report.data),
        ("Labels chosen", found.decoder.describe(), ""),
        ("Ancestors", f"counted like other labels; {closing}", ""),
        (
            "Intervals",
            f"{counted(found.samples, 'bootstrap sample')} of documents; Wilson for shares",
            "",
        ),
        ("Made with", f"harnn {__version__}", ""),
    ]
    if report.command:
        rows.append(("Again with", report.command, ""))
    return rows
