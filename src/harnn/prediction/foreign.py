"""Predictions of other programs in files: sets of labels, or scores, by ids of documents.

- ``.jsonl``: ``id`` and ``labels``, as harnn predict writes it: a list of labels, or of objects
  with ``label``; or ``document_id`` (or ``id``) and ``results``, as Annif does: objects with
  ``uri`` or ``notation``, and ``score``
- ``.csv``, ``.tsv``: ``id`` and ``labels``, separated by ``;``; or a line for each pair, with
  ``id``, ``label`` and ``score``
- ``.npz``, ``.npy``: scores of all labels, see :func:`harnn.decode.read_score_file`

Labels of a set are closed upward. Of scores the labels that reach a threshold are chosen; labels
that a list of scores does not name have score 0.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._delimited import Line, read_csv, read_tsv
from harnn._tables import shown
from harnn.counting import as_binary
from harnn.decode import read_score_file
from harnn.errors import SHOWN_PROBLEMS, DocumentError, InputError, Problem, cannot_read, suggest
from harnn.metrics import Answers
from harnn.taxonomy import Taxonomy

SUFFIXES = (".jsonl", ".csv", ".tsv", ".npz", ".npy")
_PICKLES = (".joblib", ".pkl", ".pickle")
_LONGEST_LINE = 64 << 20
_MOST_PROBLEMS = 10_000
_LARGEST = 1e30
"""Of a score; labels that a list does not name have 0."""
THRESHOLD = 0.5
"""What scores of files must reach, unless another is given."""


@dataclass(frozen=True, slots=True, eq=False)
class ForeignAnswers:
    """The predictions of a file for the documents in question."""

    answers: Answers
    notes: tuple[str, ...]
    """What was done with it, in sentences."""


class _Listed(NamedTuple):
    """The labels of one document."""

    line: int
    id: str
    labels: list[tuple[str, ...]]
    """Each by its possible codes, the likeliest first."""
    scores: list[float] | None
    is_part: bool = False
    """Whether other lines may have more labels of the document, and a document none."""


def check_predictions(path: Path) -> None:
    """Refuse a file whose suffix says that it cannot be read, before any work is done.

    Raises:
        InputError: there is no such file, or it is of another kind.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        what = "no such model directory or file of predictions."
        raise InputError(Problem(str(path), what))
    if suffix in _PICKLES:
        what = "holds pickled objects, which can run any program when they are read."
        hint = "Save the scores with numpy.savez(FILE, scores=..., labels=..., ids=...)."
        raise InputError(Problem(str(path), what, hint))
    if suffix not in SUFFIXES:
        what = f"unknown extension {suffix!r}, expected a model directory, or predictions in "
        hint = suggest(suffix, SUFFIXES) if suffix else ""
        raise InputError(Problem(str(path), f"{what}{', '.join(SUFFIXES)}.", hint))


def read_predictions(
    path: Path,
    ids: Sequence[str],
    taxonomy: Taxonomy,
    *,
    threshold: float = THRESHOLD,
    separator: str = ";",
) -> ForeignAnswers:
    """Read what another program predicts for documents.

    ids: of the documents, N. threshold: from which score on a label of a file of scores is chosen.
    separator: of labels in a cell.

    Raises:
        InputError: the file cannot be read, has labels that the taxonomy does not have, or lacks
            documents, or ids do not tell documents apart.
    """
    check_predictions(path)
    rows = _rows_by_id(ids)
    if path.suffix.lower() in (".npz", ".npy"):
        return _from_arrays(path, ids, rows, taxonomy, threshold)
    reader = _read_json if path.suffix.lower() == ".jsonl" else _read_table
    return _from_lists(path, reader(path, separator), rows, taxonomy, threshold)


def _rows_by_id(ids: Sequence[str]) -> dict[str, int]:
    twice = [name for name, count in Counter(ids).items() if count > 1]
    if twice:
        what = f"ids of documents stand twice: {len(twice):,}, as {shown(twice[0])}."
        hint = "Files of predictions tell documents by their ids; make them differ."
        raise DocumentError(Problem("", what, hint))
    return {name: row for row, name in enumerate(ids)}


def _from_arrays(
    path: Path, ids: Sequence[str], rows: Mapping[str, int], taxonomy: Taxonomy, threshold: float
) -> ForeignAnswers:
    found = read_score_file(path)
    scores, labels = found["scores"], found["labels"].tolist()
    columns = _columns_of(path, labels, taxonomy)
    if "ids" not in found:
        if len(scores) != len(ids):
            what = f"has {len(scores):,} rows and no ids, expected {len(ids):,} rows."
            raise InputError(Problem(str(path), what))
        order = np.arange(len(ids))
    else:
        order = _order(path, {name: row for row, name in enumerate(found["ids"].tolist())}, rows)
    lowest = min(0.0, float(scores.min(initial=0)))
    values = np.full((len(ids), len(taxonomy)), lowest, dtype=np.float32)
    values[:, columns] = scores[order]
    notes = []
    if len(labels) < len(taxonomy):
        lacking = f"{len(taxonomy) - len(labels):,} labels of the taxonomy have no scores"
        notes.append(f"{lacking}: they count as {lowest:g}.")
    if len(scores) > len(ids):
        notes.append(f"{len(scores) - len(ids):,} other documents in it were left out.")
    return _choose(values, taxonomy, threshold, notes)


def _from_lists(
    path: Path,
    listed: Iterable[_Listed],
    rows: Mapping[str, int],
    taxonomy: Taxonomy,
    threshold: float,
) -> ForeignAnswers:
    cells: dict[tuple[int, int], float] = {}
    seen: set[str] = set()
    problems: list[Problem] = []
    others: set[str] = set()
    with_scores = in_parts = False
    by_name = _unique_names(taxonomy)
    for each in listed:
        row = rows.get(each.id)
        if row is None:
            others.add(each.id)
            continue
        if each.id in seen and not each.is_part:
            what = f"document {shown(each.id)} stands twice."
            problems.append(Problem(f"{path}:{each.line}", what))
        seen.add(each.id)
        scores = each.scores or [1.0] * len(each.labels)
        with_scores |= each.scores is not None
        in_parts |= each.is_part
        for codes, score in zip(each.labels, scores, strict=True):
            column = _find(codes, taxonomy, by_name)
            if column is None:
                where = f"{path}:{each.line}"
                problems.append(_unknown(where, codes[0], taxonomy, len(problems)))
            elif cells.get((row, column), -np.inf) < score:
                cells[row, column] = score
        if len(problems) >= _MOST_PROBLEMS:
            problems.append(Problem("", f"reading stopped after {_MOST_PROBLEMS:,} problems."))
            break
    if problems:
        raise InputError(problems)
    notes = [f"{len(others):,} other documents in it were left out."] if others else []
    if not (in_parts and seen):
        _order(path, dict.fromkeys(seen, 0), rows)
    elif len(seen) < len(rows):
        notes.append(f"{len(rows) - len(seen):,} documents have no line in it: no label.")
    shape = (len(rows), len(taxonomy))
    places = np.array(list(cells), dtype=np.int64).reshape(-1, 2)
    values = np.fromiter(cells.values(), dtype=np.float32, count=len(cells))
    if with_scores:
        scores_of = np.zeros(shape, dtype=np.float32)
        scores_of[places[:, 0], places[:, 1]] = values
        return _choose(scores_of, taxonomy, threshold, notes)
    sets = csr_array((np.ones(len(cells), np.bool_), (places[:, 0], places[:, 1])), shape=shape)
    notes.append("It holds sets of labels, no scores of all: there is no AUPRC of it.")
    return ForeignAnswers(Answers(taxonomy.hierarchy.close_sets(sets)), tuple(notes))


def _choose(
    scores: NDArray[np.float32], taxonomy: Taxonomy, threshold: float, notes: list[str]
) -> ForeignAnswers:
    """Close scores upward and choose the labels that reach the threshold."""
    closed = taxonomy.hierarchy.propagate(scores)
    notes.append(f"Labels scored at least {threshold:g} are chosen.")
    return ForeignAnswers(Answers(as_binary(closed >= threshold), closed), tuple(notes))


def _columns_of(path: Path, labels: Sequence[str], taxonomy: Taxonomy) -> NDArray[np.int64]:
    by_name = _unique_names(taxonomy)
    columns = [_find((label,), taxonomy, by_name) for label in labels]
    unknown = [label for label, column in zip(labels, columns, strict=True) if column is None]
    if unknown:
        raise InputError(
            [_unknown(str(path), label, taxonomy, at) for at, label in enumerate(unknown)]
        )
    return np.array(columns, dtype=np.int64)


def _order(path: Path, found: Mapping[str, int], rows: Mapping[str, int]) -> NDArray[np.int64]:
    """Return the row in the file of each document.

    Raises:
        InputError: documents are not in the file.
    """
    missing = [name for name in rows if name not in found]
    if missing:
        problems = [
            Problem(str(path), f"has no predictions for document {shown(name)}.")
            for name in missing[:_MOST_PROBLEMS]
        ]
        raise InputError(problems)
    return np.array([found[name] for name in rows], dtype=np.int64)


def _unique_names(taxonomy: Taxonomy) -> dict[str, int]:
    counts = Counter(taxonomy.names)
    return {name: column for column, name in enumerate(taxonomy.names) if counts[name] == 1}


def _find(codes: Sequence[str], taxonomy: Taxonomy, by_name: Mapping[str, int]) -> int | None:
    for table in (taxonomy.index, by_name):
        for code in codes:
            if code in table:
                return int(table[code])
    return None


def _unknown(where: str, code: str, taxonomy: Taxonomy, before: int) -> Problem:
    """before: problems so far; of very many the first alone get a suggestion, which takes time."""
    hint = suggest(code, taxonomy.codes) if before < SHOWN_PROBLEMS else ""
    return Problem(where, f"unknown label {shown(code)}.", hint)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield numbered lines.

    Raises:
        InputError: the file is no text in UTF-8, or has a line beyond all measure.
    """
    number = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            while line := file.readline(_LONGEST_LINE):
                number += 1
                if len(line) == _LONGEST_LINE:
                    raise InputError(Problem(f"{path}:{number}", "the line is too long."))
                yield number, line
    except UnicodeDecodeError:
        what = f"is not UTF-8 after line {number}."
        raise InputError(Problem(str(path), what)) from None
    except OSError as error:
        raise InputError(cannot_read(path, error)) from None


def _read_json(path: Path, _separator: str) -> Iterator[_Listed]:
    for number, line in _lines(path):
        if not line.strip():
            continue
        where = f"{path}:{number}"
        try:
            plain = json.loads(line)
        except (ValueError, RecursionError):
            raise InputError(Problem(where, "is no JSON object.")) from None
        yield _read_object(plain, where, number)


def _read_object(plain: Any, where: str, number: int) -> _Listed:
    if not isinstance(plain, dict):
        raise InputError(Problem(where, f"got {shown(plain)}, expected a JSON object."))
    name = next((plain[key] for key in ("id", "document_id") if key in plain), None)
    items = next((plain[key] for key in ("results", "suggestions", "labels") if key in plain), None)
    if not isinstance(name, str | int) or isinstance(name, bool) or not isinstance(items, list):
        keys = "id (or document_id) and labels (or results)"
        raise InputError(Problem(where, f"expected {keys}, got {', '.join(map(shown, plain))}."))
    ranked = "labels" not in plain
    labels, scores = [], []
    for item in items:
        codes, score = _read_item(item, where)
        labels.append(codes)
        if ranked:
            if score is None:
                raise InputError(Problem(where, f"expected a score, got {shown(item)}."))
            scores.append(score)
    return _Listed(number, str(name), labels, scores if ranked else None)


def _read_item(item: Any, where: str) -> tuple[tuple[str, ...], float | None]:
    """Return the possible codes of a label, and its score if it has one."""
    if isinstance(item, str):
        return (item,), None
    if isinstance(item, dict):
        codes = [item.get(key) for key in ("uri", "notation", "label", "name")]
        known = tuple(code.strip("<>") for code in codes if isinstance(code, str) and code)
        score = item.get("score")
        fits = isinstance(score, int | float) and not isinstance(score, bool)
        if known and (score is None or (fits and 0 <= score <= _LARGEST)):
            return known, None if score is None else float(score)
    what = f"got {shown(item)}, expected a label, or an object with label and score from 0 on."
    raise InputError(Problem(where, what))


def _read_table(path: Path, separator: str) -> Iterator[_Listed]:
    lines = (Line(number, line.encode()) for number, line in _lines(path))
    is_tsv = path.suffix.lower() == ".tsv"
    records = read_tsv(lines, "\t") if is_tsv else read_csv(lines, ",", _LONGEST_LINE)
    first = next(records, None)
    if first is not None and first.what:
        raise InputError(Problem(f"{path}:{first.line}", first.what, first.hint))
    header = [cell.strip() for cell in first.cells] if first is not None else []
    single = {"id", "label", "score"} <= set(header)
    if not single and not {"id", "labels"} <= set(header):
        what = "expected the columns id and labels, or id, label and score, "
        got = ", ".join(map(shown, header)) or "nothing"
        raise InputError(Problem(f"{path}:1", f"{what}got {got}."))
    place = {name: header.index(name) for name in header}
    for record in records:
        at, cells = record.line, record.cells
        where = f"{path}:{at}"
        if record.what:
            raise InputError(Problem(where, record.what, record.hint))
        if cells == [""]:  # a blank line
            continue
        if len(cells) != len(header):
            what = f"has {len(cells):,} cells, expected {len(header):,}."
            raise InputError(Problem(where, what))
        if not single:
            labels = [label.strip() for label in cells[place["labels"]].split(separator)]
            yield _Listed(at, cells[place["id"]], [(x,) for x in labels if x], None)
            continue
        label = cells[place["label"]].strip().strip("<>")
        name = cells[place["name"]].strip() if "name" in place else ""
        yield _Listed(
            at,
            cells[place["id"]],
            [tuple(x for x in (label, name) if x)],
            [_read_score(cells[place["score"]], where)],
            is_part=True,
        )


def _read_score(cell: str, where: str) -> float:
    try:
        score = float(cell)
    except ValueError:
        score = np.nan
    if not 0 <= score <= _LARGEST:  # NaN compares false
        raise InputError(Problem(where, f"score: got {shown(cell)}, expected a number from 0 on."))
    return score
