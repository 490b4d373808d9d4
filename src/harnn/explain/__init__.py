"""Why a label was predicted: values, and pages for people.

The room turns explanations into one self-contained HTML page on which a reader picks a label and
sees the words that spoke for it. The page loads nothing and runs no script, so it can be
mailed, archived and printed.
"""

from typing import TYPE_CHECKING

from harnn._lazy import on_demand
from harnn.explain.values import (
    BranchEffect,
    Example,
    Explanation,
    LabelExplanation,
    NameScore,
    Rival,
    WordWeight,
)

if TYPE_CHECKING:
    from harnn.explain.page import render_html, write_html

on_demand(
    __name__,
    {
        "page": "render_html write_html",
    },
)

__all__ = [
    "BranchEffect",
    "Example",
    "Explanation",
    "LabelExplanation",
    "NameScore",
    "Rival",
    "WordWeight",
    "render_html",
    "write_html",
]
