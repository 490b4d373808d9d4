"""Sources of drawings: Mermaid and Graphviz."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harnn.taxonomy.taxonomy import Taxonomy

_MEANT_BY_MERMAID = re.compile(r"[^\w\s.,:()/+-]|^\s*\d+\.|^\s*[-+]")
"""Signs, and beginnings of lists of Markdown."""


def mermaid_text(taxonomy: Taxonomy) -> str:
    """Return a flowchart from left to right."""
    nodes = (
        f'  n{column}["{_MEANT_BY_MERMAID.sub(_numbered, _line(name))}"]\n'
        for column, name in enumerate(taxonomy.names)
    )
    edges = (f"  n{parent} --> n{child}\n" for parent, child in _edges(taxonomy))
    return "flowchart LR\n" + "".join(nodes) + "".join(edges)


def dot_text(taxonomy: Taxonomy) -> str:
    """Return a graph from left to right for Graphviz."""
    head = "digraph taxonomy {\n  rankdir=LR;\n  node [shape=box];\n"
    nodes = (
        f'  n{column} [label="{_dot_escaped(_line(name))}"];\n'
        for column, name in enumerate(taxonomy.names)
    )
    edges = (f"  n{parent} -> n{child};\n" for parent, child in _edges(taxonomy))
    return head + "".join(nodes) + "".join(edges) + "}\n"


def _edges(taxonomy: Taxonomy) -> Iterator[tuple[int, int]]:
    """Yield parent and child."""
    for child, parent in taxonomy.edges.tolist():
        yield parent, child


def _line(name: str) -> str:
    return " ".join("".join(" " if ord(sign) < 32 else sign for sign in name).split())


def _numbered(match: re.Match[str]) -> str:
    """Write signs that Mermaid would act on by their numbers."""
    return "".join(
        sign if sign.isalnum() or sign.isspace() else f"#{ord(sign)};" for sign in match[0]
    )


def _dot_escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
