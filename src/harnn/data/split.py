"""Divide documents into training, validation and test: by labels, by groups or by date.

The documents stream by once; of each there are kept the numbers of its labels, its place, and of
its text, its group and its date 8 bytes each. Documents with the same text stay together, whatever
divides them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn.config import DataConfig
from harnn.counting import as_binary
from harnn.data.inputs import Documents, DocumentsPart
from harnn.data.log import ReadingLog
from harnn.data.moments import Moments, cut_by_date
from harnn.data.split_reading import Places, gather
from harnn.data.split_settings import SplitSettings
from harnn.data.stratify import example_deviation, label_deviation, stratify
from harnn.errors import ConfigError, DocumentError, Problem
from harnn.taxonomy import Taxonomy

_SETTINGS = tuple(SplitSettings.__dataclass_fields__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSummary:
    """What one part holds."""

    name: str
    documents: int
    labels: int
    """Labels of at least one document, closed upward where there is a taxonomy."""
    missing: int
    """Labels of the other documents alone."""
    deviation: float
    """How many documents of its labels are too many or too few, for a part of its size, of those
    that would be just right; 0 is best."""
    dates: tuple[str, str] | None
    """The first and the last, where dates divide the documents."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DataSplit:
    """The part that each of N documents belongs to."""

    given: Documents
    settings: SplitSettings
    parts: NDArray[np.int64]
    """(N,) 0 to the number of parts - 1, in the order in which the documents are read."""
    places: tuple[Places, ...]
    """By file; none where the documents were given in memory."""
    summaries: tuple[PartSummary, ...]
    label_deviation: float
    """See :func:`harnn.data.stratify.label_deviation`."""
    example_deviation: float
    """See :func:`harnn.data.stratify.example_deviation`."""
    notes: tuple[str, ...]
    """What is worth knowing, in sentences."""

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(summary.name for summary in self.summaries)

    def part(self, name: str) -> DocumentsPart:
        """Return the documents of one part, to be given wherever documents are.

        Raises:
            ValueError: there is no such part.
        """
        return DocumentsPart(self.given, self.parts == self.names.index(name))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "documents": len(self.parts),
            "settings": {name: getattr(self.settings, name) for name in _SETTINGS},
            "parts": [
                {name: getattr(each, name) for name in PartSummary.__dataclass_fields__}
                for each in self.summaries
            ],
            "label_deviation": self.label_deviation,
            "example_deviation": self.example_deviation,
            "notes": list(self.notes),
        }


def split_documents(
    given: Documents,
    settings: SplitSettings = SplitSettings(),
    *,
    taxonomy: Taxonomy | None = None,
    config: DataConfig = DataConfig(),
    log: ReadingLog | None = None,
    stopped: Callable[[], bool] = bool,
) -> DataSplit:
    """Divide documents, from files or memory, so that every label has its share in each part.

    With a taxonomy labels are checked, and closed upward before they are counted; without one they
    are counted as written. See :func:`harnn.data.stratify.stratify`; with ``by_date`` dates alone
    decide. Documents that cannot be used are in no part.

    Raises:
        ConfigError: settings are out of range, or no document has such a field.
        DocumentError: documents cannot be read, have unknown labels, or are too few.
        InterruptedError: *stopped*, asked before each document, said so.
    """
    problems = settings.check()
    if problems:
        raise ConfigError(problems)
    gathered = gather(given, settings, taxonomy, config, log, stopped)
    shares = settings.shares
    gathered.check_count(len(shares), "parts")
    targets, units, values = gathered.targets(), gathered.units(), list(shares.values())
    if settings.by_date:
        parts = cut_by_date(gathered.moments, units, values, settings.by_date)
    else:
        parts = stratify(targets, values, seed=settings.seed, units=units, train_first=True)
        _fill(parts, units, len(shares))
    _check_filled(parts, list(shares), units)
    return DataSplit(
        given=given,
        settings=settings,
        parts=parts,
        places=tuple(gathered.places()),
        summaries=tuple(_summarise(list(shares), parts, targets, gathered.moments)),
        label_deviation=label_deviation(targets, parts, len(shares)),
        example_deviation=example_deviation(parts, values),
        notes=tuple(gathered.notes(settings)),
    )


def hold_out(
    given: Documents,
    share: float,
    *,
    taxonomy: Taxonomy,
    config: DataConfig,
    seed: int,
    log: ReadingLog | None = None,
    stopped: Callable[[], bool] = bool,
) -> tuple[DocumentsPart, DocumentsPart]:
    """Divide training documents into those to train on and a share of them to validate on.

    log: filled for whoever tells what is remarkable of all documents; the parts do not, then.

    Raises:
        ConfigError: *share* is not between 0 and 1.
        DocumentError: see :func:`split_documents`.
    """
    settings = SplitSettings(test=0.0, valid=share, seed=seed)
    found = split_documents(
        given, settings, taxonomy=taxonomy, config=config, log=log, stopped=stopped
    )
    told = log is not None
    return replace(found.part("train"), told=told), replace(found.part("valid"), told=told)


def divide_into_folds(
    given: Documents,
    folds: int,
    *,
    taxonomy: Taxonomy,
    config: DataConfig,
    seed: int,
    log: ReadingLog | None = None,
    stopped: Callable[[], bool] = bool,
) -> NDArray[np.int64]:
    """Return for each document the fold, 0 to *folds* - 1, in which it is not trained on, (N,).

    Raises:
        ConfigError: *folds* is below 2.
        DocumentError: documents cannot be read, have unknown labels, or are fewer than folds.
    """
    if folds < 2:
        raise ConfigError(Problem("folds", f"got {folds}, expected 2 or more."))
    gathered = gather(given, SplitSettings(), taxonomy, config, log, stopped)
    gathered.check_count(folds, "folds")
    units, shares = gathered.units(), [1 / folds] * folds
    parts = stratify(gathered.targets(), shares, seed=seed, units=units)
    _fill(parts, units, folds)
    _check_filled(parts, [f"fold {number + 1}" for number in range(folds)], units)
    return parts


def _fill(parts: NDArray[np.int64], units: NDArray[np.int64], part_count: int) -> None:
    """Give each part without documents, in place, a unit of the part that has most units.

    Of few documents the labels alone can leave a part without any. The smallest unit goes.
    """
    _, firsts, sizes = np.unique(units, return_index=True, return_counts=True)
    for empty in np.flatnonzero(np.bincount(parts, minlength=part_count) == 0):
        holders = parts[firsts]
        mine = np.flatnonzero(holders == np.bincount(holders).argmax())
        if len(mine) < 2:  # there are more parts than units
            return
        moved = mine[np.argmin(sizes[mine])]
        parts[units == units[firsts[moved]]] = empty


def _check_filled(parts: NDArray[np.int64], names: Sequence[str], units: NDArray[np.int64]) -> None:
    """Raises:
    DocumentError: a part has no document.
    """
    sizes = np.bincount(parts, minlength=len(names))
    if sizes.all():
        return
    empty = names[int(np.argmin(sizes))]
    together = len(np.unique(units))
    stay = "group that stays" if together == 1 else "groups that stay"
    what = f"no document is left for {empty}: there are {len(parts):,} documents in "
    what += f"{together:,} {stay} together."
    hint = "Bring documents of more groups and other texts, or give each part files of its own."
    raise DocumentError(Problem("", what, hint))


def _summarise(
    names: Sequence[str], parts: NDArray[np.int64], targets: Any, moments: Moments
) -> Iterator[PartSummary]:
    sets = as_binary(targets).astype(np.int64)
    every: NDArray[np.int64] = np.asarray(sets.sum(axis=0)).ravel()
    used = int((every > 0).sum())
    dates = moments.values() if len(moments) else None
    for number, name in enumerate(names):
        rows = parts == number
        here = np.asarray(sets[rows].sum(axis=0)).ravel()
        expected = every * (rows.sum() / len(parts))
        shown_dates = None
        if dates is not None and rows.any():
            shown_dates = (moments.show(dates[rows].min()), moments.show(dates[rows].max()))
        yield PartSummary(
            name=name,
            documents=int(rows.sum()),
            labels=int((here > 0).sum()),
            missing=used - int((here > 0).sum()),
            deviation=float(np.abs(here - expected).sum() / max(expected.sum(), 1e-12)),
            dates=shown_dates,
        )
