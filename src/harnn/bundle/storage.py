"""A trained model as a directory of open formats; nothing pickled is ever loaded.

model.safetensors  weights of all branches   taxonomy.json   labels, names, edges, version
config.json        settings and shapes       tokenizer.json  from text to token ids
linear.json        words, pieces of words    decode.json     thresholds, calibration
history.jsonl      one line an epoch         metrics.json    validation report
README.md          model card

A model exported to ONNX (``"runtime": "onnx"`` in config.json) has ``network-1.onnx`` and so on for
its networks and is read without PyTorch.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from harnn.blend import Blend
from harnn.branches import Branches
from harnn.bundle.card import model_card
from harnn.bundle.parts import (
    pack_shapes,
    pack_weights,
    unpack_linear,
)
from harnn.config import Config
from harnn.data import atomic_directory
from harnn.decode import Decoder
from harnn.errors import BundleError, HarnnError, Problem
from harnn.metrics import Report
from harnn.taxonomy import Taxonomy
from harnn.text import Encoder, preload_sentences

if TYPE_CHECKING:
    from harnn.training import FitResult

FORMAT = 3
CHECKPOINTS = "checkpoint"
TORCH, ONNX = "torch", "onnx"
"""What computes the networks of a model."""
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

    model: Branches
    taxonomy: Taxonomy
    encoder: Encoder
    config: Config
    decoder: Decoder
    report: Report
    label_counts: NDArray[np.int64]
    """(C,) training documents of each label."""
    documents: Mapping[str, int] = field(default_factory=dict)
    """Counts of documents by split, as in :class:`harnn.FitResult`; older models have none."""


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
                "networks": pack_shapes(result.model),
                "sentence": result.model.sentence and result.model.sentence.shape.to_dict(),
                "settings": result.config.to_dict(),
                "label_counts": result.label_counts.tolist(),
                "documents": result.documents,
            }
        ),
        "taxonomy.json": result.taxonomy.to_json(),
        "tokenizer.json": result.encoder.to_json(),
        "decode.json": _to_json(_decoding(result)),
        "metrics.json": _to_json(result.report.to_dict()),
        "history.jsonl": result.history.to_json_lines(),
        "README.md": model_card(result),
    }
    if result.model.linear is not None:
        texts["linear.json"] = result.model.linear.to_parts()[1]
    directory.parent.mkdir(parents=True, exist_ok=True)
    with atomic_directory(directory, marker=marker_of(directory)) as temporary:
        save_file(pack_weights(result.model), temporary / "model.safetensors")
        for name, text in texts.items():
            (temporary / name).write_text(text, encoding="utf-8")
    return directory


def _decoding(result: FitResult) -> dict[str, Any]:
    plain = result.decoder.to_dict()
    if result.model.blend is not None:
        plain["calibration"] = result.model.blend.to_dict()
    return plain


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
    if settings.get("sentence") is not None:
        preload_sentences()
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
    label_counts = np.asarray(settings["label_counts"], dtype=np.int64)
    decoding = _read_json(directory / "decode.json")
    calibration = decoding.pop("calibration", None) if isinstance(decoding, dict) else None
    return Bundle(
        model=_load_model(directory, settings, calibration, taxonomy, label_counts),
        taxonomy=taxonomy,
        encoder=Encoder.from_json(
            _read_text(directory / "tokenizer.json"),
            segment=segment,
            where=str(directory / "tokenizer.json"),
        ),
        config=_load_config(directory / "config.json", settings),
        decoder=Decoder.from_dict(
            decoding,
            where=str(directory / "decode.json"),
            labels=len(taxonomy),
            levels=len(taxonomy.level_slices),
        ),
        report=Report.from_dict(
            _read_json(directory / "metrics.json"), where=str(directory / "metrics.json")
        ),
        label_counts=label_counts,
        documents=settings.get("documents", {}),
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
    missing = {"taxonomy", "networks", "settings", "label_counts"} - settings.keys()
    if missing:
        raise BundleError([Problem(str(path), f"{name} is missing.") for name in sorted(missing)])


def _load_model(
    directory: Path,
    settings: dict[str, Any],
    calibration: Any,
    taxonomy: Taxonomy,
    label_counts: NDArray[np.int64],
) -> Branches:
    path, config = directory / "model.safetensors", directory / "config.json"
    try:
        arrays = load_file(path)
    except (SafetensorError, OSError) as error:
        summary = " ".join(str(error).split())[:300]
        raise BundleError(Problem(str(path), f"is damaged: {summary}.")) from None
    linear, blend = None, None
    if (directory / "linear.json").exists():
        words = _read_json(directory / "linear.json")
        linear = unpack_linear(
            arrays, words, labels=len(taxonomy), where=str(directory / "linear.json")
        )
    if calibration is not None:
        blend = Blend.from_dict(
            calibration,
            edges=taxonomy.edges,
            levels=taxonomy.levels,
            label_counts=label_counts,
            where=str(directory / "decode.json"),
        )
    runtime = settings.get("runtime", TORCH)
    if runtime not in (TORCH, ONNX):
        what = f"runtime: got {runtime!r}, expected {TORCH!r} or {ONNX!r}."
        raise BundleError(Problem(str(config), what))
    read: Callable[..., Branches]
    if runtime == ONNX or not (settings["networks"] or settings.get("sentence")):
        from harnn.bundle.light_parts import read_branches as read
    else:
        from harnn.bundle.torch_parts import read_branches as read
    try:
        return read(directory, settings, arrays, taxonomy=taxonomy, linear=linear, blend=blend)
    except ValueError as error:
        raise BundleError(Problem(str(directory), f"does not belong together: {error}")) from None


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
