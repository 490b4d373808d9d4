"""How well the name of a label fits a text: what was learned from labels that have documents.

For a text with the vector x and a label with the vector s of its own text,

    logit P(label | its parents) = a + b sib(x s) + c sib(x V s) + d logit(p)

x s: the cosine of both; V: a matrix (D, D) that makes labels of texts, in closed form (ESZSL:
Romera-Paredes and Torr 2015, ICML, "An embarrassingly simple approach to zero-shot learning"), with
labels weighted by one over the root of their documents; sib: how much more of it the label has
than its siblings together (:meth:`Siblings.log_odds`); p: the highest score of a sibling that has
documents, which explains the text already. a to d are fitted on labels that V did not see.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from harnn._tables import shown
from harnn.branches.by_name.siblings import Siblings
from harnn.branches.stored import is_number, is_whole

_SHARPNESS = 2.0
"""What similarities are multiplied by, in units of their spread, before siblings compete."""
_LEAST_SCORE = 1e-4
"""Of a sibling; also what stands for it where there is none."""
_LARGEST = 1e9
FEATURES = 3


class HeldOut(NamedTuple):
    """How well labels with documents were found when they were taken for labels without."""

    labels: int
    pairs: int
    """Of a validation document and such a label."""
    auprc: float
    """By their names, from 0 to 1."""
    auprc_without_names: float
    """By the scores of parents and siblings alone."""
    expected: float
    """Sum of all scores by name: as large as *pairs* where they are calibrated."""

    def describe(self) -> str:
        """Say how well it works."""
        return (
            f"on {self.pairs:,} pairs of a validation document and a label that was held out AUPRC "
            f"{self.auprc:.4f} by name, {self.auprc_without_names:.4f} without"
        )

    @classmethod
    def from_plain(cls, plain: Any) -> Self:
        """Undo ``list``.

        Raises:
            ValueError: it is something else.
        """
        if (
            not isinstance(plain, list)
            or len(plain) != len(cls._fields)
            or not all(is_whole(x, 0, int(_LARGEST)) for x in plain[:2])
            or not all(is_number(x, 0, _LARGEST) for x in plain[2:])
        ):
            raise ValueError(f"held_out: got {shown(plain)}, expected {', '.join(cls._fields)}")
        return cls(*plain)


@dataclass(frozen=True, eq=False)
class Relation:
    """From a text's vector and that of a label's text to the log odds of the label.

    Raises:
        ValueError: the parts do not fit together.
    """

    matrix: NDArray[np.float32] = field(repr=False)
    """V, (D, D)."""
    spreads: tuple[float, float]
    """Standard deviations of both similarities over all pairs of a document and a label."""
    weights: tuple[float, ...]
    """a, b, c and d."""
    held_out: HeldOut

    def __post_init__(self) -> None:
        size = len(self.matrix)
        if self.matrix.shape != (size, size) or len(self.weights) != 1 + FEATURES:
            got = f"{self.matrix.shape} and {len(self.weights)} weights"
            raise ValueError(f"expected a square matrix and {1 + FEATURES} weights, got {got}")
        if len(self.spreads) != 2 or min(self.spreads) <= 0:
            raise ValueError(f"spreads: got {shown(self.spreads)}, expected two above 0")

    def log_odds(
        self,
        vectors: NDArray[np.float32],
        labels: NDArray[np.float32],
        siblings: Siblings,
        scores: NDArray[np.float32],
    ) -> NDArray[np.float64]:
        """Return (N, U) log odds of labels, given that their parents are true.

        vectors: (N, D) of the texts; labels: (R, D) of the labels' texts; scores: (N, R) of labels
        that have documents, 0 of others.
        """
        similar = similarities(vectors, labels, self.matrix, self.spreads)
        bias, *weights = self.weights
        terms = features(similar, siblings, scores)
        odds = np.full(terms[0].shape, bias)
        for weight, term in zip(weights, terms, strict=True):
            odds += weight * term
        return odds


def similarities(
    vectors: NDArray[np.float32],
    labels: NDArray[np.float32],
    matrix: NDArray[np.float32],
    spreads: tuple[float, float] = (1.0, 1.0),
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return x s and x V s, (N, R) each, in units of their spread."""
    cosine = vectors @ (labels.T / np.float32(spreads[0]))
    mapped = (vectors @ matrix) @ (labels.T / np.float32(spreads[1]))
    return cosine, mapped


def features(
    similar: tuple[NDArray[np.float32], NDArray[np.float32]],
    siblings: Siblings,
    scores: NDArray[np.float32],
) -> tuple[NDArray[np.float64], ...]:
    """Return what the log odds are made of, (N, U) each; scores: see :meth:`Relation.log_odds`."""
    rival = np.clip(siblings.highest(scores), _LEAST_SCORE, 1 - _LEAST_SCORE).astype(np.float64)
    competing = (siblings.log_odds(np.float32(_SHARPNESS) * each) for each in similar)
    return (*competing, np.log(rival / (1 - rival)))
