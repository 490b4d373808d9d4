"""Vectors of whole texts by an encoder of the BERT family, with PyTorch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch.nn import functional

from harnn._display import counted, reason_of
from harnn.branches.branch import Parts
from harnn.branches.text_vectors.onnx_encoder import GRAPH
from harnn.branches.text_vectors.onnx_encoder import TOKENIZER as LIGHT_TOKENIZER
from harnn.branches.text_vectors.table_encoder import TABLE_SIZE
from harnn.errors import InputError, Problem
from harnn.network import Bert, BertShape, computes_bfloat16
from harnn.text import (
    EncoderRecord,
    SentenceFiles,
    Spread,
    encode_sentences,
    never,
    open_tokenizer,
)
from harnn.text.sentence_files import CONFIG, TOKENIZER, WEIGHTS

_THREADS = threading.RLock()
_TOKENS_AT_ONCE = 1_024


@dataclass(frozen=True, eq=False)
class BertEncoder:
    """The mean, or the first, of the states of all tokens; of several layers beside each other.

    Computed in bfloat16 where the processor does so natively, three times as fast: vectors differ
    by an angle whose cosine is .9999 at least (docs/experiments.md).
    """

    record: EncoderRecord
    files: SentenceFiles
    network: Bert
    tokenizer: Tokenizer
    spread: Spread | None = None
    """Computes batches elsewhere; None: this process does."""

    @property
    def networks(self) -> tuple[Bert, ...]:
        """What can be moved to another device."""
        return (self.network,)

    @property
    def languages(self) -> tuple[str, ...]:
        return ("en",) if self.record.name == "minilm" else ()

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        name: str,
        source: str,
        tokens: int,
        layers: tuple[int, ...] = (),
    ) -> Self:
        """Read an encoder; tokens: of a text at most, cut to what it can read.

        layers: whose states are read, in ascending order from 1; none: the last one's alone. Those
        after them are not computed.

        Raises:
            InputError: it is missing, damaged, of another family, or has fewer layers.
        """
        files = SentenceFiles.read(directory)
        try:
            shape = BertShape.from_config(files.config)
        except ValueError as error:
            raise InputError(Problem(str(directory / CONFIG), f"{error}.")) from None
        layers = () if layers == (shape.layers,) else layers
        if layers and layers[-1] > shape.layers:
            what = f"has {counted(shape.layers, 'layer')}, expected {layers[-1]} at least."
            raise InputError(Problem(str(directory / CONFIG), what))
        shape = replace(shape, layers=layers[-1] if layers else shape.layers)
        try:
            network = Bert.from_weights(shape, load_file(directory / WEIGHTS))
        except (OSError, SafetensorError, ValueError) as error:
            what = f"is damaged: {reason_of(error, 300)}."
            raise InputError(Problem(str(directory / WEIGHTS), what)) from None
        tokens = min(tokens, files.most_tokens, shape.most_tokens)
        where = str(directory / TOKENIZER)
        return cls(
            record=files.record(
                name, source, shape.hidden_size * max(1, len(layers)), tokens, layers
            ),
            files=files,
            network=network.bfloat16() if computes_bfloat16() else network,
            tokenizer=open_tokenizer(files.tokenizer(), tokens, shape.vocabulary_size, where),
        )

    def encode(
        self,
        texts: Iterable[str],
        *,
        threads: int = 0,
        stopped: Callable[[], bool] = never,
        ends: list[int] | None = None,
    ) -> NDArray[np.float32]:
        """See :class:`harnn.text.CutsTexts`."""
        with torch_threads(threads), torch.inference_mode():
            return encode_sentences(
                texts,
                self.tokenizer,
                self._run,
                size=self.record.size,
                tokens=self.record.tokens,
                stopped=stopped,
                ends=ends,
                spread=self.spread,
            )

    def to_parts(self, *, light: bool, int8: bool) -> Parts:
        """Return nothing, or in a light form an ONNX graph and the tokenizer."""
        if not light:
            return Parts()
        from harnn.branches.bert_graph import bert_graph
        from harnn.branches.onnx_graph import quantize

        graph = bert_graph(self.network, self.files.pooling, self.record.layers)
        made = quantize(graph) if int8 else graph
        return Parts(files={GRAPH: made, LIGHT_TOKENIZER: self.files.tokenizer()})

    def _run(self, ids: NDArray[np.int64]) -> NDArray[np.float32]:
        return states_to_vectors(self.network, self.files.pooling, self.record.layers, ids)


def states_to_vectors(
    network: Bert, pooling: str, layers: tuple[int, ...], ids: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Return the vectors (B, D) of token ids (B, T), all of them real.

    layers: see :meth:`BertEncoder.open`; of several, those of each are scaled to length 1.
    """
    read = layers or (network.shape.layers,)
    found = []
    states = network.states(torch.from_numpy(ids).to(next(network.parameters()).device))
    for number, x in enumerate(states, start=1):
        if number in read:
            found.append(x[:, 0].float() if pooling == "cls" else x.float().mean(dim=1))
    if len(found) > 1:
        found = [functional.normalize(x) for x in found]
    return torch.cat(found, dim=1).cpu().numpy()


def token_table(encoder: BertEncoder, stopped: Callable[[], bool] = never) -> NDArray[np.float16]:
    """Return a vector for each token, (V, D): see :mod:`harnn.branches.text_vectors.table_encoder`.

    D is 256, or what the encoder has where that is less. Takes some ten seconds.

    Raises:
        InterruptedError: *stopped* said so.
    """
    words = encoder.network.shape.vocabulary_size
    start, *_, end = encoder.tokenizer.encode("").ids
    vectors = np.empty((words, encoder.record.size), dtype=np.float32)
    with torch.inference_mode():
        for first in range(0, words, _TOKENS_AT_ONCE):
            if stopped():
                raise InterruptedError
            ids = np.arange(first, min(first + _TOKENS_AT_ONCE, words))
            framed = np.stack([np.full_like(ids, start), ids, np.full_like(ids, end)], axis=1)
            vectors[ids] = encoder._run(framed)
    vectors -= vectors.mean(axis=0)
    _, directions = np.linalg.eigh(vectors.T @ vectors)
    vectors = vectors @ directions[:, ::-1][:, :TABLE_SIZE]
    vectors *= np.log1p(np.arange(1, words + 1, dtype=np.float32))[:, None]
    special = encoder.tokenizer.get_added_tokens_decoder()
    vectors[[number for number in special if number < words]] = 0
    table: NDArray[np.float16] = (vectors / np.abs(vectors).max()).astype(np.float16)
    return table


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let torch compute in that many threads for the time of the block; 0: as it does."""
    if not count or count == torch.get_num_threads():
        yield
        return
    with _THREADS:
        before = torch.get_num_threads()
        torch.set_num_threads(count)
        try:
            yield
        finally:
            torch.set_num_threads(before)
