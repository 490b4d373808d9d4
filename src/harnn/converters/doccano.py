"""Text classification of doccano.

JSON lines: ``text``, and ``label`` (or, as other versions export, ``labels``), a list of strings.
What else an object holds is metadata there. Source: ``backend/data_import/pipeline/catalog.py`` and
``backend/data_export/pipeline`` of https://github.com/doccano/doccano, where the columns are called
``text`` and ``label`` unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harnn._display import json_text
from harnn.converters.parts import Input, Output, Reading
from harnn.converters.rows import read_json_documents, strings_of
from harnn.converters.taxonomies import read_own_taxonomy
from harnn.converters.texts import one_text
from harnn.data import Document
from harnn.data.fields import read_id, read_text
from harnn.data.labels import Fault

_NAMES = ("label", "labels")


def read(source: Input) -> Reading:
    """Read objects with ``label`` or ``labels``."""

    def document(content: Mapping[str, Any], faults: list[Fault]) -> Document:
        name = next((each for each in _NAMES if content.get(each) is not None), _NAMES[0])
        value = content.get(name)
        if isinstance(value, str):
            labels: tuple[str, ...] | None = (value,)
        elif isinstance(value, list) and value and isinstance(value[0], list):
            what = f"{name!r} holds spans of the text, which are no labels of a document."
            faults.append((what, "Export a project of text classification."))
            labels = None
        elif value is None and content.get("annotations"):
            what = "has 'annotations', which tell numbers of labels and not their names."
            faults.append((what, "Export with the names of labels."))
            labels = None
        else:
            labels = strings_of(content, name, faults)
        text = read_text(content, source.config, faults)
        return Document(read_id(content, source.config, faults), text, labels)

    return Reading(read_json_documents(source, document), read_own_taxonomy(source))


def write(target: Output) -> None:
    """Write an object a document, with its id for the metadata."""

    def line(document: Document) -> str:
        text = one_text(document, target.notes)
        fields: dict[str, Any] = {"id": document.id, "text": text}
        if document.labels is not None:
            fields["label"] = list(document.labels)
        return json_text(fields)

    target.write_lines(target.encoded(line))
