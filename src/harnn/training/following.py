"""What the ranks of a training do that do not lead it."""

from __future__ import annotations

import sys
from collections.abc import Callable

from harnn.errors import ConfigError, RankLostError, TrainingInterrupted
from harnn.training.local_ranks import end_with_parent
from harnn.training.process import stop_requests
from harnn.training.ranks import EndedError, LeaderFailedError, Order, Ranks


def follow(ranks: Ranks) -> None:
    """Compute this rank's share of all that rank 0 trains, until it ends.

    Raises:
        RankLostError: another rank was lost.
    """
    with stop_requests() as stopped:
        try:
            while True:
                _take_part(ranks, stopped)
        except EndedError:
            return


def _take_part(ranks: Ranks, stopped: Callable[[], bool]) -> None:
    order: Order = ranks.receive()
    try:
        order.follow(ranks, stopped)
    except (ConfigError, InterruptedError, LeaderFailedError):  # rank 0 raised it too, and tells
        return
    except TrainingInterrupted as stop:
        if isinstance(stop, RankLostError):
            raise


def serve(number: int, count: int, store: str) -> None:
    """Follow the process that started this one, which it finds by a file."""
    end_with_parent()
    try:
        with Ranks(number, count, local_number=number, store=store) as ranks:
            follow(ranks)
    except RankLostError:  # rank 0 tells of it
        sys.exit(RankLostError.exit_code)
