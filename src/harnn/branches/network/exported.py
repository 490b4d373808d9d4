"""The branch of networks as ONNX Runtime computes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from harnn._display import reason_of
from harnn._scratch import blank
from harnn.branches.branch import NETWORK_TRIALS, Evidence, Parts, StoredModel
from harnn.branches.network.graph_check import GraphFacts, check_graph
from harnn.branches.network.logits import mean_logits
from harnn.branches.network.storage import graph_path, read_shapes
from harnn.branches.onnx_session import open_session
from harnn.corpus import Corpus, View, ordered_batches, pad_tokens
from harnn.errors import BundleError, ConfigError, Problem, cannot_read
from harnn.taxonomy import Hierarchy, Taxonomy

_INPUTS = [("lengths", "tensor(int64)", 1), ("token_ids", "tensor(int64)", 2)]
_EMBEDDINGS = ("embedding", "embedding_quantized")
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
            ValueError: the graph is damaged, or is not from token ids to scores of these labels.
        """
        self.session = open_session(graph, threads)
        self.level_sizes = tuple(level_sizes)
        _check_interface(self.session, sum(self.level_sizes))
        self._hierarchy = hierarchy
        self._graph, self._threads = graph, threads

    def __reduce__(self) -> tuple[Any, ...]:
        """A session cannot be copied or sent to another process: it is opened again there."""
        return _open_again, (self._graph, self.level_sizes, self._hierarchy, self._threads)

    def score(self, corpus: Corpus, *, batch_size: int = 128) -> NDArray[np.float32]:
        """Return the scores (N, C) of all documents, in the order of the corpus."""
        scores = blank((len(corpus), sum(self.level_sizes)), np.float32)
        most = max(1, min(_TOKENS_AT_ONCE, _ATTENTION_VALUES // max(self.level_sizes)))
        for rows in ordered_batches(corpus.tokens.lengths, batch_size, max_tokens=most):
            scores[rows] = self.run(*pad_tokens(corpus.tokens, rows))
        return scores if self._hierarchy is None else self._hierarchy.propagate(scores)

    def run(self, token_ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the scores (B, C) of token ids (B, T), of which lengths (B,) are real.

        Raises:
            BundleError: the graph cannot be computed.
        """
        expected = (len(lengths), sum(self.level_sizes))
        try:
            (found,) = self.session.run(["scores"], {"token_ids": token_ids, "lengths": lengths})
        except Exception as error:  # of a family that ONNX Runtime does not export
            what = f"the exported network is damaged: {reason_of(error, 300)}."
            raise BundleError(Problem("", what)) from None
        if found.shape != expected:
            what = f"the exported network is damaged: it gives {found.shape}, expected {expected}."
            raise BundleError(Problem("", what))
        return np.asarray(found, dtype=np.float32)


def _open_again(
    graph: bytes, level_sizes: tuple[int, ...], hierarchy: Hierarchy | None, threads: int
) -> OnnxNetwork:
    return OnnxNetwork(graph, level_sizes=level_sizes, hierarchy=hierarchy, threads=threads)


def _check_interface(session: Any, label_count: int) -> None:
    """Raises:
    ValueError: a graph reads or gives other things than ours do.
    """
    found = [(x.name, x.type, len(x.shape)) for x in session.get_inputs()]
    if sorted(found) != _INPUTS:
        raise ValueError(f"it reads {found}, expected {_INPUTS}")
    given = [(x.name, x.type, x.shape[1:]) for x in session.get_outputs()]
    expected = [("scores", "tensor(float)", [label_count])]
    if given != expected:
        raise ValueError(f"it gives {given}, expected {expected}")


def _check_words(facts: GraphFacts, word_count: int) -> None:
    """Raises:
    ValueError: a graph has vectors of other words than the tokenizer.
    """
    shapes = [facts.weights[name] for name in _EMBEDDINGS if name in facts.weights]
    if len(shapes) != 1 or shapes[0][:1] != (word_count,):
        raise ValueError(f"it has word vectors of shape {shapes}, expected {word_count:,} of them")


@dataclass(frozen=True, eq=False)
class ExportedNetworkBranch:
    """Networks that were exported; their logits are averaged."""

    networks: tuple[OnnxNetwork, ...]

    @property
    def name(self) -> str:
        return "network"

    @property
    def exported(self) -> bool:
        """Always."""
        return True

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
        """Return no attention, which the graphs do not tell."""
        return Evidence(max(1, NETWORK_TRIALS // len(self.networks)))

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
        for number, shape in read_shapes(stored, taxonomy):
            path = graph_path(stored, number)
            hierarchy = taxonomy.hierarchy if shape.get("max_constraint") else None
            try:
                graph = path.read_bytes()
                _check_words(check_graph(graph), shape["vocabulary_size"])
                network = OnnxNetwork(graph, level_sizes=shape["level_sizes"], hierarchy=hierarchy)
            except OSError as error:
                raise BundleError(cannot_read(path, error)) from None
            except ValueError as error:
                raise BundleError(Problem(str(path), f"is damaged: {error}.")) from None
            networks.append(network)
        return cls(tuple(networks)) if networks else None
