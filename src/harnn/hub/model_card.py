"""The card of a model as a hub shows it: what programs read of it goes before the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from harnn._optional import require
from harnn.bundle import ModelInfo
from harnn.hub.client import EXTRA

_FRONT = re.compile(r"\A---\r?\n.*?^---\r?\n(?:\r?\n)?", re.DOTALL | re.MULTILINE)
_TAGS = ("harnn", "text-classification", "multi-label-classification", "hierarchical", "taxonomy")
_SCORES = {
    "micro_f1": ("f1", "micro-F1"),
    "macro_f1": ("f1", "macro-F1"),
    "hierarchical_f1": ("f1", "hierarchical F1"),
    "auprc": ("average_precision", "AUPRC"),
}
"""Numbers of a report, with their kind and name on the hub."""


def with_front_matter(
    card: str, info: ModelInfo, name: str, *, licence: str, languages: Sequence[str]
) -> str:
    """Return a card with YAML before it, in place of what it had there.

    name: of the model; licence: as the hub writes it, empty where nobody says; languages: codes.

    Raises:
        MissingExtraError: the extra ``hub`` is not installed.
    """
    cards: Any = require("huggingface_hub.repocard_data", extra=EXTRA, purpose="A model card")
    results = [
        cards.EvalResult(
            task_type="text-classification",
            dataset_type="validation",
            dataset_name=f"{info.report.documents:,} validation documents, tuned on",
            metric_type=kind,
            metric_name=title,
            metric_value=round(float(getattr(info.report, score)), 4),
        )
        for score, (kind, title) in _SCORES.items()
    ]
    data = cards.ModelCardData(
        language=list(languages) or None,
        license=licence or None,
        library_name="harnn",
        tags=list(_TAGS),
        pipeline_tag="text-classification",
        metrics=["f1"],
        model_name=name,
        eval_results=results,
    )
    return f"---\n{data.to_yaml()}\n---\n\n{_FRONT.sub('', card, count=1)}"
