"""Documents as arrays: token ids, label columns, n-grams, vectors of whole texts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from harnn.data import Document
from harnn.linear.features import NgramFeatures
from harnn.text import SENTENCE_SIZE, Encoder, sentence_vectors

Item = TypeVar("Item")
_ENCODED_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class EncodedCorpus:
    """Documents as flat arrays of token ids: about 4 bytes a token, 8 a label."""

    ids: tuple[str, ...]
    token_ids: NDArray[np.int32]
    """All documents behind each other."""
    offsets: NDArray[np.int64]
    """(N + 1,) where each document starts and the last one ends."""
    full_lengths: NDArray[np.int64]
    """(N,) tokens before cutting at the limit."""
    targets: csr_array
    """(N, C) bool, closed upward; C is 0 where the documents are unlabelled."""
    vectors: csr_array
    """(N, V) n-grams, as the linear branch reads them; V is 0 where there is none."""
    sentences: NDArray[np.float32]
    """(N, D) vectors of whole texts, as the sentence branch reads them; D is 0 without one."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> NDArray[np.int64]:
        return np.diff(self.offsets)

    @property
    def truncated(self) -> int:
        """Documents of which the end was cut off."""
        return int((self.full_lengths > self.lengths).sum())

    @property
    def label_counts(self) -> NDArray[np.int64]:
        """(C,) documents of each label."""
        return np.asarray(self.targets.sum(axis=0), dtype=np.int64)

    @property
    def label_priors(self) -> NDArray[np.float64]:
        """(C,) smoothed share of the documents that have each label, above 0 and below 1."""
        return np.asarray((self.label_counts + 0.5) / (len(self) + 1))

    def tokens(self, row: int) -> NDArray[np.int32]:
        return self.token_ids[self.offsets[row] : self.offsets[row + 1]]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return what :meth:`from_arrays` reads; n-grams and vectors of whole texts stay out."""
        ids = json.dumps(self.ids).encode()
        return {
            "ids": np.frombuffer(ids, dtype=np.uint8),
            "token_ids": self.token_ids,
            "offsets": self.offsets,
            "full_lengths": self.full_lengths,
            "label_columns": self.targets.indices,
            "label_offsets": self.targets.indptr,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], labels: int) -> Self:
        """Undo :meth:`to_arrays` for a taxonomy of that many labels.

        The arrays are kept as they are.
        """
        ids = tuple(json.loads(arrays["ids"].tobytes()))
        columns, offsets = arrays["label_columns"], arrays["label_offsets"]
        values = np.ones(len(columns), dtype=bool)
        return cls(
            ids=ids,
            token_ids=arrays["token_ids"],
            offsets=arrays["offsets"],
            full_lengths=arrays["full_lengths"],
            targets=csr_array((values, columns, offsets), shape=(len(ids), labels)),
            vectors=csr_array(np.zeros((len(ids), 0), dtype=np.float32)),
            sentences=np.zeros((len(ids), 0), dtype=np.float32),
        )

    def fingerprint(self) -> str:
        """Hash ids, tokens and targets, so that resuming on other data is noticed."""
        digest = hashlib.sha256("\0".join(self.ids).encode("utf-8", "surrogatepass"))
        for array in (self.token_ids, self.offsets, self.targets.indptr, self.targets.indices):
            digest.update(np.ascontiguousarray(array, dtype=np.int64).data)
        return digest.hexdigest()


def encode_corpus(
    documents: Iterable[tuple[Document, NDArray[np.int32]]],
    encoder: Encoder,
    labels: int,
    *,
    features: NgramFeatures | None = None,
    sentences: bool = False,
) -> EncodedCorpus:
    """Encode a stream of documents with their label columns; texts are not kept.

    With *features* their n-grams are kept as well, with *sentences* the vectors of whole texts.

    Raises:
        MissingExtraError: *sentences* are wanted, but their encoder is not installed.
    """
    width = len(features) if features else 0
    wholes = [np.zeros((0, SENTENCE_SIZE if sentences else 0), dtype=np.float32)]
    vectors = [csr_array(np.zeros((0, width), dtype=np.float32))]
    ids: list[str] = []
    pieces: list[NDArray[np.int32]] = []
    full_lengths: list[NDArray[np.int64]] = []
    columns: list[NDArray[np.int32]] = []
    for chunk in _chunks(documents, _ENCODED_AT_ONCE):
        texts = [document.full_text for document, _ in chunk]
        encoded = encoder.encode(texts)
        if features:
            vectors.append(features.vectors(texts))
        else:
            vectors.append(csr_array(np.zeros((len(texts), 0), dtype=np.float32)))
        if sentences:
            wholes.append(sentence_vectors(texts))
        else:
            wholes.append(np.zeros((len(texts), 0), dtype=np.float32))
        ids += [document.id for document, _ in chunk]
        pieces += encoded.ids
        full_lengths.append(np.asarray(encoded.lengths, dtype=np.int64))
        columns += [column for _, column in chunk]
    return EncodedCorpus(
        ids=tuple(ids),
        token_ids=_join(pieces, np.int32),
        offsets=_offsets(pieces),
        full_lengths=_join(full_lengths, np.int64),
        targets=sparse_targets(columns, labels),
        vectors=csr_array(vstack(vectors, format="csr")),
        sentences=np.concatenate(wholes),
    )


def encode_unlabelled(
    documents: Iterable[Document],
    encoder: Encoder,
    *,
    features: NgramFeatures | None = None,
    sentences: bool = False,
) -> EncodedCorpus:
    """Encode documents whose labels are not wanted: the targets have no columns."""
    nothing = np.zeros(0, dtype=np.int32)
    pairs = ((document, nothing) for document in documents)
    return encode_corpus(pairs, encoder, 0, features=features, sentences=sentences)


def sparse_targets(columns: Sequence[NDArray[np.int32]], labels: int) -> csr_array:
    """Make the (N, C) bool matrix whose row n holds *columns[n]*."""
    indices = _join(list(columns), np.int32)
    values = np.ones(len(indices), dtype=bool)
    return csr_array((values, indices, _offsets(columns)), shape=(len(columns), labels))


def _chunks(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _join(arrays: Sequence[NDArray[Any]], dtype: type) -> NDArray[Any]:
    return np.concatenate(arrays).astype(dtype) if arrays else np.zeros(0, dtype=dtype)


def _offsets(arrays: Sequence[NDArray[Any]]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum([len(a) for a in arrays])]).astype(np.int64)
