"""How this process computes networks."""

from __future__ import annotations

import torch

from harnn._memory import keep_freed_memory


def tune_process(threads: int = 0) -> None:
    """Set this process up for networks on a CPU; for programs, not for libraries.

    Keeps freed memory. The precision of float32 products stays PyTorch's own: a lower one lets them
    be computed in bfloat16, where answers depend in the fourth digit on which texts share a batch
    (docs/experiments.md).
    """
    keep_freed_memory()
    if threads:
        torch.set_num_threads(threads)
