"""Vectors of documents for the models that read some."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from harnn.branches.document_vectors.branch import MISSING, DocumentVectorsBranch
from harnn.branches.ensemble import Ensemble
from harnn.corpus.document_vectors import DocumentVectors, read_document_vectors
from harnn.errors import ConfigError, Problem


def reads_document_vectors(ensemble: Ensemble) -> bool:
    """Whether a branch reads vectors of documents."""
    return _reader(ensemble) is not None


def with_document_vectors(
    ensemble: Ensemble, given: str | Path | DocumentVectors | None, where: str
) -> Ensemble:
    """Return an ensemble whose branches have the vectors of documents that they read.

    where: the model, for messages.

    Raises:
        ConfigError: some are missing, of another size, or given to nobody.
        InputError: they cannot be read.
    """
    reader = _reader(ensemble)
    if reader is None and given is None:
        return ensemble
    if given is None:
        raise ConfigError(replace(MISSING, where=where))
    if reader is None:
        raise ConfigError(Problem(where, "got vectors of documents, but the model reads none."))
    vectors = given if isinstance(given, DocumentVectors) else read_document_vectors(given)
    found = reader.with_vectors(vectors)
    return replace(ensemble, branches=tuple(found if x is reader else x for x in ensemble.branches))


def _reader(ensemble: Ensemble) -> DocumentVectorsBranch | None:
    return next((x for x in ensemble.branches if isinstance(x, DocumentVectorsBranch)), None)
