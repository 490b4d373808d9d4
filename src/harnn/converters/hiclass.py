"""Texts and paths for HiClass (``MultiLabelLocalClassifierPerNode`` and its sisters).

HiClass takes arrays: X, and y of shape (documents, paths, levels), where each path begins at the
top and shorter ones and missing ones are filled up with empty strings. Source:
``docs/source/algorithms/multi_label.rst`` of https://github.com/scikit-learn-contrib/hiclass.

It has no files of its own. Ours are JSON lines, ``{"id": ..., "x": text, "y": [[...], ...]}``, with
paths of one length, NumPy files (:mod:`.hiclass_arrays`), and CSV with a column a level
(:mod:`.hiclass_levels`); :func:`to_hiclass` and :func:`from_hiclass` are the same for arrays in
memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn._display import json_text
from harnn.converters.hiclass_arrays import SUFFIXES, PathRow, read_arrays, write_arrays
from harnn.converters.hiclass_levels import level_lines, read_levels
from harnn.converters.label_paths import (
    PathReader,
    PathWriter,
    learn_from_paths,
    read_by_path,
)
from harnn.converters.notes import Notes
from harnn.converters.parts import Documents, Input, Output, Reading
from harnn.converters.rows import read_json_documents
from harnn.converters.taxonomies import read_own_taxonomy
from harnn.converters.texts import one_text, refused_labels
from harnn.data import Document
from harnn.data.fields import read_id
from harnn.data.json_rows import name_type
from harnn.data.labels import Fault
from harnn.data.log import Rejected
from harnn.errors import DocumentError, Problem
from harnn.taxonomy import Taxonomy

_EXPECTED = "expected a list of lists of strings."


def to_hiclass(
    documents: Iterable[Document], taxonomy: Taxonomy
) -> tuple[list[str], NDArray[np.str_]]:
    """Return texts, and paths (documents, paths, levels), filled up with empty strings.

    A label with several parents has one path, through the first of each. Documents without labels
    have empty paths alone.

    Raises:
        TaxonomyError: labels that are not in the taxonomy.
    """
    notes = Notes()
    writer = PathWriter(taxonomy, notes)
    texts: list[str] = []
    paths: list[list[tuple[str, ...]]] = []
    for document in documents:
        taxonomy.columns(document.labels or ())  # refuses unknown labels
        texts.append(one_text(document, notes))
        paths.append([writer.path(label) for label in document.labels or ()])
    width = max([1, *map(len, paths)])
    filled = [[_fill(p, taxonomy.depth) for p in [*of, *[()] * (width - len(of))]] for of in paths]
    return texts, np.array(filled, dtype=np.str_).reshape(len(texts), width, taxonomy.depth)


def from_hiclass(
    texts: Sequence[str],
    paths: Sequence[Sequence[Sequence[str]]] | NDArray[Any],
    taxonomy: Taxonomy | None = None,
) -> tuple[list[Document], Taxonomy | None]:
    """Return documents with the labels at the ends of their paths, and the taxonomy.

    Without *taxonomy* it is learned from the paths: a label is known by its path, ``A > B``, and
    called by its last part; None where there are no paths. Documents are called by their numbers.

    Raises:
        DocumentError: as many texts as paths are expected, and paths of strings.
    """
    if len(texts) != len(paths):
        what = f"got {len(texts):,} texts and {len(paths):,} lists of paths, expected as many."
        raise DocumentError(Problem("", what))
    reader = PathReader(taxonomy, Notes())
    documents: list[Document] = []
    problems: list[Problem] = []
    for number, (text, given) in enumerate(zip(texts, paths, strict=True)):
        faults: list[Fault] = []
        plain = given.tolist() if isinstance(given, np.ndarray) else given
        labels = _labels(plain, reader, faults)
        problems += [Problem(f"document {number}", *fault) for fault in faults]
        documents.append(Document(str(number), {"text": text}, labels, f"documents:{number}"))
    if problems:
        raise DocumentError(problems)
    return documents, learn_from_paths(documents) if taxonomy is None else taxonomy


def read(source: Input) -> Reading:
    """Read our files."""

    def documents(paths: PathReader) -> Documents:
        def document(content: Mapping[str, Any], faults: list[Fault]) -> Document:
            text = content.get("x")
            if not isinstance(text, str):
                faults.append((f"'x' is {name_type(text)}, expected a string.", ""))
            given = content.get("y")
            labels = None if given is None else _labels(given, paths, faults)
            return Document(read_id(content, source.config, faults), {"text": str(text)}, labels)

        for path in source.paths:
            suffix = path.suffix.lower()
            if suffix in SUFFIXES:
                yield from _from_arrays(path, paths)
            elif suffix == ".csv":
                yield from read_levels(source.of(path), paths.label)
            else:
                yield from read_json_documents(source.of(path), document)

    return read_by_path(source, read_own_taxonomy, documents)


def _from_arrays(path: Path, reader: PathReader) -> Documents:
    for row in read_arrays(path):
        faults: list[Fault] = []
        labels = _labels(row.paths, reader, faults)
        if faults:
            yield Rejected(tuple(Problem(row.where, *fault) for fault in faults))
        else:
            name = row.id or row.where.rpartition("/")[2]
            yield Document(name, {"text": row.text}, labels, row.where)


def _labels(given: object, reader: PathReader, faults: list[Fault]) -> tuple[str, ...]:
    """Return the labels at the ends of paths."""
    labels: list[str] = []
    for path in given if isinstance(given, list | tuple) else [None]:
        if not isinstance(path, list | tuple) or not all(isinstance(part, str) for part in path):
            faults.append((f"'y' is something else, {_EXPECTED}", ""))
            break
        parts = list(path)
        while parts and not parts[-1]:
            parts.pop()
        if "" in parts:
            faults.append(("a path in 'y' has an empty label above another.", ""))
        elif parts:
            labels.append(reader.label(parts, faults))
    return tuple(labels)


def write(target: Output) -> None:
    """Write what the suffix says: arrays, CSV, or else an object a document."""
    writer = PathWriter(target.taxonomy, target.notes)
    depth = target.taxonomy.depth if target.taxonomy is not None else 1

    def row(document: Document) -> PathRow | Rejected:
        labels = document.labels or ()
        if "" in labels:
            return refused_labels(document, [""], "is empty, which fills paths up.", "")
        paths = [_fill(writer.path(label), depth) for label in labels]
        text = one_text(document, target.notes)
        return PathRow(document.source, document.id, text, paths, document.labels is not None)

    rows = target.encoded(row)
    suffix = target.path.suffix.lower()
    if suffix in SUFFIXES:
        write_arrays(target, rows)
    elif suffix == ".csv":
        target.write_lines(level_lines(rows, depth, target.notes))
    else:
        target.write_lines(map(_json_line, rows))


def _json_line(row: PathRow) -> str:
    fields: dict[str, Any] = {"id": row.id, "x": row.text}
    return json_text(fields | {"y": row.paths} if row.labelled else fields)


def _fill(path: Sequence[str], depth: int) -> list[str]:
    return [*path, *[""] * (depth - len(path))]
