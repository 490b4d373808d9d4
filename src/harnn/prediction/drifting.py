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
from harnn.decode import Decoder
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
    bundle, taxonomy = predictor.bundle, predictor.taxonomy
    decoder = bundle.decoder
    if choosing is not None:
        decoder = decoder.with_options(**options_of(choosing))
    known, pairs = maybe_labelled_documents(
        given, taxonomy, data or bundle.config.data, labelled=labelled, log=log
    )
    total: Figures | None = None
    for figures in _count(predictor, decoder, pairs, known):
        total = figures if total is None else total + figures
    if total is None:
        raise DocumentError(Problem("", f"there is no document{name and f' {name}'}."))
    return total


def _count(
    predictor: Predictor,
    decoder: Decoder,
    pairs: Iterable[tuple[Document, NDArray[np.int32]]],
    labelled: bool,
) -> Iterator[Figures]:
    """Yield the figures of blocks of documents."""
    size, stream = len(predictor.taxonomy), iter(pairs)
    while some := list(islice(stream, documents_at_once(size))):
        documents = [document for document, _ in some]
        targets = sparse_targets([columns for _, columns in some], size) if labelled else None
        block = predictor.read_and_score(documents, decoder, targets)
        yield count_block(block, predictor.taxonomy.hierarchy)
