"""The site: its pages, what is made from the code for it, and what is wrong with a built one."""

from __future__ import annotations

import ast
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import harnn
from harnn._settings_toml import settings_of
from harnn.cli import program
from harnn.config import Config

pytest.importorskip("griffe")
pytest.importorskip("latex2mathml")

from website.built import documented, problems, undrawn
from website.commands_page import commands_text
from website.formulas import as_mathml, convert_all
from website.marks import code, plain, prose, table
from website.notebooks import notebook_text
from website.prepare import MAKERS, PLACE, prepare
from website.reference import MODULES, Reference
from website.roles import as_markdown
from website.settings_page import settings_text

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.read()


def pages_in_nav() -> list[str]:
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    return re.findall(r"([\w/-]+\.md)$", nav, flags=re.MULTILINE)


def test_the_navigation_has_every_page_once(reference: Reference) -> None:
    sources = [*DOCS.rglob("*.md"), *DOCS.rglob("*.ipynb")]
    pages = [page.relative_to(DOCS).with_suffix(".md").as_posix() for page in sources]
    rooms = [f"reference/{room}.md" for room in reference.rooms]
    assert sorted(pages_in_nav()) == sorted([*pages, *rooms])


def names_listed(init: Path) -> set[str]:
    """Return ``__all__`` as it is written."""
    listed = next(
        each.value
        for each in ast.parse(init.read_text(encoding="utf-8")).body
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "__all__"
    )
    return set(ast.literal_eval(listed))


def test_the_reference_has_every_public_name(reference: Reference) -> None:
    """By the lists in the source; that these are what Python has is another test's."""
    assert set(reference.exported) == set(harnn.__all__) - {"__version__"}
    inits = (ROOT / "src/harnn").glob("*/__init__.py")
    wanted = {init.parent.name for init in inits if "\n__all__ = " in init.read_text("utf-8")}
    assert set(reference.rooms) == wanted | set(MODULES)
    for room, names in reference.rooms.items():
        if room not in MODULES:
            assert set(names) == names_listed(ROOT / "src/harnn" / room / "__init__.py")
    assert {"Config", "ModelConfig", "DataConfig", "TextConfig"} <= set(reference.rooms["config"])
    assert {"HarnnError", "InputError", "Problem"} <= set(reference.rooms["errors"])


def test_every_public_name_has_a_place(reference: Reference) -> None:
    for room, names in reference.rooms.items():
        page = reference.room_page(room)
        assert re.findall(rf"^::: harnn\.{room}\.(\w+)$", page, flags=re.MULTILINE) == list(names)
    overview = reference.overview()
    assert set(re.findall(r"\[`(\w+)`\]", overview)) == set(reference.exported)
    assert reference.places()["harnn.fit"] == "harnn.training.fit"


def test_the_settings_page_has_every_setting() -> None:
    text = settings_text()
    names = [f"{each.table}.{each.name}" for each in settings_of(Config())]
    assert re.findall(r"^### (\S+) \{ #\S+ \}$", text, flags=re.MULTILINE) == names
    assert "### training.epochs { #training.epochs }" in text
    assert "One of: `default`, `fast`, `best`." in text


def leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for word, each in command.commands.items():
            yield from leaves(f"{name} {word}", each)
    elif not command.hidden:
        yield name, command


def test_the_commands_page_has_every_command_and_option() -> None:
    text = commands_text()
    found = dict(leaves("harnn", program()))
    assert re.findall(r"^## (.+)$", text, flags=re.MULTILINE) == list(found)
    sections = dict(
        re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    )
    for name, command in found.items():
        for each in command.params:
            if not getattr(each, "hidden", False) and each.param_type_name == "option":
                assert all(word in sections[name] for word in each.opts), (name, each.opts)


def test_the_page_of_routes_has_every_route() -> None:
    pytest.importorskip("fastapi")
    from website.http_page import openapi, routes_text

    text = routes_text()
    document = openapi()
    wanted = [
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations
    ]
    found = re.findall(r"^## ([A-Z]+ /.*)$", text, flags=re.MULTILINE)
    assert [each.replace("\\", "") for each in found] == wanted
    assert set(re.findall(r"\(#(schema-[^)]+)\)", text)) <= set(
        re.findall(r"\{ #(schema-\S+) \}", text)
    )


def test_places_are_filled(tmp_path: Path, reference: Reference) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "settings.md").write_text("# S\n\n<!-- made from the code: settings -->\n")
    prepare(docs, tmp_path / "pages", reference)
    text = (tmp_path / "pages" / "settings.md").read_text(encoding="utf-8")
    assert text.startswith("# S\n\n## The table data")
    assert "made from" not in text
    assert (tmp_path / "pages" / "reference" / "decode.md").is_file()
    used = [name for page in DOCS.glob("*.md") for name in PLACE.findall(page.read_text())]
    assert sorted(used) == sorted(MAKERS)


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("See :class:`harnn.Decoder`.", "See [`Decoder`][harnn.decode.Decoder]."),
        (":meth:`harnn.Decoder.choose`", "[`Decoder.choose`][harnn.decode.Decoder.choose]"),
        (":func:`harnn.decode.nothing`", "`harnn.decode.nothing`"),
        (":meth:`choose` and ``x``", "`choose` and ``x``"),
    ],
)
def test_roles_become_links(text: str, markdown: str, reference: Reference) -> None:
    assert as_markdown(text, reference.places()) == markdown


def test_text_of_the_code_is_never_markup() -> None:
    assert plain("a <b> | *c* [d](e) `f`") == r"a \<b\> \| \*c\* \[d\](e) \`f\`"
    assert prose("``a|b`` of :class:`harnn.X` < 1") == r"`a|b` of `harnn.X` \< 1"
    assert code("a`b") == "``a`b``"
    assert code("`") == "`` ` ``"
    assert table(("a", "b"), []) == []
    assert table(("a", "b"), [("1", "2")]) == ["| a | b |", "|---|---|", "| 1 | 2 |", ""]


def test_formulas_become_mathml(tmp_path: Path) -> None:
    inline = r'<p>a <span class="arithmatex">\(x_1 &lt; \alpha\)</span> b</p>'
    drawn = as_mathml(inline)
    assert drawn.startswith("<p>a <math")
    assert drawn.endswith("</math> b</p>")
    assert "<msub><mi>x</mi><mn>1</mn></msub>" in drawn
    assert "&#x0003C;" in drawn
    block = '<div class="arithmatex">\n\\[\\frac{1}{2}\\]\n</div>'
    assert 'display="block"' in as_mathml(block)
    (tmp_path / "index.html").write_text(inline + block)
    assert undrawn(tmp_path) == [tmp_path / "index.html"]
    convert_all(tmp_path)
    assert undrawn(tmp_path) == []


def test_a_notebook_becomes_a_page(tmp_path: Path, reference: Reference) -> None:
    cells = [
        {"cell_type": "markdown", "source": ["# Title\n", "text"]},
        {
            "cell_type": "code",
            "source": ["1 + 1"],
            "outputs": [
                {"output_type": "stream", "text": ["said\n"]},
                {"output_type": "execute_result", "data": {"text/plain": ["2"], "text/html": []}},
            ],
        },
    ]
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "n.ipynb").write_text(json.dumps({"cells": cells}))
    (docs / "a.md").write_text("# A\n\n[n](n.ipynb)\n")
    assert notebook_text(docs / "n.ipynb") == (
        "# Title\ntext\n\n```python\n1 + 1\n```\n\n```text\nsaid\n```\n\n```text\n2\n```\n"
    )
    prepare(docs, tmp_path / "pages", reference)
    assert sorted(path.name for path in (tmp_path / "pages").glob("*.*")) == ["a.md", "n.md"]
    assert "[n](n.md)" in (tmp_path / "pages" / "a.md").read_text()


def write_site(site: Path, body: str, names: list[str]) -> None:
    site.mkdir()
    head = '<link rel="canonical" href="https://example.org/">'
    (site / "index.html").write_text(f"{head}<a href='https://example.org'>x</a>{body}")
    entries = "".join(f"{name} py:function 1 x.html#$ -\n" for name in names)
    (site / "objects.inv").write_bytes(b"#\n#\n#\n#\n" + zlib.compress(entries.encode()))


def test_a_good_site(tmp_path: Path, reference: Reference) -> None:
    names = sorted(set(reference.places().values()))
    write_site(tmp_path / "site", '<img src="a.png">', names)
    assert documented(tmp_path / "site") == set(names)
    assert problems(tmp_path / "site", reference) == []


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ("<script src='https://example.org/a.js'></script>", "https://example.org/a.js"),
        ("<link rel='stylesheet' href='//example.org/a.css'>", "//example.org/a.css"),
        ("<p style='background: url(http://example.org/a.png)'>", "http://example.org/a.png"),
    ],
)
def test_what_a_site_loads(tmp_path: Path, reference: Reference, body: str, what: str) -> None:
    names = sorted(set(reference.places().values()) - {"harnn.training.fit"})
    site = tmp_path / "site"
    write_site(site, body, names)
    (site / "lost.html").write_text("")
    (site / "a.css").write_text("@import 'https://example.org/font.css'; a { b: url(c.png) }")
    assert problems(site, reference) == [
        f"index.html: loads {what}",
        "a.css: loads https://example.org/font.css",
        "the reference lacks harnn.training.fit",
        "no page leads to lost.html",
    ]
