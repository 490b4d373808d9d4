"""Tables for papers: Markdown, LaTeX and CSV of the same cells."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from harnn._display import encodable, printable
from harnn._files import write_atomically
from harnn._places import check_suffix
from harnn.errors import ConfigError, Problem

SUFFIXES = (".md", ".tex", ".csv")
Kind = Literal[
    "text", "count", "number", "percent", "spread", "interval", "difference", "span", "p"
]
_PARTS: Mapping[str, tuple[str, ...]] = {
    "spread": ("", "_sd"),
    "interval": ("", "_low", "_high"),
    "span": ("_low", "_high"),
}
"""Of kinds that are several columns of CSV: what stands behind the key of each."""
_ROUNDED = (
    "in percent, rounded to one digit behind the point, differences and their intervals to two"
)
_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "\u2212": r"$-$",
    "\u00b1": r"$\pm$",
}
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#~$])")


class PValue(NamedTuple):
    """A p-value, and the smallest that the test could give."""

    value: float
    least: float = 0.0


Cell = str | int | float | tuple[float | None, ...] | PValue | None
"""Shares are 0 to 1; None stands where there is none."""


@dataclass(frozen=True, slots=True)
class Column:
    """What a column holds."""

    title: str
    key: str
    """In the header of CSV."""
    kind: Kind = "percent"
    """``spread``: mean and standard deviation; ``interval``: a share and its interval, ``span``:
    the interval of a difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperTable:
    """A table that can be written for a paper."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    """Sentences: on what, how it was tested."""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"Expected rows of {len(self.columns)} cells.")

    def caption(self) -> str:
        """Return what the table is, how its numbers are rounded, and the notes."""
        kinds = {column.kind for column in self.columns}
        rounding = _ROUNDED
        if not kinds & {"difference", "span"}:
            rounding = "in percent, rounded to one digit behind the point"
        if "spread" in kinds:
            rounding += "; mean \u00b1 standard deviation (n \u2212 1)"
        if "interval" in kinds:
            rounding += "; with 95% intervals"
        return " ".join([f"{self.title}: {rounding}.", *self.notes])

    def to_markdown(self) -> str:
        """Return a table as GitHub reads it, with a line below that says what it is."""
        header = [_markdown(column.title) for column in self.columns]
        ruler = ["---" if column.kind == "text" else "---:" for column in self.columns]
        rows = [[_markdown(cell) for cell in row] for row in self._shown()]
        lines = ["| " + " | ".join(row) + " |" for row in (header, ruler, *rows)]
        return "\n".join([*lines, "", _markdown(self.caption()), ""])

    def to_latex(self) -> str:
        """Return a table for ``booktabs``."""
        letters = "".join("l" if column.kind == "text" else "r" for column in self.columns)
        header = " & ".join(_latex(column.title) for column in self.columns)
        rows = [" & ".join(map(_latex, row)) + r" \\" for row in self._shown()]
        return "\n".join(
            [
                r"% \usepackage{booktabs}",
                r"\begin{table}",
                r"\centering",
                rf"\caption{{{_latex(self.caption())}}}",
                rf"\begin{{tabular}}{{{letters}}}",
                r"\toprule",
                rf"{header} \\",
                r"\midrule",
                *rows,
                r"\bottomrule",
                r"\end{tabular}",
                r"\end{table}",
                "",
            ]
        )

    def to_csv(self) -> str:
        """Return the numbers as they are, from 0 to 1 and not rounded; empty where there is none.

        A spread is two columns, the second ending with ``_sd``; an interval ends with ``_low`` and
        ``_high``.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(
            [column.key + part for column in self.columns for part in _parts(column.kind)]
        )
        for row in self.rows:
            pairs = zip(self.columns, row, strict=True)
            writer.writerow([value for column, cell in pairs for value in _raw(column.kind, cell)])
        return text.getvalue()

    def _shown(self) -> Iterator[list[str]]:
        for row in self.rows:
            pairs = zip(self.columns, row, strict=True)
            yield [_SHOWN[column.kind](cell) if cell is not None else "" for column, cell in pairs]


def write_paper_tables(path: str | Path, tables: Sequence[PaperTable]) -> None:
    """Write tables to a file whose suffix says the form: ``.md``, ``.tex`` or ``.csv``.

    CSV holds one table: the last, which has all numbers.

    Raises:
        ConfigError: the suffix is another, or there is no table.
        InputError: the file cannot be written.
    """
    path = Path(path)
    check_suffix(path, SUFFIXES)
    if not tables:
        raise ConfigError(Problem(str(path), "there is no table to write."))
    suffix = path.suffix.lower()
    if suffix == ".csv":
        text = tables[-1].to_csv()
    else:
        parts = [each.to_markdown() if suffix == ".md" else each.to_latex() for each in tables]
        text = "\n".join(parts)
    with write_atomically(path) as file:
        file.write(encodable(text))


def p_text(p_value: float | None, least: float = 0.0) -> str:
    """Return a p-value as tables show it: ``<0.002`` where 0.002 is as small as the test can tell.

    least: the smallest that the test could give; 0: any.
    """
    if p_value is None:
        return "-"
    digits = max(3, -math.floor(math.log10(least))) if least > 0 else 3
    if p_value < 1 and p_value <= max(least * (1 + 1e-9), 0.5 * 10**-digits):
        above = max(math.ceil(round(least * 10**digits, 6)), 1)
        return f"<{above / 10**digits:.{digits}f}"
    return f"{p_value:.{digits}f}"


def _parts(kind: Kind) -> tuple[str, ...]:
    return _PARTS.get(kind, ("",))


def _raw(kind: Kind, cell: Cell) -> tuple[object, ...]:
    if cell is None:
        return ("",) * len(_parts(kind))
    if isinstance(cell, PValue):
        return (cell.value,)
    if isinstance(cell, tuple):
        return tuple("" if value is None else value for value in cell)
    return (printable(cell) if isinstance(cell, str) else cell,)


def _minus(text: str) -> str:
    return text.replace("-", "\u2212")


def _percent(cell: float) -> str:
    return f"{100 * cell:.1f}"


def _spread(cell: tuple[float, float | None]) -> str:
    mean, deviation = cell
    return _percent(mean) + ("" if deviation is None else f" \u00b1 {_percent(deviation)}")


def _interval(cell: tuple[float, float, float]) -> str:
    value, low, high = map(_percent, cell)
    return f"{value} ({low} to {high})"


def _difference(cell: float) -> str:
    return _minus(f"{100 * cell:+.2f}")


def _span(cell: tuple[float, float]) -> str:
    return " to ".join(map(_difference, cell))


_SHOWN: Mapping[Kind, Callable[..., str]] = {
    "text": lambda cell: " ".join(printable(cell).split()),
    "count": lambda cell: f"{cell:,}",
    "number": lambda cell: f"{cell:.2f}",
    "percent": _percent,
    "spread": _spread,
    "interval": _interval,
    "difference": _difference,
    "span": _span,
    "p": lambda cell: p_text(*cell),
}


def _markdown(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", text)


def _latex(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in text)
