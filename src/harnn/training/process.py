"""What concerns the whole process while it trains: device, precision, signals."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Literal

import torch


def choose_device(device: str) -> str:
    """Return the accelerator's name for Fabric: ``auto`` takes CUDA where there is one."""
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def choose_precision(precision: str, device: str) -> Literal["32-true", "bf16-mixed"]:
    """Return Fabric's precision: bfloat16 autocast where the processor computes it natively."""
    if precision == "32":
        return "32-true"
    if precision == "bf16" or _computes_bfloat16(device):
        return "bf16-mixed"
    return "32-true"


def _computes_bfloat16(device: str) -> bool:
    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device != "cpu":
        return False
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in checks)


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C and SIGTERM into a flag; a second one acts as it normally would.

    Yields a function that says whether a stop was asked for. Outside the main thread, where
    Python allows no signal handlers, the flag stays down.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked.is_set
        return
    previous: dict[int, Any] = {}

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.set()
        signal.signal(number, previous[number])

    for number in (signal.SIGINT, signal.SIGTERM):
        previous[int(number)] = signal.signal(number, ask)
    try:
        yield asked.is_set
    finally:
        for restored, handler in previous.items():
            signal.signal(restored, handler)
