"""Who trains: processes that ``harnn train`` starts, or that torchrun has started, and Ray."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from harnn.errors import ConfigError, Problem

if TYPE_CHECKING:
    from harnn.training import Ranks


@dataclass(frozen=True, slots=True)
class Crew:
    """What the options say of it."""

    processes: int = 1
    """Of this machine."""
    address: str | None = None
    """Of a Ray cluster; None: none."""

    def ranks(self) -> Ranks:
        """Return the processes that train networks together.

        Raises:
            ConfigError: torchrun has started some, and more are wanted.
        """
        from harnn.training import Ranks
        from harnn.training.ranks import is_launched

        if not is_launched():
            return Ranks.local(self.processes)
        if self.processes > 1:
            what = f"got {self.processes:,}, but torchrun has started several processes already."
            hint = "Leave it out, or start harnn by itself."
            raise ConfigError(Problem("--processes", what, hint))
        return Ranks.launched()

    def refuse_beside_folds(self) -> None:
        """Raises:
        ConfigError: several processes are to train.
        """
        from harnn.training.ranks import is_launched

        if self.processes > 1 or self.address is not None or is_launched():
            what = "cannot be given where several processes train."
            hint = "Leave --processes, --address and torchrun out."
            raise ConfigError(Problem("--folds", what, hint))
