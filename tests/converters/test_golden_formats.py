"""Each format as its own documentation shows it: read, and written."""

from __future__ import annotations

import json
import os
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_svmlight_file

from harnn.config import DataConfig
from harnn.converters import convert, from_hiclass, to_hiclass
from harnn.data import Document
from harnn.errors import TaxonomyError
from harnn.taxonomy import Taxonomy
from support.conversions import DOCUMENTS, TAXONOMY, back, plain, to, write_taxonomy

EDGES_OF_SEVERAL = [
    ("Food", "ROOT"),
    ("Art", "ROOT"),
    ("Soup", "Food"),
    ("Bread", "Food"),
    ("Bread", "Art"),
]
SEVERAL = Taxonomy.from_edges(EDGES_OF_SEVERAL)


def written(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


# --- NeuralClassifier and HiAGM ----------------------------------------------------------------

RCV1 = "Root\tCCAT\tECAT\nECAT\tE13\tE21\nE13\tE131\nE21\tE211\n"
"""Lines of data/rcv1.taxonomy of NeuralNLP-NeuralClassifier, shortened."""


def test_neuralclassifier_reads_the_example_of_its_readme(tmp_path: Path) -> None:
    example = {
        "doc_label": ["Computer--MachineLearning--DeepLearning", "Neuro--ComputationalNeuro"],
        "doc_token": ["I", "love", "deep", "learning"],
        "doc_keyword": ["deep learning"],
        "doc_topic": ["AI", "Machine learning"],
    }
    path = tmp_path / "train.json"
    path.write_text(json.dumps(example) + "\n")
    taxonomy = tmp_path / "learned.tsv"
    found = back(tmp_path, "neuralclassifier", path, taxonomy_output=taxonomy)
    text = {
        "text": "I love deep learning",
        "keyword": "deep learning",
        "topic": "AI; Machine learning",
    }
    labels = ("Computer > MachineLearning > DeepLearning", "Neuro > ComputationalNeuro")
    assert plain(found) == [("train.json:1", text, labels)]
    assert written(taxonomy) == [
        "child\tparent",
        "Computer\tROOT",
        "Neuro\tROOT",
        "Computer > MachineLearning\tComputer",
        "Neuro > ComputationalNeuro\tNeuro",
        "Computer > MachineLearning > DeepLearning\tComputer > MachineLearning",
    ]


def test_neuralclassifier_reads_labels_of_its_taxonomy_flat_and_as_paths(tmp_path: Path) -> None:
    path, taxonomy = tmp_path / "rcv1.json", tmp_path / "rcv1.taxonomy"
    taxonomy.write_text(RCV1)
    lines = [
        {"doc_label": ["ECAT--E13--E131", "ECAT--E21--E211"], "doc_token": ["Sri", "Lankan"]},
        {"doc_label": ["ECAT", "E13"], "doc_token": []},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = back(tmp_path, "neuralclassifier", path, taxonomy=taxonomy)
    assert [document.labels for document in found] == [("E131", "E211"), ("ECAT", "E13")]
    assert found[0].text == {"text": "Sri Lankan"}


def test_neuralclassifier_writes_paths_and_parents_first(tmp_path: Path) -> None:
    taxonomy = write_taxonomy(tmp_path, SEVERAL)
    documents = [Document("a", {"text": "Soup, hot"}, ("Soup", "Bread"))]
    place = tmp_path / "o.taxonomy"
    path, done = to(
        tmp_path,
        "neuralclassifier",
        "o.json",
        documents,
        taxonomy=taxonomy,
        taxonomy_output=place,
    )
    assert [json.loads(line) for line in written(path)] == [
        {
            "doc_label": ["Food--Soup", "Food--Bread"],
            "doc_token": ["Soup", ",", "hot"],
            "doc_keyword": [],
            "doc_topic": [],
        }
    ]
    assert written(place) == ["Root\tFood\tArt", "Food\tSoup\tBread", "Art\tBread"]
    assert done.notes == (
        "labels have several paths, and the one through the first parents is written "
        "(1 label 'Bread').",
        "ids are lost (1 document 'a').",
        "texts are cut into words, and what stood between them is lost (1 document 'a').",
    )


def test_hiagm_reads_and_writes_labels_with_all_above_them(tmp_path: Path) -> None:
    path, taxonomy = tmp_path / "rcv1.json", tmp_path / "rcv1.taxonomy"
    taxonomy.write_text(RCV1)
    path.write_text('{"token": ["sri", "lankan"], "label": ["ECAT", "E13", "E131"]}\n')
    found = back(tmp_path, "hiagm", path, taxonomy=taxonomy)
    assert plain(found) == [("rcv1.json:1", {"text": "sri lankan"}, ("ECAT", "E13", "E131"))]
    documents = [Document("x", {"text": "sri lankan"}, ("E131", "CCAT"))]
    out = tmp_path / "out.taxonomy"
    own = tmp_path / "own.tsv"
    own.write_text("CCAT\tROOT\nECAT\tROOT\nE13\tECAT\nE21\tECAT\nE131\tE13\nE211\tE21\n")
    path, done = to(tmp_path, "hiagm", "o.json", documents, taxonomy=own, taxonomy_output=out)
    assert written(path) == [
        '{"token": ["sri", "lankan"], "label": ["CCAT", "ECAT", "E13", "E131"]}'
    ]
    assert out.read_text() == RCV1
    assert done.notes == (
        "labels above those given are added (1 document 'x').",
        "ids are lost (1 document 'x').",
    )


def test_hiagm_writes_a_tree(tmp_path: Path) -> None:
    out = tmp_path / "o.taxonomy"
    documents = [Document("a", {"text": "rye"}, ("Bread",))]
    _, done = to(
        tmp_path,
        "hiagm",
        "o.json",
        documents,
        taxonomy=write_taxonomy(tmp_path, SEVERAL),
        taxonomy_output=out,
    )
    assert written(out) == ["Root\tFood\tArt", "Food\tSoup\tBread"]
    assert done.notes[0] == (
        "all parents but the first are lost in the taxonomy (1 label 'Bread')."
    )


def test_parents_first_are_checked_with_their_lines(tmp_path: Path) -> None:
    path, taxonomy = tmp_path / "d.json", tmp_path / "t.taxonomy"
    path.write_text('{"token": [], "label": []}\n')
    taxonomy.write_text("Root\tA\nA\tB\nC\tD\nB\n")
    with pytest.raises(TaxonomyError) as caught:
        back(tmp_path, "hiagm", path, taxonomy=taxonomy)
    assert str(caught.value) == (
        "2 problems in the taxonomy:\n"
        f"  {taxonomy}:3: unknown parent 'C': it is never listed as a child. Add a line for it, "
        "with parent ROOT if it is at the top.\n"
        f"  {taxonomy}:4: found 1 column, expected a parent and its children."
    )


# --- lines -------------------------------------------------------------------------------------


def test_libmultilabel_reads_the_example_of_its_documentation(tmp_path: Path) -> None:
    path = tmp_path / "train.txt"
    path.write_text("2286\tE11 ECAT M11 M12 MCAT\trecov recov excit\n7\t\tmexic\n")
    assert plain(back(tmp_path, "libmultilabel", path)) == [
        ("2286", {"text": "recov recov excit"}, ("E11", "ECAT", "M11", "M12", "MCAT")),
        ("7", {"text": "mexic"}, None),
    ]
    path.write_text("E11 ECAT\trecov\nM11\tmexic\n")
    assert plain(back(tmp_path, "libmultilabel", path)) == [
        ("train.txt:1", {"text": "recov"}, ("E11", "ECAT")),
        ("train.txt:2", {"text": "mexic"}, ("M11",)),
    ]


def test_libmultilabel_writes_three_columns(tmp_path: Path) -> None:
    path, done = to(tmp_path, "libmultilabel", "o.txt", DOCUMENTS)
    assert written(path) == [
        "a\tSoup\tSoup with noodles",
        "b\tRye Art\t周末 Möhren",
        'c\tFood Soup\train | sun , "both"',
    ]
    assert done.notes == ()
    assert not (tmp_path / "o.txt.label-map.tsv").exists()


def test_fasttext_reads_the_example_of_its_tutorial(tmp_path: Path) -> None:
    path = tmp_path / "cooking.txt"
    path.write_text(
        "__label__sauce __label__cheese How much does potato starch affect a cheese sauce "
        "recipe?\n__label__food-safety Dangerous pathogens __label__acidity grow\nno label\n"
    )
    assert plain(back(tmp_path, "fasttext", path)) == [
        (
            "cooking.txt:1",
            {"text": "How much does potato starch affect a cheese sauce recipe?"},
            ("sauce", "cheese"),
        ),
        ("cooking.txt:2", {"text": "Dangerous pathogens grow"}, ("food-safety", "acidity")),
        ("cooking.txt:3", {"text": "no label"}, None),
    ]


def test_fasttext_writes_labels_first(tmp_path: Path) -> None:
    path, _ = to(tmp_path, "fasttext", "o.txt", DOCUMENTS)
    assert written(path)[1:] == [
        "__label__Rye __label__Art 周末 Möhren",
        '__label__Food __label__Soup rain | sun , "both"',
    ]


@pytest.mark.parametrize("form", ["fasttext", "libmultilabel"])
def test_blanks_in_labels_are_replaced_and_read_back(tmp_path: Path, form: str) -> None:
    documents = [Document("a", {"text": "hot"}, ("Hot soup", "Art", "Cold　soup"))]
    path, done = to(tmp_path, form, "o.txt", documents, blank="_")
    assert "Hot_soup" in path.read_text()
    assert written(tmp_path / "o.txt.label-map.tsv") == [
        "written\tlabel",
        "Hot_soup\tHot soup",
        "Cold_soup\tCold　soup",
    ]
    assert done.notes[-1] == (
        "blanks in labels are replaced; the labels are in the map beside the documents "
        "(2 labels, the first 'Hot soup')."
    )
    assert back(tmp_path, form, path)[0].labels == documents[0].labels
    to(tmp_path, form, "o.txt", [Document("a", {"text": "hot"}, ("Hot_soup",))])
    assert back(tmp_path, form, path)[0].labels == ("Hot_soup",), "the old map is no longer there"


def test_libsvm_writes_counts_that_scikit_learn_reads(tmp_path: Path) -> None:
    documents = [
        Document("a", {"text": "a soup a Day"}, ("Soup", "Art")),
        Document("b", {"text": "day"}, ()),
    ]
    taxonomy = write_taxonomy(tmp_path)
    path, done = to(tmp_path, "libsvm", "o.svm", documents, taxonomy=taxonomy)
    assert path.read_text() == "2,1 1:2 2:1 3:1\n 3:1\n"
    assert written(tmp_path / "o.svm.words.txt") == ["a", "soup", "day"]
    assert written(tmp_path / "o.svm.label-map.tsv") == [
        "written\tlabel",
        *(f"{number}\t{code}" for number, code in enumerate(TAXONOMY.codes)),
    ]
    counts, labels = load_svmlight_file(str(path), multilabel=True, zero_based=False)
    assert counts.toarray().tolist() == [[2, 1, 1], [0, 0, 1]]
    assert [sorted(each) for each in labels] == [[1, 2], []]
    assert done.notes[0] == "libsvm holds counts of words; order, case and texts are lost."


# --- Annif -------------------------------------------------------------------------------------

SUBJECT = "http://example.org/thesaurus/subj"


def test_annif_reads_the_examples_of_its_wiki(tmp_path: Path) -> None:
    tsv, csv, lines = tmp_path / "c.tsv", tmp_path / "c.csv", tmp_path / "c.jsonl"
    tsv.write_text(
        f"RFC 791: Internet Protocol\t<{SUBJECT}1> <{SUBJECT}3>\n"
        f"Go To Statement\t<{SUBJECT}2>\t<{SUBJECT}1>\n"
    )
    assert plain(back(tmp_path, "annif", tsv)) == [
        ("c.tsv:1", {"text": "RFC 791: Internet Protocol"}, (f"{SUBJECT}1", f"{SUBJECT}3")),
        ("c.tsv:2", {"text": "Go To Statement"}, (f"{SUBJECT}2", f"{SUBJECT}1")),
    ]
    csv.write_text(
        "document_id,text,subject_uris\n"
        f'RFC791,"RFC 791: Internet Protocol","<{SUBJECT}1> <{SUBJECT}3>"\n'
        "x,no subject,\n"
    )
    assert plain(back(tmp_path, "annif", csv)) == [
        ("RFC791", {"text": "RFC 791: Internet Protocol"}, (f"{SUBJECT}1", f"{SUBJECT}3")),
        ("x", {"text": "no subject"}, None),
    ]
    record = {
        "document_id": "article1",
        "text": "Consider a future device",
        "metadata": {"title": "As We May Think", "author": "Bush, Vannevar"},
        "subjects": [{"uri": "http://www.yso.fi/onto/yso/p817", "label": "future"}],
    }
    title = {"metadata": {"title": "As We May Think"}, "subjects": [{"label": "networking"}]}
    lines.write_text(json.dumps(record) + "\n" + json.dumps(title) + "\n")
    done = convert(lines, tmp_path / "o.jsonl", source="annif", target="harnn")
    assert done.notes == ("fields beside the text are left out (1 document 'article1').",)
    vocabulary = tmp_path / "v.tsv"
    vocabulary.write_text(f"<{SUBJECT}1>\tnetworking\n<http://www.yso.fi/onto/yso/p817>\tfuture\n")
    assert plain(back(tmp_path, "annif", lines, taxonomy=vocabulary)) == [
        ("article1", {"text": "Consider a future device"}, ("http://www.yso.fi/onto/yso/p817",)),
        ("c.jsonl:2", {"title": "As We May Think"}, (f"{SUBJECT}1",)),
    ]


def test_annif_writes_short_texts_and_a_vocabulary(tmp_path: Path) -> None:
    code = f"{SUBJECT}1"
    taxonomy = Taxonomy.from_edges([(code, "ROOT"), ("Hot soup: 5%", code)], {code: "networking"})
    documents = [Document("a", {"text": 'a,"b"\nc'}, (code, "Hot soup: 5%"))]
    place, out = write_taxonomy(tmp_path, taxonomy), tmp_path / "v.tsv"
    made = "urn:harnn:taxonomy:Hot%20soup%3A%205%25"
    uris = f"<{code}> <{made}>"
    path, done = to(tmp_path, "annif", "o.tsv", documents, taxonomy=place, taxonomy_output=out)
    assert path.read_text() == f'a,"b" c\t{uris}\n'
    assert out.read_text() == f"<{code}>\tnetworking\n<{made}>\tHot soup: 5%\n"
    assert done.notes[0] == (
        "Vocabularies of Annif in TSV have no levels: what stands above what is lost."
    )
    path, _ = to(tmp_path, "annif", "o.csv", documents)
    expected = f'document_id,text,subject_uris\na,"a,""b""\nc",{uris}\n'
    assert path.read_text() == expected
    path, _ = to(tmp_path, "annif", "o.jsonl", documents)
    subjects = [{"uri": code}, {"uri": made}]
    assert json.loads(path.read_text()) == {
        "document_id": "a",
        "text": 'a,"b"\nc',
        "subjects": subjects,
    }
    for name in ("o.tsv", "o.csv", "o.jsonl"):
        assert back(tmp_path, "annif", tmp_path / name)[0].labels == documents[0].labels


@pytest.mark.parametrize("name", ["v.ttl", "v.nt", "v.tsv"])
def test_annif_gets_the_uris_that_its_vocabulary_has(tmp_path: Path, name: str) -> None:
    """Of concepts the IRIs that they had, of other codes the ones that SKOS gets too."""
    pytest.importorskip("pyoxigraph")
    turtle = tmp_path / "given.ttl"
    turtle.write_text(
        "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .\n"
        f'<{SUBJECT}1> a skos:Concept ; skos:prefLabel "networking"@en ; skos:notation "4" .\n'
    )
    documents = [Document("a", {"text": "RFC 791"}, ("subj1",))]
    out = tmp_path / name
    path, done = to(tmp_path, "annif", "o.tsv", documents, taxonomy=turtle, taxonomy_output=out)
    assert path.read_text() == f"RFC 791\t<{SUBJECT}1>\n"
    assert f"<{SUBJECT}1>" in out.read_text()
    if name == "v.tsv":
        assert out.read_text() == f"<{SUBJECT}1>\tnetworking\t4\n"
    else:
        assert done.notes[0] == (
            "Annif reads names in SKOS by their language, and these have none: "
            "harnn taxonomy convert --tag en writes one."
        )
    codes = Taxonomy.from_edges([("Hot soup", "ROOT"), ("urn:harnn:taxonomy:x", "ROOT")])
    documents = [Document("a", {"text": "b"}, codes.codes)]
    place = write_taxonomy(tmp_path, codes)
    path, _ = to(tmp_path, "annif", "o.tsv", documents, taxonomy=place, taxonomy_output=out)
    assert back(tmp_path, "annif", path, taxonomy=out)[0].labels == codes.codes
    assert back(tmp_path, "annif", path)[0].labels == codes.codes
    made = ("<urn:harnn:taxonomy:Hot%20soup>", "<urn:harnn:taxonomy:urn%3Aharnn%3Ataxonomy%3Ax>")
    assert path.read_text() == f"b\t{' '.join(made)}\n"


def test_annif_reads_relative_uris_of_older_files(tmp_path: Path) -> None:
    (tmp_path / "o.tsv").write_text("a\t<Hot%20soup%3A%205%25>\n")
    assert back(tmp_path, "annif", tmp_path / "o.tsv")[0].labels == ("Hot soup: 5%",)


def test_annif_writes_and_reads_directories(tmp_path: Path) -> None:
    documents = [
        Document("one", {"text": "a\nb"}, ("Soup",)),
        Document("../x", {"text": "c"}, ()),
        Document("ONE", {"text": "d"}, None),
    ]
    path, done = to(tmp_path, "annif", "corpus", documents)
    found = {each.name: each.read_text() for each in path.iterdir()}
    assert found == {
        "one.txt": "a\nb",
        "one.tsv": "<urn:harnn:taxonomy:Soup>\tSoup\n",
        "document-00000002.txt": "c",
        "document-00000002.tsv": "",
        "document-00000003.txt": "d",
    }
    assert done.notes == (
        "ids are no names of files, and numbers stand for them (2 documents, the first '../x').",
    )
    read = back(tmp_path, "annif", path)
    assert [(each.id, each.full_text, each.labels) for each in read] == [
        ("document-00000002", "c", ()),
        ("document-00000003", "d", None),
        ("one", "a\nb", ("Soup",)),
    ]


# --- tables ------------------------------------------------------------------------------------


def test_aws_reads_and_writes_the_example_of_its_guide(tmp_path: Path) -> None:
    row = 'COMEDY|MYSTERY|SCIENCE_FICTION|TEEN,"A band of misfits, ""odd"" ones"\n'
    path = tmp_path / "c.csv"
    path.write_text(row)
    labels = ("COMEDY", "MYSTERY", "SCIENCE_FICTION", "TEEN")
    text = {"text": 'A band of misfits, "odd" ones'}
    assert plain(back(tmp_path, "aws", path)) == [("c.csv:1", text, labels)]
    path, _ = to(tmp_path, "aws", "o.csv", [Document("a", text, labels)])
    assert path.read_text() == row
    config = DataConfig(label_separator=";")
    given = [Document("a", {"text": "x"}, ("A|B", "C"))]
    path, _ = to(tmp_path, "aws", "o.csv", given, config=config)
    assert path.read_text() == "A|B;C,x\n"
    many = [Document(str(n), {"text": "x"}, (str(n),)) for n in range(101)]
    _, done = to(tmp_path, "aws", "o.csv", many)
    assert done.notes[0] == "There are 101 labels; Comprehend takes at most 100 labels."


def test_hiclass_has_the_arrays_of_its_documentation(tmp_path: Path) -> None:
    paths = [
        [["Retriever", "Golden Retriever"], ["Hound", "Dachshund"]],
        [["Retriever", "Labrador"], ["", ""]],
        [["Hound", ""], ["Hound", "Beagle"]],
    ]
    documents, taxonomy = from_hiclass(["a", "b", "c"], np.array(paths))
    assert taxonomy is not None
    assert documents[0].labels == ("Retriever > Golden Retriever", "Hound > Dachshund")
    assert documents[2].labels == ("Hound", "Hound > Beagle")
    dogs = Taxonomy.from_edges(
        [
            ("Retriever", "ROOT"),
            ("Hound", "ROOT"),
            *((dog, "Retriever") for dog in ("Golden Retriever", "Labrador")),
            *((dog, "Hound") for dog in ("Dachshund", "Beagle")),
        ]
    )
    documents, taxonomy = from_hiclass(["a", "b", "c"], paths, dogs)
    assert taxonomy is dogs
    assert documents[1].labels == ("Labrador",)
    texts, filled = to_hiclass(documents, dogs)
    assert texts == ["a", "b", "c"]
    assert filled.tolist() == paths
    place = write_taxonomy(tmp_path, dogs)
    path, _ = to(tmp_path, "hiclass", "o.jsonl", documents, taxonomy=place)
    assert json.loads(written(path)[1]) == {"id": "1", "x": "b", "y": [["Retriever", "Labrador"]]}


# --- annotation --------------------------------------------------------------------------------

TASK = {
    "id": 7,
    "data": {"text": "To have faith is to trust yourself to the water"},
    "annotations": [
        {"id": 1, "was_cancelled": True, "result": []},
        {
            "id": 2,
            "result": [
                {
                    "from_name": "taxonomy",
                    "to_name": "text",
                    "type": "taxonomy",
                    "value": {"taxonomy": [["Archaea"], ["Eukarya", "Human"]]},
                },
                {"type": "choices", "value": {"choices": ["Archaea"]}},
                {"type": "textarea", "value": {"text": ["a remark"]}},
            ],
        },
    ],
}


def test_label_studio_reads_an_export(tmp_path: Path) -> None:
    path = tmp_path / "export.json"
    unlabelled = {"id": 8, "data": {"text": "x"}, "predictions": [{"result": []}]}
    small = {"id": 9, "text": "y", "taxonomy": [["Bacteria"]]}
    skipped = {"id": 10, "data": {"text": "z"}, "annotations": [{"was_cancelled": True}]}
    path.write_text(json.dumps([TASK, unlabelled, small, skipped], indent=1))
    assert plain(back(tmp_path, "label-studio", path)) == [
        ("7", {"text": TASK["data"]["text"]}, ("Archaea", "Eukarya > Human")),  # type: ignore[index]
        ("8", {"text": "x"}, None),
        ("9", {"text": "y"}, ("Bacteria",)),
        ("10", {"text": "z"}, None),
    ]


def test_label_studio_takes_the_ground_truth_of_several_annotations(tmp_path: Path) -> None:
    def annotation(label: str, **more: bool) -> dict[str, object]:
        return {"result": [{"value": {"taxonomy": [[label]]}}], **more}

    path = tmp_path / "export.json"
    tasks = [
        {
            "data": {"text": "x"},
            "annotations": [annotation("A", ground_truth=True), annotation("B")],
        },
        {"data": {"text": "y"}, "annotations": [annotation("A"), annotation("B")]},
    ]
    path.write_text(json.dumps(tasks))
    assert [each.labels for each in back(tmp_path, "label-studio", path)] == [("A",), ("B",)]
    path.write_text(json.dumps([TASK, *tasks]))
    done = convert(path, tmp_path / "o.jsonl", source="label-studio", target="harnn")
    assert done.notes == (
        "results of other tags than Taxonomy are left out (2 results, the first '7').",
        "tasks have several annotations: the ground truth counts, else the last (2 tasks).",
    )


def test_label_studio_writes_tasks_and_its_configuration(tmp_path: Path) -> None:
    names = {"Soup": 'Soups & "more" <hot>'}
    taxonomy = write_taxonomy(tmp_path, Taxonomy.from_edges(EDGES_OF_SEVERAL, names))
    config = tmp_path / "config.xml"
    path, done = to(
        tmp_path,
        "label-studio",
        "tasks.json",
        DOCUMENTS[:1],
        taxonomy=taxonomy,
        taxonomy_output=config,
    )
    value = {"taxonomy": [["Food", "Soup"]]}
    result = {"from_name": "taxonomy", "to_name": "text", "type": "taxonomy", "value": value}
    assert json.loads(path.read_text()) == [
        {
            "data": {"id": "a", "text": "Soup with noodles"},
            "predictions": [{"model_version": "harnn convert", "result": [result]}],
        }
    ]
    tree = ElementTree.parse(config).getroot()
    (listed,) = tree.findall("Taxonomy")
    food, art = listed
    assert [each.attrib for each in food] == [
        {"value": 'Soups & "more" <hot>', "alias": "Soup"},
        {"value": "Bread"},
    ]
    assert art.attrib == {"value": "Art"}
    assert list(art) == []
    assert done.notes[0] == ("labels are shown under their first parent only (1 label 'Bread').")


def test_paths_are_known_by_codes_or_by_names(tmp_path: Path) -> None:
    taxonomy = write_taxonomy(
        tmp_path, Taxonomy.from_edges([("1", "ROOT"), ("1.1", "1")], {"1": "Food", "1.1": "Soup"})
    )
    path = tmp_path / "d.jsonl"
    path.write_text(
        '{"x": "a", "y": [["Food", "Soup"]]}\n{"x": "b", "y": [["1", "1.1"], ["1.1", ""]]}\n'
    )
    found = back(tmp_path, "hiclass", path, taxonomy=taxonomy)
    assert [each.labels for each in found] == [("1.1",), ("1.1", "1.1")]


@pytest.mark.parametrize("name", ["label", "labels"])
def test_doccano_reads_both_versions(tmp_path: Path, name: str) -> None:
    path = tmp_path / "all.jsonl"
    records = [
        {"id": 1, "text": "Great price.", name: ["positive"], "Comments": []},
        {"id": 2, "text": "Bad.", name: "negative"},
        {"id": 3, "text": "So.", name: []},
        {"id": 4, "text": "None."},
    ]
    path.write_text("".join(json.dumps(each) + "\n" for each in records))
    assert plain(back(tmp_path, "doccano", path)) == [
        ("1", {"text": "Great price."}, ("positive",)),
        ("2", {"text": "Bad."}, ("negative",)),
        ("3", {"text": "So."}, ()),
        ("4", {"text": "None."}, None),
    ]


def test_doccano_writes_what_it_imports(tmp_path: Path) -> None:
    path, done = to(tmp_path, "doccano", "o.jsonl", DOCUMENTS[1:2])
    assert written(path) == ['{"id": "b", "text": "周末 Möhren", "label": ["Rye", "Art"]}']
    assert done.notes == ()


# --- data sets ---------------------------------------------------------------------------------


def test_index_records_are_written_as_they_are_read(tmp_path: Path) -> None:
    taxonomy = write_taxonomy(
        tmp_path,
        Taxonomy.from_levels(
            {"section": ["A", "B"], "group": ["A1", "B1", "B2"]},
            [("A1", "A"), ("B1", "B"), ("B2", "B")],
        ),
    )
    documents = [Document("3930316", {"title": "Sewing", "abstract": "a b, c"}, ("B2", "A"))]
    path, done = to(tmp_path, "harnn-original", "o.json", documents, taxonomy=taxonomy)
    assert json.loads(path.read_text()) == {
        "id": "3930316",
        "title": ["Sewing"],
        "abstract": ["a", "b", ",", "c"],
        "section": [0, 1],
        "group": [2],
        "labels": [0, 1, 4],
    }
    assert written(tmp_path / "o.json.label-map.tsv")[-1] == "group:2\tB2"
    found = back(tmp_path, "harnn-original", path, taxonomy=taxonomy)
    text = {"title": "Sewing", "abstract": "a b , c"}
    assert plain(found) == [("3930316", text, ("A", "B", "B2"))]
    assert back(tmp_path, "harnn-original", path)[0].labels == ("section:0", "section:1", "group:2")
    assert "labels above those given are added (1 document '3930316')." in done.notes


@pytest.mark.parametrize("with_taxonomy", [True, False])
def test_huggingface_directories_are_read_by_datasets(
    tmp_path: Path, with_taxonomy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    options = {"taxonomy": write_taxonomy(tmp_path)} if with_taxonomy else {}
    documents = [*DOCUMENTS, Document("d", {"text": "x"}, ()), Document("e", {"text": "y"}, None)]
    path, _ = to(tmp_path, "huggingface", "hf", documents, **options)
    loaded = datasets.load_from_disk(str(path))
    assert loaded["id"][:] == list("abcde")
    labels = loaded["labels"][:]
    if with_taxonomy:
        names = loaded.features["labels"].feature.names
        assert names == list(TAXONOMY.codes)
        labels = [each if each is None else [names[n] for n in each] for each in labels]
    assert labels == [
        each if each is None else list(each) for each in (d.labels for d in documents)
    ]
    assert plain(back(tmp_path, "huggingface", path)) == plain(documents)
    loaded.select([2, 0]).flatten_indices().save_to_disk(str(tmp_path / "again"))
    assert plain(back(tmp_path, "huggingface", tmp_path / "again")) == [
        plain(documents)[2],
        plain(documents)[0],
    ]


def test_huggingface_lines_have_their_features_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taxonomy = write_taxonomy(tmp_path)
    path, _ = to(tmp_path, "huggingface", "o.jsonl", DOCUMENTS, taxonomy=taxonomy)
    assert json.loads(written(path)[0]) == {"id": "a", "text": "Soup with noodles", "labels": [2]}
    features = json.loads((tmp_path / "o.jsonl.features.json").read_text())
    assert features["labels"]["feature"]["names"] == list(TAXONOMY.codes)
    assert plain(back(tmp_path, "huggingface", path)) == plain(DOCUMENTS)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    datasets = pytest.importorskip("datasets")
    assert datasets.Features.from_dict(features)["labels"].feature.names == list(TAXONOMY.codes)


def test_words_stay_as_they_were_cut(tmp_path: Path) -> None:
    path, there = tmp_path / "n.json", tmp_path / "h.json"
    path.write_text('{"doc_label": ["A"], "doc_token": ["U.S.-made", "l\'eau", "3.5%"]}\n')
    done = convert(path, there, source="neuralclassifier", target="hiagm")
    assert json.loads(there.read_text())["token"] == ["U.S.-made", "l'eau", "3.5%"]
    assert done.notes == ()


SAMPLE = Path(os.environ.get("HARNN_DATA", Path(__file__).parents[3] / "shared" / "data"))
SAMPLE = SAMPLE / "patent-sample" / "Test_sample.json"


@pytest.mark.skipif(
    not SAMPLE.is_file(), reason="no patent-sample under HARNN_DATA (default ../shared/data)"
)
def test_the_original_records_come_out_as_they_went_in(tmp_path: Path) -> None:
    again = tmp_path / "again.json"
    convert(SAMPLE, again, source="harnn-original", target="harnn-original")
    for before, after in zip(written(SAMPLE), written(again), strict=True):
        expected = json.loads(before)
        found = json.loads(after)
        for name in ("title", "abstract"):
            assert found[name] == [word for word in expected[name] if word]
        for name in ("section", "subsection", "group", "subgroup", "labels"):
            assert found[name] == sorted(expected[name])
        assert found["id"] == expected["id"]


@pytest.mark.parametrize("with_taxonomy", [True, False])
def test_labels_are_corrected_as_everywhere(tmp_path: Path, with_taxonomy: bool) -> None:
    fixes = tmp_path / "fixes.tsv"
    fixes.write_text("label\tsuggestion\nSoop\tSoup\n")
    options = {"taxonomy": write_taxonomy(tmp_path)} if with_taxonomy else {}
    config = DataConfig(fixes=str(fixes))
    given = [Document("a", {"text": "x"}, ("Soop",))]
    path, _ = to(tmp_path, "aws", "c.csv", given, config=config, **options)
    assert path.read_text() == "Soup,x\n"
