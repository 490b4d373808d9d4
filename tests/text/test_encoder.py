"""Vocabulary, ids and lengths."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harnn.config import TextConfig
from harnn.text import Encoder

WORDS = TextConfig(segmenter="words", min_count=1)


def words_of(encoder: Encoder, text: str) -> list[str]:
    return [encoder.words[i] for i in encoder.encode([text]).ids[0]]


def read_back(text: str, **settings: object) -> list[str]:
    """The words of *text*, every one of them being known."""
    config = TextConfig(min_count=1, **{"segmenter": "words", **settings})  # type: ignore[arg-type]
    return words_of(Encoder.build([text], config), text)


def test_the_vocabulary_is_ordered_by_count_then_word() -> None:
    encoder = Encoder.build(["b a c", "c a d", "c"], WORDS)
    assert encoder.words == ("[PAD]", "[UNK]", "c", "a", "b", "d")
    assert len(encoder) == 6
    assert (encoder.pad_id, encoder.unknown_id) == (0, 1)


def test_rare_words_and_words_beyond_the_limit_are_unknown() -> None:
    texts = ["common common rare", "also also"]
    encoder = Encoder.build(texts, TextConfig(segmenter="words", min_count=2))
    assert encoder.words == ("[PAD]", "[UNK]", "also", "common")
    encoded = encoder.encode(["common rare new also"])
    assert encoded.ids[0].tolist() == [3, 1, 1, 2]
    assert encoded.unknown_share == 0.5

    limited = TextConfig(segmenter="words", min_count=1, max_vocabulary=10)
    encoder = Encoder.build((f"w{i:02}" for i in range(40)), limited)
    assert encoder.words == ("[PAD]", "[UNK]", *(f"w{i:02}" for i in range(8)))


@given(st.lists(st.text("ab c", max_size=12), max_size=12), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_the_vocabulary_equals_a_count_by_hand(texts: list[str], min_count: int) -> None:
    encoder = Encoder.build(texts, TextConfig(segmenter="words", min_count=min_count))
    counts = Counter(word for text in texts for word in text.split())
    kept = sorted((w for w, n in counts.items() if n >= min_count), key=lambda w: (-counts[w], w))
    assert encoder.words == ("[PAD]", "[UNK]", *kept)


def test_texts_are_read_once_and_not_kept() -> None:
    served = []

    def stream() -> Iterator[str]:
        for i in range(500):
            served.append(i)
            yield "word"

    encoder = Encoder.build(stream(), TextConfig(segmenter="auto", min_count=500))
    assert served == list(range(500))
    assert encoder.words == ("[PAD]", "[UNK]", "word")


def test_an_error_of_the_reader_comes_through() -> None:
    def stream() -> Iterator[str]:
        yield "word"
        raise ZeroDivisionError("line 2")

    for segmenter in ("words", "auto", "jieba"):
        with pytest.raises(ZeroDivisionError, match="line 2"):
            Encoder.build(stream(), TextConfig(segmenter=segmenter))  # type: ignore[arg-type]


def test_no_word_frequent_enough_is_noted() -> None:
    encoder = Encoder.build(["one two"], TextConfig(min_count=2))
    assert encoder.notes == (
        "No word stands 2 times or more in the training texts, so every word is unknown; "
        "lower text.min_count or bring more text.",
    )
    assert encoder.encode(["one"]).ids[0].tolist() == [1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World! It's e-mail_2.", ["hello", "world", "it", "s", "e", "mail_2"]),
        ("naïve CAFE\u0301 Ｆｕｌｌ ﬁne", ["naïve", "café", "full", "fine"]),
        ("سلام عليكم، العالم", ["سلام", "عليكم", "العالم"]),
        ("می\u200cخواهم", ["میخواهم"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("Straße Σίσυφος ДОМ", ["straße", "σίσυφος", "дом"]),
        ("deep学习 v2.0", ["deep", "学", "习", "v2", "0"]),
        ("カタカナ と 한국어", ["カ", "タ", "カ", "ナ", "と", "한국어"]),
        ("ไทย", ["ไ", "ท", "ย"]),
        ("🎉 yes ☕\ufe0f 👩\u200d👧 no", ["yes", "no"]),
        ("co\u00adoperate \ufeffmark", ["cooperate", "mark"]),
        ("nul\x00byte\x07bell\x1b[0m", ["nul", "byte", "bell", "0m"]),
        ("half\ud800surrogate \udfff", ["half", "surrogate"]),
        ("[PAD] [UNK]", ["pad", "unk"]),
        (" \t\r\n\u3000…—", []),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert read_back(text) == expected


def test_characters() -> None:
    text = "Ab 深度，\tx\u0323\u0301!\x00\u200b🎉"
    expected = ["a", "b", "深", "度", ",", "x\u0323\u0301", "!", "🎉"]
    assert read_back(text, segmenter="characters") == expected


def test_case_is_kept_on_demand() -> None:
    assert read_back("The IT it", lowercase=False) == ["The", "IT", "it"]


def test_special_words_inside_a_text_are_plain_text() -> None:
    encoder = Encoder.build(
        ["[PAD] a"], TextConfig(min_count=1, lowercase=False), segment=str.split
    )
    assert encoder.words == ("[PAD]", "[UNK]", "a")
    assert encoder.encode(["[PAD] [UNK] a"]).ids[0].tolist() == [1, 1, 2]


def test_long_texts_are_cut_and_counted() -> None:
    encoder = Encoder.build(["a b c"], TextConfig(segmenter="words", min_count=1, max_length=2))
    encoded = encoder.encode(["a b c", "b c", "", "?"])
    assert [row.tolist() for row in encoded.ids] == [[2, 3], [3, 4], [], []]
    assert all(row.dtype == np.int32 for row in encoded.ids)
    assert encoded.lengths.tolist() == [3, 2, 0, 0]
    assert encoded.truncated == 1
    assert encoder.spans("a b c") == [(0, 1), (2, 3)]


def test_nothing_encodes_to_nothing() -> None:
    encoded = Encoder.build([], WORDS).encode([])
    assert (encoded.ids, encoded.lengths.tolist()) == ([], [])
    assert (encoded.truncated, encoded.unknown_share) == (0, 0.0)


@pytest.mark.parametrize("segmenter", ["words", "characters", "jieba"])
def test_a_very_long_text(segmenter: str) -> None:
    text = "word 词。" * 50_000
    encoder = Encoder.build([text], TextConfig(segmenter=segmenter, min_count=1))  # type: ignore[arg-type]
    encoded = encoder.encode([text])
    assert encoded.lengths[0] == {"characters": 300_000}.get(segmenter, 100_000)
    assert len(encoded.ids[0]) == len(encoder.spans(text)) == 256


@given(st.lists(st.text(max_size=30), max_size=6))
@settings(max_examples=60, deadline=None)
def test_a_batch_equals_its_texts_one_by_one(texts: list[str]) -> None:
    for segmenter in ("words", "characters", "jieba"):
        config = TextConfig(segmenter=segmenter, min_count=1, max_length=4)  # type: ignore[arg-type]
        encoder = Encoder.build(texts[::2], config)
        together = encoder.encode(texts)
        alone = [encoder.encode([text]) for text in texts]
        assert [row.tolist() for row in together.ids] == [one.ids[0].tolist() for one in alone]
        assert together.lengths.tolist() == [int(one.lengths[0]) for one in alone]
        assert all((row > 0).all() and (row < len(encoder)).all() for row in together.ids)


def test_batches_by_count_and_by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = Encoder.build(["a b c d e"], WORDS)
    texts = ["a b", "c", "", "d e a b c d", "e"] * 3
    whole = [row.tolist() for row in encoder.encode(texts).ids]
    for name, limit in (("_BATCH_TEXTS", 2), ("_BATCH_CHARACTERS", 3)):
        monkeypatch.setattr(f"harnn.text.encoder.{name}", limit)
        assert [row.tolist() for row in encoder.encode(texts).ids] == whole


def test_one_string_is_refused() -> None:
    encoder = Encoder.build(["a"], WORDS)
    sentence = "texts must be several texts, got one string; put it into a list."
    for call in (lambda: encoder.encode("a b"), lambda: Encoder.build("a b", WORDS)):
        with pytest.raises(TypeError) as caught:
            call()
        assert str(caught.value) == sentence


def test_a_frozen_encoder_travels_between_processes() -> None:
    encoder = Encoder.build(["one 两个"], TextConfig(segmenter="jieba", min_count=1))
    again = pickle.loads(pickle.dumps(encoder))
    assert again.words == encoder.words
    assert again.spans("one 两个") == encoder.spans("one 两个")
    with pytest.raises(AttributeError):
        encoder.max_length = 3  # type: ignore[misc]


def test_normalize_is_what_the_vocabulary_went_through() -> None:
    encoder = Encoder.build(["x"], WORDS)
    assert encoder.normalize("Ｃafe\u0301 so\u00adft\ud800") == "café soft\ufffd"
