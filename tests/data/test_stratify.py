"""Stratification: against a slow dense reference, and the measures of the published package."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn.data.stratify import example_deviation, label_deviation, stratify

SHARES = ([0.8, 0.1, 0.1], [0.5, 0.5], [0.2] * 5, [0.7, 0.2, 0.1])


def long_tailed(seed: int, documents: int = 600, labels: int = 60) -> NDArray[np.bool_]:
    generator = np.random.default_rng(seed)
    likely = 1 / (np.arange(labels) + 2) ** 0.9
    sets = generator.random((documents, labels)) < likely
    sets[:, 0] |= sets[:, 1:9].any(axis=1)  # an ancestor, as in closed label sets
    return sets


def slow(targets: NDArray[np.bool_], shares: list[float], seed: int) -> NDArray[np.int64]:
    """Sechidis et al. (2011), Algorithm 1, dense, with our way to break ties and to even out."""
    documents, labels = targets.shape
    keys = np.random.PCG64(seed).random_raw(documents + labels)
    order = np.argsort(keys[:documents], kind="stable")
    wanted = np.outer(shares, targets.sum(axis=0))
    room = np.array(shares) * documents
    sizes = room.copy()
    parts = np.full(documents, -1)
    while True:
        left = targets[parts < 0].sum(axis=0)
        if not left.any():
            break
        fewest = np.flatnonzero(left == left[left > 0].min())
        label = min(fewest, key=lambda column: keys[documents + column])
        batch = [row for row in order if parts[row] < 0 and targets[row, label]]
        for row in [*batch]:
            best = np.flatnonzero(wanted[:, label] == wanted[:, label].max())
            best = best[room[best] == room[best].max()]
            part = best[int(keys[row]) % len(best)]
            lacking = room / sizes
            waiting = np.where(lacking > lacking[part] + 0.2, wanted[:, label], 0)
            if wanted[part, label] < 1 and waiting.max() > 1e-9:  # not in the paper
                best = np.flatnonzero(waiting == waiting.max())
                best = best[room[best] == room[best].max()]
                part = best[int(keys[row]) % len(best)]
            parts[row] = part
            wanted[part, targets[row]] -= 1
            room[part] -= 1
    for row in order:
        if parts[row] < 0:
            best = np.flatnonzero(room == room.max())
            parts[row] = best[int(keys[row]) % len(best)]
            room[parts[row]] -= 1
    return parts


@pytest.mark.parametrize("shares", SHARES)
@pytest.mark.parametrize("seed", range(3))
def test_the_same_as_the_slow_one(shares: list[float], seed: int) -> None:
    targets = long_tailed(seed, 200, 20)
    found = stratify(csr_array(targets), shares, seed=seed)
    np.testing.assert_array_equal(found, slow(targets, shares, seed))


@pytest.mark.parametrize("shares", SHARES)
def test_as_good_as_the_published_package(shares: list[float]) -> None:
    """LD and ED of iterative-stratification 0.1.9, which breaks ties by other random numbers."""
    pytest.importorskip("iterstrat", reason="needs: pip install iterative-stratification")
    from iterstrat.ml_stratifiers import IterativeStratification

    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    for seed in range(6):
        targets = long_tailed(seed)
        found = stratify(csr_array(targets), shares, seed=seed)
        state = np.random.RandomState(seed)
        other = IterativeStratification(targets, np.array(shares), state)
        for measured, parts in ((ours, found), (theirs, other)):
            deviation = label_deviation(csr_array(targets), parts, len(shares))
            measured.append((deviation, example_deviation(parts, shares)))
    mine, published = np.mean(ours, axis=0), np.mean(theirs, axis=0)
    assert mine[0] < 1.1 * published[0]
    assert mine[1] < 1.3 * published[1] + 1


def test_parts_are_filled_where_all_labels_are_rare() -> None:
    """Four documents a leaf: by the paper each has all of them, or all but one, in training."""
    leaf = np.random.default_rng(0).integers(0, 500, 2_000)
    targets = np.zeros((2_000, 560), dtype=bool)
    rows = np.arange(2_000)
    targets[rows, 60 + leaf] = targets[rows, 10 + leaf // 10] = targets[rows, leaf // 50] = True
    sizes = np.bincount(stratify(csr_array(targets), [0.9, 0.1]))
    assert sizes.tolist() == pytest.approx([1_800, 200], abs=12)
    few = csr_array(np.eye(4, dtype=bool).repeat(4, axis=0))
    assert np.bincount(stratify(few, [0.9, 0.1]), minlength=2).tolist() == [14, 2]


def test_better_than_chance() -> None:
    targets = csr_array(long_tailed(1))
    generator = np.random.default_rng(0)
    shares = [0.8, 0.1, 0.1]
    found = label_deviation(targets, stratify(targets, shares), 3)
    by_chance = np.mean(
        [label_deviation(targets, generator.choice(3, 600, p=shares), 3) for _ in range(10)]
    )
    assert found < 0.7 * by_chance


def test_measures_by_hand() -> None:
    targets = csr_array(np.array([[1, 0], [1, 1], [0, 0], [0, 1]], dtype=bool))
    parts = np.array([0, 0, 1, 1])
    # label 0: odds 2/2 in all; 2/0 in part 0 is left out, 0/2 in part 1. Label 1: 1 in all parts.
    assert label_deviation(targets, parts, 2) == pytest.approx((1 + 0 + 0) / 3)
    assert example_deviation(parts, [0.75, 0.25]) == 1.0
    assert label_deviation(csr_array((3, 2), dtype=bool), np.zeros(3, np.int64), 1) == 0.0


def test_rare_labels_are_trained_on_first() -> None:
    targets = np.zeros((40, 3), dtype=bool)
    targets[0, 0] = targets[1:3, 1] = targets[3:, 2] = True
    for seed in range(5):
        parts = stratify(csr_array(targets), [0.2, 0.4, 0.4], seed=seed, train_first=True)
        assert parts[0] == 0
        assert sorted(parts[1:3])[0] == 0
    assert stratify(csr_array(targets), [0.2, 0.4, 0.4])[0] != 0


@given(st.data())
def test_units_stay_together(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 30))
    units = np.array(data.draw(st.lists(st.integers(0, 9), min_size=count, max_size=count)))
    cells = data.draw(st.lists(st.integers(0, 15), min_size=count, max_size=count))
    targets = csr_array([[bool(cell >> bit & 1) for bit in range(4)] for cell in cells])
    parts = stratify(targets, [0.6, 0.4], units=units, train_first=True)
    assert len(parts) == count
    assert all(len(set(parts[units == unit])) == 1 for unit in set(units.tolist()))
    np.testing.assert_array_equal(
        parts, stratify(targets, [0.6, 0.4], units=units, train_first=True)
    )


def test_large_units_leave_the_sizes_right() -> None:
    targets = csr_array(long_tailed(3))
    units = np.repeat(np.arange(60), 10)
    parts = stratify(targets, [0.8, 0.1, 0.1], units=units)
    assert np.bincount(parts).tolist() == pytest.approx([480, 60, 60], abs=35)


def test_documents_without_labels_fill_what_is_left() -> None:
    assert np.bincount(stratify(csr_array((10, 2), dtype=bool), [0.5, 0.3, 0.2])).tolist() == [
        5,
        3,
        2,
    ]


def test_hash_seed_and_machine_do_not_matter() -> None:
    code = (
        "import sys; sys.path[:0] = ['tests/data']; from scipy.sparse import csr_array; "
        "from test_stratify import long_tailed; from harnn.data.stratify import stratify; "
        "print(''.join(map(str, stratify(csr_array(long_tailed(0, 60)), [.6, .4]))))"
    )
    found = set()
    for hash_seed in ("0", "1"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env=environment,
        )  # fmt: skip
        found.add(done.stdout.strip())
    assert found == {"".join(map(str, stratify(csr_array(long_tailed(0, 60)), [0.6, 0.4])))}


@pytest.mark.parametrize("shares", [[], [0.5, 0.4], [1.0, 0.0], [float("nan"), 1], [[1.0]]])
def test_shares_that_are_refused(shares: Any) -> None:
    with pytest.raises(ValueError, match="Expected shares above 0 that sum to 1"):
        stratify(csr_array((3, 2), dtype=bool), shares)


def test_units_that_are_refused() -> None:
    with pytest.raises(ValueError, match="Expected a unit for each of 3 documents"):
        stratify(csr_array((3, 2), dtype=bool), [1.0], units=np.zeros(2, np.int64))
