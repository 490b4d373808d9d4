"""The waist of the package: what models return and everything else reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harnn._display import counted


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Scores:
    """The scores of N documents for all C labels.

    Raises:
        ValueError: ``values`` has another type or shape, or values that are not 0 to 1.
    """

    ids: tuple[str, ...]
    values: NDArray[np.float32]
    """(N, C) float32, 0..1, level-major columns; kept as a read-only view."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", tuple(self.ids))
        values = np.asarray(self.values)
        if values.dtype != np.float32 or values.ndim != 2:
            raise ValueError(
                f"Expected scores of shape (documents, labels) in float32, "
                f"got shape {values.shape} in {values.dtype}."
            )
        if len(self.ids) != len(values):
            raise ValueError(
                f"Expected a row of scores per id, got {len(values):,} rows "
                f"for {len(self.ids):,} ids."
            )
        if values.size:
            low, high = float(values.min()), float(values.max())
            if not (low >= 0 and high <= 1):  # NaN compares false
                raise ValueError(f"Expected scores from 0 to 1, got {low:g} to {high:g}.")
        frozen = values.view()
        frozen.flags.writeable = False
        object.__setattr__(self, "values", frozen)

    def __repr__(self) -> str:
        return f"Scores({counted(len(self), 'document')}, {counted(self.values.shape[1], 'label')})"

    def __len__(self) -> int:
        return len(self.ids)
