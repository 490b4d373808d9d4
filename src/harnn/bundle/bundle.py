"""A trained model with all that is needed to use it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from harnn._display import counted
from harnn._notebook import html_table
from harnn.branches import Branch, ByName, Ensemble
from harnn.bundle.history import History
from harnn.bundle.provenance import Provenance
from harnn.config import Config
from harnn.corpus import TokensView, View
from harnn.decode import Decoder
from harnn.metrics import LabelQuality, Report
from harnn.taxonomy import Taxonomy
from harnn.text import Tokenizer
from harnn.watching import Figures

if TYPE_CHECKING:
    from harnn.evaluation import Changes


MIGRATED = "migrated"
"""Among the contents of a model that was taken to another edition: the hash of what it was."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Bundle:
    """What a model directory holds, and what :func:`harnn.fit` returns."""

    ensemble: Ensemble
    taxonomy: Taxonomy
    tokenizer: Tokenizer
    config: Config
    decoder: Decoder
    report: Report
    """On the validation documents, at the tuned threshold."""
    label_counts: NDArray[np.int64]
    """(C,) training documents of each label, closed upward."""
    quality: LabelQuality | None = None
    """Of single labels on the validation documents, at the tuned threshold; older models have
    none."""
    reference: Figures | None = None
    """Of the validation documents, for :func:`harnn.measure_drift`; older models have none."""
    documents: Mapping[str, int] = field(default_factory=dict)
    """Counts of documents read, skipped and truncated, by split; older models have none."""
    contents: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of what the documents say, texts and labels, by split; with a network of what
    ``unlabelled`` ones say and of the file of word ``vectors``, and of the weights of the encoder
    that was fine-tuned (``transformer``); the hash of the model that training went on from
    (``init``), of the corrections (``corrections``), and of the table of ``fixes``. Older models
    lack some or all."""
    history: History = field(default_factory=History)
    """Of the first network; empty without one."""
    provenance: Provenance | None = None
    """Who made it, when and how; older models have none."""
    summaries: tuple[str, ...] = ()
    """What each branch is, in a line; known after training only."""
    changes: Changes | None = None
    """How it differs from the model that its training went on from; known after training only."""

    def views(self) -> dict[str, View]:
        """Return by name all ways to read texts that the model needs."""
        views: Mapping[str, View | None] = self.ensemble.reads
        made = {name: view for name, view in views.items() if view is not None}
        if "ngrams" in views and "tokens" not in views:  # n-grams tell which words are known
            return made
        return {"tokens": TokensView(self.tokenizer)} | made

    def __repr__(self) -> str:
        names, report = self.ensemble.describe(), self.report
        return (
            f"{type(self).__name__}({names} for {counted(len(self.taxonomy), 'label')}; on "
            f"{counted(report.documents, 'validation document')} micro-F1 {report.micro_f1:.4f}, "
            f"macro-F1 {report.macro_f1:.4f})"
        )

    def _repr_html_(self) -> str:
        """Return a table of what the model is, for notebooks."""
        report = self.report
        rows = [
            ("branches", ", ".join(branch.name for branch in self.ensemble.branches)),
            *(("left out", each.describe()) for each in self.ensemble.left_out),
            ("training documents", f"{self.documents.get('train', 0):,}"),
            ("labels are chosen as", self.decoder.describe()),
            ("validation micro-F1", f"{report.micro_f1:.4f}"),
            ("validation macro-F1", f"{report.macro_f1:.4f}"),
            ("validation AUPRC", f"{report.auprc:.4f}"),
        ]
        record, labels = self.provenance, counted(len(self.taxonomy), "label")
        named = " ".join(
            filter(None, ("Model", *((record.name, record.version) if record else ())))
        )
        levels = counted(self.taxonomy.depth, "level")
        return html_table(f"{named} for {labels} on {levels}", ("", ""), rows)


def parts_of(ensemble: Ensemble) -> list[Branch | ByName]:
    """Return what a model consists of beside its blend."""
    by_name = [] if ensemble.by_name is None else [ensemble.by_name]
    return [*ensemble.branches, *by_name]
