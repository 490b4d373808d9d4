"""Scores of documents by models that were trained without them, as a file.

``out-of-fold.npz`` (NumPy, nothing pickled) holds for N documents and C labels

=================  =====================================================================
``scores``         (N, C) float32
``folds``          (N,) the fold of each document, from 0
``label_columns``  columns of the labels of all documents, closed upward
``label_offsets``  (N + 1,) where those of each document begin
``ids``            JSON: a list of the documents' ids, as bytes
``codes``          JSON: a list of the labels, as bytes
``taxonomy``       its version, as bytes
=================  =====================================================================
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._arrays import NO_ARRAYS
from harnn._display import escape_json, reason_of
from harnn._files import parse_model_json, read_model_json, write_atomically
from harnn.decode import Scores
from harnn.errors import BundleError, Problem

FOLDS = "folds.json"
"""The file that tells a directory of folds from others."""
OUT_OF_FOLD = "out-of-fold.npz"
_NAMES = ("scores", "folds", "label_columns", "label_offsets", "ids", "codes", "taxonomy")


@dataclass(frozen=True, kw_only=True, eq=False)
class OutOfFold:
    """Scores of documents by models that were trained without them."""

    scores: Scores
    targets: csr_array
    """(N, C) bool, closed upward."""
    folds: NDArray[np.int64]
    """(N,) from 0."""
    codes: tuple[str, ...]
    """(C,) of the labels."""
    taxonomy_version: str


def save_out_of_fold(found: OutOfFold, directory: Path) -> Path:
    """Write the scores to ``out-of-fold.npz``.

    Raises:
        InputError: it cannot be written.
    """
    path = directory / OUT_OF_FOLD
    arrays: dict[str, Any] = {
        "scores": found.scores.values,
        "folds": found.folds,
        "label_columns": found.targets.indices,
        "label_offsets": found.targets.indptr,
        "ids": _as_bytes(list(found.scores.ids)),
        "codes": _as_bytes(list(found.codes)),
        "taxonomy": np.frombuffer(found.taxonomy_version.encode(), np.uint8),
    }
    with write_atomically(path, "wb") as file:
        np.savez(file, **arrays)
    return path


def load_out_of_fold(directory: str | Path) -> OutOfFold:
    """Read the scores of a directory of folds.

    Raises:
        BundleError: there are none, or they are damaged.
    """
    path = Path(directory) / OUT_OF_FOLD
    if not path.is_file():
        hint = "Make them with harnn train --folds 5."
        raise BundleError(Problem(str(path), "no such file of out-of-fold scores.", hint))
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in _NAMES}
        return _checked(arrays, str(path))
    except NO_ARRAYS as error:
        hint = "Make them again with harnn train --folds."
        raise BundleError(Problem(str(path), f"is damaged: {reason_of(error)}.", hint)) from None


def read_folds_json(directory: Path) -> dict[str, Any] | None:
    """Return what ``folds.json`` holds; None where there is no such file.

    Raises:
        BundleError: it is damaged.
    """
    path = directory / FOLDS
    if not path.exists():
        return None
    found = read_model_json(path)
    return found if isinstance(found, dict) else {}


def write_folds_json(directory: Path, value: dict[str, Any]) -> None:
    """Write ``folds.json``.

    Raises:
        InputError: it cannot be written.
    """
    with write_atomically(directory / FOLDS) as file:
        file.write(escape_json(json.dumps(value, ensure_ascii=False, indent=1)) + "\n")


def _checked(arrays: dict[str, NDArray[Any]], where: str) -> OutOfFold:
    """Return what arrays hold.

    Raises:
        ValueError, BundleError: they do not fit each other.
    """
    ids, codes = (_as_list(arrays[name], where) for name in ("ids", "codes"))
    scores = Scores(tuple(ids), arrays["scores"])
    columns, offsets = arrays["label_columns"], arrays["label_offsets"]
    shape = (len(ids), len(codes))
    if scores.values.shape != shape or arrays["folds"].shape != shape[:1]:
        raise ValueError("its arrays do not fit each other")
    values = np.ones(len(columns), dtype=np.bool_)
    targets = csr_array((values, columns.astype(np.int32), offsets.astype(np.int64)), shape=shape)
    targets.check_format(full_check=True)
    return OutOfFold(
        scores=scores,
        targets=targets,
        folds=arrays["folds"].astype(np.int64),
        codes=tuple(codes),
        taxonomy_version=arrays["taxonomy"].tobytes().decode(),
    )


def _as_bytes(values: list[str]) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(values).encode(), np.uint8)


def _as_list(array: NDArray[Any], where: str) -> list[str]:
    found = parse_model_json(array.tobytes().decode(), where)
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ValueError("expected a list of strings")
    return found
