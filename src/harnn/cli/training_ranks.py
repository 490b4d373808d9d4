"""The processes of ``harnn train``: those that it starts, or that torchrun has started."""

from __future__ import annotations

from harnn.errors import ConfigError, Problem
from harnn.training import Ranks
from harnn.training.ranks import is_launched


def ranks_of(processes: int) -> Ranks:
    """Return the processes that train together.

    Raises:
        ConfigError: torchrun has started some, and more are wanted.
    """
    if not is_launched():
        return Ranks.local(processes)
    if processes > 1:
        what = f"got {processes:,}, but this process is one of several that were started already."
        raise ConfigError(Problem("--processes", what, "Leave it out, or start harnn by itself."))
    return Ranks.launched()
