"""From scores to what an estimator answers, and how good that is."""

from __future__ import annotations

from typing import Any, Literal, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn.counting import as_binary
from harnn.decode import DecodeOptions, Decoder
from harnn.errors import ConfigError, DocumentError, Problem
from harnn.estimator.label_sets import Form, read_label_sets
from harnn.taxonomy import Hierarchy

Output = Literal["auto", "labels", "indicator", "sparse"]
"""What ``predict`` returns; ``auto``: label sets in the form that y had."""
_OUTPUTS = ("auto", "labels", "indicator", "sparse")
_LEAST = np.finfo(np.float32).eps
"""Scores are held this far from 0 and 1, so that their log-odds are numbers."""


def options_of(estimator: Any) -> DecodeOptions:
    """Return the parameters of an estimator that say how labels are chosen."""
    names = DecodeOptions.__annotations__.keys() - {"thresholds"}
    return cast(DecodeOptions, {name: getattr(estimator, name) for name in names})


def check_choices(estimator: Any, hierarchy: Hierarchy) -> None:
    """Check how labels are chosen and returned, before there is anything to choose from.

    Raises:
        ConfigError: parameters are out of range, or exclude each other.
    """
    complete = Decoder(
        0.5,
        level_thresholds=(0.5,) * hierarchy.depth,
        label_thresholds=(0.5,) * len(hierarchy),
        top_k=1,
        confidence=0.5,
    )
    with_choices(complete, estimator)
    form_of(estimator, "labels")


def with_choices(decoder: Decoder, estimator: Any) -> Decoder:
    """Return a tuned decoder with what the parameters of an estimator change.

    Raises:
        ConfigError: they are out of range, or exclude each other.
    """
    try:
        return decoder.with_options(**options_of(estimator))
    except ValueError as error:
        raise ConfigError(Problem("", str(error))) from None


def form_of(estimator: Any, given: Form) -> Form:
    """Return in which form label sets are wanted; given: that of y.

    Raises:
        ConfigError: *output* is something else.
    """
    output = estimator.output
    if output not in _OUTPUTS:
        expected = "expected one of " + ", ".join(_OUTPUTS) + "."
        raise ConfigError(Problem("output", f"got {output!r}, {expected}"))
    return given if output == "auto" else output


def log_odds(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return log(p / (1 - p)) of scores p from 0 to 1."""
    inside = np.clip(scores.astype(np.float64), _LEAST, 1 - _LEAST)
    odds: NDArray[np.float64] = np.log(inside) - np.log1p(-inside)
    return odds


def score_sets(estimator: Any, chosen: csr_array, y: Any, weights: Any) -> float:
    """Return the micro-F1 of chosen sets (N, C) beside *y*, both closed upward.

    Raises:
        DocumentError: y is of another kind, or has unknown labels; or see :func:`micro_f1`.
    """
    taxonomy = estimator.taxonomy_
    targets = read_label_sets(y, taxonomy, unknown=estimator.unknown_labels).sets
    return micro_f1(taxonomy.hierarchy.close_sets(chosen), targets, weights)


def mark_multi_label(tags: Any) -> Any:
    """Say in scikit-learn's tags of a classifier that its answers are sets of labels."""
    tags.target_tags.multi_output = True
    tags.target_tags.single_output = False
    tags.classifier_tags.multi_label = True
    tags.classifier_tags.multi_class = False
    return tags


def micro_f1(predictions: csr_array, targets: csr_array, weights: Any = None) -> float:
    """Return the micro-F1 of label sets (N, C), closed upward; weights: (N,) of the documents.

    On closed sets this is the hierarchical F1 as well, see :func:`harnn.metrics.hierarchical_prf`.
    Where nothing is predicted and nothing true it is 0.

    Raises:
        DocumentError: the numbers of documents differ.
    """
    check_lengths(predictions.shape[0], targets.shape[0])
    predicted, true = as_binary(predictions), as_binary(targets)
    counts = [sets.sum(axis=1) for sets in (predicted.multiply(true), predicted, true)]
    every = np.ones(predicted.shape[0]) if weights is None else _weights(weights)
    if every.shape != (predicted.shape[0],):
        what = f"has shape {every.shape}, expected a weight for each document."
        raise DocumentError(Problem("sample_weight", what))
    hits, chosen, wanted = (float(every @ np.asarray(count).ravel()) for count in counts)
    return 2 * hits / (chosen + wanted) if chosen + wanted else 0.0


def _weights(given: Any) -> NDArray[np.float64]:
    """Raises:
    DocumentError: some are no weights.
    """
    try:
        weights = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError):
        weights = np.array(np.nan)
    if not ((weights >= 0) & (weights < np.inf)).all():  # NaN compares false
        what = "holds other things than numbers from 0 on."
        raise DocumentError(Problem("sample_weight", what))
    return weights


def check_lengths(documents: int, label_sets: int, prefix: str = "") -> None:
    """Raises:
    DocumentError: the numbers differ.
    """
    if documents != label_sets:
        what = f"{prefix}{documents:,} documents in X, but labels of {label_sets:,} in y."
        raise DocumentError(Problem("", what))
