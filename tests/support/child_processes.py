"""Processes that the tests' own process has started; others' are left alone."""

from __future__ import annotations

import os
from pathlib import Path


def children_of_module(module: str) -> list[int]:
    """Return the processes that run code of a module and that nobody has waited for yet."""
    found = []
    for thread in Path(f"/proc/{os.getpid()}/task").iterdir():
        found += [int(x) for x in (thread / "children").read_text().split()]
    return sorted(x for x in found if module in _command(x))


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().decode("utf-8", "replace")
    except OSError:  # it has ended
        return ""
