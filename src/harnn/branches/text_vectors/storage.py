"""Where the branch on vectors of whole texts is stored; no torch."""

from __future__ import annotations

from harnn.branches.branch import Branch, StoredModel
from harnn.taxonomy import Taxonomy
from harnn.text import preload_text_vectors

PLACE = "sentence"
"""Of its arrays, and the name of its shape among the settings."""


def read_text_vectors(stored: StoredModel, taxonomy: Taxonomy) -> Branch | None:
    """Read the branch with what is to compute it; None where the model has none.

    Raises:
        BundleError: see :class:`harnn.branches.Branch`.
    """
    if stored.settings.get(PLACE) is not None:
        preload_text_vectors()
    if stored.light:
        from harnn.branches.text_vectors.plain import PlainTextVectorsBranch

        return PlainTextVectorsBranch.from_parts(stored, taxonomy)
    if stored.settings.get(PLACE) is None:
        return None
    from harnn.branches.text_vectors.branch import TextVectorsBranch

    return TextVectorsBranch.from_parts(stored, taxonomy)
