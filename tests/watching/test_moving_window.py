"""The window of the documents that came last."""

from __future__ import annotations

import threading

import pytest

from harnn.watching import MovingWindow, compare_figures
from support.watched import CHOOSING, COUNTS, TAXONOMY, made_block, made_figures

REFERENCE = made_figures(1_000, 1)


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
    expected = {
        (each.figure, each.level): abs(each.change)
        for each in drift.findings
        if each.figure not in ("labels", "empty_field")
    }
    assert figures.distances.keys() == expected.keys()
    for name, value in expected.items():
        assert figures.distances[name] == pytest.approx(value, abs=1e-6), name


def test_labels_chosen_otherwise_are_left_out() -> None:
    found = window(at_once=1)
    found.add(made_block(50, 1, choosing="otherwise"))
    figures = found.figures()
    assert figures is not None
    assert figures.unlabelled is None
    assert ("unlabelled", None) not in figures.distances
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
