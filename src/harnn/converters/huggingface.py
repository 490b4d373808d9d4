"""Data sets of the library ``datasets`` of Hugging Face.

A directory of ``Dataset.save_to_disk``: Arrow streams, ``state.json``, which names them, and
``dataset_info.json`` with the features; or JSON lines, with the features in a file beside them::

    load_dataset("json", data_files="train.jsonl", features=Features.from_dict(json.load(file)))

Labels are ``List(ClassLabel(names=[...]))``, numbers, where a taxonomy tells their names, else a
list of strings; both are read. Source: https://huggingface.co/docs/datasets/about_dataset_features
and ``Dataset.save_to_disk`` of https://github.com/huggingface/datasets. The files are read and
written with ``pyarrow`` alone: nothing is downloaded, cached or run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from harnn._display import encodable, json_text
from harnn._files import check_replaceable
from harnn._optional import require
from harnn._places import check_suffix, is_directory, kind_of
from harnn._tables import shown
from harnn.converters.parts import Documents, Input, Output, Reading, beside
from harnn.converters.rows import read_json_documents
from harnn.converters.taxonomies import read_own_taxonomy
from harnn.converters.texts import one_text
from harnn.data import Document
from harnn.data.fields import read_id, read_text
from harnn.data.labels import Fault, read_labels
from harnn.data.log import Rejected
from harnn.errors import DocumentError, Problem, cannot_read
from harnn.taxonomy import Taxonomy

ENDING = ".features.json"
BESIDE = (ENDING,)
_INFO, _STATE, _SPLITS = "dataset_info.json", "state.json", "dataset_dict.json"
_DATA = "data-00000-of-00001.arrow"
_TEXT = {"dtype": "string", "_type": "Value"}
_ROWS_AT_ONCE = 256
_MOST_BYTES = 64 << 20
"""Of a file that tells features."""


def check(path: Path) -> None:
    """Refuse a suffix that is not written; without one a directory is."""
    if path.suffix.lower() == ".jsonl":
        return
    if path.suffix and not is_directory(path):
        check_suffix(path, (".jsonl",))
    require("pyarrow", extra="parquet", purpose=f"Writing {path}")
    check_replaceable(path, _INFO)


def read(source: Input) -> Reading:
    """Read directories of one split each, or JSON lines."""
    return Reading(_documents(source), read_own_taxonomy(source))


def _documents(source: Input) -> Documents:
    for path in source.paths:
        if is_directory(path):
            yield from _read_directory(path, source)
            continue
        features = beside(path, ENDING)
        names = _names_of(_read_json(features), source) if kind_of(features) else None

        def document(
            content: Mapping[str, Any],
            faults: list[Fault],
            names: Sequence[str] | None = names,
        ) -> Document:
            return _document(content, names, source, faults)

        yield from read_json_documents(source.of(path), document)


def _read_directory(path: Path, source: Input) -> Documents:
    if kind_of(path / _SPLITS):
        splits = [each.name for each in sorted(path.iterdir()) if each.is_dir()]
        what = f"holds several splits ({', '.join(splits[:8])})."
        hint = f"Give those that are meant, as {path / splits[0]}." if splits else ""
        raise DocumentError(Problem(str(path), what, hint))
    arrow = require("pyarrow", extra="parquet", purpose=f"Reading {path}")
    info, state = _read_json(path / _INFO), _read_json(path / _STATE)
    names = _names_of(info.get("features"), source)
    number = 0
    for file in _files_of(path, state):
        for content in _rows(file, arrow):
            number += 1
            faults: list[Fault] = []
            document = _document(content, names, source, faults)
            where = f"{path}:{number}"
            if faults:
                yield Rejected(tuple(Problem(where, *fault) for fault in faults))
            else:
                name = document.id or f"{path.name}:{number}"
                yield Document(name, document.text, document.labels, where)
    if not number:
        yield Rejected((Problem(str(path), "holds no documents."),), whole_file=True)


def _files_of(path: Path, state: Mapping[str, Any]) -> Iterator[Path]:
    """Yield the files that ``state.json`` names, which all lie in the directory."""
    if state.get("_indices_data_files") or state.get("_indices_files"):
        what = "chooses rows by indices, which are not read."
        raise DocumentError(Problem(str(path), what, "Call flatten_indices() before saving."))
    files = state.get("_data_files")
    for each in files if isinstance(files, list) else [None]:
        name = each.get("filename") if isinstance(each, dict) else None
        if not isinstance(name, str) or Path(name).name != name:
            what = "'_data_files' is something else, expected names of files beside it."
            raise DocumentError(Problem(str(path / _STATE), what))
        yield path / name


def _rows(file: Path, arrow: Any) -> Iterator[Mapping[str, Any]]:
    try:
        with arrow.memory_map(str(file)) as mapped, arrow.ipc.open_stream(mapped) as stream:
            for batch in stream:
                for start in range(0, batch.num_rows, _ROWS_AT_ONCE):
                    part = batch.slice(start, _ROWS_AT_ONCE)
                    part.validate(full=True)
                    yield from part.to_pylist()
    except (arrow.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
        reason = shown(" ".join(str(error).split()).rstrip("."))[1:-1]
        what = f"is damaged or not an Arrow stream ({reason})."
        raise DocumentError(Problem(str(file), what)) from None


def _document(
    content: Mapping[str, Any], names: Sequence[str] | None, source: Input, faults: list[Fault]
) -> Document:
    name = source.config.labels_field
    value = content.get(name)
    if names is not None and isinstance(value, int) and not isinstance(value, bool):
        value = [value]
    if names is not None and isinstance(value, list):
        content = {**content, name: [_name_of(label, names, faults) for label in value]}
    labels = read_labels(content, source.config, faults, required=False)
    return Document(
        read_id(content, source.config, faults), read_text(content, source.config, faults), labels
    )


def _name_of(label: object, names: Sequence[str], faults: list[Fault]) -> str:
    if type(label) is int and 0 <= label < len(names):
        return names[label]
    if isinstance(label, str):
        return label
    what = f"the label {shown(label)} has no name, expected 0 to {len(names) - 1:,}."
    faults.append((what, ""))
    return ""


def _names_of(features: object, source: Input) -> Sequence[str] | None:
    """Return the names of ClassLabel; None where labels are strings."""
    kind = features.get(source.config.labels_field) if isinstance(features, dict) else None
    while isinstance(kind, dict) and isinstance(kind.get("feature"), dict):
        kind = kind["feature"]
    if isinstance(kind, list) and kind:  # as older versions write lists
        kind = kind[0]
    if not isinstance(kind, dict) or kind.get("_type") != "ClassLabel":
        return None
    names = kind.get("names")
    fits = isinstance(names, list) and all(isinstance(name, str) for name in names)
    return list(names) if fits and names else None


def _read_json(path: Path) -> dict[str, Any]:
    """Read an object.

    Raises:
        DocumentError: there is none.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DocumentError(Problem(str(path), f"is larger than {_MOST_BYTES >> 20} MiB."))
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        hint = "Expected a directory that Dataset.save_to_disk has written."
        raise DocumentError(Problem(str(path), "no such file.", hint)) from None
    except OSError as error:
        raise DocumentError(cannot_read(path, error)) from None
    except (ValueError, RecursionError):
        raise DocumentError(Problem(str(path), "is not valid JSON.")) from None
    if not isinstance(value, dict):
        raise DocumentError(Problem(str(path), "is something else, expected a JSON object."))
    return value


def write(target: Output) -> None:
    """Write a directory, or JSON lines with their features beside them."""
    features = _features(target.taxonomy)
    index = target.taxonomy.index if target.taxonomy is not None else None
    if target.taxonomy is None:
        target.notes.say("no taxonomy is given: labels are strings, not numbers of ClassLabel.")

    def row(document: Document) -> dict[str, Any]:
        labels: list[Any] | None = None if document.labels is None else list(document.labels)
        if index is not None and labels is not None:
            labels = [index[label] for label in labels]
        elif labels is not None:
            labels = [encodable(label) for label in labels]
        text = encodable(one_text(document, target.notes))
        return {"id": encodable(document.id), "text": text, "labels": labels}

    if target.path.suffix.lower() == ".jsonl":
        target.write_lines(map(json_text, target.encoded(row)))
        target.open(beside(target.path, ENDING)).write(json.dumps(features, indent=1) + "\n")
        return
    _write_directory(target, features, target.encoded(row))


def _features(taxonomy: Taxonomy | None) -> dict[str, Any]:
    label: dict[str, Any] = _TEXT
    if taxonomy is not None:
        label = {"names": list(taxonomy.codes), "_type": "ClassLabel"}
    return {"id": _TEXT, "text": _TEXT, "labels": {"feature": label, "_type": "List"}}


def _write_directory(
    target: Output, features: Mapping[str, Any], rows: Iterator[dict[str, Any]]
) -> None:
    arrow = require("pyarrow", extra="parquet", purpose=f"Writing {target.path}")
    kind = arrow.int64() if target.taxonomy is not None else arrow.string()
    columns = [("id", arrow.string()), ("text", arrow.string()), ("labels", arrow.list_(kind))]
    about = {"huggingface": json.dumps({"info": {"features": features}})}
    schema = arrow.schema(columns, metadata=about)
    place = target.open_directory(_INFO)
    with arrow.OSFile(str(place / _DATA), "wb") as file, arrow.ipc.new_stream(file, schema) as out:
        while some := list(islice(rows, _ROWS_AT_ONCE)):
            out.write_table(arrow.Table.from_pylist(some, schema))
    info = {"citation": "", "description": "", "features": features, "homepage": "", "license": ""}
    with (place / _DATA).open("rb") as written:
        fingerprint = hashlib.file_digest(written, "sha256").hexdigest()[:16]
    state: dict[str, Any] = {
        "_data_files": [{"filename": _DATA}],
        "_fingerprint": fingerprint,
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": None,
    }
    for name, content in ((_INFO, info), (_STATE, state)):
        (place / name).write_text(json.dumps(content, indent=2), encoding="utf-8")
