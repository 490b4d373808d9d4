"""Tables and lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harnn._display import counted, level_name, with_name
from harnn._tables import shown
from harnn.cli.screen import plain
from harnn.data import DataSurvey
from harnn.data.survey import ReadLabel
from harnn.errors import problem_lines
from harnn.evaluation import StrategyMetrics
from harnn.metrics import LevelMetrics, Report
from harnn.prediction import Prediction
from harnn.taxonomy import Taxonomy

if TYPE_CHECKING:
    from harnn.training import Validation

_LABELS_SHOWN = 8
_LABELS_READ = 10


def report_table(report: Report, *, title: str) -> Table:
    """One line per level and one for all labels; scores in percent."""
    table = Table(title=title, title_justify="left")
    table.add_column("level")
    for name in ("labels", "micro-P", "micro-R", "micro-F1", "macro-F1", "AUPRC", "ECE .1+"):
        table.add_column(name, justify="right")
    for level in report.levels:
        table.add_row(plain(level_name(level.name, level.level)), *_cells(level))
    table.add_section()
    table.add_row("all", *_cells(report), style="bold")
    return table


def report_line(report: Report) -> str:
    """What the tables leave out."""
    at_k = [f"P@{k} {100 * value:.1f}" for k, value in report.precision_at_k.items()]
    weighted = report.propensity_precision_at_k or {}
    at_k += [f"PSP@{k} {100 * value:.1f}" for k, value in weighted.items()]
    return (
        f"{counted(report.documents, 'document')}; "
        f"hierarchical F1 {100 * report.hierarchical_f1:.1f}, "
        f"LCA-F1 {_percent(report.lca_f1)}, hP-hR area {_percent(report.hierarchical_area)}, "
        f"exact match {100 * report.exact_match:.1f}%, {', '.join(at_k)}; "
        f"calibration error (ECE) {_percent(report.ece)} over all scores and "
        f"{_percent(report.ece_shown)} over those of at least 0.1 (.1+); "
        f"{report.mean_predicted:.2f} labels predicted and {report.mean_true:.2f} true per "
        f"document, {report.empty_predictions:,} without an answer; "
        f"{counted(report.violations, 'violation')} before closing"
    )


def frequency_table(report: Report) -> Table | None:
    """One line per bucket of labels by their training documents; scores in percent.

    Labels without any have a line of their own where a document has one of them.
    """
    if report.frequency_buckets is None:
        return None
    table = Table(title="labels by training documents, in percent", title_justify="left")
    for name in ("bucket", "documents", "labels", "support", "micro-F1", "macro-F1"):
        table.add_column(name, justify="left" if name == "bucket" else "right")
    fine = report.fine_frequency_buckets or ()
    unseen = [bucket for bucket in fine if bucket.highest == 0 and bucket.support]
    for bucket in (*unseen, *report.frequency_buckets):
        to = f"-{bucket.highest:,}" if bucket.highest is not None else "+"
        to = "" if bucket.highest == bucket.lowest else to
        scores = (bucket.micro_f1, bucket.macro_f1) if bucket.labels else (None, None)
        counts = (f"{bucket.lowest:,}{to}", f"{bucket.labels:,}", f"{bucket.support:,}")
        name = "none" if bucket in unseen else bucket.name
        table.add_row(name, *counts, *map(_percent, scores))
    return table


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def strategies_table(reports: Iterable[StrategyMetrics], *, title: str) -> Table:
    """One line per strategy, the one in use in bold; scores in percent."""
    table = Table(title=title, title_justify="left")
    table.add_column("strategy", no_wrap=True)
    for name in ("micro-F1", "macro-F1", "hF1", "labels/document", "empty"):
        table.add_column(name, justify="right")
    for report in reports:
        scores = (report.micro_f1, report.macro_f1, report.hierarchical_f1)
        table.add_row(
            f"{report.strategy} (used)" if report.used else report.strategy,
            *(f"{100 * score:.1f}" for score in scores),
            f"{report.mean_predicted:.2f}",
            f"{report.empty_predictions:,}",
            style="bold" if report.used else "",
        )
    return table


def validation_parts(found: Validation, taxonomy: str = "") -> Iterator[Table | Text]:
    """Problems, warnings, files, levels, words and the plan, and how many problems there are.

    Of files in which nothing can be read there is nothing to say but what is wrong.

    taxonomy: a line that describes it.
    """
    survey = found.survey
    for line in problem_lines(survey.problems, "Problem: "):
        yield plain(line, "red")
    for line in problem_lines(survey.warnings, "Warning: "):
        yield plain(line, "yellow")
    if taxonomy:
        yield plain(taxonomy)
    if any(file.documents for file in survey.files):
        yield from _found_parts(found)
    yield Text(_verdict(len(survey.problems)))


def _found_parts(found: Validation) -> Iterator[Table | Text]:
    """Files, levels, words and the plan."""
    survey = found.survey
    files = Table(title="files", title_justify="left")
    for name in ("file", "documents", "rejected"):
        files.add_column(name, justify="left" if name == "file" else "right")
    for file in survey.files:
        files.add_row(plain(file.name), f"{file.documents:,}", f"{file.rejected:,}")
    yield files
    for file in survey.files:
        if file.columns:
            yield plain(f"{file.name}: {file.columns}")
    if survey.read_labels:
        yield plain("\n".join(_read_label_lines(survey.read_labels)))
    if survey.levels:
        levels = Table(title="levels", title_justify="left")
        for name in ("level", "labels", "used", "documents"):
            levels.add_column(name, justify="right")
        for number, level in enumerate(survey.levels, start=1):
            counts = (level.labels, level.used, level.documents)
            levels.add_row(
                plain(level_name(level.name, number)), *(f"{count:,}" for count in counts)
            )
        yield levels
    if survey.ok and survey.contents:
        yield plain("\n".join(_content_lines(survey)))
    plan = found.plan.lines() if found.plan is not None else ()
    yield plain("\n".join([*_survey_lines(survey), *plan]))


def _content_lines(survey: DataSurvey) -> Iterator[str]:
    yield "SHA-256 of what is read, as a model's card and harnn info tell it:"
    yield f"  {survey.contents['taxonomy']}  taxonomy"
    for file in survey.files:
        if file.sha256:
            yield f"  {file.sha256}  {file.name}"
    for is_test, name in ((False, "data"), (True, "test")):
        if sum(file.is_test == is_test for file in survey.files) > 1 and name in survey.contents:
            yield f"  {survey.contents[name]}  all of --{name}"


def _read_label_lines(labels: Sequence[ReadLabel]) -> Iterator[str]:
    times = sum(label.times for label in labels)
    spellings = counted(len(labels), "spelling")
    yield f"labels read by name, path or another spelling: {times:,} in {spellings}"
    for label in labels[:_LABELS_READ]:
        read = with_name(label.code, label.name, said=label.written)
        yield f"  {shown(label.written)} as {read}: {label.times:,}"
    if len(labels) > _LABELS_READ:
        yield f"  ... and {len(labels) - _LABELS_READ:,} more"


def _verdict(problems: int) -> str:
    if not problems:
        return "No problem found."
    return "1 problem to mend." if problems == 1 else f"{problems:,} problems to mend."


def _survey_lines(survey: DataSurvey) -> Iterator[str]:
    labels = f"{survey.mean_labels:.2f} labels per document"
    if survey.mean_most_specific is not None:
        labels += f", {survey.mean_most_specific:.2f} most specific"
    documents = counted(survey.documents, "document")
    yield f"{documents}, {survey.labelled_documents:,} labelled; {labels}"
    if survey.replaced or survey.removed:
        changed = f"{survey.replaced:,} labels replaced and {survey.removed:,} dropped"
        yield f"{changed} (data.fixes)"
    for title, counts in (
        ("most frequent", survey.most_frequent),
        ("least frequent", survey.least_frequent),
    ):
        if counts:
            listed = ", ".join(
                f"{with_name(code, survey.names.get(code, code), quoted=False)} {count:,}"
                for code, count in counts[:_LABELS_SHOWN]
            )
            yield f"{title} labels: {listed}"
    words = survey.words
    yield (
        f"words per document: 5% have at most {words.p5:,.0f}, half {words.p50:,.0f}, "
        f"95% {words.p95:,.0f}; the longest has {words.longest:,}; "
        f"{100 * words.longer_share:.1f}% are longer than text.max_length"
    )


def _cells(row: Report | LevelMetrics) -> list[str]:
    values = (row.micro_precision, row.micro_recall, row.micro_f1, row.macro_f1, row.auprc)
    return [f"{row.labels:,}", *map(_percent, (*values, row.ece_shown))]


def show_answer(
    console: Console,
    taxonomy: Taxonomy,
    text: str,
    prediction: Prediction,
    true_labels: Iterable[str],
) -> None:
    """Print a document and its predicted labels beside the true ones."""
    true = taxonomy.close_upward(taxonomy.columns(list(true_labels)))
    true_codes = {taxonomy.codes[column] for column in true}
    predicted = {label.label: label for label in prediction.labels}
    table = Table()
    for name in ("predicted", "score", "true"):
        table.add_column(name, justify="right" if name == "score" else "left")
    for code in taxonomy.codes:
        if code not in predicted and code not in true_codes:
            continue
        column = taxonomy.index[code]
        shown = "  " * (int(taxonomy.levels[column]) - 1) + taxonomy.names[column]
        label = predicted.get(code)
        right = label is not None and code in true_codes
        table.add_row(
            plain(shown if label else "", "green" if right else "red"),
            f"{label.score:.2f}" if label else "",
            plain(shown if code in true_codes else "", "green" if right else "yellow"),
        )
    console.print(plain(f"\n{prediction.id}: {text}"))
    console.print(table)
