"""The labels of a taxonomy as clients ask for them: by words, by place, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn.errors import suggest
from harnn.serve.problems import RequestError
from harnn.taxonomy import LabelSearch, Taxonomy
from harnn.taxonomy.graph import IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelQuery:
    """Which labels are asked for; what is None or empty asks for nothing."""

    words: str = ""
    parent: str | None = None
    """Direct children of this label alone."""
    under: str | None = None
    """This label and all below it."""
    level: int | None = None
    """1 is the top."""

    def columns(self, taxonomy: Taxonomy, search: LabelSearch) -> IntArray:
        """Return the columns of all labels asked for, in order.

        Raises:
            RequestError: no label is called *parent* or *under* (404).
        """
        found = (
            search.ranked(self.words)
            if self.words.strip()
            else np.arange(len(taxonomy), dtype=np.int32)
        )
        if self.parent is not None:
            children = taxonomy.children(column_of(taxonomy, self.parent))
            found = found[np.isin(found, children)]
        if self.under is not None:
            found = found[_is_under(taxonomy, column_of(taxonomy, self.under))[found]]
        if self.level is not None:
            found = found[taxonomy.levels[found] == self.level]
        return found


def column_of(taxonomy: Taxonomy, code: str) -> int:
    """Return the column of a label.

    Raises:
        RequestError: there is none of that code (404).
    """
    column = taxonomy.index.get(code)
    if column is None:
        hint = suggest(code, taxonomy.codes)
        raise RequestError(404, f"No label has the code {code!r}. {hint}".rstrip())
    return column


def describe_label(taxonomy: Taxonomy, column: int) -> dict[str, Any]:
    """Return a label as JSON: ``label, name, level, path, parents, children`` (their number), and
    what is not empty of ``description, alternatives, notation, iri``.
    """
    codes = taxonomy.codes
    plain: dict[str, Any] = {
        "label": codes[column],
        "name": taxonomy.names[column],
        "level": int(taxonomy.levels[column]),
        "path": [codes[each] for each in taxonomy.path(column).tolist()],
        "parents": [codes[each] for each in taxonomy.parents(column).tolist()],
        "children": len(taxonomy.children(column)),
    }
    more = {
        "description": taxonomy.descriptions[column],
        "alternatives": list(taxonomy.alternatives[column]),
        "notation": taxonomy.notations[column],
        "iri": taxonomy.iris[column],
    }
    return plain | {name: value for name, value in more.items() if value}


def _is_under(taxonomy: Taxonomy, column: int) -> NDArray[np.bool_]:
    """Tell of each label (C,) whether it is *column* or below it."""
    found = np.zeros(len(taxonomy), dtype=np.bool_)
    waiting = [column]
    while waiting:
        here = waiting.pop()
        if not found[here]:
            found[here] = True
            waiting += taxonomy.children(here).tolist()
    return found
