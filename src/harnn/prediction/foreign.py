"""Predictions of other programs in files: sets of labels, or scores, by ids of documents.

- JSON: ``id`` and ``labels``, as harnn predict writes it: a list of labels, or of objects
  with ``label``; or ``document_id`` (or ``id``) and ``results``, as Annif does: objects with
  ``uri`` or ``notation``, and ``score``
- tables: ``id`` and ``labels``, separated by ``;`` or a list; or a row for each pair, with
  ``id``, ``label`` and ``score``
- ``.npz``, ``.npy``: scores of all labels, see :func:`harnn.decode.read_score_file`

The first two are read as documents are: any of their formats, compressed or not.
Labels of a set are closed upward. Of scores the labels that reach a threshold are chosen; labels
that a list of scores does not name have score 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._cells import cell_text
from harnn._places import suffix_problem
from harnn._scratch import blank
from harnn._tables import shown
from harnn.config import DataConfig
from harnn.counting import as_binary
from harnn.data import ReadingLog
from harnn.data.fields import DocumentBuilder, read_id
from harnn.data.files import FORMATS, find_file, require_reader
from harnn.data.label_cells import read_label_cell
from harnn.data.label_checker import LabelChecker
from harnn.data.log import MAX_PROBLEMS, Rejected
from harnn.data.reading import stream_rows
from harnn.data.rows import PlacedRow
from harnn.decode import read_score_file
from harnn.errors import DocumentError, InputError, Problem, nothing_at
from harnn.metrics import Answers
from harnn.taxonomy import Taxonomy

_ARRAYS = (".npz", ".npy")
SUFFIXES = (*(name for name, form in FORMATS.items() if form != "text"), *_ARRAYS)
"""Of predictions; those of text may have ``.gz`` or ``.zst`` behind them."""
_PICKLES = (".joblib", ".pkl", ".pickle")
_LONGEST_LINE = 64 << 20
_ID = "id"
_IDS = (_ID, "document_id")
_LISTS = ("results", "suggestions", "labels")
_COLUMNS = (*_IDS, *_LISTS, "label", "name", "score")
_SHOWN_IDS = 3
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
    """What each is called, the likeliest first."""
    scores: list[float] | None
    is_part: bool = False
    """Whether other lines may have more labels of the document, and a document none."""


def check_predictions(path: Path) -> None:
    """Refuse a file whose suffix says that it cannot be read, before any work is done.

    Raises:
        InputError: there is no such file, or it is of another kind.
        MissingExtraError: what reads it is not installed.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        raise InputError(nothing_at(path, "no such model directory or file of predictions."))
    if suffix in _PICKLES:
        what = "holds pickled objects, which can run any program when they are read."
        hint = "Save the scores with numpy.savez(FILE, scores=..., labels=..., ids=...)."
        raise InputError(Problem(str(path), what, hint))
    if suffix in _ARRAYS:
        return
    found = find_file(path)
    if isinstance(found, Problem) or found.format == "text":
        expected = f"a model directory, or predictions in {', '.join(SUFFIXES)}"
        raise InputError(suffix_problem(path, path.suffix, SUFFIXES, expected))
    require_reader(found)


def read_predictions(
    path: Path,
    ids: Sequence[str],
    taxonomy: Taxonomy,
    *,
    threshold: float = THRESHOLD,
    separator: str = ";",
    encoding: str = "utf-8",
    log: ReadingLog | None = None,
) -> ForeignAnswers:
    """Read what another program predicts for documents.

    ids: of the documents, N. threshold: from which score on a label of a file of scores is chosen.
    separator: of labels in a cell. encoding: of the file; a mark in it says more than this. log:
    counts labels that are not written as their codes, and has a warning where case, blanks or forms
    of characters differ.

    Raises:
        InputError: the file cannot be read, has labels that the taxonomy does not have, or lacks
            documents, or ids do not tell documents apart.
        MissingExtraError: what reads it is not installed.
        ValueError: *threshold* is no number.
    """
    if not np.isfinite(threshold):
        raise ValueError(f"Expected a number as threshold, got {threshold}.")
    log = ReadingLog() if log is None else log
    check_predictions(path)
    rows = _rows_by_id(ids)
    if path.suffix.lower() in _ARRAYS:
        return _from_arrays(path, ids, rows, taxonomy, threshold, log)
    listed = _listed(path, separator, encoding, log)
    return _from_lists(path, listed, rows, taxonomy, threshold, log)


def _rows_by_id(ids: Sequence[str]) -> dict[str, int]:
    twice = [name for name, count in Counter(ids).items() if count > 1]
    if twice:
        what = f"ids of documents stand twice: {len(twice):,}, as {shown(twice[0])}."
        hint = "Files of predictions tell documents by their ids; make them differ."
        raise DocumentError(Problem("", what, hint))
    return {name: row for row, name in enumerate(ids)}


def _from_arrays(
    path: Path,
    ids: Sequence[str],
    rows: Mapping[str, int],
    taxonomy: Taxonomy,
    threshold: float,
    log: ReadingLog,
) -> ForeignAnswers:
    found = read_score_file(path)
    scores, labels = found["scores"], found["labels"].tolist()
    columns = _columns_of(path, labels, taxonomy, log)
    lowest, highest = float(scores.min(initial=0)), float(scores.max(initial=0))
    if max(-lowest, highest) > _LARGEST:
        raise InputError(Problem(str(path), f"scores: expected at most {_LARGEST:g}."))
    if "ids" not in found:
        if len(scores) != len(ids):
            what = f"has {len(scores):,} rows and no ids, expected {len(ids):,} rows."
            raise InputError(Problem(str(path), what))
        order = np.arange(len(ids))
    else:
        places = {name: row for row, name in enumerate(found["ids"].tolist())}
        _check_ids(path, places, rows)
        order = np.array([places[name] for name in rows], dtype=np.int64)
    values = np.full((len(ids), len(taxonomy)), lowest, dtype=np.float32)
    values[:, columns] = scores[order]
    notes = []
    if len(labels) < len(taxonomy):
        lacking = f"{len(taxonomy) - len(labels):,} labels of the taxonomy have no scores"
        notes.append(f"{lacking}: they count as {lowest:g}.")
    if len(scores) > len(ids):
        notes.append(_left_out(len(scores) - len(ids)))
    return _choose(values, taxonomy, threshold, notes)


def _columns_of(
    path: Path, labels: Sequence[str], taxonomy: Taxonomy, log: ReadingLog
) -> NDArray[np.int64]:
    """Return the column of each label.

    Raises:
        InputError: labels are unknown, or two of them are one.
    """
    checker = LabelChecker(taxonomy)
    first: dict[int, str] = {}
    problems = []
    for label in labels:
        found = checker.find((label,), str(path), log)
        if isinstance(found, Problem):
            problems.append(found)
        elif found in first:
            what = f"labels {shown(first[found])} and {shown(label)} are one in the taxonomy."
            problems.append(Problem(str(path), what))
        else:
            first[found] = label
    if problems:
        raise InputError(problems)
    return np.array(list(first), dtype=np.int64)


class _Gathered:
    """What the lines of a file say of the documents in question."""

    def __init__(self, path: Path, taxonomy: Taxonomy, log: ReadingLog) -> None:
        self._path, self._log = path, log
        self._checker = LabelChecker(taxonomy)
        self.cells: dict[tuple[int, int], float] = {}
        """Scores by row and column."""
        self.ids: dict[str, None] = {}
        self.repeated = 0
        """Scores of a document and a label that had one already."""
        self.with_scores = self.in_parts = False
        self.problems: list[Problem] = []

    def add(self, listed: _Listed, row: int | None) -> None:
        """Take the labels of one line; row: of the document, None: it is another one."""
        where = f"{self._path}:{listed.line}"
        if listed.id in self.ids and not listed.is_part:
            self.problems.append(Problem(where, f"document {shown(listed.id)} stands twice."))
        self.ids[listed.id] = None
        self.with_scores |= listed.scores is not None
        self.in_parts |= listed.is_part
        if row is None:
            return
        scores = listed.scores or [1.0] * len(listed.labels)
        for written, score in zip(listed.labels, scores, strict=True):
            column = self._checker.find(written, where, self._log)
            if isinstance(column, Problem):
                self.problems.append(column)
                continue
            self.repeated += listed.scores is not None and (row, column) in self.cells
            self.cells[row, column] = max(score, self.cells.get((row, column), -np.inf))


def _from_lists(
    path: Path,
    listed: Iterable[_Listed | Rejected],
    rows: Mapping[str, int],
    taxonomy: Taxonomy,
    threshold: float,
    log: ReadingLog,
) -> ForeignAnswers:
    found = _Gathered(path, taxonomy, log)
    for each in listed:
        if isinstance(each, Rejected):
            found.problems += each.problems
        else:
            found.add(each, rows.get(each.id))
        if len(found.problems) >= MAX_PROBLEMS:
            found.problems.append(Problem("", f"reading stopped after {MAX_PROBLEMS:,} problems."))
            break
    if found.problems:
        raise InputError(found.problems)
    lacking = _check_ids(path, found.ids, rows, may_lack=found.in_parts)
    notes = []
    if others := len(found.ids) - (len(rows) - lacking):
        notes.append(_left_out(others))
    if lacking:
        notes.append(f"{lacking:,} documents have no line in it: no label.")
    if found.repeated:
        what = "scores are of a document and a label that have another one"
        notes.append(f"{found.repeated:,} {what}: the highest counts.")
    shape, cells = (len(rows), len(taxonomy)), found.cells
    places = np.array(list(cells), dtype=np.int64).reshape(-1, 2)
    if found.with_scores:
        scores = blank(shape, np.float32)
        scores[...] = 0
        scores[places[:, 0], places[:, 1]] = np.fromiter(cells.values(), np.float32, len(cells))
        return _choose(scores, taxonomy, threshold, notes)
    sets = csr_array((np.ones(len(cells), np.bool_), (places[:, 0], places[:, 1])), shape=shape)
    notes.append("It holds sets of labels, no scores of all: there is no AUPRC of it.")
    return ForeignAnswers(Answers(taxonomy.hierarchy.close_sets(sets)), tuple(notes))


def _check_ids(
    path: Path, found: Collection[str], rows: Mapping[str, int], *, may_lack: bool = False
) -> int:
    """Return how many documents are not in a file; found: the ids that are there.

    Raises:
        InputError: there are some that may not lack, or none is there.
    """
    missing = [name for name in rows if name not in found]
    if not missing or (may_lack and len(missing) < len(rows)):
        return len(missing)
    what = f"has no predictions for {len(missing):,} of {len(rows):,} documents: {_some(missing)}."
    hint = ""
    if found and len(missing) == len(rows):
        what = f"has no id of a document: it has {_some(found)}, the documents have {_some(rows)}."
        hint = "Give it the documents' ids; data.id_field names the field where they have them."
    raise InputError(Problem(str(path), what, hint))


def _some(names: Iterable[str]) -> str:
    """Return the first of several names, for a message."""
    first = list(islice(names, _SHOWN_IDS + 1))
    more = " and others" if len(first) > _SHOWN_IDS else ""
    return ", ".join(map(shown, first[:_SHOWN_IDS])) + more


def _left_out(others: int) -> str:
    return f"{others:,} other documents in it were left out."


def _choose(
    scores: NDArray[np.float32], taxonomy: Taxonomy, threshold: float, notes: list[str]
) -> ForeignAnswers:
    """Close scores upward and choose the labels that reach the threshold."""
    closed = taxonomy.hierarchy.propagate(scores)
    notes.append(f"Labels scored at least {threshold:g} are chosen.")
    return ForeignAnswers(Answers(as_binary(closed >= threshold), closed), tuple(notes))


def _listed(
    path: Path, separator: str, encoding: str, log: ReadingLog
) -> Iterator[_Listed | Rejected]:
    """Yield what the rows of a file say, and what is wrong with others."""
    config = DataConfig(text_fields=(_ID,), encoding=encoding, line_limit=_LONGEST_LINE)
    own = ReadingLog()
    builder = DocumentBuilder(config, labelled=False, log=own, instead=_COLUMNS)
    for item in stream_rows(path, builder):
        if isinstance(item, Rejected):
            yield Rejected(tuple(map(_of_predictions, item.problems)))
            continue
        try:
            yield _read_row(item, separator)
        except InputError as error:
            yield Rejected(tuple(error.problems))
            if isinstance(error, _HeaderError):
                break
    for problem in own.warnings:
        log.warn(_of_predictions(problem))


def _of_predictions(problem: Problem) -> Problem:
    """Return a problem with the option for files of predictions in place of that for documents."""
    hint = problem.hint.replace("data.encoding", "encoding")
    hint = hint.replace("--encoding", "--file-encoding")
    return replace(problem, what=problem.what.replace("no documents", "no predictions"), hint=hint)


class _HeaderError(InputError):
    """A table has no columns of predictions."""


def _read_row(item: PlacedRow, separator: str) -> _Listed:
    """Return what one row says.

    Raises:
        InputError: it is no prediction.
    """
    content, line = item.row.content, item.row.line
    where, in_cells = item.file.at(line), item.file.is_table
    names = content.keys()
    is_pair = in_cells and {"label", "score"} <= names
    key = "label" if is_pair else next((key for key in _LISTS if key in names), "")
    id_key = next((key for key in _IDS if content.get(key) is not None), "")
    if in_cells and (not key or not any(name in names for name in _IDS)):
        got = ", ".join(map(shown, names)) or "none of them"
        what = f"expected the columns id and labels, or id, label and score, got {got}."
        raise _HeaderError(Problem(where.rpartition(":")[0], what))
    faults: list[tuple[str, str]] = []
    name = read_id({_ID: content.get(id_key)}, DataConfig(), faults, in_cells=in_cells)
    if faults:
        raise InputError([Problem(where, *fault) for fault in faults])
    if not name or not key:
        got = ", ".join(map(shown, names)) or "nothing"
        what = f"expected id (or document_id) and labels (or results), got {got}."
        raise InputError(Problem(where, what if not in_cells else "has no id."))
    if is_pair:
        codes = [cell_text(content.get(x)).strip().strip("<>") for x in ("label", "name")]
        label = tuple(code for code in codes if code) or ("",)
        score = _read_score(content["score"], where)
        return _Listed(line, name, [label], [score], is_part=True)
    items = content[key]
    if in_cells and not isinstance(items, list):
        items = [str(label) for label in read_label_cell(cell_text(items), separator)]
    if not isinstance(items, list):
        raise InputError(Problem(where, f"{key}: got {shown(items)}, expected a list."))
    ranked = key != "labels"
    read = [_read_item(item, where, ranked=ranked) for item in items]
    scores = [score for _, score in read] if ranked else None
    return _Listed(line, name, [codes for codes, _ in read], scores)


def _read_item(item: Any, where: str, *, ranked: bool) -> tuple[tuple[str, ...], float]:
    """Return the possible codes of a label and its score, 1 where it needs none.

    Raises:
        InputError: it is none, or has no score and is *ranked*.
    """
    known: tuple[str, ...] = (item,) if isinstance(item, str) else ()
    score = None
    if isinstance(item, dict):
        codes = (item.get(key) for key in ("uri", "notation", "label", "name"))
        known = tuple(code.strip("<>") for code in codes if isinstance(code, str) and code)
        score = item.get("score")
    fits = isinstance(score, int | float) and not isinstance(score, bool)
    if not known or not (score is None or (fits and 0 <= score <= _LARGEST)):
        what = f"got {shown(item)}, expected a label, or an object with label and score from 0 on."
        raise InputError(Problem(where, what))
    if ranked and score is None:
        raise InputError(Problem(where, f"expected a score, got {shown(item)}."))
    return known, 1.0 if score is None else float(score)


def _read_score(cell: Any, where: str) -> float:
    try:
        score = float(cell)
    except (TypeError, ValueError, OverflowError):
        score = np.nan
    if isinstance(cell, bool) or not 0 <= score <= _LARGEST:  # NaN compares false
        raise InputError(Problem(where, f"score: got {shown(cell)}, expected a number from 0 on."))
    return score
