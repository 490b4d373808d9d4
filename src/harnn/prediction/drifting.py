"""Whether what arrives still looks like what a model learned from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from harnn.bundle import MIGRATED
from harnn.config import DataConfig
from harnn.corpus import sparse_targets
from harnn.data import Document, Documents, ReadingLog, maybe_labelled_documents
from harnn.decode import Scores
from harnn.errors import ConfigError, DocumentError, Problem
from harnn.prediction.predictor import Predictor, documents_at_once
from harnn.watching import (
    Drift,
    Figures,
    choosing_of,
    compare_figures,
    count_block,
    options_of,
)


def measure_drift(
    predictor: Predictor,
    given: Documents,
    *,
    against: Documents | None = None,
    labelled: bool | None = None,
    data: DataConfig | None = None,
    log: ReadingLog | None = None,
) -> Drift:
    """Compare documents that came with those that a model learned from.

    against: documents to compare with; None: the figures of the validation documents that the
    model keeps. labelled: whether the labels of *given* are read, to say how good answers are now;
    None: if its first document has some. data: how to read documents; None: as those for training.
    log: gathers what was skipped of *given*.

    Raises:
        ConfigError: the model keeps no figures, and there is nothing to compare with.
        DocumentError: documents cannot be read or have unknown labels, or there is none.
    """
    before = predictor.bundle.reference
    choosing = choosing_of(predictor.bundle.decoder)
    if against is not None:
        before = count_documents(predictor, against, data=data, name="to compare with")
    elif before is None:
        what = "the model was trained before models kept figures of their validation documents."
        if MIGRATED in predictor.bundle.contents:
            what = "the model was migrated to other labels, so that the figures of its validation "
            what += "documents no longer fit."
        hint = "Give those, or others that were as they should be, as against= (--against)."
        raise ConfigError(Problem("", what, hint))
    else:
        choosing = before.choosing
    now = count_documents(
        predictor, given, choosing=choosing, labelled=labelled, data=data, log=log
    )
    return compare_figures(before, now, predictor.taxonomy, predictor.bundle.label_counts)


def count_documents(
    predictor: Predictor,
    given: Documents,
    *,
    choosing: str | None = None,
    labelled: bool | None = None,
    data: DataConfig | None = None,
    log: ReadingLog | None = None,
    name: str = "",
) -> Figures:
    """Return the figures of documents, read in one pass and in bounded memory.

    choosing: how labels are chosen, as figures of the same model say; None: as the model does now.
    name: of the documents, for messages. The rest: see :func:`measure_drift`.

    Raises:
        DocumentError: documents cannot be read or have unknown labels, or there is none.
    """
    known, pairs = maybe_labelled_documents(
        given, predictor.taxonomy, data or predictor.bundle.config.data, labelled=labelled, log=log
    )
    counting = CountedScores(predictor, choosing, labelled=known)
    for _ in counting.of(pairs):
        pass
    if counting.figures is None:
        raise DocumentError(Problem("", f"there is no document{name and f' {name}'}."))
    return counting.figures


class CountedScores:
    """Yields scores for who wants them, and counts the documents on the way."""

    def __init__(
        self, predictor: Predictor, choosing: str | None = None, *, labelled: bool
    ) -> None:
        """choosing: how labels are chosen to be counted, see :func:`count_documents`. labelled:
        whether true labels are known.
        """
        options = {} if choosing is None else options_of(choosing)
        self._decoder = predictor.bundle.decoder.with_options(**options)
        self._predictor, self._labelled = predictor, labelled
        self.figures: Figures | None = None
        """None of no document."""

    def of(self, pairs: Iterable[tuple[Document, NDArray[np.int32]]]) -> Iterator[Scores]:
        """Score documents with the columns of their labels, in blocks and in bounded memory."""
        hierarchy = self._predictor.taxonomy.hierarchy
        size, stream = len(hierarchy), iter(pairs)
        while some := list(islice(stream, documents_at_once(size))):
            documents = [document for document, _ in some]
            targets = None
            if self._labelled:
                targets = sparse_targets([columns for _, columns in some], size)
            block = self._predictor.read_and_score(documents, self._decoder, targets)
            figures = count_block(block, hierarchy)
            self.figures = figures if self.figures is None else self.figures + figures
            yield Scores(tuple(each.id for each in documents), block.scores)
