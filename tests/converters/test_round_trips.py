"""Any document into a format and back: the same, but for what the format is known to lose."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harnn.converters import FORMATS, from_hiclass, to_hiclass
from harnn.converters.texts import BREAKS
from harnn.data import Document
from harnn.taxonomy import Taxonomy
from harnn.text.ngram_counting import find_words
from support.conversions import back, to, write_taxonomy

CODES = (
    "Food",
    "Art",
    "Soup, hot",
    "Bread; rye",
    "周末",
    "http://example.org/a%20b",
    'q"\\uote',
    "a:b c",
    "%41",
    "<x>",
    " edge ",
    "Übung\u3000leer",
)
PARENTS = ("ROOT", "ROOT", *["Food", "Art", "Soup, hot"] * 3, "ROOT")
TAXONOMY = Taxonomy.from_edges(zip(CODES, PARENTS, strict=True))
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["a,b", '"', "a\tb", "a\r\nb", "  x  ", "|", "__label", "<a>\t<b>", "-- a", "\x85\u2028 y"]
)
LABELS = st.lists(st.sampled_from(CODES), max_size=3, unique=True).map(tuple)


@st.composite
def many_documents(draw: st.DrawFn) -> list[Document]:
    count = draw(st.integers(1, 3))
    return [
        Document(f"d{number}", {"text": draw(TEXTS)}, draw(st.none() | LABELS))
        for number in range(count)
    ]


def flat(text: str) -> str:
    return BREAKS.sub(" ", text)


def words(text: str) -> str:
    return " ".join(find_words(text, lowercase=False))


def same(value: object) -> object:
    return value


def none_if_empty(labels: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return labels or None


def empty_if_none(labels: tuple[str, ...] | None) -> tuple[str, ...]:
    return labels or ()


def closed(labels: tuple[str, ...] | None) -> tuple[str, ...]:
    columns = TAXONOMY.close_upward(TAXONOMY.columns(labels or ()))
    return tuple(TAXONOMY.codes[column] for column in columns)


Labels = Callable[[tuple[str, ...] | None], tuple[str, ...] | None]
EXPECTED: dict[str, tuple[str, bool, Callable[[str], str], Labels]] = {
    "harnn": ("o.jsonl", True, str, lambda labels: labels),
    "neuralclassifier": ("o.json", False, words, empty_if_none),
    "hiagm": ("o.json", False, words, closed),
    "libmultilabel": ("o.txt", True, flat, none_if_empty),
    "fasttext": ("o.txt", False, lambda text: flat(text).strip(" "), none_if_empty),
    "annif": ("o.csv", True, str, none_if_empty),
    "aws": ("o.csv", False, str, none_if_empty),
    "hiclass": ("o.jsonl", True, str, lambda labels: labels),
    "label-studio": ("o.json", True, str, lambda labels: labels),
    "doccano": ("o.jsonl", True, str, lambda labels: labels),
    "huggingface": ("hf", True, str, lambda labels: labels),
}
"""Name, whether ids stay, and what becomes of texts and labels."""
ANNIF: dict[str, tuple[bool, Callable[[str], str], Labels]] = {
    "o.tsv": (False, flat, none_if_empty),
    "o.jsonl": (True, str, lambda labels: labels),
}


HICLASS: dict[str, tuple[bool, Labels]] = {
    "o.npz": (True, empty_if_none),
    "o.npy": (False, empty_if_none),
    "o.csv": (True, none_if_empty),
}


def test_every_format_that_is_read_has_its_round_trip() -> None:
    both_ways = {name for name, each in FORMATS.items() if each.read is not None}
    assert both_ways == {*EXPECTED, "harnn-original"}  # which has its own below


def check(
    form: str,
    name: str,
    documents: list[Document],
    texts: Callable[[str], str],
    labels: Labels,
    *,
    keeps_ids: bool,
) -> None:
    blank = {"blank": "＿"} if FORMATS[form].replaces_blanks else {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        taxonomy = write_taxonomy(folder, TAXONOMY)
        path, _ = to(folder, form, name, documents, taxonomy=taxonomy, **blank)
        if form == "label-studio":
            accept_predictions(path)
        found = back(folder, form, path, taxonomy=taxonomy)
    assert [each.labels for each in found] == [labels(each.labels) for each in documents]
    assert [each.text["text"] for each in found] == [texts(each.full_text) for each in documents]
    if keeps_ids:
        assert [each.id for each in found] == [each.id for each in documents]


def accept_predictions(path: Path) -> None:
    """Do what annotators do."""
    tasks = json.loads(path.read_text(encoding="utf-8"))
    for task in tasks:
        if "predictions" in task:
            task["annotations"] = task["predictions"]
    path.write_text(json.dumps(tasks), encoding="utf-8")


@pytest.mark.parametrize("form", EXPECTED)
@settings(max_examples=10)
@given(documents=many_documents())
def test_there_and_back(form: str, documents: list[Document]) -> None:
    name, keeps_ids, texts, labels = EXPECTED[form]
    if form in ("fasttext", "aws"):  # a line without anything is refused
        documents = [
            Document(each.id, {"text": each.full_text + "."}, each.labels) for each in documents
        ]
    check(form, name, documents, texts, labels, keeps_ids=keeps_ids)


@pytest.mark.parametrize("name", HICLASS)
@settings(max_examples=10)
@given(documents=many_documents())
def test_hiclass_there_and_back(name: str, documents: list[Document]) -> None:
    keeps_ids, labels = HICLASS[name]
    documents = [
        Document(f"{number} {each.id}", {"text": each.full_text + "."}, each.labels)
        for number, each in enumerate(documents)
    ]
    check("hiclass", name, documents, str, labels, keeps_ids=keeps_ids)


@pytest.mark.parametrize("name", ANNIF)
@settings(max_examples=10)
@given(documents=many_documents())
def test_annif_there_and_back(name: str, documents: list[Document]) -> None:
    keeps_ids, texts, labels = ANNIF[name]
    documents = [
        Document(each.id, {"text": each.full_text + "."}, each.labels) for each in documents
    ]
    check("annif", name, documents, texts, labels, keeps_ids=keeps_ids)


@settings(max_examples=10)
@given(documents=many_documents())
def test_index_records_there_and_back(documents: list[Document]) -> None:
    documents = [Document("first", {"text": "x"}, ("Food",)), *documents]
    with tempfile.TemporaryDirectory() as place:
        taxonomy = write_taxonomy(Path(place), TAXONOMY)
        path, _ = to(Path(place), "harnn-original", "o.json", documents, taxonomy=taxonomy)
        found = back(Path(place), "harnn-original", path, taxonomy=taxonomy)
    assert [(each.id, each.labels) for each in found] == [
        (each.id, closed(each.labels)) for each in documents
    ]
    assert [each.text["abstract"] for each in found] == [words(x.full_text) for x in documents]


@given(documents=many_documents())
def test_arrays_of_hiclass_there_and_back(documents: list[Document]) -> None:
    texts, paths = to_hiclass(documents, TAXONOMY)
    assert paths.shape[0::2] == (len(documents), TAXONOMY.depth)
    found, _ = from_hiclass(texts, paths, TAXONOMY)
    assert [each.labels for each in found] == [each.labels or () for each in documents]


@given(
    st.lists(st.lists(st.text("ab >-", min_size=1, max_size=3), min_size=1, max_size=3), min_size=1)
)
def test_learned_taxonomies_hold_every_path(paths: list[list[str]]) -> None:
    paths = [path for path in paths if all(part.strip() for part in path)]
    paths = [path for path in paths if not any(" > " in part for part in path)]
    paths = [path for path in paths if re.fullmatch(r"[^>]*", "".join(path))]
    documents, taxonomy = from_hiclass(["x"] * len(paths), [[path] for path in paths])
    if not paths:
        assert taxonomy is None
        return
    assert taxonomy is not None
    for document, path in zip(documents, paths, strict=True):
        (label,) = document.labels or ("",)
        columns = taxonomy.path(taxonomy.index[label])
        assert [taxonomy.names[column] for column in columns] == path
