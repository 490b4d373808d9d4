"""Read a model directory; nothing pickled is ever loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from harnn._files import read_model_json, read_model_text
from harnn.branches import Blend, Ensemble, StoredModel, read_branches, settings_of_nothing
from harnn.bundle import layout
from harnn.bundle.bundle import Bundle
from harnn.bundle.history import History
from harnn.config import Config
from harnn.decode import Decoder
from harnn.errors import BundleError, HarnnError, Problem
from harnn.metrics import Report
from harnn.taxonomy import Taxonomy
from harnn.text import Tokenizer


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
    settings = read_model_json(directory / layout.CONFIG)
    _check_format(directory / layout.CONFIG, settings)
    taxonomy = _load_taxonomy(directory, settings)
    label_counts = np.asarray(settings["label_counts"], dtype=np.int64)
    decoding = read_model_json(directory / layout.DECODE)
    calibration = decoding.pop("calibration", None) if isinstance(decoding, dict) else None
    return Bundle(
        ensemble=_load_ensemble(directory, settings, calibration, taxonomy, label_counts),
        taxonomy=taxonomy,
        tokenizer=Tokenizer.from_json(
            read_model_text(directory / layout.TOKENIZER),
            segment=segment,
            where=str(directory / layout.TOKENIZER),
        ),
        config=_load_config(directory / layout.CONFIG, settings),
        decoder=Decoder.from_dict(
            decoding, where=str(directory / layout.DECODE), hierarchy=taxonomy.hierarchy
        ),
        report=Report.from_dict(
            read_model_json(directory / layout.METRICS), where=str(directory / layout.METRICS)
        ),
        label_counts=label_counts,
        documents=settings.get("documents", {}),
        history=_load_history(directory / layout.HISTORY),
    )


def is_light(settings: dict[str, Any]) -> bool:
    """Whether a model is computed without PyTorch: exported, or without any network."""
    exported = settings.get("runtime", layout.TORCH) == layout.ONNX
    return exported or not any(settings.get(name) for name in settings_of_nothing())


def _check_files(directory: Path) -> None:
    if not directory.is_dir():
        raise BundleError(
            Problem(str(directory), "no such model directory.", "Train one with harnn train.")
        )
    missing = [name for name in layout.FILES if not (directory / name).is_file()]
    if not missing:
        return
    if (directory / layout.CHECKPOINTS).is_dir():
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
    if found != layout.FORMAT:
        raise BundleError(
            Problem(
                str(path),
                f"has model format {found!r}, this version reads {layout.FORMAT}.",
                "Train again, or install the version of harnn that wrote it.",
            )
        )
    missing = {"taxonomy", "networks", "settings", "label_counts"} - settings.keys()
    if missing:
        raise BundleError([Problem(str(path), f"{name} is missing.") for name in sorted(missing)])
    runtime, choices = settings.get("runtime", layout.TORCH), (layout.TORCH, layout.ONNX)
    if runtime not in choices:
        what = f"runtime: got {runtime!r}, expected {' or '.join(map(repr, choices))}."
        raise BundleError(Problem(str(path), what))


def _load_taxonomy(directory: Path, settings: dict[str, Any]) -> Taxonomy:
    path = directory / layout.TAXONOMY
    taxonomy = Taxonomy.from_json(read_model_text(path))
    if taxonomy.version != settings["taxonomy"]:
        raise BundleError(
            Problem(
                str(path),
                "is not the taxonomy that the model was trained with: version "
                f"{taxonomy.version[:12]}, expected {settings['taxonomy'][:12]}.",
                "Restore the file or train again.",
            )
        )
    return taxonomy


def _load_ensemble(
    directory: Path,
    settings: dict[str, Any],
    calibration: Any,
    taxonomy: Taxonomy,
    label_counts: NDArray[np.int64],
) -> Ensemble:
    path = directory / layout.ARRAYS
    try:
        arrays = load_file(path)
    except (SafetensorError, OSError) as error:
        summary = " ".join(str(error).split())[:300]
        raise BundleError(Problem(str(path), f"is damaged: {summary}.")) from None
    stored = StoredModel(directory, arrays, settings, is_light(settings))
    branches = read_branches(stored, taxonomy)
    blend = None
    if calibration is not None:
        blend = Blend.from_dict(
            calibration,
            taxonomy.hierarchy,
            label_counts=label_counts,
            where=str(directory / layout.DECODE),
        )
    try:
        return Ensemble(branches, blend)
    except ValueError as error:
        raise BundleError(Problem(str(directory), f"does not belong together: {error}")) from None


def _load_history(path: Path) -> History:
    """Return what was told of the epochs; a model can do without."""
    if not path.is_file():
        return History()
    return History.from_json_lines(read_model_text(path), where=str(path))


def _load_config(path: Path, settings: dict[str, Any]) -> Config:
    try:
        return Config.from_dict(settings["settings"], where=str(path))
    except HarnnError as error:
        raise BundleError(Problem("", str(error))) from None
