"""The branch of networks as ONNX Runtime computes it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from harnn._optional import require
from harnn.branches.branch import Evidence, Parts, StoredModel
from harnn.branches.network.logits import mean_logits
from harnn.branches.network.storage import damaged_shape, graph_path, read_shapes
from harnn.corpus import Corpus, View, ordered_batches, pad_tokens
from harnn.errors import BundleError, ConfigError, Problem
from harnn.taxonomy import Hierarchy, Taxonomy

_TOKENS_AT_ONCE = 16_384
_ATTENTION_VALUES = 16 << 20
"""Documents x tokens x labels of a level in memory at once: 64 MB an array."""


class OnnxNetwork:
    """A network as an ONNX graph from token ids (B, T) and lengths (B,) to scores (B, C)."""

    def __init__(
        self,
        graph: bytes,
        *,
        level_sizes: Sequence[int],
        hierarchy: Hierarchy | None = None,
        threads: int = 0,
    ) -> None:
        """hierarchy: where scores respect it by construction. threads: 0: as many as
        ``OMP_NUM_THREADS`` says, else as there are cores.

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
        self._hierarchy = hierarchy

    def score(self, corpus: Corpus, *, batch_size: int = 128) -> NDArray[np.float32]:
        """Return the scores (N, C) of all documents, in the order of the corpus."""
        scores = np.empty((len(corpus), sum(self.level_sizes)), dtype=np.float32)
        most = max(1, min(_TOKENS_AT_ONCE, _ATTENTION_VALUES // max(self.level_sizes)))
        for rows in ordered_batches(corpus.tokens.lengths, batch_size, max_tokens=most):
            scores[rows] = self.run(*pad_tokens(corpus.tokens, rows))
        return scores if self._hierarchy is None else self._hierarchy.propagate(scores)

    def run(self, token_ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the scores (B, C) of token ids (B, T), of which lengths (B,) are real."""
        found = self.session.run(["scores"], {"token_ids": token_ids, "lengths": lengths})
        return np.asarray(found[0], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class ExportedNetworkBranch:
    """Networks that were exported; their logits are averaged."""

    networks: tuple[OnnxNetwork, ...]

    @property
    def name(self) -> str:
        return "network"

    @property
    def reads(self) -> Mapping[str, View | None]:
        return {"tokens": None}

    def scores(self, corpus: Corpus) -> NDArray[np.float32]:
        """Return the own scores (N, C), 0 to 1, of the only network.

        Raises:
            ValueError: there are several.
        """
        (network,) = self.networks
        return network.score(corpus)

    def logits(self, corpus: Corpus) -> NDArray[np.float32]:
        """Return the mean of the networks' logits (N, C)."""
        return mean_logits(OnnxNetwork.score, self.networks, corpus)

    def explain(self, corpus: Corpus, row: int) -> Evidence:  # noqa: ARG002
        """Say that the graphs do not tell."""
        return Evidence(None, "exported networks do not tell where they looked")

    def with_beam(self, width: int, taxonomy: Taxonomy) -> Self:  # noqa: ARG002
        what = "networks that were exported score all labels at once and take no beam."
        raise ConfigError(what)

    def with_bfloat16(self) -> Self:
        what = "networks that were exported have the precision of their export"
        raise ConfigError(f"{what}; harnn export --int8 makes faster ones.")

    def to_parts(self, *, light: bool = False, int8: bool = False) -> Parts:  # noqa: ARG002
        """Raises:
        BundleError: always; only the model that they come from can be stored.
        """
        what = "exported networks are not exported again."
        raise BundleError(Problem("", what, "Export the model that they come from."))

    @classmethod
    def from_parts(cls, stored: StoredModel, taxonomy: Taxonomy) -> Self | None:
        networks = []
        for number, shape in read_shapes(stored):
            path = graph_path(stored, number)
            try:
                sizes, constrained = tuple(shape["level_sizes"]), bool(shape.get("max_constraint"))
                label_count = sum(sizes)
            except (TypeError, KeyError, AttributeError) as error:
                raise damaged_shape(stored, error) from None
            stored.check_label_count(stored.settings_path, "network", label_count, taxonomy)
            hierarchy = taxonomy.hierarchy if constrained else None
            try:
                graph = path.read_bytes()
                networks.append(OnnxNetwork(graph, level_sizes=sizes, hierarchy=hierarchy))
            except OSError as error:
                raise BundleError(Problem(str(path), f"cannot be read: {error}.")) from None
            except ValueError as error:
                raise BundleError(Problem(str(path), f"is damaged: {error}.")) from None
        return cls(tuple(networks)) if networks else None
