"""The branch on vectors of whole texts, computed with PyTorch or with NumPy alone.

Names are imported when first used, so that an exported model never imports torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from harnn.branches.text_vectors.encoders import open_encoder
from harnn.branches.text_vectors.storage import read_text_vectors

if TYPE_CHECKING:
    from harnn.branches.text_vectors.branch import TextVectorsBranch
    from harnn.branches.text_vectors.network import TextVectorNetwork, TextVectorShape
    from harnn.branches.text_vectors.plain import PlainTextVectorNetwork, PlainTextVectorsBranch

_HOMES = {
    "PlainTextVectorNetwork": "plain",
    "PlainTextVectorsBranch": "plain",
    "TextVectorNetwork": "network",
    "TextVectorShape": "network",
    "TextVectorsBranch": "branch",
}

__all__ = [
    "PlainTextVectorNetwork",
    "PlainTextVectorsBranch",
    "TextVectorNetwork",
    "TextVectorShape",
    "TextVectorsBranch",
    "open_encoder",
    "read_text_vectors",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        home = importlib.import_module(f"harnn.branches.text_vectors.{_HOMES[name]}")
        return getattr(home, name)
    raise AttributeError(f"module 'harnn.branches.text_vectors' has no attribute {name!r}")
