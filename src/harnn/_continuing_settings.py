"""How training goes on from a model that there is already: the table ``[continuing]``."""

from __future__ import annotations

from dataclasses import dataclass

from harnn._tables import between, remembers_what_is_given, shown
from harnn.errors import Problem


@remembers_what_is_given
@dataclass(frozen=True, kw_only=True)
class ContinuingConfig:
    """How much of a training is repeated where it starts from the weights of an old model."""

    epochs: int = 3
    """Of each branch that learns by epochs, at most; 0: the branches stay as they are, and only the
    blend and the thresholds are fitted again."""
    rate: float = 0.2
    """Of the learning rate that each branch has in a training from the beginning."""

    def check(self) -> list[Problem]:
        """Return what is out of range."""
        problems = between("continuing.epochs", self.epochs, 0, 1_000_000)
        if not 0 < self.rate <= 1:
            what = f"got {shown(self.rate)}, expected more than 0 and at most 1."
            problems.append(Problem("continuing.rate", what))
        return problems
