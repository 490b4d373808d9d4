"""What wrong spellings of labels may be meant to be: a table to be corrected and applied.

The columns are ``label`` (as it is written), ``count`` (documents with it), ``suggestion`` (a
code, or a list of codes where several labels stand in one cell), ``name`` (of what is suggested),
``confidence`` (0 to 1, how alike both are; 1: the same but for case, width and blanks) and
``candidates`` (others that may be meant). :mod:`harnn.data.label_fixes` reads label and suggestion.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harnn._display import json_text
from harnn.config import DataConfig
from harnn.data.files import Location
from harnn.data.label_checker import LabelChecker
from harnn.data.label_fixes import LABEL, SUGGESTION
from harnn.data.log import ReadingLog
from harnn.data.reading import read_labelled
from harnn.data.writing import open_rows
from harnn.errors import DocumentError
from harnn.taxonomy import Taxonomy
from harnn.taxonomy.near_labels import NearLabel

_MOST_SEARCHED = 1_000
"""Unknown labels for which similar ones are looked for: a moment each where labels are many."""
_CANDIDATES = 3
_COLUMNS = (LABEL, "count", SUGGESTION, "name", "confidence", "candidates")
_BETWEEN_NAMES = "; "


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An unknown label and what may be meant by it."""

    label: str
    count: int
    """Documents with it."""
    suggestion: str
    """A code; empty where nothing is similar."""
    confidence: float
    """0 to 1."""
    candidates: tuple[str, ...]
    """Others, the most similar first."""
    name: str = ""
    """Of what is suggested."""
    parts: tuple[str, ...] = ()
    """Codes, where what is written seems to be several labels; ``suggestion`` is a list of them."""
    separator: str = ""
    """What stands between these."""

    def to_row(self) -> dict[str, Any]:
        """Return a row of the table."""
        return {
            LABEL: self.label,
            "count": self.count,
            SUGGESTION: self.suggestion,
            "name": self.name,
            "confidence": f"{self.confidence:.2f}" if self.suggestion else "",
            "candidates": list(self.candidates),
        }


def suggest_fixes(
    paths: Location | Iterable[Location], taxonomy: Taxonomy, config: DataConfig = DataConfig()
) -> list[Suggestion]:
    """Return the labels of documents that are not in a taxonomy, most frequent first.

    What is similar to them is looked for among codes, names, other names and notations, for the
    first 1,000; where one seems to be several labels, for each of them. Records that cannot be used
    are passed over: :func:`harnn.validate` reports them.

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
        self._taxonomy = taxonomy
        self._checker = LabelChecker(taxonomy)

    def suggest(self, label: str, count: int, *, searched: bool) -> Suggestion:
        """Return what may be meant by *label*; nothing where it is not searched for."""
        near = self._taxonomy.near.same(label)[: _CANDIDATES + 1]
        if near or not searched:
            return self._suggest_one(label, count, near)
        separator, parts = self._checker.split(label)
        if parts:
            return self._suggest_parts(label, count, separator, parts)
        one = self._suggest_one(label, count, self._taxonomy.near.find(label, most=_CANDIDATES + 1))
        separator, parts = self._checker.split(label, nearly=True)
        several = self._suggest_parts(label, count, separator, parts) if parts else one
        return one if one.confidence >= several.confidence else several

    def _suggest_one(self, label: str, count: int, near: Sequence[NearLabel]) -> Suggestion:
        if not near:
            return Suggestion(label, count, "", 0.0, ())
        first, *others = (self._taxonomy.codes[each.column] for each in near)
        name = self._taxonomy.names[near[0].column]
        return Suggestion(label, count, first, near[0].likeness, tuple(others), name)

    def _suggest_parts(
        self, label: str, count: int, separator: str, parts: Sequence[str]
    ) -> Suggestion:
        found: dict[str, float] = {}
        for part in parts:
            if code := self._checker.code_of(part):
                found[code] = 1.0
            elif near := self._taxonomy.near.find(part):
                found[self._taxonomy.codes[near[0].column]] = near[0].likeness
        codes = tuple(found)
        names = _BETWEEN_NAMES.join(
            self._taxonomy.names[self._taxonomy.index[code]] for code in codes
        )
        return Suggestion(
            label,
            count,
            json_text(list(codes)) if len(codes) > 1 else codes[0],
            min(found.values()),
            (),
            names,
            codes,
            separator,
        )
