"""The branch of a fine-tuned transformer encoder, as PyTorch computes it."""

from __future__ import annotations

import bisect
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from harnn.branches.branch import SLOW_TRIALS, Evidence, Parts, StoredModel
from harnn.branches.network.logits import mean_logits
from harnn.branches.network.scoring import gather_attention, score_corpus
from harnn.branches.torch_parts import fill_module, pack_module
from harnn.branches.transformer.hugging_face import build_encoder, encoder_shapes
from harnn.branches.transformer.pieces import VIEW, PiecesView, PieceTokenizer
from harnn.branches.transformer.storage import (
    CONFIG_FILE,
    GRAPH_FILE,
    HEAD_FILE,
    PLACE,
    TOKENIZER_FILE,
    check_arrays,
    read_stored,
)
from harnn.corpus import Corpus, PlacedText, View
from harnn.errors import ConfigError, Problem
from harnn.network import (
    Bert,
    BertShape,
    HierarchicalHead,
    TransformerNetwork,
    TransformerShape,
)
from harnn.taxonomy import Taxonomy


@dataclass(frozen=True, eq=False)
class TransformerBranch:
    """A pretrained encoder, trained on with a head for the labels."""

    network: TransformerNetwork
    tokenizer: PieceTokenizer
    tokenizer_json: str
    """As it is stored."""
    encoder_config: Mapping[str, Any]
    """``config.json`` of the encoder."""
    origin: Mapping[str, str]
    """``name``, ``sha256`` and ``licence`` of the encoder before it was trained on."""
    bfloat16: bool = False
    """Whether it is computed in bfloat16."""

    @property
    def name(self) -> str:
        return "transformer"

    @property
    def made_from(self) -> str:
        """SHA-256 of the encoder's weights before it was trained on."""
        return self.origin["sha256"]

    @property
    def networks(self) -> tuple[TransformerNetwork, ...]:
        """What can be moved to another device."""
        return (self.network,)

    @property
    def waits(self) -> bool:
        """Always: nothing takes longer."""
        return True

    @property
    def reads(self) -> Mapping[str, View | None]:
        return {VIEW: PiecesView(self.tokenizer, self.network.shape.pieces)}

    def logits(self, corpus: Corpus) -> NDArray[np.float32]:
        """Return the logits (N, C)."""
        return mean_logits(self._score, self.networks, as_tokens(corpus))

    def explain(self, corpus: Corpus, row: int) -> Evidence:
        """Return where the labels of a hierarchical head looked; a mean looks at nothing."""
        if self.network.shape.head == "mean":
            return Evidence(SLOW_TRIALS)
        placed: PlacedText = corpus.views["placed_texts"][row]
        pieces = gather_attention(self.network, as_tokens(corpus), row)
        return Evidence(SLOW_TRIALS, on_words(pieces, self.tokenizer.spans(placed.text), placed))

    def with_bfloat16(self) -> Self:
        """Compute in bfloat16."""
        return replace(self, bfloat16=True)

    def to_parts(self, *, light: bool = False, int8: bool = False) -> Parts:
        """Return arrays ``transformer.*``, in float16 where that is exact, and two files.

        A light form has the encoder as a graph, and the head as arrays or, if it is hierarchical,
        as a graph too.

        Raises:
            ConfigError: a light form is wanted of an encoder that is not of the BERT family.
        """
        files = {
            CONFIG_FILE: json.dumps(self.encoder_config, indent=1, sort_keys=True).encode(),
            TOKENIZER_FILE: self.tokenizer_json.encode(),
        }
        if light:
            from harnn.branches.onnx_graph import quantize

            graphs = self._graphs()
            arrays = pack_module(PLACE, self.network.head) if HEAD_FILE not in graphs else {}
            files |= {name: quantize(x) if int8 else x for name, x in graphs.items()}
        else:
            packed = pack_module(PLACE, self.network)
            arrays = {name: _halved(array) for name, array in packed.items()}
        shape = self.network.shape.to_dict() | {"encoder": dict(self.origin)}
        return Parts(arrays=arrays, settings={PLACE: shape}, files=files)

    def _graphs(self) -> dict[str, bytes]:
        """Return ONNX graphs by file: the encoder to the mean of its states, or to all of them for
        a head that is a second one.

        Raises:
            ConfigError: it is not of the BERT family.
        """
        from harnn.branches.bert_graph import bert_graph
        from harnn.branches.network.graph import head_graph

        inner: Any = self.network.encoder  # which knows the defaults of what is not said
        try:
            shape = BertShape.from_config({**inner.config.to_dict(), **self.encoder_config})
            encoder = Bert.from_weights(shape, inner.state_dict())
        except ValueError as error:
            what = f"this fine-tuned encoder cannot be exported: {error}."
            raise ConfigError(Problem("", what)) from None
        head = self.network.head
        if isinstance(head, HierarchicalHead):
            return {GRAPH_FILE: bert_graph(encoder, None), HEAD_FILE: head_graph(head)}
        return {GRAPH_FILE: bert_graph(encoder, "mean")}

    @classmethod
    def from_parts(cls, stored: StoredModel, taxonomy: Taxonomy) -> Self | None:
        """Undo :meth:`to_parts`."""
        found = read_stored(stored, taxonomy)
        inside = encoder_shapes(found.encoder_config, found.config_path)
        check_arrays(stored, found.shape, inside)
        encoder = build_encoder(found.encoder_config, found.config_path)
        with torch.random.fork_rng(devices=[]):
            network = TransformerNetwork(encoder, TransformerShape(**found.shape))
        weights = {
            name: array.astype(np.float32) if array.dtype == np.float16 else array
            for name, array in stored.under(PLACE).items()
        }
        return cls(
            fill_module(network, weights, stored.arrays_path),
            found.tokenizer,
            found.tokenizer_json,
            found.encoder_config,
            found.origin,
        )

    def _score(self, network: TransformerNetwork, corpus: Corpus) -> NDArray[np.float32]:
        return score_corpus(network, corpus, bfloat16=self.bfloat16)


def as_tokens(corpus: Corpus) -> Corpus:
    """Return a corpus whose tokens are the pieces that an encoder reads."""
    return corpus.with_views({"tokens": corpus.views[VIEW]})


def on_words(
    pieces: NDArray[np.float32], spans: Sequence[tuple[int, int]], placed: PlacedText
) -> NDArray[np.float32]:
    """Return the attention (C, T) on the words of a text from that on its first pieces (C, P).

    spans: the characters of all pieces. Each counts for the first word that it has a part of.
    """
    words = np.zeros((len(pieces), len(placed.spans)), dtype=np.float32)
    ends = [end for _, end in placed.spans]
    for column, (start, end) in enumerate(spans[: pieces.shape[1]]):
        word = bisect.bisect_right(ends, start)
        if word < len(ends) and placed.spans[word][0] < end:
            words[:, word] += pieces[:, column]
    return words


def round_weights(network: nn.Module) -> None:
    """Round all weights to float16, so that a stored model answers as this one does.

    A tensor with numbers beyond the range of float16 stays as it is.
    """
    with torch.no_grad():
        for tensor in network.state_dict().values():
            half = tensor.half()
            if tensor.is_floating_point() and bool(half.isfinite().all()):
                tensor.copy_(half)


def _halved(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array in float16 where nothing is lost."""
    with np.errstate(over="ignore"):
        half = array.astype(np.float16)
    return half if np.array_equal(half.astype(array.dtype), array) else array
