"""A small taxonomy and the words that tell its leaves; documents of them, trained in a moment."""

from __future__ import annotations

import numpy as np

from harnn.config import Config
from harnn.data import Document
from harnn.taxonomy import Taxonomy

TOPICS = {
    "cat": "purring whiskers kitten meow",
    "dog": "barking leash puppy fetch",
    "oak": "acorn bark timber forest",
    "rose": "petal thorn garden scent",
}
WORDS = ("the", "a", "of", "and")
"""Words that tell nothing."""
TAXONOMY = Taxonomy.from_edges(
    [
        ("animal", "ROOT"),
        ("plant", "ROOT"),
        ("cat", "animal"),
        ("dog", "animal"),
        ("oak", "plant"),
        ("rose", "plant"),
    ]
)
FAST = Config.from_dict({"model": {"preset": "fast"}, "text": {"min_count": 1}})


def documents(count: int) -> list[Document]:
    """Return so many documents of each leaf."""
    return [
        Document(f"{label}{n}", {"text": f"{words} {n}"}, (label,))
        for n in range(count)
        for label, words in TOPICS.items()
    ]


def mixed_documents(count: int, seed: int) -> list[Document]:
    """Return documents of a leaf each, of 3 to 19 words, some of which tell it."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        label = str(random.choice(list(TOPICS)))
        words = random.choice([*TOPICS[label].split(), *WORDS], size=int(random.integers(3, 20)))
        made.append(Document(f"d{number}", {"text": " ".join(words)}, (label,), f"m:{number}"))
    return made


def flat() -> Taxonomy:
    """Return the leaves without what is above them."""
    return Taxonomy.from_edges([(label, "ROOT") for label in TOPICS])
