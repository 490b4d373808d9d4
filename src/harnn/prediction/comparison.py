"""Two models on the same documents."""

from __future__ import annotations

import numpy as np

from harnn.config import DataConfig
from harnn.corpus import Corpus
from harnn.data import Documents, ReadingLog
from harnn.errors import BundleError, DocumentError, Problem
from harnn.metrics import Answers, Comparison, Resampling, compare
from harnn.prediction.predictor import Predictor


def compare_models(
    first: Predictor,
    second: Predictor,
    given: Documents,
    *,
    data: tuple[DataConfig, DataConfig] | None = None,
    resampling: Resampling | None = None,
    log: ReadingLog | None = None,
) -> Comparison:
    """Compare two models of one taxonomy on the labels of documents, each with its own decoding.

    *data* are the settings that each reads documents with; those not given are the models' own.
    *log* gathers what the first model's reading skipped. See :func:`harnn.metrics.compare` for
    the measures and the bootstrap.

    Raises:
        BundleError: the models have different taxonomies.
        DocumentError: documents cannot be read or have unknown labels, there is none, or the
            settings of the two models read different ones.
    """
    _check_taxonomies(first, second)
    knobs = data or (None, None)
    ours = first.encode_labelled(given, knobs[0], log)
    theirs = second.encode_labelled(given, knobs[1])
    _check_documents(ours, theirs)
    return compare(
        _answers(first, ours),
        _answers(second, theirs),
        ours.targets,
        first.taxonomy,
        resampling=resampling,
    )


def _answers(predictor: Predictor, corpus: Corpus) -> Answers:
    scores = predictor.score_corpus(corpus)
    shown, predictions = predictor.bundle.decoder.decode(scores, predictor.taxonomy.hierarchy)
    return Answers(predictions, shown.values)


def _check_taxonomies(first: Predictor, second: Predictor) -> None:
    versions = [predictor.taxonomy.version[:12] for predictor in (first, second)]
    if first.taxonomy != second.taxonomy:
        raise BundleError(
            Problem(
                "",
                f"the two models have different taxonomies: version {versions[0]} and "
                f"version {versions[1]}.",
                "Compare models that were trained with the same one.",
            )
        )


def _check_documents(first: Corpus, second: Corpus) -> None:
    if not len(first):
        raise DocumentError(Problem("", "there is no document to compare the models on."))
    same = first.ids == second.ids and all(
        np.array_equal(getattr(first.targets, part), getattr(second.targets, part))
        for part in ("indptr", "indices")
    )
    if not same:
        raise DocumentError(
            Problem(
                "",
                f"the settings of the two models read different documents: {len(first):,} and "
                f"{len(second):,}.",
                "Give the settings that differ with --set.",
            )
        )
