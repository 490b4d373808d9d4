"""Labels that are likely wrong or missing, told from scores of a model that did not see them.

Confident learning (Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in
Dataset Labels", JAIR 70, 2021) for each label against its absence, as the package ``cleanlab`` does
for documents with several labels:

- The threshold of a label is the mean score of the documents that have it; that of its absence the
  mean of 1 - score of those that do not: the mean self-confidence of either side.
- A label that a document does not have is likely *missing* where its score reaches the threshold
  of the label, and the model thinks it more likely than not. A label that a document has is likely
  *wrong* where 1 - score reaches the threshold of its absence, and is more than one half.
- What is most likely an error has the lowest self-confidence: the score of what stands there. For
  two sides the normalised margin, ((score - (1 - score)) + 1) / 2, orders them alike.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._memory import row_blocks
from harnn.counting import as_binary, check_same_shape
from harnn.taxonomy import Hierarchy

MIN_DOCUMENTS = 5
"""Of a label, and without it, so that their mean score says something."""
_TOLERANCE = 1e-6
"""Scores so little below a threshold reach it, as in cleanlab."""
Pairs = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]
"""Rows, columns, whether missing, and self-confidence."""
_NO_PAIRS: Pairs = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, bool), np.zeros(0))


@dataclass(frozen=True, slots=True, eq=False)
class LabelErrors:
    """E pairs of a document and a label that are likely errors, the likeliest first."""

    rows: NDArray[np.int64]
    """(E,) of the documents."""
    columns: NDArray[np.int64]
    """(E,) of the labels."""
    missing: NDArray[np.bool_]
    """(E,) whether the document should have the label; else it should not."""
    self_confidence: NDArray[np.float32]
    """(E,) 0 to 0.5, ascending: how sure the model is of what stands there."""
    implied: NDArray[np.bool_]
    """(E,) whether the pair follows from another of its document: an ancestor of a label that is
    missing too, a descendant of one that is wrong too."""
    present_thresholds: NDArray[np.float64]
    """(C,) mean score of the documents with the label; NaN where they are too few."""
    absent_thresholds: NDArray[np.float64]
    """(C,) mean of 1 - score of the documents without it; NaN where they are too few."""

    def __len__(self) -> int:
        """Count the pairs, E."""
        return len(self.rows)

    @property
    def skipped_labels(self) -> int:
        """Labels that too few documents have, or lack, to say anything of."""
        return int(np.isnan(self.present_thresholds).sum())

    def select(self, mask: NDArray[np.bool_]) -> LabelErrors:
        """Return the pairs where *mask* (E,) is true."""
        return dataclasses.replace(
            self,
            rows=self.rows[mask],
            columns=self.columns[mask],
            missing=self.missing[mask],
            self_confidence=self.self_confidence[mask],
            implied=self.implied[mask],
        )


def find_label_errors(
    scores: NDArray[Any],
    targets: Any,
    hierarchy: Hierarchy,
    *,
    min_documents: int = MIN_DOCUMENTS,
) -> LabelErrors:
    """Find pairs of a document and a label that are likely missing or wrong.

    scores: (N, C), 0 to 1, best from models that were trained without the document in question;
    targets: (N, C) label sets, sparse, closed upward. min_documents: of labels that fewer
    documents have, or lack, nothing is said. Beside its result it needs memory for one block of
    scores.

    Raises:
        ValueError: the shapes differ, scores are not from 0 to 1, or *min_documents* is below 1.
    """
    check_same_shape(scores=scores, targets=targets)
    hierarchy.check_columns(scores.shape[1])
    if min_documents < 1:
        raise ValueError(f"Expected min_documents of at least 1, got {min_documents}.")
    sets: Any = as_binary(targets)
    present, absent = _thresholds(scores, sets, min_documents)
    found = list(_find_pairs(scores, sets, present, absent)) or [_NO_PAIRS]
    rows, columns, missing, sure = (
        np.concatenate(parts)
        for parts in zip(*found, strict=True)  # each of all blocks
    )
    order = np.lexsort((columns, rows, sure))
    rows, columns, missing = rows[order], columns[order], missing[order]
    implied = _find_implied(rows, columns, missing, sets.shape, hierarchy)
    confidence = sure[order].astype(np.float32)
    return LabelErrors(rows, columns, missing, confidence, implied, present, absent)


def _thresholds(
    scores: NDArray[Any], sets: Any, min_documents: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean self-confidence (C,) of each label and of its absence."""
    documents, label_count = scores.shape
    of_all, of_true = np.zeros(label_count), np.zeros(label_count)
    for rows in row_blocks(documents, label_count):
        block = scores[rows].astype(np.float64)
        if block.size and not (block.min() >= 0 and block.max() <= 1):  # NaN compares false
            raise ValueError(
                f"Expected scores from 0 to 1, got {block.min():g} to {block.max():g}."
            )
        of_all += block.sum(axis=0)
        of_true += np.asarray(sets[rows].multiply(block).sum(axis=0)).ravel()
    with_label = np.asarray(sets.sum(axis=0), dtype=np.int64).ravel()
    without = documents - with_label
    enough = (with_label >= min_documents) & (without >= min_documents)
    present = np.full(label_count, np.nan)
    absent = np.full(label_count, np.nan)
    np.divide(of_true, with_label, out=present, where=enough)
    np.divide(without - (of_all - of_true), without, out=absent, where=enough)
    return present, absent


def _find_pairs(
    scores: NDArray[Any],
    sets: Any,
    present: NDArray[np.float64],
    absent: NDArray[np.float64],
) -> Iterator[Pairs]:
    """Yield the pairs by blocks of documents."""
    for rows in row_blocks(*scores.shape):
        block = scores[rows].astype(np.float64)
        here = sets[rows].toarray()
        # NaN thresholds, of labels that are too rare, compare false.
        missing = ~here & (block >= present - _TOLERANCE) & (block > 0.5)
        wrong = here & (1 - block >= absent - _TOLERANCE) & (block < 0.5)
        for mask, is_missing in ((missing, True), (wrong, False)):
            row, column = np.nonzero(mask)
            own = block[row, column]
            sure = 1 - own if is_missing else own
            yield row + rows.start, column, np.full(len(row), is_missing), sure


def _find_implied(
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
    missing: NDArray[np.bool_],
    shape: tuple[int, int],
    hierarchy: Hierarchy,
) -> NDArray[np.bool_]:
    """Tell ancestors of labels that are missing too, and descendants of labels that are wrong."""
    implied = np.zeros(len(rows), dtype=np.bool_)
    if not len(rows):
        return implied
    upward: Any = hierarchy.closure.astype(np.int32)
    for kind, relatives in ((missing, upward), (~missing, upward.T)):
        if not kind.any():  # of no cells SciPy returns an array that is sparse
            continue
        pairs = (np.ones(int(kind.sum()), np.int32), (rows[kind], columns[kind]))
        reached = csr_array(csr_array(pairs, shape=shape) @ relatives)
        # Every pair reaches itself once; a second time comes from a relative.
        implied[kind] = np.asarray(reached[rows[kind], columns[kind]]).ravel() > 1
    return implied
