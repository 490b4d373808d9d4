"""What concerns the whole process while it trains: device, precision, signals."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from contextvars import copy_context
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from threadpoolctl import threadpool_limits

from harnn._optional import Later, is_installed
from harnn.config import Config
from harnn.training.plan import trains_network

if TYPE_CHECKING:
    import torch
else:  # a training without networks does without
    torch = Later("torch", "Training a network")

T = TypeVar("T")
_ASKED_EVERY = 0.1
"""Seconds between two questions whether to stop."""


def choose_device(device: str) -> str:
    """Return the device that computes: ``auto`` takes CUDA where there is one."""
    if device != "auto":
        return device
    return "cuda" if torch.cuda.is_available() else "cpu"


def missing_device(device: str) -> str:
    """Return what is wrong with a device; empty where it is there."""
    kind, _, number = device.partition(":")
    if kind == "mps" and not torch.backends.mps.is_available():
        return f"got {device!r}, but PyTorch finds no MPS device here."
    if kind != "cuda":
        return ""
    if not torch.cuda.is_available():
        return f"got {device!r}, but PyTorch finds no CUDA device here."
    count = torch.cuda.device_count()
    if number and int(number) >= count:
        return f"got {device!r}, but PyTorch finds {count} CUDA devices here, counted from 0."
    return ""


def choose_precision(precision: str, device: str) -> Literal["32-true", "bf16-mixed"]:
    """Return Fabric's precision: bfloat16 autocast where the processor computes it natively."""
    if precision == "32":
        return "32-true"
    from harnn.network import computes_bfloat16

    if precision == "bf16" or computes_bfloat16(device):
        return "bf16-mixed"
    return "32-true"


def tune_training(config: Config) -> None:
    """Set this process up for a training; for programs, not for libraries.

    PyTorch is not imported for a training that may need none.
    """
    networks = trains_network(config.model) or config.model.transformer != "off"
    threads = config.training.threads
    if is_installed("torch") and (networks or threads or "torch" in sys.modules):
        from harnn.network import tune_process

        tune_process(threads, keeps_memory=networks)
    else:
        threadpool_limits(1, user_api="blas")  # as there


@contextmanager
def stop_requests() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C, SIGTERM and SIGHUP into a flag; a second one acts as it normally would.

    Yields a function that says whether a stop was asked for. Outside the main thread, where
    Python allows no signal handlers, the flag stays down. A second SIGHUP is let pass: terminals
    that close send it twice.
    """
    asked = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.set()
        if number != getattr(signal, "SIGHUP", None):
            signal.signal(number, previous[number])

    with _handled_by(ask) as previous:
        yield asked.is_set


@contextmanager
def stops_at_once() -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and SIGHUP raise KeyboardInterrupt where the main thread stands."""

    def stop(number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    with _handled_by(stop):
        yield


def interruptible(work: Callable[[], T], stopped: Callable[[], bool]) -> T:
    """Return what *work* returns, or leave it behind as soon as a stop is asked for.

    For what spends seconds in compiled code, which no signal ends. It runs in another thread, so
    that the main one can answer signals. Left behind, it goes on until it asks itself whether to
    stop, or ends, or the process does; what it returns or raises then is dropped.

    Raises:
        InterruptedError: *stopped* said so.
    """
    future: Future[T] = Future()

    context = copy_context()

    def run() -> None:
        try:
            future.set_result(context.run(work))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="harnn-interruptible", daemon=True).start()
    while not wait([future], _ASKED_EVERY).done:
        if stopped():
            raise InterruptedError
    return future.result()


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[dict[int, Any]]:
    """Yields the handlers that are there otherwise. What is ignored, as by nohup, stays so."""
    previous: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)  # Windows has no SIGHUP
            before = None if number is None else signal.getsignal(number)
            if number is not None and before not in (None, signal.SIG_IGN):
                previous[int(number)] = before
                signal.signal(number, handler)
    try:
        yield previous
    finally:
        for restored, before in previous.items():
            signal.signal(restored, before)
