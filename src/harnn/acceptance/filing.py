"""Answers, filed: which of their labels are accepted, and which wait for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from harnn.acceptance.acceptance import Acceptance
from harnn.acceptance.confidence import confidences, filed_levels
from harnn.answers import PredictedLabel, Prediction
from harnn.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Filing:
    """What becomes of one answer."""

    id: str
    """Of the document."""
    level: int
    """The deepest level that it is filed to, 1 being the top; 0: nothing is accepted."""
    confidence: float | None
    """On that level; None where nothing is accepted."""
    accepted: tuple[PredictedLabel, ...]
    """Labels on that level and above."""
    waiting: tuple[PredictedLabel, ...]
    """Labels of the answer that lie deeper: a person decides on them."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON: the level and the codes of the labels accepted."""
        return {"level": self.level, "labels": [each.label for each in self.accepted]}


def file_answers(
    answers: Sequence[Prediction], acceptance: Acceptance, taxonomy: Taxonomy
) -> list[Filing]:
    """File answers to the deepest level that keeps its promise, all labels down to it together.

    The answers are those of the model that the acceptance was made for, asked in the same way
    (:meth:`Acceptance.check`), closed upward and with their scores as the model gave them.

    Raises:
        ValueError: the taxonomy is not that of the acceptance, or lacks a label of an answer.
    """
    if taxonomy.version != acceptance.taxonomy_hash:
        raise ValueError("Expected the taxonomy that the acceptance was made with, got another.")
    index = taxonomy.index
    unknown = [x.label for answer in answers for x in answer.labels if x.label not in index]
    if unknown:
        raise ValueError(f"Expected labels of the taxonomy, got {unknown[0]!r}.")
    columns = [index[each.label] for answer in answers for each in answer.labels]
    scores = [each.score for answer in answers for each in answer.labels]
    ends = np.cumsum([0, *(len(answer.labels) for answer in answers)])
    cells = (np.array(scores, np.float32), np.array(columns, np.int32), ends)
    sets: csr_array[np.float32] = csr_array(cells, shape=(len(answers), len(taxonomy)))
    sets.sort_indices()  # as they were when the acceptance was made, so that products are the same
    never = np.zeros(len(taxonomy), dtype=np.bool_)
    never[[index[code] for code in acceptance.never]] = True
    found = confidences(sets, taxonomy.hierarchy, never=never)
    deepest = filed_levels(found, acceptance.cuts)
    return [
        _file(answer, level, float(sure[level - 1]) if level else None)
        for answer, level, sure in zip(answers, deepest.tolist(), found, strict=True)
    ]


def _file(answer: Prediction, level: int, confidence: float | None) -> Filing:
    accepted = tuple(each for each in answer.labels if each.level <= level)
    waiting = tuple(each for each in answer.labels if each.level > level)
    return Filing(answer.id, level, confidence, accepted, waiting)
