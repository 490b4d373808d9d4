"""An indented outline with bullets, which is a Markdown list too."""

from __future__ import annotations

from harnn.taxonomy.parts import walk
from harnn.taxonomy.taxonomy import Taxonomy


def outline_text(taxonomy: Taxonomy) -> str:
    """Return one name a line, each label under its first parent."""
    lines = (
        f"{'  ' * step.depth}- {' '.join(taxonomy.names[step.column].split())}\n"
        for step in walk(taxonomy)
        if not step.again
    )
    return "".join(lines)
