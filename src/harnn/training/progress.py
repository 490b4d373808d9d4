"""Where a training stands, and what an epoch was worth."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn.bundle import EpochRow, History
from harnn.corpus import Corpus
from harnn.counting import labels_above
from harnn.decode import Scores, tune_threshold
from harnn.errors import CallableError
from harnn.metrics import micro_auprc, prf
from harnn.taxonomy import Taxonomy


@dataclass(frozen=True, eq=False)
class ValidatedEpoch:
    """What a selection of one's own is told of an epoch of a network or encoder."""

    row: EpochRow
    """With the usual scores."""
    scores: Scores
    """Of that network alone for the validation documents, closed upward."""
    targets: csr_array
    """(N, C) their label sets, closed upward."""
    taxonomy: Taxonomy


Selection = Callable[[ValidatedEpoch], float]
"""Says how good an epoch is; the one with the highest number is kept, the first of equals."""


@dataclass(kw_only=True)
class Progress:
    """Where training stands; with the weights and random state this is all of it."""

    epoch: int = 0
    """Epochs finished."""
    batch: int = 0
    """Batches done of the epoch in progress."""
    steps: int = 0
    loss: float = 0.0
    """Summed over the documents of the epoch in progress."""
    documents: int = 0
    tokens: int = 0
    positions: int = 0
    seconds: float = 0.0
    rate: float = 0.0
    """Learning rate of the last step."""
    history: History = field(default_factory=History)

    def start_epoch(self) -> None:
        self.batch = self.documents = self.tokens = self.positions = 0
        self.loss = self.seconds = 0.0

    def to_dict(self) -> dict[str, Any]:
        plain = {k: v for k, v in vars(self).items() if k != "history"}
        return plain | {"history": [row.to_dict() for row in self.history.rows]}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Progress:
        return cls(**(plain | {"history": History.from_rows(plain["history"])}))

    def measure(
        self,
        scores: NDArray[np.float32],
        valid: Corpus,
        taxonomy: Taxonomy,
        selection: Selection | None = None,
    ) -> EpochRow:
        """Return what the scores (N, C) of the validation documents are worth after an epoch.

        Raises:
            CallableError: *selection* fails, or its answer is no number.
        """
        scores = taxonomy.hierarchy.propagate(scores)
        tuned = tune_threshold(scores, valid.targets)
        chosen = prf(labels_above(scores, tuned.threshold), valid.targets)
        row = EpochRow(
            epoch=self.epoch + 1,
            steps=self.steps,
            loss=self.loss / max(1, self.documents),
            auprc=micro_auprc(scores, valid.targets),
            micro_f1=tuned.micro_f1,
            macro_f1=chosen.macro.f1,
            threshold=tuned.threshold,
            learning_rate=self.rate,
            seconds=self.seconds,
            documents_per_second=self.documents / max(self.seconds, 1e-9),
            padding=1 - self.tokens / max(1, self.positions),
        )
        if selection is None:
            return row
        shown = ValidatedEpoch(row, Scores(valid.ids, scores), valid.targets, taxonomy)
        return dataclasses.replace(row, selection=_select(selection, shown))


def _select(selection: Selection, epoch: ValidatedEpoch) -> float:
    """Raises:
    CallableError: *selection* fails, or its answer is no finite number.
    """
    try:
        found = selection(epoch)
    except Exception as error:
        raise CallableError("selection", selection, error) from error
    try:
        number = float(found)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise CallableError("selection", selection, f"returned {found!r}, expected a number.")
    return number
