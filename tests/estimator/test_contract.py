"""What holds for every answer, and scikit-learn has no checks for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from harnn import (
    HarnnClassifier,
    HierarchicalLabelBinarizer,
    HierarchicalThresholdClassifier,
    Taxonomy,
)
from support.texts import make_texts
from support.topics import TAXONOMY

X, LABELS = make_texts(80)
NEW = [*make_texts(40, seed=2)[0], "", "zzqx", "kitten " * 70]
UNEQUAL = Taxonomy.from_edges(
    [
        ("cat", "ROOT"),
        ("animal", "ROOT"),
        ("rest", "ROOT"),
        ("dog", "rest"),
        ("plant", "rest"),
        ("oak", "plant"),
        ("rose", "plant"),
    ]
)
"""``cat`` is a leaf at the top, ``oak`` three levels down."""


@pytest.fixture(scope="module")
def wrapped() -> HierarchicalThresholdClassifier:
    pipeline = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression(C=10)))
    return HierarchicalThresholdClassifier(pipeline, TAXONOMY, cv=3).fit(X, LABELS)


@pytest.fixture(params=["linear", "blend", "wrapped"])
def estimator(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def test_a_document_does_not_depend_on_its_neighbours(estimator: Any) -> None:
    together = estimator.predict_proba(NEW)
    alone = np.concatenate([estimator.predict_proba([text]) for text in NEW])
    np.testing.assert_allclose(alone, together, rtol=0, atol=1e-6)
    assert [estimator.predict([text])[0] for text in NEW] == estimator.predict(NEW)
    some = estimator.predict_proba([NEW[3], NEW[3], NEW[0]])
    np.testing.assert_allclose(some, together[[3, 3, 0]], rtol=0, atol=1e-6)


def test_the_order_of_documents_does_not_matter(estimator: Any) -> None:
    order = np.random.default_rng(0).permutation(len(NEW))
    shuffled = estimator.predict_proba([NEW[row] for row in order])
    np.testing.assert_allclose(shuffled, estimator.predict_proba(NEW)[order], rtol=0, atol=1e-6)


def test_answers_are_closed(estimator: Any) -> None:
    binarizer = HierarchicalLabelBinarizer(TAXONOMY).fit()
    for labels, row in zip(estimator.predict(NEW), estimator.predict_proba(NEW), strict=True):
        assert set(labels) == set(
            binarizer.inverse_transform(binarizer.transform([labels]), most_specific=False)[0]
        )
        assert (TAXONOMY.hierarchy.lift(row[np.newaxis]) == row).all()


def test_the_same_seed_gives_the_same_bits(estimator: Any) -> None:
    again = clone(estimator).fit(X, LABELS)
    assert (again.predict_proba(NEW) == estimator.predict_proba(NEW)).all()
    assert again.predict(NEW) == estimator.predict(NEW)


def test_another_seed_gives_other_ones(linear: HarnnClassifier) -> None:
    other = clone(linear).set_params(random_state=99).fit(X, LABELS)
    assert (other.predict_proba(NEW) != linear.predict_proba(NEW)).any()


@pytest.mark.parametrize("name", ["linear", "wrapped"])
def test_how_labels_are_written_does_not_matter(name: str, request: pytest.FixtureRequest) -> None:
    estimator = request.getfixturevalue(name)
    matrix = HierarchicalLabelBinarizer(TAXONOMY).fit_transform(LABELS)
    shuffled = pd.DataFrame(matrix, columns=TAXONOMY.codes)[list(TAXONOMY.codes)[::-1]]
    twice = [[*labels[::-1], *labels] for labels in LABELS]
    expected = estimator.predict_proba(NEW)
    for y in (matrix, shuffled, twice, [set(labels) for labels in LABELS]):
        assert (clone(estimator).fit(X, y).predict_proba(NEW) == expected).all()


def test_leaves_of_unequal_depth() -> None:
    """Beside each other in one training, and alone in a document."""
    for model in (
        HarnnClassifier(UNEQUAL, preset="fast"),
        HierarchicalThresholdClassifier(
            make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression(C=10))), UNEQUAL
        ),
    ):
        answers = model.fit(X, LABELS).predict(
            ["purring whiskers meow", "acorn timber forest bark"]
        )
        assert answers[0] == ("cat",)
        assert answers[1] == ("rest", "plant", "oak")


def test_labels_that_no_document_has() -> None:
    """They are columns like any other, hardly ever predicted."""
    kept = [n for n, labels in enumerate(LABELS) if "rose" not in labels]
    texts, labels = [X[n] for n in kept], [LABELS[n] for n in kept]
    for model in (
        HarnnClassifier(TAXONOMY, preset="fast"),
        HierarchicalThresholdClassifier(
            make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression(C=10))),
            TAXONOMY,
        ),
    ):
        proba = model.fit(texts, labels).predict_proba(NEW)
        assert proba.shape == (len(NEW), 6)
        assert model.classes_.tolist() == list(TAXONOMY.codes)
        rose = TAXONOMY.index["rose"]
        assert proba[:, rose].mean() < proba[:, TAXONOMY.index["oak"]].mean()
