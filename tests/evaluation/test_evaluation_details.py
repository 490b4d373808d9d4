"""The evaluation in detail: the report is the same, and every example shows what it is told for."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.sparse import csr_array

from harnn.decode import Decoder, Scores
from harnn.evaluation import (
    Evaluation,
    Mistake,
    evaluate_closely,
    missed_with_least_score,
    report_scores,
    wrong_with_most_score,
)
from harnn.metrics import Resampling, TrainingCounts, label_shift
from harnn.taxonomy import Taxonomy

TAXONOMY = Taxonomy.from_levels(
    {"top": ["A", "B"], "below": ["c", "d", "e", "f"], "last": ["g", "h"]},
    [("c", "A"), ("d", "A"), ("e", "B"), ("f", "B"), ("f", "A"), ("g", "c"), ("h", "c")],
)
HIERARCHY = TAXONOMY.hierarchy
COUNTS = TrainingCounts(np.array([50, 40, 30, 8, 20, 20, 9, 0]), 80)
FEW = Resampling(30, 1)


def made(documents: int = 90) -> tuple[Scores, csr_array]:
    random = np.random.default_rng(8)
    targets = HIERARCHY.close_sets(csr_array(random.random((documents, 8)) < 0.15))
    values = 0.35 * targets.toarray() + 0.65 * random.random((documents, 8))
    ids = tuple(f"d{row}" for row in range(documents))
    return Scores(ids, values.astype(np.float32)), targets


def look(decoder: Decoder, *cuts: int) -> Evaluation:
    scores, targets = made()
    bounds = [0, *cuts, len(scores)]
    blocks = (
        Scores(scores.ids[start:stop], scores.values[start:stop])
        for start, stop in itertools.pairwise(bounds)
    )
    return evaluate_closely(blocks, targets, decoder, TAXONOMY, training=COUNTS, resampling=FEW)


@pytest.mark.parametrize(
    "decoder",
    [
        Decoder(0.6),
        Decoder(0.6, strategy="level", level_thresholds=(0.7, 0.6, 0.5)),
        Decoder(0.5, strategy="top_k", top_k=3, close="none"),
    ],
    ids=lambda decoder: decoder.strategy,
)
def test_the_report_is_that_of_all_scores_at_once(decoder: Decoder) -> None:
    scores, targets = made()
    found = look(decoder, 20, 20, 55)
    assert found.report == report_scores(scores, targets, decoder, TAXONOMY, training=COUNTS)
    assert found.ids == scores.ids
    whole = look(decoder)
    assert found.intervals == whole.intervals
    assert found.confusions == whole.confusions
    assert found.intervals.measures[0].value == pytest.approx(found.report.micro_f1)
    assert np.average(found.labels.f1) == pytest.approx(found.report.macro_f1)
    f1 = [level.micro_f1 for level in found.report.levels]
    assert [x.value for x in found.intervals.levels] == pytest.approx(f1)


def test_thresholds_of_labels() -> None:
    cuts = look(Decoder(0.6, strategy="level", level_thresholds=(0.7, 0.6, 0.5))).label_thresholds
    assert cuts is not None
    assert cuts == pytest.approx([0.7, 0.7, 0.6, 0.6, 0.6, 0.6, 0.5, 0.5])
    one = look(Decoder(0.25)).label_thresholds
    assert one is not None
    assert one.tolist() == [0.25] * 8
    assert look(Decoder(0.5, strategy="top_k", top_k=2)).label_thresholds is None


def test_examples_show_what_they_are_told_for() -> None:
    decoder = Decoder(0.6)
    scores, targets = made()
    found = look(decoder)
    shown, chosen = decoder.decode(scores, HIERARCHY)
    predicted, true = chosen.toarray(), targets.toarray()
    assert found.worst
    f1 = [found.labels.f1[each.column] for each in found.worst]
    assert f1 == sorted(f1)
    for label in found.worst:
        assert found.labels.true[label.column] >= 10
        assert label.examples
        for row, missed, other in label.examples:
            assert (true[row, label.column], predicted[row, label.column]) == (missed, not missed)
            if other is not None:
                assert (true[row, other], predicted[row, other]) == (not missed, missed)
    for each, row in zip(found.confusions, found.confused_rows, strict=True):
        assert true[row, each.true]
        assert not predicted[row, each.true]
        assert predicted[row, each.given]
        assert not true[row, each.given]
    for mistake in found.wrong:
        assert predicted[mistake.row, mistake.column]
        assert not true[mistake.row, mistake.column]
        assert mistake.score == shown.values[mistake.row, mistake.column]
    for mistake in found.missed:
        assert true[mistake.row, mistake.column]
        assert not predicted[mistake.row, mistake.column]
        assert predicted[mistake.row, HIERARCHY.parents(mistake.column)].all()
    rows = set(found.shown_rows)
    assert rows >= {m.row for m in (*found.wrong, *found.missed)} | set(found.confused_rows)


def test_mistakes_of_the_most_specific_and_of_the_topmost() -> None:
    scores = np.array([[0.9, 0.1, 0.8, 0.1, 0.1, 0.1, 0.75, 0.2]], dtype=np.float32)
    given = csr_array(scores > 0.5)  # A, c and g
    nothing = csr_array(np.zeros_like(scores, dtype=bool))
    (wrong,) = wrong_with_most_score(scores, given, nothing, HIERARCHY, most=5)
    assert wrong == Mistake(0, 6, 0.75)
    (missed,) = missed_with_least_score(scores, nothing, given, HIERARCHY, most=5)
    assert missed == Mistake(0, 0, float(np.float32(0.9)))
    assert wrong_with_most_score(scores, given, given, HIERARCHY, most=5) == ()


def test_what_training_tells() -> None:
    found = look(Decoder(0.6))
    assert found.spread is not None
    assert sum(bucket.labels for bucket in found.spread) == int((found.labels.true > 0).sum())
    assert found.shift is not None
    expected = label_shift(COUNTS.label_counts, 80, found.labels.true, 90)
    assert np.array_equal(found.shift.z, expected.z)
    scores, targets = made()
    alone = evaluate_closely([scores], targets, Decoder(0.6), TAXONOMY, resampling=FEW)
    assert (alone.spread, alone.shift, alone.training_counts) == (None, None, None)


def test_wrong_numbers_of_documents_are_refused() -> None:
    scores, targets = made()
    for blocks, got in (([scores, scores], "more"), ([], "0")):
        with pytest.raises(ValueError, match=f"^Expected scores of 90 documents, got {got}.$"):
            evaluate_closely(blocks, targets, Decoder(0.6), TAXONOMY)
    with pytest.raises(ValueError, match="at least one document"):
        evaluate_closely([], targets[:0], Decoder(0.6), TAXONOMY)
