"""Every form of taxonomy and the table of labels, damaged: only our own errors come out."""

from __future__ import annotations

import json
import random
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from harnn.errors import HarnnError
from harnn.taxonomy import Taxonomy
from harnn.taxonomy.options import FORMS
from support.file_mutations import MUTATIONS, check_message, mutate

PAIRS = (
    "child\tparent\nanimal\tROOT\nplant\tROOT\ndog\tanimal\nfern\tplant\npoodle\tdog\nfern\tdog\n"
)
PATHS = "Art\nArt > Music\nArt > Music > Jazz\nArt > Film\nSport\nSport > Film\n"
GOOGLE = (
    "# Google_Product_Taxonomy_Version: 2021-09-21\n1 - Animals\n3237 - Animals > Live Animals\n"
    "2 - Animals > Pets\n3 - Animals > Pets > Birds\n"
)
NESTED = {"a": {"b": {"d": None}, "c": ["e", {"f": {}}]}, "g": [], "h": {"b": {}}}
RECORDS = [
    {"code": "a", "name": "Alpha", "description": "First."},
    {"code": "b", "parent": "a", "children": ["c", {"id": 7, "label": "Seven"}]},
    {"code": "d", "parents": ["a", "b"]},
]
TURTLE = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix dct: <http://purl.org/dc/terms/> .
@prefix : <http://example.org/> .
:s a skos:ConceptScheme ; skos:hasTopConcept :a .
:a a skos:Concept ; skos:prefLabel "Animal"@en, "Tier"@de ; skos:narrower :b .
:b a skos:Concept ; skos:prefLabel "Dog"@en ; skos:altLabel "Hound"@en ; skos:notation "1" .
:c a skos:Concept ; skos:broader :b, :d ; skos:definition "Small."@en .
:d a skos:Concept ; skos:broader :c .
:old owl:deprecated true ; dct:isReplacedBy :b .
:g a skos:Collection ; skos:member :a, :c .
"""
RDF_XML = """<?xml version="1.0"?>
<!DOCTYPE rdf:RDF [<!ENTITY ex "http://example.org/">]>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:skos="http://www.w3.org/2004/02/skos/core#">
<skos:Concept rdf:about="&ex;a"><skos:prefLabel xml:lang="en">A</skos:prefLabel></skos:Concept>
<skos:Concept rdf:about="&ex;b"><skos:broader rdf:resource="&ex;a"/></skos:Concept>
</rdf:RDF>
"""
CORE = "http://www.w3.org/2004/02/skos/core#"
TRIPLES = "".join(
    f"<http://example.org/{child}> <{CORE}broader> <http://example.org/{parent}> .\n"
    f'<http://example.org/{child}> <{CORE}prefLabel> "{child}" .\n'
    for child, parent in (("b", "a"), ("a", "top"), ("c", "b"))
)
LINKED = {
    "@context": {"skos": CORE, "broader": {"@id": "skos:broader", "@type": "@id"}},
    "@graph": [
        {"@id": "http://x/a", "@type": "skos:Concept", "skos:prefLabel": "A"},
        {"@id": "http://x/b", "@type": "skos:Concept", "broader": "http://x/a"},
    ],
}
OWN = Taxonomy.from_edges([("a", "ROOT"), ("b", "a"), ("c", "a"), ("d", "b"), ("d", "c")]).to_json()
SEEDS = {
    "pairs.tsv": PAIRS,
    "parents-first.tsv": "parent\tchild\nROOT\tanimal\nanimal\tdog\n",
    "paths.txt": PATHS,
    "slashes.txt": PATHS.replace(" > ", "/"),
    "bars.txt": PATHS.replace(" > ", "|"),
    "names.txt": "TV/Video\nBooks\nToys\n",
    "identifiers.txt": GOOGLE,
    "suffixes.txt": "Animals;1\nAnimals > Live;2\nToys;3\n",
    "tabs.txt": GOOGLE.replace(" - ", "\t"),
    "nested.json": json.dumps(NESTED, indent=1),
    "records.json": json.dumps(RECORDS, indent=1),
    "own.json": OWN,
    "turtle.ttl": TURTLE,
    "rdf.rdf": RDF_XML,
    "triples.nt": TRIPLES,
    "linked.jsonld": json.dumps(LINKED, indent=1),
    "turtle.txt": TURTLE,
    "table.txt": "id,name,parent\n1,Animals,\n2,Dogs,1\n",
    "table.csv": 'Name;Code;Broader;Alt;Definition\nA;1;;"x|y";"B; c"\nD;2;1;;\nE;3;1|2;;\n',
    "levels.csv": "Level 1,Level 1 code,Level 2,Level 2 code\nA,a,B,b\n,,C,c\nD,d,,\n",
    "names.csv": "Level 1,Level 2,Level 3\nA,B,C\n,,D\nE,,\n",
    "path.csv": "id,full path,note\n1,A,x\n2,A > B,\n3,A > C,y\n",
    "outline.txt": "Art:\n  - Music:\n      - Jazz\n  - Film\nSport:\n  - Film\n",
    "config.xml": '<View><Taxonomy name="t">\n<Choice value="A"><Choice value="B" alias="b"/>\n'
    '<Choice value="C"/></Choice>\n<Choice value="D"/></Taxonomy></View>\n',
    "vocabulary.tsv": "<http://x/a>\tAnimals\n<http://x/b>\tDogs\t1.2\n<c>\tCats\n",
    "vocabulary.csv": 'uri,label_en,label_fi,notation\nhttp://x/a,"Animals",b,\nhttp://x/c,D,,1\n',
    "tabs-outline.md": "Art\n\tMusic\n\t\tJazz\nSport\n",
}
LABELS = "label\tlevel\tname\tdescription\ndog\t2\tDog\tBarks.\nfern\t2\tFern\t\nplant\t1\n"
SLOW, LARGE = 5.0, 200 << 20
"""Seconds and bytes that no input of a few thousand bytes may take."""


def load(path: Path, content: bytes, chance: random.Random) -> None:
    path.write_bytes(content)
    options: tuple[dict[str, Any], ...] = (
        {},
        {},
        {},
        {"separator": "/"},
        {"separator": ""},
        {"separator": "\t"},
        {"collections": True, "codes": "notation", "language": "de"},
        {"columns": {"child": "Code", "parent": "Broader"}},
        {"form": chance.choice(FORMS)},
    )
    by_path = chance.random() < 0.1
    taxonomy = Taxonomy.from_file(path, **chance.choice(options), by_path=by_path)
    again = Taxonomy.from_json(taxonomy.to_json())
    assert again == taxonomy
    assert again.names == taxonomy.names
    assert again.alternatives == taxonomy.alternatives
    assert dict(again.replaced) == dict(taxonomy.replaced)
    others = (*taxonomy.notations, *taxonomy.iris, *sum(taxonomy.alternatives, ()))
    texts = (*taxonomy.names, *taxonomy.descriptions, *taxonomy.codes, *taxonomy.notes)
    for text in (*texts, *others):
        text.encode()  # it can be written
    assert (taxonomy.hierarchy.closure.diagonal()).all()


def test_damaged_taxonomies(tmp_path: Path) -> None:
    chance = random.Random(12)
    seeds = {name: text.encode() for name, text in SEEDS.items()}
    others = list(seeds.values())
    read = 0
    for number in range(MUTATIONS):
        name = chance.choice(list(seeds))
        suffix = Path(chance.choice(list(seeds))).suffix if chance.random() < 0.1 else ""
        content = mutate(seeds[name], chance, others)
        start = time.process_time()
        try:
            load(tmp_path / ((suffix and f"x{suffix}") or name), content, chance)
            read += 1
        except HarnnError as error:
            check_message(error)
        except Exception as error:
            pytest.fail(f"input {number} of {name}, {content[:2_000]!r}: {error!r}")
        assert time.process_time() - start < SLOW, f"input {number} of {name}"
    assert 0.1 < read / MUTATIONS < 0.9, "the damage is too slight, or too heavy, to tell anything"


def test_damaged_label_tables(tmp_path: Path) -> None:
    chance = random.Random(13)
    taxonomy = tmp_path / "taxonomy.tsv"
    taxonomy.write_text(PAIRS.replace("fern\tdog\n", ""))
    for number in range(MUTATIONS // 3):
        content = mutate(LABELS.encode(), chance, [PAIRS.encode()])
        (tmp_path / "labels.tsv").write_bytes(content)
        try:
            Taxonomy.from_file(taxonomy)
        except HarnnError as error:
            check_message(error)
        except Exception as error:
            pytest.fail(f"input {number}, {content[:2_000]!r}: {error!r}")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("wrong.tsv", "one column\n" * 60_000),
        pytest.param(
            "unknown.tsv",
            "".join(f"{i}\tnobody{i}\n" for i in range(20_000)),
            marks=pytest.mark.slow,
        ),
        pytest.param("empty-parts.txt", "A//B\n" * 60_000, marks=pytest.mark.slow),
        ("deep.txt", "/".join("a" * 50_000) + "\na\na/b\n"),
        ("long.tsv", f"{'x' * 5_000_000}\tROOT\n{'x' * 5_000_000}y\t{'x' * 5_000_001}\n"),
        ("twice.json", "{" + ",".join(f'"a{i}": 1' for i in range(50_000)) + ', "a1": 2}'),
        ("twins.json", json.dumps({"a": ["b"] * 100_000})),
        pytest.param("empty.csv", "Level 1,Level 2\n" + "A,\n,\n" * 50_000, marks=pytest.mark.slow),
        pytest.param(
            "wide.csv", "id,parent" + ",x" * 100_000 + "\n1,\n2,1\n", marks=pytest.mark.slow
        ),
        pytest.param("open.csv", 'id,parent\n"' + "1,2\n" * 200_000, marks=pytest.mark.slow),
        ("outline.txt", "".join(f"{' ' * (i % 50)}x{i}\n" for i in range(50_000))),
        pytest.param(
            "stairs.txt", "".join(f"{' ' * i}x\n" for i in range(5_000)), marks=pytest.mark.slow
        ),
        ("flat.ttl", TURTLE + "".join(f":x{i} skos:broader :x{i + 1} .\n" for i in range(50_000))),
        ("keys.json", json.dumps([{"code": f"c{i}", "colour": i} for i in range(20_000)])),
    ],
)
def test_large_damage_is_bounded(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    start = time.process_time()
    tracemalloc.start()
    try:
        Taxonomy.from_file(path)
    except HarnnError as error:
        check_message(error)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < LARGE
    assert time.process_time() - start < 4 * SLOW


def test_damaged_workbooks(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("python_calamine")
    chance = random.Random(14)
    book = openpyxl.Workbook()
    for row in (["Code", "Parent", "Name"], ["1", None, "A"], ["2", "1", "B"]):
        book.active.append(row)
    book.save(tmp_path / "good.xlsx")
    content = (tmp_path / "good.xlsx").read_bytes()
    assert len(Taxonomy.from_file(tmp_path / "good.xlsx")) == 2
    for number in range(max(10, MUTATIONS // 100)):  # each starts a process
        (tmp_path / "t.xlsx").write_bytes(mutate(content, chance))
        try:
            Taxonomy.from_file(tmp_path / "t.xlsx")
        except HarnnError as error:
            check_message(error)
        except Exception as error:
            pytest.fail(f"workbook {number}: {error!r}")
