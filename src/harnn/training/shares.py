"""Things that all ranks of a training compute, each its share, in steps that can be stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from harnn.training.ranks import Order, Ranks

T = TypeVar("T")
R = TypeVar("R")


def own_share(
    ranks: Ranks,
    things: Sequence[T],
    compute: Callable[[Sequence[T]], Iterable[R]],
    *,
    at_once: int,
    stopped: Callable[[], bool],
) -> list[R]:
    """Return what *compute* makes of this rank's share: every count-th thing, some at a time.

    at_once: things between two questions whether to stop, which all ranks ask together.

    Raises:
        InterruptedError: *stopped* said so in one of the ranks.
    """
    mine = things[ranks.number :: ranks.count]
    found: list[R] = []
    for number in range(-(-len(things) // (ranks.count * at_once))):
        found += compute(mine[number * at_once : (number + 1) * at_once])
        if ranks.agree(stopped()):
            raise InterruptedError
    return found


def all_shares(
    ranks: Ranks, order: Order, things: Sequence[T], compute_own: Callable[[], list[R]]
) -> Iterator[R]:
    """Yield, in rank 0, what all ranks made of things, in their order.

    order: has the others compute their :func:`own_share` and give it; compute_own: that of rank 0.
    """
    ranks.send(order)
    with ranks.together():
        shares = [compute_own(), *ranks.taken()]
    for number in range(len(things)):
        yield shares[number % ranks.count][number // ranks.count]
