"""Which labels of one taxonomy are those of another, by their codes."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn.taxonomy.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True, eq=False)
class LabelMatch:
    """Where the labels of a new taxonomy stood in an old one."""

    columns: NDArray[np.int64]
    """(C,) for each new label its old column; -1: it was added. Rows and columns of weights are
    carried over with it."""
    added: tuple[str, ...]
    """Codes that only the new one has, in its order."""
    retired: tuple[str, ...]
    """Codes that only the old one has, in its order."""


def match_labels(old: Sequence[str], new: Sequence[str]) -> LabelMatch:
    """Match the codes of two taxonomies, each of which has a code once."""
    known = {code: column for column, code in enumerate(old)}
    columns = np.fromiter((known.get(code, -1) for code in new), np.int64, len(new))
    kept = set(new)
    return LabelMatch(
        columns,
        tuple(code for code in new if code not in known),
        tuple(code for code in old if code not in kept),
    )


def parents_by_code(taxonomy: Taxonomy) -> dict[str, frozenset[str]]:
    """Return the codes of the parents of each label."""
    codes = taxonomy.codes
    found: dict[str, set[str]] = {code: set() for code in codes}
    for child, parent in taxonomy.edges.tolist():
        found[codes[child]].add(codes[parent])
    return {code: frozenset(parents) for code, parents in found.items()}


def in_order_of(old: Taxonomy, new: Taxonomy) -> Taxonomy:
    """Return *new*, which has the labels and parents of *old*, with its columns in the old order.

    What labels are called and described as is that of *new*.

    Raises:
        ValueError: the labels or their parents differ.
    """
    match = match_labels(new.codes, old.codes)
    if match.added or match.retired or parents_by_code(old) != parents_by_code(new):
        raise ValueError("Expected the same labels with the same parents.")
    if old.version == new.version:
        return new
    order = match.columns.tolist()
    told = ("names", "descriptions", "alternatives", "notations", "iris")
    moved: dict[str, Any] = {n: tuple(getattr(new, n)[at] for at in order) for n in told}
    return dataclasses.replace(new, codes=old.codes, levels=old.levels, edges=old.edges, **moved)
