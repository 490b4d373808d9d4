"""What scikit-learn checks of estimators, as far as it can of estimators of texts.

With honest tags ``check_estimator`` runs a single check, since it has no texts to fit on. All its
checks are therefore run on a classifier that is given numbers and says them as words.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import (
    check_do_not_raise_errors_in_init_or_set_params,
    check_estimator_cloneable,
    check_estimator_repr,
    check_estimator_tags_renamed,
    check_get_params_invariance,
    check_mixin_order,
    check_no_attributes_set_in_init,
    check_set_params,
    check_valid_tag_types,
    parametrize_with_checks,
)
from sklearn.utils.validation import check_is_fitted, validate_data

from harnn import (
    HarnnClassifier,
    HierarchicalLabelBinarizer,
    HierarchicalThresholdClassifier,
    Taxonomy,
)

FLAT = Taxonomy.from_edges([(str(number), "ROOT") for number in range(5)])
ERRORS = "errors are HarnnErrors with words of their own, not ValueErrors with scikit-learn's"
LABELS = "labels must be those of the taxonomy"
EXPECTED = {
    "check_classifier_multioutput": LABELS,
    "check_classifier_not_supporting_multiclass": "one label a document is a label set as well",
    "check_classifiers_classes": LABELS,
    "check_classifiers_multilabel_representation_invariance": "a list of lists holds labels; a "
    "matrix of 0 and 1 is an array",
    "check_classifiers_one_label": "a document is held back, and one label in all leaves nothing",
    "check_classifiers_regression_target": ERRORS,
    "check_classifiers_train": ERRORS,
    "check_decision_proba_consistency": "there is a column for each label, not one for two classes",
    "check_estimators_nan_inf": "labels are no floating-point numbers",
    "check_fit2d_1sample": ERRORS,
    "check_requires_y_none": ERRORS,
    "check_supervised_y_no_nan": ERRORS,
}


class SpokenNumbers(HarnnClassifier):
    """Numbers (N, D) said as words: each column a word that ends in how large it is."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array = tags.input_tags.string = tags.input_tags.dict = False
        tags.input_tags.two_d_array = True
        return tags

    def fit(self, X: Any, y: Any, *, groups: Any = None, **others: Any) -> SpokenNumbers:
        return super().fit(speak(validate_data(self, X)), y, groups=groups, **others)

    def _decoded(self, X: Any) -> Any:
        check_is_fitted(self)
        return super()._decoded(speak(validate_data(self, X, reset=False)))


def speak(numbers: np.ndarray[Any, Any]) -> list[str]:
    steps = np.floor(numbers * 2).astype(int) % 10
    return [" ".join(f"x{n}{'abcdefghij'[step]}" for n, step in enumerate(row)) for row in steps]


def expected_failures(_estimator: object) -> dict[str, str]:
    return EXPECTED


@pytest.mark.filterwarnings("ignore")  # of scikit-learn about itself
@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [SpokenNumbers(FLAT, preset="fast", output="indicator")],
    expected_failed_checks=expected_failures,
    xfail_strict=True,
)
def test_checks_of_scikit_learn(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


@pytest.mark.parametrize(
    "check",
    [
        check_do_not_raise_errors_in_init_or_set_params,
        check_estimator_cloneable,
        check_estimator_repr,
        check_estimator_tags_renamed,
        check_get_params_invariance,
        check_mixin_order,
        check_no_attributes_set_in_init,
        check_set_params,
        check_valid_tag_types,
    ],
)
@pytest.mark.parametrize(
    "estimator",
    [
        HarnnClassifier(FLAT),
        HierarchicalLabelBinarizer(FLAT),
        HierarchicalThresholdClassifier(OneVsRestClassifier(LogisticRegression()), FLAT),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_checks_that_fit_nothing(estimator: Any, check: Callable[[str, Any], None]) -> None:
    check(type(estimator).__name__, estimator)


def test_tags_say_what_is_read() -> None:
    tags = get_tags(HarnnClassifier(FLAT))
    assert tags.estimator_type == "classifier"
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array
    assert not tags.input_tags.sparse
    assert tags.classifier_tags.multi_label
    assert not tags.classifier_tags.multi_class
    assert tags.target_tags.required
    assert not tags.non_deterministic


def test_tags_of_the_wrapper_are_those_of_what_it_wraps() -> None:
    wrapped = OneVsRestClassifier(LogisticRegression())
    ours = get_tags(HierarchicalThresholdClassifier(wrapped, FLAT))
    assert ours.input_tags == get_tags(wrapped).input_tags
    assert ours.classifier_tags.multi_label
