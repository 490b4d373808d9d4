"""Texts as the pieces of words that a pretrained encoder knows; no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from harnn._display import reason_of
from harnn._scratch import Growing
from harnn.corpus import Collector, Tokens
from harnn.corpus.views import GrowingRows
from harnn.errors import BundleError, Problem
from harnn.text.segmenting import replace_surrogates

VIEW = "pieces"
"""The name of the view."""


@dataclass(frozen=True)
class PieceTokenizer:
    """The tokenizer of an encoder."""

    inner: Any
    """Of the library ``tokenizers``."""

    @property
    def highest_id(self) -> int:
        """The highest id that a piece can have."""
        return max(self.inner.get_vocab(with_added_tokens=True).values(), default=-1)

    @cached_property
    def around(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The ids that stand before and after the pieces of a text."""
        inside = self.inner.encode("a", add_special_tokens=False).ids
        whole = self.inner.encode("a").ids
        for start in range(len(whole) - len(inside) + 1):
            if inside and whole[start : start + len(inside)] == inside:
                return tuple(whole[:start]), tuple(whole[start + len(inside) :])
        return (), ()

    def pieces(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of the pieces of texts, whole and with nothing around them."""
        safe = [replace_surrogates(text) for text in texts]
        encoded = self.inner.encode_batch_fast(safe, add_special_tokens=False)
        return [each.ids for each in encoded]

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return the characters [start, end) of each piece of a text."""
        encoded = self.inner.encode(replace_surrogates(text), add_special_tokens=False)
        return list(encoded.offsets)


def read_piece_tokenizer(text: str, where: str) -> PieceTokenizer:
    """Read a ``tokenizer.json``; where: its file, for messages.

    Raises:
        BundleError: it is none.
    """
    from tokenizers import Tokenizer as HuggingFaceTokenizer

    try:
        library = HuggingFaceTokenizer.from_str(text)
        library.no_truncation()
        library.no_padding()
        tokenizer = PieceTokenizer(library)
        _ = tokenizer.around
    except Exception as error:  # the library raises no narrower one
        summary = reason_of(error, 300)
        raise BundleError(Problem(where, f"is damaged: {summary}.")) from None
    return tokenizer


@dataclass(frozen=True)
class PiecesView:
    """Ids of pieces, cut to a limit: :class:`harnn.corpus.Tokens`."""

    tokenizer: PieceTokenizer
    limit: int
    """Pieces kept of a text."""

    def collect(self) -> Collector:
        """Begin a new corpus."""
        return _PiecesCollector(self)


class _PiecesCollector:
    def __init__(self, view: PiecesView) -> None:
        self._view = view
        self._rows, self._full_lengths = GrowingRows(np.int32), Growing(np.int64)

    def add(self, texts: Sequence[str]) -> None:
        pieces, limit = list(self._view.tokenizer.pieces(texts)), self._view.limit
        self._rows.extend([np.array(ids[:limit], dtype=np.int32) for ids in pieces])
        self._full_lengths.append([len(ids) for ids in pieces])

    def finish(self) -> Tokens:
        return Tokens(*self._rows.finish(), self._full_lengths.finish())
