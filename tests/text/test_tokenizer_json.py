"""One JSON file, checked when it is read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.config import TextConfig
from harnn.errors import BundleError
from harnn.text import Tokenizer


def saved(**settings: Any) -> dict[str, Any]:
    config = TextConfig(**{"segmenter": "words", "min_count": 1, **settings})
    record: dict[str, Any] = json.loads(Tokenizer.build(["one two"], config).to_json())
    return record


@given(st.lists(st.text(max_size=20), max_size=5), st.text(max_size=30), st.booleans())
def test_what_is_written_reads_back(texts: list[str], new: str, lowercase: bool) -> None:
    for segmenter in ("words", "characters", "jieba"):
        config = TextConfig(
            segmenter=segmenter,
            min_count=1,
            lowercase=lowercase,
            max_length=7,
        )
        tokenizer = Tokenizer.build(texts, config)
        text = tokenizer.to_json()
        again = Tokenizer.from_json(text)
        assert again.to_json() == text == Tokenizer.build(texts, config).to_json()
        assert text.encode()  # UTF-8 holds it
        assert (again.words, again.segmenter) == (tokenizer.words, segmenter)
        assert (again.lowercase, again.max_length, again.notes) == (lowercase, 7, ())
        assert again.spans(new) == tokenizer.spans(new)
        before, after = tokenizer.encode([*texts, new]), again.encode([*texts, new])
        assert [row.tolist() for row in after.ids] == [row.tolist() for row in before.ids]


def test_the_settings_stand_at_the_top() -> None:
    record = saved(max_length=9)
    record["tokenizer"] = record["tokenizer"]["model"]["vocab"]
    assert record == {
        "format": 1,
        "segmenter": "words",
        "lowercase": True,
        "max_length": 9,
        "tokenizer": {"[PAD]": 0, "[UNK]": 1, "one": 2, "two": 3},
    }


def test_a_custom_segmenter_is_given_again() -> None:
    tokenizer = Tokenizer.build(["A-b c"], TextConfig(min_count=1), segment=str.split)
    assert tokenizer.segmenter == "custom"
    text = tokenizer.to_json()
    again = Tokenizer.from_json(text, segment=str.split)
    assert again.encode(["c A-b"]).ids[0].tolist() == [3, 2]
    with pytest.raises(BundleError) as caught:
        Tokenizer.from_json(text, where="model/tokenizer.json")
    assert str(caught.value) == (
        "model/tokenizer.json: the tokenizer was built with a segmenter of your own, which no file "
        "can hold; pass the same function as segment=."
    )
    with pytest.raises(BundleError) as caught:
        Tokenizer.from_json(json.dumps(saved()), segment=str.split)
    assert str(caught.value) == (
        "the tokenizer was built with segmenter 'words', but segment= is given; leave segment= out."
    )


def test_wrong_settings_are_all_reported() -> None:
    record = saved() | {"segmenter": "wrods", "lowercase": 1, "max_length": True, "tokenizer": []}
    with pytest.raises(BundleError) as caught:
        Tokenizer.from_json(json.dumps(record), where="t.json")
    assert str(caught.value) == (
        "4 problems in the model directory:\n"
        '  t.json: segmenter of the tokenizer is "wrods", expected one of words, characters, '
        "jieba, icu, custom.\n"
        "  t.json: lowercase of the tokenizer is 1, expected true or false.\n"
        "  t.json: max_length of the tokenizer is true, expected a whole number of at least 1.\n"
        "  t.json: tokenizer of the tokenizer is [], expected an object."
    )


def change_vocabulary(vocabulary: Any) -> Callable[[dict[str, Any]], None]:
    def change(record: dict[str, Any]) -> None:
        record["tokenizer"]["model"]["vocab"] = vocabulary

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda record: record.update(format=2),
            "the tokenizer has format 2, this version reads 1.",
        ),
        (
            lambda record: record.pop("format"),
            "this is not a tokenizer: expected a JSON object with the key 'format'.",
        ),
        (
            lambda record: record["tokenizer"].pop("model"),
            "the tokenizer has no vocabulary of whole words with '[UNK]' for unknown ones.",
        ),
        (
            lambda record: record["tokenizer"]["model"].update(unk_token="one"),
            "the tokenizer has no vocabulary of whole words with '[UNK]' for unknown ones.",
        ),
        (
            change_vocabulary({"[PAD]": 0, "[UNK]": 1, "one": 3}),
            "the ids of the 3 words of the vocabulary are not 0, 1, 2, ...",
        ),
        (
            change_vocabulary({"[PAD]": 0, "[UNK]": 1, "one": 1}),
            "the ids of the 3 words of the vocabulary are not 0, 1, 2, ...",
        ),
        (
            change_vocabulary({"one": 0, "[UNK]": 1}),
            "the vocabulary begins with ['one', '[UNK]'], expected ['[PAD]', '[UNK]'].",
        ),
        (
            lambda record: record["tokenizer"].update(normalizer=None),
            "the tokenizer has no normalizer.",
        ),
    ],
)
def test_damaged_files(change: Callable[[dict[str, Any]], None], sentence: str) -> None:
    record = saved()
    change(record)
    with pytest.raises(BundleError) as caught:
        Tokenizer.from_json(json.dumps(record), where="t.json")
    assert str(caught.value) == f"t.json: {sentence}"


def test_no_json() -> None:
    with pytest.raises(BundleError) as caught:
        Tokenizer.from_json("{", where="t.json")
    assert str(caught.value) == (
        "t.json: the tokenizer is not valid JSON: Expecting property name enclosed in double "
        "quotes: line 1 column 2 (char 1)."
    )


def test_no_tokenizer() -> None:
    record = saved()
    record["tokenizer"]["pre_tokenizer"] = {"type": "Nonsense"}
    with pytest.raises(BundleError, match=r"^the tokenizer cannot be read: .+\.$"):
        Tokenizer.from_json(json.dumps(record))
