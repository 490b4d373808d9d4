"""What is inside of a trained model."""

from __future__ import annotations

from harnn import Bundle
from harnn.branches.network import NetworkBranch
from harnn.network import HarnnNetwork


def networks_of(bundle: Bundle) -> tuple[HarnnNetwork, ...]:
    """Return the networks of a model as PyTorch computes them; none without such a branch."""
    branch = bundle.ensemble.branch("network")
    if branch is None:
        return ()
    assert isinstance(branch, NetworkBranch)
    return branch.networks
