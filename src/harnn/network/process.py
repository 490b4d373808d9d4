"""How this process computes networks."""

from __future__ import annotations

import torch

from harnn._memory import keep_freed_memory


def tune_process(threads: int = 0) -> None:
    """Set this process up for networks on a CPU; for programs, not for libraries.

    Lets float32 matrix products take the fastest exact path, and keeps freed memory.
    """
    keep_freed_memory()
    torch.set_float32_matmul_precision("medium")
    if threads:
        torch.set_num_threads(threads)
