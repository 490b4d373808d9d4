"""The paired bootstrap: parity with drawing documents one by one, and what it concludes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.metrics import average_precision_score

from harnn.metrics import (
    Answers,
    Comparison,
    Resampling,
    compare,
    evaluate,
    exact_match,
    hierarchical_prf,
    prf,
    resampling,
)
from harnn.taxonomy import Taxonomy

TAXONOMY = Taxonomy.from_levels(
    {"top": ["A", "B"], "below": ["c", "d", "e", "f"]},
    [("c", "A"), ("d", "A"), ("e", "B"), ("f", "B"), ("f", "A")],
)
MEASURES = ("micro_f1", "macro_f1", "hierarchical_f1", "auprc", "exact_match")


def make(documents: int, *noises: float) -> tuple[csr_array, list[Answers]]:
    """Targets, and models of which the scores are the truth with so much noise."""
    random = np.random.default_rng(4)
    targets = random.random((documents, 6)) < 0.25
    models = []
    for noise in noises:
        values = np.clip(targets * 0.6 + 0.2 + noise * random.normal(size=targets.shape), 0, 1)
        values = values.round(2).astype(np.float32)
        models.append(Answers(csr_array(values >= 0.5), values))
    return csr_array(targets), models


def run(
    models: Sequence[Answers], targets: csr_array, resampling: Resampling | None = None
) -> Comparison:
    first, second = models
    return compare(first, second, targets, TAXONOMY, resampling=resampling)


def measure(answers: Answers, targets: Any, rows: np.ndarray) -> list[float]:
    assert answers.scores is not None
    predictions, true, values = answers.predictions[rows], targets[rows], answers.scores[rows]
    averages = prf(predictions, true)
    return [
        averages.micro.f1,
        averages.macro.f1,
        hierarchical_prf(predictions, true, TAXONOMY.hierarchy).f1,
        average_precision_score(true.toarray().ravel(), values.ravel()),
        exact_match(predictions, true),
        *(
            number
            for x in TAXONOMY.level_slices
            for number in (
                prf(predictions[:, x], true[:, x]).micro.f1,
                prf(predictions[:, x], true[:, x]).macro.f1,
                average_precision_score(true[:, x].toarray().ravel(), values[:, x].ravel()),
            )
        ),
    ]


def test_intervals_are_those_of_drawing_documents() -> None:
    targets, (first, second) = make(40, 0.5, 0.4)
    comparison = run((first, second), targets, Resampling(120, 7))
    every = np.arange(40)
    rows = np.random.default_rng(7).integers(40, size=(120, 40))
    ours, theirs = measure(first, targets, every), measure(second, targets, every)
    drawn = [
        np.subtract(measure(second, targets, x), measure(first, targets, x)) for x in rows
    ]  # of fewer scores than steps AUPRC is exact
    found = [*comparison.measures, *(x for level in comparison.levels for x in level.measures)]
    assert [each.measure for each in found] == [*MEASURES, *2 * ["micro_f1", "macro_f1", "auprc"]]
    for position, difference in enumerate(found):
        resampled = np.array(drawn)[:, position]
        expected = theirs[position] - ours[position]
        resampled = resampled - resampled.mean() + expected
        crossed = min((resampled <= 0).sum(), (resampled >= 0).sum())
        assert difference.first == pytest.approx(ours[position])
        assert difference.second == pytest.approx(theirs[position])
        assert difference.difference == pytest.approx(expected)
        assert difference.low == pytest.approx(np.quantile(resampled, 0.025))
        assert difference.high == pytest.approx(np.quantile(resampled, 0.975))
        assert difference.p_value == pytest.approx(min(1, 2 * (crossed + 1) / 121))


def test_measures_are_those_of_the_report() -> None:
    targets, models = make(60, 0.3, 0.5)
    comparison = run(models, targets, Resampling(5))
    for name, answers in zip(("first", "second"), models, strict=True):
        assert answers.scores is not None
        report = evaluate(answers.scores, answers.predictions, targets, TAXONOMY)
        for difference in comparison.measures:
            assert getattr(difference, name) == pytest.approx(getattr(report, difference.measure))
        for level, expected in zip(comparison.levels, report.levels, strict=True):
            assert (level.level, level.name) == (expected.level, expected.name)
            for each in level.measures:
                assert getattr(each, name) == pytest.approx(getattr(expected, each.measure))


def test_a_model_does_not_differ_from_itself() -> None:
    targets, (model,) = make(50, 0.5)
    comparison = run((model, model), targets, Resampling(60))
    levels = [each for level in comparison.levels for each in level.measures]
    for difference in (*comparison.measures, *levels):
        assert (difference.difference, difference.low, difference.high) == (0, 0, 0)
        assert difference.p_value == 1


def test_a_clearly_better_model() -> None:
    targets, (worse, better) = make(300, 0.6, 0.2)
    for first, second, sign in ((worse, better, 1), (better, worse, -1)):
        for difference in run((first, second), targets).measures:
            assert difference.p_value < 0.01
            assert sign * difference.low > 0
            assert sign * difference.high > 0
            assert difference.low < difference.difference < difference.high


def test_what_so_many_samples_can_tell() -> None:
    """No p-value is smaller than twice one in the samples and one more."""
    targets, models = make(300, 0.6, 0.2)
    for samples, least in ((10, 2 / 11), (999, 0.002)):
        comparison = run(models, targets, Resampling(samples))
        assert comparison.least_p_value == pytest.approx(least)
        assert comparison.to_dict()["least_p_value"] == comparison.least_p_value
        assert {each.p_value for each in comparison.measures} == {comparison.least_p_value}


def test_equally_good_models_are_told_apart_seldom() -> None:
    targets, models = make(300, 0.45, 0.45)
    assert all(difference.p_value > 0.05 for difference in run(models, targets).measures)


def test_the_seed_decides() -> None:
    targets, models = make(40, 0.5, 0.4)
    again = [run(models, targets, Resampling(120, seed)) for seed in (1, 1, 2)]
    assert again[0] == again[1] != again[2]
    plain = again[0].to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert (plain["documents"], plain["samples"], plain["seed"]) == (40, 120, 1)
    assert plain["measures"][0].keys() == {
        "measure", "first", "second", "difference", "low", "high", "p_value",
    }  # fmt: skip


def test_steps_of_scores_are_fine_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(2)
    targets = csr_array(random.random((400, 6)) < 0.3)
    values = (random.random((400, 6)) * 0.7 + targets.toarray() * 0.3).astype(np.float32)
    for steps, tolerance in ((32, 0.02), (1024, 1e-9)):
        monkeypatch.setattr(resampling, "_SCORE_BINS", steps)
        counted = resampling._steps(values, targets) @ np.ones((400, 1))
        expected = average_precision_score(targets.toarray().ravel(), values.ravel())
        assert resampling._average_precision(counted)[0] == pytest.approx(expected, abs=tolerance)


def test_without_scores_or_labels() -> None:
    targets, models = make(20, 0.5, 0.4)
    bare = [Answers(model.predictions) for model in models]
    without = run(bare, targets, Resampling(3))
    names = [each.measure for each in without.measures]
    assert names == [name for name in MEASURES if name != "auprc"]
    for level in without.levels:
        assert level.auprc is None
        assert [each.measure for each in level.measures] == ["micro_f1", "macro_f1"]
    nothing = csr_array((20, 6), dtype=bool)
    for difference in run(models, nothing, Resampling(3)).measures[:4]:
        assert (difference.first, difference.second) == (0, 0)


def test_bad_arguments() -> None:
    targets, models = make(20, 0.5, 0.4)
    with pytest.raises(
        ValueError,
        match=r"^Expected at least 1 sample and a seed of at least 0, "
        r"got samples=0 and seed=13\.$",
    ):
        Resampling(0)
    with pytest.raises(ValueError, match=r"^Expected at least one document\.$"):
        run([Answers(model.predictions[:0]) for model in models], targets[:0])
    with pytest.raises(ValueError, match=r"got first \(20, 6\), second \(19, 6\), targets"):
        run((models[0], Answers(models[1].predictions[1:])), targets)
    other = Taxonomy.from_levels({"top": ["A", "B"]})
    with pytest.raises(ValueError, match=r"^Expected scores of 2 labels, got 6\.$"):
        compare(models[0], models[1], targets, other)
