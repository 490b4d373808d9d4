"""The numbers of all labels: as CSV, and as compact columns for the page."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harnn._display import encodable, escape_json, whole_signs
from harnn._files import write_atomically

if TYPE_CHECKING:
    from harnn.report.values import ModelReport

MOST_ROWS = 20_000
"""Labels on the page: about 2 MB. Those with most documents are kept."""
LONGEST_NAME = 120
"""Characters of a name that are shown at first."""
_LONGEST_WHOLE = 20_000
_WHOLE_NAMES = 1_000_000
"""Characters of long codes and names that the script of the page may show whole."""
_HTML = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def write_csv(report: ModelReport, path: str | Path) -> None:
    """Write a row for each label, with a header.

    Raises:
        InputError: the file cannot be written.
    """
    with write_atomically(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        header: list[str] = []
        for row in report.label_rows():
            if not header:
                header = list(row)
                writer.writerow(header)
            writer.writerow(["" if x is None else _cell(x) for x in row.values()])


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.6g}"
    return encodable(value) if isinstance(value, str) else value


def kept_columns(report: ModelReport, most: int = MOST_ROWS) -> list[int]:
    """Return the columns of the labels on the page, those with most documents first.

    An ancestor has at least as many documents and a lower column, so it is kept with its label.
    """
    true = report.evaluation.labels.true
    return [int(x) for x in np.lexsort((np.arange(len(true)), -true))[:most]]


def label_json(report: ModelReport, columns: list[int]) -> tuple[str, int]:
    """Return the numbers of these labels for the script of the page, safe inside an element.

    One list for each column of the table; names are null where they are the code, parents are
    positions in the lists, -1 without one; of several parents the first. The second value is how
    many labels have a code or a name that is cut, because all of them together are too long.
    """
    found, taxonomy = report.evaluation, report.evaluation.taxonomy
    place = {column: number for number, column in enumerate(columns)}
    labels = found.labels
    parents = (taxonomy.hierarchy.parents(column).tolist() for column in columns)
    cuts = found.label_thresholds
    counts = found.training_counts
    texts = _Texts()
    named = [
        (texts.kept(code), None if name == code else texts.kept(name))
        for code, name in ((taxonomy.codes[c], taxonomy.names[c]) for c in columns)
    ]
    table = {
        "codes": [code for code, _ in named],
        "names": [name for _, name in named],
        "shown": LONGEST_NAME,
        "levels": [int(taxonomy.levels[c]) for c in columns],
        "parents": [place.get(above[0], -1) if above else -1 for above in parents],
        "training": None if counts is None else [int(counts[c]) for c in columns],
        "support": [int(labels.true[c]) for c in columns],
        "predicted": [int(labels.predicted[c]) for c in columns],
        "correct": [int(labels.hits[c]) for c in columns],
        "cuts": None if cuts is None else [round(float(cuts[c]), 4) for c in columns],
    }
    plain = json.dumps(table, ensure_ascii=False, separators=(",", ":"))
    return escape_json(plain).translate(_HTML), texts.cut


class _Texts:
    """Codes and names as the script gets them: whole, as long as there is room for long ones."""

    def __init__(self) -> None:
        self._room = _WHOLE_NAMES
        self.cut = 0

    def kept(self, text: str) -> str:
        if len(text) <= LONGEST_NAME:
            return text
        whole = whole_text(text)
        self._room -= len(whole)
        if len(whole) == len(text) and self._room >= 0:
            return text
        self.cut += 1
        return shorten(text)


def shorten(name: str, most: int = LONGEST_NAME) -> str:
    """Return a name that fits into a line or two; the CSV has the whole."""
    return name if len(name) <= most else f"{whole_signs(name, most).rstrip()}\u00a0…"


def whole_text(text: str) -> str:
    """Return a text that is shown where it is asked for: whole, unless it is longer than a page."""
    if len(text) <= _LONGEST_WHOLE:
        return text
    return f"{whole_signs(text, _LONGEST_WHOLE)}\u00a0… ({len(text):,} characters)"
