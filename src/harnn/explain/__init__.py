"""Why a label was predicted: values, and pages for people.

The room turns explanations into one self-contained HTML page on which a reader picks a label and
sees the words its own attention used. The page loads nothing and runs no script, so it can be
mailed, archived and printed.
"""

from harnn.explain.page import render_html, write_html
from harnn.explain.values import (
    BranchEffect,
    Example,
    Explanation,
    LabelExplanation,
    Rival,
    WordWeight,
)

__all__ = [
    "BranchEffect",
    "Example",
    "Explanation",
    "LabelExplanation",
    "Rival",
    "WordWeight",
    "render_html",
    "write_html",
]
