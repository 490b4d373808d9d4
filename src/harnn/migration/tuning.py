"""Blend, calibration and thresholds of a model, fitted anew to some labelled documents."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from harnn.branches import Ensemble
from harnn.branches.document_vectors.bringing import with_document_vectors
from harnn.bundle import Bundle
from harnn.config import DataConfig
from harnn.corpus import ContentHash, Corpus, encode_corpus
from harnn.corpus.document_vectors import DocumentVectors
from harnn.data import Documents, ReadingLog, labelled_documents
from harnn.decode import Scores, tune_decoder
from harnn.errors import DocumentError, Problem
from harnn.evaluation import report_labels
from harnn.metrics import TrainingCounts, micro_auprc
from harnn.taxonomy import Taxonomy
from harnn.training import reference_of

TUNED = "tuned"
"""Among the counts of a model's documents: those that it was tuned on after its training."""


def tune(
    bundle: Bundle,
    given: Documents,
    data: DataConfig | None = None,
    *,
    document_vectors: str | Path | DocumentVectors | None = None,
    log: ReadingLog | None = None,
) -> Bundle:
    """Fit blend, calibration and thresholds to documents, as training does with validation ones.

    data: how to read them; None: as those for training. document_vectors: for a model that reads
    some. No branch changes, and none is left out. The report and what is known of single labels
    are those on these documents, each scored with a blend that was fitted without it, and so are
    the figures with which later documents are compared (:func:`harnn.measure_drift`). The blend is
    drawn to the one that there is, the more the fewer documents there are, and where it does not
    rank their labels better (AUPRC), that one stays.

    Raises:
        DocumentError: they cannot be read, have unknown labels, or there is none, or no label.
        ConfigError: vectors are missing, or given to nobody.
    """
    taxonomy, known = bundle.taxonomy, bundle.ensemble
    with_vectors = with_document_vectors(known, document_vectors, "the model")
    content = ContentHash()
    pairs = content.of(labelled_documents(given, taxonomy, data or bundle.config.data, log=log))
    whole = dataclasses.replace(bundle, ensemble=dataclasses.replace(with_vectors, cascade=None))
    corpus = encode_corpus(pairs, whole.views(), len(taxonomy))
    if not len(corpus) or not corpus.targets.nnz:
        what = "there is no document to tune the model on, or none of them has a label."
        raise DocumentError(Problem("", what))
    learned = bundle.label_counts if known.blend is None else known.blend.label_counts
    ensemble, scores = Ensemble.fit(
        with_vectors.branches,
        corpus,
        taxonomy.hierarchy,
        label_counts=learned,
        blended=known.blend is not None,
        cascaded=known.cascade is not None,
        around=known.blend,
    )
    ensemble = dataclasses.replace(ensemble, left_out=known.left_out, by_name=known.by_name)
    scores = Scores(scores.ids, ensemble.filled(scores.values, corpus))
    before = with_vectors.score(corpus)
    if _rank(before, corpus, taxonomy) >= _rank(scores, corpus, taxonomy):
        ensemble, scores = with_vectors, before
    choices = dataclasses.replace(
        bundle.config.decode, strategy=bundle.decoder.strategy, close=bundle.decoder.close
    )
    decoder = tune_decoder(
        scores.values, corpus.targets, taxonomy.hierarchy, label_counts=learned, settings=choices
    )
    training = TrainingCounts(bundle.label_counts, bundle.documents.get("train"))
    report, quality = report_labels(scores, corpus.targets, decoder, taxonomy, training=training)
    tuned = dataclasses.replace(
        bundle,
        ensemble=ensemble,
        decoder=decoder,
        report=report,
        quality=quality,
        documents={**bundle.documents, "valid": len(corpus), TUNED: len(corpus)},
        contents={**bundle.contents, "valid": content.hexdigest()},
    )
    return dataclasses.replace(tuned, reference=reference_of(tuned, given, scores, corpus, data))


def _rank(scores: Scores, corpus: Corpus, taxonomy: Taxonomy) -> float:
    """Return how well scores rank the labels of documents."""
    return micro_auprc(taxonomy.hierarchy.propagate(scores.values), corpus.targets)
