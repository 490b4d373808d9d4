"""Where the branch of a transformer encoder is stored; no torch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harnn._tables import shown
from harnn.branches.branch import Branch
from harnn.branches.stored import StoredModel, is_number, is_whole
from harnn.branches.transformer.encoder import check_encoder, size_of
from harnn.branches.transformer.pieces import PieceTokenizer, read_piece_tokenizer
from harnn.errors import BundleError, Problem
from harnn.taxonomy import Taxonomy

Shapes = dict[str, tuple[int, ...]]
"""By the name of an array."""
PLACE = "transformer"
"""Of its arrays, and the name of its shape among the settings."""
GRAPH_FILE = "transformer.onnx"
"""Of an exported model."""
HEAD_FILE = "transformer_head.onnx"
"""Of an exported model whose head is no mean."""
CONFIG_FILE, TOKENIZER_FILE = "transformer_config.json", "transformer_tokenizer.json"
_LARGEST = 2**31 - 1
_ORIGIN = ("name", "sha256", "licence")


@dataclass(frozen=True)
class StoredTransformer:
    """The branch as a model directory describes it."""

    shape: Mapping[str, Any]
    """The fields of a ``TransformerShape``."""
    origin: Mapping[str, str]
    encoder_config: Mapping[str, Any]
    config_path: str
    tokenizer: PieceTokenizer
    tokenizer_json: str


def read_transformer(stored: StoredModel, taxonomy: Taxonomy) -> Branch | None:
    """Read the branch; None where the model has none.

    Raises:
        BundleError, MissingExtraError: see :class:`harnn.branches.Branch`.
    """
    if stored.settings.get(PLACE) is None:
        return None
    if stored.light:
        from harnn.branches.transformer.exported import ExportedTransformerBranch

        return ExportedTransformerBranch.from_parts(stored, taxonomy)
    from harnn.branches.transformer.branch import TransformerBranch

    return TransformerBranch.from_parts(stored, taxonomy)


def read_stored(stored: StoredModel, taxonomy: Taxonomy) -> StoredTransformer:
    """Read all but the arrays, and believe none of it unseen.

    Raises:
        BundleError: it is damaged, or of another taxonomy.
    """
    plain = stored.settings[PLACE]
    problems = list(_problems(plain, taxonomy))
    if problems:
        start = "the shape of the transformer branch is damaged: "
        raise BundleError([Problem(stored.settings_path, f"{start}{x}") for x in problems])
    paths = {name: str(stored.directory / name) for name in (CONFIG_FILE, TOKENIZER_FILE)}
    missing = [path for name, path in paths.items() if stored.path_of(name) is None]
    if missing:
        raise BundleError([Problem(path, "the file is missing.") for path in missing])
    config, text = stored.read_json(CONFIG_FILE), stored.read_text(TOKENIZER_FILE)
    check_encoder(config, text, paths[CONFIG_FILE], paths[TOKENIZER_FILE])
    if size_of(config, "hidden_size") != plain["hidden_size"]:
        what = f"hidden_size: got {size_of(config, 'hidden_size'):,}, expected "
        raise BundleError(Problem(paths[CONFIG_FILE], f"{what}{plain['hidden_size']:,}."))
    shape = {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items() if k != "encoder"}
    tokenizer = read_piece_tokenizer(text, paths[TOKENIZER_FILE])
    return StoredTransformer(shape, plain["encoder"], config, paths[CONFIG_FILE], tokenizer, text)


def head_shapes(shape: Mapping[str, Any]) -> Shapes:
    """Return the shapes of the head's weights by name; shape: fields of a ``TransformerShape``."""
    size, levels = shape["hidden_size"], shape["level_sizes"]
    if shape.get("head", "mean") == "mean":
        return dict(_layer("predict", sum(levels), size))
    space, features = shape["attention_size"], shape["fc_size"]
    found = {
        **_layer("global_hidden", features, len(levels) * features),
        **_layer("highway.transform", features, features),
        **_layer("highway.gate", features, features),
        **_layer("global_predict", sum(levels), features),
    }
    for number, labels in enumerate(levels):
        level = f"levels.{number}"
        found |= {
            f"{level}.mixing": (),
            f"{level}.read_out": (labels, size),
            f"{level}.attend.labels": (labels, space),
            f"{level}.attend.project.weight": (space, size),
            **_layer(f"{level}.hidden", features, 3 * size),
            **_layer(f"{level}.predict", labels, features),
        }
    return found


def _layer(name: str, outputs: int, inputs: int) -> Shapes:
    return {f"{name}.weight": (outputs, inputs), f"{name}.bias": (outputs,)}


def check_arrays(stored: StoredModel, shape: Mapping[str, Any], inside: Shapes) -> None:
    """Make sure that the weights have the sizes of the network, before memory is taken for it.

    inside: the shapes of the encoder's weights.

    Raises:
        BundleError: some are missing, or of another type or shape; the first is named.
    """
    arrays = stored.under(PLACE)
    expected = {f"encoder.{name}": sizes for name, sizes in inside.items()} | head_shapes(shape)
    problems = [f"{PLACE}.{name} is missing." for name in expected if name not in arrays]
    problems += [f"{PLACE}.{name} belongs to nothing." for name in arrays if name not in expected]
    problems += [
        f"{PLACE}.{name} is {arrays[name].dtype} of shape {arrays[name].shape}, expected float16 "
        f"or float32 of shape {sizes}."
        for name, sizes in expected.items()
        if name in arrays
        and (arrays[name].shape != sizes or arrays[name].dtype not in (np.float16, np.float32))
    ]
    if problems:
        more = f" {len(problems) - 1:,} more of this kind." if len(problems) > 1 else ""
        raise BundleError(Problem(stored.arrays_path, f"is damaged: {problems[0]}{more}"))


def _problems(plain: Any, taxonomy: Taxonomy) -> Iterator[str]:
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
    if plain.get("head") == "hierarchical":
        for name in _YOUNGER - plain.keys():
            yield f"{name} is missing."
        for name in ("attention_size", "fc_size"):
            if plain.get(name) == 0:
                yield f"{name}: got 0, expected a size."
    levels, sizes = plain.get("level_sizes"), list(taxonomy.hierarchy.level_sizes)
    if isinstance(levels, list) and levels != sizes:
        yield f"level_sizes: got {shown(levels)}, expected {shown(sizes)}, as the taxonomy has."
    if all(_are_ids(plain.get(name)) for name in ("before", "after")):
        around = len(plain["before"]) + len(plain["after"])
        if _is_size(plain.get("tokens")) and plain["tokens"] <= around:
            yield f"tokens: got {plain['tokens']}, expected more than {around}."


def _is_size(value: Any) -> bool:
    return is_whole(value, 1, _LARGEST)


def _are_ids(value: Any) -> bool:
    return isinstance(value, list) and all(is_whole(x, 0, _LARGEST) for x in value)


def _is_origin(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == set(_ORIGIN)
        and all(isinstance(x, str) for x in value.values())
    )


_SIZE = (_is_size, "a size")
_SIZE_OR_NONE = (lambda value: is_whole(value, 0, _LARGEST), "a size, or 0")
_IDS = (_are_ids, "a list of ids")
_FITS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "hidden_size": _SIZE,
    "level_sizes": (lambda value: isinstance(value, list), "a list"),
    "tokens": _SIZE,
    "windows": _SIZE,
    "before": _IDS,
    "after": _IDS,
    "padding_id": (lambda value: is_whole(value, 0, _LARGEST), "an id"),
    "dropout": (lambda value: is_number(value, 0, 1), "0 to 1"),
    "head": (lambda value: value in ("mean", "hierarchical"), "mean or hierarchical"),
    "attention_size": _SIZE_OR_NONE,
    "fc_size": _SIZE_OR_NONE,
    "alpha": (lambda value: is_number(value, 0, 1), "0 to 1"),
    "encoder": (_is_origin, f"an object of {', '.join(_ORIGIN)}"),
}
_YOUNGER = {"head", "attention_size", "fc_size", "alpha"}
"""What the first models do not have: their head is ``mean``."""
