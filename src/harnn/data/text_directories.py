"""Documents out of a directory: one text a file, its labels in a file beside it.

This is the full-text corpus of Annif (https://github.com/NatLibFi/Annif/wiki/Document-corpus-formats):
``NAME.txt`` holds a text, and beside it ``NAME.tsv`` a line ``<IRI><TAB>label`` for each label, or
``NAME.key`` a label a line.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from harnn._delimited import decode_line
from harnn._display import printable
from harnn.data.fields import DocumentBuilder
from harnn.data.files import DocumentFile, UnreadableFileError, open_bytes
from harnn.data.lines import Lines
from harnn.data.log import Rejected
from harnn.data.rows import PlacedRow, Row, reject
from harnn.errors import Problem, cannot_read

LABEL_SUFFIXES = (".tsv", ".key")


def read_directory(
    directory: DocumentFile, builder: DocumentBuilder
) -> Iterator[PlacedRow | Rejected]:
    """Yield each text of a directory, by their names; its id is the name.

    A text without labels beside it is one without labels where none are demanded.
    """
    with os.scandir(directory.path) as entries:
        names = sorted(entry.name for entry in entries if _is_text(entry))
    for number, name in enumerate(names):
        path = directory.path / name
        shown = os.path.join(directory.name, printable(name))  # noqa: PTH118 (as it was written)
        file = DocumentFile(path, shown, "text")
        try:
            item = _read_text(file, builder)
        except UnreadableFileError as error:
            yield Rejected((Problem(shown, error.what, error.hint),))
        except OSError as error:
            yield Rejected((cannot_read(shown, error),))
        else:
            yield PlacedRow(file, number, item) if isinstance(item, Row) else item


def _is_text(entry: os.DirEntry[str]) -> bool:
    return entry.name.lower().endswith(".txt") and entry.is_file()


def _read_text(file: DocumentFile, builder: DocumentBuilder) -> Row | Rejected:
    text = _read_whole(file, builder)
    if isinstance(text, Rejected):
        return text
    content: dict[str, object] = {builder.config.id_field: file.path.stem, "text": text}
    if builder.labelled is not False:
        labels = _read_labels(file, builder)
        if isinstance(labels, Rejected):
            return labels
        if labels is None and builder.labelled:
            stem = printable(file.path.stem)
            what = f"has no labels, expected them in {stem}.tsv or {stem}.key beside it."
            return Rejected((Problem(file.name, what),))
        content[builder.config.label_columns[0]] = labels
    return Row(1, content, is_text=True)


def _read_labels(file: DocumentFile, builder: DocumentBuilder) -> list[str] | Rejected | None:
    beside = [file.path.with_suffix(suffix) for suffix in LABEL_SUFFIXES]
    path = next((each for each in beside if each.is_file()), None)
    if path is None:
        return None
    shown = file.name[: -len(file.path.suffix)] + path.suffix
    text = _read_whole(DocumentFile(path, shown, "text"), builder)
    if isinstance(text, Rejected):
        return text
    lines = [line.strip() for line in text.splitlines()]
    return [_read_label(line) for line in lines if line]


def _read_label(line: str) -> str:
    """Return the IRI of a line, or, where there is none, the label."""
    first, tab, second = line.partition("\t")
    iri = first.strip().removeprefix("<").removesuffix(">")
    return iri or second.strip() if tab else iri


def _read_whole(file: DocumentFile, builder: DocumentBuilder) -> str | Rejected:
    parts: list[str] = []
    size = 0
    limit = builder.config.line_limit
    with open_bytes(file) as stream:
        for line in Lines(file, stream, builder.config, builder.log):
            if line.what:
                return reject(file, line.number, line.what, line.hint)
            text, what, hint = decode_line(line)
            if what:
                return reject(file, line.number, what, hint)
            size += len(line.data)
            if size > limit:
                what = f"is a text of more than {limit:,} bytes."
                hint = "Set data.line_limit higher if that is meant."
                return Rejected((Problem(file.name, what, hint),))
            parts.append(text)
    return "".join(parts)
