"""What became of a model that was trained on: the old and the new one on the same documents."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harnn._display import counted, with_name
from harnn.decode import Decoder, Scores
from harnn.metrics import Answers, Comparison, Difference, LabelMetrics, Resampling, compare
from harnn.metrics.sets import count_overlap
from harnn.taxonomy import Taxonomy

_MOST_LABELS = 5
_LEAST_DOCUMENTS = 3
"""Of a label: of fewer its F1 says little."""
_FAR = 0.1
"""That a threshold moves by, to be told with the verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelChange:
    """A label on the validation documents."""

    code: str
    name: str
    documents: int
    """That have it."""
    found: tuple[int, int]
    """Documents that have it and got it, before and after."""
    wrong: tuple[int, int]
    """Documents that got it and do not have it."""
    f1: tuple[float, float]

    @property
    def difference(self) -> float:
        """F1 after less F1 before."""
        return self.f1[1] - self.f1[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedAnswers:
    """How documents are answered that somebody corrected; the new model was trained on them."""

    documents: int
    as_corrected: tuple[int, int]
    """Documents that get just the labels of their correction, before and after."""
    micro_f1: tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Two states of a model: of every pair the first is the old one."""

    comparison: Comparison
    """On the validation documents, with intervals of the differences."""
    documents_changed: int
    """Validation documents that get other labels than before."""
    risen: tuple[LabelChange, ...]
    """The labels whose F1 rose most, with 3 validation documents at least."""
    fallen: tuple[LabelChange, ...]
    labels_risen: int
    """Of all labels."""
    labels_fallen: int
    decoders: tuple[Decoder, Decoder]
    corrected: CorrectedAnswers | None
    """None: there were no corrections."""
    validation_corrected: int = 0
    """Validation documents that have the labels of a correction."""

    @classmethod
    def of(
        cls,
        answers: tuple[Answers, Answers],
        targets: Any,
        decoders: tuple[Decoder, Decoder],
        taxonomy: Taxonomy,
        *,
        corrected: CorrectedAnswers | None = None,
        validation_corrected: int = 0,
        resampling: Resampling | None = None,
    ) -> Changes:
        """Compare what two models say of the validation documents; targets: (N, C), sparse."""
        old, new = answers
        labels = [LabelMetrics.count(each.predictions, targets) for each in answers]
        difference = labels[1].f1 - labels[0].f1
        same = count_overlap(old.predictions, new.predictions).exact
        known = np.flatnonzero(labels[0].true >= _LEAST_DOCUMENTS)
        order = known[np.lexsort((known, -labels[0].true[known], -np.abs(difference[known])))]

        def most(sign: int) -> tuple[LabelChange, ...]:
            columns = [column for column in order.tolist() if sign * difference[column] > 0]
            return tuple(_change(labels, column, taxonomy) for column in columns[:_MOST_LABELS])

        return cls(
            comparison=compare(old, new, targets, taxonomy, resampling=resampling),
            documents_changed=targets.shape[0] - same,
            risen=most(1),
            fallen=most(-1),
            labels_risen=int((difference > 0).sum()),
            labels_fallen=int((difference < 0).sum()),
            decoders=decoders,
            corrected=corrected,
            validation_corrected=validation_corrected,
        )

    @property
    def is_worse(self) -> bool:
        """Whether the new model ranks the labels of the validation documents worse (AUPRC)."""
        return self._auprc.difference < 0

    @property
    def _auprc(self) -> Difference:
        return next(each for each in self.comparison.measures if each.measure == "auprc")

    def verdict(self) -> str:
        """Say in a sentence whether the new model is better."""
        found = self._auprc
        numbers = f"AUPRC {100 * found.first:.2f} -> {100 * found.second:.2f}"
        interval = f"95% interval {100 * found.low:+.2f} to {100 * found.high:+.2f}"
        clear = found.low > 0 or found.high < 0
        if not found.difference:
            what = "the new model ranks labels as well as the old one"
        elif found.difference > 0:
            what = "the new model is better than the old one"
        elif clear:
            what = "THE NEW MODEL IS WORSE THAN THE OLD ONE"
        else:
            what = "the new model is a little worse than the old one"
        doubt = "" if clear or not found.difference else ", which may be chance"
        said = f"On validation {what}: {numbers} ({interval}{doubt})."
        return f"{said} {far}" if (far := self._moved_far()) else said

    def _moved_far(self) -> str:
        """Say which threshold in use moved far, and on how little it rests; or nothing."""
        old, new = self.decoders
        if old.strategy != new.strategy:
            return ""
        moves = [(abs(b - a), what, a, b) for what, a, b in _thresholds(old, new)]
        far = [each for each in moves if each[0] > _FAR]
        if not far:
            return ""
        _, what, before, after = max(far, key=lambda each: each[0])
        more = counted(len(far) - 1, "other")
        others = f", and {more} more than {_FAR}" if len(far) > 1 else ""
        return (
            f"{what} moved far, from {before:.3f} to {after:.3f}{others}. {self._rests()} Look at "
            "answers before you replace the old model; harnn decoding can set thresholds back."
        )

    def _rests(self) -> str:
        """Say on how many documents the thresholds rest."""
        of = counted(self.comparison.documents, "validation document")
        among = f", {self.validation_corrected:,} of them corrected" * bool(
            self.validation_corrected
        )
        learned = ""
        if self.corrected is not None:
            documents = self.corrected.documents - self.validation_corrected
            learned = f", and the model has learned from {counted(documents, 'corrected document')}"
        return f"Thresholds rest on {of}{among}{learned}."

    def lines(self) -> Iterator[str]:
        """Say the rest in sentences, one a line."""
        if self.corrected is not None:
            before, after = self.corrected.as_corrected
            first, second = self.corrected.micro_f1
            yield (
                f"Of {counted(self.corrected.documents, 'corrected document')}, answered just as "
                f"corrected: {before:,} before, {after:,} now (micro-F1 {100 * first:.1f} -> "
                f"{100 * second:.1f}); the new model was trained on them, where they are no "
                "validation documents."
            )
        of = counted(self.comparison.documents, "validation document")
        yield f"Other labels than before: {self.documents_changed:,} of {of}."
        yield (
            f"F1 rose for {counted(self.labels_risen, 'label')} and fell for "
            f"{self.labels_fallen:,}."
        )
        for title, changes in (("rose", self.risen), ("fell", self.fallen)):
            for each in changes:
                yield f"F1 {title}: {_described(each)}"
        yield from self._decoding()

    def _decoding(self) -> Iterator[str]:
        old, new = self.decoders
        if old.describe() == new.describe():
            yield f"Labels are chosen as before: {new.describe()}."
        else:
            yield f"Labels were chosen: {old.describe()}. Now: {new.describe()}."
        moved = [
            f"level {number}: {before:.3f} -> {after:.3f}"
            for number, (before, after) in enumerate(
                zip(old.level_thresholds or (), new.level_thresholds or (), strict=False), start=1
            )
        ]
        if moved:
            yield (
                f"Thresholds: all labels: {old.threshold:.3f} -> {new.threshold:.3f}; "
                f"{'; '.join(moved)}."
            )
        if any(before != after for _, before, after in _thresholds(old, new)):
            yield self._rests()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""

        def labels(changes: Sequence[LabelChange]) -> list[dict[str, Any]]:
            return [dataclasses.asdict(each) for each in changes]

        return {
            "is_worse": self.is_worse,
            "validation": self.comparison.to_dict(),
            "documents_changed": self.documents_changed,
            "labels_risen": self.labels_risen,
            "labels_fallen": self.labels_fallen,
            "risen": labels(self.risen),
            "fallen": labels(self.fallen),
            "decoding": [each.to_dict() for each in self.decoders],
            "validation_corrected": self.validation_corrected,
            "corrected": None if self.corrected is None else dataclasses.asdict(self.corrected),
        }


def answers_of(scores: Scores, decoder: Decoder, taxonomy: Taxonomy) -> Answers:
    """Return what a model says: scores, closed as a user sees them, and the labels it chooses."""
    shown, predictions = decoder.decode(scores, taxonomy.hierarchy)
    return Answers(predictions, shown.values)


def judge_corrected(answers: tuple[Answers, Answers], targets: Any) -> CorrectedAnswers:
    """Say how two models answer documents with corrected labels (N, C), sparse."""
    old, new = (count_overlap(each.predictions, targets) for each in answers)
    return CorrectedAnswers(
        documents=targets.shape[0],
        as_corrected=(old.exact, new.exact),
        micro_f1=(old.averages().micro.f1, new.averages().micro.f1),
    )


def _thresholds(old: Decoder, new: Decoder) -> Iterator[tuple[str, float, float]]:
    """Yield the thresholds that a decoder chooses by: what they are called, before and after."""
    if new.strategy == "threshold":
        yield "The threshold of all labels", old.threshold, new.threshold
    elif new.strategy == "deepest":
        yield "How sure each step is to be", old.confidence or 0, new.confidence or 0
    elif new.strategy in ("level", "label"):
        name = f"{new.strategy}_thresholds"
        pairs = zip(getattr(old, name) or (), getattr(new, name) or (), strict=False)
        for number, (before, after) in enumerate(pairs, start=1):
            what = f"level {number}" if new.strategy == "level" else "a label"
            yield f"The threshold of {what}", before, after


def _change(labels: Sequence[LabelMetrics], column: int, taxonomy: Taxonomy) -> LabelChange:
    old, new = labels
    wrong = [int(each.predicted[column] - each.hits[column]) for each in labels]
    return LabelChange(
        code=taxonomy.codes[column],
        name=taxonomy.names[column],
        documents=int(old.true[column]),
        found=(int(old.hits[column]), int(new.hits[column])),
        wrong=(wrong[0], wrong[1]),
        f1=(float(old.f1[column]), float(new.f1[column])),
    )


def _described(change: LabelChange) -> str:
    return (
        f"{with_name(change.code, change.name, quoted=False)} "
        f"{100 * change.f1[0]:.1f} -> {100 * change.f1[1]:.1f}; "
        f"of {counted(change.documents, 'document')} found {change.found[0]:,} -> "
        f"{change.found[1]:,}, wrongly given {change.wrong[0]:,} -> {change.wrong[1]:,}"
    )
