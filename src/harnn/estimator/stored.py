"""Trained models as bytes, and kept in a directory for fits to come."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory

from harnn._files import PlaceTakenError, check_writable
from harnn.bundle import Bundle, load_bundle, save_bundle
from harnn.config import Config
from harnn.corpus import content_hash
from harnn.data import Document
from harnn.errors import BundleError, Problem
from harnn.taxonomy import Taxonomy

_MODEL = "model"


def to_files(bundle: Bundle) -> dict[str, bytes]:
    """Return the files of a model directory by name, their checksums among them."""
    with TemporaryDirectory() as home:
        directory = save_bundle(bundle, Path(home) / _MODEL)
        return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


def from_files(files: Mapping[str, bytes]) -> Bundle:
    """Undo :func:`to_files`.

    Raises:
        BundleError: files are missing, damaged or of another format version, or their names lead
            elsewhere.
    """
    with TemporaryDirectory() as home:
        directory = Path(home) / _MODEL
        directory.mkdir()
        for name, content in files.items():
            if PurePath(name).name != name or name in ("", ".", ".."):
                raise BundleError(Problem("", f"{name!r} is no name of a model's file."))
            (directory / name).write_bytes(content)
        return load_bundle(directory)


def trained_once(
    home: str | Path,
    taxonomy: Taxonomy,
    splits: Sequence[Sequence[Document]],
    config: Config,
    train: Callable[[], Bundle],
) -> Bundle:
    """Return what *train* returns, read from *home* where the same was trained before.

    The same are documents, their labels, the taxonomy and its names, and all settings. A model
    that is damaged is trained again.

    Raises:
        InputError: the directory cannot be written; said before anything is trained.
    """
    parts = [taxonomy.to_json(), *(content_hash(list(each)) for each in splits)]
    parts.append(json.dumps(config.to_stored_dict(), sort_keys=True))
    place = Path(home) / hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
    if place.is_dir():
        try:
            return load_bundle(place)
        except BundleError as damage:
            logging.getLogger(__name__).warning("%s: trained again (%s)", place, damage)
    check_writable(place)
    bundle = train()
    with contextlib.suppress(PlaceTakenError):  # by a training that makes the same
        save_bundle(bundle, place)
    return bundle
