"""Document corpora of Annif.

Short texts: TSV (text, a tab, URIs in angle brackets), CSV with a header (``document_id``,
``text``, ``subject_uris``) and JSON lines (``document_id``, ``text``, ``metadata``, ``subjects``
with ``uri`` or ``label``). Full texts: a directory with a ``.txt`` a document and a ``.tsv`` of its
subjects.
Source: https://github.com/NatLibFi/Annif/wiki/Document-corpus-formats.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any

from harnn._display import encodable, json_text
from harnn._files import check_replaceable
from harnn._places import check_suffix, is_directory
from harnn.converters.annif_subjects import from_uri, names_of, uris_of
from harnn.converters.parts import Documents, Input, Output, Reading
from harnn.converters.rows import (
    Build,
    read_json_documents,
    read_named_csv_documents,
    read_short_text_documents,
)
from harnn.converters.taxonomies import read_own_taxonomy
from harnn.converters.texts import (
    BREAKS,
    csv_line,
    note_lost_id,
    note_no_labels,
    one_text,
    refused_as_empty,
)
from harnn.data import Document
from harnn.data.fields import DocumentBuilder, read_id
from harnn.data.labels import Fault
from harnn.data.log import Rejected
from harnn.data.reading import stream_documents
from harnn.data.short_texts import read_uris
from harnn.errors import InputError, Problem
from harnn.taxonomy import Taxonomy

_TABLES = (".tsv", ".csv", ".jsonl")
_COLUMNS = ("document_id", "text", "subject_uris")
_NO_FILE_NAME = re.compile(r"[/\0\\:*?\"<>|\x01-\x1f\x7f]")
_LONGEST_NAME = 200
"""Bytes of a name of a file, without its suffix."""


def check(path: Path) -> None:
    """Refuse a suffix that is not written; without one a directory is."""
    if path.suffix.lower() in _TABLES:
        return
    if path.suffix and not is_directory(path):
        check_suffix(path, _TABLES)
    check_replaceable(path, None)
    if is_directory(path) and any(path.iterdir()):
        what = "is a directory with files in it."
        raise InputError(Problem(str(path), what, "Choose another place or empty it first."))


def read(source: Input) -> Reading:
    """Read a corpus; the suffix of each file says what it is."""
    taxonomy = read_own_taxonomy(source)
    return Reading(_documents(source, taxonomy), taxonomy)


def _documents(source: Input, taxonomy: Taxonomy | None) -> Documents:
    for path in source.paths:
        name = path.with_suffix("").name if path.suffix == ".gz" else path.name
        suffix = Path(name).suffix.lower()
        if is_directory(path):
            yield from _read_directory(path, source, taxonomy)
        elif suffix == ".csv":
            yield from read_named_csv_documents(source.of(path), _COLUMNS[1:2], _from_row(source))
        elif suffix in (".jsonl", ".json"):
            yield from read_json_documents(source.of(path), _from_object(source, taxonomy))
        else:
            yield from read_short_text_documents(source.of(path), _from_short_text(source))


def _read_directory(path: Path, source: Input, taxonomy: Taxonomy | None) -> Documents:
    """Read full texts, as :mod:`harnn.data` reads directories, with names and URIs as labels."""
    names = names_of(taxonomy)
    builder = DocumentBuilder(source.config, log=source.log)
    for item in stream_documents([path], builder):
        if isinstance(item, Rejected) or item.labels is None:
            yield item
            continue
        labels = (names.get(label, from_uri(label)) for label in item.labels)
        yield dataclasses.replace(item, labels=tuple(labels))


def _from_short_text(source: Input) -> Build:
    name = source.config.label_columns[0]

    def document(content: Mapping[str, Any], faults: list[Fault]) -> Document:
        del faults  # the rows have none left
        labels = tuple(map(from_uri, content[name])) or None
        return Document("", {"text": content["text"]}, labels)

    return document


def _subjects(cell: str, faults: list[Fault]) -> tuple[str, ...] | None:
    uris, what = read_uris(cell)
    if what:
        faults.append((what, ""))
    return tuple(map(from_uri, uris)) or None


def _from_row(source: Input) -> Callable[[Mapping[str, str], list[Fault]], Document]:
    def document(row: Mapping[str, str], faults: list[Fault]) -> Document:
        _note_left_out(source, row.get("document_id", ""), row.keys() - _COLUMNS)
        labels = _subjects(row.get("subject_uris", ""), faults)
        return Document(row.get("document_id", ""), {"text": row["text"]}, labels)

    return document


def _from_object(source: Input, taxonomy: Taxonomy | None) -> Build:
    names = names_of(taxonomy)

    def document(content: Mapping[str, Any], faults: list[Fault]) -> Document:
        content = {**content, source.config.id_field: content.get("document_id")}
        name = read_id(content, source.config, faults)
        labels = _subjects_of(content.get("subjects"), names, faults)
        given, metadata = content.get("text"), content.get("metadata")
        others = metadata if isinstance(metadata, dict) else {}
        text = {key: value for key, value in others.items() if isinstance(value, str)}
        if isinstance(given, str) and (given or not text):
            text = {"text": given}
        _note_left_out(source, name, others.keys() - text)
        if not text:
            faults.append(("has no text, expected a string in 'text' or in 'metadata'.", ""))
        return Document(name, text, labels)

    return document


def _subjects_of(
    subjects: object, names: Mapping[str, str], faults: list[Fault]
) -> tuple[str, ...] | None:
    if subjects is None:
        return None
    labels = []
    for subject in subjects if isinstance(subjects, list) else [None]:
        plain = subject if isinstance(subject, dict) else {}
        uri, label = plain.get("uri"), plain.get("label")
        if isinstance(uri, str):
            labels.append(from_uri(uri))
        elif isinstance(label, str):
            labels.append(names.get(label, label))
        else:
            expected = "expected a list of objects with a 'uri' or 'label'."
            faults.append((f"'subjects' is something else, {expected}", ""))
            break
    return tuple(labels)


def _note_left_out(source: Input, name: str, fields: Set[str]) -> None:
    if fields:
        source.notes.add("fields beside the text are left out", name)


def write(target: Output) -> None:
    """Write a corpus; the suffix says what it is, without one a directory of full texts."""
    suffix = target.path.suffix.lower()
    if suffix not in _TABLES:
        _write_directory(target)
        return
    lines = {".tsv": _tsv_lines, ".csv": _csv_lines, ".jsonl": _json_lines}[suffix](target)
    target.write_lines(lines)


def _tsv_lines(target: Output) -> Iterator[str]:
    uris = uris_of(target.taxonomy)

    def line(document: Document) -> str | Rejected:
        text = one_text(document, target.notes, breaks=False)
        if not text.strip() and not document.labels:
            return refused_as_empty(document)
        note_lost_id(document, target.notes)
        note_no_labels(document, target.notes)
        return f"{text}\t{_uris(document, uris)}"

    return target.encoded(line)


def _csv_lines(target: Output) -> Iterator[str]:
    yield ",".join(_COLUMNS)
    uris = uris_of(target.taxonomy)

    def row(document: Document) -> str:
        note_no_labels(document, target.notes)
        return csv_line([document.id, one_text(document, target.notes), _uris(document, uris)])

    yield from target.encoded(row)


def _json_lines(target: Output) -> Iterator[str]:
    uris = uris_of(target.taxonomy)

    def line(document: Document) -> str:
        fields: dict[str, Any] = {"document_id": document.id}
        fields["text"] = one_text(document, target.notes)
        if document.labels is not None:
            fields["subjects"] = [{"uri": uris(label)} for label in document.labels]
        return json_text(fields)

    return target.encoded(line)


def _uris(document: Document, uris: Callable[[str], str]) -> str:
    return " ".join(f"<{uris(label)}>" for label in document.labels or ())


def _write_directory(target: Output) -> None:
    """Write two files a document, named by its id, or by its number where that is no name."""
    place = target.open_directory()
    names: dict[str, str] = {}
    uris = uris_of(target.taxonomy)
    if target.taxonomy is not None:
        names = dict(zip(target.taxonomy.codes, target.taxonomy.names, strict=True))
    taken: set[str] = set()

    def same(document: Document) -> Document:
        return document

    for number, document in enumerate(target.encoded(same), start=1):
        name = _file_name(document, number, taken)
        if name != document.id:
            target.notes.add("ids are no names of files, and numbers stand for them", document.id)
        text = encodable(one_text(document, target.notes))
        (place / f"{name}.txt").write_text(text, encoding="utf-8", newline="")
        if document.labels is None:
            continue
        lines = (_subject_line(uris(x), names.get(x, x)) for x in document.labels)
        subjects = encodable("".join(lines))
        (place / f"{name}.tsv").write_text(subjects, encoding="utf-8", newline="")


def _subject_line(uri: str, name: str) -> str:
    return f"<{uri}>\t{BREAKS.sub(' ', name)}\n"


def _file_name(document: Document, number: int, taken: set[str]) -> str:
    """Return a name that no other document has, on systems that see no case too."""
    name = encodable(document.id)
    usable = name.strip(". ") == name and not _NO_FILE_NAME.search(name) and name
    if not usable or len(name.encode()) > _LONGEST_NAME or name.casefold() in taken:
        name = f"document-{number:08}"
        while name.casefold() in taken:
            name += "-"
    taken.add(name.casefold())
    return name
