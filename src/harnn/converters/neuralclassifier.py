"""Documents of Tencent's NeuralNLP-NeuralClassifier.

JSON lines: ``doc_label`` (paths ``A--B--C``, or labels alone), ``doc_token`` (words), and lists
``doc_keyword`` and ``doc_topic``, which may be empty. Source: README.md ("Input Data Format") and
``dataset/classification_dataset.py`` of https://github.com/Tencent/NeuralNLP-NeuralClassifier,
which reads both lists from every object.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harnn._display import json_text
from harnn.converters.label_paths import PathReader, PathWriter, read_by_path
from harnn.converters.parts import Documents, Input, Output, Reading
from harnn.converters.rows import read_json_documents, strings_of
from harnn.converters.taxonomies import read_parent_first
from harnn.converters.texts import note_lost_id, refused_labels
from harnn.converters.words import words_of
from harnn.data import Document
from harnn.data.fields import read_id
from harnn.data.labels import Fault
from harnn.data.log import Rejected

SEPARATOR = "--"
_HINT = "Paths are separated by --; without --taxonomy labels are written alone."


def read(source: Input) -> Reading:
    """Read objects; keywords and topics become fields of the text, where there are any."""

    def documents(paths: PathReader) -> Documents:
        def document(content: Mapping[str, Any], faults: list[Fault]) -> Document:
            found = strings_of(content, "doc_label", faults)
            labels = None
            if found is not None:
                labels = tuple(paths.split(each, SEPARATOR, faults) for each in found)
            text = {"text": " ".join(strings_of(content, "doc_token", faults) or ())}
            if content.get("doc_token") is None:
                faults.append(("has no words, expected a list of strings in 'doc_token'.", ""))
            for name in ("keyword", "topic"):
                values = strings_of(content, f"doc_{name}", faults)
                if values:
                    text[name] = "; ".join(values)
            return Document(read_id(content, source.config, faults), text, labels)

        return read_json_documents(source, document)

    return read_by_path(source, read_parent_first, documents, cut=True)


def write(target: Output) -> None:
    """Write an object a document."""
    paths = PathWriter(target.taxonomy, target.notes)

    def line(document: Document) -> str | Rejected:
        found = {label: list(paths.path(label)) for label in document.labels or ()}
        bad = [
            label
            for label, parts in found.items()
            if SEPARATOR.join(parts).split(SEPARATOR) != parts
        ]
        if bad:
            why = f"or one above it has {SEPARATOR!r} in it or '-' at an end."
            return refused_labels(document, bad, why, _HINT)
        if document.labels is None:
            what = "documents without labels become documents with an empty list of labels"
            target.notes.add(what, document.id)
        note_lost_id(document, target.notes)
        fields = {
            "doc_label": [SEPARATOR.join(found[label]) for label in document.labels or ()],
            "doc_token": words_of(document, target),
            "doc_keyword": [],
            "doc_topic": [],
        }
        return json_text(fields)

    target.write_lines(target.encoded(line))
