"""Where the networks of a loaded model are computed."""

from __future__ import annotations

from typing import Any

from harnn._display import reason_of
from harnn.branches import Ensemble
from harnn.config import TrainingConfig
from harnn.errors import ConfigError, Problem

_FASTEST_FIRST = ("cuda", "mps", "cpu")


def move_networks(ensemble: Ensemble, device: str) -> None:
    """Move the networks that PyTorch computes to a device; ``auto``: to the fastest there is.

    Raises:
        ConfigError: there is no such device, or the model has no such network.
    """
    problems = TrainingConfig(device=device).check()
    if problems:
        raise ConfigError([Problem("device", problem.what) for problem in problems])
    networks = [
        network
        for branch in ensemble.branches
        for network in getattr(branch, "networks", ())
        if hasattr(network, "to")  # those that were exported stay where they are
    ]
    if not networks:
        if device in ("auto", "cpu"):
            return
        what = f"got {device!r}, but the model has no network that PyTorch computes."
        raise ConfigError(Problem("device", what, "It is computed on the CPU."))
    if device != "auto":
        _move(networks, device)
        return
    for name in _FASTEST_FIRST:
        try:
            _move(networks, name)
        except ConfigError:
            continue
        return


def _move(networks: list[Any], device: str) -> None:
    try:
        for network in networks:
            network.to(device)
    except (AssertionError, NotImplementedError, RuntimeError) as error:  # as PyTorch is built
        reason = reason_of(error)
        what = f"{device!r} is not available: {reason}."
        raise ConfigError(Problem("device", what)) from None
