"""A trained model as a directory of open formats; nothing pickled is ever loaded.

model.safetensors  weights                taxonomy.json   labels, names, edges, version
config.json        settings and shape     tokenizer.json  from text to token ids
decode.json        thresholds             metrics.json    validation report
history.jsonl      one line an epoch      README.md       model card
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from harnn.bundle.card import model_card
from harnn.config import Config
from harnn.data import atomic_directory
from harnn.decode import Decoder
from harnn.errors import BundleError, HarnnError, Problem
from harnn.metrics import Report
from harnn.model import HarnnNetwork, NetworkShape
from harnn.taxonomy import Taxonomy
from harnn.text import Encoder
from harnn.training import FitResult

FORMAT = 1
CHECKPOINTS = "checkpoint"
FILES = (
    "config.json",
    "decode.json",
    "metrics.json",
    "model.safetensors",
    "taxonomy.json",
    "tokenizer.json",
)


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """What a model directory holds, loaded."""

    network: HarnnNetwork
    taxonomy: Taxonomy
    encoder: Encoder
    config: Config
    decoder: Decoder
    report: Report
    label_counts: NDArray[np.int64]
    """(C,) training documents of each label."""


def save_bundle(result: FitResult, directory: str | Path) -> Path:
    """Write the model to a temporary directory and rename it to *directory*.

    Raises:
        InputError: the place holds something else than a model, which stays as it is.
    """
    directory = Path(directory)
    texts = {
        "config.json": _to_json(
            {
                "format": FORMAT,
                "taxonomy": result.taxonomy.version,
                "network": result.network.shape.to_dict(),
                "settings": result.config.to_dict(),
                "label_counts": result.label_counts.tolist(),
            }
        ),
        "taxonomy.json": result.taxonomy.to_json(),
        "tokenizer.json": result.encoder.to_json(),
        "decode.json": _to_json(result.decoder.to_dict()),
        "metrics.json": _to_json(result.report.to_dict()),
        "history.jsonl": result.history.to_json_lines(),
        "README.md": model_card(result),
    }
    directory.parent.mkdir(parents=True, exist_ok=True)
    with atomic_directory(directory, marker=marker_of(directory)) as temporary:
        weights = {k: v.detach().cpu().contiguous() for k, v in result.network.state_dict().items()}
        save_file(weights, temporary / "model.safetensors")
        for name, text in texts.items():
            (temporary / name).write_text(text, encoding="utf-8")
    return directory


def marker_of(directory: Path) -> str:
    """Return the name in *directory* that tells a model or a stopped run from other things."""
    return CHECKPOINTS if (directory / CHECKPOINTS).is_dir() else "config.json"


def load_bundle(
    directory: str | Path, *, segment: Callable[[str], Sequence[str]] | None = None
) -> Bundle:
    """Read a model directory; *segment* as it was given to :func:`harnn.fit`.

    Raises:
        BundleError: files are missing, damaged, of another format version, or do not belong
            together.
    """
    directory = Path(directory)
    _check_files(directory)
    settings = _read_json(directory / "config.json")
    _check_format(directory / "config.json", settings)
    taxonomy = Taxonomy.from_json(_read_text(directory / "taxonomy.json"))
    if taxonomy.version != settings["taxonomy"]:
        raise BundleError(
            Problem(
                str(directory / "taxonomy.json"),
                "is not the taxonomy that the model was trained with: version "
                f"{taxonomy.version[:12]}, expected {settings['taxonomy'][:12]}.",
                "Restore the file or train again.",
            )
        )
    return Bundle(
        network=_load_network(directory, settings, taxonomy),
        taxonomy=taxonomy,
        encoder=Encoder.from_json(
            _read_text(directory / "tokenizer.json"),
            segment=segment,
            where=str(directory / "tokenizer.json"),
        ),
        config=_load_config(directory / "config.json", settings),
        decoder=Decoder.from_dict(
            _read_json(directory / "decode.json"), where=str(directory / "decode.json")
        ),
        report=Report.from_dict(
            _read_json(directory / "metrics.json"), where=str(directory / "metrics.json")
        ),
        label_counts=np.asarray(settings["label_counts"], dtype=np.int64),
    )


def _check_files(directory: Path) -> None:
    if not directory.is_dir():
        raise BundleError(
            Problem(str(directory), "no such model directory.", "Train one with harnn train.")
        )
    missing = [name for name in FILES if not (directory / name).is_file()]
    if not missing:
        return
    if (directory / CHECKPOINTS).is_dir():
        raise BundleError(
            Problem(
                str(directory),
                "training was stopped before it ended;",
                "repeat harnn train with --resume.",
            )
        )
    raise BundleError([Problem(str(directory / name), "the file is missing.") for name in missing])


def _check_format(path: Path, settings: Any) -> None:
    found = settings.get("format") if isinstance(settings, dict) else None
    if found != FORMAT:
        raise BundleError(
            Problem(
                str(path),
                f"has model format {found!r}, this version reads {FORMAT}.",
                "Train again, or install the version of harnn that wrote it.",
            )
        )
    missing = {"taxonomy", "network", "settings", "label_counts"} - settings.keys()
    if missing:
        raise BundleError([Problem(str(path), f"{name} is missing.") for name in sorted(missing)])


def _load_network(directory: Path, settings: dict[str, Any], taxonomy: Taxonomy) -> HarnnNetwork:
    path = directory / "model.safetensors"
    try:
        numbers = settings["network"] | {"level_sizes": tuple(settings["network"]["level_sizes"])}
        shape = NetworkShape(**numbers)
    except (TypeError, KeyError) as error:
        raise BundleError(
            Problem(str(directory / "config.json"), f"the network's shape is damaged: {error}.")
        ) from None
    if shape.labels != len(taxonomy):
        raise BundleError(
            Problem(
                str(directory / "config.json"),
                f"the network has {shape.labels:,} labels, the taxonomy {len(taxonomy):,}.",
            )
        )
    with torch.random.fork_rng(devices=[]):
        network = HarnnNetwork(shape)
    try:
        network.load_state_dict(load_file(path))
    except (SafetensorError, OSError, RuntimeError) as error:
        summary = " ".join(str(error).split())[:300]
        raise BundleError(Problem(str(path), f"is damaged: {summary}.")) from None
    return network.eval()


def _load_config(path: Path, settings: dict[str, Any]) -> Config:
    try:
        return Config.from_dict(settings["settings"], where=str(path))
    except HarnnError as error:
        raise BundleError(Problem("", str(error))) from None


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BundleError(Problem(str(path), f"cannot be read: {error}.")) from None


def _read_json(path: Path) -> Any:
    try:
        return json.loads(_read_text(path))
    except json.JSONDecodeError as error:
        raise BundleError(Problem(f"{path}:{error.lineno}", f"is damaged: {error.msg}.")) from None


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
