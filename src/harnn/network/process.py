"""How this process computes networks."""

from __future__ import annotations

import os

import torch
from threadpoolctl import threadpool_limits

from harnn._memory import keep_freed_memory


def tune_process(threads: int = 0, *, keeps_memory: bool = True) -> None:
    """Set this process up for networks on a CPU; for programs, not for libraries.

    Lets NumPy compute each product in one thread for good: harnn divides its work among threads
    itself where that helps. The precision of float32 products stays PyTorch's own: a lower one lets
    them be computed in bfloat16, where answers depend in the fourth digit on which texts share a
    batch (docs/experiments.md).

    threads: of PyTorch; 0: as many as there are. keeps_memory: whether freed memory is kept, which
    makes networks faster; beside n-grams most of it would lie idle.
    """
    if keeps_memory:
        keep_freed_memory()
    threadpool_limits(1, user_api="blas")
    if threads:
        torch.set_num_threads(threads)


def computes_bfloat16(device: str = "cpu") -> bool:
    """Whether a device computes it natively."""
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device != "cpu":
        return False
    checks = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in checks)


def _compute_alone() -> None:
    """PyTorch's threads are not there after a fork, and a process that waits for them hangs."""
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_compute_alone)
