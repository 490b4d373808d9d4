"""Two models on the same documents."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harnn.bundle.predictor import Predictor
from harnn.config import DataConfig
from harnn.corpus import EncodedCorpus, Source
from harnn.data import ReadReport
from harnn.errors import BundleError, DocumentError, Problem
from harnn.metrics import Answers, Comparison, Resampling, compare


def compare_models(
    first: Predictor,
    second: Predictor,
    source: Source,
    *,
    data: tuple[DataConfig, DataConfig] | None = None,
    resampling: Resampling | None = None,
    report: ReadReport | None = None,
) -> Comparison:
    """Compare two models of one taxonomy on the labels of *source*, each with its own decoding.

    *data* are the settings that each reads documents with; those not given are the models' own.
    *report* gathers what the first model's reading skipped. See :func:`harnn.metrics.compare` for
    the measures and the bootstrap.

    Raises:
        BundleError: the models have different taxonomies.
        DocumentError: documents cannot be read or have unknown labels, there is none, or the
            settings of the two models read different ones.
    """
    _check_taxonomies(first, second)
    knobs = data or (None, None)
    ours = first.encode_labelled(source, knobs[0], report)
    theirs = second.encode_labelled(source, knobs[1], None)
    _check_documents(ours, theirs)
    taxonomy = first.taxonomy
    return compare(
        _answers(first, ours),
        _answers(second, theirs),
        ours.targets,
        level_slices=taxonomy.level_slices,
        level_names=taxonomy.level_names,
        edges=taxonomy.edges,
        resampling=resampling,
    )


def _answers(predictor: Predictor, corpus: EncodedCorpus) -> Answers:
    taxonomy = predictor.taxonomy
    values: NDArray[np.float32] = predictor.bundle.model.score(corpus)
    values, predictions = predictor.bundle.decoder.decode(
        values, edges=taxonomy.edges, levels=taxonomy.levels
    )
    return Answers(predictions, values)


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


def _check_documents(first: EncodedCorpus, second: EncodedCorpus) -> None:
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
