"""What wrong spellings of labels may be meant to be: a table to be corrected and applied.

The columns are ``label`` (as it is written), ``count`` (documents with it), ``suggestion``,
``confidence`` (0 to 1, how alike both are; 1: the same but for case, width and blanks) and
``candidates`` (others that may be meant). :mod:`harnn.data.label_fixes` reads label and suggestion.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harnn.config import DataConfig
from harnn.data.files import Location
from harnn.data.label_fixes import LABEL, SUGGESTION
from harnn.data.log import ReadingLog
from harnn.data.reading import read_labelled
from harnn.data.writing import open_rows
from harnn.errors import DocumentError, find_similar
from harnn.taxonomy import Taxonomy
from harnn.taxonomy.spelling import fold

_MOST_SEARCHED = 1_000
"""Unknown labels for which similar ones are looked for: a moment each where labels are many."""
_LONGEST_SEARCHED = 200
_CANDIDATES = 3
_COLUMNS = (LABEL, "count", SUGGESTION, "confidence", "candidates")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An unknown label and what may be meant by it."""

    label: str
    count: int
    """Documents with it."""
    suggestion: str
    """Empty where nothing is similar."""
    confidence: float
    """0 to 1."""
    candidates: tuple[str, ...]
    """Others, the most similar first."""

    def to_row(self) -> dict[str, Any]:
        """Return a row of the table."""
        return {
            LABEL: self.label,
            "count": self.count,
            SUGGESTION: self.suggestion,
            "confidence": f"{self.confidence:.2f}" if self.suggestion else "",
            "candidates": list(self.candidates),
        }


def suggest_fixes(
    paths: Location | Iterable[Location], taxonomy: Taxonomy, config: DataConfig = DataConfig()
) -> list[Suggestion]:
    """Return the labels of documents that are not in a taxonomy, most frequent first.

    What is similar to them is looked for among codes and names, for the first 1,000. Records that
    cannot be used are passed over: :func:`harnn.validate` reports them.

    Raises:
        MissingExtraError: Parquet or zstandard files without their extra.
    """
    log = ReadingLog()
    dropping = dataclasses.replace(config, on_error="drop-labels")
    with contextlib.suppress(DocumentError):
        for _ in read_labelled(paths, dropping, taxonomy, log):
            pass
    unknown = sorted(log.dropped.items(), key=lambda item: (-item[1], item[0]))
    similar = _Similar(taxonomy)
    return [
        similar.suggest(label, count, searched=number < _MOST_SEARCHED)
        for number, (label, count) in enumerate(unknown)
    ]


def write_suggestions(found: Iterable[Suggestion], path: Path | str) -> int:
    """Write the table and return how many labels TSV cannot hold: those with tabs or line breaks.

    Raises:
        InputError: it cannot be written.
    """
    with open_rows(path, DataConfig(labels_field="candidates"), columns=_COLUMNS) as writer:
        for each in found:
            writer.write(each.to_row())
    return writer.flattened


class _Similar:
    """Looks for labels by their codes and names."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._codes: dict[str, str] = {}
        """By spelling, plain ones first."""
        for spellings in (taxonomy.codes, taxonomy.names):
            for spelling, code in zip(spellings, taxonomy.codes, strict=True):
                self._codes.setdefault(spelling, code)
        self._plain: dict[str, set[str]] = {}
        for spelling, code in self._codes.items():
            self._plain.setdefault(fold(spelling), set()).add(code)
        self._spellings = list(self._codes)

    def suggest(self, label: str, count: int, *, searched: bool) -> Suggestion:
        """Return what may be meant by *label*; nothing where it is not searched for."""
        same = sorted(self._plain.get(fold(label), ()))
        found = dict.fromkeys(same, 1.0)
        if not found and searched and len(label) <= _LONGEST_SEARCHED:
            for spelling, likeness in find_similar(label, self._spellings, most=_CANDIDATES + 1):
                found.setdefault(self._codes[spelling], likeness)
        first, *others = found or [""]
        return Suggestion(label, count, first, found.get(first, 0.0), tuple(others[:_CANDIDATES]))
