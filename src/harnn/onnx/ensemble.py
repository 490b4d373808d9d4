"""The branches of a model as NumPy and ONNX Runtime compute them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn._optional import require
from harnn.branches import Branches
from harnn.corpus import EncodedCorpus, ordered_batches, pad_tokens
from harnn.decode import propagate_upward

_TOKENS_AT_ONCE = 16_384
_ATTENTION_VALUES = 16 << 20
"""Documents x tokens x labels of a level in memory at once: 64 MB an array."""
_ROWS_AT_ONCE = 4_096


class OnnxNetwork:
    """A network as an ONNX graph from token ids (B, T) and lengths (B,) to scores (B, C)."""

    def __init__(
        self,
        graph: bytes,
        *,
        level_sizes: Sequence[int],
        edges: NDArray[Any] | None = None,
        threads: int = 0,
    ) -> None:
        """edges: (n, 2) child column, parent column, where scores respect the hierarchy by
        construction. threads: 0: as many as ``OMP_NUM_THREADS`` says, else as there are cores.

        Raises:
            MissingExtraError: ONNX Runtime is not installed.
            ValueError: the graph is damaged.
        """
        runtime = require("onnxruntime", extra="onnx", purpose="A model exported to ONNX")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = threads or int(os.environ.get("OMP_NUM_THREADS") or 0)
        options.log_severity_level = 3
        try:
            self.session = runtime.InferenceSession(
                graph, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # of a family that ONNX Runtime does not export
            raise ValueError(" ".join(str(error).split())[:300]) from None
        self.level_sizes = tuple(level_sizes)
        self._edges = edges

    def score(self, corpus: EncodedCorpus, *, batch_size: int = 128) -> NDArray[np.float32]:
        """Return the scores (N, C) of all documents, in the order of the corpus."""
        values = np.empty((len(corpus), sum(self.level_sizes)), dtype=np.float32)
        most = max(1, min(_TOKENS_AT_ONCE, _ATTENTION_VALUES // max(self.level_sizes)))
        for rows in ordered_batches(corpus.lengths, batch_size, max_tokens=most):
            values[rows] = self.run(*pad_tokens(corpus, rows))
        if self._edges is not None:
            levels = np.repeat(np.arange(len(self.level_sizes)) + 1, self.level_sizes)
            values = propagate_upward(values, self._edges, levels)
        return values

    def run(self, token_ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the scores (B, C) of token ids (B, T), of which lengths (B,) are real."""
        found = self.session.run(["scores"], {"token_ids": token_ids, "lengths": lengths})
        return np.asarray(found[0], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class PlainSentence:
    """:class:`harnn.model.SentenceNetwork` with NumPy."""

    hidden_weight: NDArray[np.float32]
    """(H, D)"""
    hidden_bias: NDArray[np.float32]
    predict_weight: NDArray[np.float32]
    """(C, H)"""
    predict_bias: NDArray[np.float32]

    def __post_init__(self) -> None:
        """Raises:
        ValueError: the parts do not fit together.
        """
        (hidden, size), (labels, read) = self.hidden_weight.shape, self.predict_weight.shape
        expected = ((hidden,), (labels,))
        found = (self.hidden_bias.shape, self.predict_bias.shape)
        if found != expected or read != hidden or not size:
            raise ValueError(f"Expected biases of shape {expected}, got {found}.")

    @property
    def labels(self) -> int:
        return len(self.predict_bias)

    def logits(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the logits (N, C) of vectors (N, D) of length 1."""
        values = np.empty((len(vectors), self.labels), dtype=np.float32)
        for start in range(0, len(vectors), _ROWS_AT_ONCE):
            part = vectors[start : start + _ROWS_AT_ONCE] * np.float32(vectors.shape[1] ** 0.5)
            hidden = np.maximum(part @ self.hidden_weight.T + self.hidden_bias, 0)
            values[start : start + _ROWS_AT_ONCE] = (
                hidden @ self.predict_weight.T + self.predict_bias
            )
        return values


@dataclass(frozen=True, kw_only=True, eq=False)
class OnnxEnsemble(Branches):
    """The linear branch, the networks, the network on whole texts, and their blend."""

    networks: tuple[OnnxNetwork, ...]
    sentence: PlainSentence | None = None

    def network_scores(self, number: int, corpus: EncodedCorpus) -> NDArray[np.float32]:
        return self.networks[number].score(corpus)

    def sentence_logits(self, corpus: EncodedCorpus) -> NDArray[np.float32]:
        assert self.sentence is not None
        return self.sentence.logits(corpus.sentences)

    def attention(self, corpus: EncodedCorpus, row: int) -> None:  # noqa: ARG002
        """None: the graphs do not tell where the networks looked."""
        return
