"""A small taxonomy, and documents that are prepared for review without a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harnn.data import Document
from harnn.review import ModelState, Prepared, PreparedLabel, Review, RunnerUp, ShownWord
from harnn.taxonomy import Taxonomy

TAXONOMY = Taxonomy.from_edges(
    [
        ("garden", "ROOT"),
        ("fruit", "garden"),
        ("apples", "fruit"),
        ("pears", "fruit"),
        ("tools", "garden"),
        ("espaliers", "tools"),
        ("espaliers", "fruit"),
        ("drinks", "ROOT"),
        ("cider", "drinks"),
        ("perry", "drinks"),
    ],
    {"cider": "Cider making", "fruit": "Fruit growing"},
)
MODEL = ModelState("sample", "a" * 64, TAXONOMY.version)
SHOWN = {"garden": 0.98, "fruit": 0.9, "apples": 0.6, "drinks": 0.8, "cider": 0.58}


def prepared(
    name: str = "1",
    text: str = "The apple orchard and its cider.",
    shown: Mapping[str, float] = SHOWN,
    *,
    doubt: float = 1.0,
    model: ModelState = MODEL,
) -> Prepared:
    """Return a document with its answer; words: ``apple`` for apples, ``cider`` for cider."""
    labels = []
    for label, score in shown.items():
        word = {"apples": "apple", "cider": "cider"}.get(label, "")
        start = text.find(word) if word else -1
        words = (ShownWord("text", start, start + len(word), word, 1.5),) if start >= 0 else ()
        near = (RunnerUp("perry", "perry", 0.34, 0.5),) if label == "cider" else ()
        labels.append(PreparedLabel(label, score, 0.5, words, near, "" if words else "apples"))
    return Prepared(
        document=Document(name, {"text": text}),
        model=model,
        title=f"Title {name}",
        shown=dict(shown),
        labels=tuple(labels),
        notes=(),
        doubt=doubt,
        value=doubt,
        hint="Cider making 58%",
    )


def opened(place: str | Path, **options: object) -> Review:
    """Return the review of a database."""
    return Review.open(place, taxonomy=TAXONOMY, model=MODEL.name)
