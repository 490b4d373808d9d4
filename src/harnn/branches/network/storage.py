"""Where the networks of a model are stored; no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from harnn._tables import shown
from harnn.branches.branch import Branch
from harnn.branches.stored import StoredModel, is_number, is_whole
from harnn.errors import BundleError, Problem
from harnn.taxonomy import Taxonomy

SETTING = "networks"
"""Their shapes, a list."""


def arrays_place(number: int) -> str:
    """Return the name of the arrays of the network that is *number*, counted from 1."""
    return f"network.{number}"


def graph_file(number: int) -> str:
    """Return the file of the exported network that is *number*, counted from 1."""
    return f"network-{number}.onnx"


def read_network(stored: StoredModel, taxonomy: Taxonomy) -> Branch | None:
    """Read the networks of a model with what is to compute them; None where there are none.

    Raises:
        BundleError, MissingExtraError: see :class:`harnn.branches.Branch`.
    """
    if stored.settings[SETTING] == []:
        return None
    if stored.light:
        from harnn.branches.network.exported import ExportedNetworkBranch

        return ExportedNetworkBranch.from_parts(stored, taxonomy)
    from harnn.branches.network.branch import NetworkBranch

    return NetworkBranch.from_parts(stored, taxonomy)


def read_shapes(stored: StoredModel, taxonomy: Taxonomy) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield number, from 1, and shape of each network: the fields of a ``NetworkShape``.

    Raises:
        BundleError: there is no list of them, or one is no shape of a network for this taxonomy.
    """
    shapes = stored.settings[SETTING]
    if not isinstance(shapes, list):
        what = f"{SETTING}: got {shown(shapes)}, expected a list of shapes."
        raise BundleError(Problem(stored.settings_path, what))
    for number, plain in enumerate(shapes, start=1):
        problems = list(_shape_problems(plain, stored, taxonomy))
        if problems:
            raise BundleError([Problem(stored.settings_path, f"{_DAMAGED}{x}") for x in problems])
        yield number, plain | {"level_sizes": tuple(plain["level_sizes"])}


def check_sizes(stored: StoredModel, number: int, shape: Mapping[str, Any]) -> None:
    """Make sure that a network has the size of its arrays, before memory is taken for it.

    Raises:
        BundleError: it has not.
    """
    state, space, features = (shape[f"{x}_size"] for x in ("lstm", "attention", "fc"))
    size, levels = shape["embedding_size"], shape["level_sizes"]
    if shape.get("encoder", "lstm") == "lstm":
        encoder = {"encoder.forward_lstm.weight_hh_l0": (4 * state, state)}
    else:
        encoder = {"encoder.project.weight": (4 * state, size)}
    expected: dict[str, tuple[int, ...]] = {
        "embedding.weight": (shape["vocabulary_size"], size),
        **encoder,
        "levels.0.attend.project.weight": (space, 2 * state),
        "global_hidden.weight": (features, len(levels) * features),
        "global_predict.weight": (sum(levels), features),
    }
    stored.check_shapes(arrays_place(number), expected)


def graph_path(stored: StoredModel, number: int) -> Path:
    """Return the path of an exported network."""
    return stored.directory / graph_file(number)


def _shape_problems(plain: Any, stored: StoredModel, taxonomy: Taxonomy) -> Iterator[str]:
    if not isinstance(plain, dict):
        yield f"got {shown(plain)}, expected an object."
        return
    for name in plain.keys() - _FITS.keys():
        yield f"unknown key {name!r}."
    for name, (fits, expected) in _FITS.items():
        if name not in plain:
            if name not in _YOUNGER:
                yield f"{name} is missing."
        elif not fits(plain[name]):
            yield f"{name}: got {shown(plain[name])}, expected {expected}."
    levels = plain.get("level_sizes")
    if isinstance(levels, list) and levels != list(taxonomy.hierarchy.level_sizes):
        sizes = list(taxonomy.hierarchy.level_sizes)
        yield f"level_sizes: got {shown(levels)}, expected {shown(sizes)}, as the taxonomy has."
    words, known = plain.get("vocabulary_size"), stored.word_count
    if known is not None and _is_size(words) and words != known:
        yield f"vocabulary_size: got {words:,}, expected {known:,}, as the tokenizer has."


def _is_size(value: Any) -> bool:
    return is_whole(value, 1, _LARGEST)


def _is_share(value: Any) -> bool:
    return is_number(value, 0, 1)


_DAMAGED = "the network's shape is damaged: "
_LARGEST = 2**31 - 1
_SIZE = (_is_size, "a size")
_SHARE = (_is_share, "0 to 1")
_FITS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "mode": (lambda value: value in ("harnn", "paper"), "harnn or paper"),
    **{f"{name}_size": _SIZE for name in ("vocabulary", "embedding", "lstm", "attention", "fc")},
    "level_sizes": (lambda value: isinstance(value, list), "a list"),
    **dict.fromkeys(("dropout", "embedding_dropout", "alpha"), _SHARE),
    "encoder": (lambda value: value in ("lstm", "mingru"), "lstm or mingru"),
    "max_constraint": (lambda value: isinstance(value, bool), "true or false"),
}
_YOUNGER = {"encoder", "max_constraint"}
"""What the first models do not have."""
