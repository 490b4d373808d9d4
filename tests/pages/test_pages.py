"""What pages share: their policy, and text that cannot turn or break what stands around it."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from harnn.pages import code_beside, content_policy, isolated, level_title, readable, shared_style


def test_a_policy_names_exactly_what_is_on_the_page() -> None:
    style, script = "p{color:red}", "alert('é')"
    policy = content_policy(styles=[style], scripts=[script])
    hashes = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (style, script)
    ]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert content_policy(style_attributes=True) == (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    )
    assert content_policy() == "default-src 'none'; base-uri 'none'; form-action 'none'"


@pytest.mark.parametrize(
    ("code", "name", "parents", "shown"),
    [
        ("Animals > Cats", "Cats", ["Animals"], ""),
        ("A/B", "B", ["A"], ""),
        ("Medicine > Medicine", "Medicine", ["Medicine"], ""),
        ("a_b", "b", ["x", "a"], ""),
        ("cats", "cats", [], ""),
        ("F16H", "H", ["F16"], "F16H"),
        ("A1B", "B", ["A"], "A1B"),
        ("Animals > Cats", "Cats", [], "Animals > Cats"),
        ("Animals > Cats", "Felines", ["Animals"], "Animals > Cats"),
        ("T1016", "Discovery", ["T1"], "T1016"),
        ("AA", "A", ["AA"], "AA"),
    ],
)
def test_a_code_that_is_only_the_path_is_not_repeated(
    code: str, name: str, parents: list[str], shown: str
) -> None:
    assert code_beside(code, name, parents) == shown


def test_text_is_isolated_and_readable() -> None:
    assert isolated("a\u202eb") == "\u2068a\u202eb\u2069"
    assert readable("a\x00\x1b<\ud800") == "a\ufffd\ufffd<\ufffd"


def test_every_colour_is_a_pair_and_nothing_is_loaded() -> None:
    style = shared_style()
    colours = re.findall(r"--[\w-]+:([^;]*#[^;]*);", style)
    assert len(colours) >= 25
    assert all(colour.startswith("light-dark(") for colour in colours)
    assert "url(" not in style
    assert "@import" not in style
    used = set(re.findall(r"var\((--[\w-]+)\)", style))
    assert used <= set(re.findall(r"(--[\w-]+):", style))


def test_titles_of_levels() -> None:
    named = [level_title(name, 2) for name in ("3", "area", "", " ")]
    assert named == ["Level 3", "area", "Level 2", "Level 2"]
