"""Predict, evaluate and explain with a trained model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

import numpy as np
from numpy.typing import NDArray

from harnn.bundle.storage import Bundle, load_bundle
from harnn.bundle.strategies import StrategyReport, report_strategies
from harnn.config import DataConfig
from harnn.corpus import (
    EncodedCorpus,
    Source,
    encode_corpus,
    encode_unlabelled,
    labelled_documents,
)
from harnn.data import Document, ReadReport
from harnn.decode import DecodeOptions, Decoder, Scores
from harnn.errors import BundleError, Problem
from harnn.metrics import Report
from harnn.reporting import report_scores

if TYPE_CHECKING:
    from harnn.training import FitResult

_MOST_DOCUMENTS = 2_048
_MOST_SCORES = 32 << 20
"""Documents x labels in memory at once: 128 MB for each branch."""
_WORDS_SHOWN = 10
_LINEAR_WEIGHTS = (
    "The words are those of the linear branch: exported networks do not tell where they looked."
)
_LEAST_LOST = 1e-6
"""Added to each word, so that weights sum to 1 even where no word matters."""


@dataclass(frozen=True, slots=True)
class PredictedLabel:
    """One label of an answer."""

    label: str
    name: str
    score: float
    """0 to 1; closed ``up`` at least that of every descendant."""
    level: int
    """1 is the top."""
    path: tuple[str, ...]
    """Labels from a root down to this one; of several parents, the one scored highest."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "label": self.label,
            "name": self.name,
            "score": round(self.score, 6),
            "level": self.level,
            "path": list(self.path),
        }


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer for one document: labels in the taxonomy's order, top first."""

    id: str
    labels: tuple[PredictedLabel, ...]
    notes: tuple[str, ...] = ()
    """What the reader should know, such as that the text was cut."""

    def to_dict(self) -> dict[str, Any]:
        plain: dict[str, Any] = {"id": self.id, "labels": [x.to_dict() for x in self.labels]}
        return plain | {"notes": list(self.notes)} if self.notes else plain


@dataclass(frozen=True, slots=True)
class WordWeight:
    """A word of the text and how much of a label's attention it got."""

    start: int
    end: int
    """Characters start to end of the text."""
    word: str
    weight: float
    """0 to 1; the weights of all words of a label sum to 1."""


@dataclass(frozen=True, slots=True)
class LabelExplanation:
    """The words that one predicted label looked at."""

    predicted: PredictedLabel
    weights: tuple[WordWeight, ...]
    """Every word read, in the order of the text."""

    def top(self, count: int = _WORDS_SHOWN) -> tuple[WordWeight, ...]:
        """Return the *count* words with most attention, most first."""
        return tuple(sorted(self.weights, key=lambda w: (-w.weight, w.start))[:count])


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why each label of a document was predicted."""

    id: str
    text: str
    labels: tuple[LabelExplanation, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "text": self.text,
            "notes": list(self.notes),
            "labels": [
                item.predicted.to_dict()
                | {
                    "words": [
                        {
                            "word": w.word,
                            "start": w.start,
                            "end": w.end,
                            "weight": round(w.weight, 6),
                        }
                        for w in item.weights
                    ]
                }
                for item in self.labels
            ],
        }


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
    ) -> Self:
        """Load a model directory.

        beam: in levels of more than 1,024 labels only the children of that many labels of each
        level above, the best of a document, attend to it: with very many labels much faster,
        and a label whose ancestors the model did not think of is hardly found. None: all.
        bfloat16: compute the networks in bfloat16, faster where the processor has it; scores
        then depend, in the third digit, on which documents share a batch.

        Raises:
            BundleError: see :func:`harnn.bundle.load_bundle`.
            ConfigError: the model takes no beam, or has no network for bfloat16.
            ValueError: *beam* is below 1.
        """
        bundle = load_bundle(directory, segment=segment)
        model = bundle.model
        if beam is not None:
            model = model.with_beam(beam, bundle.taxonomy.edges)
        if bfloat16:
            model = model.with_bfloat16()
        return cls(replace(bundle, model=model))

    @classmethod
    def from_result(cls, result: FitResult) -> Self:
        """Use what :func:`harnn.fit` returned without saving it."""
        names = Bundle.__dataclass_fields__
        return cls(Bundle(**{name: getattr(result, name) for name in names}))

    def scores(self, texts: Iterable[str | Document]) -> Scores:
        """Return the scores of all labels, before any decoding."""
        corpus = self._encode(_as_documents(texts))
        return Scores(corpus.ids, self.bundle.model.score(corpus))

    def predict(
        self, texts: Iterable[str | Document], **options: Unpack[DecodeOptions]
    ) -> list[Prediction]:
        """Predict the labels of each text.

        *options*, here and below, change how labels are chosen: strategy, threshold, top_k, close,
        top_1, see :class:`harnn.decode.Decoder`; those not given are the model's own.

        Raises:
            TypeError: *texts* is one string.
            ConfigError: options exclude each other, or the model lacks what a strategy needs.
            ValueError: an option is out of range.
        """
        if isinstance(texts, str):
            raise TypeError("Expected a list of texts, got one string: predict([text]).")
        return list(self.predict_stream(texts, **options))

    def predict_stream(
        self, texts: Iterable[str | Document], **options: Unpack[DecodeOptions]
    ) -> Iterator[Prediction]:
        """Predict a stream of any length in bounded memory, in its order."""
        decoder = self._decoder(**options)
        stream = iter(_as_documents(texts))
        while documents := list(islice(stream, documents_at_once(len(self.taxonomy)))):
            corpus = self._encode(documents)
            values = self.bundle.model.score(corpus)
            yield from self._answers(corpus, values, decoder)

    def evaluate(
        self,
        source: Source,
        *,
        data: DataConfig | None = None,
        report: ReadReport | None = None,
        **options: Unpack[DecodeOptions],
    ) -> Report:
        """Compare predictions with the labels of *source*.

        Raises:
            DocumentError: documents cannot be read or have unknown labels.
        """
        decoder = self._decoder(**options)
        corpus = self.encode_labelled(source, data, report)
        values = self.bundle.model.score(corpus)
        return report_scores(
            values,
            corpus,
            decoder,
            self.taxonomy,
            label_counts=self.bundle.label_counts,
            training_documents=self.bundle.documents.get("train"),
        )

    def evaluate_strategies(
        self,
        source: Source,
        *,
        data: DataConfig | None = None,
        report: ReadReport | None = None,
        **options: Unpack[DecodeOptions],
    ) -> tuple[StrategyReport, ...]:
        """Compare all strategies that the model has on the labels of *source*.

        Raises:
            DocumentError: documents cannot be read or have unknown labels.
        """
        decoder = self._decoder(**options)
        corpus = self.encode_labelled(source, data, report)
        values = self.bundle.model.score(corpus)
        return report_strategies(values, corpus.targets, decoder, self.taxonomy)

    def explain(self, text: str | Document, **options: Unpack[DecodeOptions]) -> Explanation:
        """Show which words made each predicted label.

        With a network these are the words that the label's own attention used. In mode ``paper``
        that of the lower levels is nearly even, which is a fault of that network; see
        :class:`harnn.model.PaperLevel`. Without a network, or with one that was exported, they are
        the words without which the linear branch would be less sure.

        Raises:
            BundleError: the model has nothing but exported networks, which do not tell.
        """
        document = next(iter(_as_documents([text])))
        corpus = self._encode([document])
        decoder = self._decoder(**options)
        answer = next(iter(self._answers(corpus, self.bundle.model.score(corpus), decoder)))
        full_text = document.full_text
        spans = self.bundle.encoder.spans(full_text)
        attention, note = self._word_weights(corpus, full_text, spans)
        labels = tuple(
            LabelExplanation(
                predicted,
                tuple(
                    WordWeight(start, end, full_text[start:end], float(weight))
                    for (start, end), weight in zip(
                        spans, attention[self.taxonomy.index[predicted.label]], strict=True
                    )
                ),
            )
            for predicted in answer.labels
        )
        return Explanation(document.id, full_text, labels, (*answer.notes, *note))

    def _word_weights(
        self, corpus: EncodedCorpus, text: str, spans: Sequence[tuple[int, int]]
    ) -> tuple[NDArray[np.float32], tuple[str, ...]]:
        """Return the weights (C, T) of the words of the only document of *corpus*, and a note."""
        model = self.bundle.model
        attention = model.attention(corpus, 0)
        if attention is not None:
            return attention, ()
        if model.networks and model.linear is None:
            what = "networks that were exported do not tell which words they looked at."
            raise BundleError(Problem("", what, "Explain with the model that they come from."))
        note = (_LINEAR_WEIGHTS,) if model.networks else ()
        if model.linear is None or not spans:
            return np.zeros((len(self.taxonomy), len(spans)), dtype=np.float32), note
        texts = [text, *(f"{text[:start]} {text[end:]}" for start, end in spans)]
        margins = model.linear.margins(texts)
        lost = np.maximum(margins[0] - margins[1:], 0).T + _LEAST_LOST
        return np.asarray(lost / lost.sum(axis=1, keepdims=True), dtype=np.float32), note

    def _encode(self, documents: Iterable[Document]) -> EncodedCorpus:
        model = self.bundle.model
        return encode_unlabelled(
            documents,
            self.bundle.encoder,
            features=model.features,
            sentences=model.sentence is not None,
        )

    def encode_labelled(
        self, source: Source, data: DataConfig | None, report: ReadReport | None
    ) -> EncodedCorpus:
        """Read labelled documents as the model does; without *data* with its own settings.

        Raises:
            DocumentError: documents cannot be read or have unknown labels.
        """
        bundle = self.bundle
        pairs = labelled_documents(source, self.taxonomy, data or bundle.config.data, report=report)
        return encode_corpus(
            pairs,
            bundle.encoder,
            len(self.taxonomy),
            features=bundle.model.features,
            sentences=bundle.model.sentence is not None,
        )

    def _decoder(self, **options: Unpack[DecodeOptions]) -> Decoder:
        return self.bundle.decoder.with_options(**options)

    def _answers(
        self, corpus: EncodedCorpus, values: NDArray[np.float32], decoder: Decoder
    ) -> Iterator[Prediction]:
        taxonomy = self.taxonomy
        values, chosen = decoder.decode(values, edges=taxonomy.edges, levels=taxonomy.levels)
        for row, document_id in enumerate(corpus.ids):
            columns = chosen.indices[chosen.indptr[row] : chosen.indptr[row + 1]]
            labels = tuple(self._label(int(c), values[row]) for c in np.sort(columns))
            yield Prediction(document_id, labels, self._notes(corpus, row))

    def _label(self, column: int, values: NDArray[np.float32]) -> PredictedLabel:
        taxonomy = self.taxonomy
        path = [column]
        while len(parents := taxonomy.parents(path[-1])):
            path.append(int(max(parents, key=lambda parent: values[parent])))
        return PredictedLabel(
            label=taxonomy.codes[column],
            name=taxonomy.names[column],
            score=float(values[column]),
            level=int(taxonomy.levels[column]),
            path=tuple(taxonomy.codes[c] for c in reversed(path)),
        )

    def _notes(self, corpus: EncodedCorpus, row: int) -> tuple[str, ...]:
        full, read = int(corpus.full_lengths[row]), int(corpus.lengths[row])
        if full == 0:
            return ("The text has no words: the answer is what is most common.",)
        if full > read and self.bundle.model.networks:
            return (f"Only the first {read:,} of {full:,} words were read (text.max_length).",)
        known = np.count_nonzero(corpus.tokens(row) != self.bundle.encoder.unknown_id)
        if known == 0:
            rests = "rests on the vector of the whole text alone"
            answer = rests if self.bundle.model.sentence is not None else "is a guess"
            return (f"No word of the text is known to the model: the answer {answer}.",)
        return ()


def documents_at_once(labels: int) -> int:
    """Return how many documents a stream is answered for at a time."""
    return max(1, min(_MOST_DOCUMENTS, _MOST_SCORES // labels))


def _as_documents(texts: Iterable[str | Document]) -> Iterator[Document]:
    for number, text in enumerate(texts, start=1):
        if isinstance(text, Document):
            yield text
        elif isinstance(text, str):
            yield Document(str(number), {"text": text}, None, f"text {number}")
        else:
            raise TypeError(f"Expected strings or harnn.Document objects, got {type(text)}.")
