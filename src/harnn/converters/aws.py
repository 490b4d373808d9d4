"""Training data of Amazon Comprehend, multi-label mode.

CSV without a header: the labels, separated by ``|`` or another character, and the text. Source:
https://docs.aws.amazon.com/comprehend/latest/dg/prep-classifier-data-multi-label.html and
https://docs.aws.amazon.com/comprehend/latest/dg/prep-class-data-format.html.
"""

from __future__ import annotations

from harnn.config import DataConfig, is_given
from harnn.converters.parts import Input, Output, Reading
from harnn.converters.rows import read_csv_documents
from harnn.converters.taxonomies import read_own_taxonomy
from harnn.converters.texts import (
    csv_line,
    note_lost_id,
    note_no_labels,
    one_text,
    refused_as_empty,
    refused_labels,
)
from harnn.data import Document
from harnn.data.labels import Fault
from harnn.data.log import Rejected

SEPARATOR = "|"
MOST_LABELS = 100
"""Labels that Comprehend takes at most."""


def _separator(config: DataConfig) -> str:
    given = is_given(config, "label_separator") and config.label_separator
    return config.label_separator if given else SEPARATOR


def read(source: Input) -> Reading:
    """Read rows of labels and text."""
    separator = _separator(source.config)

    def document(cells: list[str], faults: list[Fault]) -> Document:
        if len(cells) != 2:
            found = "1 column" if len(cells) == 1 else f"{len(cells):,} columns"
            hint = "Text with a comma in it stands in quotation marks."
            faults.append((f"has {found}, expected 2: labels and text.", hint))
            return Document("", {})
        labels = tuple(label for label in cells[0].split(separator) if label)
        return Document("", {"text": cells[1]}, labels or None)

    return Reading(read_csv_documents(source, document), read_own_taxonomy(source))


def write(target: Output) -> None:
    """Write a row a document."""
    separator = _separator(target.config)
    used: set[str] = set()

    def row(document: Document) -> str | Rejected:
        labels = document.labels or ()
        bad = [label for label in labels if separator in label or not label]
        if bad:
            why = f"is empty or has {separator!r} in it, which separates labels."
            hint = "Give another separator: --label-separator"
            return refused_labels(document, bad, why, hint)
        text = one_text(document, target.notes)
        if not text and not labels:
            return refused_as_empty(document)
        note_lost_id(document, target.notes)
        note_no_labels(document, target.notes)
        used.update(labels)
        return csv_line([separator.join(labels), text])

    target.write_lines(target.encoded(row))
    if len(used) > MOST_LABELS:
        most = f"Comprehend takes at most {MOST_LABELS} labels"
        target.notes.say(f"There are {len(used):,} labels; {most}.")
