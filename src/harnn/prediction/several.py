"""Several models that are asked for the same documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harnn.branches.document_vectors.bringing import (
    reads_document_vectors,
    with_document_vectors,
)
from harnn.bundle import load_bundle
from harnn.corpus import DocumentVectors, read_document_vectors
from harnn.errors import ConfigError, Problem
from harnn.prediction.predictor import Predictor


def load_predictors(
    directories: Sequence[str | Path],
    *,
    document_vectors: str | Path | DocumentVectors | None = None,
) -> list[Predictor]:
    """Load models that are asked for the same documents; vectors are for those that read some.

    Raises:
        BundleError, ConfigError, InputError: see :meth:`Predictor.load`; no model reads the vectors
            that are given.
    """
    bundles = [load_bundle(directory) for directory in directories]
    if document_vectors is not None and not any(
        reads_document_vectors(each.ensemble) for each in bundles
    ):
        raise ConfigError(Problem("", "got vectors of documents, but no model reads any."))
    if isinstance(document_vectors, str | Path):
        document_vectors = read_document_vectors(document_vectors)
    predictors = []
    for directory, bundle in zip(directories, bundles, strict=True):
        ensemble = bundle.ensemble
        if reads_document_vectors(ensemble):
            ensemble = with_document_vectors(ensemble, document_vectors, str(directory))
        predictors.append(Predictor(replace(bundle, ensemble=ensemble)))
    return predictors
