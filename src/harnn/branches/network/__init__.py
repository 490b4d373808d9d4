"""The branch of HARNN networks, computed with PyTorch or, exported, with ONNX Runtime.

Names are imported when first used, so that an exported model never imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harnn._lazy import on_demand
from harnn.branches.network.storage import read_network

if TYPE_CHECKING:
    from harnn.branches.network.branch import NetworkBranch
    from harnn.branches.network.exported import ExportedNetworkBranch, OnnxNetwork


on_demand(
    __name__,
    {
        "branch": "NetworkBranch",
        "exported": "ExportedNetworkBranch OnnxNetwork",
    },
)

__all__ = ["ExportedNetworkBranch", "NetworkBranch", "OnnxNetwork", "read_network"]
