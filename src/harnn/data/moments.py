"""Dates of documents as numbers that can be compared: 8 bytes each."""

from __future__ import annotations

import math
import re
from array import array
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harnn._tables import shown
from harnn.data.json_rows import name_type
from harnn.errors import DocumentError, Problem

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEAR = re.compile(r"\d{4}")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?")
_EXPECTED = "expected a date such as 2020-05-31, 2020-05 or 2020, or a number."


@dataclass(slots=True)
class Moments:
    """Dates (ISO 8601) or numbers, of which years may be either."""

    _values: array[float] = field(default_factory=lambda: array("d"))
    """Seconds since 1970 of dates, numbers as they are."""
    _years: array[int] = field(default_factory=lambda: array("q"))
    """Places of numbers that may be years."""
    _first: dict[str, str] = field(default_factory=dict)
    """Where the first date and the first number that is no year stand."""

    def __len__(self) -> int:
        return len(self._values)

    def add(self, name: str, value: Any, where: str) -> Problem | None:
        """Note the value of the field *name*, or say what is wrong with it."""
        if value is None or value == "":
            return Problem(where, f"has no date in {name!r}.")
        try:
            moment, kind = _read(value)
        except (ValueError, OverflowError):
            found = shown(value) if isinstance(value, str) else name_type(value)
            return Problem(where, f"{name!r} is {found}, {_EXPECTED}")
        if kind == "year":
            self._years.append(len(self._values))
        else:
            self._first.setdefault(kind, where)
            if len(self._first) > 1:
                other = next(iter(self._first.values()))
                what = f"{name!r} is a {kind}, but not so in {other}; expected the same in all."
                return Problem(where, what)
        self._values.append(moment)
        return None

    def values(self) -> NDArray[np.float64]:
        """Return them, (N,); years are dates where others are."""
        values = np.array(self._values, dtype=np.float64)
        if "date" in self._first:
            for place in self._years:
                values[place] = _seconds(datetime(int(values[place]), 1, 1))
        return values

    def show(self, value: float) -> str:
        """Return one of :meth:`values` as people write it."""
        if "date" not in self._first:
            return f"{value:g}" if abs(value) < 1e6 and value % 1 else f"{value:.0f}"
        moment = _EPOCH + timedelta(seconds=value)
        at_midnight = (moment.hour, moment.minute, moment.second) == (0, 0, 0)
        return moment.date().isoformat() if at_midnight else moment.isoformat()


def _read(value: Any) -> tuple[float, str]:
    """Return a value as a number, and whether it is a date, a number or may be either.

    Raises:
        ValueError, OverflowError: it is neither.
    """
    if isinstance(value, datetime):
        return _seconds(value), "date"
    if isinstance(value, date):
        return _seconds(datetime(value.year, value.month, value.day)), "date"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise ValueError("not finite")
        is_year = isinstance(value, int) and 1 <= value <= 9_999
        return float(value), "year" if is_year else "number"
    if not isinstance(value, str):
        raise ValueError("neither")
    text = value.strip()
    if _YEAR.fullmatch(text) and int(text):
        return float(text), "year"
    if _NUMBER.fullmatch(text):
        return float(text), "number"
    month = _MONTH.fullmatch(text)
    return _seconds(datetime.fromisoformat(f"{text}-01" if month else text)), "date"


def _seconds(moment: datetime) -> float:
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH).total_seconds()


def cut_by_date(
    moments: Moments, units: NDArray[np.int64], shares: list[float], name: str
) -> NDArray[np.int64]:
    """Return the part of each document, (N,): the oldest are in the first.

    Parts end where a date ends, as near to their shares as that allows. Documents of one unit have
    the oldest date among them.

    Raises:
        DocumentError: there are too few dates for so many parts.
    """
    values = moments.values()
    _, places = np.unique(units, return_inverse=True)
    oldest = np.full(places.max() + 1, np.inf)
    np.minimum.at(oldest, places, values)
    own = oldest[places]
    distinct, counts = np.unique(own, return_counts=True)
    if len(distinct) < len(shares):
        found = ", ".join(moments.show(value) for value in distinct)
        what = f"{name!r} has {len(distinct)} different dates ({found}), too few for "
        raise DocumentError(Problem("", f"{what}{len(shares)} parts, which begin with a new one."))
    until = np.cumsum(counts)[:-1]  # documents up to each date that a part may end with
    ends: list[int] = []
    for number, share in enumerate(np.cumsum(shares)[:-1]):
        first = ends[-1] + 1 if ends else 0
        last = len(until) - (len(shares) - 2 - number)
        ends.append(first + int(np.argmin(np.abs(until[first:last] - share * len(values)))))
    return np.searchsorted(distinct[ends], own, side="left").astype(np.int64)
