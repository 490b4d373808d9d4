"""Values of cells, whatever library holds them, as Python's own and as text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

_DEEPEST = 50
_LARGEST_WHOLE = 1e15
"""Beyond it not every whole number is a float of its own."""


def plain_value(value: Any, *, depth: int = _DEEPEST) -> Any:
    """Return *value* without what is of NumPy, pandas, Polars or Arrow.

    What is missing (None, NaN, NaT, NA) is None, arrays are lists, structures are dictionaries.

    Raises:
        ValueError: it is nested too deeply.
    """
    if value is None or type(value) in (str, int, bool, bytes):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    if depth == 0:
        raise ValueError("a value is nested too deeply")
    if isinstance(value, Mapping):
        return {str(key): plain_value(part, depth=depth - 1) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain_value(part, depth=depth - 1) for part in value]
    for name in ("tolist", "to_list", "to_pylist", "as_py"):  # NumPy, pandas, Polars, Arrow
        convert = getattr(value, name, None)
        if callable(convert):
            return plain_value(convert(), depth=depth - 1)
    if type(value).__name__ in ("NaTType", "NAType"):
        return None
    return value


def cell_text(value: Any) -> str:
    """Return the text of a cell as a sheet shows it: nothing where it is empty, 12 for 12.0, dates
    and times as ISO 8601 writes them, a day alone where no time of it is told.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < _LARGEST_WHOLE
        return str(int(value)) if whole else repr(value)
    if isinstance(value, datetime):
        is_day = value.time() == time() and value.tzinfo is None
        return value.date().isoformat() if is_day else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
