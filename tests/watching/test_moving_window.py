"""The window of the documents that came last."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from harnn.taxonomy import Taxonomy
from harnn.watching import TOLERANCES, MovingWindow, compare_figures
from support.watched import CHOOSING, COUNTS, TAXONOMY, made_block, made_figures

REFERENCE = made_figures(1_000, 1)
OF_LEVELS = ("scores", "label_mix", "labels")


def window(**more: int) -> MovingWindow:
    return MovingWindow(REFERENCE, TAXONOMY.hierarchy, COUNTS, CHOOSING, **more)


def test_documents_wait_for_each_other() -> None:
    found = window(at_once=50)
    assert found.figures() is None
    assert found.flush() is None
    assert found.add(made_block(20, 1)) is None
    counted = found.add(made_block(40, 2))
    assert counted is not None
    assert counted.documents == 60
    assert found.add(made_block(5, 3)) is None
    rest = found.flush()
    assert rest is not None
    assert rest.documents == 5
    figures = found.figures()
    assert figures is not None
    assert figures.documents == 65


def test_the_oldest_are_forgotten() -> None:
    found = window(size=100, at_once=1)
    for seed in range(30):
        found.add(made_block(10, seed, unknown=0.9))
    for seed in range(10):
        found.add(made_block(10, seed))
    figures = found.figures()
    assert figures is not None
    assert figures.documents == 100
    assert figures.unknown_words == pytest.approx(0.05, abs=0.02)


def test_distances_are_those_of_the_comparison() -> None:
    found = window(at_once=1)
    shifted = {"unknown": 0.2, "shares": (0.2, 0.3, 0.5), "moved": 0.3}
    for seed in range(5):
        found.add(made_block(100, seed, **shifted))  # type: ignore[arg-type]
    figures = found.figures()
    assert figures is not None
    total = made_figures(100, 0, **shifted)
    for seed in range(1, 5):
        total += made_figures(100, seed, **shifted)
    drift = compare_figures(REFERENCE, total, TAXONOMY, COUNTS)
    expected = {(each.figure, each.level): abs(each.change) for each in drift.findings}
    assert (
        figures.distances.keys()
        == expected.keys()
        == {
            *((name, None) for name in TOLERANCES if name not in OF_LEVELS),
            *((name, level) for name in OF_LEVELS for level in (1, 2)),
        }
        - {("f1", None)}
    )
    assert expected["labels", 2] > 0
    for name, value in expected.items():
        assert figures.distances[name] == pytest.approx(value, abs=1e-6), name


def test_labels_chosen_otherwise_are_left_out() -> None:
    found = window(at_once=1)
    found.add(made_block(50, 1, choosing="otherwise"))
    figures = found.figures()
    assert figures is not None
    assert figures.unlabelled is None
    assert ("unlabelled", None) not in figures.distances
    assert ("labels", 1) not in figures.distances
    assert ("label_mix", 1) in figures.distances
    found.add(made_block(50, 2, sure=0.32))
    figures = found.figures()
    assert figures is not None
    assert figures.unlabelled == 1.0


def test_without_a_reference_and_of_few_documents_there_is_no_distance() -> None:
    bare = MovingWindow(None, TAXONOMY.hierarchy, COUNTS, CHOOSING, at_once=1)
    bare.add(made_block(100, 1))
    few = window(at_once=1)
    few.add(made_block(19, 1))
    for found in (bare, few):
        figures = found.figures()
        assert figures is not None
        assert figures.distances == {}


def test_threads_may_use_it_together() -> None:
    found = window(at_once=7)
    threads = [
        threading.Thread(target=lambda: [found.add(made_block(5, 1)) for _ in range(20)])
        for _ in range(4)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    found.flush()
    figures = found.figures()
    assert figures is not None
    assert figures.documents == 400


def test_of_several_fields_the_largest_distance_is_told() -> None:
    """There may be any number of fields, and is one series."""
    found = window(at_once=1)
    found.add(made_block(100, 1, empty=0.5))
    now = made_figures(100, 1, empty=0.5)
    figures = found.figures()
    assert figures is not None
    share, before = now.empty_fields["text"] / 100, REFERENCE.empty_fields["text"] / 1_000
    assert figures.distances["empty_field", None] == pytest.approx(share - before)
    two = replace(REFERENCE, empty_fields={"text": 500, "title": 100})
    other = MovingWindow(two, TAXONOMY.hierarchy, COUNTS, CHOOSING, at_once=1)
    other.add(made_block(100, 1, empty=0.5))  # no title at all
    figures = other.figures()
    assert figures is not None
    assert figures.distances["empty_field", None] == pytest.approx(0.9)


def test_very_many_labels_are_counted_sooner() -> None:
    """What waits is bounded: documents times labels."""
    few = window()
    assert few.add(made_block(255, 1)) is None
    counted = few.add(made_block(1, 1))
    assert counted is not None
    assert counted.documents == 256
    many = Taxonomy.from_edges([(f"t{n}", "ROOT") for n in range(40_000)])
    bare = MovingWindow(None, many.hierarchy, np.zeros(40_000, np.int64), CHOOSING)
    block = replace(
        made_block(1, 1), scores=np.zeros((1, 40_000), np.float32), chosen=csr_array((1, 40_000))
    )
    for _ in range(103):
        assert bare.add(block) is None
    counted = bare.add(block)
    assert counted is not None
    assert counted.documents == 104
