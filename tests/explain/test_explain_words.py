from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.explain import Explanation, WordWeight
from harnn.explain.words import SHADES, Piece, Spread, TopWord, cut_text, measure_spread, top_words
from harnn.pages import counted, escape, language_attribute, percent
from support.made_explanations import explanation, label


def weighed(*weights: float) -> tuple[WordWeight, ...]:
    return tuple(WordWeight(2 * i, 2 * i + 1, f"w{i}", w) for i, w in enumerate(weights))


def test_gaps_between_words_are_pieces_without_shade() -> None:
    text = " red,  blue\n"
    made = explanation(text, label("a", text, [(1, 4, 0.75), (7, 11, 0.25)]))
    assert list(cut_text(made)) == [
        Piece(" ", ()),
        Piece("red", ((0, 9),)),
        Piece(",  ", ()),
        Piece("blue", ((0, 3),)),
        Piece("\n", ()),
    ]


def test_words_without_spaces_and_astral_characters() -> None:
    text = "𠮷野家🐝蜂蜜"
    made = explanation(text, label("a", text, [(0, 3, 0.2), (3, 4, 0.3), (4, 6, 0.5)]))
    assert list(cut_text(made)) == [
        Piece("𠮷野家", ((0, 4),)),
        Piece("🐝", ((0, 5),)),
        Piece("蜂蜜", ((0, 9),)),
    ]


def test_overlapping_words_keep_the_stronger_shade_and_are_cut_at_every_end() -> None:
    text = "abcdef"
    made = explanation(
        text,
        label("a", text, [(0, 4, 0.2), (2, 6, 0.6)]),
        label("b", text, [(3, 5, 1.0), (5, 6, 0.01)]),
    )
    assert list(cut_text(made)) == [
        Piece("ab", ((0, 3),)),
        Piece("c", ((0, 9),)),
        Piece("d", ((0, 9), (1, 9))),
        Piece("e", ((0, 9), (1, 9))),
        Piece("f", ((0, 9),)),
    ]


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (0, 4), (2, 1)])
def test_words_outside_of_the_text_are_refused(start: int, end: int) -> None:
    made = Explanation("d 1", "abc", (label("a", "abc", [(start, end, 1.0)]),))
    with pytest.raises(ValueError, match="inside") as error:
        list(cut_text(made))
    assert str(error.value) == (
        f"Document 'd 1': expected words inside its 3 characters, got {start} to {end}."
    )


@given(st.data(), st.text(max_size=30))
def test_each_character_has_the_strongest_shade_of_the_words_over_it(
    data: st.DataObject, text: str
) -> None:
    bound = st.integers(0, len(text))
    word = st.tuples(bound, bound, st.floats(0, 1)).map(lambda w: (min(w[:2]), max(w[:2]), w[2]))
    made = explanation(
        text,
        *(label(str(n), text, data.draw(st.lists(word, max_size=6))) for n in range(3)),
    )
    pieces = list(cut_text(made))
    assert "".join(piece.text for piece in pieces) == text
    found = [piece.shades for piece in pieces for _ in piece.text]
    for place in range(len(text)):
        naive = {}
        for position, item in enumerate(made.labels):
            strongest = max((w.weight for w in item.weights), default=0)
            over = [w.weight for w in item.weights if w.start <= place < w.end]
            if over and (shade := round(SHADES * max(over) / (strongest or 1))):
                naive[position] = shade
        assert dict(found[place]) == naive


def test_top_words_add_up_occurrences() -> None:
    words = [
        WordWeight(0, 3, "the", 0.3),
        WordWeight(4, 7, "bee", 0.4),
        WordWeight(8, 11, "the", 0.3),
    ]
    assert top_words(words, 5) == [TopWord("the", 2, 0.6), TopWord("bee", 1, 0.4)]
    assert top_words(words, 1) == [TopWord("the", 2, 0.6)]
    assert top_words(weighed(0.0), 5) == []


@pytest.mark.parametrize(
    ("weights", "spread", "even"),
    [
        ((), Spread(0, 0), False),
        ((0.0, 0.0), Spread(0, 2), False),
        ((0.9, 0.1), Spread(1, 2), False),
        ((0.25,) * 4, Spread(2, 4), False),
        ((0.1,) * 10, Spread(5, 10), True),
        ((0.3, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1), Spread(3, 8), False),
    ],
)
def test_spread(weights: tuple[float, ...], spread: Spread, even: bool) -> None:
    assert measure_spread(weighed(*weights)) == spread
    assert spread.is_nearly_even is even


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, "0%"), (1e-9, "<1%"), (0.01, "1%"), (0.5, "50%"), (0.99, "99%"), (0.991, ">99%"),
     (1, "100%"), (float("nan"), "?")],
)  # fmt: skip
def test_percent(share: float, shown: str) -> None:
    assert percent(share) == shown


def test_counted() -> None:
    assert [counted(n, "label") for n in (0, 1, 2_000)] == ["0 labels", "1 label", "2,000 labels"]


def test_escape_replaces_what_html_cannot_carry() -> None:
    assert escape("<a href=\"x\" b='y'> & \t\n") == (
        "&lt;a href=&quot;x&quot; b=&#x27;y&#x27;&gt; &amp; \t\n"
    )
    assert escape("a\0b\ud800c\x1b") == "a\ufffdb\ufffdc\ufffd"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("plain", ""),
        ("中文", "zh"),
        ("𠮷", "zh"),
        ("漢字かな", "ja"),
        ("한국어 漢字", "ko"),
        ("", ""),
    ],
)
def test_language_attribute(text: str, language: str) -> None:
    assert language_attribute(text) == f' lang="{language}"'
