"""What SKOS and our own JSON say of the past of labels."""

from __future__ import annotations

import dataclasses
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from harnn.errors import TaxonomyError
from harnn.taxonomy import Taxonomy, diff_taxonomies, part_of, write_taxonomy

pytest.importorskip("pyoxigraph")

HEAD = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix : <http://example.org/> .
"""
HISTORY = ("replaced", "successors", "former_iris", "change_notes")
BODY = """
:a a skos:Concept ; skos:prefLabel "A" .
:b a skos:Concept ; skos:broader :a ; skos:prefLabel "B" ; dct:replaces :gone, :a ;
  skos:changeNote "Was part of A."@en, "War Teil von A."@de ; skos:historyNote "Since 2020." .
:c a skos:Concept ; skos:broader :a ; skos:prefLabel "C" ; dct:replaces :two, [] .
:d a skos:Concept ; skos:broader :a ; skos:prefLabel "D" ; dct:replaces :two ; dct:replaces :d .
:old owl:deprecated true ; skos:changeNote "Never used."@en .
:one owl:deprecated true ; dct:isReplacedBy :two .
<http://elsewhere.org/document> dct:replaces <http://elsewhere.org/other> .
"""


def load(folder: Path, body: str) -> Taxonomy:
    path = folder / "t.ttl"
    path.write_text(HEAD + body, encoding="utf-8")
    return Taxonomy.from_file(path)


def history(taxonomy: Taxonomy) -> dict[str, dict[str, Any]]:
    return {name: dict(getattr(taxonomy, name)) for name in HISTORY}


def test_what_is_read(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, BODY)
    assert taxonomy.codes == ("a", "b", "c", "d")
    assert dict(taxonomy.replaced) == {"gone": "b"}
    assert dict(taxonomy.successors) == {
        "a": ("b",), "two": ("c", "d"), "old": (), "one": ("c", "d")
    }  # fmt: skip
    assert dict(taxonomy.former) == {
        "gone": ("b",), "two": ("c", "d"), "old": (), "one": ("c", "d")
    }  # fmt: skip
    assert dict(taxonomy.change_notes) == {
        "b": "Was part of A. Since 2020.",
        "old": "Never used.",
    }
    assert taxonomy.former_iris["gone"] == "http://example.org/gone"
    assert "a" not in taxonomy.former_iris


def test_a_concept_of_another_scheme_is_not_retired(tmp_path: Path) -> None:
    body = """
    :s a skos:ConceptScheme . :t a skos:ConceptScheme .
    :a a skos:Concept ; skos:inScheme :s ; skos:prefLabel "A" ; dct:replaces :b, :c .
    :b a skos:Concept ; skos:inScheme :t ; skos:prefLabel "B" .
    """
    (tmp_path / "t.ttl").write_text(HEAD + body, encoding="utf-8")
    taxonomy = Taxonomy.from_file(tmp_path / "t.ttl", scheme="http://example.org/s")
    assert dict(taxonomy.former) == {"c": ("a",)}


@pytest.mark.parametrize("name", ["t.json", "out.ttl", "out.nt"])
def test_it_is_written_and_read_again(tmp_path: Path, name: str) -> None:
    taxonomy = load(tmp_path, BODY)
    written = write_taxonomy(taxonomy, tmp_path / name)
    assert [note for note in written.notes if note.startswith("Left out")] == []
    assert history(Taxonomy.from_file(tmp_path / name)) == history(taxonomy)


def test_it_is_pickled_and_part_of_a_part(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, BODY)
    assert history(pickle.loads(pickle.dumps(taxonomy))) == history(taxonomy)
    under = part_of(taxonomy, under="c")
    assert history(under) == {
        "replaced": {"two": "c", "one": "c"},
        "successors": {},
        "former_iris": {"two": "http://example.org/two", "one": "http://example.org/one"},
        "change_notes": {},
    }
    upper = part_of(dataclasses.replace(taxonomy, replaced={"x": "a"}), depth=1)
    assert history(upper)["replaced"] == {"x": "a"}
    assert history(upper)["successors"] == {}


def test_forms_that_hold_nothing_of_it_say_so(tmp_path: Path) -> None:
    notes = write_taxonomy(load(tmp_path, BODY), tmp_path / "o.tsv").notes
    assert "Left out: what is told of the history of 2 labels." in notes
    assert "Left out: the labels that stand for 4 former codes." in notes
    page = tmp_path / "o.html"
    write_taxonomy(load(tmp_path, BODY), page)
    text = page.read_text(encoding="utf-8")
    assert "4 labels no more, and what stands for each" in text
    assert '<bdi class="code">old</bdi> now nothing</div>' in text
    two = '<bdi class="name">C</bdi> <bdi class="code">c</bdi> and <bdi class="name">D</bdi>'
    assert two in text


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        (
            "successors",
            [["x", "nope"]],
            "'successors' must be lists of a code that is not replaced",
        ),
        ("successors", [[]], "'successors' must be lists of a code that is not replaced, and"),
        ("successors", [["x", "a"], ["x"]], "'successors' holds a code twice."),
        ("former_iris", [["x", "i"]], "must be pairs of a code that is no label any more and its"),
        ("change_notes", [["x", "so"]], "'change_notes' must be pairs of a code and a text."),
        ("change_notes", [["a"]], "'change_notes' must be pairs of a code and a text."),
    ],
)
def test_damaged_history_is_refused(key: str, value: Any, expected: str) -> None:
    content = json.loads(Taxonomy.from_edges([("a", "ROOT")]).to_json())
    with pytest.raises(TaxonomyError, match=expected):
        Taxonomy.from_json(json.dumps(content | {key: value}))


def test_two_editions_of_a_vocabulary(tmp_path: Path) -> None:
    """An edition that says by IRI what became of concepts, under a namespace of its own."""
    (tmp_path / "old").mkdir()
    old = load(
        tmp_path / "old",
        """
    :a a skos:Concept ; skos:prefLabel "A" .
    :gone a skos:Concept ; skos:broader :a ; skos:prefLabel "Gone" .
    :two a skos:Concept ; skos:broader :a ; skos:prefLabel "Two" .
    :old a skos:Concept ; skos:broader :a ; skos:prefLabel "Old" .
    :b a skos:Concept ; skos:broader :a ; skos:prefLabel "B" .
    """,
    )
    diff = diff_taxonomies(old, load(tmp_path, BODY))
    assert [(c.kind, c.old, c.new, c.found_by) for c in diff.changes] == [
        ("merged", ("a", "gone", "b"), ("b",), "isReplacedBy"),
        ("split", ("a",), ("a", "b"), "isReplacedBy"),
        ("split", ("two",), ("c", "d"), "isReplacedBy"),
        ("retired", ("old",), (), "isReplacedBy"),
    ]
    assert diff.of_kind("retired")[0].note == "Never used."
