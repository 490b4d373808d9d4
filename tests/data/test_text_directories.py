"""Directories of texts, and the corpora of Annif."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from harnn.config import DataConfig
from harnn.data import Document, read_documents, read_labelled, survey_documents
from harnn.errors import DocumentError
from harnn.taxonomy import Taxonomy

IRI = "http://example.org/"
TAXONOMY = Taxonomy.from_edges([(f"{IRI}food", "ROOT"), (f"{IRI}soup", f"{IRI}food")])


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    home = tmp_path / "corpus"
    home.mkdir()
    (home / "b.txt").write_text("Hot soup\nof leek.\n", encoding="utf-8")
    (home / "b.tsv").write_text(f"<{IRI}soup>\tsoup\n<{IRI}food>\tfood\n", encoding="utf-8")
    (home / "a.txt").write_text("\ufeffBread", encoding="utf-8")
    (home / "a.key").write_text("food\n\n", encoding="utf-8")
    (home / "notes.md").write_text("nothing of ours", encoding="utf-8")
    (home / "d.txt").mkdir()
    return home


def test_texts_with_labels_beside_them(corpus: Path) -> None:
    assert list(read_documents(corpus)) == [
        Document("a", {"text": "Bread"}, ("food",), f"{corpus / 'a.txt'}:1"),
        Document(
            "b",
            {"text": "Hot soup\nof leek.\n"},
            (f"{IRI}soup", f"{IRI}food"),
            f"{corpus / 'b.txt'}:1",
        ),
    ]
    assert [d.labels for d in read_documents(corpus, labelled=False)] == [None, None]


def test_texts_are_all_text_whatever_fields_are_named(corpus: Path) -> None:
    config = DataConfig(text_fields=("Title", "Body"))
    assert [d.full_text for d in read_documents(corpus, config, labelled=False)] == [
        "Bread",
        "Hot soup\nof leek.\n",
    ]


def test_labels_by_iri(corpus: Path) -> None:
    (corpus / "a.key").unlink()
    with pytest.raises(DocumentError) as caught:
        list(read_labelled(corpus, DataConfig(), TAXONOMY))
    assert str(caught.value) == (
        f"{corpus / 'a.txt'}: has no labels, expected them in a.tsv or a.key beside it."
    )
    config = DataConfig(on_error="skip")
    [(document, columns)] = read_labelled(corpus, config, TAXONOMY)
    assert document.id == "b"
    assert columns.tolist() == [0, 1]


def test_a_survey_tells_where_the_same_text_stands(corpus: Path) -> None:
    (corpus / "c.txt").write_text("bread", encoding="utf-8")
    survey = survey_documents(corpus)
    assert str(survey.warnings[0]) == (
        f"{corpus / 'c.txt'}:1: the same text as {corpus / 'a.txt'}:1; "
        "1 document of 3 repeats an earlier text."
    )


def test_texts_that_cannot_be_read(corpus: Path) -> None:
    (corpus / "a.txt").write_bytes(b"\xe8\xe8\xe8\xe8")
    (corpus / "b.txt").write_text("x" * 2_000, encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        list(read_documents(corpus, DataConfig(line_limit=1_024)))
    assert [str(problem) for problem in caught.value.problems] == [
        f"{corpus / 'a.txt'}:1: is not UTF-8 (byte 1 of the line). "
        "Name its encoding, such as data.encoding=gb18030 (--encoding gb18030) or cp1251.",
        f"{corpus / 'b.txt'}:1: is a line of more than 1,024 bytes. "
        "Set data.line_limit higher if that is meant.",
    ]
    (corpus / "b.txt").write_text("x\n" * 1_000, encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        list(read_documents(corpus, DataConfig(line_limit=1_024)))
    assert str(caught.value.problems[1]) == (
        f"{corpus / 'b.txt'}: is a text of more than 1,024 bytes. "
        "Set data.line_limit higher if that is meant."
    )


@pytest.mark.parametrize("name", ["short.tsv", "short.tsv.gz"])
def test_short_texts(tmp_path: Path, name: str) -> None:
    lines = f'Hot "soup"\t<{IRI}soup> <{IRI}food>\nno label\t\nnone\n\nBread\t<{IRI}food>\n'
    data = lines.encode()
    path = tmp_path / name
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    assert [(d.id, d.full_text, d.labels) for d in read_documents(path)] == [
        (f"{name}:1", 'Hot "soup"', (f"{IRI}soup", f"{IRI}food")),
        (f"{name}:2", "no label", ()),
        (f"{name}:3", "none", ()),
        (f"{name}:5", "Bread", (f"{IRI}food",)),
    ]


def test_short_texts_with_tabs_between_iris(tmp_path: Path) -> None:
    """As the second line of the example in the wiki of Annif has them."""
    path = tmp_path / "short.tsv"
    path.write_text(f"a\t<{IRI}food>\t<{IRI}soup>\n  \n", encoding="utf-8")
    assert [d.labels for d in read_documents(path)] == [(f"{IRI}food", f"{IRI}soup")]


def test_short_texts_with_a_cell_too_many(tmp_path: Path) -> None:
    path = tmp_path / "short.tsv"
    path.write_text(f"a\t<{IRI}food>\nb\tc\t<{IRI}food>\n", encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        list(read_documents(path))
    assert str(caught.value) == f"{path}:2: found 'c', expected URIs in angle brackets."


def test_a_table_whose_second_column_looks_like_no_iri_has_a_header(tmp_path: Path) -> None:
    path = tmp_path / "d.tsv"
    path.write_text("text\tlabels\nx\tFood\n", encoding="utf-8")
    assert [d.labels for d in read_documents(path)] == [("Food",)]
