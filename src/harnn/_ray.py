"""Be part of a Ray cluster for a while."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harnn._cores import count_cores
from harnn._display import reason_of
from harnn._optional import require
from harnn.errors import ConfigError, Problem

_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}
"""Ray tells its makers nothing of this, and the terminal little; what is set already stays."""


@contextmanager
def connected(address: str, *, purpose: str) -> Iterator[Any]:
    """Yield the module ``ray`` while this process is part of a cluster.

    address: of the cluster; ``auto``: the one that this machine is part of; ``local``: one that is
    started here and ends with this. purpose: what for, for the message where Ray is missing.

    Raises:
        MissingExtraError: Ray is not installed.
        ConfigError: the cluster cannot be reached.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    ray = require("ray", extra="ray", purpose=purpose)
    if ray.is_initialized():
        yield ray
        return
    own = {"num_cpus": count_cores(), "include_dashboard": False} if address == "local" else {}
    try:
        with _own_signals(), _hushed():
            ray.init(address, logging_level=logging.ERROR, log_to_driver=False, **own)
    except Exception as error:  # of whatever kind, as addresses and clusters are
        raise unreachable(address, reason_of(error)) from None
    try:
        yield ray
    finally:
        ray.shutdown()


def unreachable(address: str, reason: str) -> ConfigError:
    """Return that no cluster is at an address."""
    what = f"no Ray cluster can be reached there: {reason}."
    hint = "Start one with 'ray start --head', or give --address local."
    return ConfigError(Problem(f"--address {address}", what, hint))


@contextmanager
def _hushed() -> Iterator[None]:
    """Drop what Ray's own libraries write to standard error while they begin."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Keep what this process does about SIGTERM, which Ray changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
