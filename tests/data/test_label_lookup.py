"""Labels by code, name, path and other spellings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.config import Config, DataConfig
from harnn.data import ReadingLog, read_documents, read_labelled, survey_documents
from harnn.data.label_lookup import LabelLookup
from harnn.errors import ConfigError, DocumentError
from harnn.taxonomy import Taxonomy
from harnn.taxonomy.spelling import fold

NAMES = {
    "F": "Food",
    "F1": "Tomato  Soup",
    "F2": "Other",
    "S": "Sport",
    "S1": "Football / Soccer",
    "S2": "Other",
    "S3": "F1",
    "Z": "Straße",
}
TAXONOMY = Taxonomy.from_edges(
    [(code, "ROOT" if len(code) == 1 else code[0]) for code in NAMES], names=NAMES
)


@pytest.mark.parametrize(
    ("written", "code", "how"),
    [
        ("F1", "F1", "code"),  # also the name of S3: the code counts
        ("Food", "F", "name"),
        ("Sport > F1", "S3", "path"),
        ("Food > Other", "F2", "path"),
        ("S > Other", "S2", "path"),
        ("Sport / Other", "S2", "path"),
        ("food", "F", "spelling"),
        (" Tomato soup ", "F1", "spelling"),
        ("TOMATO SOUP", "F1", "spelling"),
        ("STRASSE", "Z", "spelling"),
        ("Ｆｏｏｄ", "F", "spelling"),
        ("sport → OTHER", "S2", "spelling"),
        ("Football / Soccer", "S1", "name"),
        ("Sport > Football / Soccer", "S1", "path"),
    ],
)
def test_one_label_is_meant(written: str, code: str, how: str) -> None:
    found = LabelLookup(TAXONOMY).find(written)
    assert [TAXONOMY.codes[column] for column in found.columns] == [code]
    assert found.how == how


@pytest.mark.parametrize("written", ["", "Soup", "Food > Soccer", "Sport > Food", ">", "a > > b"])
def test_no_label_is_meant(written: str) -> None:
    assert LabelLookup(TAXONOMY).find(written).columns == ()


def test_several_labels_can_be_meant() -> None:
    columns = LabelLookup(TAXONOMY).find("other").columns
    assert [TAXONOMY.codes[column] for column in columns] == ["F2", "S2"]


def test_codes_alone() -> None:
    lookup = LabelLookup(TAXONOMY, by="code")
    assert lookup.find("Food").columns == ()
    assert len(lookup.find("F").columns) == 1


def test_alternative_names_notations_and_iris(tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.tsv"
    path.write_text("child\tparent\nF\tROOT\nF1\tF\n", encoding="utf-8")
    table = tmp_path / "names.tsv"
    header = "label\tname\talternatives\tnotation"
    table.write_text(f"{header}\nF1\tSoup\tBroth|Stew\t1.1\n", encoding="utf-8")
    taxonomy = Taxonomy.from_file(path, labels=table)
    for written in ("Broth", "stew", "1.1", "F > Stew"):
        columns = LabelLookup(taxonomy).find(written).columns
        assert [taxonomy.codes[column] for column in columns] == ["F1"], written


def test_a_path_from_the_top_comes_before_others() -> None:
    taxonomy = Taxonomy.from_edges(
        [("a", "ROOT"), ("b", "a"), ("x", "ROOT"), ("a2", "x"), ("b2", "a2")],
        names={"a": "A", "a2": "A", "b": "B", "b2": "B"},
    )
    found = LabelLookup(taxonomy).find("A > B")
    assert [taxonomy.codes[column] for column in found.columns] == ["b"]


def test_a_label_with_two_parents_is_reached_through_both() -> None:
    edges = [("a", "ROOT"), ("b", "ROOT"), ("c", "a"), ("c", "b")]
    lookup = LabelLookup(Taxonomy.from_edges(edges))
    assert lookup.find("a > c").columns == lookup.find("b > c").columns != ()


@given(st.text(st.characters(max_codepoint=0x2FF), max_size=20))
def test_case_and_blanks_fold_away(text: str) -> None:
    assert fold(f"  {text.upper()}\n") == fold(text.upper())
    assert fold(text.swapcase().swapcase()) in (fold(text), fold(text.swapcase()))


def write(path: Path, *labels: str) -> Path:
    rows = "".join(f"x,{label}\n" for label in labels)
    path.write_text(f"text,labels\n{rows}", encoding="utf-8")
    return path


def test_documents_have_codes_and_other_spellings_are_told_once(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "food", "food;F", "Food", "food > other")
    log = ReadingLog()
    found = [d.labels for d, _ in read_labelled(path, DataConfig(), TAXONOMY, log)]
    assert found == [("F",), ("F", "F"), ("F",), ("F2",)]
    assert [str(warning) for warning in log.warnings] == [
        f"{path}:2: label 'food' read as 'F'.",
        f"{path}:5: label 'food > other' read as 'F2' (Other).",
    ]
    assert log.read_as == {("food", "F"): 2, ("Food", "F"): 1, ("food > other", "F2"): 1}


def test_what_can_mean_several_labels_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "Other", "Soop")
    with pytest.raises(DocumentError) as caught:
        list(read_labelled(path, DataConfig(), TAXONOMY))
    assert [str(problem) for problem in caught.value.problems] == [
        f"{path}:2: label 'Other' can mean 2 labels ('F2': Food > Other; 'S2': Sport > Other). "
        "Write its code, or its path.",
        f"{path}:3: unknown label 'Soop'.",
    ]
    log = ReadingLog()
    config = DataConfig(on_error="drop-labels")
    assert [d.labels for d, _ in read_labelled(path, config, TAXONOMY, log)] == [(), ()]
    assert log.dropped == {"Other": 1, "Soop": 1}


def test_codes_are_demanded_where_that_is_set(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "Food")
    with pytest.raises(DocumentError) as caught:
        list(read_labelled(path, DataConfig(labels_by="code"), TAXONOMY))
    assert str(caught.value) == f"{path}:2: unknown label 'Food'. Did you mean 'F' (Food)?"


def test_names_are_suggested(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "Foot")
    with pytest.raises(DocumentError, match=r"unknown label 'Foot'\. Did you mean 'Food'\?"):
        list(read_labelled(path, DataConfig(), TAXONOMY))


def test_a_survey_lists_what_was_read_as_what(tmp_path: Path) -> None:
    path = write(tmp_path / "d.csv", "food", "Food", "Food")
    survey = survey_documents(path, taxonomy=TAXONOMY)
    assert survey.ok
    assert [(label.written, label.code, label.times) for label in survey.read_labels] == [
        ("Food", "F", 2),
        ("food", "F", 1),
    ]
    assert survey.files[0].columns == "no id, rows are counted; text 'text'; labels 'labels'"


LEVELS = "text,Level 1,Level 2\na,Food,Other\nb,Sport,\nc,,\nd,S,Football / Soccer\n"


def test_one_column_a_level(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text(LEVELS, encoding="utf-8")
    config = DataConfig(level_fields=("level 1", "level 2"))
    assert [d.labels for d in read_documents(path, config)] == [
        ("Food > Other",),
        ("Sport",),
        (),
        ("S > Football / Soccer",),
    ]
    found = read_labelled(path, config, TAXONOMY)
    assert [d.labels for d, _ in found] == [("F2",), ("S",), (), ("S1",)]


def test_several_columns_of_labels(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("text,label1,label2,label3\na,F,S;F,\nb,,,\n", encoding="utf-8")
    config = DataConfig(label_fields=("label1", "label2", "label3"))
    assert [d.labels for d in read_documents(path, config)] == [("F", "S"), ()]
    path = tmp_path / "d.jsonl"
    path.write_text('{"text": "a", "main": "F", "more": ["S", 5], "x": 1}\n{"text": "b"}\n')
    config = DataConfig(label_fields=("main", "more"))
    assert [d.labels for d in read_documents(path, config)] == [("F", "S", "5"), None]
    with pytest.raises(DocumentError) as caught:
        list(read_documents(path, config, labelled=True))
    assert str(caught.value) == f"{path}:2: has no labels, expected a list in 'main', 'more'."


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        (
            "text,Subject 2,Subject 1,x",
            "Set data.label_fields='Subject 1,Subject 2' "
            "(--labels-field 'Subject 1' --labels-field 'Subject 2') if these hold them.",
        ),
        (
            "text,level1,level2",
            "Set data.level_fields=level1,level2 "
            "(--level-field level1 --level-field level2) if these hold them.",
        ),
        ('text,"label, 1","label, 2"', None),
        (
            "text,label_1,label_2",
            "Set data.label_fields=label_1,label_2 "
            "(--labels-field label_1 --labels-field label_2) if these hold them.",
        ),
    ],
)
def test_numbered_columns_are_suggested(tmp_path: Path, header: str, hint: str | None) -> None:
    path = tmp_path / "d.csv"
    path.write_text(f"{header}\n", encoding="utf-8")
    log = ReadingLog()
    with pytest.raises(DocumentError, match="holds no documents"):
        list(read_documents(path, log=log))
    what = "the table has no column 'labels': its documents have no labels."
    told = [str(warning) for warning in log.warnings]
    assert told == ([f"{path}:1: {what} {hint}"] if hint else [])


def test_columns_without_a_name_hold_more_labels(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("text,labels,,\na,F,S;S1,\nb,F,,\n", encoding="utf-8")
    log = ReadingLog()
    assert [d.labels for d in read_documents(path, log=log)] == [("F", "S", "S1"), ("F",)]
    assert [str(warning) for warning in log.warnings] == [
        f"{path}:1: the table has columns without a name: 3 to 4 read as more of 'labels'."
    ]
    assert [d.full_text for d in read_documents(path, labelled=False)] == ["a", "b"]


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        (
            {"labels_by": "name"},
            "data.labels_by: got 'name', expected one of any, code.",
        ),
        (
            {"label_fields": ("a",), "level_fields": ("b",)},
            "data.level_fields: got ('b',), but data.label_fields is given too. "
            "Leave one of them out.",
        ),
    ],
)
def test_settings_that_do_not_go(given_: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config(data=DataConfig(**given_))
    assert str(caught.value) == message
