"""Which labels of an answer rest on their names alone."""

from __future__ import annotations

from functools import partial

import numpy as np
from scipy.sparse import csr_array

from harnn._display import with_name
from harnn.answers import Note
from harnn.bundle import Bundle

_SHOWN = 5
"""Labels that a note names."""


def note_labels_by_name(
    notes: list[tuple[Note, ...]], chosen: csr_array[np.bool_], bundle: Bundle
) -> list[tuple[Note, ...]]:
    """Add to the notes of documents which of their labels no training document had.

    chosen: (N, C) label sets.
    """
    by_name = bundle.ensemble.by_name
    if by_name is None or not len(by_name.columns):
        return notes
    found = list(notes)
    cells = csr_array(chosen)[:, by_name.columns].tocsr()
    for row in np.flatnonzero(np.diff(cells.indptr)).tolist():
        places = np.sort(cells.indices[cells.indptr[row] : cells.indptr[row + 1]])
        codes = [bundle.taxonomy.codes[column] for column in by_name.columns[places].tolist()]
        names = [bundle.taxonomy.names[bundle.taxonomy.index[code]] for code in codes]
        sentence = _sentence(list(map(partial(with_name, quoted=False), codes, names)))
        found[row] = (*found[row], Note("labels_by_name", sentence, {"labels": codes}))
    return found


def _sentence(labels: list[str]) -> str:
    which = "its name" if len(labels) == 1 else "their names"
    more = f" and {len(labels) - _SHOWN:,} more" if len(labels) > _SHOWN else ""
    listed = ", ".join(labels[:_SHOWN])
    return f"Scored by {which} alone, without a training document: {listed}{more}."
