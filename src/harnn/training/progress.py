"""Where a training stands, and what an epoch was worth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn.bundle import EpochRow, History
from harnn.corpus import Corpus
from harnn.counting import labels_above
from harnn.decode import tune_threshold
from harnn.metrics import micro_auprc, prf
from harnn.taxonomy import Hierarchy


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

    def measure(self, scores: NDArray[np.float32], valid: Corpus, hierarchy: Hierarchy) -> EpochRow:
        """Return what the scores (N, C) of the validation documents are worth after an epoch."""
        scores = hierarchy.propagate(scores)
        tuned = tune_threshold(scores, valid.targets)
        chosen = prf(labels_above(scores, tuned.threshold), valid.targets)
        return EpochRow(
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
