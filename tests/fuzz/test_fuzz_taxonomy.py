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
    "turtle.txt": "@prefix skos: <http://www.w3.org/skos#> .\n<a> skos:broader <b> .\n",
    "table.txt": "id,name,parent\n1,Animals,\n2,Dogs,1\n",
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
    )
    taxonomy = Taxonomy.from_file(path, **chance.choice(options), by_path=chance.random() < 0.2)
    again = Taxonomy.from_json(taxonomy.to_json())
    assert again == taxonomy
    assert again.names == taxonomy.names
    for text in (*taxonomy.names, *taxonomy.descriptions, *taxonomy.codes, *taxonomy.notes):
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
        start = time.monotonic()
        try:
            load(tmp_path / ((suffix and f"x{suffix}") or name), content, chance)
            read += 1
        except HarnnError as error:
            check_message(error)
        except Exception as error:
            pytest.fail(f"input {number} of {name}, {content[:2_000]!r}: {error!r}")
        assert time.monotonic() - start < SLOW, f"input {number} of {name}"
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
        ("unknown.tsv", "".join(f"{i}\tnobody{i}\n" for i in range(20_000))),
        ("empty-parts.txt", "A//B\n" * 60_000),
        ("deep.txt", "/".join("a" * 50_000) + "\na\na/b\n"),
        ("long.tsv", f"{'x' * 5_000_000}\tROOT\n{'x' * 5_000_000}y\t{'x' * 5_000_001}\n"),
        ("twice.json", "{" + ",".join(f'"a{i}": 1' for i in range(50_000)) + ', "a1": 2}'),
        ("twins.json", json.dumps({"a": ["b"] * 100_000})),
        ("keys.json", json.dumps([{"code": f"c{i}", "colour": i} for i in range(20_000)])),
    ],
)
def test_large_damage_is_bounded(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    start = time.monotonic()
    tracemalloc.start()
    try:
        Taxonomy.from_file(path)
    except HarnnError as error:
        check_message(error)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < LARGE
    assert time.monotonic() - start < 4 * SLOW
