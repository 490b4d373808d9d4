"""Documents with their answers and evidence, computed before any of it is put into review."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, islice

import numpy as np
from numpy.typing import NDArray

from harnn._display import beginning, printable, whole_signs
from harnn.answers import Prediction
from harnn.data import Document
from harnn.explain import LabelExplanation, WordWeight
from harnn.prediction import Predictor
from harnn.review.corrections import ModelState
from harnn.review.doubt import DoubtMeasure
from harnn.review.tables import MOST_NAME
from harnn.review.values import (
    EnqueueOptions,
    Prepared,
    PreparedLabel,
    RunnerUp,
    ShownWord,
)

_AT_ONCE = 64
_WORDS = 12
"""Kept of a label: those that speak for it, and as many against it."""
_MOST_EXPLAINED = 200
"""Labels of a document."""
_LEAST_SHARE = 0.01
"""Of the strongest effect, for a word to be kept."""
_TITLE_FIELDS = ("title", "name", "heading", "headline", "subject")
_TITLE = 160
"""Characters of a title."""
_HINT = 200
"""Characters of a hint, about."""


def prepare(
    predictor: Predictor,
    documents: Iterable[Document],
    *,
    model: ModelState,
    options: EnqueueOptions = EnqueueOptions(),
) -> Iterator[Prepared]:
    """Predict and explain documents, in bounded memory, in their order; asks no database.

    Raises:
        BundleError: the model is damaged.
    """
    asked = _Asked(predictor, model, options)
    stream = iter(documents)
    while some := list(islice(stream, _AT_ONCE)):
        answered = (
            pair
            for scores, answers in predictor.predict_with_scores(some)
            for pair in zip(scores.values, answers, strict=True)
        )
        for document, (values, answer) in zip(some, answered, strict=True):
            yield asked.prepared(document, values, answer)


class _Asked:
    """What all documents of one call are prepared with."""

    def __init__(self, predictor: Predictor, model: ModelState, options: EnqueueOptions) -> None:
        bundle = predictor.bundle
        self._predictor, self._model, self._options = predictor, model, options
        self._taxonomy, hierarchy = bundle.taxonomy, bundle.taxonomy.hierarchy
        trained = bundle.documents.get("train")
        self._measure = DoubtMeasure.build(hierarchy, bundle.label_counts, trained)
        self._cuts = bundle.decoder.label_cuts(hierarchy)

    def prepared(
        self,
        document: Document,
        scores: NDArray[np.float32],
        answer: Prediction,
    ) -> Prepared:
        """scores: (C,), as the answer shows them."""
        taxonomy = self._taxonomy
        given = [taxonomy.index[each.label] for each in answer.labels]
        columns = taxonomy.close_upward(given).tolist() if given else []
        shown = {taxonomy.codes[c]: round(float(scores[c]), 6) for c in columns}
        doubt = self._measure.of(scores, columns)
        explains = self._options.evidence and 0 < len(given) <= _MOST_EXPLAINED
        labels = self._labels(document) if explains else {}
        notes = answer.notes
        if self._options.evidence and len(given) > _MOST_EXPLAINED:
            most = f"at most {_MOST_EXPLAINED} are explained"
            notes += (f"No words are shown: it got {len(given):,} labels, {most}.",)
        return Prepared(
            document=document,
            model=self._model,
            title=title_of(document.text, self._options.title_field),
            shown=shown,
            labels=tuple(
                labels.get(code) or PreparedLabel(code, score, self._cut(taxonomy.index[code]))
                for code, score in shown.items()
            ),
            notes=notes,
            doubt=doubt.wrong,
            value=doubt.value,
            hint=whole_signs(doubt.hint(taxonomy, scores), _HINT),
        )

    def _labels(self, document: Document) -> dict[str, PreparedLabel]:
        found = self._predictor.explain(document)
        fields = _Fields(document.text)
        return {
            each.predicted.label: PreparedLabel(
                each.predicted.label,
                round(each.predicted.score, 6),
                self._cut(self._taxonomy.index[each.predicted.label]),
                tuple(_shown_words(each, fields)),
                tuple(self._runners_up(each)),
                each.through,
            )
            for each in found.labels
        }

    def _runners_up(self, explained: LabelExplanation) -> Iterator[RunnerUp]:
        for rival in explained.rivals:
            scored = rival.scored
            cut = self._cut(self._taxonomy.index[scored.label])
            yield RunnerUp(scored.label, scored.name, round(scored.score, 6), cut)

    def _cut(self, column: int) -> float | None:
        return None if self._cuts is None else round(float(self._cuts[column]), 6)


class _Fields:
    """Places of a whole text in its fields, which line breaks join."""

    def __init__(self, text: Mapping[str, str]) -> None:
        self._names = list(text)
        lengths = [len(part) + 1 for part in text.values()]
        self._starts = [0, *accumulate(lengths)]

    def shown(self, word: WordWeight) -> ShownWord:
        """Return a word with its place in its field."""
        number = min(bisect_right(self._starts, word.start) - 1, len(self._names) - 1)
        start = self._starts[number]
        effect = round(word.effect, 4)
        return ShownWord(
            self._names[number], word.start - start, word.end - start, word.word, effect
        )


def _shown_words(explained: LabelExplanation, fields: _Fields) -> list[ShownWord]:
    ordered = sorted(explained.weights, key=lambda word: word.effect)
    least = _LEAST_SHARE * max((abs(word.effect) for word in ordered), default=0.0)
    speaking = [word for word in ordered[-_WORDS:] if word.effect > least]
    against = [word for word in ordered[:_WORDS] if word.effect < -least]
    return [fields.shown(word) for word in sorted([*against, *speaking], key=lambda w: w.start)]


def title_of(text: Mapping[str, str], field: str | None = None) -> str:
    """Return what a document is called in a queue: the beginning of its title, or of its text."""
    names: Sequence[str] = (field,) if field else _TITLE_FIELDS
    by_name = {name.casefold(): part for name, part in text.items() if part.strip()}
    found = [by_name[name.casefold()] for name in names if name.casefold() in by_name]
    first = next(iter(found or by_name.values()), "")
    return printable(beginning(first, _TITLE))[:MOST_NAME]
