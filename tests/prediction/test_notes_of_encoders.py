"""What is said where no word of a text is known, by what the encoder of whole texts knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from harnn.corpus import TextVectorsView
from harnn.prediction.notes import _say_rests


@dataclass
class Knows:
    """An encoder as far as notes ask it."""

    languages: tuple[str, ...]


@pytest.mark.parametrize(
    ("languages", "more"),
    [(("en",), ", and its encoder knows English alone"), (("en", "zh"), ""), ((), "")],
)
def test_an_encoder_that_knows_english_alone_is_said(languages: tuple[str, ...], more: str) -> None:
    encoder: Any = Knows(languages)
    expected = f"rests on the vector of the whole text alone{more}"
    assert _say_rests(TextVectorsView(encoder)) == expected


def test_without_whole_texts_nothing_is_said() -> None:
    assert _say_rests(None) == ""
