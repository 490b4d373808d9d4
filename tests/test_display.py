"""Words written from right to left beside others."""

from __future__ import annotations

import io

import pytest

from harnn._display import beginning, counted, isolate, level_name, printable, whole_signs
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
        ("01234567 90", "01234567\u00a0…"),
        ("0123456789 1", "0123456789\u00a0…"),
        ("一二三四五六七八九十百", "一二三四五六七八九十\u00a0…"),
        ("a" + " " * 50 + "b", "a\u00a0…"),
    ],
)
def test_beginnings(text: str, expected: str) -> None:
    assert beginning(text, 10) == expected


def test_counts_have_their_noun() -> None:
    assert [counted(n, "label") for n in (0, 1, 2_000)] == ["0 labels", "1 label", "2,000 labels"]


def test_a_level_without_a_name_has_its_number() -> None:
    assert [level_name(name, 2) for name in ("area", " area ", "", "  ")] == [
        "area",
        "area",
        "2",
        "2",
    ]


FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FLAGS = "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7"


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("plain", 5, "plain"),
        ("plain", 3, "pla"),
        ("ae\u0301b", 2, "a"),
        ("e\u0301\u0302b", 1, "e\u0301\u0302"),
        (f"a{FAMILY}b", 3, "a"),
        (f"{FAMILY}b", 2, FAMILY),
        (FLAGS, 3, FLAGS[:2]),
        (FLAGS, 2, FLAGS[:2]),
        ("a\U0001f44d\U0001f3fdb", 2, "a"),
        ("\u1112\u1161\u11ab\u1100", 2, "\u1112\u1161\u11ab"),
        ("", 3, ""),
    ],
)
def test_no_sign_is_cut_in_two(text: str, most: int, expected: str) -> None:
    assert whole_signs(text, most) == expected


def test_a_sign_without_end_is_cut_all_the_same() -> None:
    assert len(whole_signs("e" + "\u0301" * 10_000, 100)) <= 132


def test_what_an_error_says_fits_into_a_message() -> None:
    from harnn._display import reason_of

    assert reason_of(ValueError("one\n  two.")) == "one two"
    assert reason_of(ValueError("no file a\ud800")) == "no file a\\ud800"
    assert reason_of(ValueError("x" * 500)) == "x" * 200
    assert reason_of(ValueError("x" * 500), 300) == "x" * 300
    assert reason_of(MemoryError()) == "MemoryError"
