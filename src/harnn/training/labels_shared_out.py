"""The labels of the linear branch shared out among processes: those of a training, or of Ray.

Each label is a problem of its own, and a block of them has the same weights whoever solves it, so
the result is that of one process to the bit.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from harnn._cores import count_cores
from harnn._display import reason_of
from harnn._ray import connected
from harnn.errors import HarnnError
from harnn.training.checks import ON_RAY
from harnn.training.ranks import Ranks
from harnn.training.shares import all_shares, own_share
from harnn.training.support_vectors import Blocks, BlockSolver, Column, Spread
from harnn.training.task import Task

_TASKS_A_CORE = 4
"""Of Ray: fewer leave cores idle in the end, more are sent more often."""
_RETRIES = 3
"""Of a task whose process or machine is lost."""
_ASKED_EVERY = 0.2
"""Seconds between two questions whether to stop."""
_solvers: dict[bytes, BlockSolver] = {}
"""In a process of Ray: what it solves for now, by a name. Not as Ray shares it, read-only."""


@contextmanager
def labels_shared_out(task: Task) -> Iterator[Spread | None]:
    """Yield what solves blocks of labels in other processes; None: this one, in threads.

    Processes that this one starts do not: they would have the cores that its threads have.

    Raises:
        ConfigError: there is no Ray cluster at the address.
    """
    if task.address is not None:
        with connected(task.address, purpose=ON_RAY) as ray:
            yield _on_ray(ray, task.address, task.stopped)
    elif task.ranks.have_cores:
        threads = task.config.training.threads or count_cores()
        yield _among_ranks(task.ranks, threads, task.stopped)
    else:
        yield None


@dataclass(frozen=True)
class _Labels:
    """What the other ranks are given."""

    solver: BlockSolver
    blocks: Blocks
    at_once: int

    def follow(self, ranks: Ranks, stopped: Callable[[], bool]) -> None:
        """Solve this rank's share, and give it to rank 0.

        Raises:
            InterruptedError: *stopped* said so in one of the ranks.
        """
        ranks.give(self.solve(ranks, stopped))

    def solve(self, ranks: Ranks, stopped: Callable[[], bool]) -> list[list[Column]]:
        """Return the columns of this rank's blocks."""
        return own_share(
            ranks,
            self.blocks,
            lambda some: self.solver.solve(some, self.at_once),
            at_once=self.at_once,
            stopped=stopped,
        )


def _among_ranks(ranks: Ranks, threads: int, stopped: Callable[[], bool]) -> Spread:
    def spread(solver: BlockSolver, blocks: Blocks) -> Iterator[list[Column]]:
        order = _Labels(solver, blocks, threads)
        yield from all_shares(ranks, order, blocks, partial(order.solve, ranks, stopped))

    return spread


def _on_ray(ray: Any, address: str, stopped: Callable[[], bool]) -> Spread:
    def spread(solver: BlockSolver, blocks: Blocks) -> Iterator[list[Column]]:
        cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
        size = max(1, len(blocks) // (cores * _TASKS_A_CORE))
        parts = [blocks[start : start + size] for start in range(0, len(blocks), size)]
        solve = ray.remote(num_cpus=1, max_retries=_RETRIES)(_solve_in_task)
        given = ray.put(pickle.dumps(solver))
        name = os.urandom(16)
        asked = [solve.remote(name, given, part) for part in parts]
        try:
            for each in asked:
                while not ray.wait([each], timeout=_ASKED_EVERY)[0]:
                    if stopped():
                        raise InterruptedError
                yield from ray.get(each)
        except ray.exceptions.RayError as error:
            what = f"the Ray cluster at {address} gave up: {reason_of(error)}."
            raise HarnnError(f"{what} Its logs say more.") from None
        finally:
            for each in asked:
                ray.cancel(each, force=True)

    return spread


def _solve_in_task(name: bytes, packed: bytes, blocks: Blocks) -> list[list[Column]]:
    if name not in _solvers:
        _solvers.clear()
        _solvers[name] = pickle.loads(packed)
    return _solvers[name].solve(blocks, 1)
