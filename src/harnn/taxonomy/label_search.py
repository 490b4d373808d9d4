"""Labels by what they are called, fast enough to search while somebody types."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harnn.taxonomy.graph import IntArray
from harnn.taxonomy.spelling import without_marks
from harnn.taxonomy.taxonomy import Taxonomy


class LabelSearch:
    """The texts of all labels (code, name, other names, notation), made ready once.

    Capitals, accents and other marks make no difference; a word may stand inside another.
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._names = [without_marks(name) for name in taxonomy.names]
        rest = zip(taxonomy.codes, taxonomy.notations, taxonomy.alternatives, strict=True)
        self._others = [
            "\n".join(map(without_marks, (code, n, *others))) for code, n, others in rest
        ]
        pairs = zip(self._names, self._others, strict=True)
        self._texts = [f"{name}\n{others}" for name, others in pairs]

    def columns(self, words: str) -> IntArray:
        """Return the columns of labels that have all *words* in their texts, ascending."""
        wanted = without_marks(words).split()
        found: Sequence[int] = range(len(self._texts))
        for word in sorted({*wanted}, key=len, reverse=True):  # the rarest first, probably
            texts = self._texts
            found = [at for at in found if word in texts[at]]
        return np.array(found, dtype=np.int32)

    def ranked(self, words: str) -> IntArray:
        """Return the same columns, the likeliest meant first.

        First what is called exactly so, then names that begin so, then names with words that begin
        so, then names that hold it, then the others; of equals the higher level first.
        """
        phrase = " ".join(without_marks(words).split())
        found = self.columns(words)
        ranks = [self._rank(column, phrase) for column in found.tolist()]
        return found[np.argsort(np.array(ranks, dtype=np.int64), kind="stable")]

    def _rank(self, column: int, phrase: str) -> int:
        name = self._names[column]
        if name == phrase or phrase in self._others[column].split("\n"):
            return 0
        if name.startswith(phrase):
            return 1
        if f" {phrase}" in name:
            return 2
        return 3 if phrase in name else 4
