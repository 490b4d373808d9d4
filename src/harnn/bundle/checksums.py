"""SHA-256 of every file of a model directory, so that damage is noticed before it answers.

Everything is covered that the program reads; not README.md, which people may edit, and not
provenance.json, which has its own. Directories of older versions have no such file and are read
without it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from harnn._files import read_model_json
from harnn._tables import shown
from harnn.bundle import layout
from harnn.errors import BundleError, Problem, cannot_read

_FORMAT = 1
_UNCOVERED = (layout.CARD, layout.PROVENANCE)
_LENGTH = 64
"""Of a SHA-256 in hexadecimal digits."""
_CHANGED = "was changed after it was written (its SHA-256 differs)."
_RESTORE = "Restore it or train again."


def checksums_of(directory: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of files of a directory, but of those that are not covered."""
    return {name: _sha256(directory / name) for name in sorted(names) if name not in _UNCOVERED}


def checksums_json(checksums: Mapping[str, str]) -> str:
    """Return what stands in checksums.json, with the SHA-256 of the list itself."""
    plain = {"format": _FORMAT, "sha256": dict(checksums), "list": _sha256_of_list(checksums)}
    return layout.to_json(plain)


def read_checksums(directory: Path) -> dict[str, str] | None:
    """Return the SHA-256 by the name of the file; None in a directory without them.

    Raises:
        BundleError: the file is damaged.
    """
    path = directory / layout.CHECKSUMS
    if not path.exists():
        return None
    plain = read_model_json(path)
    sums = plain.get("sha256") if isinstance(plain, dict) else None
    if not isinstance(sums, dict) or not all(map(_is_sha256, sums.values())):
        raise BundleError(Problem(str(path), "is damaged: expected the SHA-256 of each file."))
    if plain.get("format") != _FORMAT:
        what = f"has format {shown(plain.get('format'))}, expected {_FORMAT}."
        raise BundleError(Problem(str(path), what))
    if plain.get("list") != _sha256_of_list(sums):
        raise BundleError(Problem(str(path), _CHANGED, _RESTORE))
    return sums


def verify_checksums(directory: Path) -> frozenset[str] | None:
    """Make sure that all files are what was written, and return their names.

    Returns None for a directory without checksums.

    Raises:
        BundleError: files were changed or are missing, all of them in one report.
    """
    sums = read_checksums(directory)
    if sums is None:
        return None
    problems = [_problem(directory / name, found) for name, found in sums.items()]
    problems += [
        Problem(str(directory / layout.CHECKSUMS), f"is damaged: it does not list {name}.")
        for name in layout.FILES
        if name not in sums
    ]
    wrong = [problem for problem in problems if problem is not None]
    if wrong:
        raise BundleError(wrong)
    return frozenset(sums)


def check_announced(directory: Path, settings: Mapping[str, Any]) -> None:
    """Refuse a model that was written with checksums and has none.

    Raises:
        BundleError: checksums.json is missing.
    """
    if settings.get("checksums", False) is not False:
        path = str(directory / layout.CHECKSUMS)
        raise BundleError(Problem(path, "the file is missing.", _RESTORE))


def _sha256_of_list(checksums: Mapping[str, str]) -> str:
    text = json.dumps(checksums, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _problem(path: Path, sha256: str) -> Problem | None:
    if not path.is_file():
        return Problem(str(path), "the file is missing.")
    if _sha256(path) == sha256:
        return None
    hint = _RESTORE
    if path.name == layout.DECODE:
        hint = "Restore it; harnn.bundle.change_decoding changes thresholds."
    return Problem(str(path), _CHANGED, hint)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BundleError(cannot_read(path, error)) from None


def _is_sha256(value: Any) -> bool:
    return isinstance(value, str) and len(value) == _LENGTH
