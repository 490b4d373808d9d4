"""A graph of ``bert_graph`` as ONNX Runtime computes it; no torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn._display import reason_of
from harnn.branches.network.graph_check import check_graph
from harnn.branches.onnx_session import open_session
from harnn.errors import BundleError, Problem

_WORDS = ("words", "words_quantized")


class BertSession:
    """An encoder of the BERT family: token ids (B, T), all real, to vectors (B, D) or (B, T, D)."""

    def __init__(self, graph: bytes, size: int, *, states: bool = False) -> None:
        """size: D; states: whether there is a vector for each token.

        Raises:
            MissingExtraError: ONNX Runtime is not installed.
            ValueError: the graph is damaged, or does something else.
        """
        self.graph, self.size, self.states = graph, size, states
        self.words = _words(check_graph(graph).weights)
        """Tokens that it knows."""
        self._session = open_session(graph)
        given = [(x.name, x.type, x.shape[1:]) for x in self._session.get_outputs()]
        if given != [("vectors", "tensor(float)", ["tokens", size] if states else [size])]:
            raise ValueError(f"it gives {given}, expected vectors of size {size}")
        found = [(x.name, x.type, len(x.shape)) for x in self._session.get_inputs()]
        if found != [("token_ids", "tensor(int64)", 2)]:
            raise ValueError(f"it reads {found}, expected token_ids")

    def run(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the vectors of token ids (B, T).

        Raises:
            BundleError: the graph cannot be computed.
        """
        try:
            (found,) = self._session.run(["vectors"], {"token_ids": ids})
        except Exception as error:  # of a family that ONNX Runtime does not export
            what = f"the exported encoder is damaged: {reason_of(error, 300)}."
            raise BundleError(Problem("", what)) from None
        return np.asarray(found, dtype=np.float32)

    def __reduce__(self) -> tuple[Any, ...]:
        """A session cannot be copied or sent to another process: it is opened again there."""
        return _open_again, (self.graph, self.size, self.states)


def _open_again(graph: bytes, size: int, states: bool) -> BertSession:
    return BertSession(graph, size, states=states)


def _words(weights: dict[str, tuple[int, ...]]) -> int:
    """Return how many tokens a graph knows.

    Raises:
        ValueError: it does not say.
    """
    shapes = [weights[name] for name in _WORDS if name in weights]
    if len(shapes) != 1 or len(shapes[0]) != 2:
        raise ValueError("it has no vectors of tokens")
    return shapes[0][0]
