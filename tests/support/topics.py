"""A small taxonomy and the words that tell its leaves."""

from __future__ import annotations

from harnn.taxonomy import Taxonomy

TOPICS = {
    "cat": "purring whiskers kitten meow",
    "dog": "barking leash puppy fetch",
    "oak": "acorn bark timber forest",
    "rose": "petal thorn garden scent",
}
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
