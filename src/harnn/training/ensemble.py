"""All branches of a trained model, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harnn.batch import EncodedCorpus
from harnn.blend import Blend, Outputs
from harnn.linear import LinearBranch, NgramFeatures
from harnn.model import HarnnNetwork, SentenceNetwork
from harnn.training.scoring import score_corpus
from harnn.training.sentences import sentence_logits

_CERTAIN = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Ensemble:
    """The linear branch, the networks, the network on whole texts, and their blend.

    Raises:
        ValueError: there is no branch, several and no blend, or a blend of others.
    """

    linear: LinearBranch | None
    networks: tuple[HarnnNetwork, ...]
    sentence: SentenceNetwork | None = None
    blend: Blend | None
    """None: one network's own scores are the answer, as in mode ``paper``."""

    def __post_init__(self) -> None:
        others = self.linear is not None or self.sentence is not None
        if self.blend is None and (others or len(self.networks) != 1):
            raise ValueError("Expected a blend of the branches, or one network alone.")
        branches = [name for name, held in self._branches.items() if held]
        if self.blend is not None and sorted(self.blend.branches) != branches:
            wanted, held = (", ".join(x) or "nothing" for x in (self.blend.branches, branches))
            raise ValueError(f"Expected the branches that were blended ({wanted}); got {held}.")

    @property
    def _branches(self) -> dict[str, bool]:
        return {
            "linear": self.linear is not None,
            "network": bool(self.networks),
            "sentence": self.sentence is not None,
        }

    @property
    def features(self) -> NgramFeatures | None:
        """The n-grams that a corpus must have been encoded with."""
        return self.linear.features if self.linear is not None else None

    def score(self, corpus: EncodedCorpus) -> NDArray[np.float32]:
        """Return the scores (N, C), 0..1, of all documents, in the order of the corpus."""
        if self.blend is None:
            return score_corpus(self.networks[0], corpus)
        return self.blend.probabilities(
            branch_outputs(self.linear, self.networks, self.sentence, corpus)
        )


def branch_outputs(
    linear: LinearBranch | None,
    networks: tuple[HarnnNetwork, ...],
    sentence: SentenceNetwork | None,
    corpus: EncodedCorpus,
) -> Outputs:
    """Return what each branch says (N, C): margins, the networks' mean logits, and logits."""
    outputs: dict[str, NDArray[np.float32]] = {}
    if linear is not None:
        outputs["linear"] = linear.classifier.margins(corpus.vectors)
    if networks:
        total = sum(_logits(score_corpus(network, corpus)) for network in networks)
        outputs["network"] = np.asarray(total / len(networks), dtype=np.float32)
    if sentence is not None:
        outputs["sentence"] = sentence_logits(sentence, corpus)
    return outputs


def _logits(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    inside = np.clip(scores, _CERTAIN, 1 - _CERTAIN)
    return np.asarray(np.log(inside / (1 - inside)), dtype=np.float32)
