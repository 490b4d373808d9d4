"""How a trained model chooses labels, as kept beside its weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn.decode.choice import choose
from harnn.decode.upward import propagate_upward
from harnn.errors import BundleError, Problem, suggest


@dataclass(frozen=True, slots=True)
class Decoder:
    """A policy for :func:`harnn.decode.choose`: the k best labels if ``top_k`` is given, else
    the labels at or above ``threshold``.

    Raises:
        ValueError: a setting is out of range.
    """

    threshold: float
    top_k: int | None = None
    close_upward: bool = True

    def __post_init__(self) -> None:
        problems = _problems(self.to_dict(), where="")
        if problems:
            raise ValueError(" ".join(map(str, problems)))

    def choose(
        self, values: NDArray[np.float32], *, edges: NDArray[Any], levels: NDArray[Any]
    ) -> csr_array[np.bool_]:
        """Choose label sets (N, C) from scores (N, C); see :func:`harnn.decode.choose`."""
        return choose(
            values,
            edges=edges,
            levels=levels,
            threshold=self.threshold if self.top_k is None else None,
            top_k=self.top_k,
            close_upward=self.close_upward,
        )

    def decode(
        self, values: NDArray[np.float32], *, edges: NDArray[Any], levels: NDArray[Any]
    ) -> tuple[NDArray[np.float32], csr_array[np.bool_]]:
        """Return the scores as a user sees them and the label sets, propagating only once."""
        if self.close_upward:
            values = propagate_upward(values, edges, levels)
        as_they_are = dataclasses.replace(self, close_upward=False)
        return values, as_they_are.choose(values, edges=edges, levels=levels)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, as :meth:`from_dict` reads them."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, settings: Any, *, where: str = "decode.json") -> Self:
        """Read what :meth:`to_dict` wrote.

        Raises:
            BundleError: keys are unknown or missing, or values have another type or range; all
                of them in one report.
        """
        problems = _problems(settings, where=where)
        if problems:
            raise BundleError(problems)
        return cls(**settings)


def _problems(settings: Any, *, where: str) -> list[Problem]:
    if not isinstance(settings, Mapping):
        return [Problem(where, f"got {settings!r}, expected an object with a threshold.")]
    known = [field.name for field in dataclasses.fields(Decoder)]
    problems = [
        Problem(where, f"unknown key {key!r}; expected {', '.join(known)}.", suggest(key, known))
        for key in settings
        if key not in known
    ]
    if "threshold" not in settings:
        problems.append(Problem(where, "threshold is missing; expected a number from 0 to 1."))
    elif not _is_threshold(settings["threshold"]):
        found = settings["threshold"]
        problems.append(Problem(where, f"threshold: got {found!r}, expected 0 to 1."))
    top_k = settings.get("top_k")
    if top_k is not None and not (type(top_k) is int and top_k >= 1):
        what = f"top_k: got {top_k!r}, expected null or a whole number of at least 1."
        problems.append(Problem(where, what))
    if not isinstance(settings.get("close_upward", True), bool):
        what = f"close_upward: got {settings['close_upward']!r}, expected true or false."
        problems.append(Problem(where, what))
    return problems


def _is_threshold(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
