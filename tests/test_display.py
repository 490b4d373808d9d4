"""Words written from right to left beside others."""

from __future__ import annotations

import io

import pytest

from harnn._display import beginning, isolate, printable
from harnn.cli.screen import Console, plain, say

HEBREW, ARABIC = "שלום", "السلام عليكم"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("Grüße, 你好", "Grüße, 你好"),
        (HEBREW, f"\u2068{HEBREW}\u2069"),
        (f"a {HEBREW} b", f"a \u2068{HEBREW}\u2069 b"),
        (f"{ARABIC} (12) {HEBREW}, x", f"\u2068{ARABIC} (12) {HEBREW}\u2069, x"),
        (f"{HEBREW} │ {HEBREW}", f"\u2068{HEBREW}\u2069 │ \u2068{HEBREW}\u2069"),
        (f"{HEBREW}\n{HEBREW}", f"\u2068{HEBREW}\u2069\n\u2068{HEBREW}\u2069"),
    ],
)
def test_isolates(text: str, expected: str) -> None:
    assert isolate(text) == expected


def test_isolates_of_others_stay_visible() -> None:
    assert isolate(printable(f"\u2067{HEBREW}")) == f"\\u2067\u2068{HEBREW}\u2069"


def test_a_long_run_takes_no_time() -> None:
    text = f"{HEBREW} ! " * 50_000
    assert isolate(text + "x").count("\u2068") == 1


def test_what_is_printed_is_isolated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    say(f"label '{HEBREW}': 3")
    assert capsys.readouterr().err == f"label '\u2068{HEBREW}\u2069': 3\n"
    stream = io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)
    Console().print(plain(f"{HEBREW} 0.5"))
    assert stream.getvalue() == f"\u2068{HEBREW}\u2069 0.5\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("one  two\n", "one two"),
        ("0123456789", "0123456789"),
        ("01234567 90", "01234567 …"),
        ("0123456789 1", "0123456789 …"),
        ("一二三四五六七八九十百", "一二三四五六七八九十 …"),
        ("a" + " " * 50 + "b", "a …"),
    ],
)
def test_beginnings(text: str, expected: str) -> None:
    assert beginning(text, 10) == expected
