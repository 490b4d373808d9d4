"""docs/mathematics.md: what it points at is there, and its formulas render wherever it is read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/mathematics.md").read_text(encoding="utf-8")
TABLE = PAGE.partition("## Paper and harnn, side by side")[2].partition("\n## ")[0]
FORMULA = re.compile(r"\$\$(.+?)\$\$|\$([^$\n]+)\$", flags=re.DOTALL)
MACROS = set(
    re.findall(
        r"\w+",
        "Big alpha beta cdot dots exp frac gamma ge in lVert lambda lbrace ln log mathcal mathrm "
        "max min mu nu odot omega pi quad rVert rbrace sigma sqrt sum tanh tau text theta times "
        "top kappa",
    )
)
"""That GitHub, MathJax and KaTeX know alike; ``\\operatorname`` GitHub refuses."""


def named_in_table() -> Iterator[tuple[str, str]]:
    for row in re.findall(r"^\| .* \|$", TABLE, flags=re.MULTILINE)[2:]:
        for place, names in re.findall(r"`([\w/]+\.py)`: ((?:`\w+`(?:, )?)+)", row.split("|")[-2]):
            yield from ((place, name) for name in re.findall(r"`(\w+)`", names))


def defined_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = {n.name for n in ast.walk(tree) if isinstance(n, ast.ClassDef | ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return found


def test_every_row_points_at_code_that_is_there() -> None:
    rows = re.findall(r"^\| .* \|$", TABLE, flags=re.MULTILINE)[2:]
    assert len(rows) > 15
    assert all(re.search(r"`[\w/]+\.py`: `", row.split("|")[-2]) for row in rows)
    for place, name in named_in_table():
        path = ROOT / "src/harnn" / place
        assert path.is_file(), place
        assert name in defined_in(path), (place, name)


def test_a_name_that_is_not_there_is_seen() -> None:
    assert "PaperLevel" in defined_in(ROOT / "src/harnn/network/attention.py")
    assert "PaperLevels" not in defined_in(ROOT / "src/harnn/network/attention.py")


def test_the_tests_that_it_names_are_there() -> None:
    named = re.findall(r"`((?:tests/\w+/)?test_\w+\.py|tests/[\w/]+\.py)`", PAGE)
    assert "tests/support/numpy_reference.py" in named
    for name in named:
        place = name if "/" in name else f"tests/network/{name}"
        assert (ROOT / place).is_file(), name


def formulas() -> list[str]:
    text = re.sub(r"`[^`\n]*`", "", PAGE)
    return [whole or inline for whole, inline in FORMULA.findall(text)]


def test_formulas_hold_nothing_that_some_renderer_refuses() -> None:
    found = formulas()
    assert len(found) > 100
    for formula in found:
        assert set(re.findall(r"\\([A-Za-z]+)", formula)) <= MACROS, formula
        assert not re.search(r"\\[^A-Za-z]", formula), "GitHub takes the backslash away"
        for left, right in ("{}", "()", "[]"):
            assert formula.count(left) == formula.count(right), formula
        assert "*" not in formula
        assert "<" not in formula


def test_no_formula_of_a_table_ends_a_cell() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    for row in rows:
        assert row.count("$") % 2 == 0
        assert all(cell.count("$") % 2 == 0 for cell in row.split("|")), row


def test_display_formulas_stand_alone() -> None:
    for line, before, after in zip(
        PAGE.splitlines()[1:], PAGE.splitlines(), PAGE.splitlines()[2:], strict=False
    ):
        if "$$" in line:
            assert line.startswith("$$")
            assert line.endswith("$$")
            assert (before, after) == ("", "")


@pytest.fixture(scope="module")
def drawing() -> ElementTree.Element:
    return ElementTree.fromstring((ROOT / "docs/network.svg").read_text(encoding="utf-8"))


def test_the_drawing_tells_who_cannot_see_it(drawing: ElementTree.Element) -> None:
    space = "{http://www.w3.org/2000/svg}"
    title, story = drawing.find(f"{space}title"), drawing.find(f"{space}desc")
    assert drawing.get("role") == "img"
    assert title is not None
    assert story is not None
    assert drawing.get("aria-labelledby") == f"{title.get('id')} {story.get('id')}"
    assert "Home, Repairs, Plumbing" in (story.text or "")


def test_the_drawing_loads_nothing_and_has_a_dark_half(drawing: ElementTree.Element) -> None:
    text = ElementTree.tostring(drawing, encoding="unicode")
    assert "prefers-color-scheme:dark" in text
    assert not re.search(r"(href|src)=|url\((?!#)|@import|<script", text)
