"""From the y of scikit-learn to label sets, and back."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, issparse

from harnn._cells import plain_value
from harnn._frames import (
    column_names,
    count_rows,
    frame_column,
    is_column,
    is_frame,
    read_column,
)
from harnn.corpus import sparse_targets
from harnn.data import Document
from harnn.data.label_checker import LabelChecker
from harnn.data.log import ReadingLog
from harnn.errors import ConfigError, DocumentError, Problem, problem_lines
from harnn.taxonomy import Taxonomy

Unknown = Literal["error", "warn", "ignore"]
"""About labels that are not in the taxonomy: refuse them, or leave them out, with a warning or
without one."""
Form = Literal["labels", "indicator", "sparse"]
"""Of label sets: tuples of labels, a dense matrix of 0 and 1, or a sparse one."""
_UNKNOWN = ("error", "warn", "ignore")
_SHOWN = 5
_AS_ARRAY = "Give an indicator matrix as an array: numpy.asarray(y)."


class LabelSets(NamedTuple):
    """What was read of y."""

    sets: csr_array
    """(N, C) bool, closed upward."""
    form: Form
    """In which they were given."""


def read_label_sets(
    y: Any, taxonomy: Taxonomy, *, unknown: Unknown = "error", name: str = "y"
) -> LabelSets:
    """Read label sets; ancestors are added, and order and repetitions do not matter.

    y: for each document a label, or a list, set or array of labels, in any sequence, array or
    column; a matrix (N, C) of 0 and 1, dense or sparse, with the columns in the taxonomy's order;
    or a frame: its columns are named by labels, in any order, or its only one holds the labels. In
    an array (N, n) of strings an empty or missing one stands for no label. name: of y in messages.

    Raises:
        ConfigError: *unknown* is something else.
        DocumentError: y is something else, or some labels are unknown; all in one report.
    """
    if unknown not in _UNKNOWN:
        expected = "expected one of " + ", ".join(_UNKNOWN) + "."
        raise ConfigError(Problem("unknown_labels", f"got {unknown!r}, {expected}"))
    if isinstance(y, str | bytes | Mapping | set | frozenset) or not (
        issparse(y) or hasattr(y, "__array__") or isinstance(y, Iterable)
    ):
        what = f"is {type(y).__name__}, expected the labels of each document."
        raise DocumentError(Problem(name, what))
    if issparse(y):
        return LabelSets(_from_matrix(y, taxonomy, name), "sparse")
    if is_frame(y):
        return _from_frame(y, taxonomy, unknown, name)
    if hasattr(y, "__array__") and not is_column(y):
        y = np.asarray(y)
    if isinstance(y, np.ndarray) and y.shape[1:] == (1,) and len(taxonomy) > 1:
        y = y.ravel()  # one label a document
    if isinstance(y, np.ndarray) and y.ndim == 2 and y.dtype.kind in "biuf":
        return LabelSets(_from_matrix(y, taxonomy, name), "indicator")
    return LabelSets(_from_items(_items(y), taxonomy, unknown, name), "labels")


def to_tuples(sets: csr_array, taxonomy: Taxonomy) -> list[tuple[str, ...]]:
    """Return the labels of each row of (N, C), in the order of the taxonomy."""
    bounds, codes = sets.indptr.tolist(), taxonomy.codes
    columns = [np.sort(sets.indices[a:b]) for a, b in itertools.pairwise(bounds)]
    return [tuple(codes[column] for column in row.tolist()) for row in columns]


def to_form(sets: csr_array, taxonomy: Taxonomy, form: Form) -> Any:
    """Return label sets (N, C) as tuples, or as a matrix of 0 and 1, int64 as scikit-learn's."""
    if form == "labels":
        return to_tuples(sets, taxonomy)
    numbers = sets.astype(np.int64)
    return numbers if form == "sparse" else numbers.toarray()


def matrix_problem(matrix: Any, taxonomy: Taxonomy, name: str = "y") -> Problem | None:
    """Return what is wrong with an indicator matrix; name: of it in messages."""
    if matrix.ndim != 2 or matrix.shape[1] != len(taxonomy):
        what = f"has shape {matrix.shape}, expected a column for each of {len(taxonomy):,} labels."
        return Problem(name, what, "Their order is that of taxonomy.codes.")
    cells: Any = matrix.data if hasattr(matrix, "nnz") else matrix
    if not np.isin(cells, (0, 1)).all():
        return Problem(name, "is a matrix with other numbers than 0 and 1.")
    return None


def _from_matrix(matrix: Any, taxonomy: Taxonomy, name: str) -> csr_array:
    problem = matrix_problem(matrix, taxonomy, name)
    if problem is not None:
        raise DocumentError(problem)
    return taxonomy.hierarchy.close_sets(csr_array(matrix))


def _from_frame(frame: Any, taxonomy: Taxonomy, unknown: Unknown, name: str) -> LabelSets:
    names = column_names(frame)
    strange = [label for label in names if label not in taxonomy.index]
    known = [label for label in names if label in taxonomy.index]
    cells = {label: np.asarray(frame_column(frame, label)) for label in known}
    wrong = [label for label, column in cells.items() if not _is_marks(column)]
    if len(names) == 1 and (strange or wrong):
        items = iter(frame_column(frame, names[0]))
        return LabelSets(_from_items(items, taxonomy, unknown, name), "labels")
    problems = [
        Problem(name, f"column {label!r} holds other things than 0 and 1.") for label in wrong
    ]
    if unknown == "error":
        problems += [
            Problem(
                name, f"column {label!r} is no label.", taxonomy.near.suggest(label, as_code=True)
            )
            for label in strange
        ]
    if problems:
        raise DocumentError(problems)
    if strange and unknown == "warn":
        _warn(dict.fromkeys(strange, 1), "columns")
    matrix = np.zeros((count_rows(frame), len(taxonomy)), dtype=bool)
    for label, column in cells.items():
        matrix[:, taxonomy.index[label]] = column
    return LabelSets(_from_matrix(matrix, taxonomy, name), "indicator")


def _is_marks(column: NDArray[Any]) -> bool:
    return column.dtype.kind in "biuf" and bool(np.isin(column, (0, 1)).all())


def _items(y: Any) -> Iterator[Any]:
    if is_column(y):
        return read_column(y)
    if isinstance(y, np.ndarray) and y.ndim == 2:
        rows = map(plain_value, y.tolist())
        return iter([[label for label in row if label not in ("", None)] for row in rows])
    return iter(y.tolist() if isinstance(y, np.ndarray) else y)


def _from_items(items: Iterator[Any], taxonomy: Taxonomy, unknown: Unknown, name: str) -> csr_array:
    checker, log, spellings = LabelChecker(taxonomy), ReadingLog(), ReadingLog()
    problems: list[Problem] = []
    columns: list[NDArray[np.int32]] = []
    for number, item in enumerate(items):
        where = f"{name}[{number}]"
        labels = _labels(item, where, problems)
        document = checker.resolve(Document(str(number), {}, labels, where), spellings)
        found = checker.check(document)
        if found and unknown == "error":
            problems += [_hinted(problem) for problem in found]
        elif found:
            document = checker.drop_unknown(document, log)
        columns.append(checker.close(document))
    if problems:
        raise DocumentError(problems)
    if log.dropped and unknown == "warn":
        _warn(log.dropped, "labels")
    if spellings.warnings:
        warnings.warn("\n".join(problem_lines(spellings.warnings)), stacklevel=3)
    return sparse_targets(columns, len(taxonomy))


def _labels(item: Any, where: str, problems: list[Problem]) -> tuple[str, ...]:
    """Return the labels of one document as strings."""
    try:
        item = plain_value(item)
    except ValueError as error:
        problems.append(Problem(where, f"{error}, expected labels."))
        return ()
    if isinstance(item, str | int) and not isinstance(item, bool):
        item = [item]
    if not isinstance(item, list):
        what = "is missing" if item is None else f"is {type(item).__name__}"
        problems.append(Problem(where, f"{what}, expected labels.", "Give [] for none."))
        return ()
    labels = []
    for label in item:
        if isinstance(label, str | int) and not isinstance(label, bool):
            labels.append(str(label))
        else:
            kind = type(label).__name__
            problems.append(Problem(where, f"holds {kind}, expected labels as strings."))
    return tuple(labels)


def _hinted(problem: Problem) -> Problem:
    """Say how to give a matrix where 0 and 1 are taken for labels."""
    marks = any(problem.what == f"unknown label '{mark}'." for mark in "01")
    return Problem(problem.where, problem.what, problem.hint or _AS_ARRAY) if marks else problem


def _warn(dropped: Mapping[str, int], noun: str) -> None:
    shown = ", ".join(repr(label) for label in list(dropped)[:_SHOWN])
    more = f" and {len(dropped) - _SHOWN:,} more" if len(dropped) > _SHOWN else ""
    warnings.warn(f"{noun} that are not in the taxonomy are left out: {shown}{more}", stacklevel=4)
