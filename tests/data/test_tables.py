"""CSV and TSV as other programs write them: separators, quotation marks, columns without names."""

from __future__ import annotations

import contextlib
import csv
from pathlib import Path

import pytest

from harnn.config import DataConfig
from harnn.data import Document, ReadingLog, read_documents, survey_documents
from harnn.errors import DocumentError

Read = tuple[list[tuple[str, str, tuple[str, ...] | None]], list[str], list[str]]


def read(path: Path, data: bytes | str, config: DataConfig | None = None) -> Read:
    """Return documents, problems and warnings of a file with *data*."""
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    log, found = ReadingLog(), list[Document]()
    with contextlib.suppress(DocumentError):
        found.extend(read_documents(path, config or DataConfig(), log=log))
    documents = [(d.id, d.full_text, d.labels) for d in found]
    return documents, [str(p) for p in log.problems], [str(w) for w in log.warnings]


def test_tsv_does_not_quote(tmp_path: Path) -> None:
    path = tmp_path / "d.tsv"
    rows = [
        ("2", '"Rustic loaf at home, a memoir', ("baking",)),
        ("3", "a pot", ("tools",)),
        ("5", 'iron pipe of 2"', ("tools",)),
    ]
    lines = ["id\ttext\tlabels", *("\t".join((i, text, labels[0])) for i, text, labels in rows)]
    assert read(path, "\n".join(lines)) == (rows, [], [])


def test_tsv_that_was_written_with_quotation_marks_is_said_once(tmp_path: Path) -> None:
    path = tmp_path / "d.tsv"
    hint = "Name the file .csv to have it read with quotation marks; tabs are found there too."
    documents, problems, warnings = read(path, 'id\ttext\n1\t"a ""b"""\n2\t"c"\n')
    assert documents == [("1", '"a ""b"""', None), ("2", '"c"', None)]
    assert problems == []
    assert warnings == [
        f"{path}:2: has a cell in quotation marks; TSV does not quote, so they belong to the "
        f"text. {hint}"
    ]
    assert read(tmp_path / "d.csv", path.read_bytes())[0] == [
        ("1", 'a "b"', None),
        ("2", "c", None),
    ]
    assert read(path, 'id\ttext\n1\t"a\nb"\n')[1] == [
        f"{path}:3: has 1 cell, expected 2 (id, text). TSV does not quote: a cell cannot span "
        f"lines. {hint}"
    ]


UNCLOSED = "Close it, or double the quotation marks that belong to the text."


@pytest.mark.parametrize(
    ("rows", "texts", "problem"),
    [
        (
            '2,"loaf,x\n3,pot,x\n4,"pan",x\n',
            ["pot", "pan"],
            f":2: opens a quotation mark in cell 2 that ends in the middle of a cell of line 4. "
            f"{UNCLOSED}",
        ),
        (
            '2,"loaf,x\n3,pot,x\n4,pan,x\n',
            ["pot", "pan"],
            f":2: opens a quotation mark in cell 2 that is never closed. {UNCLOSED}",
        ),
        (
            '2,"loaf"s,x\n3,pot,x\n',
            ["pot"],
            ":2: is not a valid row of CSV (',' expected after '\"').",
        ),
    ],
)
def test_an_unclosed_quotation_mark_swallows_nothing(
    tmp_path: Path, rows: str, texts: list[str], problem: str
) -> None:
    path = tmp_path / "d.csv"
    documents, problems, _ = read(path, "id,text,labels\n" + rows)
    assert [text for _, text, _ in documents] == texts
    assert problems == [f"{path}{problem}"]


def test_what_is_behind_an_unclosed_quotation_mark_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    lines = "".join(f"{number},some words\n" for number in range(3, 300))
    documents, problems, _ = read(
        path, 'id,text\n2,"loaf\n' + lines, DataConfig(line_limit=1_024, on_error="skip")
    )
    assert len(documents) == 297
    assert problems == [
        f"{path}:2: opens a quotation mark in cell 2 that is not closed within 1,024 characters "
        f"(data.line_limit). {UNCLOSED}"
    ]


def test_rows_that_span_lines_are_worth_a_look(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    data = 'id,text,labels\n2,"loaf,x\n3,pot,x\n5,pipe of 2",x\n6,"one\ntwo",x\n'
    documents, problems, warnings = read(path, data)
    assert [d[1] for d in documents] == ["loaf,x\n3,pot,x\n5,pipe of 2", "one\ntwo"]
    assert problems == []
    assert warnings == [
        f"{path}:2: a quoted cell holds lines up to 4 that look like rows of their own. "
        "Is a quotation mark not closed?"
    ]
    assert [str(w) for w in survey_documents(path).warnings][:1] == warnings
    data = 'id,text,labels\n1,"' + "word\n" * 120 + '",x\n'
    assert read(path, data)[2] == [
        f"{path}:2: a quoted cell spans 121 lines, up to 122. Is a quotation mark not closed?"
    ]


@pytest.mark.parametrize(
    "data",
    [
        'id;text;labels\r\n1;"a; b";x\r\n',
        "id\ttext\tlabels\n1\ta; b\tx\n",
        "id|text|labels\n1|a; b|x\n",
        "sep=|\nid|text|labels\n1|a; b|x\n",
        '"sep=|"\r\nid|text|labels\r\n1|a; b|x\r\n',
        '"id";"text";"labels"\n1;"a; b";x\n',
    ],
)
def test_the_header_tells_the_delimiter(tmp_path: Path, data: str) -> None:
    assert read(tmp_path / "d.csv", data) == ([("1", "a; b", ("x",))], [], [])


def test_a_given_delimiter_wins(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    data = "id;text,labels\n1;a,x\n"
    assert read(path, data, DataConfig(text_fields=("id;text",)))[0][0][1] == "1;a"
    config = DataConfig(delimiter=";", text_fields=("text,labels",))
    assert read(path, data, config)[0] == [("1", "a,x", None)]
    assert read(path, "id:text\n1:a\n", DataConfig(delimiter=":"))[0] == [("1", "a", None)]
    assert read(path, "id\ttext\n1\ta\n", DataConfig(delimiter="tab"))[0] == [("1", "a", None)]


def test_a_table_with_another_delimiter_than_its_name_says(tmp_path: Path) -> None:
    path = tmp_path / "d.tsv"
    _, problems, _ = read(path, "id;text\n1;a\n")
    assert problems == [
        f"{path}:1: the table has no column 'text' (or 'title' and 'abstract'), found 'id;text'. "
        "The cells seem to be separated by ';': set data.delimiter=';' (--delimiter ';')."
    ]
    assert read(path, "id;text\n1;a\n", DataConfig(delimiter=";"))[0] == [("1", "a", None)]


def test_columns_without_a_name(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    documents, problems, _ = read(path, ",id,text,,\n0,1,a,,\n1,2,b\n2,3,c,,,,\n,,,,\n3,4,d,,x\n")
    assert documents == [("1", "a", None), ("2", "b", None), ("3", "c", None)]
    assert problems == [f"{path}:6: has a value in column 5, which has no name."]
    assert read(path, "id,text\n1,a,b\n1\n")[1] == [
        f"{path}:2: has 3 cells, expected 2 (id, text).",
        f"{path}:3: has 1 cell, expected 2 (id, text).",
    ]


def test_lines_that_end_with_cr_alone(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    what = "holds a carriage return (CR), expected lines that end with LF or with CR and LF."
    assert read(path, "id,text\r1,a\r")[1] == [f"{path}:1: {what}"]
    assert read(path, 'id,text\r\n1,"a\rb"\r\n')[0] == [("1", "a\rb", None)]


def test_the_csv_module_of_the_process_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    path.write_text("text\n" + "a" * 500_000 + "\nb\n", encoding="utf-8")
    limit = csv.field_size_limit()
    for _ in read_documents(path):
        assert csv.field_size_limit() == limit


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        (
            "id,Titel,Abstract",
            "Set data.text_fields=Abstract (--text-field Abstract) if that is the text.",
        ),
        ("id,Message", "Set data.text_fields=Message (--text-field Message) if that is the text."),
        (
            "id,Title,content",
            "Set data.text_fields=Title,content "
            "(--text-field Title --text-field content) if that is the text.",
        ),
        (
            "id,Headline,Summary,Full text,text id,Subject",
            "Set data.text_fields='Headline,Summary,Full text' (--text-field Headline "
            "--text-field Summary --text-field 'Full text') if that is the text.",
        ),
        (
            "id,Heading,body_en,review date",
            "Set data.text_fields=Heading,body_en "
            "(--text-field Heading --text-field body_en) if that is the text.",
        ),
        ("id,txt", "Did you mean 'txt'? Set data.text_fields=txt (--text-field txt)."),
        (
            "id,words",
            "Set data.text_fields to what holds the text (--text-field, once for each). "
            "Of CSV, TSV and sheets the first row names the columns.",
        ),
    ],
)
def test_columns_of_the_text_by_other_names(tmp_path: Path, header: str, hint: str) -> None:
    path = tmp_path / "d.csv"
    [problem] = read(path, header + "\n")[1]
    found = ", ".join(repr(name) for name in header.split(","))
    assert problem == (
        f"{path}:1: the table has no column 'text' (or 'title' and 'abstract'), found {found}. "
        f"{hint}"
    )


@pytest.mark.parametrize(
    ("header", "what"),
    [
        (
            "id,title,Body,length",
            "a column 'Body' that is not read. Set data.text_fields=title,Body (--text-field title "
            "--text-field Body) if it is text too.",
        ),
        (
            "id,Summary,title,Body",
            "columns 'Summary', 'Body' that are not read. Set data.text_fields=title,Summary,Body "
            "(--text-field title --text-field Summary --text-field Body) if they are text too.",
        ),
    ],
)
def test_columns_beside_a_title_that_may_be_text(tmp_path: Path, header: str, what: str) -> None:
    path = tmp_path / "d.csv"
    path.write_text(f"{header}\n1,a,b,c\n")
    log = ReadingLog()
    assert len(list(read_documents(path, log=log))) == 1
    assert [str(warning) for warning in log.warnings] == [f"{path}:1: the table has {what}"]


def test_columns_of_the_labels_by_other_names(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    assert read(path, "id,text,Category\n1,a,b\n")[2] == [
        f"{path}:1: the table has no column 'labels': its documents have no labels. "
        "Set data.labels_field=Category (--labels-field Category) if 'Category' holds them."
    ]
    list(read_documents(path, labelled=False))
    with pytest.raises(DocumentError) as caught:
        list(read_documents(path, labelled=True))
    assert str(caught.value) == (
        f"{path}:1: the table has no column 'labels', found 'id', 'text', 'Category'. "
        "Did you mean 'Category'? Set data.labels_field=Category (--labels-field Category)."
    )
    config = DataConfig(labels_field="category")
    assert [d.labels for d in read_documents(path, config)] == [("b",)]


def test_names_with_quotation_marks_are_suggested_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    config = DataConfig(labels_field="'all' \\labels")
    path.write_text("text,'al' \\labels\nx,a\n", encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        list(read_documents(path, config, labelled=True))
    assert str(caught.value).endswith(
        """Did you mean "'al' \\\\labels"? Set data.labels_field="'al' \\\\labels" """
        """(--labels-field "'al' \\\\labels")."""
    )


def test_very_many_columns_and_rows_are_told_in_short(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    names = ",".join(f"c{number}" for number in range(200_000))
    [problem] = read(path, f"{names}\n")[1]
    assert len(problem) < 500
    [problem] = read(path, f"text,{names}\n1,2\n")[1]
    assert problem == (
        f"{path}:2: has 2 cells, expected 200,001 (text, c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, "
        "c10, ...)."
    )


def test_unclosed_quotation_marks_in_every_row_take_no_longer(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    data = "id,text\n" + '1,"a b\n' * 100_001
    documents, problems, _ = read(path, data, DataConfig(on_error="skip"))
    assert documents == []
    assert 1_000 < len(problems) <= 10_000


def test_a_column_of_labels_that_was_named_and_is_missing(tmp_path: Path) -> None:
    path, log = tmp_path / "d.csv", ReadingLog()
    path.write_text("text,Etiketten\nx,Food\n", encoding="utf-8")
    config = DataConfig(label_fields=("Etikett",))
    assert [d.labels for d in read_documents(path, config, log=log)] == [None]
    [warning] = log.warnings
    assert str(warning) == (
        f"{path}:1: the table has no column 'Etikett': it gives no labels. "
        "Did you mean 'Etiketten'?"
    )
    list(read_documents(path, DataConfig(), log=log))  # nobody said that there are labels
    assert len(log.warnings) == 1
    with pytest.raises(DocumentError) as caught:
        list(read_documents(path, labelled=True))
    assert str(caught.value).endswith(
        "has no column 'labels', found 'text', 'Etiketten'. Say what holds the labels with "
        "--labels-field or --level-field, once for each."
    )
