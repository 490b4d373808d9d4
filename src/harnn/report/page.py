"""The report as one page: text, tables and drawings that need nothing else.

Without a script the page can be read as it is; the script sorts and filters the table of labels
and lets a label fill the map. Whatever a document or a label says is text, never markup: the
template escapes it, and the policy of the page runs no script and applies no style but its own.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harnn import __version__
from harnn._display import encodable
from harnn._files import write_atomically
from harnn._optional import require
from harnn.evaluation.details import LEAST_DOCUMENTS, SHOWN_ERRORS
from harnn.pages import (
    content_policy,
    counted,
    language_attribute,
    level_title,
    readable,
    shared_style,
)
from harnn.report import charts, icicle, sentences
from harnn.report.label_table import (
    LONGEST_NAME,
    MOST_ROWS,
    kept_columns,
    label_json,
    shorten,
    whole_text,
)

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
    page = encodable(render_page(report))
    with write_atomically(path) as file:
        file.write(page)
    return len(page.encode("utf-8"))


def render_page(report: ModelReport, *, most_rows: int = MOST_ROWS) -> str:
    """Return the page. most_rows: labels in it; the others are in the CSV alone.

    Raises:
        MissingExtraError: Jinja2 is not installed.
    """
    jinja2 = require("jinja2", purpose="The page of a report", extra="report")
    safe = require("markupsafe", purpose="The page of a report", extra="report").Markup
    home = files("harnn.report")

    def own(name: str) -> str:
        return home.joinpath(name).read_text(encoding="utf-8")

    def finish(value: Any) -> Any:
        return (
            readable(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
        )

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, finalize=finish
    )
    style, script = shared_style() + own("page.css"), own("page.js")
    context = _context(report, safe, most_rows)
    return str(
        environment.from_string(own("page.html")).render(
            **context,
            policy=content_policy(styles=[style], scripts=[script]),
            style=safe(style),
            script=safe(script),
        )
    )


def _context(report: ModelReport, safe: Any, most_rows: int) -> dict[str, Any]:
    found, bundle = report.evaluation, report.bundle
    taxonomy = found.taxonomy
    columns = kept_columns(report, most_rows)
    data, cut = label_json(report, columns)
    drawing, tiles = icicle.draw(found, {column: at for at, column in enumerate(columns)})

    def bdi(text: str, form: str = "{}") -> Any:
        return safe(f'<bdi dir="auto"{language_attribute(text)}>{form}</bdi>').format(
            readable(text)
        )

    def code(text: str) -> Any:
        return safe('<span class="code">{}</span>').format(readable(text))

    def folded(text: str, show: Callable[[str], Any] = bdi) -> Any:
        """Show a text that may be long: its beginning, and the whole where that is opened."""
        if len(text) <= LONGEST_NAME:
            return show(text)
        return safe('<details class="long"><summary>{}</summary>{}</details>').format(
            show(shorten(text)), show(whole_text(text))
        )

    def name(column: int, *, with_code: bool = True) -> Any:
        own, its_code = taxonomy.names[column], taxonomy.codes[column]
        shown = folded(own)
        return (
            safe("{} {}").format(shown, folded(its_code, code))
            if (with_code and its_code != own)
            else shown
        )

    def quoted(row: int) -> Any:
        text = report.beginnings[row]
        said = bdi(text, "“{}”") if text else "(no text)"
        return safe("{} {}").format(folded(found.ids[row], code), said)

    return {
        "report": report,
        "found": found,
        "numbers": found.report,
        "interval": found.intervals.measures[0],
        "pairs": int(found.labels.true.sum()),
        "seen": int((found.labels.true > 0).sum()),
        "made": f"{report.made.day} {report.made:%B %Y}",
        "calibration": sentences.calibration(found.report),
        "counted": counted,
        "bar": lambda share: safe(charts.bar(share)),
        "strokes": lambda count: safe(charts.strokes(count)),
        "name": name,
        "quoted": quoted,
        "sections": _SECTIONS,
        "columns": _COLUMNS,
        "levels": list(report.level_rows()),
        "level_title": lambda level: folded(level_title(*level)),
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
        "drift_sentence": sentences.label_drift(found),
        "score_sentence": sentences.score_drift(found.report, bundle.report),
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
    numbers, before = found.report, bundle.report
    decoder = found.decoder
    used = decoder.threshold if decoder.strategy == "threshold" else None
    columns = [] if found.shift is None else found.shift.largest(10).tolist()
    drawn = dict.fromkeys(
        ("reliability", "frequency", "label_drift", "score_drift", "learning"), ""
    )
    drawn |= {
        "precision_recall": charts.precision_recall(found),
        "thresholds": charts.thresholds(found.curve, used),
    }
    if numbers.reliability is not None:
        drawn["reliability"] = charts.reliability(numbers.reliability)
        if before.reliability is not None:
            drawn["score_drift"] = charts.score_drift(
                before.reliability, before.documents, numbers.reliability, numbers.documents
            )
    if found.spread is not None:
        drawn["frequency"] = charts.frequency(found.spread)
    if found.shift is not None and columns:
        names = [shorten(found.taxonomy.names[column]) for column in columns]
        drawn["label_drift"] = charts.label_drift(found.shift, columns, names)
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
