"""Notes for programs: codes, values, and the page that lists them all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import harnn
from harnn.answers import Prediction, plain_notes
from harnn.prediction import NOTE_CODES
from support.made_reports import GOLDEN

PAGE = Path(__file__).parents[2] / "docs" / "watching.md"


@pytest.fixture(scope="module")
def fast() -> harnn.Predictor:
    return harnn.Predictor.load(GOLDEN / "fast")


@pytest.fixture(scope="module")
def blend() -> harnn.Predictor:
    return harnn.Predictor.load(GOLDEN / "blend")


def test_the_page_lists_every_code_with_its_values() -> None:
    table = PAGE.read_text("utf-8").partition("## Notes for programs")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|", table, flags=re.MULTILINE)
    found = {code: tuple(re.findall(r"`(\w+)`", values)) for code, values in rows}
    assert found == NOTE_CODES


def test_values_beside_the_sentence(fast: harnn.Predictor) -> None:
    empty, unknown, some = fast.predict(
        ["...", "zzqx qqzz", "hive zzqx qqzz wwxx vvvv"], threshold=0.01
    )
    assert empty.to_dict()["note_details"] == [
        {"code": "empty_text", "text": "The text has no words: the answer is what is most common."}
    ]
    assert unknown.to_dict()["note_details"] == [
        {
            "code": "unknown_words",
            "words": 2,
            "share": 1.0,
            "encoder_languages": [],
            "text": "No word of the text is known to the model: the answer is a guess.",
        }
    ]
    assert some.notes == (
        "4 of the 5 words of the text are unknown to the model: the answer rests on the others.",
    )
    assert some.note_values[0]["share"] == 0.8
    assert some.note_codes == ("unknown_words",)


@pytest.mark.parametrize(
    ("text", "noted"),
    [
        ("hive zzqx qqzz wwxx", False),  # too short to tell
        ("hive hive hive zzqx qqzz wwxx", False),  # half
        ("hive hive zzqx qqzz wwxx", True),
        ("hive , . ! zzqx qqzz wwxx", False),  # marks are no words
    ],
)
def test_most_words_must_be_unknown(text: str, noted: bool, fast: harnn.Predictor) -> None:
    (answer,) = fast.predict([text])
    assert (answer.note_codes == ("unknown_words",)) == noted


def test_cut_texts(blend: harnn.Predictor) -> None:
    (answer,) = blend.predict(["hive " * 300])
    (details,) = answer.to_dict()["note_details"]
    most = blend.bundle.tokenizer.max_length
    assert (details["code"], details["words"], details["read"]) == ("truncated", 300, most)
    assert details["text"] == answer.notes[0]
    assert set(details) == {"code", "text", *NOTE_CODES["truncated"]}


def test_every_note_has_the_values_of_its_code(
    fast: harnn.Predictor, blend: harnn.Predictor
) -> None:
    for predictor in (fast, blend):
        for answer in predictor.predict(["", "zzqx", "hive " * 300, "hive zzqx qqzz wwxx vvvv"]):
            for code, values in zip(answer.note_codes, answer.note_values, strict=True):
                assert tuple(values) == NOTE_CODES[code]


def test_explanations_have_them_too(fast: harnn.Predictor) -> None:
    explained = fast.explain("zzqx qqzz").to_dict()
    (answer,) = fast.predict(["zzqx qqzz"])
    assert explained["note_details"] == answer.to_dict()["note_details"]
    without = fast.explain("hive").to_dict()
    assert without["notes"] == []
    assert "note_details" not in without


def test_answers_made_without_values() -> None:
    """As programs made them before there were any."""
    plain = Prediction("1", (), ("A note.",), ("code",)).to_dict()
    assert plain["note_details"] == [{"code": "code", "text": "A note."}]
    assert plain_notes((), (), ()) == {}
