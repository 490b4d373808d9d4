"""Change how a model chooses labels, for good."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

from harnn._files import atomic_directory, only_writer
from harnn.bundle import layout
from harnn.bundle.card import with_origin
from harnn.bundle.checksums import checksums_json, checksums_of, read_checksums
from harnn.bundle.fingerprint import fingerprint
from harnn.bundle.info import ModelInfo
from harnn.bundle.load import check_files, read_decoding, read_settings, read_taxonomy
from harnn.bundle.provenance import ProvenanceStep, read_provenance
from harnn.decode import DecodeOptions, Decoder


def change_decoding(model: str | Path | ModelInfo, **options: Unpack[DecodeOptions]) -> Decoder:
    """Let a model choose labels otherwise from now on, and return how.

    model: its directory, or what :func:`harnn.model_info` returned, which has checked its files.
    options: as at prediction; what was tuned for each level and label is kept. The file, its
    checksum, the record and the card change together, in one step; all other files stay as they
    are.

    Raises:
        BundleError: the model is damaged, or its files were changed after they were written.
        ConfigError: options exclude each other, or the model lacks what a strategy needs.
        InputError: the directory cannot be written.
        ValueError: an option is out of range.
    """
    if isinstance(model, ModelInfo):
        directory = model.directory
    else:
        directory = Path(model)
        check_files(directory)
    with only_writer(directory):
        _, settings = read_settings(directory)
        decoder, calibration = read_decoding(directory, read_taxonomy(directory, settings))
        decoder = decoder.with_options(**options)
        plain = decoder.to_dict()
        if calibration is not None:
            plain["calibration"] = calibration
        files = {layout.DECODE: layout.to_json(plain)}
        provenance = read_provenance(directory)
        if provenance is not None:
            step = ProvenanceStep.now("decoding", parent=fingerprint(directory))
            provenance = provenance.then(step)
            files[layout.PROVENANCE] = provenance.to_json()
            if (card := directory / layout.CARD).is_file():
                text = card.read_bytes().decode("utf-8", "replace")
                files[layout.CARD] = with_origin(text, provenance)
        _replace(directory, files)
    return decoder


def _replace(directory: Path, files: Mapping[str, str]) -> None:
    """Put a copy of the model, whose other files are the same ones, in its place."""
    sums = read_checksums(directory)
    with atomic_directory(directory, marker=layout.CONFIG) as temporary:
        shutil.copytree(
            directory,
            temporary,
            symlinks=True,
            ignore=shutil.ignore_patterns(*files, layout.CHECKSUMS),
            copy_function=_link,
            dirs_exist_ok=True,
        )
        for name, text in files.items():
            (temporary / name).write_bytes(layout.to_bytes(text))
        if sums is not None:
            sums |= checksums_of(temporary, [layout.DECODE])
            (temporary / layout.CHECKSUMS).write_bytes(layout.to_bytes(checksums_json(sums)))


def _link(source: str, target: str, **_options: Any) -> None:
    """Give a file a second name, or copy it where the system cannot."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
