"""The branch of HARNN networks, computed with PyTorch or, exported, with ONNX Runtime.

Names are imported when first used, so that an exported model never imports torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from harnn.branches.network.storage import read_network

if TYPE_CHECKING:
    from harnn.branches.network.branch import NetworkBranch
    from harnn.branches.network.exported import ExportedNetworkBranch, OnnxNetwork

_HOMES = {
    "ExportedNetworkBranch": "exported",
    "NetworkBranch": "branch",
    "OnnxNetwork": "exported",
}

__all__ = ["ExportedNetworkBranch", "NetworkBranch", "OnnxNetwork", "read_network"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        home = importlib.import_module(f"harnn.branches.network.{_HOMES[name]}")
        return getattr(home, name)
    raise AttributeError(f"module 'harnn.branches.network' has no attribute {name!r}")
