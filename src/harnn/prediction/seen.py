"""Whether a model is evaluated on documents that it was trained or tuned on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harnn._display import counted
from harnn.bundle import Bundle
from harnn.corpus import ContentHash
from harnn.data import Document

Split = Literal["train", "valid", "both"]
_SPLITS: tuple[Literal["train", "valid"], ...] = ("train", "valid")
_WORTH = {
    "train": "the numbers say how well it remembers, not how well it does on new documents.",
    "valid": "expect slightly less on new documents.",
    "both": "the numbers say how well it remembers, not how well it does on new documents.",
}
_NAMES = {"train": "training", "valid": "validation", "both": "training and validation"}


class Seen(NamedTuple):
    """Documents of an evaluation that the model knows."""

    split: Split
    documents: int
    sure: bool
    """Whether texts and labels are the same; else only their numbers are, label by label."""

    def sentence(self, documents: int) -> str:
        """Say what that means; documents: all of the evaluation."""
        if not self.sure:
            return (
                f"These may be the model's {_NAMES[self.split]} documents in another order, since "
                f"as many have each label: if so, {_WORTH[self.split]}"
            )
        did = "tuned" if self.split == "valid" else "trained"
        some = f"{self.documents:,} of these {counted(documents, 'document')}"
        which = "these documents" if self.documents == documents else some
        return f"The model was {did} on {which}: {_WORTH[self.split]}"


class SeenDocuments:
    """Compares labelled documents, while they are read, with those that a model knows.

    A model knows the SHA-256 of the whole texts and labels of its training and validation
    documents, in their order: so they are found where all of a split stand together, at the
    beginning of the documents or of a file. In another order they are only suspected, where every
    label has as many documents. A part of a split is not found.
    """

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._all, self._file = ContentHash(), ContentHash()
        self._read = self._in_file = 0
        self._name: str | None = None
        self._support = np.zeros(len(bundle.taxonomy), dtype=np.int64)
        self._found: dict[Split, Seen] = {}

    def of(
        self, documents: Iterable[tuple[Document, NDArray[np.int32]]]
    ) -> Iterator[tuple[Document, NDArray[np.int32]]]:
        """Yield the documents with their label columns as they come."""
        for document, columns in documents:
            name = document.source.rpartition(":")[0]
            if name != self._name:
                self._name, self._file, self._in_file = name, ContentHash(), 0
            self._read += 1
            self._in_file += 1
            self._support[columns] += 1
            for content, count in ((self._all, self._read), (self._file, self._in_file)):
                content.add(document, columns)
                self._compare(content, count)
            yield document, columns

    def _compare(self, content: ContentHash, count: int) -> None:
        for split in _SPLITS:
            known = self._bundle.contents.get(split)
            is_long = count == self._bundle.documents.get(split)
            if is_long and content.hexdigest() == known:
                self._found[split] = Seen(split, count, True)

    def found(self) -> tuple[Seen, ...]:
        """Return what is known of the documents read so far."""
        return tuple(self._found.values()) or self._suspected()

    def _suspected(self) -> tuple[Seen, ...]:
        bundle = self._bundle
        trained, tuned = bundle.documents.get("train"), bundle.report.documents
        parts = bundle.taxonomy.hierarchy.level_slices
        levels = np.array([level.support for level in bundle.report.levels])

        def sums(support: NDArray[np.int64]) -> NDArray[np.int64]:
            return np.array([support[part].sum() for part in parts])

        more = self._support - bundle.label_counts
        split: Split | None = None
        if trained == self._read and not more.any():
            split = "train"
        elif trained is not None and trained + tuned == self._read:
            known = (more >= 0).all() and np.array_equal(sums(more), levels)
            split = "both" if known else None
        return () if split is None else (Seen(split, self._read, False),)
