"""The labels of a model that have no training document, and their scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from harnn._memory import row_blocks
from harnn._tables import shown
from harnn.branches.branch import Parts
from harnn.branches.by_name.descent import Descent, descents_of
from harnn.branches.by_name.label_texts import has_text, label_texts
from harnn.branches.by_name.relation import FEATURES, HeldOut, Relation
from harnn.branches.by_name.siblings import Siblings
from harnn.branches.stored import StoredModel, is_number
from harnn.errors import BundleError, Problem
from harnn.taxonomy import Hierarchy, Taxonomy

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""From K texts to their vectors (K, D)."""
PLACE = "by_name"
"""Of its arrays, and its name among the settings of a model."""
_LARGEST = 1e6


class _Closed(NamedTuple):
    """Scores of labels with documents, closed upward, as what is below them reads them."""

    by_label: NDArray[np.float32]
    """(C, B); 0 of labels without documents."""
    siblings: NDArray[np.float32]
    """(B, R) of the labels and their siblings, as they were before; 0 likewise."""


@dataclass(frozen=True, eq=False)
class ByName:
    """Labels that are scored by their names alone: U of C, in columns that nothing else fills.

    The score of such a label is the lowest of its parents' scores, closed upward, times its
    probability given its parents. So it is above no ancestor's, and closing upward leaves all
    other labels as they are.
    """

    relation: Relation
    columns: NDArray[np.int64]
    """(U,) ascending."""
    vectors: NDArray[np.float32] = field(repr=False)
    """(R, D) of the texts of these labels and their siblings."""
    siblings: Siblings = field(repr=False)
    hierarchy: Hierarchy = field(repr=False)

    @classmethod
    def of(
        cls,
        relation: Relation,
        encode: Encode,
        taxonomy: Taxonomy,
        label_counts: NDArray[np.int64],
    ) -> Self:
        """Score the labels of a taxonomy that have a text and no training document.

        encode: makes vectors (K, D) of texts; label_counts: (C,) training documents, closed upward.
        """
        readable = has_text(taxonomy)
        columns = np.flatnonzero(readable & (np.asarray(label_counts) == 0))
        siblings = Siblings.of(taxonomy.hierarchy, columns, readable)
        vectors = encode(label_texts(taxonomy, siblings.columns))
        return cls(relation, columns, vectors, siblings, taxonomy.hierarchy)

    def fill(
        self, scores: NDArray[np.float32], vectors: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return scores (N, C) with those of these labels, and all others as they are.

        vectors: (N, D) of the texts.
        """
        if not len(self.columns):
            return scores
        filled = scores.copy()
        for rows in row_blocks(*scores.shape):
            self._fill(filled[rows], vectors[rows])
        return filled

    def _fill(self, scores: NDArray[np.float32], vectors: NDArray[np.float32]) -> None:
        known = self._closed(scores)
        odds = self.relation.log_odds(vectors, self.vectors, self.siblings, known.siblings)
        with np.errstate(over="ignore"):  # infinity, of which 0 becomes
            likely = (1 / (1 + np.exp(-odds))).astype(np.float32)  # (B, U)
        roots = np.isin(self.columns, self.hierarchy.roots)
        known.by_label[self.columns[roots]] = likely[:, roots].T
        for step in self.hierarchy.downward.values():  # parents first
            here = np.flatnonzero(np.isin(step.readers, self.columns))
            mine = step.readers[here]
            lowest = step.lowest(known.by_label)[here]
            place = np.searchsorted(self.columns, mine)
            known.by_label[mine] = lowest * likely[:, place].T
        scores[:, self.columns] = known.by_label[self.columns].T

    def _closed(self, scores: NDArray[np.float32]) -> _Closed:
        """Return the scores (B, C) of other labels as these read them."""
        others = scores.copy()
        others[:, self.columns] = 0
        return _Closed(self.hierarchy.lift(others).T, others[:, self.siblings.columns])

    def log_odds(
        self, scores: NDArray[np.float32], vectors: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return the log odds (N, U) of these labels given that their parents are true.

        scores: (N, C), vectors: (N, D).
        """
        others = self._closed(scores).siblings
        odds = self.relation.log_odds(vectors, self.vectors, self.siblings, others)
        return odds.astype(np.float32)

    def descents(self, columns: list[int], scores: NDArray[np.float32]) -> dict[int, Descent]:
        """Return what the scores of some of these labels are made of, by column.

        scores: (C,) of a document before closing, these labels included.
        """
        return descents_of(columns, self.columns, self.siblings.columns, scores, self.hierarchy)

    def to_parts(self, *, light: bool = False, int8: bool = False) -> Parts:  # noqa: ARG002
        """Return what is stored, always the same: see :meth:`harnn.branches.Branch.to_parts`."""
        relation = self.relation
        arrays: dict[str, NDArray[Any]] = {
            f"{PLACE}.matrix": relation.matrix,
            f"{PLACE}.columns": self.columns,
            f"{PLACE}.beside": self.siblings.columns,
            f"{PLACE}.vectors": self.vectors,
        }
        plain = {
            "weights": list(relation.weights),
            "spreads": list(relation.spreads),
            "held_out": list(relation.held_out),
        }
        return Parts(arrays=arrays, settings={PLACE: plain})


def read_by_name(stored: StoredModel, taxonomy: Taxonomy, *, reads: bool) -> ByName | None:
    """Read what :meth:`ByName.to_parts` wrote; None where a model has none.

    reads: whether the model reads vectors of whole texts.

    Raises:
        BundleError: parts are missing, damaged, or of another taxonomy.
    """
    plain = stored.settings.get(PLACE)
    if plain is None:
        return None
    if not reads:
        what = f"{PLACE}: labels are scored by their names, but there is no branch text_vectors."
        raise BundleError(Problem(stored.settings_path, what))
    try:
        weights, spreads, held_out = _numbers(plain)
    except ValueError as error:
        raise BundleError(Problem(stored.settings_path, f"{PLACE}: {error}.")) from None
    try:
        arrays = stored.under(PLACE)
        columns, beside = (_columns(arrays, name, len(taxonomy)) for name in ("columns", "beside"))
        readable = np.zeros(len(taxonomy), dtype=np.bool_)
        readable[beside] = True
        siblings = Siblings.of(taxonomy.hierarchy, columns, readable)
        if not np.isin(columns, beside).all() or len(siblings.columns) != len(beside):
            raise ValueError("beside: expected the columns and their siblings")
        matrix = _floats(arrays, "matrix", None)
        vectors = _floats(arrays, "vectors", (len(beside), len(matrix)))
        relation = Relation(matrix, spreads, weights, held_out)
    except ValueError as error:
        what = f"is damaged: {PLACE}: {error}."
        raise BundleError(Problem(stored.arrays_path, what)) from None
    return ByName(relation, columns, vectors, siblings, taxonomy.hierarchy)


def _numbers(plain: Any) -> tuple[tuple[float, ...], tuple[float, float], HeldOut]:
    """Raises:
    ValueError: they are something else.
    """
    if not isinstance(plain, dict):
        raise ValueError(f"got {shown(plain)}, expected an object")
    weights = _row(plain, "weights", 1 + FEATURES)
    cosine, mapped = _row(plain, "spreads", 2)
    return weights, (cosine, mapped), HeldOut.from_plain(plain.get("held_out"))


def _row(plain: dict[str, Any], name: str, count: int) -> tuple[float, ...]:
    """Raises:
    ValueError: it is no list of that many numbers.
    """
    row = plain.get(name)
    if (
        not isinstance(row, list)
        or len(row) != count
        or not all(is_number(x, -_LARGEST, _LARGEST) for x in row)
    ):
        raise ValueError(f"{name}: got {shown(row)}, expected {count} numbers")
    return tuple(map(float, row))


def _columns(arrays: Mapping[str, NDArray[Any]], name: str, most: int) -> NDArray[np.int64]:
    """Raises:
    ValueError: they are no columns.
    """
    found = arrays.get(name)
    if (
        found is None
        or found.dtype != np.int64
        or found.ndim != 1
        or (len(found) and not (found[0] >= 0 and found[-1] < most and (np.diff(found) > 0).all()))
    ):
        raise ValueError(f"{name}: expected columns of the taxonomy in ascending order")
    return found


def _floats(
    arrays: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, int] | None
) -> NDArray[np.float32]:
    """Raises:
    ValueError: it is no matrix of that shape.
    """
    found = arrays.get(name)
    if (
        found is None
        or found.dtype != np.float32
        or found.ndim != 2
        or shape not in (None, found.shape)
    ):
        got = "nothing" if found is None else f"{found.dtype} of shape {found.shape}"
        raise ValueError(f"{name}: got {got}, expected float32 of shape {shape or '(D, D)'}")
    return found
