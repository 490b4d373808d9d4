"""The branches of a model as arrays and JSON, and back."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from harnn.errors import BundleError, Problem
from harnn.linear import LinearBranch
from harnn.model import HarnnNetwork, NetworkShape, SentenceNetwork, SentenceShape
from harnn.taxonomy import Taxonomy
from harnn.training import Ensemble

LINEAR = "linear"
NETWORK = "network"
SENTENCE = "sentence"
Network = TypeVar("Network", bound=nn.Module)


def pack_weights(model: Ensemble) -> dict[str, Tensor]:
    """Return all arrays of a model: ``linear.*``, ``network.1.*`` and so on, ``sentence.*``."""
    arrays: dict[str, Tensor] = {}
    if model.linear is not None:
        for name, array in model.linear.to_parts()[0].items():
            arrays[f"{LINEAR}.{name}"] = torch.from_numpy(np.ascontiguousarray(array))
    networks: dict[str, nn.Module] = {
        f"{NETWORK}.{number}": network for number, network in enumerate(model.networks, start=1)
    }
    if model.sentence is not None:
        networks[SENTENCE] = model.sentence
    for place, module in networks.items():
        for name, tensor in module.state_dict().items():
            arrays[f"{place}.{name}"] = tensor.detach().cpu().contiguous()
    return arrays


def pack_shapes(model: Ensemble) -> list[dict[str, Any]]:
    """Return the shape of each network for ``config.json``."""
    return [network.shape.to_dict() for network in model.networks]


def unpack_linear(
    arrays: dict[str, Tensor], settings: Any, *, labels: int, where: str
) -> LinearBranch:
    """Undo :func:`pack_weights` for the linear branch.

    Raises:
        BundleError: parts are missing or do not fit together, or the number of labels is another.
    """
    own = {name: tensor.numpy() for name, tensor in _under(LINEAR, arrays).items()}
    branch = LinearBranch.from_parts(own, settings, where=where)
    if (found := len(branch.classifier.bias)) != labels:
        what = f"the linear branch has {found:,} labels, the taxonomy {labels:,}."
        raise BundleError(Problem(where, what))
    return branch


def unpack_networks(
    arrays: dict[str, Tensor], shapes: Any, taxonomy: Taxonomy, *, where: tuple[str, str]
) -> tuple[HarnnNetwork, ...]:
    """Undo :func:`pack_weights` and :func:`pack_shapes`; *where* names their two files.

    Raises:
        BundleError: shapes or weights are damaged, or the number of labels is another.
    """
    if not isinstance(shapes, list):
        what = f"networks: got {shapes!r}, expected a list of shapes."
        raise BundleError(Problem(where[1], what))
    networks = []
    for number, plain in enumerate(shapes, start=1):
        try:
            shape = NetworkShape(**(plain | {"level_sizes": tuple(plain["level_sizes"])}))
        except (TypeError, KeyError) as error:
            what = f"the network's shape is damaged: {error}."
            raise BundleError(Problem(where[1], what)) from None
        if shape.labels != len(taxonomy):
            what = f"the network has {shape.labels:,} labels, the taxonomy {len(taxonomy):,}."
            raise BundleError(Problem(where[1], what))
        with torch.random.fork_rng(devices=[]):
            network = HarnnNetwork(shape, taxonomy.edges)
        networks.append(_filled(network, _under(f"{NETWORK}.{number}", arrays), where[0]))
    return tuple(networks)


def unpack_sentence(
    arrays: dict[str, Tensor], shape: Any, *, labels: int, where: tuple[str, str]
) -> SentenceNetwork:
    """Undo :func:`pack_weights` for the network on whole texts, as :func:`unpack_networks`."""
    try:
        read = SentenceShape(**shape)
    except TypeError as error:
        what = f"the shape of the sentence branch is damaged: {error}."
        raise BundleError(Problem(where[1], what)) from None
    if read.labels != labels:
        what = f"the sentence branch has {read.labels:,} labels, the taxonomy {labels:,}."
        raise BundleError(Problem(where[1], what))
    with torch.random.fork_rng(devices=[]):
        network = SentenceNetwork(read)
    return _filled(network, _under(SENTENCE, arrays), where[0])


def _filled(network: Network, weights: dict[str, Tensor], where: str) -> Network:
    try:
        network.load_state_dict(weights)
    except RuntimeError as error:
        summary = " ".join(str(error).split())[:300]
        raise BundleError(Problem(where, f"is damaged: {summary}.")) from None
    return network.eval()


def _under(prefix: str, arrays: dict[str, Tensor]) -> dict[str, Tensor]:
    start = f"{prefix}."
    return {k.removeprefix(start): v for k, v in arrays.items() if k.startswith(start)}
