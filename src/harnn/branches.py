"""All branches of a model and what they say together, whatever computes them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from harnn._memory import keep_freed_memory, row_blocks
from harnn.blend import Blend, Outputs
from harnn.corpus import EncodedCorpus
from harnn.errors import ConfigError
from harnn.linear import LinearBranch, NgramFeatures

Scorer = Callable[[EncodedCorpus], NDArray[np.float32]]
"""From a corpus to what a branch says (N, C)."""
_CERTAIN = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Branches(ABC):
    """The linear branch, the networks, the network on whole texts, and their blend.

    Raises:
        ValueError: there is no branch, several and no blend, or a blend of others.
    """

    linear: LinearBranch | None
    networks: Sequence[Any]
    sentence: Any = None
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

    def tune_process(self) -> None:
        """Set this process up for what computes the branches; for programs, not for libraries."""
        keep_freed_memory()

    @abstractmethod
    def network_scores(self, number: int, corpus: EncodedCorpus) -> NDArray[np.float32]:
        """Return the scores (N, C), 0..1, of one of the networks, counted from 0."""

    @abstractmethod
    def sentence_logits(self, corpus: EncodedCorpus) -> NDArray[np.float32]:
        """Return the logits (N, C) of the sentence branch."""

    @abstractmethod
    def attention(self, corpus: EncodedCorpus, row: int) -> NDArray[np.float32] | None:
        """Return the networks' mean attention (C, T) on the T tokens of one document; None
        where there is no network, or none that can tell."""

    def with_beam(self, width: int, edges: NDArray[Any]) -> Self:  # noqa: ARG002
        """Return the same with networks in which only children of the best labels attend.

        width: how many of a level are the best; edges: (n, 2) child column, parent column.

        Raises:
            ConfigError: the networks cannot.
            ValueError: *width* is below 1.
        """
        what = "networks that were exported" if self.networks else "models without a network"
        raise ConfigError(f"{what} score all labels at once and take no beam.")

    def with_bfloat16(self) -> Self:
        """Return the same with networks that are computed in bfloat16.

        Raises:
            ConfigError: the networks cannot.
        """
        if self.networks:
            what = "networks that were exported have the precision of their export"
            raise ConfigError(f"{what}; harnn export --int8 makes faster ones.")
        raise ConfigError("models without a network have nothing to compute in bfloat16.")

    def score(self, corpus: EncodedCorpus) -> NDArray[np.float32]:
        """Return the scores (N, C), 0..1, of all documents, in the order of the corpus."""
        if self.blend is None:
            return self.network_scores(0, corpus)
        networks = [partial(self.network_scores, number) for number in range(len(self.networks))]
        sentence = self.sentence_logits if self.sentence is not None else None
        return self.blend.probabilities(branch_outputs(self.linear, networks, sentence, corpus))


def branch_outputs(
    linear: LinearBranch | None,
    networks: Sequence[Scorer],
    sentence: Scorer | None,
    corpus: EncodedCorpus,
) -> Outputs:
    """Return what each branch says (N, C): margins, the networks' mean logits, and logits.

    networks and sentence: what computes their scores and its logits.
    """
    outputs: dict[str, NDArray[np.float32]] = {}
    if linear is not None:
        outputs["linear"] = linear.classifier.margins(corpus.vectors)
    if networks:
        outputs["network"] = _mean_logits(networks, corpus)
    if sentence is not None:
        outputs["sentence"] = sentence(corpus)
    return outputs


def _mean_logits(networks: Sequence[Scorer], corpus: EncodedCorpus) -> NDArray[np.float32]:
    """Return the mean logits (N, C) of the networks, beside which one of them has its scores."""
    total = np.zeros(0, dtype=np.float32)
    for number, network in enumerate(networks):
        scores = network(corpus)
        if not number:
            total = np.zeros(scores.shape, dtype=np.float32)
        for rows in row_blocks(*scores.shape):
            total[rows] += _logits(scores[rows])
        del scores  # before the next are computed
    total /= len(networks)
    return total


def _logits(scores: NDArray[np.float32]) -> NDArray[np.float32]:
    inside = np.clip(scores, _CERTAIN, 1 - _CERTAIN)
    return np.asarray(np.log(inside / (1 - inside)), dtype=np.float32)
