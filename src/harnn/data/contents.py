"""What documents say to a training, as a hash: their whole texts and their labels, in order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from harnn.data.documents import Document


class ContentHash:
    """SHA-256 of documents while they are read, whatever files they stand in and whatever is cut.

    Ids do not count: nothing is learned from them.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def of(
        self, documents: Iterable[tuple[Document, NDArray[np.int32]]]
    ) -> Iterator[tuple[Document, NDArray[np.int32]]]:
        """Yield the documents with their label columns as they come."""
        for document, columns in documents:
            self.add(document, columns)
            yield document, columns

    def add(self, document: Document, columns: NDArray[np.int32]) -> None:
        """Count a document with its label columns in."""
        text = document.full_text.encode("utf-8", "surrogatepass")
        self._digest.update(b"%d %d " % (len(text), len(columns)))
        self._digest.update(text)
        self._digest.update(np.sort(columns).astype("<i4").tobytes())

    def hexdigest(self) -> str:
        """Return the hash of the documents so far."""
        return self._digest.hexdigest()
