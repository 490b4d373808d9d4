"""Which language a text is in."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest

import harnn.languages
from harnn.errors import ConfigError, MissingExtraError
from harnn.languages import WRITINGS, detect_language, find_writing, find_writings

LONG = "We fit a new washer to the dripping kitchen tap and bled the radiators. "


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (LONG, "en"),
        ("Das ist ein Haus, in dem niemand wohnt.", "de"),
        ("Tämä on suomea.", "fi"),
        ("厨房的水龙头漏水了，需要换一个新的垫圈。", "zh"),
    ],
)
def test_the_likeliest_language_comes_first(text: str, language: str) -> None:
    found = detect_language(text, ["fi", "zh", "en", "de", "en"])
    assert found[0].language == language
    assert found[-1].language is None
    scores = [each.score for each in found[:-1]]
    assert scores == sorted(scores, reverse=True)
    assert sum(each.score for each in found) == pytest.approx(1, abs=1e-5)
    assert len(found) == 5


def test_other_languages_than_those_asked_for_are_none() -> None:
    assert detect_language(LONG * 3, ["fi"])[-1].score > 0.99
    assert detect_language("", ["fi"])[-1].score > 0.9


def test_of_a_long_text_the_beginning_is_read() -> None:
    text = LONG * 200
    assert detect_language(text, ["en", "de"]) == detect_language(text[:10_000], ["en", "de"])


def test_any_text_has_an_answer() -> None:
    assert len(detect_language("\x00\ud800\U0001f41d", ["en"])) == 2


def test_languages_that_are_not_known() -> None:
    with pytest.raises(ConfigError) as caught:
        detect_language("a", ["xx", "en", "EN"])
    assert [str(each) for each in caught.value.problems] == [
        f"the language {code!r} is not known, expected a code such as en, de or zh."
        for code in ("xx", "EN")
    ]
    with pytest.raises(ConfigError, match=r"^expected a language\.$"):
        detect_language("a", [])


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    harnn.languages._identifier.cache_clear()
    monkeypatch.setitem(sys.modules, "py3langid", None)
    expected = "needs the package 'py3langid', which is not installed: pip install"
    with pytest.raises(MissingExtraError, match=re.escape(expected)):
        detect_language("a", ["en"])


@pytest.mark.parametrize(
    ("text", "writing"),
    [
        (LONG, "English"),
        ("Das ist ein Haus, in dem niemand wohnt.", "German"),
        (
            "Seit die neue Brücke gesperrt ist, müssen Pendler einen Umweg fahren, der eine Stunde "
            "kostet.",
            "German",
        ),
        (
            "Le robinet de la cuisine fuit depuis hier soir et le gardien a promis de venir.",
            "French",
        ),
        ("El grifo de la cocina gotea y el portero ha prometido que lo arreglará.", "Spanish"),
        ("Il rubinetto della cucina perde e il portiere ha promesso che verrà.", "Italian"),
        ("A torneira da cozinha pinga e o porteiro do prédio prometeu que vem.", "Portuguese"),
        ("De kraan in de keuken lekt en de huismeester heeft beloofd dat hij komt.", "Dutch"),
        ("Kranen i köket har läckt sedan i går kväll.", "Latin"),
        ("La maison du port", "Latin"),  # three words tell little
        ("con una para", "Spanish"),
        ("de la un", "Latin"),  # of several languages
        ("the of " + "la maison est dans le port " * 3, "English"),  # a tenth is enough
        ("Tämä on suomea.", "Latin"),
        ("Bees", "Latin"),
        ("éàü", "Latin"),
        ("Это дом, в котором никто не живёт, but a big one.", "Cyrillic"),
        ("厨房的水龙头漏水了", "Han"),
        ("台所の蛇口が漏れている", "Kana"),
        ("주방 수도꼭지", "Hangul"),
        ("حنفية المطبخ", "Arabic"),
        ("ברז המטבח", "Hebrew"),
        ("रसोई का नल", "Indic"),
        ("ก๊อกน้ำ", "Thai"),
        ("βρύση", "Greek"),
        ("ⴰⴱⴲ", "other"),
        ("", "none"),
        ("12 !? \x00\ud800", "none"),
        (LONG * 30 + "水" * 10_000, "English"),
    ],
)
def test_what_a_text_is_written_in(text: str, writing: str) -> None:
    assert find_writing(text) == writing
    assert writing in WRITINGS
    assert find_writings([text] * 20) == [writing] * 20


ODD = (
    "\u212a\u0130\u00d7\u00aa\u00df\ufb01\U0001f468\u200d\ud800\u0300\U0002a700\U00030000\U0010ffff"
    "\x00\n\t"
)
PIECES = (
    *ODD, *"the and of which THE Is to with", "the ", " of", "is.", "which", "whiches", "a", "zz",
    "Haus ", "die ", "des ", "que una ", "della e ", "uma os ", "het en ",
    "é", "ñandú ", "水", "漏れ", "カ", "그", "В ", "ח", "ح", "क", "ก", "β", "ⴰ",
    "12 ", "!? ",
)  # fmt: skip


def test_many_texts_are_seen_as_each_of_them() -> None:
    """Whatever they are made of, to the last one; also those at the edges of what is read."""
    rng = np.random.default_rng(1)
    texts = []
    for _ in range(4_000):
        few = rng.choice(len(PIECES), rng.integers(1, 6))
        some = rng.choice(few, rng.integers(0, 40)).tolist()
        texts.append("".join(PIECES[place] for place in some))
    texts += [f"{'x' * 995}the{end}" for end in ("", "re", " is", "\nof", "水" * 2_000)]
    texts += [f"{filler * 999}{end}" for filler in "a z水.é" for end in ("the", "水", "")]
    texts += ["", "the", "水", "the " * 1_000]
    expected = [find_writing(text) for text in texts]
    assert set(expected) == set(WRITINGS)
    for size in (1, 15, 16, 17, 64, len(texts)):
        found = [
            writing
            for start in range(0, len(texts), size)
            for writing in find_writings(texts[start : start + size])
        ]
        assert found == expected
    assert find_writings([]) == []
