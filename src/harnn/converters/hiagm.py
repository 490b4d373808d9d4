"""Documents of HiAGM, and of what follows it: HTCInfoMax, HPT, HiTin.

JSON lines: ``token`` (words) and ``label`` (labels with all those above them); training needs a
label for each document. Source: README.md and ``data_modules/dataset.py`` of
https://github.com/Alibaba-NLP/HiAGM.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harnn._display import json_text
from harnn.converters.label_paths import NO_TAXONOMY, closed_columns
from harnn.converters.parts import Input, Output, Reading
from harnn.converters.rows import read_json_documents, strings_of
from harnn.converters.taxonomies import read_parent_first
from harnn.converters.texts import note_lost_id
from harnn.converters.words import words_of
from harnn.data import Document
from harnn.data.fields import read_id
from harnn.data.labels import Fault


def read(source: Input) -> Reading:
    """Read objects."""

    def document(content: Mapping[str, Any], faults: list[Fault]) -> Document:
        labels = strings_of(content, "label", faults)
        tokens = strings_of(content, "token", faults)
        if content.get("token") is None:
            faults.append(("has no words, expected a list of strings in 'token'.", ""))
        text = {"text": " ".join(tokens or ())}
        return Document(read_id(content, source.config, faults), text, labels)

    taxonomy = read_parent_first(source)
    return Reading(read_json_documents(source, document), taxonomy, cut=True)


def write(target: Output) -> None:
    """Write an object a document."""
    taxonomy, notes = target.taxonomy, target.notes
    if taxonomy is None:
        notes.say(NO_TAXONOMY)

    def line(document: Document) -> str:
        labels = list(document.labels or ())
        if taxonomy is not None:
            closed = closed_columns(document, taxonomy, notes)
            labels = [taxonomy.codes[column] for column in closed]
        if not labels:
            notes.add("documents have no label, which HiAGM refuses in training", document.id)
        note_lost_id(document, notes)
        return json_text({"token": words_of(document, target), "label": labels})

    target.write_lines(target.encoded(line))
