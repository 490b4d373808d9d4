"""A notebook as a page: its texts, its code, and what that printed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def notebook_text(notebook: Path) -> str:
    """Return the Markdown of a notebook; of an output what is text."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join(part for cell in cells for part in _parts(cell)) + "\n"


def _parts(cell: dict[str, Any]) -> Iterator[str]:
    source = "".join(cell["source"]).strip()
    if cell["cell_type"] == "markdown":
        yield source
    elif cell["cell_type"] == "code":
        yield _fenced("python", source)
        for output in cell["outputs"]:
            said = output.get("text") or output.get("data", {}).get("text/plain", [])
            if said:
                yield _fenced("text", "".join(said).rstrip())


def _fenced(language: str, text: str) -> str:
    fence = "````" if "```" in text else "```"
    return f"{fence}{language}\n{text}\n{fence}"
