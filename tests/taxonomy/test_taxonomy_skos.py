"""SKOS: what of it becomes labels, edges, texts and codes, and what is said of the rest."""

from __future__ import annotations

import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from harnn.errors import MissingExtraError, TaxonomyError
from harnn.taxonomy import Taxonomy

pytest.importorskip("pyoxigraph")

HEAD = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix xl: <http://www.w3.org/2008/05/skos-xl#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix : <http://example.org/> .
"""
ANIMALS = """
:scheme a skos:ConceptScheme ; skos:hasTopConcept :animal .
:animal a skos:Concept ; skos:prefLabel "Animal"@en, "Tier"@de ; skos:narrower :dog .
:dog a skos:Concept ; skos:prefLabel "Dog"@en, "Hund"@de ;
  skos:altLabel "Hound"@en, "Canine"@en-GB, "Köter"@de, "Canis" ;
  skos:definition "Barks."@en, "Bellt."@de ; skos:scopeNote "Not wolves."@en ; skos:notation "D1" .
:poodle a skos:Concept ; skos:broader :dog ; skos:prefLabel "Poodle"@en-GB, "Pudel"@de .
"""


def load(folder: Path, body: str, name: str = "t.ttl", **options: Any) -> Taxonomy:
    path = folder / name
    path.write_text(HEAD + body if name.endswith("ttl") else body, encoding="utf-8")
    return Taxonomy.from_file(path, **options)


def refusal(folder: Path, body: str, name: str = "t.ttl", **options: Any) -> str:
    with pytest.raises(TaxonomyError) as caught:
        load(folder, body, name, **options)
    return str(caught.value).replace(f"{folder}/", "")


def edges_of(taxonomy: Taxonomy) -> set[tuple[str, str]]:
    return {(taxonomy.codes[a], taxonomy.codes[b]) for a, b in taxonomy.edges.tolist()}


# --- what is read ---------------------------------------------------------------------------------


def test_concepts_edges_and_texts(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, ANIMALS)
    assert taxonomy.codes == ("animal", "dog", "poodle")
    assert taxonomy.names == ("Animal", "Dog", "Poodle")
    assert edges_of(taxonomy) == {("dog", "animal"), ("poodle", "dog")}
    assert taxonomy.alternatives == ((), ("Hound", "Canine", "Canis"), ())
    assert taxonomy.descriptions == ("", "Barks. Not wolves.", "")
    assert taxonomy.notations == ("", "D1", "")
    assert taxonomy.iris[1] == "http://example.org/dog"
    assert taxonomy.notes == ()


def test_texts_of_another_language(tmp_path: Path) -> None:
    german = load(tmp_path, ANIMALS, language="DE")
    assert german.names == ("Tier", "Hund", "Pudel")
    assert german.alternatives[1] == ("Köter", "Canis")
    assert german.descriptions[1] == "Bellt. Not wolves."
    french = load(tmp_path, ANIMALS, language="fr")
    assert french.names == ("Animal", "Dog", "Poodle")
    assert french.notes == (
        "3 of 3 names in another language than 'fr'; language= (--language) chooses one.",
    )


@pytest.mark.parametrize(
    ("labels", "language", "expected"),
    [
        ('"b"@en, "a"@en-GB, "c"', "en", "b"),
        ('"b"@en-US, "a"@en-GB, "c"', "en", "a"),
        ('"b"@de, "a"@en, "c"@pt-BR', "pt", "c"),
        ('"b"@de, "a"@en-GB, "c"', "fr", "a"),
        ('"b"@de, "c"', "fr", "c"),
        ('"b"@de, "c"@da', "fr", "c"),
        ('"b"@en, "a"@en', "en", "a"),
        ('"x \\n\\t y"@en', "en", "x y"),
    ],
)
def test_the_language_of_names(tmp_path: Path, labels: str, language: str, expected: str) -> None:
    body = f":a a skos:Concept ; skos:prefLabel {labels} ."
    assert load(tmp_path, body, language=language).names == (expected,)


def test_labels_of_skos_xl(tmp_path: Path) -> None:
    body = """
    :a a skos:Concept ; xl:prefLabel :l1, [ xl:literalForm "Eis"@de ] ; xl:altLabel :l2 .
    :l1 xl:literalForm "Ice"@en . :l2 a xl:Label ; xl:literalForm "Frozen water"@en .
    :b skos:broader :a ; xl:prefLabel [ xl:literalForm "Glacier"@en ] .
    """
    taxonomy = load(tmp_path, body)
    assert taxonomy.names == ("Ice", "Glacier")
    assert taxonomy.alternatives == (("Frozen water",), ())
    assert load(tmp_path, body, language="de").names == ("Eis", "Glacier")


def test_definitions_that_are_nodes(tmp_path: Path) -> None:
    body = ':a a skos:Concept ; skos:prefLabel "A" ; skos:definition [ rdf:value "First." ] .'
    assert load(tmp_path, body).descriptions == ("First.",)


def test_retired_concepts_are_left_out_before_roots_are_told(tmp_path: Path) -> None:
    taxonomy = load(
        tmp_path,
        ANIMALS
        + """
    :cur a skos:Concept ; owl:deprecated true ; dct:isReplacedBy :mutt .
    :mutt owl:deprecated "1"^^<http://www.w3.org/2001/XMLSchema#boolean> ; dct:isReplacedBy :dog .
    :split owl:deprecated true ; dct:isReplacedBy :dog, :poodle .
    :lost owl:deprecated true ; dct:isReplacedBy :nowhere .
    :loop owl:deprecated true ; dct:isReplacedBy :loop .
    :whelp a skos:Concept ; skos:broader :cur ; skos:prefLabel "Whelp" .
    :kept a skos:Concept ; owl:deprecated false ; skos:broader :dog ; skos:prefLabel "Kept" .
    """,
    )
    assert taxonomy.codes == ("animal", "whelp", "dog", "poodle", "kept")
    assert dict(taxonomy.replaced) == {"cur": "dog", "mutt": "dog"}
    assert dict(taxonomy.successors) == {"split": ("dog", "poodle"), "lost": (), "loop": ()}
    assert taxonomy.former_iris["split"] == "http://example.org/split"
    assert taxonomy.notes == (
        "5 retired concepts left out (owl:deprecated), 5 of them with a replacement.",
        "1 concept at the top, because all above is retired: http://example.org/whelp.",
        "1 concept at the top, which no scheme says: http://example.org/whelp.",
        "2 retired concepts whose replacement is no label here: http://example.org/lost, "
        "http://example.org/loop.",
    )


def test_what_is_no_concept_is_said(tmp_path: Path) -> None:
    taxonomy = load(
        tmp_path,
        """
    :a a skos:Concept ; skos:prefLabel "A" ; skos:broader :outside, :a .
    :b skos:broader :a ; skos:prefLabel "B" .
    :c a skos:Concept ; skos:broader :a .
    :d a skos:Concept ; rdfs:label "D" .
    [] a skos:Concept ; skos:prefLabel "nothing" .
    :unnamed skos:broader :a .
    """,
    )
    assert taxonomy.codes == ("a", "d", "b", "c")
    assert taxonomy.names == ("A", "D", "B", "c")
    assert taxonomy.notes == (
        "1 concept without an IRI left out.",
        "1 concept left out as its own parent: http://example.org/a.",
        "2 relatives left out, because nothing else is told of it here: "
        "http://example.org/outside, http://example.org/unnamed.",
        "1 concept without a name, known by its code: http://example.org/c.",
    )


def test_cycles_are_broken_with_a_report(tmp_path: Path) -> None:
    taxonomy = load(
        tmp_path,
        """
    :s skos:hasTopConcept :top .
    :a a skos:Concept ; skos:broader :c, :top . :b a skos:Concept ; skos:broader :a .
    :c a skos:Concept ; skos:broader :b . :top a skos:Concept .
    :x a skos:Concept ; skos:broader :y . :y a skos:Concept ; skos:broader :x .
    """,
    )
    assert edges_of(taxonomy) == {("a", "top"), ("b", "a"), ("c", "b"), ("y", "x")}
    assert taxonomy.notes[0] == (
        "Concepts stand above each other in a circle; 2 edges left out: http://example.org/a under "
        "http://example.org/c, http://example.org/x under http://example.org/y."
    )


def test_long_cycles_and_chains_are_walked_without_recursion(tmp_path: Path) -> None:
    lines = [f":c{i} a skos:Concept ; skos:broader :c{(i + 1) % 5_000} ." for i in range(5_000)]
    taxonomy = load(tmp_path, "\n".join(lines))
    assert taxonomy.depth == 5_000
    assert len(taxonomy.edges) == 4_999


def test_concepts_of_one_scheme(tmp_path: Path) -> None:
    body = """
    :s1 a skos:ConceptScheme . :s2 a skos:ConceptScheme ; skos:hasTopConcept :b .
    :a a skos:Concept ; skos:inScheme :s1 .
    :a1 a skos:Concept ; skos:broader :a ; skos:inScheme :s1 .
    :b a skos:Concept . :b1 a skos:Concept ; skos:broader :b .
    :both a skos:Concept ; skos:broader :a ; skos:inScheme :s1, :s2 .
    """
    every = load(tmp_path, body)
    assert len(every) == 5
    assert every.notes[0] == (
        "The file has 2 concept schemes, and all are read (http://example.org/s1, "
        "http://example.org/s2); scheme=IRI (--scheme IRI) chooses one."
    )
    assert load(tmp_path, body, scheme="http://example.org/s1").codes == ("a", "a1", "both")
    assert load(tmp_path, body, scheme="http://example.org/s2").codes == ("b", "both", "b1")
    assert refusal(tmp_path, body, scheme="http://example.org/s3") == (
        "t.ttl: has no concept scheme 'http://example.org/s3'; it has http://example.org/s1, "
        "http://example.org/s2. Did you mean 'http://example.org/s2'?"
    )


def test_collections_stand_above_their_members(tmp_path: Path) -> None:
    body = (
        ANIMALS
        + """
    :zoo a skos:Collection ; skos:prefLabel "Zoo"@en ; skos:member :animal, :dog, :pets .
    :pets a skos:OrderedCollection ; skos:prefLabel "Pets"@en ; skos:memberList ( :poodle ) .
    :empty a skos:Collection ; skos:prefLabel "Empty"@en ; skos:member :nobody .
    """
    )
    plain = load(tmp_path, body)
    assert len(plain) == 3
    assert plain.notes == (
        "The file has 3 collections; collections=True (--collections) reads them as labels.",
    )
    taxonomy = load(tmp_path, body, collections=True)
    assert taxonomy.codes == ("zoo", "animal", "pets", "dog", "poodle")
    assert edges_of(taxonomy) == {
        *(("animal", "zoo"), ("dog", "animal"), ("poodle", "dog"), ("poodle", "pets")),
        ("pets", "zoo"),
    }
    assert taxonomy.notes == (
        "1 collection left out, because no concept of these stands in it: "
        "http://example.org/empty.",
    )


# --- codes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("iris", "expected"),
    [
        (("http://x/a", "http://x/b"), ("a", "b")),
        (("http://x/y#a", "http://x/z/b%20c"), ("a", "b c")),
        (("urn:x:a", "urn:x:b"), ("a", "b")),
        (("http://example.org/1/a", "http://example.org/2/a"), (":1/a", ":2/a")),
        (("http://x/1/a", "http://x/2/a"), ("http://x/1/a", "http://x/2/a")),
        (("http://x/ROOT", "http://x/a"), ("http://x/ROOT", "http://x/a")),
    ],
)
def test_codes_are_the_shortest_that_tell_all_apart(
    tmp_path: Path, iris: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    body = "\n".join(f"<{iri}> a skos:Concept ." for iri in iris)
    assert load(tmp_path, body).codes == expected
    assert load(tmp_path, body, codes="iri").codes == iris


def test_a_retired_concept_keeps_its_code(tmp_path: Path) -> None:
    body = "<http://x/1/a> a skos:Concept . <http://x/2/a> owl:deprecated true ."
    assert load(tmp_path, body).codes == ("http://x/1/a",)


def test_notations_as_codes(tmp_path: Path) -> None:
    body = ':a a skos:Concept ; skos:notation "01" . :b a skos:Concept ; skos:notation "{}" .'
    assert load(tmp_path, body.format("02"), codes="notation").codes == ("01", "02")
    shared = load(tmp_path, body.format("01"), codes="notation")
    assert shared.codes == ("a", "b")
    assert shared.notes[0] == (
        "Notations are no codes: 0 of 2 concepts have none, 1 share theirs. Codes are taken from "
        "the IRIs."
    )


# --- syntaxes -------------------------------------------------------------------------------------

XML = """<?xml version="1.0" encoding="ISO-8859-1"?>
<!DOCTYPE rdf:RDF [<!ENTITY ex "http://example.org/">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
  xmlns:skos="http://www.w3.org/2004/02/skos/core#">
  <skos:Concept rdf:about="&ex;a"><skos:prefLabel xml:lang="en">Été</skos:prefLabel></skos:Concept>
  <skos:Concept rdf:about="&ex;b"><skos:broader rdf:resource="&ex;a"/></skos:Concept>
</rdf:RDF>
"""
TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
CORE = "http://www.w3.org/2004/02/skos/core#"
TRIPLES = f"""<http://example.org/a> {TYPE} <{CORE}Concept> .
<http://example.org/a> <{CORE}prefLabel> "Été"@en .
<http://example.org/b> {TYPE} <{CORE}Concept> .
<http://example.org/b> <{CORE}broader> <http://example.org/a> .
"""
LINKED = {
    "@context": {"skos": CORE, "broader": {"@id": "skos:broader", "@type": "@id"}},
    "@graph": [
        {
            "@id": "http://example.org/a",
            "@type": "skos:Concept",
            "skos:prefLabel": {"@value": "Été", "@language": "en"},
        },
        {"@id": "http://example.org/b", "@type": "skos:Concept", "broader": "http://example.org/a"},
    ],
}
SYNTAXES = {
    "t.rdf": XML.replace("ISO-8859-1", "UTF-8"),
    "t.xml": XML.replace("ISO-8859-1", "UTF-8"),
    "t.owl": XML.replace("ISO-8859-1", "UTF-8"),
    "t.nt": TRIPLES,
    "t.txt": TRIPLES,
    "t.nq": TRIPLES.replace(" .\n", " <http://example.org/graph> .\n"),
    "t.trig": "<http://example.org/graph> {\n" + TRIPLES + "}\n",
    "t.jsonld": json.dumps(LINKED),
    "t.json": json.dumps(LINKED),
    "t2.txt": f"""<http://example.org/a> a <{CORE}Concept> ;
  <{CORE}prefLabel> "Été"@en .
<http://example.org/b> a <{CORE}Concept> ; <{CORE}broader> <http://example.org/a> .
""",
    "t": HEAD
    + ':a a skos:Concept ; skos:prefLabel "Été"@en . :b a skos:Concept ; skos:broader :a .',
}


@pytest.mark.parametrize("name", SYNTAXES)
def test_every_syntax_says_the_same(tmp_path: Path, name: str) -> None:
    taxonomy = load(tmp_path, SYNTAXES[name], name)
    assert taxonomy.codes == ("a", "b")
    assert taxonomy.names == ("Été", "b")
    assert len(taxonomy.edges) == 1


def test_a_form_that_is_named_is_taken(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, TRIPLES, "t.bin", form="turtle")
    assert taxonomy.codes == ("a", "b")
    assert refusal(tmp_path, TRIPLES, "t.bin", form="jsonld").startswith(
        "t.bin:1: is not valid JSON-LD: "
    )


def test_relative_iris_are_those_of_the_file(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, "<#a> a skos:Concept . <b> a skos:Concept .", "a b.ttl")
    assert taxonomy.iris == ("file:///a_b.ttl#a", "file:///b")


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "t.ttl",
            ":a a skos:Concept\n:b a skos:Concept .",
            "t.ttl:9: is not valid Turtle: A dot is expected at the end of statements.",
        ),
        (
            "t.nt",
            "<http://a> <http://b> c .\n",
            "t.nt:1: is not valid N-Triples: The object of a triple must be an IRI, a blank node "
            "or a literal.",
        ),
        ("t.rdf", "<a>\n<b></a>", "t.rdf:2: is not valid XML: mismatched tag."),
        (
            "t.rdf",
            "<a/>",
            "t.rdf: is not valid RDF/XML: XML namespaces are required in RDF/XML.",
        ),
        (
            "t.jsonld",
            '{"@context": "https://schema.org", "@id": "a", "name": "x"}',
            "t.jsonld: is JSON-LD whose context stands elsewhere; nothing is fetched. Write the "
            "context into the file, or convert it to Turtle.",
        ),
        (
            "t.rdf",
            '<!DOCTYPE r [<!ENTITY a "x"><!ENTITY b "&a;&a;">]>\n<r>&b;</r>',
            "t.rdf:1: the entity 'b' stands for more than a short text.",
        ),
        (
            "t.rdf",
            '<!DOCTYPE r [\n<!ENTITY a SYSTEM "file:///etc/passwd">]>\n<r>&a;</r>',
            "t.rdf:2: the entity 'a' stands for more than a short text.",
        ),
        (
            "t.rdf",
            f'<!DOCTYPE r [<!ENTITY a "{"x" * 300}">]>\n<r>&a;</r>',
            "t.rdf:1: the entity 'a' stands for more than a short text.",
        ),
        (
            "t.rdf",
            "<a>" * 100_000,
            "t.rdf:1: more than 200 elements stand inside each other.",
        ),
        (
            "t.jsonld",
            '[\n{"a":' * 2_000,
            "t.jsonld:101: more than 200 brackets stand inside each other.",
        ),
        (
            "t.ttl",
            ':a a skos:Concept ; skos:prefLabel "' + "x" * (17 << 20) + '" .',
            "t.ttl: a literal or a name is larger than 16 MiB, or nested too deeply to be read.",
        ),
        (
            "t.ttl",
            ":a a owl:Class .",
            "t.ttl: holds RDF, but no concept of SKOS; classes of RDFS and OWL are not read.",
        ),
        (
            "t.ttl",
            ":a a skos:Concept ; owl:deprecated true .",
            "t.ttl: holds no concepts that are not retired.",
        ),
    ],
)
def test_rdf_that_cannot_be_read(tmp_path: Path, name: str, text: str, expected: str) -> None:
    start = time.monotonic()
    assert refusal(tmp_path, text, name) == expected
    assert time.monotonic() - start < 10


def test_deeply_nested_turtle_is_bounded(tmp_path: Path) -> None:
    body = ":a a skos:Concept ; skos:broader " + "[ skos:broader " * 50_000 + ":b" + "]" * 50_000
    tracemalloc.start()
    assert load(tmp_path, body + " .").codes == ("a",)
    assert tracemalloc.get_traced_memory()[1] < 200 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"form": "skos"}, "form: got 'skos', expected one of pairs, paths, outline, table, "),
        ({"language": "english please"}, "language: got 'english please', expected a language tag"),
        ({"codes": "name"}, "codes: got 'name', expected one of auto, notation, iri."),
        ({"columns": {"x": "y"}}, "columns: unknown kind of column 'x', expected one of child, "),
        ({"sheet": "1"}, "t.ttl: is no workbook, so it has no sheet '1'."),
        ({"columns": {"child": "y"}}, "t.ttl: is read as turtle; columns says how to read tables."),
        ({"by_path": True}, "t.ttl: holds pairs of child and parent; only what is nested can"),
    ],
)
def test_options_that_do_not_fit(tmp_path: Path, options: dict[str, Any], expected: str) -> None:
    assert refusal(tmp_path, ANIMALS, **options).startswith(expected)


def test_options_of_skos_for_another_form(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a\tROOT\n", "t.tsv", language="de", scheme="x") == (
        "t.tsv: is read as pairs; language and scheme say how to read SKOS."
    )


def test_without_the_extra_the_command_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyoxigraph", None)
    with pytest.raises(MissingExtraError) as caught:
        load(tmp_path, ANIMALS)
    assert str(caught.value) == (
        f"Reading {tmp_path}/t.ttl (SKOS) needs the package 'pyoxigraph', which is not installed: "
        "pip install 'harnn[skos]'"
    )


# --- held by the taxonomy -------------------------------------------------------------------------


def test_all_of_it_is_stored(tmp_path: Path) -> None:
    body = ANIMALS + ":cur owl:deprecated true ; dct:isReplacedBy :dog ."
    taxonomy = load(tmp_path, body)
    again = Taxonomy.from_json(taxonomy.to_json())
    for name in ("codes", "names", "descriptions", "alternatives", "notations", "iris", "replaced"):
        assert getattr(again, name) == getattr(taxonomy, name)
    assert again == taxonomy


def test_a_taxonomy_without_more_texts_is_stored_as_ever() -> None:
    stored = json.loads(Taxonomy.from_edges([("a", "ROOT")]).to_json())
    assert list(stored) == [
        *("format", "version", "sha256", "level_names", "codes", "names", "descriptions"),
        *("levels", "edges"),
    ]


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("alternatives", [["x"]], "'alternatives' has 1 entries, expected 2, as 'codes'."),
        ("alternatives", ["x", "y"], "'alternatives' is not a list of lists of texts."),
        ("iris", [1, 2], "'iris' is not a list of texts."),
        ("replaced", [["a", "b"]], "'replaced' must be pairs of a code that is no label and one"),
        ("replaced", [["x", "a"], ["x", "b"]], "'replaced' holds a code twice."),
        ("replaced", {"x": "a"}, "'replaced' is not a list of lists of texts."),
    ],
)
def test_damaged_texts_are_refused(key: str, value: Any, expected: str) -> None:
    stored = json.loads(Taxonomy.from_edges([("a", "ROOT"), ("b", "a")]).to_json())
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_json(json.dumps(stored | {key: value}))
    assert str(caught.value).startswith(expected)


def test_a_copy_in_another_process_is_the_same(tmp_path: Path) -> None:
    import pickle

    body = ANIMALS + ":cur owl:deprecated true ; dct:isReplacedBy :dog ."
    taxonomy = load(tmp_path, body)
    again = pickle.loads(pickle.dumps(taxonomy))
    assert (again.alternatives, again.replaced) == (taxonomy.alternatives, taxonomy.replaced)
