"""Make the report of a model from labelled documents."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Unpack

import numpy as np
from numpy.typing import NDArray

from harnn._display import beginning, printable
from harnn.bundle import fingerprint
from harnn.config import DataConfig
from harnn.corpus import sparse_targets
from harnn.data import Document, Documents, ReadingLog, labelled_documents, split_given
from harnn.data.memory_rows import MemoryTable
from harnn.decode import DecodeOptions, Scores
from harnn.errors import DocumentError, Problem, cannot_read
from harnn.evaluation import evaluate_closely
from harnn.metrics import Resampling, TrainingCounts
from harnn.prediction import (
    CountedScores,
    Predictor,
    SeenDocuments,
    measure_drift,
    settle_options,
)
from harnn.report.values import DriftReport, ModelReport, Origin
from harnn.watching import compare_figures

_SHOWN_CHARACTERS = 110


def make_report(
    predictor: Predictor,
    given: Documents,
    *,
    directory: str | Path | None = None,
    data: DataConfig | None = None,
    log: ReadingLog | None = None,
    resampling: Resampling | None = None,
    command: str = "",
    **options: Unpack[DecodeOptions],
) -> ModelReport:
    """Evaluate a model on labelled documents and keep all that its report shows.

    Documents are read twice: first all of them are checked, then they are scored in blocks, so that
    in memory are one array of scores (N, C) and no texts. directory: where the model was loaded
    from, for its name and hash. data: how to read documents; None: as those for training. log:
    gathers what was skipped. resampling: of the intervals. command: what makes the report again, to
    be shown. options: how labels are chosen, see :meth:`harnn.Predictor.predict`.

    Raises:
        DocumentError: documents cannot be read, have unknown labels, change while they are read, or
            there is none.
        ConfigError: options exclude each other, or the model lacks what a strategy needs.
    """
    bundle, taxonomy = predictor.bundle, predictor.taxonomy
    decoder = bundle.decoder.with_options(**settle_options(options, bundle))
    settings = data or bundle.config.data
    ids: list[str] = []
    columns: list[NDArray[np.int32]] = []
    beginnings: list[str] = []
    known = SeenDocuments(bundle)
    for document, labels in known.of(labelled_documents(given, taxonomy, settings, log=log)):
        ids.append(document.id)
        columns.append(labels)
        beginnings.append(_beginning(document))
    if not ids:
        raise DocumentError(Problem("", "there is no document to evaluate the model on."))
    sources = _sources(given)
    before = bundle.reference
    choosing = None if before is None else before.choosing
    counting = CountedScores(predictor, choosing, labelled=True)
    found = evaluate_closely(
        _same(counting.of(labelled_documents(given, taxonomy, settings)), ids),
        sparse_targets(columns, len(taxonomy)),
        decoder,
        taxonomy,
        training=TrainingCounts(bundle.label_counts, bundle.documents.get("train")),
        resampling=resampling,
    )
    return ModelReport(
        evaluation=found,
        bundle=bundle,
        model=_model(directory),
        data=sources,
        beginnings={row: beginnings[row] for row in found.shown_rows},
        made=datetime.datetime.now(datetime.UTC).date(),
        command=command,
        seen=known.found(),
        drift=None
        if before is None or counting.figures is None
        else compare_figures(before, counting.figures, taxonomy, bundle.label_counts),
    )


def make_drift_report(
    predictor: Predictor,
    given: Documents,
    *,
    against: Documents | None = None,
    labelled: bool | None = None,
    directory: str | Path | None = None,
    data: DataConfig | None = None,
    log: ReadingLog | None = None,
    command: str = "",
) -> DriftReport:
    """Compare documents with those that a model learned from, as :func:`harnn.measure_drift` does.

    directory: where the model was loaded from, for its name and hash. command: what makes the
    report again, to be shown. The rest: see :func:`harnn.measure_drift`.

    Raises:
        ConfigError: the model keeps no figures, and there is nothing to compare with.
        DocumentError: documents cannot be read or have unknown labels, or there is none.
    """
    found = measure_drift(predictor, given, against=against, labelled=labelled, data=data, log=log)
    return DriftReport(
        drift=found,
        taxonomy=predictor.taxonomy,
        model=_model(directory),
        data=_sources(given),
        against=None if against is None else _sources(against),
        made=datetime.datetime.now(datetime.UTC).date(),
        command=command,
    )


def _beginning(document: Document) -> str:
    """Return how the first field of a document that holds anything begins."""
    first = next((text for text in document.text.values() if text.strip()), "")
    return beginning(first, _SHOWN_CHARACTERS)


def _same(blocks: Iterator[Scores], ids: list[str]) -> Iterator[Scores]:
    """Yield blocks of the documents that were checked.

    Raises:
        DocumentError: they are others.
    """
    done = 0
    for block in blocks:
        if list(block.ids) != ids[done : done + len(block)]:
            break
        done += len(block)
        yield block
    else:
        if done == len(ids):
            return
    what = "the documents changed while they were read."
    raise DocumentError(Problem("", what, "Repeat it when they are complete."))


def _model(directory: str | Path | None) -> Origin:
    if directory is None:
        return Origin("a model in memory", "")
    home = Path(directory)
    return Origin(printable(home.resolve().name), fingerprint(home))


def _sources(given: Documents) -> tuple[Origin, ...]:
    _, sources = split_given(given)
    return tuple(
        Origin(source.name, "")
        if isinstance(source, MemoryTable)
        else Origin(printable(source.name), _hash(source) if source.is_file() else "")
        for source in sources
    )


def _hash(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DocumentError(cannot_read(path, error)) from None
