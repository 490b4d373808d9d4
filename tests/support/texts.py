"""Documents made of the topics' words."""

from __future__ import annotations

import numpy as np

from support.topics import TOPICS


def make_texts(count: int, seed: int = 0) -> tuple[list[str], list[list[str]]]:
    """Return texts and their labels: one leaf, or two, and now and then an inner label alone."""
    generator = np.random.default_rng(seed)
    names = list(TOPICS)
    texts, labels = [], []
    for number in range(count):
        chosen = generator.choice(names, size=1 + number % 2, replace=False).tolist()
        words = " ".join(TOPICS[name] for name in chosen).split()
        texts.append(" ".join(generator.choice(words, size=6)))
        labels.append(["animal"] if number % 10 == 9 and "cat" in chosen else chosen)
    return texts, labels
