"""The branch of a fine-tuned encoder taken to a new edition of its taxonomy; no torch."""

from __future__ import annotations

import dataclasses

from harnn.branches.branch import Branch, Parts
from harnn.branches.network.migrating import migrate_head
from harnn.branches.origins import LabelOrigins
from harnn.branches.transformer.storage import PLACE


def migrate_transformer(branch: Branch, origins: LabelOrigins) -> Parts:
    """Return the parts of the branch for a new edition; its encoder stays as it is."""
    parts = branch.to_parts()
    shape = parts.settings[PLACE] | {"level_sizes": list(origins.new.level_sizes)}
    weights = {name.removeprefix(f"{PLACE}."): array for name, array in parts.arrays.items()}
    if shape.get("head", "mean") == "mean":
        weights["predict.weight"] = origins.rows(weights["predict.weight"])
        weights["predict.bias"] = origins.bias(weights["predict.bias"])
    else:
        weights = migrate_head(weights, origins)
    arrays = {f"{PLACE}.{name}": array for name, array in weights.items()}
    return dataclasses.replace(parts, arrays=arrays, settings=parts.settings | {PLACE: shape})
