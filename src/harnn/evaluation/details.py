"""Everything that can be said of scores on labelled documents, computed once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from harnn._scratch import blank
from harnn.counting import as_binary
from harnn.decode import Decoder, Scores
from harnn.evaluation.label_errors import LabelErrors, find_label_errors
from harnn.evaluation.mistakes import Mistake, missed_with_least_score, wrong_with_most_score
from harnn.metrics import (
    Answers,
    Confusion,
    FrequencySpread,
    LabelMetrics,
    LabelShift,
    Report,
    Resampling,
    System,
    ThresholdCurve,
    TrainingCounts,
    confused_documents,
    confused_siblings,
    estimate,
    evaluate,
    f1_spread,
    label_shift,
    threshold_curve,
)
from harnn.taxonomy import Taxonomy

_MOST_PAIRS = 12
_MOST_LABELS = 12
_MOST_MISTAKES = 12
LEAST_DOCUMENTS = 10
"""Of a label, so that a low F1 of it means something."""
SHOWN_ERRORS = 24
"""Likely errors of the data whose documents are named."""
_EXAMPLES = 2


class Example(NamedTuple):
    """A document that shows what goes wrong with a label."""

    row: int
    missed: bool
    """Whether the label was missed; else it was wrongly given."""
    other: int | None = None
    """A sibling that was given instead, or that was true instead; None without one."""


class WorstLabel(NamedTuple):
    """A label with a low F1, and documents that show why."""

    column: int
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Evaluation:
    """What scores on N labelled documents say; built by :func:`evaluate_closely`."""

    taxonomy: Taxonomy
    decoder: Decoder
    """It chose the labels."""
    ids: tuple[str, ...]
    report: Report
    samples: int
    """Bootstrap samples of the intervals."""
    intervals: System
    """Measures of all labels, and micro-F1 of each level, with 95% intervals."""
    labels: LabelMetrics
    """(C,) each."""
    label_thresholds: NDArray[np.float32] | None
    """(C,) what a score must reach; None where labels are not chosen by thresholds."""
    curve: ThresholdCurve
    """Of all labels."""
    level_curves: tuple[ThresholdCurve, ...]
    confusions: tuple[Confusion, ...]
    """Those with most documents, most first."""
    confused_rows: tuple[int, ...]
    """A document of each."""
    worst: tuple[WorstLabel, ...]
    wrong: tuple[Mistake, ...]
    """Labels that were wrongly given with the highest scores, one a document."""
    missed: tuple[Mistake, ...]
    """Labels that were missed with the lowest scores, one a document."""
    label_errors: LabelErrors
    """Pairs of a document and a label that are likely errors of the data, those that follow from
    another left out."""
    training_counts: NDArray[np.int64] | None
    """(C,) training documents of each label."""
    spread: tuple[FrequencySpread, ...] | None
    """F1 by training frequency; None without the counts of training."""
    shift: LabelShift | None
    """How the labels' shares changed since training; None where it is not known."""

    def __repr__(self) -> str:
        return f"Evaluation({self.report!r})"

    @property
    def shown_rows(self) -> tuple[int, ...]:
        """Documents that are named as examples, ascending."""
        rows = {example.row for label in self.worst for example in label.examples}
        rows |= {mistake.row for mistake in (*self.wrong, *self.missed)}
        rows |= set(self.label_errors.rows[:SHOWN_ERRORS].tolist())
        return tuple(sorted(rows | set(self.confused_rows)))


def evaluate_closely(
    blocks: Iterable[Scores],
    targets: Any,
    decoder: Decoder,
    taxonomy: Taxonomy,
    *,
    training: TrainingCounts | None = None,
    resampling: Resampling | None = None,
) -> Evaluation:
    """Evaluate scores as *decoder* reads them, down to single labels and documents.

    blocks: scores of all documents in order, in blocks of any size, which are not kept: in memory
    are the closed scores (N, C) once, and one block. targets: (N, C) label sets, sparse, closed
    upward. *training* adds what depends on the frequency of labels, and their shift if it says how
    many documents there were.

    Raises:
        ValueError: the blocks are not of the targets' documents and labels, or there is none.
    """
    hierarchy, true = taxonomy.hierarchy, as_binary(targets)
    if not true.shape[0]:
        raise ValueError("Expected at least one document.")
    decoded = _decode(blocks, decoder, taxonomy, true.shape)
    scores, predictions = decoded.scores, decoded.predictions
    labels = LabelMetrics.count(predictions, true)
    counts = None if training is None else np.asarray(training.label_counts, dtype=np.int64)
    errors = find_label_errors(scores, true, hierarchy)
    confusions = confused_siblings(predictions, true, hierarchy, most=_MOST_PAIRS)
    return Evaluation(
        taxonomy=taxonomy,
        decoder=decoder,
        ids=decoded.ids,
        report=evaluate(
            scores,
            predictions,
            true,
            taxonomy,
            raw_predictions=decoded.raw_predictions,
            training=training,
        ),
        samples=(resampling or Resampling()).samples,
        intervals=estimate(Answers(predictions, scores), true, taxonomy, resampling=resampling),
        labels=labels,
        label_thresholds=decoder.label_cuts(hierarchy),
        curve=threshold_curve(scores, true),
        level_curves=tuple(
            threshold_curve(scores[:, columns], true[:, columns])
            for columns in hierarchy.level_slices
        ),
        confusions=confusions,
        confused_rows=tuple(
            int(confused_documents(predictions, true, each.true, each.given)[0])
            for each in confusions
        ),
        worst=_worst(labels, predictions, true, taxonomy),
        wrong=wrong_with_most_score(scores, predictions, true, hierarchy, most=_MOST_MISTAKES),
        missed=missed_with_least_score(scores, predictions, true, hierarchy, most=_MOST_MISTAKES),
        label_errors=errors.select(~errors.implied),
        training_counts=counts,
        spread=None if counts is None else f1_spread(labels.f1, labels.true, counts),
        shift=_shift(labels, true.shape[0], training),
    )


class _Decoded(NamedTuple):
    ids: tuple[str, ...]
    scores: NDArray[np.float32]
    """Closed as users see them."""
    predictions: csr_array[np.bool_]
    raw_predictions: csr_array[np.bool_]


def _decode(
    blocks: Iterable[Scores], decoder: Decoder, taxonomy: Taxonomy, shape: tuple[int, int]
) -> _Decoded:
    """Raises:
    ValueError: the blocks have another number of documents or labels.
    """
    hierarchy, raw_decoder = taxonomy.hierarchy, decoder.unclosed()
    ids: list[str] = []
    scores = blank(shape, np.float32)
    predictions, raw_predictions = [], []
    for block in blocks:
        start, stop = len(ids), len(ids) + len(block)
        if stop > shape[0]:
            raise ValueError(f"Expected scores of {shape[0]:,} documents, got more.")
        raw_predictions.append(raw_decoder.choose(block.values, hierarchy))
        shown, chosen = decoder.decode(block, hierarchy)
        predictions.append(chosen)
        scores[start:stop] = shown.values
        ids += block.ids
    if len(ids) != shape[0]:
        raise ValueError(f"Expected scores of {shape[0]:,} documents, got {len(ids):,}.")
    return _Decoded(
        tuple(ids), scores, csr_array(vstack(predictions)), csr_array(vstack(raw_predictions))
    )


def _shift(
    labels: LabelMetrics, documents: int, training: TrainingCounts | None
) -> LabelShift | None:
    if training is None or not training.documents:
        return None
    counts = np.asarray(training.label_counts)
    if counts.max(initial=0) > training.documents:  # counts of other documents too
        return None
    return label_shift(counts, training.documents, labels.true, documents)


def _worst(
    labels: LabelMetrics,
    predictions: csr_array[np.bool_],
    true: csr_array[np.bool_],
    taxonomy: Taxonomy,
) -> tuple[WorstLabel, ...]:
    columns = labels.worst(least=LEAST_DOCUMENTS, most=_MOST_LABELS)
    by_label = predictions.tocsc(), true.tocsc()
    found = []
    for column in columns.tolist():
        predicted_in, true_in = (
            set(sets.indices[sets.indptr[column] : sets.indptr[column + 1]].tolist())
            for sets in by_label
        )
        siblings = _siblings(taxonomy, column)
        examples = [
            Example(row, True, _one_of(predictions, true, row, siblings))
            for row in sorted(true_in - predicted_in)[:_EXAMPLES]
        ]
        examples += [
            Example(row, False, _one_of(true, predictions, row, siblings))
            for row in sorted(predicted_in - true_in)[: _EXAMPLES - len(examples)]
        ]
        found.append(WorstLabel(column, tuple(examples)))
    return tuple(found)


def _siblings(taxonomy: Taxonomy, column: int) -> set[int]:
    hierarchy = taxonomy.hierarchy
    parents = hierarchy.parents(column).tolist()
    if not parents:
        roots = hierarchy.roots
        return set(roots[hierarchy.levels[roots] == hierarchy.levels[column]].tolist()) - {column}
    return {c for parent in parents for c in hierarchy.children(parent).tolist()} - {column}


def _one_of(
    sets: csr_array[np.bool_], others: csr_array[np.bool_], row: int, siblings: set[int]
) -> int | None:
    """Return the first sibling that is in a document's set, and not in its other one."""
    inside, outside = (
        set(x.indices[x.indptr[row] : x.indptr[row + 1]].tolist()) for x in (sets, others)
    )
    return min((inside - outside) & siblings, default=None)
