"""The branch of a pretrained transformer encoder that is fine-tuned on the documents.

Names are imported when first used, so that a model without it never imports torch for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harnn._lazy import on_demand
from harnn.branches.transformer.storage import read_transformer

if TYPE_CHECKING:
    from harnn.branches.transformer.branch import TransformerBranch

on_demand(
    __name__,
    {
        "branch": "TransformerBranch",
    },
)

__all__ = ["TransformerBranch", "read_transformer"]
