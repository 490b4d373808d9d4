"""What labels say of themselves: the text that an encoder reads of each."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from harnn.taxonomy import Taxonomy

_WORD = re.compile(r"[^\W\d_]{4,}|[^\W\d_a-zA-Z]")
"""What a word has and a code such as ``F16H`` or ``T1016.001`` has not: four letters in a row, or a
letter that is not one of the Latin alphabet's 26."""


def has_text(taxonomy: Taxonomy) -> NDArray[np.bool_]:
    """Return (C,) whether a label has a name that says something, or a description.

    A name that is the code itself counts where there is a word in it.
    """
    given = zip(
        taxonomy.codes,
        taxonomy.names,
        taxonomy.descriptions,
        taxonomy.alternatives,
        strict=True,
    )
    return np.array(
        [
            bool(description or others) or name != code or bool(_WORD.search(name))
            for code, name, description, others in given
        ],
        dtype=np.bool_,
    )


def label_texts(taxonomy: Taxonomy, columns: NDArray[np.int64]) -> list[str]:
    """Return the text of each label in *columns*: its name, other names and description.

    The names of those above it are not in it: its siblings, with which it is compared, have the
    same ones.
    """
    return [_text(taxonomy, column) for column in columns.tolist()]


def _text(taxonomy: Taxonomy, column: int) -> str:
    names = "; ".join((taxonomy.names[column], *taxonomy.alternatives[column]))
    description = taxonomy.descriptions[column]
    return f"{names}. {description}" if description else names
