"""What a GPU wants otherwise than a CPU: more at once, and no question that waits for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

MORE_ON_GPU = 8
"""Times what a CPU computes at once: less leaves a GPU idle while the next kernels are started."""


def at_once(amount: int, device: torch.device) -> int:
    """Return how much to compute at once on a device, where that is *amount* on a CPU."""
    return amount if device.type == "cpu" else amount * MORE_ON_GPU


def first_padding(lengths: Tensor) -> int:
    """Return a position before which no document of lengths (B,) is padded.

    On a CPU the shortest length; elsewhere 0, since an answer would have to wait for the device.
    """
    return int(lengths.min()) if lengths.device.type == "cpu" and len(lengths) else 0


@contextmanager
def exact_float32() -> Iterator[None]:
    """Let cuDNN compute recurrences in float32 as it is; its default is 10 bits of it (TF32).

    Whoever has set the precision of single operations keeps what they set.
    """
    try:
        before = torch.backends.cudnn.allow_tf32
    except RuntimeError:  # it differs from one operation to the other
        yield
        return
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before
