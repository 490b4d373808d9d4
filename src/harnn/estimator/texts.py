"""From the X of scikit-learn to documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import issparse

from harnn._cells import plain_value
from harnn._frames import column_names, is_column, is_frame, read_column, read_rows
from harnn.config import DataConfig
from harnn.data import Document
from harnn.data.fields import read_text
from harnn.errors import DocumentError, Problem

_NUMBERS = "These estimators read texts themselves: give them texts, without a vectorizer before."


def read_texts(X: Any, fields: Sequence[str] = (), *, name: str = "X") -> list[Document]:
    """Return N documents without labels.

    X: strings, mappings of field names to texts, or :class:`harnn.Document` objects, in any
    sequence, array or column; or a frame of pandas, Polars or Arrow, whose columns are the fields.
    fields: those that are read of mappings and frames, in their order; empty: all as they stand.
    name: of X in messages.

    Raises:
        DocumentError: X is something else, or some are no texts; all of them in one report.
    """
    config = DataConfig(text_fields=tuple(fields))
    problems: list[Problem] = []
    documents = [
        _document(str(number), item, f"{name}[{number}]", config, problems)
        for number, item in enumerate(_items(X, fields, name))
    ]
    if problems:
        raise DocumentError(problems)
    return documents


def columns_of(X: Any) -> tuple[str, ...]:
    """Return the columns of a frame; none of anything else.

    Raises:
        InputError: two columns have one name, or the frame is lazy.
    """
    return tuple(column_names(X)) if is_frame(X) else ()


def _items(X: Any, fields: Sequence[str], name: str) -> Iterator[Any]:
    if isinstance(X, str | bytes | Mapping | Document):
        raise DocumentError(Problem(name, "is one text, expected a list of them: give [text]."))
    if is_frame(X):
        return read_rows(X, fields or None)
    if is_column(X):
        return read_column(X)
    if hasattr(X, "__array__"):
        X = np.asarray(X)
    if issparse(X) or (isinstance(X, np.ndarray) and X.dtype.kind in "biufc"):
        raise DocumentError(Problem(name, "holds numbers, expected texts.", _NUMBERS))
    if isinstance(X, np.ndarray):
        if X.ndim != 1 and X.shape[1:] != (1,):
            what = f"is an array of shape {X.shape}, expected one text a document."
            raise DocumentError(Problem(name, what, "Give several fields as a frame or as dicts."))
        return iter(X.ravel().tolist())
    if not isinstance(X, Iterable) or isinstance(X, set | frozenset):
        raise DocumentError(Problem(name, f"is {type(X).__name__}, expected a list of texts."))
    return iter(X)


def _document(
    number: str, item: Any, where: str, config: DataConfig, problems: list[Problem]
) -> Document:
    if isinstance(item, Document):
        return Document(number, dict(item.text), None, where)
    text: dict[str, str] = {}
    try:
        item = plain_value(item)
    except ValueError as error:
        problems.append(Problem(where, f"{error}, expected a text."))
    else:
        if isinstance(item, str):
            text = {"text": item}
        elif isinstance(item, dict):
            faults: list[tuple[str, str]] = []
            text = read_text({"text": item}, config, faults)
            problems += [Problem(where, what, hint) for what, hint in faults]
        elif item is None:
            problems.append(Problem(where, "is missing, expected a text.", 'Give "" for none.'))
        else:
            first = item[0] if isinstance(item, list) and item else item
            hint = _NUMBERS if isinstance(first, int | float) else ""
            what = f"is {type(item).__name__}, expected a text."
            problems.append(Problem(where, what, hint))
    return Document(number, text, None, where)
