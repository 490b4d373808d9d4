"""Which labels a step is trained on where there are very many."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn.network import LabelSample, LevelSample
from harnn.taxonomy import Hierarchy


class LabelSampler:
    """Draws labels for a batch: its true ones, some of their siblings, some of the others.

    Siblings, the children of true labels of the level above, are what a true label is mistaken
    for; the others are nearly always right. Each label drawn stands for as many as were not drawn
    of its kind, so that loss and mean attention are on average those over all labels.
    """

    def __init__(self, hierarchy: Hierarchy, negatives: int) -> None:
        """negatives: labels of a level beside the true ones, half of them siblings."""
        self._hierarchy = hierarchy
        self._negatives = negatives

    def draw(self, targets: csr_array, generator: np.random.Generator) -> LabelSample:
        """Return the labels for documents with *targets* (B, C), closed upward."""
        true = np.unique(targets.indices)
        return LabelSample(
            tuple(
                self._draw_level(level, part, true, generator)
                for level, part in enumerate(self._hierarchy.level_slices)
            )
        )

    def _draw_level(
        self, level: int, part: slice, true: NDArray[np.int32], generator: np.random.Generator
    ) -> LevelSample:
        size = part.stop - part.start
        kind = np.zeros(size, dtype=np.int8)  # 0: others, 1: siblings, 2: true
        above = true[true < part.start]
        if level:
            for parent in above:
                children = self._hierarchy.children(int(parent))
                kind[children[(children >= part.start) & (children < part.stop)] - part.start] = 1
        kind[true[(true >= part.start) & (true < part.stop)] - part.start] = 2
        siblings = _draw(np.flatnonzero(kind == 1), max(1, self._negatives // 2), generator)
        rest = max(1, self._negatives - len(siblings[0]))
        others = _draw(np.flatnonzero(kind == 0), rest, generator)
        mine = np.flatnonzero(kind == 2)
        columns = np.concatenate([mine, siblings[0], others[0]])
        weights = np.concatenate([np.ones(len(mine), np.float32), siblings[1], others[1]])
        order = np.argsort(columns)
        return LevelSample(torch.from_numpy(columns[order]), torch.from_numpy(weights[order]))


def _draw(
    candidates: NDArray[np.int64], count: int, generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return *count* of the candidates at most, and how many each stands for."""
    chosen = candidates
    if len(candidates) > count:
        chosen = generator.choice(candidates, size=count, replace=False, shuffle=False)
    weight = len(candidates) / max(len(chosen), 1)
    return chosen, np.full(len(chosen), weight, dtype=np.float32)
