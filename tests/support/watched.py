"""Made-up documents of a small taxonomy, as a model might have read and answered them."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array

from harnn.taxonomy import Taxonomy
from harnn.watching import Block, Figures, TextSigns, count_block

TOPS = ("A", "B", "C")
EDGES = [(top, "ROOT") for top in TOPS] + [(f"{top}{n}", top) for top in TOPS for n in range(4)]
TAXONOMY = Taxonomy.from_edges(EDGES)
COUNTS = np.array([60, 40, 20, *([15] * 12)])
CHOOSING = '{"strategy": "threshold"}'


def made_block(
    documents: int,
    seed: int,
    *,
    unknown: float = 0.05,
    shares: tuple[float, float, float] = (0.5, 0.3, 0.2),
    writing: str = "English",
    empty: float = 0.02,
    moved: float = 0.0,
    sure: float = 0.8,
    choosing: str = CHOOSING,
    right: float | None = None,
    field: str = "text",
) -> Block:
    """Return documents with one label a level; right: how often it is the true one."""
    rng = np.random.default_rng(seed)
    top = rng.choice(3, documents, p=np.array(shares) / sum(shares))
    leaf = 3 + 4 * top + rng.integers(0, 4, documents)
    scores = rng.uniform(0, 0.3, (documents, len(TAXONOMY))).astype(np.float32)
    rows = np.arange(documents)
    for columns in (top, leaf):
        scores[rows, columns] = rng.normal(sure, 0.05, documents).clip(0.31, 1)
    words = rng.poisson(40, documents) + 1
    known = words - rng.binomial(words, unknown)
    chosen = csr_array(scores >= 0.5)
    targets = None
    if right is not None:
        wrong = np.where(rng.random(documents) < right, 0, 1)
        true = np.zeros(scores.shape, dtype=bool)
        true[rows, (top + wrong) % 3] = True
        targets = csr_array(true)
    signs = [
        TextSigns(writing, frozenset() if gone else frozenset({field}))
        for gone in rng.random(documents) < empty
    ]
    vectors = rng.normal(size=(documents, 16)) + moved
    return Block(
        signs,
        frozenset({field}),
        np.stack([words, known], axis=1),
        scores,
        choosing,
        chosen,
        "made",
        vectors.astype(np.float32),
        targets,
    )


def made_figures(documents: int, seed: int, **changes: object) -> Figures:
    """Return the figures of :func:`made_block`."""
    return count_block(made_block(documents, seed, **changes), TAXONOMY.hierarchy)  # type: ignore[arg-type]
