"""How much memory is used at once, and how this process allocates it."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_TOP_PAD_BYTES = 64 << 20
_BLOCK_CELLS = 1 << 20


def row_blocks(rows: int, columns: int, *, cells: int = _BLOCK_CELLS) -> Iterator[slice]:
    """Yield slices that cover *rows* rows, each of about *cells* cells and at least one row."""
    step = max(1, cells // max(1, columns))
    for start in range(0, rows, step):
        yield slice(start, min(start + step, rows))


def physical_memory() -> int | None:
    """Return the bytes of memory that the machine has; None where it does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # no such function or name
        return None


def keep_freed_memory() -> None:
    """Tell glibc to keep freed memory for later; for programs, not for libraries.

    Page faults otherwise take up to half of the time of LSTM training.
    """
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(_M_TOP_PAD, _TOP_PAD_BYTES)
        mallopt(_M_MMAP_MAX, 0)
