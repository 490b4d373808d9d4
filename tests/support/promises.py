"""Answers and judged documents made by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn.acceptance import Judged
from harnn.answers import PredictedLabel, Prediction
from harnn.taxonomy import Taxonomy


def as_sets(rows: Sequence[Sequence[str]], taxonomy: Taxonomy) -> csr_array[np.bool_]:
    """Return label sets (N, C), closed upward."""
    dense = np.zeros((len(rows), len(taxonomy)), dtype=np.bool_)
    for row, labels in enumerate(rows):
        columns = [taxonomy.index[label] for label in labels]
        dense[row, taxonomy.hierarchy.close_upward(columns)] = True
    return csr_array(dense)


def as_scores(rows: Sequence[Mapping[str, float]], taxonomy: Taxonomy) -> NDArray[np.float32]:
    """Return scores (N, C), 0 where none is given."""
    scores = np.zeros((len(rows), len(taxonomy)), dtype=np.float32)
    for row, of_labels in enumerate(rows):
        for label, score in of_labels.items():
            scores[row, taxonomy.index[label]] = score
    return scores


def answer(name: str, scores: Mapping[str, float], taxonomy: Taxonomy) -> Prediction:
    """Return an answer with these labels, which hold their ancestors."""
    columns = sorted(taxonomy.index[label] for label in scores)
    labels = (taxonomy.codes[column] for column in columns)
    return Prediction(
        name,
        tuple(
            PredictedLabel(
                label, label, float(np.float32(scores[label])),
                int(taxonomy.levels[taxonomy.index[label]]), (label,),
            )
            for label in labels
        ),
    )  # fmt: skip


def judged(confidence: Sequence[Sequence[float]], right: Sequence[Sequence[bool]]) -> Judged:
    """Return judged documents; a level that is not in question is written as -1."""
    values = np.array(confidence, dtype=np.float32)
    values[values < 0] = np.nan
    return Judged(values, np.array(right, dtype=np.bool_), 0)


def line(documents: int, wrong: Sequence[int], depth: int = 1) -> Judged:
    """Return documents with falling confidence, of which those at some places are wrong."""
    confidence = np.linspace(0.99, 0.01, documents, dtype=np.float32)
    right = np.ones((documents, depth), dtype=np.bool_)
    right[list(wrong)] = False
    return Judged(np.repeat(confidence[:, np.newaxis], depth, axis=1), right, 0)
