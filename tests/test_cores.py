"""Cores as the environment and the system tell of them."""

from __future__ import annotations

import os

import pytest

from harnn._cores import count_cores


@pytest.mark.parametrize(
    ("told", "cores"),
    [("4,2", 4), ("3", 3), (" 2 , 1", 2), ("", 8), ("0", 8), ("many", 8), ("-1", 8), ("9" * 9, 8)],
)
def test_threads_as_openmp_writes_them(
    told: str, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    monkeypatch.setattr("harnn._cores._usable", lambda: 8)
    assert count_cores() == cores


def test_cores_are_those_that_the_process_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 5, 7}, raising=False)
    assert count_cores() == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert count_cores() == 1
