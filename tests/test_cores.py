"""Cores as the environment and the system tell of them, and how threads share them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from harnn._cores import count_cores, share_cores


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


@pytest.mark.parametrize(
    ("told", "turns"),
    [
        ({}, "1000"),
        ({"GOMP_SPINCOUNT": "7"}, "7"),
        ({"OMP_WAIT_POLICY": "active"}, None),
        ({"OMP_NUM_THREADS": "1"}, "1000"),
    ],
)
def test_threads_wait_as_the_environment_says(
    told: dict[str, str], turns: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", dict(told))
    share_cores()
    assert os.environ.get("GOMP_SPINCOUNT") == turns


@pytest.mark.skipif(sys.platform != "linux", reason="GNU's OpenMP comes with PyTorch for Linux")
@pytest.mark.parametrize(("told", "turns"), [({}, "1000"), ({"GOMP_SPINCOUNT": "7"}, "7")])
def test_the_program_gives_cores_up_soon(told: dict[str, str], turns: str) -> None:
    """The OpenMP library that PyTorch computes with tells itself what it has read."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    code = (
        "from harnn.cli import main\nimport sys\nsys.argv = ['harnn', '--version']\n"
        "try:\n    main()\nfinally:\n    import torch\n    torch.set_num_threads(2)\n"
    )
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    rest = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=rest | told | {"OMP_DISPLAY_ENV": "verbose"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"GOMP_SPINCOUNT = '{turns}'" in done.stderr
