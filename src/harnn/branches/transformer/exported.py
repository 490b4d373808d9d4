"""The branch of a fine-tuned encoder as ONNX Runtime computes it; no torch."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from harnn._scratch import blank
from harnn.branches.bert_session import BertSession
from harnn.branches.branch import SLOW_TRIALS, Evidence, Parts, StoredModel
from harnn.branches.network.logits import mean_logits
from harnn.branches.transformer.head_session import HeadSession
from harnn.branches.transformer.pieces import VIEW, PiecesView, PieceTokenizer
from harnn.branches.transformer.storage import (
    GRAPH_FILE,
    HEAD_FILE,
    PLACE,
    head_shapes,
    read_stored,
)
from harnn.corpus import Corpus, Tokens, View, ordered_batches
from harnn.errors import BundleError, Problem, cannot_read
from harnn.taxonomy import Taxonomy
from harnn.text import batches_of_one_length

_TOKENS_AT_ONCE = 16_384
_ATTENTION_VALUES = 16 << 20
"""Documents x tokens x labels of a level in memory at once: 64 MB an array."""


@dataclass(frozen=True, kw_only=True)
class Cut:
    """How documents are cut into windows: the fields of ``TransformerShape`` of that name."""

    tokens: int
    windows: int
    before: tuple[int, ...]
    after: tuple[int, ...]

    @property
    def room(self) -> int:
        """Pieces of text that a window holds."""
        return self.tokens - len(self.before) - len(self.after)

    @property
    def pieces(self) -> int:
        """Pieces read of a document, at most."""
        return self.room * self.windows

    def windows_of(self, pieces: NDArray[np.int32]) -> Iterator[tuple[int, ...]]:
        """Yield the windows of one document, as ``cut_windows`` makes them, without padding."""
        read = pieces[: self.pieces].tolist()
        count = max(1, -(-len(read) // self.room))
        size = -(-len(read) // count)
        for number in range(count):
            own = read[number * size : (number + 1) * size]
            yield (*self.before, *own, *self.after)


@dataclass(frozen=True, eq=False)
class MeanOfStates:
    """The head that reads the mean of the states, which the encoder's graph takes of a window."""

    weight: NDArray[np.float32]
    """(C, D)."""
    bias: NDArray[np.float32]
    """(C,)."""
    windows_in_memory = 8_192

    def score(
        self,
        encoder: BertSession,
        windows: Sequence[tuple[int, ...]],
        documents: NDArray[np.int64],
        count: int,
    ) -> NDArray[np.float32]:
        """Return the scores (N, C) of *count* documents; documents: the one of each window."""
        states = np.zeros((count, encoder.size), dtype=np.float32)
        counts = np.zeros((count, 1), dtype=np.float32)
        for rows in batches_of_one_length(windows):
            some = [windows[row] for row in rows]
            means = encoder.run(np.array(some, dtype=np.int64))
            np.add.at(states, documents[rows], means * len(some[0]))
            np.add.at(counts, documents[rows], np.float32(len(some[0])))
        pooled = states / np.maximum(counts, 1)
        return np.asarray(expit(pooled @ self.weight.T + self.bias), dtype=np.float32)


@dataclass(frozen=True, eq=False)
class HeadOfStates:
    """The head that reads all states."""

    session: HeadSession
    widest: int
    """Labels of the largest level."""
    windows_in_memory = 256

    def score(
        self,
        encoder: BertSession,
        windows: Sequence[tuple[int, ...]],
        documents: NDArray[np.int64],
        count: int,
    ) -> NDArray[np.float32]:
        """As that of :class:`MeanOfStates`."""
        states = [np.zeros((0, encoder.size), dtype=np.float32)] * len(windows)
        for rows in batches_of_one_length(windows):
            found = encoder.run(np.array([windows[row] for row in rows], dtype=np.int64))
            for row, each in zip(rows, found, strict=True):
                states[row] = each
        bounds = np.searchsorted(documents, np.arange(count + 1))
        whole = [np.concatenate(states[a:b]) for a, b in itertools.pairwise(bounds)]
        lengths = np.array([len(each) for each in whole], dtype=np.int64)
        most = max(1, min(_TOKENS_AT_ONCE, _ATTENTION_VALUES // self.widest))
        scores = blank((count, self.session.label_count), np.float32)
        for batch in ordered_batches(lengths, count, max_tokens=most):
            longest = max(1, int(lengths[batch].max()))
            values = np.zeros((len(batch), longest, encoder.size), dtype=np.float32)
            for place, row in enumerate(batch):
                values[place, : lengths[row]] = whole[row]
            scores[batch] = self.session.run(values, lengths[batch])
        return scores


@dataclass(frozen=True, eq=False)
class ExportedTransformerBranch:
    """A pretrained encoder that was trained on and exported, with its head for the labels."""

    encoder: BertSession
    head: MeanOfStates | HeadOfStates
    cut: Cut
    tokenizer: PieceTokenizer
    label_count: int
    made_from: str
    """SHA-256 of the encoder's weights before it was trained on."""

    @property
    def name(self) -> str:
        return "transformer"

    @property
    def exported(self) -> bool:
        """Always."""
        return True

    @property
    def waits(self) -> bool:
        """Always: nothing takes longer."""
        return True

    @property
    def reads(self) -> Mapping[str, View | None]:
        return {VIEW: PiecesView(self.tokenizer, self.cut.pieces)}

    def logits(self, corpus: Corpus) -> NDArray[np.float32]:
        """Return the logits (N, C)."""
        return mean_logits(ExportedTransformerBranch._score, (self,), corpus)

    def explain(self, corpus: Corpus, row: int) -> Evidence:  # noqa: ARG002
        return Evidence(SLOW_TRIALS)

    def to_parts(self, *, light: bool = False, int8: bool = False) -> Parts:  # noqa: ARG002
        """Raises:
        BundleError: always; only the model that it comes from can be stored.
        """
        what = "an exported encoder is not exported again."
        raise BundleError(Problem("", what, "Export the model that it comes from."))

    @classmethod
    def from_parts(cls, stored: StoredModel, taxonomy: Taxonomy) -> Self | None:
        """Read what ``TransformerBranch.to_parts`` returns as a light form."""
        found = read_stored(stored, taxonomy)
        shape, size = found.shape, found.shape["hidden_size"]
        head: MeanOfStates | HeadOfStates
        if shape.get("head", "mean") == "mean":
            stored.check_shapes(PLACE, head_shapes(shape))
            arrays = stored.under(PLACE)
            head = MeanOfStates(arrays["predict.weight"], arrays["predict.bias"])
        else:
            with _reading(stored, HEAD_FILE) as graph:
                session = HeadSession(graph, size, len(taxonomy))
            head = HeadOfStates(session, max(shape["level_sizes"]))
        with _reading(stored, GRAPH_FILE) as graph:
            encoder = BertSession(graph, size, states=isinstance(head, HeadOfStates))
            if found.tokenizer.highest_id >= encoder.words:
                raise ValueError(f"it knows {encoder.words:,} pieces, its tokenizer has more")
        fields: dict[str, Any] = {name: found.shape[name] for name in Cut.__annotations__}
        return cls(
            encoder,
            head,
            Cut(**fields),
            found.tokenizer,
            len(taxonomy),
            found.origin["sha256"],
        )

    def _score(self, corpus: Corpus) -> NDArray[np.float32]:
        """Return the scores (N, C): the head reads the states of all windows of a document."""
        scores = [np.zeros((0, self.label_count), dtype=np.float32)]
        for documents, windows in self._blocks(corpus.views[VIEW]):
            first, count = documents[0], documents[-1] - documents[0] + 1
            scores.append(self.head.score(self.encoder, windows, documents - first, int(count)))
        return np.concatenate(scores)

    def _blocks(self, pieces: Tokens) -> Iterator[tuple[NDArray[np.int64], list[tuple[int, ...]]]]:
        """Yield windows, some thousands together, and the rows of the documents they are of."""
        documents: list[int] = []
        windows: list[tuple[int, ...]] = []
        for row in range(len(pieces.lengths)):
            for window in self.cut.windows_of(pieces.row(row)):
                documents.append(row)
                windows.append(window)
            if len(windows) >= self.head.windows_in_memory:
                yield np.array(documents), windows
                documents, windows = [], []
        if windows:
            yield np.array(documents), windows


@contextmanager
def _reading(stored: StoredModel, name: str) -> Iterator[bytes]:
    """Yield the bytes of a graph for who opens it.

    Raises:
        BundleError: it cannot be read, or whoever opens it says with a ValueError what is wrong.
    """
    path = stored.directory / name
    try:
        yield stored.read_bytes(name)
    except OSError as error:
        raise BundleError(cannot_read(path, error)) from None
    except ValueError as error:
        raise BundleError(Problem(str(path), f"is damaged: {error}.")) from None
