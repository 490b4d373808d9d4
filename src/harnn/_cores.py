"""How many cores there are for this process, and how its threads share them."""

from __future__ import annotations

import os

_DIGITS = 4
"""Of a number of threads, at most."""
_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
"""What the libraries that compute are told it by."""

_TURNS = "1000"
"""How often a thread asks whether the others are ready before it lets go of its core: some 50
microseconds, of which a training on free cores costs nothing and one beside another program a
fraction of the 300,000 that GNU's OpenMP takes by itself (docs/experiments.md)."""


def count_cores() -> int:
    """Return ``OMP_NUM_THREADS`` where it is set, else the cores that this process may use."""
    told = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()  # one for each nesting
    is_number = told.isascii() and told.isdecimal() and len(told) <= _DIGITS
    return (int(told) if is_number else 0) or _usable()


def threads_of(processes: int, threads: int | None = None) -> dict[str, str]:
    """Return, as variables of the environment, how many threads each of some processes has: its
    share of the cores, and one at least.

    threads: that it has instead.
    """
    return dict.fromkeys(_VARIABLES, str(threads or max(1, count_cores() // processes)))


def share_cores() -> None:
    """Let threads that wait for each other give their cores to other programs soon; for programs,
    not for libraries, and before PyTorch is imported.

    Nothing is changed where the environment says how threads wait. Read by GNU's OpenMP, which
    PyTorch's packages for Linux compute with.
    """
    if not {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"} & set(os.environ):
        os.environ["GOMP_SPINCOUNT"] = _TURNS


def _usable() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
