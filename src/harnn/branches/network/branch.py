"""The branch of networks as PyTorch computes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray

from harnn.branches.branch import NETWORK_TRIALS, Evidence, Parts, StoredModel
from harnn.branches.network.logits import mean_logits
from harnn.branches.network.scoring import gather_attention, score_corpus
from harnn.branches.network.storage import (
    SETTING,
    arrays_place,
    check_sizes,
    graph_file,
    read_shapes,
)
from harnn.branches.torch_parts import fill_module, pack_module
from harnn.corpus import Corpus, View
from harnn.errors import ConfigError
from harnn.network import Beam, HarnnNetwork, NetworkShape
from harnn.taxonomy import Taxonomy


@dataclass(frozen=True, eq=False)
class NetworkBranch:
    """Networks alike but for the seed; their logits are averaged."""

    networks: tuple[HarnnNetwork, ...]
    beam: Beam | None = None
    """What limits the labels that attend to a document; None: all do."""
    bfloat16: bool = False
    """Whether they are computed in bfloat16."""

    @property
    def name(self) -> str:
        return "network"

    @property
    def reads(self) -> Mapping[str, View | None]:
        return {"tokens": None}

    def scores(self, corpus: Corpus) -> NDArray[np.float32]:
        """Return the own scores (N, C), 0 to 1, of the only network.

        Raises:
            ValueError: there are several.
        """
        (network,) = self.networks
        return self._score(network, corpus)

    def logits(self, corpus: Corpus) -> NDArray[np.float32]:
        """Return the mean of the networks' logits (N, C)."""
        return mean_logits(self._score, self.networks, corpus)

    def explain(self, corpus: Corpus, row: int) -> Evidence:
        """Return the mean attention of each label.

        In mode ``paper`` that of the lower levels is nearly even, which is a fault of that network;
        see :class:`harnn.network.PaperLevel`.
        """
        every = [gather_attention(network, corpus, row) for network in self.networks]
        trials = max(1, NETWORK_TRIALS // len(self.networks))
        return Evidence(trials, np.asarray(np.mean(every, axis=0), dtype=np.float32))

    def with_beam(self, width: int, taxonomy: Taxonomy) -> Self:
        if self.networks[0].shape.mode == "paper":
            raise ConfigError("networks in mode paper score all labels at once and take no beam.")
        return replace(self, beam=Beam(taxonomy.hierarchy, width))

    def with_bfloat16(self) -> Self:
        return replace(self, bfloat16=True)

    def to_parts(self, *, light: bool = False, int8: bool = False) -> Parts:
        """Return arrays ``network.1.*`` and so on, or light ones as ONNX graphs."""
        shapes = [network.shape.to_dict() for network in self.networks]
        parts = Parts(settings={SETTING: shapes})
        for number, network in enumerate(self.networks, start=1):
            if light:
                from harnn.branches.network.graph import network_graph
                from harnn.branches.onnx_graph import quantize

                graph = network_graph(network)
                parts.files[graph_file(number)] = quantize(graph) if int8 else graph
            else:
                parts.arrays.update(pack_module(arrays_place(number), network))
        return parts

    @classmethod
    def from_parts(cls, stored: StoredModel, taxonomy: Taxonomy) -> Self | None:
        networks = []
        for number, plain in read_shapes(stored, taxonomy):
            check_sizes(stored, number, plain)
            with torch.random.fork_rng(devices=[]):
                network = HarnnNetwork(NetworkShape(**plain), taxonomy.hierarchy)
            weights = stored.under(arrays_place(number))
            networks.append(fill_module(network, weights, stored.arrays_path))
        return cls(tuple(networks)) if networks else None

    def _score(self, network: HarnnNetwork, corpus: Corpus) -> NDArray[np.float32]:
        return score_corpus(network, corpus, beam=self.beam, bfloat16=self.bfloat16)
