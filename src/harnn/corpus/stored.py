"""Whether arrays that were kept are those of a corpus: nothing else may reach compiled code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from harnn.errors import InputError, Problem

_KINDS = {
    "ids": "u",
    "token_ids": "i",
    "offsets": "i",
    "full_lengths": "i",
    "label_columns": "i",
    "label_offsets": "i",
}


def arrays_problem(
    arrays: Mapping[str, NDArray[Any]], label_count: int, word_count: int | None
) -> str:
    """Return what is wrong with the arrays of a corpus, or an empty string.

    label_count: C; word_count: V, None where it is not known.
    """
    for name, kind in _KINDS.items():
        array = arrays.get(name)
        if array is None:
            return f"{name} is missing"
        if array.ndim != 1 or array.dtype.kind != kind:
            return f"{name} is {array.dtype} of shape {array.shape}"
    documents = _count_ids(arrays["ids"])
    if documents is None:
        return "ids is no list of strings"
    lengths = np.diff(arrays["offsets"])
    return (
        _offsets_problem(arrays, "offsets", "token_ids", documents)
        or _offsets_problem(arrays, "label_offsets", "label_columns", documents)
        or _range_problem(arrays, "token_ids", word_count)
        or _range_problem(arrays, "label_columns", label_count)
        or _full_lengths_problem(arrays["full_lengths"], lengths)
    )


_OF = {"vectors": "the vectors of whole texts", "states": "the states of tokens"}


def check_vectors(
    arrays: Mapping[str, NDArray[Any]],
    rows: int,
    size: int,
    *,
    name: Literal["vectors", "states"] = "vectors",
    kind: type = np.float32,
) -> None:
    """Make sure that vectors that were kept are (N, D) finite numbers; kind: of these.

    Raises:
        InputError: they are not.
    """
    problem, vectors = "", arrays.get(name)
    if vectors is None:
        problem = "they are missing"
    elif vectors.dtype != kind or vectors.shape != (rows, size):
        expected = f"{np.dtype(kind)} of shape {(rows, size)}"
        problem = f"{vectors.dtype} of shape {vectors.shape}, expected {expected}"
    elif vectors.size and not (np.isfinite(vectors.min()) and np.isfinite(vectors.max())):
        problem = "they hold values that are no finite numbers"
    if problem:
        raise InputError(Problem("", f"{_OF[name]} are damaged: {problem}."))


def _count_ids(array: NDArray[Any]) -> int | None:
    if array.dtype != np.uint8:
        return None
    try:
        ids = json.loads(array.tobytes())
    except (ValueError, RecursionError):
        return None
    fits = isinstance(ids, list) and all(isinstance(x, str) for x in ids)
    return len(ids) if fits else None


def _offsets_problem(
    arrays: Mapping[str, NDArray[Any]], offsets: str, ends: str, documents: int
) -> str:
    found = arrays[offsets]
    if len(found) != documents + 1:
        return f"{offsets} has {len(found):,} values for {documents:,} documents"
    if found[0] != 0 or found[-1] != len(arrays[ends]) or bool((np.diff(found) < 0).any()):
        return f"{offsets} does not ascend from 0 to the end of {ends}"
    return ""


def _range_problem(arrays: Mapping[str, NDArray[Any]], name: str, limit: int | None) -> str:
    array = arrays[name]
    if not array.size or (array.min() >= 0 and (limit is None or array.max() < limit)):
        return ""
    return f"{name} holds values out of range"


def _full_lengths_problem(full_lengths: NDArray[Any], lengths: NDArray[Any]) -> str:
    if full_lengths.shape != lengths.shape or bool((full_lengths < lengths).any()):
        return "full_lengths does not fit the tokens"
    return ""
