"""All strategies of a decoder, tuned on the validation documents."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from harnn._memory import row_blocks
from harnn._scratch import blank
from harnn.config import DecodeConfig, TopOne
from harnn.counting import as_binary, top_columns
from harnn.decode.curves import LabelCurves
from harnn.decode.decoder import Decoder
from harnn.decode.nearly_best import best_or_nearly
from harnn.decode.threshold import tune_threshold
from harnn.taxonomy import Hierarchy

_PRIOR = 10
"""A label with so many validation documents counts half by itself, half by labels as frequent."""
_GROUP_POSITIVES = 20
_MOST_ROUNDS = 100
_TOP_ONE: tuple[TopOne, ...] = get_args(TopOne)


def tune_decoder(
    scores: NDArray[np.float32],
    targets: Any,
    hierarchy: Hierarchy,
    *,
    label_counts: NDArray[Any],
    settings: DecodeConfig,
) -> Decoder:
    """Tune every strategy; what *settings* give is taken as it is.

    scores: (N, C) float32, not yet closed; targets: (N, C) label sets, sparse; label_counts: (C,)
    training documents.

    Where the documents have every label, or none, levels and labels take the one threshold.
    ``threshold``, ``level``, ``top_k`` and ``deepest`` are tuned for the best micro-F1, ``label``
    for the best sum of micro- and macro-F1: see :func:`tune_labels`. ``top_1`` is what gives the
    strategy in use the best micro-F1, with a threshold of its own where it is ``always``; of
    those that the validation documents cannot tell from it, the best macro-F1; of equals, what
    adds least: see :func:`best_or_nearly`.

    Raises:
        ValueError: shapes differ, or a score is NaN.
    """
    targets = as_binary(targets)
    closed = hierarchy.propagate(scores, settings.close)
    threshold = settings.threshold
    if threshold is None:
        threshold = tune_threshold(closed, targets).threshold
    level_thresholds = label_thresholds = None
    if 0 < targets.nnz < closed.size:  # where no cell is wrong no threshold of a label is better
        curves = LabelCurves.count(closed, targets)
        level_thresholds = tuple(_as_written(tune_levels(curves, hierarchy)))
        label_thresholds = tuple(_as_written(tune_labels(curves, label_counts)))
    sure = _path_confidence(closed, hierarchy, closed_already=settings.close != "none")
    decoder = Decoder(
        threshold,
        strategy=settings.chosen_strategy,
        level_thresholds=level_thresholds or (threshold,) * hierarchy.depth,
        label_thresholds=label_thresholds or (threshold,) * len(hierarchy),
        top_k=settings.top_k or tune_top_k(closed, targets),
        confidence=tune_threshold(sure, targets).threshold,
        close=settings.close,
    )
    del sure
    if settings.top_1 != "auto":
        return dataclasses.replace(decoder, top_1=settings.top_1)

    tried = [dataclasses.replace(decoder, top_1=top_1) for top_1 in _TOP_ONE]
    if settings.threshold is None and decoder.strategy == "threshold" and targets.nnz:
        threshold = _threshold_beside_best_leaf(decoder, closed, targets, hierarchy)
        tried.append(dataclasses.replace(decoder, threshold=threshold, top_1="always"))
    chosen = [each.choose(closed, hierarchy) for each in tried]
    return tried[best_or_nearly(chosen, targets)]


def _threshold_beside_best_leaf(
    decoder: Decoder, closed: NDArray[np.float32], targets: Any, hierarchy: Hierarchy
) -> float:
    """Tune the threshold of labels that join the best leaf, which is chosen in any case.

    With the leaf always there, the others can be chosen more carefully.
    """
    alone = dataclasses.replace(decoder, threshold=1.0, top_1="always")
    raised = blank(closed.shape, np.float32)
    raised[...] = closed
    chosen = alone.choose(closed, hierarchy).tocoo()
    raised[chosen.coords] = 1.0
    return tune_threshold(raised, targets).threshold


def tune_levels(curves: LabelCurves, hierarchy: Hierarchy) -> NDArray[np.float32]:
    """Find the thresholds of all levels, (L,), that together give the best micro-F1.

    Of thresholds as good, the highest are taken. The best is found over all combinations of the
    thresholds of *curves*: for a given F1 the levels do not depend on each other, and repeating
    with the F1 so found ends at the best.

    Source: Dinkelbach (1967), On nonlinear fractional programming.
    """
    together = curves.of_groups(hierarchy.levels.astype(np.int64) - 1)
    positives = int(curves.positives.sum())
    every = np.arange(len(together.positives))
    f1 = 0.0
    for _ in range(_MOST_ROUNDS):
        best = _highest_best(2 * together.hits - f1 * together.predicted)
        hits, predicted = together.hits[every, best].sum(), together.predicted[every, best].sum()
        found = 2 * float(hits) / float(predicted + positives)
        if found <= f1:
            break
        f1 = found
    return curves.thresholds[best]


def tune_labels(curves: LabelCurves, label_counts: NDArray[Any]) -> NDArray[np.float32]:
    """Find the thresholds of the labels, (C,), for the best sum of micro- and macro-F1.

    label_counts: (C,) training documents. The best threshold of a label with few validation
    documents says little: what a threshold gains is averaged with the mean gain over labels with
    about as many training documents, weighted by the label's validation documents. Macro-F1 alone
    would be paid for dearly in micro-F1: see docs/experiments.md.
    """
    total = int(curves.positives.sum())
    hits, predicted = curves.hits.sum(axis=0), curves.predicted.sum(axis=0)
    micro_f1 = float(np.max(2 * hits / (predicted + total)))

    def gains_of(labels: slice) -> NDArray[np.float64]:
        # The first order of the change of micro-F1 in the counts of a single label.
        gains = (2 * curves.hits[labels] - micro_f1 * curves.predicted[labels]) / (2 * total)
        gains += curves.f1(labels) / len(curves.positives)
        return gains

    groups = _frequency_groups(np.asarray(label_counts), curves.positives)
    shared = np.zeros((int(groups.max()) + 1, len(curves.thresholds)))
    blocks = list(row_blocks(*curves.hits.shape))
    for labels in blocks:
        np.add.at(shared, groups[labels], gains_of(labels))
    shared /= np.bincount(groups)[:, np.newaxis]
    best = np.empty(len(curves.positives), dtype=np.intp)
    for labels in blocks:
        own = (curves.positives[labels] / (curves.positives[labels] + _PRIOR))[:, np.newaxis]
        gains = gains_of(labels) * own
        gains += (1 - own) * shared[groups[labels]]
        best[labels] = _highest_best(gains)
    return curves.thresholds[best]


def tune_top_k(scores: NDArray[np.float32], targets: Any) -> int:
    """Find the number of best labels with the best micro-F1; of equals the smallest.

    scores: (N, C) as they are decoded; targets: (N, C) label sets, sparse. Up to four times the
    mean number of labels is tried, and at least up to 10.
    """
    targets = as_binary(targets)
    documents, labels = scores.shape
    most = min(labels, max(10, 4 * math.ceil(targets.nnz / max(documents, 1))))
    hits = np.zeros(most, dtype=np.int64)
    for rows in row_blocks(documents, labels):
        best = top_columns(scores[rows], most)
        hits += np.take_along_axis(targets[rows].toarray(), best, axis=1).sum(axis=0)
    sizes = documents * np.arange(1, most + 1) + targets.nnz
    return int(np.argmax(np.cumsum(hits) / np.maximum(sizes, 1))) + 1 if most else 1


def _frequency_groups(
    label_counts: NDArray[Any], positives: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Number labels by the power of two of their training documents, (C,) from 0.

    Neighbouring powers are put together until a group has 20 validation documents.
    """
    powers = np.floor(np.log2(label_counts + 1)).astype(np.int64)
    numbers = np.zeros(int(powers.max(initial=0)) + 1, dtype=np.int64)
    number, held = 0, 0
    for power, more in enumerate(np.bincount(powers, weights=positives)):
        if held >= _GROUP_POSITIVES:
            number, held = number + 1, 0
        numbers[power] = number
        held += int(more)
    if held < _GROUP_POSITIVES:
        numbers[numbers == number] = max(number - 1, 0)
    groups: NDArray[np.int64] = numbers[powers]
    return groups


def _path_confidence(
    closed: NDArray[np.float32], hierarchy: Hierarchy, *, closed_already: bool
) -> NDArray[np.float32]:
    result = blank(closed.shape, np.float32)
    for rows in row_blocks(*closed.shape):
        block = closed[rows] if closed_already else hierarchy.lift(closed[rows])
        result[rows] = hierarchy.path_confidence(block)
    return result


def _highest_best(gains: NDArray[Any]) -> NDArray[np.intp]:
    """Return the last column with the highest value of each row."""
    best: NDArray[np.intp] = gains.shape[1] - 1 - np.argmax(gains[:, ::-1], axis=1)
    return best


def _as_written(thresholds: NDArray[np.float32]) -> list[float]:
    """Return the shortest decimals that are these float32, for a file that people read."""
    return [float(str(threshold)) for threshold in thresholds]
