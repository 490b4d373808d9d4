"""Networks from arrays, computed with PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import torch
from numpy.typing import NDArray
from torch import nn

from harnn.blend import Blend
from harnn.bundle.parts import NETWORK, SENTENCE, Arrays, under
from harnn.errors import BundleError, Problem
from harnn.linear import LinearBranch
from harnn.model import HarnnNetwork, NetworkShape, SentenceNetwork, SentenceShape
from harnn.taxonomy import Taxonomy
from harnn.training import Ensemble

Network = TypeVar("Network", bound=nn.Module)


def read_branches(
    directory: Path,
    settings: dict[str, Any],
    arrays: Arrays,
    *,
    taxonomy: Taxonomy,
    linear: LinearBranch | None,
    blend: Blend | None,
) -> Ensemble:
    """Put a model together from its directory and the parts that are read already.

    Raises:
        BundleError: see below.
        ValueError: the branches do not belong together.
    """
    where = (str(directory / "model.safetensors"), str(directory / "config.json"))
    sentence = settings.get("sentence")
    return Ensemble(
        linear=linear,
        networks=_unpack_networks(arrays, settings["networks"], taxonomy, where=where),
        sentence=_unpack_sentence(arrays, sentence, labels=len(taxonomy), where=where),
        blend=blend,
    )


def _unpack_networks(
    arrays: Arrays, shapes: Any, taxonomy: Taxonomy, *, where: tuple[str, str]
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
        networks.append(_filled(network, under(f"{NETWORK}.{number}", arrays), where[0]))
    return tuple(networks)


def _unpack_sentence(
    arrays: Arrays, shape: Any, *, labels: int, where: tuple[str, str]
) -> SentenceNetwork | None:
    """Undo :func:`pack_weights` for the network on whole texts, as above."""
    if shape is None:
        return None
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
    return _filled(network, under(SENTENCE, arrays), where[0])


def _filled(network: Network, weights: dict[str, NDArray[Any]], where: str) -> Network:
    try:
        network.load_state_dict({name: torch.from_numpy(a) for name, a in weights.items()})
    except RuntimeError as error:
        summary = " ".join(str(error).split())[:300]
        raise BundleError(Problem(where, f"is damaged: {summary}.")) from None
    return network.eval()
