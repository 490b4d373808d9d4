"""Temporary."""

from typing import Any, NamedTuple

import numpy as np


class Doubt(NamedTuple):
    wrong: float
    value: float
    columns: list[int]


def doubt_of(scores: Any, cuts: Any, columns: list[int], counts: Any) -> Doubt:
    own = np.asarray(scores, dtype=float)
    given = np.zeros(len(own), bool)
    given[columns] = True
    each = np.where(given, 1 - own, own)
    order = [int(c) for c in np.argsort(-each)[:5]]
    return Doubt(float(each.sum()), float(each.sum()), order)
