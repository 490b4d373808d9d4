"""Write a model directory."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from harnn._files import atomic_directory, write_safetensors
from harnn.branches import Parts, settings_of_nothing
from harnn.bundle import layout
from harnn.bundle.bundle import Bundle, parts_of
from harnn.bundle.card import model_card
from harnn.bundle.checksums import checksums_json, checksums_of
from harnn.bundle.provenance import Provenance, check_names
from harnn.errors import InputError, cannot_write
from harnn.watching import figures_to_dict


def save_bundle(
    bundle: Bundle, directory: str | Path, *, name: str = "", version: str = ""
) -> Path:
    """Write the model to a temporary directory and rename it to *directory*.

    name, version: of the model, for its card and its record; without them those that it has, or
    the name of the directory.

    Raises:
        ConfigError: the name or version is no such thing.
        InputError: the place holds something else than a model, which stays as it is, or cannot be
            written.
    """
    check_names(name, version)
    directory = Path(directory)
    provenance = bundle.provenance
    if provenance is None and (name or version):  # an older model
        provenance = Provenance()
    if provenance is not None:
        provenance = provenance.named(name, version).named_at(directory)
        bundle = dataclasses.replace(bundle, provenance=provenance)
    parts = merge_parts([each.to_parts() for each in parts_of(bundle.ensemble)])
    left_out = [each.to_dict() for each in bundle.ensemble.left_out]
    settings = {
        "format": layout.FORMAT,
        "taxonomy": bundle.taxonomy.version,
        **settings_of_nothing(),
        **parts.settings,
        "settings": bundle.config.to_stored_dict(),
        "label_counts": bundle.label_counts.tolist(),
        "documents": dict(bundle.documents),
        **({"contents": dict(bundle.contents)} if bundle.contents else {}),
        **({"left_out": left_out} if left_out else {}),
        "checksums": True,
    }
    texts = {
        layout.CONFIG: layout.to_json(settings),
        layout.TAXONOMY: bundle.taxonomy.to_json(),
        layout.TOKENIZER: bundle.tokenizer.to_json(),
        layout.DECODE: layout.to_json(_decoding(bundle)),
        layout.METRICS: layout.to_json(bundle.report.to_dict()),
        layout.HISTORY: bundle.history.to_json_lines(),
        layout.CARD: model_card(bundle),
    }
    if bundle.quality is not None:
        texts[layout.LABELS] = json.dumps(bundle.quality.to_dict()) + "\n"
    if bundle.reference is not None:
        texts[layout.REFERENCE] = json.dumps(figures_to_dict(bundle.reference)) + "\n"
    if provenance is not None:
        texts[layout.PROVENANCE] = provenance.to_json()
    files = parts.files | {name: layout.to_bytes(text) for name, text in texts.items()}
    write_directory(directory, Parts(arrays=parts.arrays, files=files))
    return directory


def merge_parts(every: list[Parts]) -> Parts:
    """Put the parts of all branches together."""
    merged = Parts()
    for parts in every:
        merged.arrays.update(parts.arrays)
        merged.settings.update(parts.settings)
        merged.files.update(parts.files)
    return merged


def write_directory(directory: Path, parts: Parts) -> None:
    """Write arrays and files, with their checksums, so that the directory is never half there.

    Raises:
        InputError: the place holds something else than a model, which stays as it is, or cannot be
            written.
    """
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(cannot_write(directory, error)) from None
    with atomic_directory(directory, marker=layout.marker_of(directory)) as temporary:
        write_safetensors(
            lambda path: save_file(parts.arrays, path),
            temporary / layout.ARRAYS,
            shown=directory / layout.ARRAYS,
        )
        for name, content in parts.files.items():
            (temporary / name).write_bytes(content)
        sums = checksums_of(temporary, [layout.ARRAYS, *parts.files])
        (temporary / layout.CHECKSUMS).write_bytes(layout.to_bytes(checksums_json(sums)))


def _decoding(bundle: Bundle) -> dict[str, Any]:
    plain = bundle.decoder.to_dict()
    if bundle.ensemble.blend is not None:
        plain["calibration"] = bundle.ensemble.blend.to_dict()
        learned = bundle.ensemble.blend.label_counts
        if not np.array_equal(learned, bundle.label_counts):
            plain["calibration"]["label_counts"] = learned.tolist()
        if bundle.ensemble.cascade is not None:
            plain["calibration"]["cascade"] = bundle.ensemble.cascade.to_dict()
    return plain
