"""Which segmenter is chosen, and how Chinese is cut."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from typing import Any

import pytest

from harnn.config import TextConfig
from harnn.errors import MissingExtraError
from harnn.text import Tokenizer, segmenting

CHINESE = [
    "本文研究层次化多标签文本分类，提出一种基于注意力机制的循环神经网络模型。",
    "小明在图书馆借了三本关于植物学的书，打算周末慢慢读完。",
    "实验结果表明：该方法在5个公开数据集上的F1值平均提高了2.3%。",
    "王教授说，二〇二四年的会议将在杭州举行，欢迎大家投稿！",
    "使用Python 3.11和PyTorch训练，学习率取0.001，共30轮。",
    "他来到了网易杭研大厦，然后去吃了一碗牛肉面。",
    "中药材的化学成分十分复杂，需要用高效液相色谱（HPLC）来测定。",
    "城市轨道交通建设对沿线房价有什么影响？",
]
SEGMENTER_OF = [
    (["plain English text"], "words"),
    (CHINESE, "jieba"),
    (["An English text that names 北京 once and goes on in English"], "words"),
    (["日本語の文章はかなとカタカナを含みますので、こう読みます"], "words"),
    (["русский текст"], "words"),
    (["123 !?"], "words"),
    ([], "words"),
]


@pytest.fixture
def _without_rjieba(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def find_spec(name: str, package: str | None = None) -> Any:
        return None if name == "rjieba" else real(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    monkeypatch.setitem(sys.modules, "rjieba", None)


@pytest.mark.parametrize(("texts", "segmenter"), SEGMENTER_OF)
def test_auto_chooses_by_the_letters(texts: list[str], segmenter: str) -> None:
    tokenizer = Tokenizer.build(texts, TextConfig(min_count=1))
    assert tokenizer.segmenter == segmenter


def test_auto_looks_at_the_beginning_only() -> None:
    texts = ["english words"] * 200 + CHINESE * 100
    assert Tokenizer.build(texts, TextConfig(min_count=1)).segmenter == "words"


@pytest.mark.usefixtures("_without_rjieba")
def test_chinese_without_rjieba_is_read_by_characters() -> None:
    tokenizer = Tokenizer.build(CHINESE, TextConfig(min_count=1))
    assert tokenizer.segmenter == "characters"
    assert tokenizer.notes == (
        "Most of the text is Chinese, but its word segmenter is not installed, so every character "
        "is a token; for words: pip install 'harnn[zh]'",
    )
    assert Tokenizer.build(["plain English"], TextConfig(min_count=1)).notes == ()


@pytest.mark.usefixtures("_without_rjieba")
def test_asking_for_jieba_without_rjieba() -> None:
    with pytest.raises(MissingExtraError) as caught:
        Tokenizer.build(CHINESE, TextConfig(segmenter="jieba"))
    assert str(caught.value) == (
        "Cutting Chinese text into words needs the package 'rjieba', which is not installed: "
        "pip install 'harnn[zh]'"
    )


def test_loading_a_jieba_tokenizer_without_rjieba(monkeypatch: pytest.MonkeyPatch) -> None:
    text = Tokenizer.build(CHINESE, TextConfig(segmenter="jieba")).to_json()
    monkeypatch.setitem(sys.modules, "rjieba", None)
    with pytest.raises(MissingExtraError):
        Tokenizer.from_json(text)


@pytest.fixture(scope="module")
def jieba() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # jieba's own: invalid escapes, pkg_resources
        module = pytest.importorskip("jieba", reason="jieba, the reference, is not installed")
        module.setLogLevel("ERROR")
        module.initialize()
    return module


def test_chinese_is_cut_as_jieba_cuts_it(jieba: Any) -> None:
    tokenizer = Tokenizer.build(CHINESE, TextConfig(segmenter="jieba", min_count=1))
    for text in CHINESE:
        pieces = jieba.lcut(tokenizer.normalize(text))
        expected = [piece for piece in pieces if any(map(str.isalnum, piece))]
        words = [tokenizer.words[i] for i in tokenizer.encode([text]).ids[0]]
        assert words == expected
        surfaces = [tokenizer.normalize(text[start:end]) for start, end in tokenizer.spans(text)]
        assert surfaces == expected


def test_mixed_chinese() -> None:
    tokenizer = Tokenizer.build(CHINESE, TextConfig(segmenter="jieba", min_count=1))
    words = [
        tokenizer.words[i] for i in tokenizer.encode(["ＰｙＴｏｒｃｈ神经网络🎉, 3.11"]).ids[0]
    ]
    assert words == ["pytorch", "神经网络", "3.11"]


def test_a_custom_segmenter_must_return_strings() -> None:
    def numbers(text: str) -> Any:
        return [len(text)]

    with pytest.raises(TypeError) as caught:
        Tokenizer.build(["abc"], TextConfig(), segment=numbers)
    assert str(caught.value) == "segment must return strings, got 3."


def test_a_custom_segmenter_goes_before_the_setting() -> None:
    config = TextConfig(segmenter="jieba", min_count=1)
    tokenizer = Tokenizer.build(["Ab|\ud800c| |D"], config, segment=lambda text: text.split("|"))
    assert tokenizer.segmenter == "custom"
    assert tokenizer.words == ("[PAD]", "[UNK]", "ab", "d", "\ufffdc")


def test_unknown_chinese_words_are_read_by_their_characters() -> None:
    tokenizer = Tokenizer.build(
        ["超导材料。超导材料。新材料。"], TextConfig(segmenter="jieba", min_count=2)
    )
    known = set(tokenizer.words[2:])
    assert known == {"超导", "材料", "材", "料", "超", "导"}
    text = "新超导原料，ABC材料"
    spans = tokenizer.spans(text)
    read = [text[start:end] for start, end in spans]
    assert read == ["新", "超导", "原", "料", "ABC", "材料"]
    (ids,) = tokenizer.encode([text]).ids
    assert [tokenizer.words[i] for i in ids] == ["[UNK]", "超导", "[UNK]", "料", "[UNK]", "材料"]


def test_words_of_other_scripts_stay_whole() -> None:
    assert segmenting.is_compound("材料")
    assert not any(map(segmenting.is_compound, ("材", "abc", "材a", "")))
