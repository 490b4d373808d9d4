"""Labelled documents that explanations can point at: the nearest of each label."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from harnn._display import beginning
from harnn.branches.linear import LinearBranch
from harnn.bundle import Bundle
from harnn.config import DataConfig
from harnn.corpus import Corpus, encode_corpus
from harnn.data import Document, Documents, ReadingLog, labelled_documents
from harnn.errors import ConfigError
from harnn.explain import Example

_SHOWN_CHARACTERS = 160


@dataclass(frozen=True, eq=False)
class Examples:
    """N labelled documents by their n-grams; of the texts only the beginnings are kept."""

    corpus: Corpus = field(repr=False)
    beginnings: tuple[str, ...] = field(repr=False)

    @classmethod
    def read(
        cls,
        bundle: Bundle,
        given: Documents,
        *,
        data: DataConfig | None = None,
        log: ReadingLog | None = None,
    ) -> Self:
        """Read documents as the model does; data: how to read them, None: as those for training.

        Raises:
            ConfigError: the model has no linear branch, by whose n-grams documents are compared.
            DocumentError: documents cannot be read or have unknown labels.
        """
        if not isinstance(bundle.ensemble.branch("linear"), LinearBranch):
            what = "examples are compared by n-grams, and this model has no branch that reads any."
            raise ConfigError(what)
        beginnings: list[str] = []

        def kept(
            pairs: Iterable[tuple[Document, NDArray[np.int32]]],
        ) -> Iterator[tuple[Document, NDArray[np.int32]]]:
            for document, columns in pairs:
                beginnings.append(beginning(document.full_text, _SHOWN_CHARACTERS))
                yield document, columns

        pairs = labelled_documents(given, bundle.taxonomy, data or bundle.config.data, log=log)
        views = {"ngrams": bundle.views()["ngrams"]}
        return cls(encode_corpus(kept(pairs), views, len(bundle.taxonomy)), tuple(beginnings))

    def __len__(self) -> int:
        return len(self.corpus)

    def nearest(self, vector: csr_array, column: int, count: int = 3) -> tuple[Example, ...]:
        """Return the documents with the label in *column* that are most like a vector (1, V).

        The nearest comes first; of equally near ones that which was read first. Documents without a
        common n-gram are left out.
        """
        start, stop = self._by_label.indptr[column : column + 2]
        rows = self._by_label.indices[start:stop]
        near = (self.corpus.views["ngrams"][rows] @ vector.T).toarray()[:, 0]
        order = np.argsort(-near, kind="stable")[:count]
        return tuple(
            Example(self.corpus.ids[row], float(min(near[place], 1.0)), self.beginnings[row])
            for place, row in zip(order.tolist(), rows[order].tolist(), strict=True)
            if near[place] > 0
        )

    @cached_property
    def _by_label(self) -> csc_array:
        """(N, C)"""
        return csc_array(self.corpus.targets)
