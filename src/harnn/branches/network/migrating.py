"""Networks taken to a new edition of their taxonomy; no torch.

What a level computes of a text it keeps, all but the rows of its labels. A label that had its
weights on another level cannot read the features of this one with them: it reads them as the
global head does, for which h_G is about relu(W_G h + b), and it looks where the labels of the level
look on average.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn.branches.branch import Branch, Parts
from harnn.branches.network.storage import SETTING, arrays_place
from harnn.branches.origins import LabelOrigins, mixed

Weights = Mapping[str, NDArray[Any]]
"""By their names in a network."""
_OF_LEVEL = re.compile(r"levels\.[0-9]+\.")


def migrate_network(branch: Branch, origins: LabelOrigins) -> Parts:
    """Return the parts of the branch of networks for a new edition."""
    parts = branch.to_parts()
    shapes: list[dict[str, Any]] = parts.settings[SETTING]
    sizes = list(origins.new.level_sizes)
    migrated = Parts(settings={SETTING: [shape | {"level_sizes": sizes} for shape in shapes]})
    for number in range(1, len(shapes) + 1):
        start = f"{arrays_place(number)}."
        weights = {
            name.removeprefix(start): array
            for name, array in parts.arrays.items()
            if name.startswith(start)
        }
        found = migrate_head(weights, origins)
        migrated.arrays.update({f"{start}{name}": array for name, array in found.items()})
    return migrated


def migrate_head(weights: Weights, origins: LabelOrigins) -> dict[str, NDArray[Any]]:
    """Return the weights of a hierarchical head, and of what it stands in, for a new edition."""
    found = {name: array for name, array in weights.items() if not _OF_LEVEL.match(name)}
    found["global_predict.weight"] = origins.rows(weights["global_predict.weight"])
    found["global_predict.bias"] = origins.bias(weights["global_predict.bias"])
    found["global_hidden.weight"] = _hidden(weights["global_hidden.weight"], origins)
    for level, old in enumerate(origins.levels):
        start = f"levels.{old}."
        own = {
            name.removeprefix(start): array
            for name, array in weights.items()
            if name.startswith(start)
        }
        moved = _level(own, weights, origins, level)
        found |= {f"levels.{level}.{name}": array for name, array in moved.items()}
    return {name: np.require(array, requirements="C") for name, array in found.items()}


def _hidden(weights: NDArray[Any], origins: LabelOrigins) -> NDArray[Any]:
    """Return how the global head reads the features of levels; one that stands for two new ones is
    read once.
    """
    blocks = np.split(weights, origins.old.depth, axis=1)
    seen: set[int] = set()
    found = []
    for old in origins.levels:
        found.append(np.zeros_like(blocks[old]) if old in seen else blocks[old])
        seen.add(old)
    return np.concatenate(found, axis=1)


def _level(own: Weights, whole: Weights, origins: LabelOrigins, level: int) -> dict[str, Any]:
    """Return the weights of a new level, counted from 0; own: of the old level, whole: of all."""
    within, columns = origins.within(level), origins.new.level_slices[level]
    found = dict(own)
    for name in ("predict.weight", "attend.labels", "read_out"):
        if name in own:  # mode paper has no read_out
            found[name] = mixed(within, own[name])
    shift = origins.shift[columns].astype(own["predict.bias"].dtype)
    found["predict.bias"] = mixed(within, own["predict.bias"]) + shift
    strangers = np.flatnonzero(np.diff(within.indptr) == 0)
    if len(strangers):
        shares = origins.shares[columns][strangers]
        block = np.split(whole["global_hidden.weight"], origins.old.depth, axis=1)
        read = mixed(shares, whole["global_predict.weight"]) @ block[origins.levels[level]]
        bias = mixed(shares, whole["global_predict.bias"]) + shift[strangers]
        found["predict.weight"][strangers], found["predict.bias"][strangers] = read, bias
        found["attend.labels"][strangers] = own["attend.labels"].mean(axis=0)
    return found
