"""Consistent label sets from any multi-label classifier."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.model_selection import KFold, check_cv
from sklearn.utils import _safe_indexing, get_tags
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _raise_for_params,
    process_routing,
)
from sklearn.utils.validation import check_is_fitted

from harnn.config import Close, DecodeConfig, Strategy, TopOne
from harnn.decode import Scores, tune_decoder
from harnn.errors import ConfigError, DocumentError, Problem
from harnn.estimator.decoding import (
    Output,
    check_choices,
    check_lengths,
    form_of,
    log_odds,
    mark_multi_label,
    score_sets,
    with_choices,
)
from harnn.estimator.label_sets import Unknown, read_label_sets, to_form
from harnn.estimator.taxonomies import as_taxonomy
from harnn.taxonomy import Taxonomy

Method = Literal["auto", "predict_proba", "decision_function"]
_METHODS = ("predict_proba", "decision_function")
_EXPECTED = {"predict_proba": "not from 0 to 1", "decision_function": "no number"}
"""What is wrong where scores of a method are wrong."""


class HierarchicalThresholdClassifier(MetaEstimatorMixin, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Tune thresholds for any multi-label classifier, and close its answers under a taxonomy.

    The scores of documents that the classifier was not fitted on tell, for each strategy of
    :class:`harnn.decode.Decoder`, where to cut; then the classifier is fitted on all documents.
    Answers hold all ancestors of their labels, unless ``close`` says otherwise.

    The classifier is fitted on an indicator matrix of those labels that some of its documents
    have and some have not; others score 0, or 1. Its scores are those of ``predict_proba``, (N, C)
    or a list of C arrays (N, 2), or of ``decision_function``, of which the logistic function is
    taken.

    Args:
        estimator: a classifier, or a pipeline that ends in one.
        taxonomy: a :class:`harnn.Taxonomy`, or the path of its file.
        cv: a number of folds, which are shuffled; a splitter of scikit-learn; or ``prefit``, where
            the estimator is fitted already, on all labels in the taxonomy's order, and ``fit``
            gets documents that it has not seen.
        method: what is asked for scores: ``predict_proba``, ``decision_function``, or ``auto``, the
            first of them that there is.
        strategy: how labels are chosen; all strategies are tuned, so that this and the next four
            can be changed with ``set_params`` without fitting again. None is what tuning found
            best.
        threshold: one for all labels; stands for the strategy ``threshold``.
        top_k: so many labels of each document; stands for the strategy ``top_k``.
        close: ``up``, ``down`` or ``none``, see :class:`harnn.Decoder`.
        top_1: whether the best leaf is added: ``never``, to ``empty`` sets, or ``always``.
        output: see :class:`harnn.HarnnClassifier`.
        unknown_labels: see :class:`harnn.HarnnClassifier`.
        random_state: seed of the folds' shuffling; None: 0.

    Attributes:
        estimator_: the classifier fitted on all documents.
        decoder_: the :class:`harnn.Decoder` that was tuned.
        columns_: labels that the classifier was fitted on.
        constant_: (C,) the score of each label that it was not fitted on.
        taxonomy_: the taxonomy.
        classes_: (C,) its labels, the columns of every matrix.
    """

    def __init__(
        self,
        estimator: Any,
        taxonomy: Taxonomy | str | Path,
        *,
        cv: Any = 5,
        method: Method = "auto",
        strategy: Strategy | None = None,
        threshold: float | None = None,
        top_k: int | None = None,
        close: Close | None = None,
        top_1: TopOne | None = None,
        output: Output = "auto",
        unknown_labels: Unknown = "error",
        random_state: int | None = None,
    ) -> None:
        self.estimator = estimator
        self.taxonomy = taxonomy
        self.cv = cv
        self.method = method
        self.strategy = strategy
        self.threshold = threshold
        self.top_k = top_k
        self.close = close
        self.top_1 = top_1
        self.output = output
        self.unknown_labels = unknown_labels
        self.random_state = random_state

    def fit(self, X: Any, y: Any, **params: Any) -> Self:
        """Score each document by a classifier fitted on others, tune, and fit on all of them.

        X: (N) what the classifier reads; y: label sets as :class:`harnn.HarnnClassifier` takes
        them. params: metadata such as ``sample_weight`` and ``groups``, which are passed on as
        scikit-learn's metadata routing says, where it is enabled.

        Raises:
            TaxonomyError: the taxonomy cannot be read.
            DocumentError: y is of another kind, has unknown labels, or the same for all documents.
            ConfigError: parameters are out of range, or exclude each other.
        """
        taxonomy = as_taxonomy(self.taxonomy)
        check_choices(self, taxonomy.hierarchy)
        if self.method not in ("auto", *_METHODS):
            expected = "expected auto, " + " or ".join(_METHODS) + "."
            raise ConfigError(Problem("method", f"got {self.method!r}, {expected}"))
        sets, form = read_label_sets(y, taxonomy, unknown=self.unknown_labels)
        check_lengths(_count(X), sets.shape[0])
        _raise_for_params(params, self, "fit")
        routed = process_routing(self, "fit", **params) if params else None
        if self.cv == "prefit":
            fitted = _Fitted.of_prefit(self.estimator, len(taxonomy))
            rows, scores = np.arange(sets.shape[0]), fitted.scores(X, self.method)
        else:
            own = {} if routed is None else routed.estimator.fit
            split = {} if routed is None else routed.splitter.split
            rows, scores = self._scores_of_others(X, sets, own, split)
            fitted = _Fitted.fit(self.estimator, X, sets, own)
        self.estimator_, self.columns_, self.constant_ = fitted
        self.decoder_ = tune_decoder(
            scores,
            sets[rows],
            taxonomy.hierarchy,
            label_counts=np.asarray(sets.sum(axis=0), dtype=np.int64),
            settings=DecodeConfig(),
        )
        self.taxonomy_, self.form_ = taxonomy, form
        self.classes_ = np.array(taxonomy.codes, dtype=object)
        return self

    def predict(self, X: Any) -> Any:
        """Return the labels of each document, as ``output`` says; ancestors are among them.

        Raises:
            NotFittedError: it is not fitted yet.
            ConfigError: parameters are out of range, or exclude each other.
        """
        check_is_fitted(self)
        return to_form(self._decoded(X)[1], self.taxonomy_, form_of(self, self.form_))

    def predict_proba(self, X: Any) -> NDArray[np.float32]:
        """Return the score of each label, (N, C) from 0 to 1, closed as ``close`` says.

        They are as good as the classifier's own: nothing is calibrated.

        Raises:
            NotFittedError, ConfigError: see :meth:`predict`.
        """
        return self._decoded(X)[0]

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Return the log-odds of :meth:`predict_proba`, (N, C).

        Raises:
            NotFittedError, ConfigError: see :meth:`predict`.
        """
        return log_odds(self._decoded(X)[0])

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Return the micro-F1 of the predicted sets beside *y*, both closed upward.

        On closed sets this is the hierarchical F1 too. sample_weight: (N,) of the documents.

        Raises:
            NotFittedError, ConfigError: see :meth:`predict`.
            DocumentError: y is of another kind, or has unknown labels.
        """
        return score_sets(self, self._decoded(X)[1], y, sample_weight)

    def get_metadata_routing(self) -> MetadataRouter:
        """Return what is passed on: to the classifier's ``fit`` and to the splitter."""
        router = MetadataRouter(owner=self).add(
            estimator=self.estimator,
            method_mapping=MethodMapping().add(caller="fit", callee="fit"),
        )
        if self.cv == "prefit":
            return router
        mapping = MethodMapping().add(caller="fit", callee="split")
        return router.add(splitter=self._splitter(), method_mapping=mapping)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags = get_tags(self.estimator).input_tags
        return mark_multi_label(tags)

    def _splitter(self) -> Any:
        if isinstance(self.cv, str):
            expected = "expected a number of folds, a splitter or 'prefit'."
            raise ConfigError(Problem("cv", f"got {self.cv!r}, {expected}"))
        if isinstance(self.cv, Integral):
            if self.cv < 2:
                raise ConfigError(Problem("cv", f"got {self.cv}, expected 2 folds or more."))
            return KFold(int(self.cv), shuffle=True, random_state=self.random_state or 0)
        return check_cv(self.cv)

    def _scores_of_others(
        self, X: Any, sets: csr_array, own: Mapping[str, Any], split: Mapping[str, Any]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Return the documents that a fold left out, and their scores by a classifier without them.

        Raises:
            ConfigError: a document is left out by several folds.
        """
        count = sets.shape[0]
        marks = sets.toarray().astype(np.int8)  # some splitters read no sparse ones
        splits = list(self._splitter().split(X, marks, **split))
        times = np.bincount(np.concatenate([test for _, test in splits]), minlength=count)
        if times.max() > 1:
            what = "leaves some documents out more than once, expected each once at most."
            raise ConfigError(Problem("cv", what))
        scores = np.zeros(sets.shape, dtype=np.float32)
        for train, test in splits:
            fitted = _Fitted.fit(
                self.estimator,
                _safe_indexing(X, train),
                sets[train],
                {name: _rows(value, train, count) for name, value in own.items()},
            )
            scores[test] = fitted.scores(_safe_indexing(X, test), self.method)
        rows = np.flatnonzero(times)
        return rows, scores[rows]

    def _decoded(self, X: Any) -> tuple[NDArray[np.float32], csr_array]:
        """Return the scores as they are shown, (N, C), and the label sets (N, C)."""
        check_is_fitted(self)
        decoder, hierarchy = with_choices(self.decoder_, self), self.taxonomy_.hierarchy
        fitted = _Fitted(self.estimator_, self.columns_, self.constant_)
        scores = fitted.scores(X, self.method)
        ids = tuple(str(row) for row in range(len(scores)))
        shown, chosen = decoder.decode(Scores(ids, scores), hierarchy)
        return shown.values, chosen


class _Fitted(NamedTuple):
    """A classifier, and what it says of all labels."""

    estimator: Any
    columns: NDArray[np.int64]
    """Labels that it was fitted on."""
    constant: NDArray[np.float32]
    """(C,) scores of the others."""

    @classmethod
    def fit(cls, template: Any, X: Any, sets: csr_array, params: Mapping[str, Any]) -> Self:
        """Fit a clone on the labels that some documents have, and some have not.

        Raises:
            DocumentError: there is no such label.
        """
        counts = np.asarray(sets.sum(axis=0))
        columns = np.flatnonzero((counts > 0) & (counts < sets.shape[0]))
        if not len(columns):
            what = "has the same labels for all documents that a classifier is fitted on."
            raise DocumentError(Problem("y", what))
        marks = sets[:, columns].toarray().astype(np.int8)
        constant = (counts == sets.shape[0]).astype(np.float32)
        return cls(clone(template).fit(X, marks, **params), columns, constant)

    @classmethod
    def of_prefit(cls, estimator: Any, label_count: int) -> Self:
        check_is_fitted(estimator)
        return cls(estimator, np.arange(label_count), np.zeros(label_count, dtype=np.float32))

    def scores(self, X: Any, method: Method) -> NDArray[np.float32]:
        """Return scores (N, C) from 0 to 1.

        Raises:
            ConfigError: the classifier has no such method, or gives other scores.
        """
        name = _method_of(self.estimator, method)
        found = _as_matrix(getattr(self.estimator, name)(X), self.estimator, len(self.columns))
        if found.ndim != 2 or found.shape[1] != len(self.columns):
            expected = f"expected a column for each of {len(self.columns):,} labels."
            raise ConfigError(
                Problem("estimator", f"gives {name} of shape {found.shape}, {expected}")
            )
        if name == "decision_function":
            found = expit(found)
        if not ((found >= 0) & (found <= 1)).all():  # NaN compares false
            what = f"gives {name} that is {_EXPECTED[name]}."
            raise ConfigError(Problem("estimator", what))
        scores = np.tile(self.constant, (len(found), 1))
        scores[:, self.columns] = found
        return scores


def _method_of(estimator: Any, method: Method) -> str:
    """Return the name of what gives scores.

    Raises:
        ConfigError: the classifier has none.
    """
    wanted = _METHODS if method == "auto" else (method,)
    for name in wanted:
        if hasattr(estimator, name):
            return name
    what = f"{type(estimator).__name__} has no {' and no '.join(wanted)}, which scores come from."
    raise ConfigError(Problem("estimator", what))


def _as_matrix(found: Any, estimator: Any, columns: int) -> NDArray[Any]:
    """Return what a classifier says, in whatever form, as (N, columns)."""
    if isinstance(found, list):  # one array (N, 2) for each label
        return np.column_stack([_of_presence(x, estimator, n) for n, x in enumerate(found)])
    array = np.asarray(found)
    if columns == 1 and array.ndim == 2 and array.shape[1] == 2:
        return array[:, 1:]
    return array.reshape(len(array), 1) if array.ndim == 1 else array


def _of_presence(found: Any, estimator: Any, label: int) -> NDArray[Any]:
    """Return the probability (N,) of a label's presence from those of its classes (N, 1 or 2)."""
    array = np.asarray(found)
    if array.shape[1] == 1:  # fitted where all documents had the label, or none
        return np.full(len(array), float(estimator.classes_[label][0]))
    return array[:, 1]


def _rows(value: Any, rows: NDArray[np.int64], count: int) -> Any:
    """Return the rows of metadata that has one for each document; other metadata as it is."""
    return (
        _safe_indexing(value, rows)
        if hasattr(value, "__len__") and _count(value) == count
        else value
    )


def _count(X: Any) -> int:
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)
