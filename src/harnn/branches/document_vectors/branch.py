"""The branch on vectors of documents: that on vectors of whole texts, which come from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from harnn._tables import shown
from harnn.branches.branch import Branch, Evidence, Parts, StoredModel
from harnn.branches.text_vectors.storage import PLACE as INNER_PLACE
from harnn.branches.text_vectors.storage import read_vector_network
from harnn.corpus import Corpus, View
from harnn.corpus.document_vectors import DocumentVectors
from harnn.errors import BundleError, ConfigError, Problem
from harnn.taxonomy import Taxonomy

PLACE = "document_vectors"
"""Of its arrays, and the name of its settings."""


@dataclass(frozen=True, eq=False)
class DocumentVectorsBranch:
    """A network of one hidden layer on vectors that are looked up by the documents' ids."""

    inner: Branch
    """Reads them as the view ``text_vectors``."""
    size: int
    """D of the vectors."""
    made_from: str
    """SHA-256 of the vectors that it was trained on."""
    vectors: DocumentVectors | None = None
    """None: they are to be given, see :meth:`with_vectors`."""

    @property
    def name(self) -> str:
        return "document_vectors"

    @property
    def reads(self) -> Mapping[str, View | None]:
        return {}

    def with_vectors(self, vectors: DocumentVectors) -> Self:
        """Return the branch with the vectors of the documents to come.

        Raises:
            ConfigError: they are of another size than those that it was trained on.
        """
        if vectors.size != self.size:
            what = f"got vectors of {vectors.size:,} numbers, the model reads {self.size:,}."
            raise ConfigError(Problem(vectors.where, what))
        return replace(self, vectors=vectors)

    def logits(self, corpus: Corpus) -> NDArray[np.float32]:
        """Return the logits (N, C).

        Raises:
            ConfigError: no vectors were given.
            DocumentError: some documents have none.
        """
        if self.vectors is None:
            raise ConfigError(MISSING)
        found = self.vectors.of(corpus.ids)
        return self.inner.logits(corpus.with_views({"text_vectors": found}))

    def explain(self, corpus: Corpus, row: int) -> Evidence:  # noqa: ARG002
        """Say nothing: it reads no words."""
        return Evidence(0)

    def to_parts(self, *, light: bool = False, int8: bool = False) -> Parts:
        """Return arrays ``document_vectors.*``; light ones are the same."""
        parts = self.inner.to_parts(light=light, int8=int8)
        shape = parts.settings.get(INNER_PLACE)
        settings = {PLACE: {"shape": shape, "made_from": self.made_from}} if shape else {}
        arrays = {f"{PLACE}.{k.partition('.')[2]}": array for k, array in parts.arrays.items()}
        return Parts(arrays=arrays, settings=settings)

    @classmethod
    def from_parts(cls, stored: StoredModel, taxonomy: Taxonomy) -> Self | None:
        """Undo :meth:`to_parts`."""
        plain: Any = stored.settings.get(PLACE)
        if plain is None:
            return None
        fits = isinstance(plain, dict) and plain.keys() == {"shape", "made_from"}
        if not fits or not isinstance(plain["made_from"], str):
            what = f"{PLACE}: got {shown(plain)}, expected shape and made_from."
            raise BundleError(Problem(stored.settings_path, what))
        arrays = {f"{INNER_PLACE}.{k}": array for k, array in stored.under(PLACE).items()}
        settings = {**stored.settings, INNER_PLACE: plain["shape"]}
        inside = replace(stored, arrays=arrays, settings=settings)
        inner = read_vector_network(inside, taxonomy, None, size=None)
        if inner is None:
            what = f"{PLACE}: got {shown(plain['shape'])}, expected a shape."
            raise BundleError(Problem(stored.settings_path, what))
        return cls(inner, plain["shape"]["input_size"], plain["made_from"])


MISSING = Problem(
    "",
    "this model reads vectors of documents that are brought from elsewhere;",
    "give those of these documents: --document-vectors, or document_vectors in Python.",
)


def read_vectors_branch(stored: StoredModel, taxonomy: Taxonomy) -> Branch | None:
    """Read the branch; None where the model has none.

    Raises:
        BundleError: see :class:`harnn.branches.Branch`.
    """
    return DocumentVectorsBranch.from_parts(stored, taxonomy)
