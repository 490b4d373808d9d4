"""Documents with their answers and evidence, computed before any of it is put into review."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harnn.data import Document
from harnn.prediction import Predictor
from harnn.review.corrections import ModelState
from harnn.review.values import EnqueueOptions, Prepared


def prepare(
    predictor: Predictor,
    documents: Iterable[Document],
    *,
    model: ModelState,
    options: EnqueueOptions = EnqueueOptions(),
) -> Iterator[Prepared]:
    """Predict and explain documents, in bounded memory, in their order; asks no database."""
    raise NotImplementedError
