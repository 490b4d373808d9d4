"""Documents that the cheap branches are sure of are not read by the dear ones.

How sure a blend is of a document is told by its expected number of errors: of calibrated
probabilities p, the sum of min(p, 1 - p) over the labels. Up to a limit a blend of the branches
that do not wait answers alone; the limit is chosen on the validation documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from harnn._memory import row_blocks
from harnn._scratch import blank
from harnn.branches.blend import Blend
from harnn.branches.stored import is_number
from harnn.branches.worth import worth_of
from harnn.errors import BundleError, Problem
from harnn.taxonomy import Hierarchy

_SHARES = (0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2)
"""Of the documents, to be answered early; fewer are not worth a second blend."""
_MOST_LOSS = 0.001
"""Of micro-F1 and of AUPRC: less than a standard error of them on some thousand documents."""


@dataclass(frozen=True, eq=False)
class Cascade:
    """A blend of some branches, and how sure it must be to answer without the others."""

    blend: Blend
    most_doubt: float
    """Expected errors of a document, at most, that is answered by it alone."""
    share: float
    """Of the validation documents that it answered."""

    @classmethod
    def choose(
        cls,
        early: Blend,
        early_scores: NDArray[np.float32],
        scores: NDArray[np.float32],
        targets: Any,
        hierarchy: Hierarchy,
    ) -> tuple[Self, NDArray[np.float32]] | None:
        """Let the blend *early* answer as many documents as it can with next to no loss.

        early_scores, scores: (N, C) of the validation documents, of that blend and of all branches;
        targets: (N, C) label sets, sparse. Of some shares of the documents, those with least doubt,
        the largest is taken with which micro-F1 (at the best threshold) and micro-AUPRC, of scores
        that are closed upward, fall by at most 0.1 points. Returns the cascade and its scores; None
        where there is no such share.
        """
        doubts = doubts_of(early_scores)
        expected = worth_of(scores, targets, hierarchy)
        for share in _SHARES:
            most_doubt = float(np.quantile(doubts, share))
            sure = doubts <= most_doubt
            mixed = blank(scores.shape, np.float32)
            for rows in row_blocks(*scores.shape):
                here = sure[rows, np.newaxis]
                mixed[rows] = np.where(here, early_scores[rows], scores[rows])
            if max(expected.less(worth_of(mixed, targets, hierarchy))) <= _MOST_LOSS:
                return cls(early, most_doubt, float(np.mean(sure))), mixed
        return None

    def unsure(self, scores: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return the rows of scores (N, C) of the early blend that the others must look at."""
        return np.flatnonzero(doubts_of(scores) > self.most_doubt)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, as :meth:`from_dict` reads them."""
        return {**self.blend.to_dict(), "most_doubt": self.most_doubt, "share": self.share}

    @classmethod
    def from_dict(
        cls,
        plain: Mapping[str, Any],
        hierarchy: Hierarchy,
        *,
        label_counts: NDArray[Any],
        where: str = "",
    ) -> Self:
        """Read what :meth:`to_dict` wrote.

        Raises:
            BundleError: parts are missing or do not fit the taxonomy.
        """
        blend = Blend.from_dict(plain, hierarchy, label_counts=label_counts, where=where)
        limits = {"most_doubt": len(hierarchy), "share": 1}
        if not all(is_number(plain.get(name), 0, most) for name, most in limits.items()):
            what = "the cascade is damaged: expected the numbers most_doubt and share."
            raise BundleError(Problem(where, what))
        return cls(blend, float(plain["most_doubt"]), float(plain["share"]))


def doubts_of(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return how many errors are to be expected of each document (N,), from scores (N, C)."""
    doubts = np.empty(len(scores))
    for rows in row_blocks(*scores.shape):
        block = scores[rows]
        doubts[rows] = np.minimum(block, 1 - block).sum(axis=1, dtype=np.float64)
    return doubts
