"""Where the branch on vectors of whole texts is stored; no torch."""

from __future__ import annotations

from harnn._tables import shown
from harnn.branches.branch import Branch
from harnn.branches.stored import StoredModel, is_whole
from harnn.branches.text_vectors.encoders import read_encoder
from harnn.errors import BundleError, Problem
from harnn.taxonomy import Taxonomy
from harnn.text import TextEncoder

_LARGEST = 2**31 - 1
PLACE = "sentence"
"""Of its arrays, and the name of its shape among the settings."""


def read_text_vectors(stored: StoredModel, taxonomy: Taxonomy) -> Branch | None:
    """Read the branch with what is to compute it; None where the model has none.

    Raises:
        BundleError, MissingExtraError: see :class:`harnn.branches.Branch`.
    """
    if stored.settings.get(PLACE) is None:
        return None
    encoder = read_encoder(stored)
    return read_vector_network(stored, taxonomy, encoder, size=encoder.record.size)


def read_vector_network(
    stored: StoredModel, taxonomy: Taxonomy, encoder: TextEncoder | None, *, size: int | None
) -> Branch | None:
    """Read a network on vectors with what is to compute it.

    encoder: None: the vectors come from elsewhere; size: of a vector, if it is known.

    Raises:
        BundleError: see :class:`harnn.branches.Branch`.
    """
    _check(stored, size)
    if stored.light:
        from harnn.branches.text_vectors.plain import PlainTextVectorsBranch

        return PlainTextVectorsBranch.from_parts(stored, taxonomy, encoder)
    from harnn.branches.text_vectors.branch import TextVectorsBranch

    return TextVectorsBranch.from_parts(stored, taxonomy, encoder)


def _check(stored: StoredModel, known: int | None) -> None:
    """Raises:
    BundleError: the shape is damaged, or the arrays have another.
    """
    plain, names = stored.settings[PLACE], ("input_size", "hidden_size", "labels")
    if (
        not isinstance(plain, dict)
        or plain.keys() != set(names)
        or not all(is_whole(value, 1, _LARGEST) for value in plain.values())
    ):
        expected = f"got {shown(plain)}, expected {', '.join(names)}"
        what = f"the shape of the branch on vectors of whole texts is damaged: {expected}."
        raise BundleError(Problem(stored.settings_path, what))
    size, hidden, labels = (plain[name] for name in names)
    if known is not None and size != known:
        what = f"{PLACE}.input_size: got {size:,}, expected {known}."
        raise BundleError(Problem(stored.settings_path, what))
    expected_shapes: dict[str, tuple[int, ...]] = {
        "hidden.weight": (hidden, size),
        "hidden.bias": (hidden,),
        "predict.weight": (labels, hidden),
        "predict.bias": (labels,),
    }
    stored.check_shapes(PLACE, expected_shapes)
