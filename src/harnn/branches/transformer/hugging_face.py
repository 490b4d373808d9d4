"""Encoders as the library ``transformers`` computes them; nothing is fetched, no code is run."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from harnn._display import reason_of
from harnn._optional import require
from harnn._quiet import quiet_logger
from harnn.errors import BundleError, ConfigError, Problem
from harnn.network import Dropout

_CODE = ("auto_map", "architectures", "quantization_config")
"""What a configuration may say that is not wanted: code of its own, other kinds of weights."""


def require_transformers() -> Any:
    """Import the library.

    Raises:
        MissingExtraError: it is not installed.
    """
    return require("transformers", extra="transformer", purpose="A transformer encoder")


def load_encoder(directory: Path, config: Mapping[str, Any]) -> nn.Module:
    """Return the encoder of a directory with its pretrained weights, in float32.

    Raises:
        MissingExtraError: the library is not installed.
        ConfigError: the weights are damaged, or of another encoder.
    """
    library = require_transformers()
    where = str(directory / "model.safetensors")
    with _quiet(library), torch.random.fork_rng(devices=[]):
        try:
            network, report = library.AutoModel.from_pretrained(
                directory,
                config=_configuration(library, config),
                local_files_only=True,
                use_safetensors=True,
                trust_remote_code=False,
                dtype=torch.float32,
                output_loading_info=True,
            )
        except Exception as error:  # the library raises no narrower one
            raise ConfigError(Problem(where, f"cannot be used: {reason_of(error, 300)}.")) from None
    missing = sorted(name for name in report["missing_keys"] if not name.startswith("pooler."))
    if missing:
        what = f"is not of this encoder: {missing[0]} is missing"
        more = f", and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        raise ConfigError(Problem(where, f"{what}{more}."))
    return _prepared(network)


def check_weights(path: Path) -> None:
    """Make sure that a file holds weights and is whole; none is read.

    Raises:
        ConfigError: it does not.
    """
    try:
        with safe_open(path, framework="numpy"):
            pass
    except (OSError, SafetensorError) as error:
        raise ConfigError(Problem(str(path), f"is damaged: {reason_of(error, 300)}.")) from None


def encoder_shapes(config: Mapping[str, Any], where: str) -> dict[str, tuple[int, ...]]:
    """Return the shapes of an encoder's weights by name, without memory for them.

    Raises:
        MissingExtraError, BundleError: see :func:`build_encoder`.
    """
    with torch.device("meta"):
        network = build_encoder(config, where)
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def build_encoder(config: Mapping[str, Any], where: str) -> nn.Module:
    """Return an encoder whose weights are not set yet.

    Raises:
        MissingExtraError: the library is not installed.
        BundleError: it knows no such encoder; where: the file that describes it.
    """
    library = require_transformers()
    with _quiet(library), torch.random.fork_rng(devices=[]):
        try:
            network = library.AutoModel.from_config(
                _configuration(library, config), trust_remote_code=False, dtype=torch.float32
            )
        except Exception as error:  # the library raises no narrower one
            raise BundleError(Problem(where, f"cannot be used: {reason_of(error, 300)}.")) from None
    return _prepared(network)


def recompute_states(encoder: Any) -> None:
    """Hold the states between layers alone in training, and compute the others again.

    Raises:
        ConfigError: the encoder cannot.
    """
    for name in ("activation_checkpointing_enable", "gradient_checkpointing_enable"):  # young, old
        if hasattr(encoder, name):
            try:
                getattr(encoder, name)()
            except ValueError as error:
                what = f"this encoder cannot: {reason_of(error, 300)}."
                raise ConfigError(Problem("transformer.recompute", what)) from None
            return


def layer_numbers(encoder: nn.Module) -> dict[str, int]:
    """Return for each parameter how deep it lies: 0 embeddings, 1 the first layer, and so on.

    What belongs to no layer and does not come before the first is as deep as the last one. An
    encoder whose layers cannot be told apart has all its parameters in layer 1.
    """
    config: Any = encoder.config
    count = int(getattr(config, "num_hidden_layers", 0) or 0)
    lists = [
        name
        for name, module in encoder.named_modules()
        if isinstance(module, nn.ModuleList) and len(module) == count
    ]
    names = [name for name, _ in encoder.named_parameters()]
    if not lists:
        return dict.fromkeys(names, 1)
    start = f"{min(lists, key=len)}."
    numbers, reached = {}, 0
    for name in names:
        if name.startswith(start):
            reached = int(name.removeprefix(start).partition(".")[0]) + 1
            numbers[name] = reached
        else:
            numbers[name] = 0 if "embed" in name or not reached else count
    return numbers


def _configuration(library: Any, config: Mapping[str, Any]) -> Any:
    """Return the configuration as the library has it.

    Raises:
        ValueError: it knows no such type.
    """
    plain = {name: value for name, value in config.items() if name not in _CODE}
    kind = plain.pop("model_type")
    if kind not in library.CONFIG_MAPPING:
        raise ValueError(f"transformers {library.__version__} knows no model_type {kind!r}")
    return library.AutoConfig.for_model(kind, **plain)


def _prepared(network: Any) -> nn.Module:
    """Leave out what reads the first state alone, and let dropout be ours, which costs less."""
    if getattr(network, "pooler", None) is not None:
        network.pooler = None
    for module in list(network.modules()):
        for name, child in module.named_children():
            if type(child) is nn.Dropout:
                setattr(module, name, Dropout(child.p))
    network.train()
    found: nn.Module = network
    return found


@contextlib.contextmanager
def _quiet(library: Any) -> Iterator[None]:
    """Let the library say nothing of its own accord."""
    bar = library.utils.logging.is_progress_bar_enabled()
    library.utils.logging.disable_progress_bar()
    try:
        with quiet_logger("transformers", logging.ERROR):
            yield
    finally:
        if bar:
            library.utils.logging.enable_progress_bar()
