"""Read a model directory; nothing pickled is ever loaded, and nothing believed unseen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from harnn._display import reason_of
from harnn._files import parse_model_json, read_model_json, read_model_text
from harnn._optional import check_torch
from harnn._tables import shown
from harnn.branches import (
    Blend,
    Branch,
    ByName,
    Cascade,
    Ensemble,
    LeftOut,
    StoredModel,
    need_torch,
    read_branches,
    read_by_name,
    read_left_out,
)
from harnn.branches.stored import check_finite, held_path
from harnn.bundle import layout
from harnn.bundle.bundle import Bundle
from harnn.bundle.checksums import check_announced, verify_checksums
from harnn.bundle.history import History
from harnn.bundle.provenance import read_provenance
from harnn.bundle.settings import check_settings, read_config, read_label_counts, read_quality
from harnn.decode import Decoder
from harnn.errors import BundleError, ConfigError, Problem, TaxonomyError, cannot_read, nothing_at
from harnn.metrics import LabelQuality, Report
from harnn.taxonomy import Taxonomy
from harnn.text import Tokenizer
from harnn.watching import Figures, figures_from_dict, options_of


def load_bundle(
    directory: str | Path, *, segment: Callable[[str], Sequence[str]] | None = None
) -> Bundle:
    """Read a model directory; *segment* as it was given to :func:`harnn.fit`.

    Raises:
        BundleError: files are missing, damaged, of another format version, or do not belong
            together.
        MissingExtraError: a package that the model needs is not installed.
    """
    directory = Path(directory)
    check_files(directory)
    files, settings = read_settings(directory)
    if not is_light(settings):
        check_torch(f"{directory}: a model that was not exported (harnn export)")
    taxonomy = read_taxonomy(directory, settings)
    tokenizer = Tokenizer.from_json(
        read_model_text(directory / layout.TOKENIZER),
        segment=segment,
        where=str(directory / layout.TOKENIZER),
    )
    counts = settings["label_counts"]
    label_counts = read_label_counts(directory / layout.CONFIG, counts, len(taxonomy))
    decoder, calibration = read_decoding(directory, taxonomy)
    blend, cascade = None, None
    if calibration is not None:
        hierarchy, where = taxonomy.hierarchy, str(directory / layout.DECODE)
        learned = _learned_counts(directory, calibration, label_counts)
        blend = Blend.from_dict(calibration, hierarchy, label_counts=learned, where=where)
        if (plain := calibration.get("cascade")) is not None:
            cascade = Cascade.from_dict(plain, hierarchy, label_counts=learned, where=where)
    arrays = _load_arrays(directory / layout.ARRAYS)
    stored = StoredModel(directory, arrays, settings, is_light(settings), len(tokenizer), files)
    report = read_model_json(directory / layout.METRICS)
    left_out = read_left_out(settings.get("left_out", []), where=stored.settings_path)
    branches = read_branches(stored, taxonomy)
    reads = blend is not None and any(branch.name == "text_vectors" for branch in branches)
    by_name = read_by_name(stored, taxonomy, reads=reads)
    return Bundle(
        ensemble=_join(directory, branches, blend, cascade, left_out, by_name),
        taxonomy=taxonomy,
        tokenizer=tokenizer,
        config=read_config(directory / layout.CONFIG, settings),
        decoder=decoder,
        report=Report.from_dict(report, where=str(directory / layout.METRICS)),
        label_counts=label_counts,
        quality=load_quality(directory, files, len(taxonomy)),
        reference=_load_reference(stored, taxonomy, decoder),
        documents=settings.get("documents", {}),
        contents=settings.get("contents", {}),
        provenance=read_provenance(directory),
        history=_load_history(stored.path_of(layout.HISTORY)),
    )


def is_light(settings: dict[str, Any]) -> bool:
    """Whether a model is computed without PyTorch: exported, or without any network."""
    exported = settings.get("runtime", layout.TORCH) == layout.ONNX
    return exported or not need_torch(settings)


def check_files(directory: Path) -> None:
    """Raises:
    BundleError: there is no model, or files are missing.
    """
    if not directory.is_dir():
        hint = "Train one with harnn train."
        raise BundleError(nothing_at(directory, "no such model directory.", hint))
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


def read_settings(directory: Path) -> tuple[frozenset[str] | None, dict[str, Any]]:
    """Return the files that a model was written with, None in older ones, and its settings.

    Raises:
        BundleError: files were changed after they were written, or the settings are damaged.
    """
    files = verify_checksums(directory)
    path = directory / layout.CONFIG
    settings = read_model_json(path)
    if files is None and isinstance(settings, dict):
        check_announced(directory, settings)
    check_settings(path, settings)
    return files, settings


def read_taxonomy(directory: Path, settings: dict[str, Any]) -> Taxonomy:
    """Return the taxonomy of a model.

    Raises:
        BundleError: it is damaged, or another one than that of the training.
    """
    path = directory / layout.TAXONOMY
    text = read_model_text(path)
    parse_model_json(text, str(path))
    try:
        taxonomy = Taxonomy.from_json(text)
    except TaxonomyError as error:
        problems = [Problem(str(path), f"is damaged: {x.what}", x.hint) for x in error.problems]
        raise BundleError(problems) from None
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


def read_decoding(directory: Path, taxonomy: Taxonomy) -> tuple[Decoder, Any]:
    """Return how a model chooses labels, and its calibration as it is stored.

    Raises:
        BundleError: the file is damaged, or of another taxonomy.
    """
    path = directory / layout.DECODE
    plain = read_model_json(path)
    calibration = plain.pop("calibration", None) if isinstance(plain, dict) else None
    return Decoder.from_dict(plain, where=str(path), hierarchy=taxonomy.hierarchy), calibration


def _load_arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        arrays = load_file(path)
    except OSError as error:
        raise BundleError(cannot_read(path, error)) from None
    except (SafetensorError, KeyError, TypeError, ValueError, OverflowError) as error:
        summary = reason_of(error, 300)
        raise BundleError(Problem(str(path), f"is damaged: {summary}.")) from None
    check_finite(arrays, str(path))
    return arrays


def _join(
    directory: Path,
    branches: tuple[Branch, ...],
    blend: Blend | None,
    cascade: Cascade | None,
    left_out: tuple[LeftOut, ...],
    by_name: ByName | None,
) -> Ensemble:
    try:
        return Ensemble(branches, blend, cascade, left_out, by_name)
    except ValueError as error:
        raise BundleError(Problem(str(directory), f"does not belong together: {error}")) from None


def _learned_counts(
    directory: Path, calibration: Any, label_counts: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the documents (C,) from which the weights of labels were learned, where a model says
    that these are others than those that had the labels: see ``harnn.migration``.
    """
    plain = calibration.get("label_counts") if isinstance(calibration, dict) else None
    if plain is None:
        return label_counts
    if not isinstance(plain, list):
        what = f"label_counts: got {shown(plain)}, expected a list of counts."
        raise BundleError(Problem(str(directory / layout.DECODE), what))
    return read_label_counts(directory / layout.DECODE, plain, len(label_counts))


def load_quality(
    directory: Path, files: frozenset[str] | None, label_count: int
) -> LabelQuality | None:
    """Return how good single labels were; older models do not say.

    files: those that the model was written with, None in older ones.

    Raises:
        BundleError: the file is damaged, or of another number of labels.
    """
    path = held_path(directory, layout.LABELS, files)
    if path is None:
        return None
    return read_quality(path, read_model_json(path), label_count)


def _load_reference(stored: StoredModel, taxonomy: Taxonomy, decoder: Decoder) -> Figures | None:
    """Return the figures of the validation documents; older models have none."""
    if stored.path_of(layout.REFERENCE) is None:
        return None
    where = str(stored.directory / layout.REFERENCE)
    plain = stored.read_json(layout.REFERENCE)
    figures = figures_from_dict(plain, taxonomy.hierarchy, where=where)
    parse_model_json(figures.choosing, where)
    try:
        decoder.with_options(**options_of(figures.choosing))
    except (ConfigError, KeyError, TypeError, ValueError):
        what = f"choosing: got {shown(figures.choosing)}, expected how the model chooses labels."
        raise BundleError(Problem(where, what)) from None
    return figures


def _load_history(path: Path | None) -> History:
    """Return what was told of the epochs; a model can do without."""
    if path is None:
        return History()
    return History.from_json_lines(read_model_text(path), where=str(path))
