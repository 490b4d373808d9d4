"""Documents as arrays: ids, label columns, and of the texts one view for each way to read them."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._memory import row_blocks
from harnn.corpus.stored import arrays_problem
from harnn.corpus.views import GrowingRows, Tokens, View, WaitingTexts, join_arrays, offsets_of
from harnn.data import Document
from harnn.errors import InputError, Problem

_ENCODED_AT_ONCE = 1_000
_CHARACTERS_AT_ONCE = 1_000_000
"""A second's work at most, so that a stop is answered."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """N documents as arrays: about 4 bytes a token, 8 a label, and what the views take."""

    ids: tuple[str, ...]
    targets: csr_array
    """(N, C) bool, closed upward; C is 0 where the documents are unlabelled."""
    views: Mapping[str, Any]
    """By name, N rows each: see :mod:`harnn.corpus.views`."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def tokens(self) -> Tokens:
        """The texts as token ids, which a corpus has that a network reads."""
        tokens: Tokens = self.views["tokens"]
        return tokens

    @property
    def truncated(self) -> int:
        """Documents of which the end was cut off; n-grams are counted in the whole text."""
        if "tokens" not in self.views:
            return 0
        return int((self.tokens.full_lengths > self.tokens.lengths).sum())

    @property
    def label_counts(self) -> NDArray[np.int64]:
        """(C,) documents of each label."""
        return np.asarray(self.targets.sum(axis=0), dtype=np.int64)

    @property
    def label_priors(self) -> NDArray[np.float64]:
        """(C,) smoothed share of the documents that have each label, above 0 and below 1."""
        return np.asarray((self.label_counts + 0.5) / (len(self) + 1))

    def with_views(self, views: Mapping[str, Any]) -> Self:
        """Return the corpus with more views of the same documents."""
        return dataclasses.replace(self, views={**self.views, **views})

    def only(self, rows: NDArray[np.int64], views: Collection[str]) -> Self:
        """Return some of the documents, with those views alone."""
        ids = tuple(self.ids[row] for row in rows.tolist())
        some = {name: _only(self.views[name], rows) for name in views}
        return dataclasses.replace(self, ids=ids, targets=self.targets[rows], views=some)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what :meth:`from_arrays` reads; of the views only the tokens."""
        ids = json.dumps(self.ids).encode()
        return {
            "ids": np.frombuffer(ids, dtype=np.uint8),
            "token_ids": self.tokens.ids,
            "offsets": self.tokens.offsets,
            "full_lengths": self.tokens.full_lengths,
            "label_columns": self.targets.indices,
            "label_offsets": self.targets.indptr,
        }

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], label_count: int, *, word_count: int | None = None
    ) -> Self:
        """Undo :meth:`to_arrays` for a taxonomy of that many labels.

        The arrays are kept as they are. word_count: V of the tokenizer, where it is known.

        Raises:
            InputError: arrays are missing, of another type, or hold what no corpus holds.
        """
        problem = arrays_problem(arrays, label_count, word_count)
        if problem:
            raise InputError(Problem("", f"the arrays of the documents are damaged: {problem}."))
        ids = tuple(json.loads(arrays["ids"].tobytes()))
        columns, offsets = arrays["label_columns"], arrays["label_offsets"]
        values = np.ones(len(columns), dtype=bool)
        tokens = Tokens(arrays["token_ids"], arrays["offsets"], arrays["full_lengths"])
        targets = csr_array((values, columns, offsets), shape=(len(ids), label_count))
        return cls(ids, targets, {"tokens": tokens})

    def fingerprint(self) -> str:
        """Hash ids, tokens, where there are any, and targets, so that other data is noticed."""
        digest = hashlib.sha256("\0".join(self.ids).encode("utf-8", "surrogatepass"))
        parts: list[NDArray[Any]] = [self.targets.indptr, self.targets.indices]
        if "tokens" in self.views:
            parts = [self.tokens.ids, self.tokens.offsets, *parts]
        for array in parts:
            for part in row_blocks(len(array), 1):
                digest.update(np.ascontiguousarray(array[part], dtype=np.int64).data)
        return digest.hexdigest()


def encode_corpus(
    documents: Iterable[tuple[Document, NDArray[np.int32]]],
    views: Mapping[str, View],
    label_count: int,
    *,
    stopped: Callable[[], bool] = lambda: False,
) -> Corpus:
    """Encode a stream of documents with their label columns, in one pass; texts are not kept.

    Raises:
        MissingExtraError: a view needs a package that is not installed.
        InterruptedError: *stopped* said so.
    """
    collectors = {name: view.collect() for name, view in views.items()}
    ids: list[str] = []
    columns: list[NDArray[np.int32]] = []
    labels = GrowingRows(np.int32)
    for texts in _chunks(_texts_of(documents, ids, columns)):
        if stopped():
            raise InterruptedError
        for collector in collectors.values():
            collector.add(texts)
        labels.extend(columns)
        columns.clear()
    found = {name: collector.finish() for name, collector in collectors.items()}
    return Corpus(tuple(ids), _targets_of(*labels.finish(), label_count), found)


def encode_unlabelled(documents: Iterable[Document], views: Mapping[str, View]) -> Corpus:
    """Encode documents whose labels are not wanted: the targets have no columns."""
    nothing = np.zeros(0, dtype=np.int32)
    return encode_corpus(((document, nothing) for document in documents), views, 0)


def sparse_targets(columns: Sequence[NDArray[np.int32]], label_count: int) -> csr_array:
    """Make the (N, C) bool matrix whose row n holds *columns[n]*."""
    return _targets_of(join_arrays(list(columns), np.int32), offsets_of(columns), label_count)


def _targets_of(
    columns: NDArray[np.int32], offsets: NDArray[np.int64], label_count: int
) -> csr_array:
    values = np.ones(len(columns), dtype=bool)
    return csr_array((values, columns, offsets), shape=(len(offsets) - 1, label_count))


def _only(view: Any, rows: NDArray[np.int64]) -> Any:
    """Return some rows of a view."""
    if isinstance(view, Tokens):
        return view.only(rows)
    if isinstance(view, WaitingTexts):
        return view.vectors(rows)
    if isinstance(view, list):
        return [view[row] for row in rows.tolist()]
    return view[rows]


def _texts_of(
    documents: Iterable[tuple[Document, NDArray[np.int32]]],
    ids: list[str],
    columns: list[NDArray[np.int32]],
) -> Iterator[str]:
    """Yield the texts of documents; their ids and label columns are added to the lists."""
    for document, labels in documents:
        ids.append(document.id)
        columns.append(labels)
        yield document.full_text


def _chunks(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield texts that are encoded together."""
    chunk: list[str] = []
    characters = 0
    for text in texts:
        chunk.append(text)
        characters += len(text)
        if len(chunk) == _ENCODED_AT_ONCE or characters >= _CHARACTERS_AT_ONCE:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk
