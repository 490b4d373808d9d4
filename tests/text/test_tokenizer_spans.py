"""Each token knows the characters it came from."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.config import TextConfig
from harnn.text import Tokenizer

ALL_KNOWN = 10_000
PIECES = st.sampled_from(
    [
        *"aÉßİΣ中文かガｶﾞไทยа ,.!½ﷺ①",
        "e\u0301",
        "か\u3099",
        "\u1100\u1161\u11a8",
        "x\u0323\u0307",
        "\u0301",
        "☕\ufe0f",
        "so\u00adft",
        "می\u200cخواهم",
        "हिन्दी",
        "深度学习",
        "Ｆｕｌｌ",
        "\x00",
        "\ud800",
        "👩\u200d👧",
        "  ",
        "word ",
    ]
)
TEXTS = st.one_of(st.text(max_size=20), st.lists(PIECES, max_size=12).map("".join))


def surfaces(text: str, **settings: object) -> list[str]:
    config = TextConfig(min_count=1, **settings)  # type: ignore[arg-type]
    return [text[start:end] for start, end in Tokenizer.build([text], config).spans(text)]


@pytest.mark.parametrize("segmenter", ["words", "characters", "jieba"])
@given(text=TEXTS)
def test_the_characters_of_a_token_normalise_to_it(segmenter: str, text: str) -> None:
    config = TextConfig(segmenter=segmenter, min_count=1, max_length=ALL_KNOWN)  # type: ignore[arg-type]
    tokenizer = Tokenizer.build([text], config)
    ids = tokenizer.encode([text]).ids[0].tolist()
    spans = tokenizer.spans(text)
    assert len(spans) == len(ids)
    for token, (start, end) in zip(ids, spans, strict=True):
        assert 0 <= start < end <= len(text)
        assert tokenizer.words[token] in tokenizer.normalize(text[start:end])
    assert spans == sorted(spans)


@given(TEXTS, st.integers(1, 4))
def test_spans_are_cut_like_ids(text: str, max_length: int) -> None:
    for segmenter in ("words", "characters", "jieba"):
        whole = TextConfig(segmenter=segmenter, min_count=1, max_length=ALL_KNOWN)
        cut = TextConfig(segmenter=segmenter, min_count=1, max_length=max_length)
        expected = Tokenizer.build([text], whole).spans(text)[:max_length]
        assert Tokenizer.build([text], cut).spans(text) == expected


def test_spans_are_of_the_original_text() -> None:
    assert surfaces("Hello, ﬁne Cafe\u0301s  so\u00adft!", segmenter="words") == [
        "Hello",
        "ﬁne",
        "Cafe\u0301s",
        "so\u00adft",
    ]
    assert surfaces("Cafe\u0301 か\u3099", segmenter="words") == ["Cafe\u0301", "か\u3099"]
    assert surfaces("a\ud800b\x00c", segmenter="words") == ["a", "b", "c"]
    assert surfaces("İstanbul½", segmenter="words") == ["İstanbul½", "½"]
    assert surfaces("我用ＤＮＡ，来到北京。", segmenter="jieba") == [
        "我用",
        "ＤＮＡ",
        "来到",
        "北京",
    ]


def test_spans_of_a_custom_segmenter_follow_the_order_of_the_pieces() -> None:
    text = "New York is not new, York!"

    def pairs(text: str) -> list[str]:
        return ["New York", "is", "LEMMA", " ", "York"] if text else []

    tokenizer = Tokenizer.build([text], TextConfig(min_count=1), segment=pairs)
    spans = tokenizer.spans(text)
    assert [text[start:end] for start, end in spans] == ["New York", "is", "", "York"]
    assert spans[2] == (11, 11)  # stands nowhere in the text
    assert spans[3] == (21, 25)
    words = [tokenizer.words[i] for i in tokenizer.encode([text]).ids[0]]
    assert words == ["new york", "is", "lemma", "york"]
    assert tokenizer.spans("") == []
