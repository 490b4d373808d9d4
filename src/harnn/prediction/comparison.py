"""Models, and predictions of other programs, on the same documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harnn.config import DataConfig
from harnn.corpus import Corpus, sparse_targets
from harnn.data import Documents, ReadingLog, labelled_documents
from harnn.errors import BundleError, ConfigError, DocumentError, Problem
from harnn.metrics import (
    Answers,
    Comparison,
    Resampling,
    SeveralComparison,
    compare,
    compare_several,
)
from harnn.prediction.foreign import THRESHOLD, check_predictions, read_predictions
from harnn.prediction.predictor import Predictor
from harnn.prediction.seen import SeenDocuments
from harnn.taxonomy import Taxonomy


def compare_models(
    first: Predictor,
    second: Predictor,
    given: Documents,
    *,
    data: tuple[DataConfig, DataConfig] | None = None,
    resampling: Resampling | None = None,
    log: ReadingLog | None = None,
    known: tuple[SeenDocuments, SeenDocuments] | None = None,
) -> Comparison:
    """Compare two models of one taxonomy on the labels of documents, each with its own decoding.

    *data* are the settings that each reads documents with; those not given are the models' own.
    *log* gathers what the first model's reading skipped, *known* which documents each model was
    trained or tuned on. See :func:`harnn.metrics.compare` for the measures and the bootstrap.

    Raises:
        BundleError: the models have different taxonomies.
        DocumentError: documents cannot be read or have unknown labels, there is none, or the
            settings of the two models read different ones.
    """
    _check_taxonomies(first, second)
    knobs, seen = data or (None, None), known or (None, None)
    ours = first.encode_labelled(given, knobs[0], log, seen[0])
    theirs = second.encode_labelled(given, knobs[1], known=seen[1])
    _check_documents(ours, theirs)
    return compare(
        _answers(first, ours),
        _answers(second, theirs),
        ours.targets,
        first.taxonomy,
        resampling=resampling,
    )


@dataclass(frozen=True, slots=True, eq=False)
class ComparedSystem:
    """A model, or a file of predictions, that is compared with others."""

    name: str
    source: Predictor | Path
    data: DataConfig | None = None
    """How a model reads documents; None: as those for training."""


class SystemsComparison(NamedTuple):
    """Several systems compared, what was done with files of predictions, and which documents models
    were trained or tuned on."""

    comparison: SeveralComparison
    notes: tuple[tuple[str, str], ...]
    """Name of the system and a sentence."""


def compare_systems(
    systems: Sequence[ComparedSystem],
    given: Documents,
    *,
    taxonomy: Taxonomy | None = None,
    data: DataConfig | None = None,
    threshold: float = THRESHOLD,
    encoding: str = "utf-8",
    resampling: Resampling | None = None,
    log: ReadingLog | None = None,
) -> SystemsComparison:
    """Compare models and files of predictions, each with each, on the labels of documents.

    taxonomy, data: of the documents, where no model is among the systems; else they are the first
    model's. threshold: from which score on a label of a file of scores is chosen. encoding: of
    files of predictions. Files are read before any model is asked, and their scores kept, 4 bytes
    for each document and label; of models one array of scores at a time is in memory. *log* gathers
    what the first model's reading skipped, and which labels of files are not written as their
    codes. See :func:`harnn.metrics.compare_several`.

    Raises:
        BundleError: models have different taxonomies.
        ConfigError: there is no taxonomy.
        DocumentError: documents cannot be read or have unknown labels, there is none, or the
            settings of models read different ones.
        InputError: a file of predictions cannot be read, or lacks documents.
        ValueError: *threshold* is no number.
    """
    models = [each for each in systems if isinstance(each.source, Predictor)]
    predictors = [each.source for each in models if isinstance(each.source, Predictor)]
    for each in systems:
        if isinstance(each.source, Path):
            check_predictions(each.source)
    for other in predictors[1:]:
        _check_taxonomies(predictors[0], other)
    known = {
        number: SeenDocuments(each.source.bundle)
        for number, each in enumerate(systems)
        if isinstance(each.source, Predictor)
    }
    if predictors:
        taxonomy, data = predictors[0].taxonomy, models[0].data or data
        corpus = predictors[0].encode_labelled(given, data, log, known[systems.index(models[0])])
        ids, targets = corpus.ids, corpus.targets
    elif taxonomy is None:
        raise ConfigError(Problem("", "files of predictions need a taxonomy.", "Give --taxonomy."))
    else:
        pairs = list(labelled_documents(given, taxonomy, data or DataConfig(), log=log))
        ids = tuple(document.id for document, _ in pairs)
        targets = sparse_targets([columns for _, columns in pairs], len(taxonomy))
    if not ids:
        raise DocumentError(Problem("", "there is no document to compare the models on."))
    separator = (data or DataConfig()).label_separator
    foreign = {
        number: read_predictions(
            each.source,
            ids,
            taxonomy,
            threshold=threshold,
            separator=separator,
            encoding=encoding,
            log=log,
        )
        for number, each in enumerate(systems)
        if isinstance(each.source, Path)
    }

    def answers() -> Iterator[tuple[str, Answers]]:
        for number, each in enumerate(systems):
            if not isinstance(each.source, Predictor):
                yield each.name, foreign[number].answers
            elif each is models[0]:
                yield each.name, _answers(each.source, corpus)
            else:
                own = each.source.encode_labelled(given, each.data, known=known[number])
                _check_documents(corpus, own)
                yield each.name, _answers(each.source, own)

    comparison = compare_several(answers(), targets, taxonomy, resampling=resampling)
    notes = [(systems[at].name, note) for at, found in foreign.items() for note in found.notes]
    notes += [
        (systems[at].name, seen.sentence(len(ids)))
        for at, each in known.items()
        for seen in each.found()
    ]
    return SystemsComparison(comparison, tuple(notes))


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
