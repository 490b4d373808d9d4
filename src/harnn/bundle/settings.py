"""What may stand in ``config.json`` and ``labels.json``."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn._tables import shown
from harnn.branches.stored import is_whole
from harnn.bundle import layout
from harnn.config import Config
from harnn.errors import BundleError, HarnnError, Problem
from harnn.metrics import LabelQuality

_LARGEST = 2**53
"""Of a count of documents."""
_NEEDED = ("taxonomy", "networks", "settings", "label_counts")


def check_settings(path: Path, settings: Any) -> None:
    """Make sure that the settings of a model are of this format and of the right types.

    Raises:
        BundleError: they are not; all problems in one report.
    """
    found = settings.get("format") if isinstance(settings, dict) else None
    if found != layout.FORMAT:
        what = f"has model format {shown(found)}, this version reads {layout.FORMAT}."
        hint = "Train again, or install the version of harnn that wrote it."
        raise BundleError(Problem(str(path), what, hint))
    missing = [name for name in sorted(_NEEDED) if name not in settings]
    if missing:
        raise BundleError([Problem(str(path), f"{name} is missing.") for name in missing])
    runtime = settings.get("runtime", layout.TORCH)
    documents, contents = settings.get("documents", {}), settings.get("contents", {})
    checks = {
        "taxonomy": (isinstance(settings["taxonomy"], str), "the SHA-256 of the taxonomy"),
        "settings": (isinstance(settings["settings"], dict), "an object"),
        "label_counts": (isinstance(settings["label_counts"], list), "a list of counts"),
        "runtime": (runtime in (layout.TORCH, layout.ONNX), "'torch' or 'onnx'"),
        "documents": (_are_counts(documents), "an object of counts"),
        "contents": (_are_strings(contents), "an object of SHA-256"),
        "checksums": (settings.get("checksums", True) is True, "true"),
    }
    problems = [
        Problem(str(path), f"{name}: got {shown(settings.get(name))}, expected {expected}.")
        for name, (fits, expected) in checks.items()
        if not fits
    ]
    if problems:
        raise BundleError(problems)


def read_label_counts(path: Path, plain: list[Any], label_count: int) -> NDArray[np.int64]:
    """Return the training documents of each label (C,).

    Raises:
        BundleError: they are no counts, or of another number of labels.
    """
    if len(plain) != label_count:
        what = f"label_counts: got {len(plain):,} numbers, expected {label_count:,}."
        raise BundleError(Problem(str(path), what))
    problems = [
        Problem(str(path), f"label_counts[{number}]: got {shown(value)}, expected a count.")
        for number, value in enumerate(plain)
        if not is_whole(value, 0, _LARGEST)
    ]
    if problems:
        raise BundleError(problems)
    return np.array(plain, dtype=np.int64)


def read_quality(path: Path, plain: Any, label_count: int) -> LabelQuality:
    """Return what a model keeps of single labels.

    Raises:
        BundleError: it is something else, or of another number of labels; all problems at once.
    """
    names = ("hits", "predicted", "true")
    plain = plain if isinstance(plain, dict) else {}
    problems = [
        Problem(
            str(path), f"{name}: got {shown(plain.get(name))}, expected {label_count:,} counts."
        )
        for name in names
        if not _is_list_of(plain.get(name), label_count)
    ]
    if not problems:
        problems = [
            Problem(str(path), f"{name}[{number}]: got {value:,}, less than the hits.")
            for name in names[1:]
            for number, (hits, value) in enumerate(zip(plain["hits"], plain[name], strict=True))
            if value < hits
        ]
    pairs = plain.get("confusions")
    if not _are_confusions(pairs, label_count):
        what = f"confusions: got {shown(pairs)}, expected lists of two labels and two counts, by "
        problems.append(Problem(str(path), f"{what}label."))
    if problems:
        raise BundleError(problems)
    return LabelQuality.from_dict(plain)


def _is_list_of(value: Any, count: int) -> bool:
    return (
        isinstance(value, list)
        and len(value) == count
        and all(is_whole(each, 0, _LARGEST) for each in value)
    )


def _are_confusions(value: Any, label_count: int) -> bool:
    if not isinstance(value, list):
        return False
    fit = all(_is_list_of(each, 4) and max(each[:2]) < label_count for each in value)
    return fit and all(before[0] <= after[0] for before, after in itertools.pairwise(value))


def read_config(path: Path, settings: Mapping[str, Any]) -> Config:
    """Return the settings of the training.

    Raises:
        BundleError: they are none.
    """
    try:
        return Config.from_dict(settings["settings"], where=str(path))
    except HarnnError as error:
        raise BundleError(getattr(error, "problems", str(error))) from None


def _are_counts(value: Any) -> bool:
    return isinstance(value, dict) and all(is_whole(x, 0, _LARGEST) for x in value.values())


def _are_strings(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(x, str) for x in value.values())
