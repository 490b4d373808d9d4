"""The branch of a pretrained transformer encoder that is fine-tuned on the documents.

Names are imported when first used, so that a model without it never imports torch for it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from harnn.branches.transformer.storage import read_transformer

if TYPE_CHECKING:
    from harnn.branches.transformer.branch import TransformerBranch

__all__ = ["TransformerBranch", "read_transformer"]


def __getattr__(name: str) -> Any:
    if name == "TransformerBranch":
        return importlib.import_module("harnn.branches.transformer.branch").TransformerBranch
    raise AttributeError(f"module 'harnn.branches.transformer' has no attribute {name!r}")
