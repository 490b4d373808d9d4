"""Chinese with a dictionary of one's own, and scripts that ICU cuts."""

from __future__ import annotations

import io
import json
import pickle
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest

import harnn
from harnn.config import Config, TextConfig
from harnn.errors import BundleError, ConfigError, MissingExtraError
from harnn.text import Tokenizer
from harnn.text.cutting import UserWord, cut_icu, cutter, read_user_dictionary
from support.topics import TAXONOMY

WORDS = "云计算框架 5 n\n网易杭研大厦\n\n图书馆借 20000\nPyTorch训练 3\n超导材料 nz\n"
TEXTS = [
    "他来到了网易杭研大厦，用云计算框架做实验。",
    "小明在图书馆借了三本书，使用ＰｙＴｏｒｃｈ训练。",
    "超导材料的云计算框架网易杭研大厦图书馆借🎉𠀀",
    "plain English",
    "",
]
THAI = "ฉันอ่านหนังสือ"
THAI_WORDS = ["ฉัน", "อ่าน", "หนังสือ"]
JAPANESE = "東京都に住んでいます"


@pytest.fixture
def dictionary(tmp_path: Path) -> Path:
    pytest.importorskip("jieba", reason="the extra jieba is not installed")
    path = tmp_path / "words.txt"
    path.write_text(WORDS, encoding="utf-8")
    return path


@pytest.fixture
def icu() -> Any:
    return pytest.importorskip("icu", reason="the extra icu is not installed")


def read(tokenizer: Tokenizer, text: str) -> list[str]:
    return [tokenizer.words[number] for number in tokenizer.encode([text]).ids[0]]


def config(**settings: Any) -> TextConfig:
    return TextConfig(**({"min_count": 1} | settings))


def test_a_dictionary_is_read_as_jieba_reads_it(dictionary: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import jieba
    reference = jieba.Tokenizer()
    reference.FREQ, reference.total = reference.gen_pfdict(reference.get_dict_file())
    reference.initialized = True
    reference.load_userdict(io.StringIO(WORDS.replace("PyTorch", "pytorch")))
    settings = config(segmenter="jieba", user_dictionary=str(dictionary))
    tokenizer = Tokenizer.build(TEXTS, settings)
    plain = Tokenizer.build(TEXTS, config(segmenter="jieba"))
    for text in TEXTS:
        pieces = reference.lcut(tokenizer.normalize(text))
        expected = [piece for piece in pieces if any(map(str.isalnum, piece))]
        assert read(tokenizer, text) == expected
        spans = [tokenizer.normalize(text[a:b]) for a, b in tokenizer.spans(text)]
        assert spans == expected
    assert {"云计算框架", "网易杭研大厦", "图书馆借", "超导材料"} <= set(tokenizer.words)
    assert not {"云计算框架", "网易杭研大厦", "图书馆借"} & set(plain.words)


def test_without_a_dictionary_jieba_and_its_twin_cut_alike() -> None:
    pytest.importorskip("jieba", reason="the extra jieba is not installed")
    own = cutter("jieba", (UserWord("某某某某某", 1),))
    twin = cutter("jieba")
    for text in TEXTS:
        assert list(own(text)) == list(twin(text))


def test_what_a_dictionary_says(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes("\ufeff云计算 12 n\r\n a B \r\n\r\n创新办 i\n".encode())
    assert read_user_dictionary(path) == (
        UserWord("云计算", 12),
        UserWord("a B", None),
        UserWord("创新办", None),
    )


def test_dictionaries_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "words.txt"
    with pytest.raises(
        ConfigError, match=r"words\.txt: cannot be read: No such file or directory\."
    ):
        read_user_dictionary(path)
    path.write_text("\n \n")
    with pytest.raises(ConfigError, match=r"words\.txt: holds no words\."):
        read_user_dictionary(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match=r"words\.txt: is not UTF-8 text\."):
        read_user_dictionary(path)
    path.write_text(f"好 0\n很 3\n{'长' * 101}\n大 {'9' * 5000}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        read_user_dictionary(path)
    assert [str(problem).removeprefix(str(path)) for problem in caught.value.problems] == [
        ":1: has a frequency of 0, expected 1 to 1,000,000,000,000.",
        ":3: has a word of 101 characters, expected 1 to 100.",
        ":4: has a frequency of 1000000000001, expected 1 to 1,000,000,000,000.",
    ]


def test_settings_are_checked_before_work(
    dictionary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.from_dict({"text": {"user_dictionary": str(dictionary)}})
    what = "is a dictionary for text.segmenter=jieba, got text.segmenter=auto."
    assert str(caught.value) == f"text.user_dictionary: {what}"
    absent = {"segmenter": "jieba", "user_dictionary": str(dictionary) + "x"}
    document = harnn.Document("1", {"text": "x"}, ("cat",))
    with pytest.raises(ConfigError, match=r"words\.txtx: cannot be read"):
        harnn.fit(TAXONOMY, [document], [document], Config.from_dict({"text": absent}))
    for module, extra, text in (
        ("jieba", "jieba", {"segmenter": "jieba", "user_dictionary": str(dictionary)}),
        ("icu", "icu", {"segmenter": "icu"}),
    ):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(MissingExtraError, match=rf"pip install 'harnn\[{extra}\]'"):
            harnn.fit(TAXONOMY, [document], [document], Config.from_dict({"text": text}))


def test_the_words_are_part_of_the_model(dictionary: Path, tmp_path: Path) -> None:
    documents = [
        harnn.Document(str(n), {"text": text}, (label,))
        for n, (text, label) in enumerate(
            zip(TEXTS[:3] * 4, ["cat", "oak", "dog"] * 4, strict=True)
        )
    ]
    settings = {
        "model": {"preset": "fast"},
        "text": {"segmenter": "jieba", "user_dictionary": str(dictionary), "min_count": 1},
    }
    result = harnn.fit(TAXONOMY, documents, documents, Config.from_dict(settings))
    harnn.save_bundle(result, tmp_path / "model")
    dictionary.unlink()
    loaded = harnn.load_bundle(tmp_path / "model").tokenizer
    assert loaded.user_words == result.tokenizer.user_words
    for text in TEXTS:
        assert read(loaded, text) == read(result.tokenizer, text)
    assert read(pickle.loads(pickle.dumps(loaded)), TEXTS[0]) == read(loaded, TEXTS[0])


@pytest.mark.parametrize(
    "rows", [5, [["好"]], [["好", "1"]], [["", 1]], [["好", 0]], [["好" * 101, 1]], [["好", 1.5]]]
)
def test_a_damaged_dictionary_is_refused(dictionary: Path, rows: Any) -> None:
    settings = config(segmenter="jieba", user_dictionary=str(dictionary))
    record = json.loads(Tokenizer.build(TEXTS, settings).to_json())
    assert record["user_dictionary"][0] == ["云计算框架", 5]
    with pytest.raises(BundleError, match=r"^t: the user dictionary of the tokenizer is damaged\."):
        Tokenizer.from_json(json.dumps(record | {"user_dictionary": rows}), where="t")
    words = json.loads(Tokenizer.build(TEXTS, config(segmenter="words")).to_json())
    with pytest.raises(BundleError, match="is damaged"):
        Tokenizer.from_json(json.dumps(words | {"user_dictionary": [["好", 1]]}))


def test_icu_cuts_all_of_a_text(icu: Any) -> None:
    for text in [*TEXTS, THAI, JAPANESE, "𠀀👩‍👩‍👧 é̈\r\n", "\ufffd"]:
        assert "".join(cut_icu(text)) == text
    assert cut_icu(THAI) == THAI_WORDS
    assert "東京" in cut_icu(JAPANESE)
    assert cut_icu("Don't stop, 3.14!") == ["Don't", " ", "stop", ",", " ", "3.14", "!"]


def test_icu_in_a_tokenizer(icu: Any) -> None:
    tokenizer = Tokenizer.build([THAI, JAPANESE], config(segmenter="icu"))
    assert read(tokenizer, THAI) == THAI_WORDS
    again = Tokenizer.from_json(tokenizer.to_json())
    for text in (THAI, JAPANESE, f"𠀀 {THAI}! ABC"):
        assert read(again, text) == read(tokenizer, text)
        spans = tokenizer.spans(text)
        assert len(spans) == len(read(tokenizer, text))
        assert "".join(text[a:b] for a, b in spans) in text.replace(" ", "").replace("!", "") + text
    assert tokenizer.notes == ()


def test_another_version_of_icu_is_told(icu: Any) -> None:
    text = Tokenizer.build([THAI], config(segmenter="icu")).to_json()
    record = json.loads(text)
    assert record["icu"] == icu.ICU_VERSION
    assert Tokenizer.from_json(text).to_json() == text
    other = json.dumps(record | {"icu": "1.2"}, ensure_ascii=False)
    told = rf"cut with ICU 1\.2, and this is ICU {icu.ICU_VERSION}: some words may be cut otherwise"
    with pytest.warns(UserWarning, match=told):
        loaded = Tokenizer.from_json(other)
    assert loaded.to_json() == other
    major = icu.ICU_VERSION.partition(".")[0]
    for alike in (f"{major}.99", f"{major}.1.2", major):  # warnings are errors
        Tokenizer.from_json(json.dumps(record | {"icu": alike}, ensure_ascii=False))
    with pytest.raises(BundleError, match="icu of the tokenizer is 5, expected a version"):
        Tokenizer.from_json(json.dumps(record | {"icu": 5}))


@pytest.mark.parametrize(
    ("text", "language", "segmenter", "extra"),
    [
        (THAI, "Thai", "icu", "icu"),
        ("ຂ້ອຍອ່ານປຶ້ມ", "Lao", "icu", "icu"),
        ("ខ្ញុំអានសៀវភៅ", "Khmer", "icu", "icu"),
        ("ကျွန်တော်စာအုပ်ဖတ်သည်", "Burmese", "icu", "icu"),
        (JAPANESE, "Japanese", "icu", "icu"),
        (TEXTS[0], "Chinese", "jieba", "zh"),
    ],
)
def test_text_without_spaces_is_told_once(
    text: str, language: str, segmenter: str, extra: str
) -> None:
    expected = (
        f"Much of the text is {language}, which has no spaces between words, so every character "
        f"is a token; for words: text.segmenter={segmenter} (pip install 'harnn[{extra}]')"
    )
    assert Tokenizer.build([text] * 3, config(segmenter="words")).notes == (expected,)
    assert Tokenizer.build([text] * 3, config(segmenter="characters")).notes == ()
    assert Tokenizer.build([text], config(), segment=str.split).notes == ()
    automatic = Tokenizer.build([text] * 3, config()).notes
    assert automatic == (() if language == "Chinese" else (expected,))


def test_a_few_words_of_it_are_nothing_to_tell() -> None:
    texts = ["An English text that names 北京, 東京の駅 and หนังสือ once and goes on in English"] * 3
    assert Tokenizer.build(texts, config(segmenter="words")).notes == ()
