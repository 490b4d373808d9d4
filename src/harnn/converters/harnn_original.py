"""Index records: the data of the code of the HARNN paper.

JSON lines: ``title`` and ``abstract`` (words), a list of numbers for each level, from 0 inside the
level, and ``labels``: the same numbers counted through all levels. They are read by
``harnn.data.records``, where the format is told. Source: Huang et al., "Hierarchical Multi-label
Text Classification: An Attention-based Recurrent Network Approach", CIKM 2019, and the data of its
code.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from harnn._display import json_text
from harnn._places import check_suffix
from harnn.converters.label_numbers import ENDING, write_map
from harnn.converters.label_paths import closed_columns
from harnn.converters.parts import Documents, Input, Output, Reading
from harnn.converters.taxonomies import read_own_taxonomy
from harnn.converters.words import cut_words, words_of
from harnn.data import Document, learn_taxonomy
from harnn.data.fields import DocumentBuilder
from harnn.data.log import Rejected
from harnn.data.reading import stream_documents
from harnn.data.records import index_code
from harnn.errors import ConfigError, Problem
from harnn.taxonomy import Taxonomy

BESIDE = (ENDING,)
_RESERVED = ("id", "title", "abstract", "labels", "text")


def check(path: Path) -> None:
    """Refuse what would not be read back as JSON lines."""
    check_suffix(path, (".json", ".jsonl"))


def read(source: Input) -> Reading:
    """Read records; with a taxonomy of the same levels the numbers become its labels."""
    taxonomy = read_own_taxonomy(source)
    builder = DocumentBuilder(source.config, index_only=True, log=source.log)
    documents = stream_documents(source.paths, builder)
    if taxonomy is None:
        learned = learn_taxonomy(
            source.paths, config=dataclasses.replace(source.config, on_error="skip")
        )
        untold = learned.undetermined + learned.contradicted + learned.unseen
        what = "the records do not tell the parents of labels: those stand at the top"
        source.notes.add(what, unit="label", count=untold)
        return Reading(documents, learned.taxonomy, cut=True)
    return Reading(_named(documents, taxonomy), taxonomy, cut=True)


def _named(documents: Documents, taxonomy: Taxonomy) -> Documents:
    """Put the labels of *taxonomy* for numbers, where it does not know the codes as they are."""
    codes = {
        index_code(name, index): taxonomy.codes[part.start + index]
        for name, part in zip(taxonomy.level_names, taxonomy.level_slices, strict=True)
        for index in range(part.stop - part.start)
    }
    for document in documents:
        if isinstance(document, Rejected) or document.labels is None:
            yield document
            continue
        labels = (x if x in taxonomy.index else codes.get(x, x) for x in document.labels)
        yield dataclasses.replace(document, labels=tuple(labels))


def write(target: Output) -> None:
    """Write records with all labels above those given, and beside them what the numbers mean.

    Raises:
        ConfigError: there is no taxonomy, or one whose levels are called like other fields.
    """
    taxonomy = target.taxonomy
    if taxonomy is None:
        what = "numbers labels by the levels of a taxonomy, but none is given."
        raise ConfigError(Problem("harnn-original", what, "Give it with --taxonomy."))
    levels = list(zip(taxonomy.level_names, taxonomy.level_slices, strict=True))
    clash = next((name for name in taxonomy.level_names if name in _RESERVED), None)
    if clash is not None:
        what = f"a level is called {clash!r}, the name of another field of a record."
        raise ConfigError(Problem("harnn-original", what, "Rename the level in the taxonomy."))

    def line(document: Document) -> str:
        columns = closed_columns(document, taxonomy, target.notes)
        if document.labels is None:
            target.notes.add("no labels become an empty list of labels", document.id)
        fields = {"id": document.id, **_words(document, target)}
        for name, part in levels:
            of_level = columns[(columns >= part.start) & (columns < part.stop)]
            fields[name] = (of_level - part.start).tolist()
        fields["labels"] = columns.tolist()
        return json_text(fields)

    target.write_lines(target.encoded(line))
    codes = (index_code(name, n - part.start) for name, part in levels for n in _range(part))
    write_map(target, zip(codes, taxonomy.codes, strict=True))


def _range(part: slice) -> range:
    return range(part.start, part.stop)


def _words(document: Document, target: Output) -> dict[str, object]:
    """Return title and abstract as words; what has other fields is an abstract."""
    if set(document.text) <= {"title", "abstract"} and document.text:
        parts = {name: document.text.get(name, "") for name in ("title", "abstract")}
        return dict(zip(parts, cut_words(list(parts.values()), document, target), strict=True))
    return {"title": [], "abstract": words_of(document, target)}
