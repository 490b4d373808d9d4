"""Pairs of child and parent, and the table of labels beside them."""

from __future__ import annotations

import re
from collections.abc import Callable

from harnn.taxonomy.graph import ROOT
from harnn.taxonomy.label_tables import BETWEEN_ALTERNATIVES
from harnn.taxonomy.taxonomy import Taxonomy

_BREAKS = re.compile(r"[\t\r\n]+")


def pairs_text(taxonomy: Taxonomy) -> str:
    """Return ``child<TAB>parent`` lines in column order."""
    lines = ["child\tparent"]
    for column, code in enumerate(taxonomy.codes):
        parents = [taxonomy.codes[parent] for parent in taxonomy.parents(column).tolist()]
        lines += [f"{code}\t{parent}" for parent in parents or [ROOT]]
    return "\n".join(lines) + "\n"


def labels_text(taxonomy: Taxonomy) -> str:
    """Return the table of names, and of other texts where there are any."""
    columns: dict[str, Callable[[int], str]] = {
        "label": lambda column: taxonomy.codes[column],
        "name": lambda column: taxonomy.names[column],
    }
    if any(taxonomy.descriptions):
        columns["description"] = lambda column: taxonomy.descriptions[column]
    if any(taxonomy.alternatives):
        columns["alternatives"] = lambda column: BETWEEN_ALTERNATIVES.join(
            name for name in taxonomy.alternatives[column] if BETWEEN_ALTERNATIVES not in name
        )
    if any(taxonomy.notations):
        columns["notation"] = lambda column: taxonomy.notations[column]
    rows = [list(columns)]
    rows += [[cell(column) for cell in columns.values()] for column in range(len(taxonomy))]
    return "".join("\t".join(_BREAKS.sub(" ", cell) for cell in row) + "\n" for row in rows)
