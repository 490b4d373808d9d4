"""Taxonomies as outlines: what is indented stands under what is above it.

Indentation is of tabs or of blanks, as deep as the writer likes, if labels of one parent have the
same; ``-``, ``*``, ``+`` and ``•`` before a label are left out, and so are colons after all labels
with children, as in YAML. A label is known by its path (code ``A > B``, name ``B``).
"""

from __future__ import annotations

import itertools
import re

from harnn.taxonomy.foreign import Lines
from harnn.taxonomy.graph import ROOT, Draft, label_problem
from harnn.taxonomy.paths import ARROW

_BULLET = re.compile(r"[-*+•]\s+(?=\S)")
_DEEPEST = 200


def is_outline(lines: Lines) -> bool:
    """Tell lines of which some are indented, or all have bullets, from others."""
    if any(ARROW in line or "\t" in line.strip() for _, line in lines):
        return False
    margin = _width(_indent(lines[0][1]))
    if any(_width(_indent(line)) > margin + 1 for _, line in lines):
        return True
    return len(lines) > 1 and all(_BULLET.match(line.strip()) for _, line in lines)


def draft_from_outline(lines: Lines, source: str) -> Draft:
    """Read one label a line; problems are in the draft."""
    draft = Draft(source)
    names = _names(lines)
    first: dict[str, int] = {}
    stack: list[tuple[str, str]] = []  # indentation and code of each ancestor
    for (number, line), name in zip(lines, names, strict=True):
        indent = _indent(line)
        what = _indent_problem(indent, stack) or label_problem(name)
        if not what and ARROW in name:
            what = f"label {name!r} has {ARROW!r} in it, which separates the labels of paths."
        if what:
            draft.refuse(number, what)
            continue
        while stack and len(stack[-1][0]) >= len(indent):
            stack.pop()
        parent = stack[-1][1] if stack else ROOT
        code = name if parent == ROOT else f"{parent}{ARROW}{name}"
        if first.setdefault(code, number) != number:
            draft.refuse(number, f"{code!r} was already given in line {first[code]}.")
        elif len(stack) == _DEEPEST:
            draft.refuse(number, f"more than {_DEEPEST} labels stand above each other.")
            continue
        else:
            draft.add(code, parent, number)
            draft.names[code] = name
        stack.append((indent, code))
    return draft


def _names(lines: Lines) -> list[str]:
    names = [_BULLET.sub("", line.strip(), count=1) for _, line in lines]
    depths = [len(_indent(line)) for _, line in lines]
    above = [upper < lower for upper, lower in itertools.pairwise(depths)]
    headed = [name for name, is_parent in zip(names, above, strict=False) if is_parent]
    if headed and all(name.endswith(":") and len(name) > 1 for name in headed):
        names = [name.removesuffix(":").rstrip() if len(name) > 1 else name for name in names]
    return names


def _indent_problem(indent: str, stack: list[tuple[str, str]]) -> str:
    """Return what is wrong with an indentation below the ones above it."""
    known = [above for above, _ in stack]
    if not known:
        return ""
    inner = known[-1]
    if not (indent.startswith(inner) or inner.startswith(indent)):
        return "tabs and blanks are mixed, so that nothing tells how deep the line stands."
    if len(indent) < len(inner) and len(indent) not in {0, *map(len, known)}:
        return "the indentation is that of no line above."
    return ""


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _width(indent: str) -> int:
    return len(indent.replace("\t", "    "))
