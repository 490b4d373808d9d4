"""Which documents are held back, to choose the best epoch, the blend and the thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._cells import plain_value
from harnn.data import Document
from harnn.data.fingerprints import hash_text
from harnn.data.stratify import stratify
from harnn.errors import ConfigError, DocumentError, Problem


def validation_rows(
    documents: Sequence[Document],
    sets: csr_array,
    share: float,
    *,
    groups: Any = None,
    seed: int = 0,
) -> NDArray[np.bool_]:
    """Return (N,) whether each document is held back; at least one is, and one is not.

    Every label has its share of those held back, as far as that can be, and a label of one
    document is trained on. Documents of a group stay together, without groups those of one text.

    sets: (N, C) their label sets; share: above 0 and below 1; groups: (N,).

    Raises:
        ConfigError: there is not one group for each document, or one is missing.
        DocumentError: there is but one document, text or group.
    """
    units = _texts(documents) if groups is None else _numbered(groups, len(documents))
    if len(np.unique(units)) < 2:
        noun = "text" if groups is None else "group"
        what = f"has but one {noun}, expected 2 at least: some are held back for validation."
        raise DocumentError(Problem("X", what))
    held = stratify(sets, [1 - share, share], seed=seed, units=units, train_first=True) == 1
    if held.any() and not held.all():
        return np.asarray(held)
    drawn = np.random.default_rng(seed).integers(len(units))
    return np.asarray(units == units[drawn])


def _texts(documents: Sequence[Document]) -> NDArray[np.int64]:
    """Return the number of each document's text."""
    return _places([hash_text(document.full_text) for document in documents])


def _numbered(groups: Any, count: int) -> NDArray[np.int64]:
    """Return the number of each document's group."""
    names = np.asarray(groups)
    if names.shape != (count,):
        what = f"has shape {names.shape}, expected one group for each of {count:,} documents."
        raise ConfigError(Problem("groups", what))
    keys = plain_value(names)
    if None in keys:
        what = "is missing, expected the group of each document."
        raise ConfigError(Problem(f"groups[{keys.index(None)}]", what))
    return _places(keys)


def _places(keys: Sequence[Any]) -> NDArray[np.int64]:
    """Number distinct keys in the order in which they come first."""
    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
