"""Tables that notebooks show in place of a value's text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

_SHOWN_ROWS = 20


def html_table(caption: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a small table; everything in it is escaped, and of many rows the first are shown."""
    every = list(rows)
    cells = "".join(_row("td", row) for row in every[:_SHOWN_ROWS])
    if len(every) > _SHOWN_ROWS:
        more = f"... and {len(every) - _SHOWN_ROWS:,} more"
        cells += f'<tr><td colspan="{len(header)}">{more}</td></tr>'
    return (
        f"<table><caption>{escape(caption)}</caption><thead>{_row('th', header)}</thead>"
        f"<tbody>{cells}</tbody></table>"
    )


def _row(kind: str, cells: Sequence[object]) -> str:
    return "<tr>" + "".join(f"<{kind}>{escape(str(cell))}</{kind}>" for cell in cells) + "</tr>"
