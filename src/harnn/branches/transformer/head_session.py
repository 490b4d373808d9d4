"""A hierarchical head as ONNX Runtime computes it; no torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn._display import reason_of
from harnn.branches.network.graph_check import check_graph
from harnn.branches.onnx_session import open_session
from harnn.errors import BundleError, Problem


class HeadSession:
    """A graph of ``head_graph``: states (B, T, D), zero at padding, to scores (B, C)."""

    def __init__(self, graph: bytes, size: int, label_count: int) -> None:
        """size: D; label_count: C.

        Raises:
            MissingExtraError: ONNX Runtime is not installed.
            ValueError: the graph is damaged, or does something else.
        """
        check_graph(graph)
        self._session = open_session(graph)
        self.graph, self.size, self.label_count = graph, size, label_count
        reads = {x.name: (x.type, x.shape[1:]) for x in self._session.get_inputs()}
        expected = {"lengths": ("tensor(int64)", []), "states": ("tensor(float)", ["tokens", size])}
        if reads != expected:
            raise ValueError(f"it reads {reads}, expected {expected}")
        gives = [(x.name, x.type, x.shape[1:]) for x in self._session.get_outputs()]
        if gives != [("scores", "tensor(float)", [label_count])]:
            raise ValueError(f"it gives {gives}, expected scores of {label_count:,} labels")

    def run(self, states: NDArray[np.float32], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the scores (B, C) of states (B, T, D), of which lengths (B,) are real.

        Raises:
            BundleError: the graph cannot be computed.
        """
        try:
            (found,) = self._session.run(["scores"], {"states": states, "lengths": lengths})
        except Exception as error:  # of a family that ONNX Runtime does not export
            what = f"the exported head is damaged: {reason_of(error, 300)}."
            raise BundleError(Problem("", what)) from None
        return np.asarray(found, dtype=np.float32)

    def __reduce__(self) -> tuple[Any, ...]:
        """A session cannot be copied or sent to another process: it is opened again there."""
        return HeadSession, (self.graph, self.size, self.label_count)
