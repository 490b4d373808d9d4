"""Vocabulary, ids and lengths."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.config import TextConfig
from harnn.text import Tokenizer

WORDS = TextConfig(segmenter="words", min_count=1)


def words_of(tokenizer: Tokenizer, text: str) -> list[str]:
    return [tokenizer.words[i] for i in tokenizer.encode([text]).ids[0]]


def read_back(text: str, **settings: object) -> list[str]:
    """The words of *text*, every one of them being known."""
    config = TextConfig(min_count=1, **{"segmenter": "words", **settings})  # type: ignore[arg-type]
    return words_of(Tokenizer.build([text], config), text)


def test_the_vocabulary_is_ordered_by_count_then_word() -> None:
    tokenizer = Tokenizer.build(["b a c", "c a d", "c"], WORDS)
    assert tokenizer.words == ("[PAD]", "[UNK]", "c", "a", "b", "d")
    assert len(tokenizer) == 6
    assert (tokenizer.pad_id, tokenizer.unknown_id) == (0, 1)


def test_rare_words_and_words_beyond_the_limit_are_unknown() -> None:
    texts = ["common common rare", "also also"]
    tokenizer = Tokenizer.build(texts, TextConfig(segmenter="words", min_count=2))
    assert tokenizer.words == ("[PAD]", "[UNK]", "also", "common")
    encoded = tokenizer.encode(["common rare new also"])
    assert encoded.ids[0].tolist() == [3, 1, 1, 2]

    limited = TextConfig(segmenter="words", min_count=1, max_vocabulary=10)
    tokenizer = Tokenizer.build((f"w{i:02}" for i in range(40)), limited)
    assert tokenizer.words == ("[PAD]", "[UNK]", *(f"w{i:02}" for i in range(8)))


@given(st.lists(st.text("ab c", max_size=12), max_size=12), st.integers(1, 3))
def test_the_vocabulary_equals_a_count_by_hand(texts: list[str], min_count: int) -> None:
    tokenizer = Tokenizer.build(texts, TextConfig(segmenter="words", min_count=min_count))
    counts = Counter(word for text in texts for word in text.split())
    kept = sorted((w for w, n in counts.items() if n >= min_count), key=lambda w: (-counts[w], w))
    assert tokenizer.words == ("[PAD]", "[UNK]", *kept)


def test_without_counts_no_word_is_kept_and_texts_are_read_all_the_same() -> None:
    texts = iter(["two words"] * 300)
    tokenizer = Tokenizer.build(texts, TextConfig(min_count=1), counts=False)
    assert tokenizer.words == ("[PAD]", "[UNK]")
    assert tokenizer.notes == ()
    assert next(texts, None) is None
    assert tokenizer.spans("two words") == [(0, 3), (4, 9)]
    assert Tokenizer.from_json(tokenizer.to_json()).words == tokenizer.words


@pytest.mark.parametrize("segmenter", ["jieba", "icu"])
def test_a_dictionary_needs_its_words_to_tell_compounds(segmenter: str) -> None:
    pytest.importorskip(segmenter, reason=f"cutting needs the extra {segmenter}")
    config = TextConfig(min_count=1, segmenter=segmenter)  # type: ignore[arg-type]
    texts = ["北京大学", "北京 大学"]
    counted = Tokenizer.build(texts, config)
    assert Tokenizer.build(texts, config, counts=False).words == counted.words


def test_texts_are_read_once_and_not_kept() -> None:
    served = []

    def stream() -> Iterator[str]:
        for i in range(500):
            served.append(i)
            yield "word"

    tokenizer = Tokenizer.build(stream(), TextConfig(segmenter="auto", min_count=500))
    assert served == list(range(500))
    assert tokenizer.words == ("[PAD]", "[UNK]", "word")


def test_an_error_of_the_reader_comes_through() -> None:
    def stream() -> Iterator[str]:
        yield "word"
        raise ZeroDivisionError("line 2")

    for segmenter in ("words", "auto", "jieba"):
        with pytest.raises(ZeroDivisionError, match="line 2"):
            Tokenizer.build(stream(), TextConfig(segmenter=segmenter))


def test_no_word_frequent_enough_is_noted() -> None:
    tokenizer = Tokenizer.build(["one two"], TextConfig(min_count=2))
    assert tokenizer.notes == (
        "No word stands 2 times or more in the training texts, so every word is unknown; "
        "lower text.min_count or bring more text.",
    )
    assert tokenizer.encode(["one"]).ids[0].tolist() == [1]


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
    tokenizer = Tokenizer.build(
        ["[PAD] a"], TextConfig(min_count=1, lowercase=False), segment=str.split
    )
    assert tokenizer.words == ("[PAD]", "[UNK]", "a")
    assert tokenizer.encode(["[PAD] [UNK] a"]).ids[0].tolist() == [1, 1, 2]


def test_long_texts_are_cut_and_counted() -> None:
    tokenizer = Tokenizer.build(["a b c"], TextConfig(segmenter="words", min_count=1, max_length=2))
    encoded = tokenizer.encode(["a b c", "b c", "", "?"])
    assert [row.tolist() for row in encoded.ids] == [[2, 3], [3, 4], [], []]
    assert all(row.dtype == np.int32 for row in encoded.ids)
    assert encoded.lengths.tolist() == [3, 2, 0, 0]
    assert encoded.truncated == 1
    assert tokenizer.spans("a b c") == [(0, 1), (2, 3)]


def test_nothing_encodes_to_nothing() -> None:
    encoded = Tokenizer.build([], WORDS).encode([])
    assert (encoded.ids, encoded.lengths.tolist()) == ([], [])
    assert encoded.truncated == 0


@pytest.mark.parametrize("segmenter", ["words", "characters", "jieba"])
def test_a_very_long_text(segmenter: str) -> None:
    text = "word 词。" * 50_000
    tokenizer = Tokenizer.build([text], TextConfig(segmenter=segmenter, min_count=1))  # type: ignore[arg-type]
    encoded = tokenizer.encode([text])
    assert encoded.lengths[0] == {"characters": 300_000}.get(segmenter, 100_000)
    assert len(encoded.ids[0]) == len(tokenizer.spans(text)) == 256


@given(st.lists(st.text(max_size=30), max_size=6))
def test_a_batch_equals_its_texts_one_by_one(texts: list[str]) -> None:
    for segmenter in ("words", "characters", "jieba"):
        config = TextConfig(segmenter=segmenter, min_count=1, max_length=4)
        tokenizer = Tokenizer.build(texts[::2], config)
        together = tokenizer.encode(texts)
        alone = [tokenizer.encode([text]) for text in texts]
        assert [row.tolist() for row in together.ids] == [one.ids[0].tolist() for one in alone]
        assert together.lengths.tolist() == [int(one.lengths[0]) for one in alone]
        assert all((row > 0).all() and (row < len(tokenizer)).all() for row in together.ids)


def test_batches_by_count_and_by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = Tokenizer.build(["a b c d e"], WORDS)
    texts = ["a b", "c", "", "d e a b c d", "e"] * 3
    whole = [row.tolist() for row in tokenizer.encode(texts).ids]
    for name, limit in (("_BATCH_TEXTS", 2), ("_BATCH_CHARACTERS", 3)):
        monkeypatch.setattr(f"harnn.text.tokenizer.{name}", limit)
        assert [row.tolist() for row in tokenizer.encode(texts).ids] == whole


def test_one_string_is_refused() -> None:
    tokenizer = Tokenizer.build(["a"], WORDS)
    sentence = "texts must be several texts, got one string; put it into a list."
    for call in (lambda: tokenizer.encode("a b"), lambda: Tokenizer.build("a b", WORDS)):
        with pytest.raises(TypeError) as caught:
            call()
        assert str(caught.value) == sentence


def test_a_frozen_tokenizer_travels_between_processes() -> None:
    tokenizer = Tokenizer.build(["one 两个"], TextConfig(segmenter="jieba", min_count=1))
    again = pickle.loads(pickle.dumps(tokenizer))
    assert again.words == tokenizer.words
    assert again.spans("one 两个") == tokenizer.spans("one 两个")
    with pytest.raises(AttributeError):
        tokenizer.max_length = 3  # type: ignore[misc]


def test_normalize_is_what_the_vocabulary_went_through() -> None:
    tokenizer = Tokenizer.build(["x"], WORDS)
    assert tokenizer.normalize("Ｃafe\u0301 so\u00adft\ud800") == "café soft\ufffd"
