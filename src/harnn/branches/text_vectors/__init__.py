"""The branch on vectors of whole texts, computed with PyTorch or with NumPy alone.

Names are imported when first used, so that an exported model never imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harnn._lazy import on_demand
from harnn.branches.text_vectors.encoders import encodes_with_torch, open_encoder
from harnn.branches.text_vectors.storage import read_text_vectors

if TYPE_CHECKING:
    from harnn.branches.text_vectors.bert_encoder import (
        BertEncoder,
        states_to_vectors,
        torch_threads,
    )
    from harnn.branches.text_vectors.branch import TextVectorsBranch
    from harnn.branches.text_vectors.network import TextVectorNetwork, TextVectorShape
    from harnn.branches.text_vectors.plain import PlainTextVectorNetwork, PlainTextVectorsBranch


on_demand(
    __name__,
    {
        "bert_encoder": "BertEncoder states_to_vectors torch_threads",
        "branch": "TextVectorsBranch",
        "network": "TextVectorNetwork TextVectorShape",
        "plain": "PlainTextVectorNetwork PlainTextVectorsBranch",
    },
)

__all__ = [
    "BertEncoder",
    "PlainTextVectorNetwork",
    "PlainTextVectorsBranch",
    "TextVectorNetwork",
    "TextVectorShape",
    "TextVectorsBranch",
    "encodes_with_torch",
    "open_encoder",
    "read_text_vectors",
    "states_to_vectors",
    "torch_threads",
]
