"""The branches of a model as arrays and JSON, and the linear one back; no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harnn.errors import BundleError, Problem
from harnn.linear import LinearBranch

if TYPE_CHECKING:
    from torch import nn

    from harnn.training import Ensemble

LINEAR = "linear"
NETWORK = "network"
SENTENCE = "sentence"
Arrays = Mapping[str, NDArray[Any]]


def pack_linear(branch: LinearBranch) -> dict[str, NDArray[Any]]:
    """Return its arrays as ``linear.*``."""
    return {
        f"{LINEAR}.{name}": np.ascontiguousarray(array)
        for name, array in branch.to_parts()[0].items()
    }


def pack_module(place: str, module: nn.Module) -> dict[str, NDArray[Any]]:
    """Return the weights of a network as ``PLACE.*``."""
    return {
        f"{place}.{name}": tensor.detach().cpu().contiguous().numpy()
        for name, tensor in module.state_dict().items()
    }


def pack_weights(model: Ensemble) -> dict[str, NDArray[Any]]:
    """Return all arrays of a model: ``linear.*``, ``network.1.*`` and so on, ``sentence.*``."""
    arrays = pack_linear(model.linear) if model.linear is not None else {}
    for number, network in enumerate(model.networks, start=1):
        arrays |= pack_module(f"{NETWORK}.{number}", network)
    if model.sentence is not None:
        arrays |= pack_module(SENTENCE, model.sentence)
    return arrays


def pack_shapes(model: Ensemble) -> list[dict[str, Any]]:
    """Return the shape of each network for ``config.json``."""
    return [network.shape.to_dict() for network in model.networks]


def unpack_linear(arrays: Arrays, settings: Any, *, labels: int, where: str) -> LinearBranch:
    """Undo :func:`pack_linear`.

    Raises:
        BundleError: parts are missing or do not fit together, or the number of labels is another.
    """
    branch = LinearBranch.from_parts(under(LINEAR, arrays), settings, where=where)
    if (found := len(branch.classifier.bias)) != labels:
        what = f"the linear branch has {found:,} labels, the taxonomy {labels:,}."
        raise BundleError(Problem(where, what))
    return branch


def under(prefix: str, arrays: Arrays) -> dict[str, NDArray[Any]]:
    """Return the arrays named ``PREFIX.*`` by the rest of their names."""
    start = f"{prefix}."
    return {k.removeprefix(start): v for k, v in arrays.items() if k.startswith(start)}
