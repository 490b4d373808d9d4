"""What is counted, under the names that OpenTelemetry advises where it has any.

Source: OpenTelemetry semantic conventions for HTTP metrics (``http.server.request.duration``, its
buckets, attributes without raw paths), and for Prometheus names.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)

from harnn.serve.figures import FigureMetrics
from harnn.watching import Figures

if TYPE_CHECKING:
    from harnn.serve.models import ServedModel

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024)
_SECONDS_BETWEEN_LOOKS = 5.0
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
"""Names the directory in which several processes count together."""


def forget_process(pid: int | None) -> None:
    """Count no more what waited in a process that died."""
    multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]


class Metrics:
    """Counters of one process, or, where :data:`MULTIPROCESS` is set, of all of a server."""

    def __init__(self) -> None:
        self._shared = MULTIPROCESS in os.environ
        registry = self._registry = CollectorRegistry()
        self._duration = Histogram(
            "http_server_request_duration_seconds",
            "Duration of HTTP server requests.",
            ["http_request_method", "http_route", "http_response_status_code"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._documents = Counter(
            "harnn_documents", "Documents answered.", ["model"], registry=registry
        )
        self._batches = Histogram(
            "harnn_batch_size", "Documents answered together.", buckets=_BATCHES, registry=registry
        )
        self._depth = Gauge(
            "harnn_queue_depth",
            "Documents that wait to be answered.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._rejected = Counter(
            "harnn_rejected",
            "Requests refused before they were answered, by reason.",
            ["reason"],
            registry=registry,
        )
        self._figures = FigureMetrics(registry)
        self._next_look = 0.0
        self._model = Gauge(
            "harnn_model_info",
            "1 for each model that answers, 0 for those that did before.",
            ["model", "hash"],
            registry=registry,
            multiprocess_mode="livemax",
        )

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; route: the pattern of its path."""
        self._duration.labels(method, route, str(status)).observe(seconds)

    def waiting(self, documents: int) -> None:
        """Documents wait now."""
        self._depth.set(documents)

    def answered(self, model: str, documents: int) -> None:
        """Documents were answered together."""
        self._documents.labels(model).inc(documents)
        self._batches.observe(documents)

    def rejected(self, reason: str) -> None:
        """A request was refused for what the server can take."""
        self._rejected.labels(reason).inc()

    def serves(self, model: ServedModel, before: ServedModel | None = None) -> None:
        """A model answers now, in the place of another."""
        if before is not None:
            self._model.labels(before.name, before.hash).set(0)
        self._model.labels(model.name, model.hash).set(1)
        self._figures.begin(model.name)

    def counted(self, model: ServedModel, figures: Figures | None, *, asked: bool = False) -> None:
        """Documents of a model were counted; None: none were.

        asked: whether somebody wants to know of the window now; else it is looked at every few
        seconds, for the other processes of a server.
        """
        if figures is not None:
            parts = model.predictor.taxonomy.hierarchy.level_slices
            self._figures.counted(model.name, figures, parts)
        if not asked and time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS
        window = model.window.figures()
        if window is not None:
            self._figures.window(model.name, window)

    def text(self) -> bytes:
        """Return all of it in the text format of Prometheus."""
        if not self._shared:
            return generate_latest(self._registry)
        gathered = CollectorRegistry()
        multiprocess.MultiProcessCollector(gathered)  # type: ignore[no-untyped-call]
        return generate_latest(gathered)
