"""Annotations of Label Studio with its tag Taxonomy.

Read: an export as JSON, an array of tasks with ``data`` and ``annotations``, whose ``result`` holds
``{"type": "taxonomy", "value": {"taxonomy": [["Food", "Soup"]]}}``; and JSON-MIN, in which the
paths stand in ``taxonomy`` beside the fields of the data. Written: tasks to import, with the labels
as ``predictions``, and the labelling configuration. Source: https://labelstud.io/tags/taxonomy,
https://labelstud.io/guide/export and https://labelstud.io/guide/predictions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from harnn._display import json_text
from harnn._places import check_suffix, is_special
from harnn._tables import shown
from harnn.converters.label_paths import PathReader, PathWriter, read_by_path
from harnn.converters.notes import Notes
from harnn.converters.parts import Documents, Input, Output, Reading
from harnn.converters.rows import read_json_documents
from harnn.converters.taxonomies import read_own_taxonomy
from harnn.converters.texts import one_text
from harnn.data import Document
from harnn.data.fields import read_id, read_text
from harnn.data.labels import Fault
from harnn.errors import Problem, TaxonomyError
from harnn.taxonomy import Taxonomy
from harnn.taxonomy.writing.labelling_config import FROM_NAME, TO_NAME, labelling_config_text

_MODEL = "harnn convert"


def check(path: Path) -> None:
    """Refuse what Label Studio does not import."""
    if not is_special(path):
        check_suffix(path, (".json",))


def read(source: Input) -> Reading:
    """Read tasks."""

    def documents(paths: PathReader) -> Documents:
        def document(content: Mapping[str, Any], faults: list[Fault]) -> Document:
            data = content.get("data")
            if not isinstance(data, dict):
                data = content
                labels = _labels(content.get(FROM_NAME), paths, faults)
            else:
                labels = _annotated(content, paths, faults)
            name = read_id(
                {source.config.id_field: content.get("id"), **data}, source.config, faults
            )
            return Document(name, read_text(data, source.config, faults), labels)

        return read_json_documents(source, document)

    return read_by_path(source, read_own_taxonomy, documents)


def _annotated(
    task: Mapping[str, Any], paths: PathReader, faults: list[Fault]
) -> tuple[str, ...] | None:
    """Return the labels of the annotation that counts: the ground truth, else the last."""
    name, notes = str(task.get("id", "")), paths.notes
    given = task.get("annotations")
    every = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    kept = [each for each in every if not each.get("was_cancelled")]
    if not kept:
        if every:
            notes.add("tasks were skipped by all who annotated them: no labels", name, unit="task")
        elif task.get("predictions"):
            what = "tasks have predictions and no annotation: no labels"
            notes.add(what, name, unit="task")
        return None
    chosen = next((each for each in kept if each.get("ground_truth")), kept[-1])
    if len(kept) > 1:
        what = "tasks have several annotations: the ground truth counts, else the last"
        notes.add(what, name, unit="task")
    results = chosen.get("result")
    found: list[str] = []
    for each in results if isinstance(results, list) else []:
        value = each.get("value") if isinstance(each, dict) else None
        if isinstance(value, dict) and "taxonomy" in value:
            found += _labels(value["taxonomy"], paths, faults) or ()
        else:
            notes.add("results of other tags than Taxonomy are left out", name, unit="result")
    return tuple(dict.fromkeys(found))


def _labels(given: object, paths: PathReader, faults: list[Fault]) -> tuple[str, ...] | None:
    if given is None:
        return None
    found: list[str] = []
    for path in given if isinstance(given, list) else [None]:
        parts = [path] if isinstance(path, str) else path
        if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
            what = f'labels are {shown(given)}, expected paths such as [["A", "B"]].'
            faults.append((what, ""))
            break
        found.append(paths.label(parts, faults))
    return tuple(found)


def write(target: Output) -> None:
    """Write an array of tasks; labels are predictions, to be looked at by who annotates."""
    writer = PathWriter(target.taxonomy, target.notes)

    def task(document: Document) -> str:
        data = {"id": document.id, "text": one_text(document, target.notes)}
        fields: dict[str, Any] = {"data": data}
        if document.labels is not None:
            value = {"taxonomy": [list(writer.path(label)) for label in document.labels]}
            result = {"from_name": FROM_NAME, "to_name": TO_NAME, "type": "taxonomy"}
            predicted = [{**result, "value": value}] if document.labels else []
            fields["predictions"] = [{"model_version": _MODEL, "result": predicted}]
        return json_text(fields)

    target.write_lines(_as_array(target.encoded(task)))


def _as_array(items: Iterator[str]) -> Iterator[str]:
    """Yield the lines of a JSON array."""
    first = next(items, None)
    if first is None:
        yield "[]"
        return
    yield "["
    waiting = first
    for item in items:
        yield f"{waiting},"
        waiting = item
    yield waiting
    yield "]"


def write_labelling_config(taxonomy: Taxonomy, file: IO[str], path: Path, notes: Notes) -> None:
    """Write the labelling configuration: the tree to choose from, names shown, codes stored.

    Raises:
        TaxonomyError: a label holds what XML cannot.
    """
    several = taxonomy.hierarchy.parent_counts > 1
    if several.any():
        first = taxonomy.codes[int(several.argmax())]
        what = "labels are shown under their first parent only"
        notes.add(what, first, unit="label", count=int(several.sum()))
    try:
        file.write(labelling_config_text(taxonomy))
    except TaxonomyError as error:
        raise TaxonomyError(Problem(str(path), error.problems[0].what)) from None
