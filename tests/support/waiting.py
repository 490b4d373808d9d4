"""Waiting for what another process or thread is to do."""

from __future__ import annotations

import time
from collections.abc import Callable

SECONDS = 240.0
"""That anything may take, on a machine that is busy."""


def until(holds: Callable[[], bool]) -> None:
    """Wait until *holds* does."""
    end = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
