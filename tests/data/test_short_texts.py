"""Corpora of Annif as they are, with a vocabulary as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from harnn.config import DataConfig
from harnn.data import ReadingLog, read_documents
from harnn.data.reading import read_labelled
from harnn.taxonomy import Taxonomy

IRI = "http://example.org/t/"
TURTLE = f"""@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix : <{IRI}> .
:food a skos:Concept ; skos:prefLabel "Food"@en .
:soup a skos:Concept ; skos:prefLabel "Soup"@en ; skos:broader :food .
:bread a skos:Concept ; skos:prefLabel "Bread"@en ; skos:broader :food .
<http://elsewhere.org/old> <http://www.w3.org/2002/07/owl#deprecated> true ;
  <http://purl.org/dc/terms/isReplacedBy> :bread .
"""
VOCABULARIES = {
    "v.ttl": TURTLE,
    "v.tsv": f"<{IRI}food>\tFood\n<{IRI}soup>\tSoup\t1.2\n<{IRI}bread>\tBread\n",
    "v.csv": f"uri,label_fi,label_en\n{IRI}food,Ruoka,Food\n{IRI}soup,Keitto,Soup\n"
    f'{IRI}bread,"Leipä",Bread\n',
}
CORPORA = {
    "c.tsv": f"No label yet\t\nNone either\nHot soup\t<{IRI}soup>\nRye\t<{IRI}bread> <{IRI}soup>\n",
    "c.csv": "document_id,text,subject_uris\n1,No label yet,\n2,None either,\n"
    f"3,Hot soup,<{IRI}soup>\n4,Rye,<{IRI}bread> <{IRI}soup>\n",
}


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
@pytest.mark.parametrize("corpus", CORPORA)
def test_a_project_of_annif_is_read_as_it_is(tmp_path: Path, vocabulary: str, corpus: str) -> None:
    if vocabulary == "v.ttl":
        pytest.importorskip("pyoxigraph")
    for name, text in (VOCABULARIES | CORPORA).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    taxonomy = Taxonomy.from_file(tmp_path / vocabulary)
    skipping = DataConfig(on_error="skip")
    found = [
        [taxonomy.names[column] for column in columns if not len(taxonomy.children(column))]
        for document, columns in read_labelled([tmp_path / corpus], skipping, taxonomy)
        if document.labels
    ]
    assert [sorted(set(names) - {"Food"}) for names in found] == [["Soup"], ["Bread", "Soup"]]


def test_iris_of_former_concepts_stand_for_their_successors(tmp_path: Path) -> None:
    pytest.importorskip("pyoxigraph")
    (tmp_path / "v.ttl").write_text(TURTLE, encoding="utf-8")
    (tmp_path / "c.tsv").write_text("Rye\t<http://elsewhere.org/old>\n", encoding="utf-8")
    taxonomy = Taxonomy.from_file(tmp_path / "v.ttl")
    again = Taxonomy.from_json(taxonomy.to_json())
    for each in (taxonomy, again):
        read = read_labelled([tmp_path / "c.tsv"], DataConfig(), each)
        assert [document.labels for document, _ in read] == [("bread",)]


def test_the_columns_of_annif_are_told(tmp_path: Path) -> None:
    (tmp_path / "c.csv").write_text(CORPORA["c.csv"], encoding="utf-8")
    log = ReadingLog()
    read = list(read_documents(tmp_path / "c.csv", log=log))
    assert [(each.id, each.labels) for each in read] == [
        ("1", ()),
        ("2", ()),
        ("3", (f"{IRI}soup",)),
        ("4", (f"{IRI}bread", f"{IRI}soup")),
    ]
    assert any(
        "reads 'subject_uris' as 'labels', 'document_id' as 'id'" in line for line in log.lines()
    )


def test_a_corpus_with_labels_late_is_no_table(tmp_path: Path) -> None:
    lines = "text\n" * 500 + f"Hot soup\t<{IRI}soup>\n"
    (tmp_path / "c.tsv").write_text(lines, encoding="utf-8")
    assert sum(1 for _ in read_documents(tmp_path / "c.tsv")) == 501


def test_a_header_with_iris_below_is_a_header(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text(f"text\tlabels\nHot\t<{IRI}soup>\n", encoding="utf-8")
    read = list(read_documents(tmp_path / "t.tsv"))
    assert [(each.full_text, each.labels) for each in read] == [("Hot", (f"{IRI}soup",))]


def test_angle_brackets_in_other_labels_stay(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("text,labels\na,<b>\nc,<a> or <b>\n", encoding="utf-8")
    assert [each.labels for each in read_documents(tmp_path / "t.csv")] == [
        ("<b>",),
        ("<a> or <b>",),
    ]


def test_brackets_do_no_harm_in_json_lines(tmp_path: Path) -> None:
    taxonomy = Taxonomy.from_edges([(f"{IRI}food", "ROOT"), ("Hot soup", f"{IRI}food")])
    labels = f'["<{IRI}food>", "urn:harnn:taxonomy:Hot%20soup"]'
    (tmp_path / "d.jsonl").write_text(f'{{"text": "a", "labels": {labels}}}\n', encoding="utf-8")
    read = [
        document for document, _ in read_labelled([tmp_path / "d.jsonl"], DataConfig(), taxonomy)
    ]
    assert read[0].labels == (f"{IRI}food", "Hot soup")
