"""Predict, evaluate and explain with a trained model."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from harnn._display import counted
from harnn._memory import keep_freed_memory
from harnn._scratch import Growing
from harnn.answers import Note, Prediction, make_answers
from harnn.branches.document_vectors.bringing import (
    with_document_vectors,
)
from harnn.bundle import Bundle, load_bundle
from harnn.config import DataConfig
from harnn.corpus import (
    Corpus,
    DocumentVectors,
    PlacedTextsView,
    encode_corpus,
    encode_unlabelled,
)
from harnn.data import (
    Document,
    Documents,
    ReadingLog,
    labelled_documents,
)
from harnn.decode import DecodeOptions, Decoder, Scores
from harnn.errors import ConfigError, DocumentError, Problem
from harnn.explain import Explanation
from harnn.prediction.by_name import note_labels_by_name
from harnn.prediction.device import move_networks
from harnn.prediction.examples import Examples
from harnn.prediction.explaining import explain_labels
from harnn.prediction.notes import make_notes, views_for_notes, with_read
from harnn.prediction.reranking import Rerank, Reranking, as_reranking
from harnn.prediction.settling import settle_options
from harnn.prediction.texts import Texts, as_documents, numbered
from harnn.prediction.watched import block_of
from harnn.text import tune_text_vectors
from harnn.watching import Block

if TYPE_CHECKING:
    from harnn.evaluation import StrategyMetrics
    from harnn.metrics import Report
    from harnn.prediction.seen import SeenDocuments

Watcher = Callable[[Block], object]
"""Takes documents as they were read and answered."""
_MOST_DOCUMENTS = 2_048
_MOST_SCORES = 32 << 20
"""Documents x labels in memory at once: 128 MB for each branch."""
_MOST_EVALUATED = 1 << 16
_MOST_EVALUATED_SCORES = 64 << 20
"""The same of documents that are evaluated."""


class Predictor:
    """A trained model, ready for use.

    Texts are given as strings or as :class:`harnn.Document`.
    """

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.taxonomy = bundle.taxonomy

    @classmethod
    def load(
        cls,
        directory: str | Path,
        *,
        segment: Callable[[str], Sequence[str]] | None = None,
        beam: int | None = None,
        bfloat16: bool = False,
        device: str | None = None,
        document_vectors: str | Path | DocumentVectors | None = None,
    ) -> Self:
        """Load a model directory.

        beam: in levels of more than 1,024 labels only the children of that many labels of each
        level above, the best of a document, attend to it: with very many labels much faster,
        and a label whose ancestors the model did not think of is hardly found. None: all.
        bfloat16: compute the networks in bfloat16, faster where the processor has it; scores
        then depend, in the third digit, on which documents share a batch.
        device: what computes the networks: ``cpu``, ``cuda``, ``cuda:1``, ``mps``, or ``auto``, the
        first of cuda and mps that there is; None: the CPU.
        document_vectors: of the documents to come, where the model was trained on some; see
        :func:`harnn.corpus.read_document_vectors`.

        Raises:
            BundleError: see :func:`harnn.bundle.load_bundle`.
            ConfigError: the model takes no beam, or has no network for bfloat16 or the device, or
                there is no such device; or vectors of documents are missing, of another size, or
                not read by the model.
            InputError: the vectors cannot be read.
            ValueError: *beam* is below 1.
        """
        bundle = load_bundle(directory, segment=segment)
        ensemble = with_document_vectors(bundle.ensemble, document_vectors, str(directory))
        if beam is not None:
            ensemble = ensemble.with_beam(beam, bundle.taxonomy)
        if bfloat16:
            ensemble = ensemble.with_bfloat16()
        if device is not None:
            move_networks(ensemble, device)
        return cls(replace(bundle, ensemble=ensemble))

    @classmethod
    def from_result(cls, result: Bundle) -> Self:
        """Use what :func:`harnn.fit` returned without saving it."""
        return cls(result)

    def __repr__(self) -> str:
        return (
            f"Predictor({self.bundle.ensemble.describe()} for "
            f"{counted(len(self.taxonomy), 'label')} on {counted(self.taxonomy.depth, 'level')}, "
            f"choosing {self.bundle.decoder.describe()})"
        )

    def _repr_html_(self) -> str:
        """Return a table of what the model is, for notebooks."""
        return self.bundle._repr_html_()

    def with_options(self, **options: Unpack[DecodeOptions]) -> Self:
        """Return a predictor that chooses labels by *options* where it is not told otherwise.

        Raises:
            ConfigError, DocumentError, ValueError: see :meth:`predict`.
        """
        return type(self)(replace(self.bundle, decoder=self._decoder(**options)))

    def tune_process(self, threads: int = 0) -> None:
        """Set this process up for what computes the model; for programs, not for libraries.

        threads: of PyTorch; 0: as many as there are.
        """
        if "torch" in sys.modules:  # a model without it shall not import it
            from harnn.network import tune_process

            tune_process(threads)
            return
        keep_freed_memory()
        if "text_vectors" in self.bundle.ensemble.reads:
            tune_text_vectors()

    def scores(self, texts: Texts) -> Scores:
        """Return the scores of all labels, before any decoding.

        Raises:
            TypeError: *texts* is one string, or holds other things than texts.
        """
        return self.score_corpus(self._encode(as_documents(texts, self.bundle.config.data)))

    def score_stream(self, documents: Iterable[Document]) -> Iterator[Scores]:
        """Return the scores of a stream of any length in blocks, in bounded memory, in its order.

        Raises:
            BundleError: see :meth:`score_corpus`.
        """
        for some in blocks_of(iter(documents), len(self.taxonomy)):
            yield self.score_corpus(self._encode(some))

    def score_corpus(self, corpus: Corpus) -> Scores:
        """Return the scores (N, C) of encoded documents.

        Raises:
            BundleError: the model is damaged: scores are not from 0 to 1, or no numbers.
        """
        return self.bundle.ensemble.score(corpus)

    def predict(
        self,
        texts: Texts,
        *,
        data: DataConfig | None = None,
        rerank: Rerank | Reranking | None = None,
        **options: Unpack[DecodeOptions],
    ) -> list[Prediction]:
        """Predict the labels of each text.

        texts: strings, documents, dictionaries of fields, or a table in memory: a series of
        texts, or a data frame, of which the columns that the model was trained on are read.
        data: how to read a table; None: as those for training.
        rerank: judges the best labels of each document once more, before labels are chosen; what
        it does wrong leaves an answer as it is, with a note (``not_reranked``).
        *options*, here and below, change how labels are chosen: strategy, threshold, top_k,
        thresholds (of labels or levels, as a mapping or a table: docs/thresholds.md), close, top_1,
        see :class:`harnn.decode.Decoder`; those not given are the model's own.

        Raises:
            TypeError: *texts* is one string, or holds other things than texts.
            DocumentError: rows of a table have no text.
            ConfigError: options exclude each other, or the model lacks what a strategy needs; or
                thresholds of unknown labels or levels, or out of range.
            ValueError: an option is out of range.
        """
        return list(self.predict_stream(texts, data=data, rerank=rerank, **options))

    def predict_stream(
        self,
        texts: Texts,
        *,
        data: DataConfig | None = None,
        rerank: Rerank | Reranking | None = None,
        **options: Unpack[DecodeOptions],
    ) -> Iterator[Prediction]:
        """Predict a stream of any length in bounded memory, in its order; rerank: as there.

        Raises:
            TypeError, DocumentError, ConfigError, ValueError: see :meth:`predict`.
        """
        decoder = self._decoder(**options)
        stream = as_documents(texts, data or self.bundle.config.data)
        blocks = self._blocks(stream, decoder, rerank=as_reranking(rerank))
        return (answer for _, answers in blocks for answer in answers)

    def predict_with_scores(
        self,
        texts: Texts,
        *,
        data: DataConfig | None = None,
        most_labels: int | None = None,
        watch: Watcher | None = None,
        rerank: Rerank | Reranking | None = None,
        **options: Unpack[DecodeOptions],
    ) -> Iterator[tuple[Scores, list[Prediction]]]:
        """Predict a stream in blocks, with the scores of all labels as answers show them: closed.

        most_labels: of the answers of a block together; None: any number. watch: is given each
        block as it was read and answered. rerank: see :meth:`predict`.

        Raises:
            TypeError, ConfigError, ValueError: see :meth:`predict`.
            ConfigError: answers would have more labels than *most_labels*; none is made then.
        """
        decoder = self._decoder(**options)
        stream = as_documents(texts, data or self.bundle.config.data)
        return self._blocks(stream, decoder, most_labels, watch, as_reranking(rerank))

    def evaluate(
        self,
        given: Documents,
        *,
        data: DataConfig | None = None,
        log: ReadingLog | None = None,
        known: SeenDocuments | None = None,
        **options: Unpack[DecodeOptions],
    ) -> Report:
        """Compare predictions with the labels of documents, from files or memory.

        data: how to read them; None: as those for training. log: gathers what was skipped. known:
        gathers which of them the model was trained or tuned on.

        Raises:
            DocumentError: documents cannot be read or have unknown labels, or there is none.
        """
        from harnn.evaluation import report_scores
        from harnn.metrics import TrainingCounts

        decoder, bundle = self._decoder(**options), self.bundle
        scores, targets = self._score_labelled(given, data, log, known)
        return report_scores(
            scores,
            targets,
            decoder,
            self.taxonomy,
            training=TrainingCounts(bundle.label_counts, bundle.documents.get("train")),
        )

    def evaluate_strategies(
        self,
        given: Documents,
        *,
        data: DataConfig | None = None,
        log: ReadingLog | None = None,
        known: SeenDocuments | None = None,
        **options: Unpack[DecodeOptions],
    ) -> tuple[StrategyMetrics, ...]:
        """Compare all strategies that the model has on the labels of documents.

        data, log, known: see :meth:`evaluate`.

        Raises:
            DocumentError: documents cannot be read or have unknown labels, or there is none.
        """
        from harnn.evaluation import compare_strategies

        decoder = self._decoder(**options)
        scores, targets = self._score_labelled(given, data, log, known)
        return compare_strategies(scores, targets, decoder, self.taxonomy.hierarchy)

    def explain(
        self,
        text: str | Document,
        *,
        examples: Examples | None = None,
        most_labels: int | None = None,
        **options: Unpack[DecodeOptions],
    ) -> Explanation:
        """Show what spoke for each predicted label, in the final score of all branches together.

        For each word: how much higher the log odds of the label are with it than without; slow
        branches are asked without stretches of words (:mod:`harnn.branches.evidence`). A label that
        was chosen only because one below it was has the evidence of that one. Beside it: what each
        branch adds, the siblings that came next, and the nearest of the *examples* of each label
        (:meth:`read_examples`).

        most_labels: that are explained; None: any number.

        Raises:
            TypeError: *text* is something else than one text.
            ConfigError: options as for :meth:`predict`, or they choose more than *most_labels*.
            BundleError: the model is damaged: its numbers are none.
        """
        if not isinstance(text, str | Document):
            raise TypeError(f"Expected one text or harnn.Document, got {type(text)}.")
        decoder = self._decoder(**options)
        (document,) = numbered([text])
        corpus = self._encode([document], answered=True, explained=True)
        own = self.score_corpus(corpus)
        shown, chosen = decoder.decode(own, self.taxonomy.hierarchy)
        (answer,) = self._put_into_words(corpus, shown, chosen, most_labels)
        labels = explain_labels(self.bundle, corpus, decoder, own, shown, answer, examples)
        placed = corpus.views["placed_texts"][0]
        notes = (answer.notes, answer.note_codes, answer.note_values)
        return Explanation(document.id, placed.text, labels, *notes)

    def read_examples(
        self, given: Documents, *, data: DataConfig | None = None, log: ReadingLog | None = None
    ) -> Examples:
        """Read labelled documents, such as those of training, for :meth:`explain` to point at.

        data, log: see :meth:`evaluate`. Of the texts only the beginnings are kept.

        Raises:
            ConfigError: the model has no linear branch, by whose n-grams documents are compared.
            DocumentError: documents cannot be read or have unknown labels.
        """
        return Examples.read(self.bundle, given, data=data, log=log)

    def encode_labelled(
        self,
        given: Documents,
        data: DataConfig | None = None,
        log: ReadingLog | None = None,
        known: SeenDocuments | None = None,
    ) -> Corpus:
        """Read labelled documents as the model does; without *data* with its own settings.

        log, known: see :meth:`evaluate`.

        Raises:
            DocumentError: documents cannot be read or have unknown labels.
        """
        pairs = self._labelled(given, data, log, known)
        return encode_corpus(pairs, self.bundle.views(), len(self.taxonomy))

    def _labelled(
        self,
        given: Documents,
        data: DataConfig | None,
        log: ReadingLog | None,
        known: SeenDocuments | None,
    ) -> Iterator[tuple[Document, NDArray[np.int32]]]:
        settings = data or self.bundle.config.data
        pairs = labelled_documents(given, self.taxonomy, settings, log=log)
        return pairs if known is None else known.of(pairs)

    def _score_labelled(
        self,
        given: Documents,
        data: DataConfig | None,
        log: ReadingLog | None,
        known: SeenDocuments | None,
    ) -> tuple[Scores, csr_array]:
        """Return the scores of labelled documents and their label sets, both (N, C).

        Very many documents are scored some at a time; large scores stand in a file.

        Raises:
            DocumentError: there is none.
        """
        pairs, labels = self._labelled(given, data, log, known), len(self.taxonomy)
        most = max(1, min(_MOST_EVALUATED, _MOST_EVALUATED_SCORES // labels))
        ids: list[str] = []
        values, targets = Growing(np.float32), []
        while len(corpus := encode_corpus(islice(pairs, most), self.bundle.views(), labels)):
            values.append(self.score_corpus(corpus).values.ravel())
            targets.append(corpus.targets)
            ids += corpus.ids
        if not ids:
            raise DocumentError(Problem("", "there is no document to evaluate the model on."))
        scores = values.finish().reshape(len(ids), labels)
        return Scores(tuple(ids), scores), csr_array(vstack(targets, format="csr"))

    def read_and_score(
        self, documents: list[Document], decoder: Decoder, targets: Any = None
    ) -> Block:
        """Return documents as they are read and answered, for who watches them.

        targets: (N, C) true labels, sparse; None: they are not known.

        Raises:
            BundleError: see :meth:`score_corpus`.
        """
        corpus = self._encode(documents, answered=True)
        own = self.score_corpus(corpus)
        _, chosen = decoder.decode(own, self.taxonomy.hierarchy)
        return block_of(self.bundle, documents, corpus, own, decoder, chosen, targets)

    def _encode(
        self, documents: Iterable[Document], *, answered: bool = False, explained: bool = False
    ) -> Corpus:
        views = self.bundle.views()
        if answered:
            views |= views_for_notes(views)
        if explained:
            views["placed_texts"] = PlacedTextsView(self.bundle.tokenizer)
        return with_read(encode_unlabelled(documents, views))

    def _decoder(self, **options: Unpack[DecodeOptions]) -> Decoder:
        return self.bundle.decoder.with_options(**settle_options(options, self.bundle))

    def _blocks(
        self,
        documents: Iterator[Document],
        decoder: Decoder,
        most_labels: int | None = None,
        watch: Watcher | None = None,
        rerank: Reranking | None = None,
    ) -> Iterator[tuple[Scores, list[Prediction]]]:
        for some in blocks_of(documents, len(self.taxonomy)):
            corpus = self._encode(some, answered=True)
            own, more = self.score_corpus(corpus), list[tuple[Note, ...]]()
            if rerank is not None:
                own, more = rerank.apply(some, own, self.taxonomy)
            shown, chosen = decoder.decode(own, self.taxonomy.hierarchy)
            answers = list(self._put_into_words(corpus, shown, chosen, most_labels, more))
            if watch is not None:
                watch(block_of(self.bundle, some, corpus, own, decoder, chosen))
            yield shown, answers

    def _put_into_words(
        self,
        corpus: Corpus,
        shown: Scores,
        chosen: csr_array[np.bool_],
        most_labels: int | None = None,
        more: Sequence[tuple[Note, ...]] = (),
    ) -> Iterator[Prediction]:
        """Make answers; more: notes of each document beside the usual ones."""
        if most_labels is not None and chosen.nnz > most_labels:
            what = (
                f"{counted(len(corpus), 'document')} would get {counted(chosen.nnz, 'label')}, at "
                f"most {most_labels:,} are given at once."
            )
            hint = "Choose fewer (threshold, top_k), or ask for fewer documents."
            raise ConfigError(Problem("", what, hint))
        notes = make_notes(corpus, self.bundle, np.diff(chosen.indptr) > 0)
        notes = note_labels_by_name(notes, chosen, self.bundle)
        if more:
            notes = [own + other for own, other in zip(notes, more, strict=True)]
        return make_answers(shown, chosen, self.taxonomy, notes)


def documents_at_once(label_count: int) -> int:
    """Return how many documents a stream is answered for at a time."""
    return max(1, min(_MOST_DOCUMENTS, _MOST_SCORES // label_count))


def blocks_of(documents: Iterator[Document], label_count: int) -> Iterator[list[Document]]:
    """Yield documents that are answered together."""
    while some := list(islice(documents, documents_at_once(label_count))):
        yield some
