"""Which labels may be meant by one that is none: in messages and in suggestions."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import pytest

from harnn.errors import SHOWN_PROBLEMS, TaxonomyError
from harnn.taxonomy import LabelMapping, Taxonomy, diff_taxonomies
from harnn.taxonomy.near_labels import NearLabel
from harnn.taxonomy.near_texts import LONGEST, NearTexts

NAMES = (
    "Solar coronal mass ejections",
    "Solar flares",
    "Elliptical galaxies",
    "Galaxies",
    "Beekeeping",
    "History of art",
    "History of law",
    "Biology",
    "Public finance",
    "Cat",
    "机器学习",
)
NEAR = NearTexts(NAMES)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Solar flaers", "Solar flares"),  # a typo
        ("galaxy", "Galaxies"),  # a plural
        ("GALAXYS", "Galaxies"),
        ("Public Finances", "Public finance"),
        ("Coronal mass ejections", "Solar coronal mass ejections"),  # a word is missing
        ("Large solar coronal mass ejections", "Solar coronal mass ejections"),  # one too many
        ("Coronal mass ejektions", "Solar coronal mass ejections"),  # and a typo
        ("galaxies, elliptical", "Elliptical galaxies"),  # another order
        ("Ejections of solar coronal mass", "Solar coronal mass ejections"),
        ("Flares", "Solar flares"),
        ("Bee keeping", "Beekeeping"),  # blanks
        ("Bee-keping", "Beekeeping"),
        ("Gàlaxies", "Galaxies"),  # marks
        ("Catt", "Cat"),
        ("机器学", "机器学习"),
    ],
)
def test_what_is_meant(written: str, meant: str) -> None:
    found = NEAR.find(written)
    assert [NAMES[at] for at, _ in found] == [meant]
    assert 0.65 <= found[0][1] <= 1


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "zzzz",
        "History of Asia",
        "Zoology",
        "Kat",
        "Art",
        "of",
        "mass",
        "to be filed",
        "n/a",
        "???",
        "Solar power plants",
        "Private finance",
        "x" * (LONGEST + 1),
        "\ud800",
    ],
)
def test_nothing_absurd(written: str) -> None:
    assert NEAR.find(written) == []


def test_the_likeliest_come_first() -> None:
    near = NearTexts(["Dark matter", "Hot dark matter", "Cold dark matter", "Dark", "Matter"])
    assert [at for at, _ in near.find("dark mater", most=3)] == [0, 1, 2]
    assert near.find("dark mater", most=0) == []
    assert NearTexts([]).find("dark") == []
    assert NearTexts([""]).find("dark") == []


def test_labels_by_all_that_they_are_called() -> None:
    taxonomy = Taxonomy.from_edges(
        [("q-101", "ROOT"), ("q-202", "ROOT"), ("q-303", "ROOT")],
        names={"q-101": "Ships", "q-202": "Boats", "q-303": "ships"},
    )
    others = tuple(("Rowing boats",) if code == "q-202" else () for code in taxonomy.codes)
    taxonomy = dataclasses.replace(taxonomy, alternatives=others)
    near = taxonomy.near
    boats = taxonomy.index["q-202"]
    assert near.find("Rowing boat") == [NearLabel(boats, "Rowing boats", 22 / 23)]
    assert near.find("Boat", most=4) == [NearLabel(boats, "Boats", 8 / 9)]  # once
    assert [each.column for each in near.find("SHIPS", most=4)] == [0, 2]
    assert near.find("SHIPS", most=1)[0].likeness == 1
    assert near.suggest("q-202a") == "Did you mean 'q-202' (Boats)?"
    assert near.suggest("Aeroplanes") == ""
    assert near.suggest("https://example.org/q-202") == "Did you mean 'q-202' (Boats)?"


NAMED = Taxonomy.from_edges(
    [("q-1", "ROOT"), ("q-2", "ROOT"), ("q-3", "q-1")],
    names={"q-1": "Solar coronal mass ejections", "q-2": "Solar flares", "q-3": "Mass loss"},
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("q-1a", "'q-1' (Solar coronal mass ejections)"),
        ("Mass loss", "'q-3' (Mass loss)"),
        ("coronal mass ejections", "'q-1' (Solar coronal mass ejections)"),
        ("loss of mass", "'q-3' (Mass loss)"),
    ],
)
def test_where_codes_are_wanted_the_code_is_suggested(written: str, meant: str) -> None:
    hint = f"Did you mean {meant}?"
    assert NAMED.near.suggest(written, as_code=True) == hint
    with pytest.raises(TaxonomyError) as caught:
        NAMED.columns([written])
    assert str(caught.value) == f"label {written!r} is not in the taxonomy. {hint}"
    with pytest.raises(TaxonomyError) as caught:
        diff_taxonomies(NAMED, NAMED, LabelMapping.of([(written, "q-2")]))
    assert str(caught.value) == f"{written!r} is no label of the old taxonomy. {hint}"
    edges = [("q-1", "ROOT"), ("q-2", "ROOT"), ("q-3", "q-1"), ("q-4", written)]
    names = dict(zip(NAMED.codes, NAMED.names, strict=True))
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_edges(edges, names=names)
    what = f"edge 4: unknown parent {written!r}: it is never listed as a child."
    assert str(caught.value) == f"{what} {hint}"


def test_files_with_names_suggest_parents_by_them(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("code,parent,name\nk1,,Beekeeping\nk2,k1,Honey\nk3,keeping of bees,Wax\n")
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_file(table)
    assert str(caught.value) == (
        f"{table}:4: unknown parent 'keeping of bees': it is never listed as a child. "
        "Add a line for it, with parent ROOT if it is at the top."
    )
    table.write_text("code,parent,name\nk1,,Bee keeping\nk2,k1,Honey\nk3,Bees keeping,Wax\n")
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_file(table)
    assert str(caught.value) == (
        f"{table}:4: unknown parent 'Bees keeping': it is never listed as a child. "
        "Did you mean 'k1' (Bee keeping)?"
    )


def test_hints_are_for_as_many_as_are_shown() -> None:
    hints = list(NAMED.near.hints(["q-1a"] * (SHOWN_PROBLEMS + 2)))
    assert hints.count("Did you mean 'q-1' (Solar coronal mass ejections)?") == SHOWN_PROBLEMS
    assert hints[SHOWN_PROBLEMS:] == ["", ""]


def test_one_letter_less_in_thousands_of_labels() -> None:
    drawn = random.Random(7)
    words = ["".join(drawn.choices("abcdefghiklmnoprstuvw", k=7)) for _ in range(3_000)]
    names = {f"c{n}": " ".join(drawn.sample(words, 3)) for n in range(12_000)}
    taxonomy = Taxonomy.from_edges([(code, "ROOT") for code in names], names=names)
    near = taxonomy.near
    for code in drawn.sample([*names], 25):
        name = names[code]
        at = drawn.randrange(len(name))
        (found,) = near.find(name[:at] + name[at + 1 :])
        assert taxonomy.codes[found.column] == code


@pytest.mark.parametrize(
    ("given", "places"),
    [("cta", [0]), ("tca", []), ("cot", []), ("132", []), ("ab", [])],
)
def test_two_letters_that_changed_places(given: str, places: list[int]) -> None:
    near = NearTexts(["cat", "dog", "123", "ba"])
    assert [place for place, _ in near.find(given)] == places
