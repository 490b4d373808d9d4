"""Small networks and documents for the tests of the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from harnn.network import HarnnLevel, HarnnNetwork, NetworkShape
from harnn.taxonomy import Hierarchy

MODES = ("paper", "harnn")
VOCABULARY = 23


def shape_of(mode: str, level_sizes: Sequence[int] = (2, 3, 5), **numbers: Any) -> NetworkShape:
    """Make the shape of a small network without dropout; *numbers* replace single fields."""
    fields: dict[str, Any] = {
        "vocabulary_size": VOCABULARY,
        "embedding_size": 5,
        "lstm_size": 4,
        "attention_size": 3,
        "fc_size": 6,
        "dropout": 0.0,
        "embedding_dropout": 0.0,
        "alpha": 0.5,
    }
    fields.update(numbers)
    return NetworkShape(mode=mode, level_sizes=tuple(level_sizes), **fields)


def random_network(
    shape: NetworkShape, seed: int = 0, dtype: torch.dtype = torch.float32
) -> HarnnNetwork:
    """Build a network, in eval mode, all of whose weights are large enough to matter."""
    network = HarnnNetwork(shape).to(dtype)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            # Drawn in float32, so that one seed is one network in every precision.
            drawn = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(0.6 * drawn)
        network.embedding.weight[0] = 0
    return network.eval()


def random_documents(lengths: Sequence[int], seed: int = 0) -> list[list[int]]:
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randint(1, VOCABULARY, (length,), generator=generator).tolist() for length in lengths
    ]


def padded(documents: Sequence[Sequence[int]], *, extra: int = 0) -> tuple[Tensor, Tensor]:
    """Pad to the longest document, to one token at least, and *extra* more."""
    longest = max([1, *map(len, documents)]) + extra
    token_ids = torch.zeros(len(documents), longest, dtype=torch.int64)
    for i, document in enumerate(documents):
        token_ids[i, : len(document)] = torch.tensor(document, dtype=torch.int64)
    return token_ids, torch.tensor([len(document) for document in documents])


def random_targets(documents: int, labels: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 2, (documents, labels), generator=generator).float()


def hierarchy_of(edges: npt.ArrayLike, level_sizes: Sequence[int]) -> Hierarchy:
    """Make a hierarchy of edges, (n, 2) child, parent, and the labels of each level."""
    return Hierarchy.from_edges(edges, np.repeat(np.arange(1, len(level_sizes) + 1), level_sizes))


def level_of(network: HarnnNetwork, number: int) -> HarnnLevel:
    """Return a level, counted from 0, of a network in mode ``harnn``."""
    level = network.head.levels[number]
    assert isinstance(level, HarnnLevel)
    return level
