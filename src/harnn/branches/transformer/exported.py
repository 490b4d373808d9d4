"""The branch of a fine-tuned encoder as ONNX Runtime computes it; no torch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from harnn.branches.bert_session import BertSession
from harnn.branches.branch import SLOW_TRIALS, Evidence, Parts, StoredModel
from harnn.branches.network.logits import mean_logits
from harnn.branches.transformer.pieces import VIEW, PiecesView, PieceTokenizer
from harnn.branches.transformer.storage import GRAPH_FILE, PLACE, read_stored
from harnn.corpus import Corpus, Tokens, View
from harnn.errors import BundleError, Problem, cannot_read
from harnn.taxonomy import Taxonomy
from harnn.text import batches_of_one_length

_WINDOWS_IN_MEMORY = 8_192


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
class ExportedTransformerBranch:
    """A pretrained encoder that was trained on and exported, with its head for the labels."""

    encoder: BertSession
    weight: NDArray[np.float32]
    """(C, D) of the head."""
    bias: NDArray[np.float32]
    """(C,)."""
    cut: Cut
    tokenizer: PieceTokenizer
    made_from: str
    """SHA-256 of the encoder's weights before it was trained on."""

    @property
    def name(self) -> str:
        return "transformer"

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
        size, path = found.shape["hidden_size"], stored.directory / GRAPH_FILE
        stored.check_shapes(
            PLACE, {"predict.weight": (len(taxonomy), size), "predict.bias": (len(taxonomy),)}
        )
        try:
            encoder = BertSession(stored.read_bytes(GRAPH_FILE), size)
            if found.tokenizer.highest_id >= encoder.words:
                raise ValueError(f"it knows {encoder.words:,} pieces, its tokenizer has more")
        except OSError as error:
            raise BundleError(cannot_read(path, error)) from None
        except ValueError as error:
            raise BundleError(Problem(str(path), f"is damaged: {error}.")) from None
        arrays = stored.under(PLACE)
        fields: dict[str, Any] = {name: found.shape[name] for name in Cut.__annotations__}
        return cls(
            encoder,
            arrays["predict.weight"],
            arrays["predict.bias"],
            Cut(**fields),
            found.tokenizer,
            found.origin["sha256"],
        )

    def _score(self, corpus: Corpus) -> NDArray[np.float32]:
        """Return the scores (N, C): the head reads the mean of the states of all windows."""
        pieces = corpus.views[VIEW]
        states = np.zeros((len(corpus), self.encoder.size), dtype=np.float32)
        counts = np.zeros((len(corpus), 1), dtype=np.float32)
        for documents, windows in self._blocks(pieces):
            for rows in batches_of_one_length(windows):
                some = [windows[row] for row in rows]
                means = self.encoder.run(np.array(some, dtype=np.int64))
                whose = documents[rows]
                np.add.at(states, whose, means * len(some[0]))
                np.add.at(counts, whose, np.float32(len(some[0])))
        pooled = states / np.maximum(counts, 1)
        return np.asarray(expit(pooled @ self.weight.T + self.bias), dtype=np.float32)

    def _blocks(self, pieces: Tokens) -> Iterator[tuple[NDArray[np.int64], list[tuple[int, ...]]]]:
        """Yield windows, some thousands together, and the rows of the documents they are of."""
        documents: list[int] = []
        windows: list[tuple[int, ...]] = []
        for row in range(len(pieces.lengths)):
            for window in self.cut.windows_of(pieces.row(row)):
                documents.append(row)
                windows.append(window)
            if len(windows) >= _WINDOWS_IN_MEMORY:
                yield np.array(documents), windows
                documents, windows = [], []
        if windows:
            yield np.array(documents), windows
