"""The branches of a model as PyTorch computes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from harnn.branches import Branches
from harnn.corpus import EncodedCorpus
from harnn.errors import ConfigError
from harnn.model import Beam, HarnnNetwork, SentenceNetwork
from harnn.training.process import tune_process
from harnn.training.scoring import gather_attention, score_corpus
from harnn.training.sentences import sentence_logits


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensemble(Branches):
    """The linear branch, the networks, the network on whole texts, and their blend."""

    networks: tuple[HarnnNetwork, ...]
    sentence: SentenceNetwork | None = None
    beam: Beam | None = None
    """What limits the labels that attend to a document; None: all do."""
    bfloat16: bool = False
    """Whether networks are computed in bfloat16."""

    def with_beam(self, width: int, edges: NDArray[Any]) -> Self:
        if not self.networks:
            return super().with_beam(width, edges)
        if self.networks[0].shape.mode == "paper":
            raise ConfigError("networks in mode paper score all labels at once and take no beam.")
        return replace(self, beam=Beam(edges, self.networks[0].shape.level_sizes, width))

    def with_bfloat16(self) -> Self:
        return replace(self, bfloat16=True) if self.networks else super().with_bfloat16()

    def tune_process(self) -> None:
        tune_process()

    def network_scores(self, number: int, corpus: EncodedCorpus) -> NDArray[np.float32]:
        return score_corpus(self.networks[number], corpus, beam=self.beam, bfloat16=self.bfloat16)

    def sentence_logits(self, corpus: EncodedCorpus) -> NDArray[np.float32]:
        assert self.sentence is not None
        return sentence_logits(self.sentence, corpus)

    def attention(self, corpus: EncodedCorpus, row: int) -> NDArray[np.float32] | None:
        if not self.networks:
            return None
        every = [gather_attention(network, corpus, row) for network in self.networks]
        return np.asarray(np.mean(every, axis=0), dtype=np.float32)
