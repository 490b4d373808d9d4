"""Names that are alike: candidates by the rare pieces that they share, then compared in full.

Comparing each name with each would take hours for tens of thousands of labels. Pieces (two or
three characters) of few names decide which pairs are compared at all: a product of two sparse
matrices (TF-IDF, cosine).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from harnn.taxonomy.near_texts import LONGEST

_MOST_NAMES_OF_A_PIECE = 100
_LEAST_COSINE = 0.3
_CANDIDATES = 8
_ROWS = 1_000
"""Names that are compared at once, which bounds memory."""


def candidates(old: Sequence[str], new: Sequence[str]) -> list[list[int]]:
    """Return for each old name the places of the new names that may be like it, likeliest first."""
    found: list[list[int]] = [[] for _ in old]
    pieces = [[_pieces(name) for name in names] for names in (old, new)]
    counts = [Counter(piece for bag in bags for piece in bag) for bags in pieces]
    shared = [
        piece
        for piece, count in counts[0].items()
        if count <= _MOST_NAMES_OF_A_PIECE and 0 < counts[1][piece] <= _MOST_NAMES_OF_A_PIECE
    ]
    if not shared:
        return found
    column = {piece: number for number, piece in enumerate(shared)}
    total = len(old) + len(new)
    weights = np.array([np.log(total / (counts[0][p] + counts[1][p])) + 1 for p in shared])
    left, right = (_matrix(bags, column, weights) for bags in pieces)
    for first in range(0, len(old), _ROWS):
        cosines = csr_array(left[first : first + _ROWS] @ right.T)
        for row in range(cosines.shape[0]):
            cells = slice(cosines.indptr[row], cosines.indptr[row + 1])
            values, places = cosines.data[cells], cosines.indices[cells]
            best = np.lexsort((places, -values))[:_CANDIDATES]
            found[first + row] = [int(places[at]) for at in best if values[at] >= _LEAST_COSINE]
    return found


def _pieces(name: str) -> set[str]:
    text = f" {name[:LONGEST]} "
    return {text[at : at + size] for size in (2, 3) for at in range(len(text) - size + 1)}


def _matrix(
    bags: Sequence[set[str]], column: dict[str, int], weights: np.ndarray[tuple[int], np.dtype]
) -> csr_array:
    starts, columns = [0], []
    for bag in bags:
        columns += sorted(column[piece] for piece in bag if piece in column)
        starts.append(len(columns))
    matrix = csr_array((weights[columns], columns, starts), shape=(len(bags), len(column)))
    lengths = np.sqrt(matrix.multiply(matrix).sum(axis=1))
    matrix.data /= np.repeat(np.maximum(lengths, 1e-12), np.diff(matrix.indptr))
    return matrix
