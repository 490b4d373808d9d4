"""The branch on vectors of documents taken to a new edition of its taxonomy; no torch."""

from __future__ import annotations

from harnn.branches.branch import Branch, Parts
from harnn.branches.document_vectors.branch import PLACE
from harnn.branches.origins import LabelOrigins


def migrate_document_vectors(branch: Branch, origins: LabelOrigins) -> Parts:
    """Return the parts of the branch for a new edition."""
    parts = branch.to_parts()
    weight, bias = f"{PLACE}.predict.weight", f"{PLACE}.predict.bias"
    parts.arrays[weight] = origins.rows(parts.arrays[weight])
    parts.arrays[bias] = origins.bias(parts.arrays[bias])
    parts.settings[PLACE]["shape"]["labels"] = len(origins.new)
    return parts
