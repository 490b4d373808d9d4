"""Thresholds for any multi-label classifier."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ShuffleSplit,
    cross_val_predict,
    cross_validate,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from harnn import HierarchicalLabelBinarizer, HierarchicalThresholdClassifier
from harnn.config import DecodeConfig
from harnn.decode import tune_decoder
from harnn.errors import ConfigError, DocumentError
from support.texts import make_texts
from support.topics import TAXONOMY

X, LABELS = make_texts(80)
NEW, NEW_LABELS = make_texts(25, seed=1)
BINARIZER = HierarchicalLabelBinarizer(TAXONOMY).fit()
Y = BINARIZER.transform(LABELS)


def one_a_label(inner: Any = None) -> Any:
    return make_pipeline(TfidfVectorizer(), OneVsRestClassifier(inner or LogisticRegression(C=10)))


def wrap(estimator: Any = None, **parameters: Any) -> HierarchicalThresholdClassifier:
    return HierarchicalThresholdClassifier(
        one_a_label() if estimator is None else estimator, TAXONOMY, **parameters
    )


@pytest.mark.parametrize(
    "inner",
    [
        OneVsRestClassifier(LogisticRegression(C=10)),
        OneVsRestClassifier(LinearSVC()),
        MultiOutputClassifier(LogisticRegression(C=10)),
        RandomForestClassifier(20, random_state=0),
        RidgeClassifier(),
    ],
    ids=["one-vs-rest", "margins", "list-of-arrays", "forest", "ridge"],
)
def test_any_classifier(inner: Any) -> None:
    model = wrap(make_pipeline(TfidfVectorizer(), inner), cv=3).fit(X, LABELS)
    assert model.score(NEW, NEW_LABELS) > 0.85
    proba = model.predict_proba(NEW)
    assert proba.shape == (25, 6)
    assert (TAXONOMY.hierarchy.lift(proba) == proba).all()
    sets = BINARIZER.transform(model.predict(NEW))
    assert BINARIZER.inverse_transform(sets, most_specific=False) == model.predict(NEW)


def test_it_tunes_on_scores_out_of_fold() -> None:
    """As decoding the scores of scikit-learn's own cross_val_predict does."""
    folds = KFold(4, shuffle=True, random_state=0)
    scores = cross_val_predict(one_a_label(), X, Y, cv=folds, method="predict_proba")
    expected = tune_decoder(
        scores.astype(np.float32),
        csr_array(Y.astype(bool)),
        TAXONOMY.hierarchy,
        label_counts=Y.sum(axis=0),
        settings=DecodeConfig(),
    )
    for number in (4, np.int64(4)):  # shuffled, whatever the number is of
        assert wrap(cv=number).fit(X, Y).decoder_ == expected
    assert wrap(cv=folds).fit(X, Y).decoder_ == expected
    assert wrap(cv=list(folds.split(X))).fit(X, Y).decoder_ == expected
    assert wrap(cv=4, random_state=1).fit(X, Y).decoder_ != expected


def test_margins_become_scores() -> None:
    margins = cross_val_predict(
        one_a_label(LinearSVC()), X, Y, cv=KFold(3), method="decision_function"
    )
    expected = tune_decoder(
        expit(margins).astype(np.float32),
        csr_array(Y.astype(bool)),
        TAXONOMY.hierarchy,
        label_counts=Y.sum(axis=0),
        settings=DecodeConfig(),
    )
    assert wrap(one_a_label(LinearSVC()), cv=KFold(3)).fit(X, Y).decoder_ == expected


def test_a_classifier_that_is_fitted_already() -> None:
    fitted = one_a_label().fit(X, Y)
    model = wrap(fitted, cv="prefit").fit(NEW, NEW_LABELS)
    assert model.estimator_ is fitted
    expected = tune_decoder(
        fitted.predict_proba(NEW).astype(np.float32),
        csr_array(BINARIZER.transform(NEW_LABELS).astype(bool)),
        TAXONOMY.hierarchy,
        label_counts=BINARIZER.transform(NEW_LABELS).sum(axis=0),
        settings=DecodeConfig(),
    )
    assert model.decoder_ == expected
    with pytest.raises(NotFittedError):
        wrap(cv="prefit").fit(X, Y)
    few = one_a_label().fit(X, Y[:, :3])
    with pytest.raises(
        ConfigError, match=r"estimator: gives predict_proba of shape \(80, 3\), exp"
    ):
        wrap(few, cv="prefit").fit(X, Y)


def test_prefit_lists_of_arrays_with_a_single_class() -> None:
    marks = Y.copy()
    marks[:, 5] = 0
    forest = make_pipeline(TfidfVectorizer(), RandomForestClassifier(5, random_state=0))
    model = wrap(forest.fit(X, marks), cv="prefit", close="none").fit(X, Y)
    assert (model.predict_proba(NEW)[:, 5] == 0).all()


def test_labels_that_all_documents_of_a_fold_have_or_lack() -> None:
    labels = [["animal", *(["cat"] if n in (3, 60) else [])] for n in range(80)]
    model = wrap(cv=KFold(2)).fit(X, labels)
    assert model.columns_.tolist() == [TAXONOMY.index["cat"]]
    assert model.constant_.tolist() == [1, 0, 0, 0, 0, 0]
    assert all("animal" in each for each in model.predict(NEW))
    with pytest.raises(DocumentError, match="y: has the same labels for all documents that a cl"):
        wrap().fit(X, [["cat"]] * 80)


@pytest.mark.parametrize("inner", [LogisticRegression(), LinearSVC()])
@pytest.mark.parametrize("outer", [OneVsRestClassifier, MultiOutputClassifier])
def test_a_single_label_that_varies(inner: Any, outer: Any) -> None:
    labels = [["animal", "cat"] if "meow" in text else ["animal"] for text in X]
    if outer is MultiOutputClassifier and isinstance(inner, LinearSVC):
        pytest.skip("has neither predict_proba nor decision_function")
    model = wrap(make_pipeline(TfidfVectorizer(), outer(inner))).fit(X, labels)
    assert model.score(X, labels) > 0.9


def test_choosing_labels_otherwise_fits_nothing() -> None:
    model = wrap(cv=3).fit(X, LABELS)
    scores = model.set_params(close="none").predict_proba(NEW)
    model.set_params(threshold=0.4, close="up")
    expected = TAXONOMY.hierarchy.lift(scores) >= np.float32(0.4)
    assert (BINARIZER.transform(model.predict(NEW)) == expected).all()
    assert all(len(each) == 2 for each in model.set_params(threshold=None, top_k=2).predict(NEW))
    assert model.set_params(top_k=None, strategy="label", output="sparse").predict(NEW).shape == (
        25,
        6,
    )


def test_in_searches_and_cross_validation() -> None:
    grid = {"estimator__onevsrestclassifier__estimator__C": [10], "strategy": ["level", None]}
    search = GridSearchCV(wrap(cv=2), grid, cv=2, error_score="raise").fit(X, Y)
    assert search.score(NEW, BINARIZER.transform(NEW_LABELS)) > 0.85
    found = cross_validate(wrap(cv=2), X, Y, cv=2, scoring="f1_micro", error_score="raise")
    assert found["test_score"].min() > 0.7


def test_it_is_pickled_like_any_other() -> None:
    model = wrap(cv=2).fit(X, LABELS)
    again = pickle.loads(pickle.dumps(model))
    assert (again.predict_proba(NEW) == model.predict_proba(NEW)).all()
    assert again.predict(NEW) == model.predict(NEW)


def test_frames() -> None:
    frame = pd.DataFrame({"n": np.arange(80), "cat": Y[:, 2]})
    labels = pd.DataFrame(Y, columns=TAXONOMY.codes)
    model = wrap(RandomForestClassifier(5, random_state=0), cv=2).fit(frame, labels)
    assert model.predict(frame).shape == (80, 6)


class Weighed(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Remembers the weights that it was given."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Weighed:
        self.weights_ = sample_weight
        self.share_ = np.average(y, axis=0, weights=sample_weight)
        return self

    def predict_proba(self, X: Any) -> Any:
        return np.tile(self.share_, (len(X), 1))


def test_metadata_is_routed() -> None:
    weights, groups = np.arange(80.0), np.arange(80) // 8
    with config_context(enable_metadata_routing=True):
        inner = Weighed().set_fit_request(sample_weight=True)
        model = wrap(inner, cv=GroupKFold(4)).fit(X, Y, sample_weight=weights, groups=groups)
        assert (model.estimator_.weights_ == weights).all()
        assert clone(model).fit(X, Y, groups=groups).estimator_.weights_ is None
        with pytest.raises(TypeError, match="colour"):
            model.fit(X, Y, colour=1)
    with pytest.raises(ValueError, match="enable_metadata_routing=True"):
        wrap(Weighed()).fit(X, Y, sample_weight=weights)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"cv": np.int64(1)}, "cv: got 1, expected 2 folds or more."),
        ({"cv": "folds"}, "cv: got 'folds', expected a number of folds, a splitter or 'prefit'."),
        ({"method": "margin"}, "method: got 'margin', expected auto, predict_proba or decision_f"),
        ({"method": "decision_function", "estimator": Weighed()}, "estimator: Weighed has no deci"),
        ({"threshold": -1}, "threshold: got -1, expected 0 to 1."),
        ({"output": "x"}, "output: got 'x', expected one of auto, labels, indicator, sparse."),
        ({"cv": ShuffleSplit(3, random_state=0)}, "cv: leaves some documents out more than once"),
    ],
)
def test_parameters_are_checked(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        wrap(**parameters).fit(X, Y)
    assert str(caught.value).startswith(message)


def test_scores_that_are_no_probabilities_are_refused() -> None:
    class Wild(Weighed):
        def predict_proba(self, X: Any) -> Any:
            return np.full((len(X), len(self.share_)), np.nan)

    with pytest.raises(ConfigError, match="estimator: gives predict_proba that is not from 0 to 1"):
        wrap(Wild()).fit(X, Y)

    class Margins(Weighed):
        predict_proba = property()

        def decision_function(self, X: Any) -> Any:
            return np.full((len(X), len(self.share_)), np.nan)

    with pytest.raises(ConfigError, match="estimator: gives decision_function that is no number"):
        wrap(Margins()).fit(X, Y)


def test_nothing_is_answered_before_fit() -> None:
    for method in (wrap().predict, wrap().predict_proba, wrap().decision_function):
        with pytest.raises(NotFittedError):
            method(X)
    with pytest.raises(DocumentError, match="80 documents in X, but labels of 79 in y"):
        wrap().fit(X, LABELS[:-1])
