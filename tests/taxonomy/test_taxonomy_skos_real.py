"""The real SKOS files: what is read equals counts that SPARQL makes, apart from the reader."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from harnn.taxonomy import Taxonomy, write_taxonomy

rdf = pytest.importorskip("pyoxigraph")

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("HARNN_DATA", ROOT.parent / "shared" / "data")) / "skos"

PREFIXES = """PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX owl: <http://www.w3.org/2002/07/owl#>
PREFIX dct: <http://purl.org/dc/terms/>
"""
LIVING = """?c a skos:Concept ; skos:prefLabel ?any .
    FILTER NOT EXISTS { ?c owl:deprecated true }"""
LIVING_PARENT = """{ ?c skos:broader ?p } UNION { ?p skos:narrower ?c }
    ?p a skos:Concept ; skos:prefLabel ?other . FILTER NOT EXISTS { ?p owl:deprecated true }"""


def count(store: Any, wanted: str, where: str) -> int:
    rows = store.query(f"{PREFIXES}SELECT (COUNT(DISTINCT {wanted}) AS ?n) WHERE {{ {where} }}")
    return int(next(iter(rows))["n"].value)


@pytest.fixture(scope="module", params=["stw.ttl", "unesco.ttl", "uat.rdf"])
def read(request: pytest.FixtureRequest) -> tuple[Path, Taxonomy, Any]:
    path = DATA / request.param
    if not path.is_file():
        pytest.skip(f"no skos/{request.param} under HARNN_DATA (default ../shared/data)")
    store = rdf.Store()
    store.bulk_load(path=str(path), base_iri="http://example.org/")
    return path, Taxonomy.from_file(path), store


def test_labels_edges_and_roots(read: tuple[Path, Taxonomy, Any]) -> None:
    _, taxonomy, store = read
    summary = taxonomy.summary()
    assert len(taxonomy) == count(store, "?c", LIVING)
    edges = f"{LIVING} {LIVING_PARENT} BIND(CONCAT(STR(?c), ' ', STR(?p)) AS ?edge)"
    assert summary.edges == count(store, "?edge", edges)
    below = count(store, "?c", f"{LIVING} {LIVING_PARENT}")
    assert summary.roots == len(taxonomy) - below
    assert len(set(taxonomy.iris)) == len(set(taxonomy.codes)) == len(taxonomy)


def test_texts(read: tuple[Path, Taxonomy, Any]) -> None:
    _, taxonomy, store = read
    english = f'{LIVING} ?c skos:prefLabel ?name FILTER(LANG(?name) = "en")'
    told = {
        row["c"].value: " ".join(row["name"].value.split())
        for row in store.query(f"{PREFIXES}SELECT ?c ?name WHERE {{ {english} }}")
    }
    assert told
    assert all(
        name == told[iri]
        for iri, name in zip(taxonomy.iris, taxonomy.names, strict=True)
        if iri in told
    )
    assert sum(map(bool, taxonomy.notations)) == count(store, "?c", f"{LIVING} ?c skos:notation ?n")
    retired = "?c owl:deprecated true ; dct:isReplacedBy ?new"
    assert len(taxonomy.replaced) == count(store, "?c", retired)


def test_what_is_known_of_each_file(read: tuple[Path, Taxonomy, Any]) -> None:
    path, taxonomy, _ = read
    several = taxonomy.summary().labels_with_several_parents
    # labels, roots, several parents, replaced
    assert (len(taxonomy), taxonomy.summary().roots, several, len(taxonomy.replaced)) == {
        "stw.ttl": (6_243, 9, 4_557, 1_020),
        "unesco.ttl": (4_414, 584, 228, 0),
        "uat.rdf": (2_275, 11, 332, 0),
    }[path.name]


def test_it_is_the_same_when_written_and_read_again(
    read: tuple[Path, Taxonomy, Any], tmp_path: Path
) -> None:
    _, taxonomy, _ = read
    for name in ("t.ttl", "t.json"):
        assert write_taxonomy(taxonomy, tmp_path / name).notes == ()
        again = Taxonomy.from_file(tmp_path / name)
        assert again == taxonomy
        for texts in ("names", "descriptions", "alternatives", "notations", "iris", "replaced"):
            assert getattr(again, texts) == getattr(taxonomy, texts), (name, texts)


def test_collections_of_the_unesco_thesaurus() -> None:
    path = DATA / "unesco.ttl"
    if not path.is_file():
        pytest.skip("no skos/unesco.ttl under HARNN_DATA (default ../shared/data)")
    taxonomy = Taxonomy.from_file(path, collections=True)
    assert len(taxonomy) == 4_414 + 95
    assert taxonomy.names[0:3] == ("E-9 countries", "Education", "Science")
    # seven domains and a concept in none, 88 microthesauri
    assert taxonomy.summary().levels[:2] == (8, 88)
    french = Taxonomy.from_file(path, language="fr")
    assert french.names[french.index["concept396"]] != taxonomy.names[taxonomy.index["concept396"]]
