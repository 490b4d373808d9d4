"""The report of a drift as one page, which needs nothing else and runs no script."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harnn import __version__
from harnn.pages import counted
from harnn.report import sentences
from harnn.report.drift_section import drift_context
from harnn.report.showing import Showing, write_whole

if TYPE_CHECKING:
    from harnn.report.values import DriftReport

_SECTIONS = (
    ("drift", "What moved"),
    ("drift-labels", "Labels that moved"),
    ("drift-shapes", "Scores, lengths, writing"),
    ("drift-figures", "All figures"),
)
_UNSURE = ("drift-unsure", "What cannot be told yet")
_HOW = ("how", "How it was compared")


def write_drift_page(report: DriftReport, path: str | Path) -> int:
    """Write the page, which appears only when it is complete, and return its size in bytes.

    Raises:
        InputError: the file cannot be written.
        MissingExtraError: Jinja2 is not installed.
    """
    return write_whole(render_drift_page(report), path)


def render_drift_page(report: DriftReport) -> str:
    """Return the page.

    Raises:
        MissingExtraError: Jinja2 is not installed.
    """
    showing, found = Showing(), report.drift
    context = {
        "report": report,
        "found": found,
        "labels": len(report.taxonomy),
        "made": f"{report.made.day} {report.made:%B %Y}",
        "against": _against(report),
        "sections": [*_SECTIONS, *([_UNSURE] if found.unsure else []), _HOW],
        "drift_title": "What moved",
        "drift": drift_context(found, report.taxonomy, showing),
        "method": _method(report),
    }
    return showing.render("drift_page.html", context)


def _against(report: DriftReport) -> str:
    what = "document" if report.against is not None else "validation document"
    return counted(report.drift.before, what)


def _method(report: DriftReport) -> list[tuple[str, str, str]]:
    against = report.against or ()
    rows: list[tuple[str, str, str]] = [
        ("Model", report.model.name, report.model.digest[:12]),
        ("Taxonomy", sentences.taxonomy(report.taxonomy), report.taxonomy.version[:12]),
        *(("Data", source.name, source.digest[:12]) for source in report.data),
        *(("Compared with", source.name, source.digest[:12]) for source in against),
    ]
    if report.against is None:
        what = "figures of the validation documents, which the model keeps since its training"
        rows.append(("Compared with", what, ""))
    rows += [
        ("Moved", "the interval does not hold 0, and the change is as large as matters", ""),
        (
            "As before",
            "the change is smaller, and none of twice what matters is in the interval",
            "",
        ),
        ("Texts", "none is kept: figures are counts and sums", ""),
        ("Made with", f"harnn {__version__}", ""),
    ]
    if report.command:
        rows.append(("Again with", report.command, ""))
    return rows
