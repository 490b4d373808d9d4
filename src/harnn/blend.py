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
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import expit

from harnn._memory import row_blocks
from harnn.errors import BundleError, Problem

PRIORS = {"linear": 2.0, "network": 0.5, "sentence": 0.5}
"""What the output of a branch is multiplied by, before anything is known."""
_FOLDS = 5
_RIDGE = 1.0
_MOST_ROUNDS = 50
_LEAST_GAIN = 1e-7
_LEAST_STEP = 1e-4
_BLOCK_CELLS = 1 << 17
"""Documents times labels that the regression looks at together."""
_MOST_VALUES = 100_000_000
"""Terms of a level in memory at once: 400 MB. Of more, evenly chosen documents are used."""


class _Measured(NamedTuple):
    """A logistic regression at some weights."""

    loss: float
    gradient: NDArray[np.float64]
    curvature: NDArray[np.float64]


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
    frequency: NDArray[np.float32] = field(repr=False)
    """(C,) ln(1 + training documents), with mean 0 and variance 1."""
    levels: NDArray[np.int64] = field(repr=False)
    """(C,) level of each column, ascending from 1."""
    edges: NDArray[np.int64] = field(repr=False)
    """(n, 2) child column, parent column."""

    def __post_init__(self) -> None:
        terms = 2 + 5 * len(self.branches)
        expected = (int(self.levels.max(initial=0)), terms)
        if self.weights.shape != expected or self.frequency.shape != self.levels.shape:
            raise ValueError(f"Expected weights of shape {expected}, got {self.weights.shape}.")

    @classmethod
    def fit(
        cls,
        outputs: Outputs,
        targets: Any,
        *,
        edges: NDArray[Any],
        levels: NDArray[Any],
        label_counts: NDArray[Any],
    ) -> tuple[Self, NDArray[np.float32]]:
        """Fit the weights on labelled documents, targets (N, C).

        Returns the blend and the probabilities (N, C) of these documents, each computed with
        weights fitted on the four fifths of the documents that it is not in, so that thresholds
        tuned on them see what new documents will bring.
        """
        targets = csr_array(targets)
        depth = int(np.max(levels, initial=0))
        blend = cls(
            branches=tuple(outputs),
            weights=np.zeros((depth, 2 + 5 * len(outputs))),
            frequency=_standardise(label_counts),
            levels=np.asarray(levels, dtype=np.int64),
            edges=np.asarray(edges, dtype=np.int64).reshape(-1, 2),
        )
        count = targets.shape[0]
        folds = np.arange(count) % _FOLDS
        values = np.empty(targets.shape, dtype=np.float32)
        for level in range(depth):
            columns = np.flatnonzero(blend.levels == level + 1)
            most = max(_FOLDS, _MOST_VALUES // (len(columns) * blend.weights.shape[1]))
            rows = np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))
            terms = blend._terms(outputs, columns, rows)
            true = targets[rows][:, columns].toarray().astype(np.float32)
            prior = blend._prior()
            blend.weights[level] = _regress(terms, true, prior, prior, np.arange(len(rows)))
            for fold in range(_FOLDS):
                inside = np.flatnonzero(folds[rows] != fold)
                weights = blend.weights[level]
                if len(inside):
                    weights = _regress(terms, true, prior, weights, inside)
                held_out = np.flatnonzero(folds == fold)
                for part in _parts(held_out, len(columns)):
                    logits = np.tensordot(weights, blend._terms(outputs, columns, part), 1)
                    values[np.ix_(part, columns)] = _sigmoid(logits)
        return blend, values

    def probabilities(self, outputs: Outputs) -> NDArray[np.float32]:
        """Return the probabilities (N, C) of documents from the outputs of the branches.

        Raises:
            KeyError: a branch is missing.
        """
        count = len(next(iter(outputs.values())))
        values = np.empty((count, len(self.levels)), dtype=np.float32)
        for level, weights in enumerate(self.weights, start=1):
            columns = np.flatnonzero(self.levels == level)
            for part in _parts(np.arange(count), len(columns)):
                logits = np.tensordot(weights, self._terms(outputs, columns, part), 1)
                values[np.ix_(part, columns)] = _sigmoid(logits)
        return values

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, as :meth:`from_dict` reads them."""
        return {
            "branches": list(self.branches),
            "weights": self.weights.tolist(),
        }

    @classmethod
    def from_dict(
        cls,
        plain: Any,
        *,
        edges: NDArray[Any],
        levels: NDArray[Any],
        label_counts: NDArray[Any],
        where: str = "",
    ) -> Self:
        """Read what :meth:`to_dict` wrote.

        Raises:
            BundleError: parts are missing or do not fit the taxonomy.
        """
        try:
            return cls(
                branches=tuple(str(name) for name in plain["branches"]),
                weights=np.array(plain["weights"], dtype=np.float64),
                frequency=_standardise(label_counts),
                levels=np.asarray(levels, dtype=np.int64),
                edges=np.asarray(edges, dtype=np.int64).reshape(-1, 2),
            )
        except (KeyError, TypeError, ValueError) as error:
            problem = f"{type(error).__name__}: {error}".rstrip(".")
            what = f"the calibration is damaged: {problem}."
            raise BundleError(Problem(where, what)) from None

    def _prior(self) -> NDArray[np.float64]:
        prior = np.zeros(self.weights.shape[1])
        for number, branch in enumerate(self.branches):
            prior[2 + 5 * number] = PRIORS[branch] * (2 / (1 + len(self.branches)))
        return prior

    def _terms(
        self, outputs: Outputs, columns: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the terms (2 + 5 K, N, C_l) of the labels *columns* of one level."""
        frequency = self.frequency[columns]
        first, last = int(columns[0]), int(columns[-1]) + 1  # level-major: next to each other
        terms = np.empty((self.weights.shape[1], len(rows), len(columns)), dtype=np.float32)
        terms[0] = 1
        terms[1] = frequency
        for number, branch in enumerate(self.branches):
            output = outputs[branch]
            own = output[rows, first:last]
            at = 2 + 5 * number
            terms[at] = own
            terms[at + 1] = own * frequency
            terms[at + 2] = _highest_relative(output, self.edges, columns, rows)
            terms[at + 3] = own - _highest_other(own)
            highest_child = _highest_relative(output, self.edges[:, ::-1], columns, rows)
            terms[at + 4] = np.where(self._is_parent[columns], highest_child - own, 0)
        return terms

    @cached_property
    def _is_parent(self) -> NDArray[np.bool_]:
        return np.isin(np.arange(len(self.levels)), self.edges[:, 1])


def _highest_relative(
    output: NDArray[np.float32],
    edges: NDArray[np.int64],
    columns: NDArray[np.int64],
    rows: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Return the highest output of the second ends of edges from each label; 0 without any."""
    highest = np.zeros((len(rows), len(columns)), dtype=np.float32)
    edges = edges[np.isin(edges[:, 0], columns)]
    if len(edges):
        edges = edges[np.argsort(edges[:, 0], kind="stable")]
        labels, starts = np.unique(edges[:, 0], return_index=True)
        of_relatives = output[np.ix_(rows, edges[:, 1])]
        highest[:, labels - columns[0]] = np.maximum.reduceat(of_relatives, starts, axis=1)
    return highest


def _standardise(label_counts: NDArray[Any]) -> NDArray[np.float32]:
    frequency = np.log1p(np.asarray(label_counts, dtype=np.float64))
    return np.asarray((frequency - frequency.mean()) / (frequency.std() or 1), np.float32)


def _highest_other(own: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return for each cell the highest of the other cells of its row; itself without others."""
    if own.shape[1] < 2:
        return own
    best = np.partition(own, -2, axis=1)[:, -2:]
    return np.where(own == best[:, 1:], best[:, :1], best[:, 1:])


def _regress(
    terms: NDArray[np.float32],
    true: NDArray[np.float32],
    prior: NDArray[np.float64],
    start: NDArray[np.float64],
    rows: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Fit a logistic regression with a ridge around *prior*, by Newton's method from *start*.

    terms: (K', N, C_l); true: (N, C_l) of 0 and 1; rows: the documents to fit it on. Returns (K',).
    They are walked in blocks, which are all that is copied of them.
    """

    def measure(weights: NDArray[np.float64]) -> _Measured:
        away = weights - prior
        loss = _RIDGE / 2 * float((away**2).sum())
        gradient, curvature = _RIDGE * away, _RIDGE * np.eye(len(terms))
        for block in row_blocks(len(rows), true.shape[1], cells=_BLOCK_CELLS):
            part = _some_rows(rows[block])
            matrix, target = terms[:, part].reshape(len(terms), -1), true[part].reshape(-1)
            logits = weights.astype(np.float32) @ matrix
            likely = _sigmoid(logits)
            loss += float(np.logaddexp(0, logits).sum(dtype=np.float64) - logits @ target)
            gradient += matrix @ (likely - target)
            curvature += (matrix * (likely * (1 - likely))) @ matrix.T
        return _Measured(loss, gradient, curvature)

    weights, current = start, measure(start)
    for _ in range(_MOST_ROUNDS):
        step = np.linalg.solve(current.curvature, current.gradient)
        length, found = 1.0, measure(weights - step)
        while length > _LEAST_STEP and found.loss > current.loss:
            length /= 2
            found = measure(weights - length * step)
        before, weights, current = current.loss, weights - length * step, found
        if before - current.loss <= _LEAST_GAIN * abs(before):
            break
    return weights


def _some_rows(rows: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    """Return rows that follow each other as a slice, which copies nothing."""
    whole = len(rows) and rows[-1] - rows[0] + 1 == len(rows)
    return slice(int(rows[0]), int(rows[-1]) + 1) if whole else rows


def _sigmoid(logits: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(expit(logits), dtype=np.float32)


def _parts(rows: NDArray[np.int64], columns: int) -> Iterator[NDArray[np.int64]]:
    """Divide rows so that their terms fit into memory."""
    for block in row_blocks(len(rows), columns):
        yield rows[block]
