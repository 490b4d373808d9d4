"""The classifier in the hands of scikit-learn."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array, csr_matrix, issparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.metrics import f1_score
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import has_fit_parameter

import harnn
from harnn import HarnnClassifier, HierarchicalLabelBinarizer, Predictor
from harnn.cli import run
from harnn.config import Config
from harnn.errors import ConfigError, DocumentError, InputError, TrainingInterrupted
from harnn.estimator.decoding import log_odds, micro_f1
from harnn.metrics import hierarchical_prf
from harnn.training import fitting
from support.texts import make_texts
from support.topics import TAXONOMY

X, LABELS = make_texts(80)
NEW, NEW_LABELS = make_texts(25, seed=1)
BINARIZER = HierarchicalLabelBinarizer(TAXONOMY).fit()
Y = BINARIZER.transform(LABELS)


def fast(**parameters: Any) -> HarnnClassifier:
    return HarnnClassifier(TAXONOMY, preset="fast", **parameters)


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """The settings of every training of this test."""
    seen: list[Config] = []
    plain = fitting.fit

    def counted(*given: Any, **options: Any) -> Any:
        seen.append(given[3])
        return plain(*given, **options)

    monkeypatch.setattr(fitting, "fit", counted)
    return seen


def test_it_learns(linear: HarnnClassifier) -> None:
    assert linear.score(NEW, NEW_LABELS) > 0.9
    assert linear.classes_.tolist() == list(TAXONOMY.codes)
    assert linear.taxonomy_ == TAXONOMY
    assert not hasattr(linear, "n_features_in_")
    assert not hasattr(linear, "feature_names_in_")


def test_predict_answers_in_the_form_of_y(linear: HarnnClassifier) -> None:
    expected = linear.predict(NEW)
    assert all(type(each) is tuple for each in expected)
    matrix = fast().fit(X, Y).predict(NEW)
    assert type(matrix) is np.ndarray
    assert matrix.dtype == np.int64
    assert BINARIZER.inverse_transform(matrix, most_specific=False) == expected
    other = clone(linear).set_params(output="sparse").fit(X, LABELS)
    assert issparse(other.predict(NEW))
    assert (other.predict(NEW).toarray() == matrix).all()
    assert other.set_params(output="labels").predict(NEW) == expected


def test_probabilities_are_level_major_and_closed(linear: HarnnClassifier) -> None:
    proba = linear.predict_proba(NEW)
    assert proba.shape == (25, 6)
    assert proba.dtype == np.float32
    assert (proba == TAXONOMY.hierarchy.lift(proba)).all()
    open_scores = clone(linear).set_params(close="none").fit(X, LABELS).predict_proba(NEW)
    assert (TAXONOMY.hierarchy.lift(open_scores) == proba).all()


def test_decision_function_is_log_odds(linear: HarnnClassifier) -> None:
    odds = linear.decision_function(NEW)
    proba = linear.predict_proba(NEW).astype(float)
    np.testing.assert_allclose(1 / (1 + np.exp(-odds)), proba, atol=1e-6)
    assert np.isfinite(log_odds(np.array([[0, 1]], dtype=np.float32))).all()


def test_score_is_micro_f1_and_hierarchical_f1(linear: HarnnClassifier) -> None:
    predicted = BINARIZER.transform(linear.predict(NEW))
    truth = BINARIZER.transform(NEW_LABELS)
    ours = linear.score(NEW, NEW_LABELS)
    assert ours == pytest.approx(f1_score(truth, predicted, average="micro"))
    assert ours == pytest.approx(
        hierarchical_prf(csr_array(predicted), csr_array(truth), TAXONOMY.hierarchy).f1
    )
    weights = np.arange(25) % 3
    theirs = f1_score(truth, predicted, average="micro", sample_weight=weights)
    assert linear.score(NEW, NEW_LABELS, sample_weight=weights) == pytest.approx(theirs)
    with pytest.raises(DocumentError, match=r"sample_weight: has shape \(2,\), expected a weight"):
        linear.score(NEW, NEW_LABELS, sample_weight=[1, 2])


def test_choosing_labels_otherwise_needs_no_training(
    linear: HarnnClassifier, trainings: list[Config]
) -> None:
    predictor = Predictor(linear.bundle_)
    other = clone(linear)
    other.__dict__.update({k: v for k, v in vars(linear).items() if k.endswith("_")})
    for options in (
        {"threshold": 0.9},
        {"top_k": 2},
        {"strategy": "label"},
        {"strategy": "deepest", "top_1": "always"},
        {"close": "none", "threshold": 0.5},
    ):
        other.set_params(**dict.fromkeys(("strategy", "threshold", "top_k", "close", "top_1")))
        other.set_params(**options)
        answers = predictor.predict(NEW, **options)
        assert other.predict(NEW) == [tuple(x.label for x in each.labels) for each in answers]
    assert trainings == []


def test_a_search_over_thresholds_trains_once_for_each_fold(
    tmp_path: Path, trainings: list[Config]
) -> None:
    grid = {"threshold": [0.2, 0.5, 0.8, None], "strategy": [None]}
    search = GridSearchCV(fast(memory=tmp_path / "models"), grid, cv=2, refit=False)
    search.fit(X, Y)
    assert len(trainings) == 2
    again = GridSearchCV(fast(), grid, cv=2, refit=False).fit(X, Y)
    scores = [search.cv_results_["mean_test_score"], again.cv_results_["mean_test_score"]]
    assert scores[0].tolist() == scores[1].tolist()


def test_what_is_kept_is_of_the_same_training_alone(
    tmp_path: Path, trainings: list[Config], caplog: pytest.LogCaptureFixture
) -> None:
    kept = fast(memory=tmp_path)
    first = kept.fit(X, LABELS).predict_proba(NEW)
    assert (kept.fit(X, LABELS).predict_proba(NEW) == first).all()
    assert len(trainings) == 1
    kept.fit(X[:-1], LABELS[:-1])
    kept.fit(X, [LABELS[1], *LABELS[1:]])
    clone(kept).set_params(random_state=5).fit(X, LABELS)
    clone(kept).set_params(settings={"text": {"lowercase": False}}).fit(X, LABELS)
    names = HarnnClassifier(
        harnn.Taxonomy.from_edges(_edges(), {"cat": "feline"}), preset="fast", memory=tmp_path
    )
    names.fit(X, LABELS)
    assert len(trainings) == 6
    for model in tmp_path.iterdir():
        (model / "tokenizer.json").write_text("{}")
    with caplog.at_level(logging.WARNING):
        assert (kept.fit(X, LABELS).predict_proba(NEW) == first).all()
    assert len(trainings) == 7
    assert "trained again" in caplog.text
    kept.fit(X, LABELS)
    assert len(trainings) == 7


def test_a_place_that_cannot_be_written_is_told_before_training(
    tmp_path: Path, trainings: list[Config]
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        fast(memory=tmp_path / "file").fit(X, LABELS)
    assert trainings == []


def _edges() -> list[tuple[str, str]]:
    codes = TAXONOMY.codes
    pairs = [(codes[child], codes[parent]) for child, parent in TAXONOMY.edges.tolist()]
    return [("animal", "ROOT"), ("plant", "ROOT"), *pairs]


def test_cross_validation() -> None:
    scoring = ["f1_micro", "f1_samples", "accuracy", "average_precision", "roc_auc"]
    found = cross_validate(fast(), X, Y, cv=3, scoring=scoring, error_score="raise")
    for name in scoring:
        assert np.isfinite(found[f"test_{name}"]).all()
    assert found["test_f1_micro"].mean() > 0.8
    lists = cross_validate(fast(), X, LABELS, cv=KFold(2), error_score="raise")
    assert lists["test_score"].mean() > 0.8
    frames = cross_validate(
        fast(),
        pd.DataFrame({"title": X, "body": X}),
        pd.DataFrame(Y, columns=TAXONOMY.codes),
        cv=2,
        error_score="raise",
    )
    assert frames["test_score"].mean() > 0.8


@pytest.mark.parametrize(
    "y",
    [
        [set(labels) for labels in LABELS],
        pd.Series([frozenset(labels) for labels in LABELS]),
        pd.DataFrame({"labels": LABELS}),
        csr_matrix(Y),
    ],
    ids=["sets", "series", "frame", "sparse"],
)
def test_a_search_with_a_number_of_folds(y: Any) -> None:
    """As docs/scikit-learn.md says: lists of lists alone are refused, by scikit-learn."""
    grid = {"threshold": [0.3]}
    found = GridSearchCV(fast(), grid, cv=2, refit=False, error_score="raise").fit(X, y)
    same = GridSearchCV(fast(), grid, cv=KFold(2), refit=False, error_score="raise").fit(X, LABELS)
    assert found.cv_results_["mean_test_score"] == same.cv_results_["mean_test_score"]
    assert found.cv_results_["mean_test_score"] > 0.8


def test_scikit_learn_refuses_lists_of_lists() -> None:
    for y in (LABELS, [tuple(labels) for labels in LABELS], pd.Series(LABELS)):
        with pytest.raises(ValueError, match="legacy multi-label data representation"):
            GridSearchCV(fast(), {"threshold": [0.3]}, cv=2).fit(X, y)


def test_in_a_pipeline() -> None:
    pipeline = make_pipeline(FunctionTransformer(lambda texts: [t.upper() for t in texts]), fast())
    pipeline.set_params(harnnclassifier__threshold=0.4).fit(X, LABELS)
    assert pipeline.score(NEW, NEW_LABELS) > 0.9
    assert pipeline.predict_proba(NEW).shape == (25, 6)
    assert pipeline.classes_.tolist() == list(TAXONOMY.codes)


def test_groups_stay_together() -> None:
    groups = np.arange(80) // 8
    model = fast(valid=0.3).fit(X, LABELS, groups=groups)
    assert model.validation_rows_ is not None
    held = set(groups[model.validation_rows_])
    assert len(model.validation_rows_) == 8 * len(held)
    assert 0 < len(held) < 10
    for missing in (None, np.nan, pd.NA):
        with pytest.raises(ConfigError, match=r"groups\[79\]: is missing, expected the group"):
            fast().fit(X, LABELS, groups=[*groups[:-1].astype(object), missing])
    with pytest.raises(ConfigError, match="groups: has shape"):
        fast().fit(X, LABELS, groups=[1])
    with pytest.raises(DocumentError, match="X: has but one group, expected 2 at least"):
        fast().fit(X, LABELS, groups=np.zeros(80))


def test_groups_are_routed(trainings: list[Config]) -> None:
    groups = np.arange(80) // 8
    with config_context(enable_metadata_routing=True):
        routed = fast().set_fit_request(groups=True)
        found = cross_validate(
            routed, X, Y, cv=GroupKFold(2), params={"groups": groups}, return_estimator=True
        )
        for fold, (train, _) in zip(
            found["estimator"], GroupKFold(2).split(X, groups=groups), strict=True
        ):
            held = set(groups[train][fold.validation_rows_])
            assert len(fold.validation_rows_) == 8 * len(held)
        with pytest.raises(TypeError, match="sample_weight"):
            fast().set_fit_request(sample_weight=True)


def test_sample_weights_are_not_taken_silently(trainings: list[Config]) -> None:
    with pytest.raises(TypeError) as caught:
        fast().fit(X, LABELS, sample_weight=np.ones(80))
    assert str(caught.value) == (
        "sample_weight: fit cannot weigh documents: not every part of a model could. Give "
        "documents that count double twice, or leave the weights out."
    )
    with pytest.raises(TypeError, match="got an unexpected keyword argument 'weights'"):
        fast().fit(X, LABELS, weights=np.ones(80))
    assert trainings == []
    assert not has_fit_parameter(fast(), "sample_weight")  # so that no search passes them on
    fast().fit(X, LABELS, sample_weight=None)
    with pytest.raises(DocumentError, match="sample_weight: holds other things than numbers from"):
        micro_f1(csr_array(Y), csr_array(Y), [np.nan] * 80)
    with pytest.raises(DocumentError, match="sample_weight: holds other things than numbers from"):
        micro_f1(csr_array(Y), csr_array(Y), ["x"] * 80)


def test_documents_for_validation_can_be_given() -> None:
    model = fast(valid=(NEW, NEW_LABELS)).fit(X, LABELS)
    assert model.validation_rows_ is None
    assert model.bundle_.documents["train"] == 80
    assert model.bundle_.documents["valid"] == 25
    again = clone(model).fit(X, LABELS)
    assert (again.predict_proba(NEW) == model.predict_proba(NEW)).all()
    with pytest.raises(ConfigError, match="groups: divide what is held back, but valid says which"):
        model.fit(X, LABELS, groups=np.arange(80))


@pytest.mark.parametrize(
    ("valid", "message"),
    [
        (([None], [["cat"]]), 'valid: X[0]: is missing, expected a text. Give "" for none.'),
        ((np.ones((2, 2)), LABELS[:2]), "valid: X: holds numbers, expected texts. These"),
        ((X[:1], [["catt"]]), "valid: y[0]: unknown label 'catt'. Did you mean 'cat'?"),
        ((X[:1], [[1.5]]), "valid: y[0]: holds float, expected labels as strings."),
        ((X[:1], Y[:1, :2]), "valid: y: has shape (1, 2), expected a column for each of 6"),
        ((X[:1], pd.DataFrame({"cat": [1], "x": [1]})), "valid: y: column 'x' is no label."),
        ((X[:1], "cat"), "valid: y: is str, expected the labels of each document."),
        ((X[:2], LABELS[:1]), "valid: 2 documents in X, but labels of 1 in y."),
        (([], []), "valid: X: there is no document."),
    ],
)
def test_faults_of_documents_for_validation_are_said_to_be_theirs(
    valid: Any, message: str, trainings: list[Config]
) -> None:
    with pytest.raises(DocumentError) as caught:
        fast(valid=valid).fit(X, LABELS)
    assert str(caught.value).startswith(message)
    assert trainings == []


def test_spellings_in_documents_for_validation_are_said_to_be_theirs() -> None:
    labels = [["CAT"], *NEW_LABELS[1:]]
    with pytest.warns(UserWarning, match=r"^valid: y\[0\]: label 'CAT' read as 'cat'\.$"):
        fast(valid=(NEW, labels)).fit(X, LABELS)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"valid": 0},
            "valid: got 0, expected a share above 0 and below 1, or documents as (X, y).",
        ),
        ({"valid": (1,)}, "valid: has 1 parts, expected (X, y)."),
        ({"threshold": 2}, "threshold: got 2, expected 0 to 1."),
        (
            {"top_k": 1, "threshold": 0.1},
            "threshold and top_k exclude each other; give one of them.",
        ),
        (
            {"output": "list"},
            "output: got 'list', expected one of auto, labels, indicator, sparse.",
        ),
        (
            {"settings": {"model": {"preset": "best"}}},
            "settings: model.preset: is a parameter of its own: preset.",
        ),
        (
            {"settings": {"training": {"seed": 1}}, "random_state": 2},
            "settings: training.seed: is a parameter of its own: random_state.",
        ),
        ({"settings": [1]}, "settings: is list, expected tables of settings by name."),
        (
            {"random_state": "x"},
            "random_state: got 'x', expected a whole number or a numpy.random.RandomState.",
        ),
        ({"random_state": -4}, "training.seed: got -4, expected 0 to 4,294,967,295."),
        ({"settings": {"modle": {}}}, None),
        ({"settings": {"model": 5}}, None),
        ({"settings": {"training": {"epochs": "many"}}}, None),
    ],
)
def test_parameters_are_checked_before_work(
    parameters: dict[str, Any], message: str | None, trainings: list[Config]
) -> None:
    with pytest.raises(ConfigError) as caught:
        fast(**parameters).fit(X, LABELS)
    assert message is None or str(caught.value) == message
    assert trainings == []


def test_documents_are_checked_before_work(trainings: list[Config]) -> None:
    for given, labels, message in (
        (X, LABELS[:-1], "80 documents in X, but labels of 79 in y."),
        ([], [], "X: there is no document."),
        (X[:1], LABELS[:1], "X: has but one text, expected 2 at least: some are held back"),
        ([None], [["cat"]], "X[0]: is missing, expected a text."),
        (X[:2], [["cat"], ["fish"]], "y[1]: unknown label 'fish'."),
    ):
        with pytest.raises(DocumentError) as caught:
            fast().fit(given, labels)
        assert str(caught.value).startswith(message)
    assert trainings == []


def test_nothing_is_answered_before_fit() -> None:
    model = fast()
    for method in (model.predict, model.predict_proba, model.decision_function):
        with pytest.raises(NotFittedError):
            method(X)
    for call in (lambda: model.score(X, LABELS), lambda: model.save("x"), lambda: model.predictor_):
        with pytest.raises(NotFittedError):
            call()


def test_no_texts_no_answers(linear: HarnnClassifier) -> None:
    assert linear.predict([]) == []
    assert linear.predict_proba([]).shape == (0, 6)


def test_columns_of_a_frame_are_fields() -> None:
    frame = pd.DataFrame({"title": X, "body": ["x"] * 80, 3: ["y"] * 80})
    model = fast().fit(frame, LABELS)
    assert model.feature_names_in_.tolist() == ["title", "body", "3"]
    assert model.bundle_.config.data.text_fields == ("title", "body", "3")
    proba = model.predict_proba(frame)
    assert (model.predict_proba(frame[[3, "body", "title"]].assign(more=1)) == proba).all()
    assert (model.predict_proba([f"{text}\nx\ny" for text in X]) == proba).all()
    with pytest.raises(harnn.HarnnError, match="has no column 'body'"):
        model.predict(frame[["title"]])
    chosen = fast(settings={"data": {"text_fields": ["title"]}}).fit(frame, LABELS)
    assert chosen.feature_names_in_.tolist() == ["title"]
    assert not hasattr(chosen.fit(X, LABELS), "feature_names_in_")


def test_random_states() -> None:
    seeds = [fast(random_state=state)._config(()).training.seed for state in (None, 7, np.int64(8))]
    assert seeds == [13, 7, 8]
    drawn = fast(random_state=np.random.RandomState(0))
    assert drawn._config(()).training.seed != drawn._config(()).training.seed


def test_it_is_shown_in_notebooks(linear: HarnnClassifier) -> None:
    assert "HarnnClassifier" in linear._repr_html_()


def test_a_stop_ends_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_given: Any, **_options: Any) -> None:
        raise TrainingInterrupted(None, 0)

    monkeypatch.setattr(fitting, "fit", stopped)
    with pytest.raises(KeyboardInterrupt):
        GridSearchCV(fast(), {"threshold": [0.1]}, cv=2).fit(X, Y)


def test_what_training_tells_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="harnn.estimator"):
        fast().fit(X, LABELS)
    assert "train: 73 documents\n" in caplog.text


def test_the_command_line_and_the_predictor_say_the_same(
    blend: HarnnClassifier, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bit for bit, but for the command's six decimals."""
    model = blend.save(tmp_path / "model")
    texts = [*NEW, "", "zzqx", "purring " * 60]
    (tmp_path / "new.jsonl").write_text(
        "".join(json.dumps({"id": str(n), "text": text}) + "\n" for n, text in enumerate(texts))
    )
    assert run(["predict", str(model), "--data", str(tmp_path / "new.jsonl")]) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    answers = Predictor.load(model).predict(texts)
    sets, proba = blend.predict(texts), blend.predict_proba(texts)
    assert [tuple(x["label"] for x in each["labels"]) for each in said] == sets
    for each, answer, row in zip(said, answers, proba, strict=True):
        columns = [TAXONOMY.index[label.label] for label in answer.labels]
        assert [label.score for label in answer.labels] == row[columns].tolist()
        assert [x["score"] for x in each["labels"]] == [round(s, 6) for s in row[columns].tolist()]


def test_a_saved_model_chooses_as_the_estimator_does(
    linear: HarnnClassifier, tmp_path: Path
) -> None:
    other = clone(linear).set_params(top_k=1).fit(X, LABELS)
    answers = Predictor.load(other.save(tmp_path / "model")).predict(NEW)
    assert [tuple(x.label for x in each.labels) for each in answers] == other.predict(NEW)
    assert all(len(each.labels) == 1 for each in answers)


def test_the_predictor_explains(linear: HarnnClassifier) -> None:
    explanation = linear.predictor_.explain("barking puppy")
    assert "dog" in [label.predicted.label for label in explanation.labels]
