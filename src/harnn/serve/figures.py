"""Metrics of what arrives: words, labels, scores, and how far all is from what a model learned of.

Names follow Prometheus: totals of what is counted for ever, so that rates and shares of any time
are questions to Prometheus, and gauges of a window of the last documents, which is each process's
own. Source: https://prometheus.io/docs/practices/naming and OpenTelemetry's rules for metric names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from harnn.watching import Figures, WindowFigures

_SCORES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_GAUGES = {
    "harnn_window_documents": "Documents in the window.",
    "harnn_unknown_word_share": "Share of the words that the model does not know, in the window.",
    "harnn_unlabelled_share": "Share of the documents without a label, in the window.",
    "harnn_doubtful_share": "Share of the documents without a score of 0.5 or more, in the window.",
}


class FigureMetrics:
    """The metrics of all models of a process; labels and texts are in none of them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._words = Counter(
            "harnn_words", "Words of documents answered.", ["model"], registry=registry
        )
        self._unknown = Counter(
            "harnn_unknown_words",
            "Words of documents answered that the model does not know.",
            ["model"],
            registry=registry,
        )
        self._given = Counter(
            "harnn_labels_given",
            "Labels given to documents as the model chooses them, by level.",
            ["model", "level"],
            registry=registry,
        )
        self._unlabelled = Counter(
            "harnn_unlabelled_documents",
            "Documents that the model gave no label.",
            ["model"],
            registry=registry,
        )
        self._doubtful = Counter(
            "harnn_doubtful_documents",
            "Documents without a score of 0.5 or more.",
            ["model"],
            registry=registry,
        )
        self._writings = Counter(
            "harnn_documents_by_writing",
            "Documents answered, by language or script.",
            ["model", "writing"],
            registry=registry,
        )
        self._scores = Histogram(
            "harnn_best_score",
            "Highest score of each level, one for each document; 0 to 1.",
            ["model", "level"],
            buckets=_SCORES,
            registry=registry,
        )
        self._gauges = {
            name: Gauge(name, text, ["model"], registry=registry, multiprocess_mode="liveall")
            for name, text in _GAUGES.items()
        }
        self._told: set[tuple[str, str, str]] = set()
        """What the next one has been told of."""
        self._drift = Gauge(
            "harnn_drift_distance",
            "How far a figure of the window is from the model's validation documents.",
            ["model", "figure", "level"],
            registry=registry,
            multiprocess_mode="liveall",
        )

    def counted(self, model: str, figures: Figures, level_slices: Sequence[slice]) -> None:
        """Documents were counted; level_slices: the columns of each level."""
        self._words.labels(model).inc(figures.words.bottoms)
        self._unknown.labels(model).inc(figures.words.tops)
        self._unlabelled.labels(model).inc(figures.unlabelled)
        self._doubtful.labels(model).inc(figures.doubtful)
        for writing, documents in figures.writings.items():
            self._writings.labels(model, writing).inc(documents)
        for level, columns in enumerate(level_slices, start=1):
            self._given.labels(model, str(level)).inc(int(figures.given[columns].sum()))
            scores, bins = self._scores.labels(model, str(level)), figures.scores[level - 1]
            for place in np.flatnonzero(bins).tolist():
                for _ in range(int(bins[place])):
                    scores.observe((place + 0.5) / len(bins))

    def window(self, model: str, found: WindowFigures) -> None:
        """A window has changed."""
        values = (found.documents, found.unknown_words, found.unlabelled, found.doubtful)
        for gauge, value in zip(self._gauges.values(), values, strict=True):
            gauge.labels(model).set(math.nan if value is None else value)
        for (figure, level), distance in found.distances.items():
            names = (model, figure, "" if level is None else str(level))
            self._told.add(names)
            self._drift.labels(*names).set(distance)

    def begin(self, model: str) -> None:
        """A model answers under a name now: nothing is known of its window yet."""
        for gauge in self._gauges.values():
            gauge.labels(model).set(math.nan)
        self._gauges["harnn_window_documents"].labels(model).set(0)
        for names in self._told:
            if names[0] == model:
                self._drift.labels(*names).set(math.nan)
