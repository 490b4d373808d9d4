"""Models, and predictions of other programs, on the same documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self, TypedDict, Unpack

import numpy as np

from harnn.config import DataConfig
from harnn.corpus import Corpus, sparse_targets
from harnn.data import Documents, ReadingLog, labelled_documents
from harnn.errors import BundleError, ConfigError, DocumentError, Problem
from harnn.metrics import (
    Answers,
    Comparison,
    MethodsComparison,
    Resampling,
    SeveralComparison,
    compare,
    compare_methods,
    compare_several,
)
from harnn.prediction.foreign import (
    THRESHOLD,
    ForeignAnswers,
    check_predictions,
    read_predictions,
)
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


class ComparingOptions(TypedDict, total=False):
    """How systems are compared; whatever is left out is as it is usual."""

    taxonomy: Taxonomy | None
    """Of the documents, where no model is among the systems; else it is the first model's."""
    data: DataConfig | None
    """How documents are read, where no model is among the systems that says it."""
    threshold: float
    """From which score on a label of a file of scores is chosen; usually 0.5."""
    encoding: str
    """Of files of predictions; usually UTF-8."""
    resampling: Resampling | None
    """How often documents are drawn, and with which seed."""
    log: ReadingLog | None
    """Gathers what the first model's reading skipped, and which labels of files are not written as
    their codes."""


class SystemsComparison(NamedTuple):
    """Several systems compared, what was done with files of predictions, and which documents models
    were trained or tuned on."""

    comparison: SeveralComparison
    notes: tuple[tuple[str, str], ...]
    """Name of the system and a sentence."""


class SystemMethodsComparison(NamedTuple):
    """Methods compared by the systems of each, and what there is to say of these."""

    comparison: MethodsComparison
    notes: tuple[tuple[str, str], ...]
    """Name of the system and a sentence."""


def compare_systems(
    systems: Sequence[ComparedSystem],
    given: Documents,
    **options: Unpack[ComparingOptions],
) -> SystemsComparison:
    """Compare models and files of predictions, each with each, on the labels of documents.

    options: see :class:`ComparingOptions`. Files are read before any model is asked, and their
    scores kept, 4 bytes for each document and label; of models one array of scores at a time is in
    memory. See :func:`harnn.metrics.compare_several`.

    Raises:
        BundleError: models have different taxonomies.
        ConfigError: there is no taxonomy.
        DocumentError: documents cannot be read or have unknown labels, there is none, or the
            settings of models read different ones.
        InputError: a file of predictions cannot be read, or lacks documents.
        ValueError: *threshold* is no number.
    """
    asked, resampling = _Asked.of(systems, given, options), options.get("resampling")
    named = ((each.name, asked.answers(at)) for at, each in enumerate(systems))
    comparison = compare_several(named, asked.targets, asked.taxonomy, resampling=resampling)
    return SystemsComparison(comparison, asked.notes())


def compare_system_methods(
    methods: Mapping[str, Sequence[ComparedSystem]],
    given: Documents,
    **options: Unpack[ComparingOptions],
) -> SystemMethodsComparison:
    """Compare methods, each by models or files of predictions that differ in their seed alone.

    All is as of :func:`compare_systems`; see :func:`harnn.metrics.compare_methods` for the tests.

    Raises:
        BundleError, ConfigError, DocumentError, InputError, ValueError: as there.
        ValueError: there are not two methods, or a method has no system.
    """
    systems = [each for members in methods.values() for each in members]
    asked, resampling = _Asked.of(systems, given, options), options.get("resampling")
    places = iter(range(len(systems)))
    named = (
        (name, (asked.answers(next(places)) for _ in members)) for name, members in methods.items()
    )
    comparison = compare_methods(named, asked.targets, asked.taxonomy, resampling=resampling)
    return SystemMethodsComparison(comparison, asked.notes())


@dataclass(frozen=True, eq=False)
class _Asked:
    """Documents, and what systems answer for them."""

    systems: Sequence[ComparedSystem]
    given: Documents
    taxonomy: Taxonomy
    targets: Any
    """(N, C) label sets, sparse."""
    corpus: Corpus | None
    """As the first model reads the documents; None: there is no model."""
    foreign: Mapping[int, ForeignAnswers]
    known: Mapping[int, SeenDocuments]

    @classmethod
    def of(
        cls,
        systems: Sequence[ComparedSystem],
        given: Documents,
        options: ComparingOptions,
    ) -> Self:
        """Read documents and files, and ask no model yet.

        Raises:
            BundleError, ConfigError, DocumentError, InputError: see :func:`compare_systems`.
        """
        taxonomy, data, log = options.get("taxonomy"), options.get("data"), options.get("log")
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
        corpus = None
        if predictors:
            taxonomy, data = predictors[0].taxonomy, models[0].data or data
            seen = known[systems.index(models[0])]
            corpus = predictors[0].encode_labelled(given, data, log, seen)
            ids, targets = corpus.ids, corpus.targets
        elif taxonomy is None:
            what = "files of predictions need a taxonomy."
            raise ConfigError(Problem("", what, "Give --taxonomy."))
        else:
            pairs = list(labelled_documents(given, taxonomy, data or DataConfig(), log=log))
            ids = tuple(document.id for document, _ in pairs)
            targets = sparse_targets([columns for _, columns in pairs], len(taxonomy))
        if not ids:
            raise DocumentError(Problem("", "there is no document to compare the models on."))
        foreign = {
            number: read_predictions(
                each.source,
                ids,
                taxonomy,
                threshold=options.get("threshold", THRESHOLD),
                separator=(data or DataConfig()).label_separator,
                encoding=options.get("encoding", "utf-8"),
                log=log,
            )
            for number, each in enumerate(systems)
            if isinstance(each.source, Path)
        }
        return cls(systems, given, taxonomy, targets, corpus, foreign, known)

    def answers(self, number: int) -> Answers:
        """Return what a system answers; models are asked now.

        Raises:
            DocumentError: it reads other documents than the first.
        """
        each = self.systems[number]
        if not isinstance(each.source, Predictor):
            return self.foreign[number].answers
        corpus = self.corpus
        assert corpus is not None
        if number != min(self.known):
            own = each.source.encode_labelled(self.given, each.data, known=self.known[number])
            _check_documents(corpus, own)
            corpus = own
        return _answers(each.source, corpus)

    def notes(self) -> tuple[tuple[str, str], ...]:
        """Return names of systems, each with a sentence; when all have answered."""
        names = [each.name for each in self.systems]
        notes = [(names[at], note) for at, found in self.foreign.items() for note in found.notes]
        documents = self.targets.shape[0]
        notes += [
            (names[at], seen.sentence(documents))
            for at, known in self.known.items()
            for seen in known.found()
        ]
        return tuple(notes)


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
