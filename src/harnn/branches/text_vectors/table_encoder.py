"""Vectors of whole texts by a table of vectors of tokens: a text's is the sum of its tokens'.

The table is made once, of an encoder of the BERT family (``bert_encoder.token_table``), and becomes
part of the model: nothing but NumPy and the tokenizer is needed to read a text, some thousand of
them in a second. The recipe is that of model2vec (Tulkens and van Dongen 2024, MIT): every token
alone through the encoder, principal components, weights that grow with the rank of a token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn.branches.branch import Parts, StoredModel
from harnn.branches.text_vectors.onnx_encoder import TOKENIZER
from harnn.errors import BundleError, Problem, cannot_read
from harnn.text import EncoderRecord, beginning, characters_read, end_of, never, open_tokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

ARRAY = "sentence_table.vectors"
TABLE_SIZE = 256
_TEXTS_AT_ONCE = 512


@dataclass(frozen=True, eq=False)
class TableEncoder:
    """A vector for each token."""

    record: EncoderRecord
    table: NDArray[np.float16]
    """(V, D); of tokens that are not read, such as those that begin and end a text, zeros."""
    tokenizer: Tokenizer
    tokenizer_json: bytes

    @property
    def languages(self) -> tuple[str, ...]:
        return ("en",)

    def encode(
        self,
        texts: Iterable[str],
        *,
        threads: int = 0,  # noqa: ARG002
        stopped: Callable[[], bool] = never,
        ends: list[int] | None = None,
    ) -> NDArray[np.float32]:
        """See :class:`harnn.text.CutsTexts`; computed in one thread, cut into tokens in all."""
        stream = (beginning(text, characters_read(self.record.tokens)) for text in texts)
        parts = [np.zeros((0, self.record.size), dtype=np.float32)]
        while some := list(islice(stream, _TEXTS_AT_ONCE)):
            if stopped():
                raise InterruptedError
            counted, used = self._count(some, ends)
            vectors = np.asarray(counted @ self.table[used].astype(np.float32), dtype=np.float32)
            lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))[:, None]
            parts.append(np.divide(vectors, lengths, out=vectors, where=lengths > 0))
        return np.concatenate(parts)

    def _count(
        self, texts: list[str], ends: list[int] | None
    ) -> tuple[csr_array, NDArray[np.int64]]:
        """Return how often tokens stand in each text, (N, U), and which U of the table they are."""
        whole = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        # The fast one does not tell where a token stands.
        count = self.tokenizer.encode_batch_fast if ends is None else self.tokenizer.encode_batch
        cut = count(whole, add_special_tokens=False)
        if ends is not None:
            ends += map(end_of, cut)
        rows = [np.array(each.ids, dtype=np.int64) for each in cut]
        offsets, ids = np.cumsum([0, *map(len, rows)]), np.concatenate(rows)
        is_used = np.zeros(len(self.table), dtype=np.bool_)
        is_used[ids] = True
        used = np.flatnonzero(is_used)
        numbers = (np.cumsum(is_used) - 1)[ids]
        ones = np.ones(len(ids), dtype=np.float32)
        return csr_array((ones, numbers, offsets), shape=(len(rows), len(used))), used

    def to_parts(self, *, light: bool, int8: bool) -> Parts:  # noqa: ARG002
        """Return the table and the tokenizer."""
        return Parts(arrays={ARRAY: self.table}, files={TOKENIZER: self.tokenizer_json})

    @classmethod
    def read(cls, stored: StoredModel, record: EncoderRecord) -> Self:
        """Read what a model has of its table.

        Raises:
            BundleError: it is missing or damaged.
        """
        table, rules = stored.arrays.get(ARRAY), stored.directory / TOKENIZER
        if table is None or table.dtype != np.float16 or table.shape[1:] != (record.size,):
            got = "is missing" if table is None else f"is {table.dtype} of shape {table.shape}"
            what = f"is damaged: {ARRAY} {got}, expected float16 of shape (V, {record.size})."
            raise BundleError(Problem(stored.arrays_path, what))
        try:
            content = stored.read_bytes(TOKENIZER)
        except OSError as error:
            raise BundleError(cannot_read(rules, error)) from None
        tokenizer = open_tokenizer(content, record.tokens, len(table), str(rules))
        return cls(record, table, tokenizer, content)
