"""Sets that hold all true labels: thresholds, coverage, sizes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from harnn.acceptance import (
    LabelSets,
    LevelSets,
    SetSizes,
    documents_needed_for_sets,
    make_label_sets,
    measure_label_sets,
)
from harnn.taxonomy import Taxonomy
from support.promises import as_scores, as_sets

FLAT = Taxonomy.from_edges([(name, "ROOT") for name in "ABC"])


def test_the_quantile() -> None:
    """Of 9 documents and 80% the 8th highest, ceil(10 * 0.8), of the lowest true scores."""
    rows = [{"A": 0.1 * n, "B": 0.05, "C": 0.95} for n in range(1, 10)]
    targets = as_sets([["A"]] * 9, FLAT)
    made = make_label_sets(as_scores(rows, FLAT), targets, FLAT.hierarchy, 0.8)
    assert made.levels[0].threshold == 0.2
    assert made.levels[0].documents == 9
    assert made.levels[0].sizes == SetSizes(mean=17 / 9, median=2.0, largest=2)
    assert made.choose(as_scores(rows, FLAT), FLAT.hierarchy).sum() == 17
    again = make_label_sets(as_scores(rows, FLAT), targets, FLAT.hierarchy, 0.9)
    assert again.levels[0].threshold == 0.1
    assert documents_needed_for_sets(0.9) == 9


def test_all_true_labels_count_at_once() -> None:
    rows = [{"A": 0.9, "B": 0.3}] * 3
    made = make_label_sets(
        as_scores(rows, FLAT), as_sets([["A", "B"]] * 3, FLAT), FLAT.hierarchy, 0.5
    )
    assert made.levels[0].threshold == 0.3


def test_too_few_documents_leave_no_label_out() -> None:
    rows = [{"A": 0.9}] * 8
    targets = as_sets([["A"]] * 8, FLAT)
    made = make_label_sets(as_scores(rows, FLAT), targets, FLAT.hierarchy, 0.9)
    assert made.levels[0].threshold == 0.0
    assert made.levels[0].sizes.largest == 3


def test_documents_without_labels_on_a_level_do_not_count(taxonomy: Taxonomy) -> None:
    rows = [{"A": 0.9, "a1": 0.5}] * 4 + [{"A": 0.9}] * 5
    targets = as_sets([["a1"]] * 4 + [["A"]] * 5, taxonomy)
    made = make_label_sets(as_scores(rows, taxonomy), targets, taxonomy.hierarchy, 0.5)
    assert [x.documents for x in made.levels] == [9, 4, 0]
    assert [x.threshold for x in made.levels] == [0.9, 0.5, 0.0]
    found = measure_label_sets(made, as_scores(rows, taxonomy), targets, taxonomy.hierarchy)
    assert [x.covered and (x.covered.right, x.covered.count) for x in found] == [
        (9, 9), (4, 4), None,
    ]  # fmt: skip
    assert found[1].sizes == SetSizes(mean=1.0, median=1.0, largest=1)
    assert found[2].sizes is None


@given(st.integers(0, 2**32), st.sampled_from([0.5, 0.8, 0.9, 0.95]), st.integers(1, 60))
def test_the_calibration_documents_are_covered(seed: int, coverage: float, documents: int) -> None:
    """At least ceil((n + 1) coverage) of n, which is what makes it hold for the next one."""
    rng = np.random.default_rng(seed)
    scores = rng.choice(np.linspace(0, 1, 20, dtype=np.float32), (documents, 3))
    targets: NDArray[np.bool_] = np.asarray(rng.random((documents, 3)) < 0.4)
    made = make_label_sets(scores, targets, FLAT.hierarchy, coverage)
    (found,) = measure_label_sets(made, scores, targets, FLAT.hierarchy)
    sets = np.asarray(made.choose(scores, FLAT.hierarchy).toarray())
    known = np.flatnonzero(targets.any(axis=1))
    covered = int((sets | ~targets)[known].all(axis=1).sum())
    if not len(known):
        assert found.covered is None
        return
    assert found.covered is not None
    assert (found.covered.right, found.covered.count) == (covered, len(known))
    assert covered >= min(len(known), np.ceil((len(known) + 1) * coverage - 1e-9))
    assert found.sizes is not None
    assert found.sizes.mean == pytest.approx(sets[known].sum(axis=1).mean())


def test_new_documents_are_covered_as_often_as_promised() -> None:
    """On average over many splits: between 90% and 90% + 1/(n + 1) for scores without ties."""
    rng = np.random.default_rng(1)
    shares = []
    for _ in range(300):
        scores = rng.random((250, 3), dtype=np.float32)
        targets = np.eye(3, dtype=np.bool_)[rng.integers(0, 3, 250)]
        made = make_label_sets(scores[:50], targets[:50], FLAT.hierarchy, 0.9)
        (found,) = measure_label_sets(made, scores[50:], targets[50:], FLAT.hierarchy)
        assert found.covered is not None
        shares.append(found.covered.share)
    assert np.mean(shares) == pytest.approx(0.9 + 0.1 * 0.1, abs=0.015)


def test_what_cannot_be() -> None:
    scores, targets = as_scores([{}], FLAT), as_sets([[]], FLAT)
    with pytest.raises(ValueError, match="above 0 and below 1, got 90"):
        make_label_sets(scores, targets, FLAT.hierarchy, 90)
    with pytest.raises(ValueError, match="Expected arrays of one shape"):
        make_label_sets(scores, as_sets([[], []], FLAT), FLAT.hierarchy, 0.9)
    sizes = SetSizes(mean=1.0, median=1.0, largest=1)
    level = LevelSets(level=1, documents=1, threshold=0.5, sizes=sizes)
    two = LabelSets(coverage=0.9, levels=(level, level))
    with pytest.raises(ValueError, match="Expected sets of 1 levels, got 2"):
        two.choose(scores, FLAT.hierarchy)
    wrong = LevelSets(level=1, documents=1, threshold=1.5, sizes=sizes)
    with pytest.raises(ValueError, match="Expected thresholds from 0 to 1"):
        LabelSets(coverage=0.9, levels=(wrong,))
