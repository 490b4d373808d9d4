"""From the branches' outputs to one calibrated probability for each label.

For each level a logistic regression, fitted on the validation documents, reads what every branch
says of a label, and of its surroundings:

    logit P(label) = a + a' f + sum over branches of  z (b + b' f) + c u + d (z - v) + e (w - z)

z: the branch's output for the label (N, C); f: how frequent the label is in training, so that a
branch counts more where it knows more; u: the highest z of the label's parents, 0 for roots; v:
the highest z of the *other* labels of its level, with which it competes; w: the highest z of its
children, where it has any. With a and b alone this is Platt's calibration of one branch (1999). A
level has 2 + 5 K weights for K branches, too few to overfit; they are drawn to a plain mean of the
branches where there is little to learn from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._memory import row_blocks
from harnn._scratch import blank
from harnn.branches.kinds import from_stored_names, to_stored_names
from harnn.branches.regression import fit_folds
from harnn.branches.stored import number_rows, strings
from harnn.errors import BundleError, Problem
from harnn.taxonomy import Hierarchy
from harnn.taxonomy.hierarchy import Step

_FOLDS = 5
_MOST_VALUES = 100_000_000
"""Terms of a level in memory at once: 400 MB. Of more, evenly chosen documents are used."""


Outputs = Mapping[str, NDArray[np.float32]]
"""(N, C) by branch."""


@dataclass(frozen=True, eq=False)
class Blend:
    """The fitted weights of all levels.

    Raises:
        ValueError: the parts do not fit together.
    """

    branches: tuple[str, ...]
    weights: NDArray[np.float64] = field(repr=False)
    """(L, 2 + 5 K)."""
    label_counts: NDArray[Any] = field(repr=False)
    """(C,) documents from which the weights of each label were learned."""
    hierarchy: Hierarchy = field(repr=False)

    def __post_init__(self) -> None:
        expected = (self.hierarchy.depth, 2 + 5 * len(self.branches))
        if self.weights.shape != expected or len(self.label_counts) != len(self.hierarchy):
            raise ValueError(f"Expected weights of shape {expected}, got {self.weights.shape}.")

    @cached_property
    def frequency(self) -> NDArray[np.float32]:
        """(C,) ln(1 + documents), with mean 0 and variance 1."""
        mean, spread = frequency_scale(self.label_counts)
        return np.asarray((_frequency(self.label_counts) - mean) / spread, np.float32)

    @classmethod
    def fit(
        cls,
        outputs: Outputs,
        targets: Any,
        hierarchy: Hierarchy,
        *,
        label_counts: NDArray[Any],
        priors: Mapping[str, float],
        around: Self | None = None,
    ) -> tuple[Self, NDArray[np.float32]]:
        """Fit the weights on labelled documents, targets (N, C).

        label_counts: (C,) training documents; priors: by branch, what its output is multiplied by
        before anything is known; around: a blend of the same branches, which the weights are drawn
        to in place of what priors say.

        Returns the blend and the probabilities (N, C) of these documents, each computed with
        weights fitted on the four fifths of the documents that it is not in, so that thresholds
        tuned on them see what new documents will bring.
        """
        targets = csr_array(targets)
        blend = cls(
            branches=tuple(outputs),
            weights=np.zeros((hierarchy.depth, 2 + 5 * len(outputs))),
            label_counts=label_counts,
            hierarchy=hierarchy,
        )
        plain = blend._prior(priors)
        count = targets.shape[0]
        folds = np.arange(count) % _FOLDS
        scores = blank(targets.shape, np.float32)
        for level, columns in enumerate(hierarchy.level_slices):
            size = columns.stop - columns.start
            most = max(_FOLDS, _MOST_VALUES // (size * blend.weights.shape[1]))
            chosen = _evenly_chosen(count, most)
            of_fold = [chosen[folds[chosen] == fold] for fold in range(_FOLDS)]
            rows = np.concatenate(of_fold)
            ends = np.cumsum([0, *map(len, of_fold)])
            places = [slice(first, end) for first, end in pairwise(ends)]
            terms = blend._terms(outputs, level, rows)
            prior = plain if around is None else around.weights[level]
            true = targets[rows][:, columns].toarray().astype(np.float32)
            blend.weights[level], without = fit_folds(terms, true, prior, places)
            kept = terms if len(rows) == count else None
            for fold, weights in enumerate(without):
                held_out = places[fold] if kept is not None else np.flatnonzero(folds == fold)
                for part in _parts(np.arange(count)[held_out], size):
                    own = blend._terms(outputs, level, part) if kept is None else kept[:, part]
                    of = part if kept is None else rows[part]
                    scores[of, columns] = _sigmoid(_weighted(weights, own))
        return blend, scores

    def probabilities(self, outputs: Outputs) -> NDArray[np.float32]:
        """Return the probabilities (N, C) of documents from the outputs of the branches.

        Raises:
            KeyError: a branch is missing.
        """
        count = len(next(iter(outputs.values())))
        scores = blank((count, len(self.hierarchy)), np.float32)
        for level, columns in enumerate(self.hierarchy.level_slices):
            for part in _parts(np.arange(count), columns.stop - columns.start):
                scores[part, columns] = _sigmoid(self._logits(outputs, level, part))
        return scores

    def log_odds(self, outputs: Outputs, wanted: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the logits (N, K) of those probabilities for the labels in *wanted* (K,).

        Raises:
            KeyError: a branch is missing.
        """
        count = len(next(iter(outputs.values())))
        found = np.empty((count, len(wanted)), dtype=np.float32)
        for level, columns in enumerate(self.hierarchy.level_slices):
            here = np.flatnonzero((wanted >= columns.start) & (wanted < columns.stop))
            if not len(here):
                continue
            for part in _parts(np.arange(count), columns.stop - columns.start):
                logits = self._logits(outputs, level, part)
                found[np.ix_(part, here)] = logits[:, wanted[here] - columns.start]
        return found

    def _logits(self, outputs: Outputs, level: int, rows: NDArray[np.int64]) -> NDArray[Any]:
        """Return the logits (N, C_l) of the labels of one level, counted from 0."""
        return _weighted(self.weights[level], self._terms(outputs, level, rows))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, as :meth:`from_dict` reads them."""
        return {
            "branches": to_stored_names(self.branches),
            "weights": self.weights.tolist(),
        }

    @classmethod
    def from_dict(
        cls,
        plain: Any,
        hierarchy: Hierarchy,
        *,
        label_counts: NDArray[Any],
        where: str = "",
    ) -> Self:
        """Read what :meth:`to_dict` wrote.

        Raises:
            BundleError: parts are missing or do not fit the taxonomy.
        """
        try:
            return cls(
                branches=tuple(from_stored_names(strings(plain["branches"], "branches"))),
                weights=number_rows(plain["weights"], "weights"),
                label_counts=label_counts,
                hierarchy=hierarchy,
            )
        except (KeyError, TypeError, ValueError) as error:
            problem = f"{type(error).__name__}: {error}".rstrip(".")
            what = f"the calibration is damaged: {problem}."
            raise BundleError(Problem(where, what)) from None

    def _prior(self, priors: Mapping[str, float]) -> NDArray[np.float64]:
        prior = np.zeros(self.weights.shape[1])
        for number, branch in enumerate(self.branches):
            prior[2 + 5 * number] = priors[branch] * (2 / (1 + len(self.branches)))
        return prior

    def _terms(self, outputs: Outputs, level: int, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the terms (2 + 5 K, N, C_l) of the labels of one level, counted from 0."""
        columns = self.hierarchy.level_slices[level]
        parents = self.hierarchy.downward.get(level + 1)
        children = self.hierarchy.upward.get(level + 1)
        frequency = self.frequency[columns]
        terms = np.empty((self.weights.shape[1], len(rows), len(frequency)), dtype=np.float32)
        terms[0] = 1
        terms[1] = frequency
        for number, branch in enumerate(self.branches):
            output = outputs[branch]
            own = output[rows, columns]
            at = 2 + 5 * number
            terms[at] = own
            terms[at + 1] = own * frequency
            terms[at + 2] = _highest_relative(output, parents, columns, rows)
            terms[at + 3] = own - _highest_other(own)
            highest_child = _highest_relative(output, children, columns, rows)
            terms[at + 4] = np.where(self.hierarchy.is_parent[columns], highest_child - own, 0)
        return terms


def _highest_relative(
    output: NDArray[np.float32], step: Step | None, columns: slice, rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the highest output of what each label of a level reads; 0 where it reads nothing."""
    highest = np.zeros((len(rows), columns.stop - columns.start), dtype=np.float32)
    if step is not None:
        of_relatives = output[np.ix_(rows, step.read)]
        found = np.maximum.reduceat(of_relatives, step.starts, axis=1)
        highest[:, step.readers - columns.start] = found
    return highest


def _evenly_chosen(count: int, most: int) -> NDArray[np.int64]:
    """Return all of *count* rows, or *most* at most, evenly chosen and of all folds in turn."""
    if count <= most:
        return np.arange(count)
    rounds = np.linspace(0, count // _FOLDS * _FOLDS - 1, most).astype(np.int64) // _FOLDS
    return np.unique(rounds * _FOLDS + np.arange(most) % _FOLDS)


def frequency_scale(label_counts: NDArray[Any]) -> tuple[float, float]:
    """Return mean and spread, above 0, of ln(1 + documents) over labels (C,)."""
    frequency = _frequency(label_counts)
    return float(frequency.mean()), float(frequency.std() or 1)


def _frequency(label_counts: NDArray[Any]) -> NDArray[np.float64]:
    return np.log1p(np.asarray(label_counts, dtype=np.float64))


def _highest_other(own: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each cell the highest of the other cells of its row; itself without others."""
    if own.shape[1] < 2:
        return own
    best = np.partition(own, -2, axis=1)[:, -2:]
    return np.where(own == best[:, 1:], best[:, :1], best[:, 1:])


def _weighted(weights: NDArray[np.float64], terms: NDArray[np.float32]) -> NDArray[Any]:
    """Return the logits (N, C_l) of weights (K',) and terms (K', N, C_l)."""
    return np.tensordot(weights, terms, 1)


def _sigmoid(logits: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # infinity, of which 0 becomes
        return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32)


def _parts(rows: NDArray[np.int64], columns: int) -> Iterator[NDArray[np.int64]]:
    """Divide rows so that their terms fit into memory."""
    for block in row_blocks(len(rows), columns):
        yield rows[block]
