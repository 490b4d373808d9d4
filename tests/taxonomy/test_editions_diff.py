"""What changed between two editions: small ones by hand, random edits found again, large ones."""

from __future__ import annotations

import dataclasses
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harnn.taxonomy import LabelMapping, Link, Taxonomy, TaxonomyDiff, diff_taxonomies
from harnn.taxonomy.editions.near_names import candidates
from harnn.taxonomy.near_texts import likeness
from support.editions import edit

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("HARNN_DATA", ROOT.parent / "shared" / "data")) / "skos"

Names = dict[str, str]


def made(pairs: str, names: Names | None = None, **texts: dict[str, object]) -> Taxonomy:
    """Build of ``child<parent`` words; texts: fields of single labels by code."""
    edges = [(pair.split("<")[0], pair.split("<")[1] or "ROOT") for pair in pairs.split()]
    taxonomy = Taxonomy.from_edges(edges, names=names)
    for name, given_texts in texts.items():
        empty: object = () if name == "alternatives" else ""
        column = tuple(given_texts.get(code, empty) for code in taxonomy.codes)
        taxonomy = dataclasses.replace(taxonomy, **{name: column})  # type: ignore[arg-type]
    return taxonomy


def told(diff: TaxonomyDiff) -> list[tuple[str, str, str]]:
    return [(c.kind, "+".join(c.old), "+".join(c.new)) for c in diff.changes]


def ways(diff: TaxonomyDiff) -> dict[tuple[str, str], tuple[str, float]]:
    return {(each.old, each.new): (each.found_by, each.certainty) for each in diff.links}


OLD = made(
    "art< music<art film<art sport< ball<sport run<sport chess<sport",
    {"music": "Music", "film": "Films", "ball": "Ball games", "run": "Running", "chess": "Chess"},
)


def test_the_same_twice_in_another_order() -> None:
    other = made(
        "sport< chess<sport run<sport ball<sport art< film<art music<art",
        dict(zip(OLD.codes, OLD.names, strict=True)),
    )
    assert OLD.version != other.version
    diff = diff_taxonomies(OLD, other)
    assert diff.changes == ()
    assert diff.unsure == ()
    assert list(diff.describe()) == [
        "7 labels before, 7 now; 7 of the old ones live on.",
        "Nothing changed.",
    ]


def test_one_of_each_kind_by_code() -> None:
    names = {"music": "Musics", "ball": "Ball games", "run": "Running", "new": "Yoga"}
    new = made(
        "art< music<art sport< games<sport ball<games run<art new<sport",
        names,
        descriptions={"run": "On foot."},
    )
    diff = diff_taxonomies(OLD, new)
    assert told(diff) == [
        ("retired", "film", ""),
        ("retired", "chess", ""),
        ("added", "", "games"),
        ("added", "", "new"),
        ("renamed", "music", "music"),
        ("moved", "ball", "ball"),
        ("moved", "run", "run"),
        ("level", "ball", "ball"),
        ("texts", "run", "run"),
    ]
    assert {c.certainty for c in diff.changes} == {1.0}
    moved = diff.of_kind("moved")
    assert [(c.before, c.after) for c in moved] == [("sport", "games"), ("sport", "art")]
    assert [(c.before, c.after) for c in diff.of_kind("level")] == [("2", "3")]
    assert [(c.before, c.after) for c in diff.of_kind("texts")] == [("", "On foot.")]
    assert dict(diff.counts)["moved"] == 2
    assert diff.kept == 5


def test_a_label_with_several_parents_that_loses_one_is_moved() -> None:
    old = made("a< b< x<a x<b y<a y<b")
    diff = diff_taxonomies(old, made("a< b< x<a y<a y<b"))
    assert told(diff) == [("moved", "x", "x")]
    assert (diff.changes[0].before, diff.changes[0].after) == ("a, b", "a")


def test_children_of_merged_and_split_parents_are_not_moved() -> None:
    old = made("a< b< x<a y<b")
    new = dataclasses.replace(made("a< x<a y<a"), replaced={"b": "a"})
    assert told(diff_taxonomies(old, new)) == [("merged", "a+b", "a")]
    new = dataclasses.replace(made("a1< a2< b< x<a1 y<b"), successors={"a": ("a1", "a2")})
    assert told(diff_taxonomies(old, new)) == [("split", "a", "a1+a2")]


def test_other_codes_are_found_by_iri_notation_and_name() -> None:
    old = made(
        "a< b<a c<a d<a e<a",
        {"b": "Bee", "c": "Cee", "d": "Déjà vu", "e": "Tools"},
        iris={"a": "http://x/1"},
        notations={"b": "07"},
    )
    new = made(
        "A< B<A C<A D<A E<A",
        {"B": "Bees", "C": "Cee", "D": "deja  VU", "E": "tool"},
        iris={"A": "http://x/1"},
        notations={"B": "07"},
    )
    assert ways(diff_taxonomies(old, new)) == {
        ("a", "A"): ("iri", 1.0),
        ("b", "B"): ("notation", 0.9),
        ("c", "C"): ("name", 0.95),
        ("d", "D"): ("name", 0.85),
        ("e", "E"): ("name", 0.85),
    }


def test_a_name_of_several_labels_is_told_by_its_parents() -> None:
    names = {"a": "Art", "b": "Bread", "a1": "Other", "b1": "Other"}
    old = made("a< b< a1<a b1<b", names)
    new = made("1< 2< 3<1 4<2", {"1": "Bread", "2": "Art", "3": "Other", "4": "Other"})
    assert set(ways(diff_taxonomies(old, new))) == {
        ("a", "2"), ("b", "1"), ("a1", "4"), ("b1", "3")
    }  # fmt: skip


def test_paths_as_codes_follow_a_parent_that_is_renamed() -> None:
    old = Taxonomy.from_paths(["Food > Soup", "Food > Cake", "Food > Other", "Tools > Other"])
    new = Taxonomy.from_paths(["Meals > Soup", "Meals > Cake", "Meals > Other", "Tools > Other"])
    diff = diff_taxonomies(old, new)
    assert ways(diff)["Food", "Meals"] == ("children", 0.79)
    assert ways(diff)["Food > Other", "Meals > Other"] == ("name", 0.95)
    assert diff.counts["recoded"] == 4
    assert diff.counts["moved"] == diff.counts["retired"] == diff.counts["added"] == 0


def test_near_names_are_guesses_and_only_in_related_places() -> None:
    names = {"a": "Art", "b": "Bread", "x": "Oil painting", "y": "Rye"}
    old = made("a< b< x<a y<b", names)
    names = {"a": "Art", "b": "Bread", "z": "Oil painting art", "y": "Rye"}
    near = made("a< b< z<a y<b", names)
    found = ways(diff_taxonomies(old, near))["x", "z"]
    assert found[0] == "near name"
    assert 0.6 < found[1] < 0.8
    elsewhere = made("a< b< z<b y<b", names)
    assert ways(diff_taxonomies(old, elsewhere))["x", ""] == ("code", 1.0)
    assert [link.old for link in diff_taxonomies(old, near).unsure] == ["x"]


def test_merged_by_other_names_and_by_parts_of_a_name() -> None:
    old = made("v< cars<v autos<v bikes<v", {"cars": "Cars", "autos": "Autos", "bikes": "Bikes"})
    new = made(
        "v< cars<v bikes<v", {"cars": "Cars", "bikes": "Bikes"}, alternatives={"cars": ("Autos",)}
    )
    diff = diff_taxonomies(old, new)
    assert told(diff)[0] == ("merged", "cars+autos", "cars")
    assert ways(diff)["autos", "cars"] == ("other name", 0.85)
    new = made("v< m<v bikes<v", {"m": "Cars & autos", "bikes": "Bikes"})
    diff = diff_taxonomies(old, new)
    assert ("merged", "cars+autos", "m") in told(diff)
    assert diff.of_kind("merged")[0].found_by == "parts of name"


def test_split_by_parts_of_a_name_and_by_other_names() -> None:
    old = made("v< m<v", {"m": "Cars and bikes"}, alternatives={"m": ("Trams",)})
    diff = diff_taxonomies(old, made("v< c<v b<v", {"c": "Cars", "b": "Bikes"}))
    assert told(diff) == [("split", "m", "c+b")]
    diff = diff_taxonomies(old, made("v< m<v t<v", {"m": "Cars and bikes", "t": "Trams"}))
    assert ("split", "m", "m+t") in told(diff)
    assert ways(diff)["m", "t"] == ("other name", 0.7)


def test_split_and_merged_by_more_words_and_fewer() -> None:
    one = made("v< c<v rye<v", {"c": "Cars", "rye": "Rye"})
    several = made("v< e<v f<v r<v", {"e": "Electric cars", "f": "Cars, fast", "r": "Rye bread"})
    diff = diff_taxonomies(one, several)
    assert told(diff) == [
        ("split", "c", "e+f"), ("renamed", "rye", "r"), ("recoded", "rye", "r")
    ]  # fmt: skip
    assert ways(diff)["c", "e"] == ("parts of name", 0.6)
    assert ways(diff)["rye", "r"] == ("near name", 0.6)
    assert ("merged", "e+f", "c") in told(diff_taxonomies(several, one))
    apart = made("v< w< e<w f<w", {"e": "Electric cars", "f": "Cars, fast"})
    assert ("retired", "c", "") in told(diff_taxonomies(one, apart))


def test_what_the_new_edition_says_of_its_past() -> None:
    old = made("a< b<a c<a d<a e<a")
    new = dataclasses.replace(
        made("a< b1<a b2<a c<a d<a d2<a"),
        successors={"b": ("b1", "b2"), "e": (), "d": ("d2",)},
        change_notes={"b": "Too wide.", "e": "Never used."},
    )
    diff = diff_taxonomies(old, new)
    assert told(diff) == [
        ("split", "b", "b1+b2"), ("split", "d", "d+d2"), ("retired", "e", "")
    ]  # fmt: skip
    assert diff.of_kind("retired")[0].found_by == "isReplacedBy"
    assert diff.of_kind("retired")[0].note == "Never used."
    assert diff.of_kind("split")[0].note == "Too wide."


def test_codes_that_stand_for_another_thing() -> None:
    old = made("a< b< 1<a 2<a 3<b", {"1": "Violins", "2": "Drums", "3": "Sourdough"})
    new = made("a< b< 1<a 2<a 3<a", {"1": "Drums", "2": "Violins", "3": "Zithers"})
    diff = diff_taxonomies(old, new)
    assert ways(diff)["1", "2"] == ways(diff)["2", "1"] == ("name", 0.95)
    assert ways(diff)["3", "3"] == ("code", 0.4)
    assert [c.old for c in diff.of_kind("reused")] == [("1",), ("2",), ("3",)]
    assert not any(c.certainty >= 0.8 for c in diff.of_kind("reused"))
    here = made("a< b< 1<a 2<a 3<b", {"1": "Violins", "2": "Drums", "3": "Puddings"})
    assert ways(diff_taxonomies(old, here))["3", "3"] == ("code", 0.7)
    said = LabelMapping.of([("3", "3"), ("1", "2"), ("2", "1")])
    assert diff_taxonomies(old, new, said).counts["reused"] == 0


def test_what_somebody_says_wins() -> None:
    new = made(
        "art< music<art sport< ball<sport new<sport", {"music": "Music", "ball": "Ball games"}
    )
    said = LabelMapping.of([("ball", ""), ("music", "new"), ("", "music"), ("run", "ball")])
    diff = diff_taxonomies(OLD, new, said)
    found = ways(diff)
    assert found["ball", ""] == found["music", "new"] == found["", "music"] == ("mapping", 1.0)
    assert ("music", "music") not in found
    assert ("ball", "ball") not in found
    assert diff.counts["reused"] == 0


def test_lines_are_capped_and_all_is_in_the_dict() -> None:
    old = made("a< " + " ".join(f"x{n}<a" for n in range(30)))
    diff = diff_taxonomies(old, made("a<"))
    lines = list(diff.describe())
    assert lines[1] == "30 retired."
    assert lines[-1] == "  ... and 20 more"
    assert len(lines) == 15
    assert len(list(diff.describe(None))) == 34
    value = diff.to_dict()
    assert (len(value["changes"]), value["counts"]["retired"], value["kept"]) == (30, 30, 1)
    assert value["changes"][0]["old_names"] == ["x0"]


def test_likeness() -> None:
    assert likeness("art history", "history art") == 1.0
    assert likeness("abcd", "bcde") == 0.75  # the example of difflib
    assert likeness("abcd", "wxyz", 0.5) == 0.0
    assert candidates(["oil painting", "中文分类"], ["rye", "oil paintings", "中文分類"]) == [
        [1],
        [2],
    ]
    assert candidates(["a"], ["zzz"]) == [[]]


# --- random ones ----------------------------------------------------------------------------------


@st.composite
def taxonomies(draw: st.DrawFn) -> Taxonomy:
    """DAGs of up to 30 labels, with and without names of their own, some of them shared."""
    count = draw(st.integers(1, 30))
    pairs, names = [], {}
    for number in range(count):
        above = draw(st.lists(st.integers(-1, number - 1), min_size=1, max_size=3, unique=True))
        parents = [f"c{p}" for p in above if p >= 0] or ["ROOT"]
        pairs += [(f"c{number}", parent) for parent in parents]
        if draw(st.booleans()):
            names[f"c{number}"] = draw(st.text(min_size=1, max_size=6).filter(str.strip))
    return Taxonomy.from_edges(pairs, names={k: v for k, v in names.items() if v.isprintable()})


@given(taxonomies())
def test_a_taxonomy_and_itself_do_not_differ(taxonomy: Taxonomy) -> None:
    diff = diff_taxonomies(taxonomy, taxonomy)
    assert diff.changes == ()
    assert [(each.old, each.new) for each in diff.links] == [(c, c) for c in taxonomy.codes]


@given(taxonomies(), taxonomies())
def test_every_label_is_accounted_for(old: Taxonomy, new: Taxonomy) -> None:
    diff = diff_taxonomies(old, new)
    assert {each.old for each in diff.links} - {""} == set(old.codes)
    assert {each.new for each in diff.links} - {""} == set(new.codes)
    assert len({(each.old, each.new) for each in diff.links}) == len(diff.links)
    again = diff_taxonomies(old, new, LabelMapping(diff.links))
    assert again.links == diff.links


WORDS = ["oak", "elm", "rye", "gold", "iron", "silk", "wool", "jazz", "folk", "rain", "snow"]


@given(st.integers(0, 10_000))
def test_random_edits_are_found_again(seed: int) -> None:
    pairs = [(f"c{n}", "ROOT" if n < 4 else f"c{(n - 4) // 5}") for n in range(80)]
    names = {f"c{n}": f"{WORDS[n % 11]} {WORDS[n // 11]} {n}" for n in range(80)}
    old = Taxonomy.from_edges(pairs, names=names)
    edited, done = edit(old, 0.06, seed)
    diff = diff_taxonomies(old, edited.taxonomy())
    assert {(each.old, each.new) for each in diff.links} == edited.truth
    assert {c.old[0] for c in diff.of_kind("renamed")} == set(done["renamed"])
    assert {c.old[0] for c in diff.of_kind("moved")} == set(done["moved"])
    assert {c.old[0] for c in diff.of_kind("split")} == set(done["split"])
    assert {c for each in diff.of_kind("merged") for c in each.old} >= set(done["merged"])


# --- real and large ones --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["uat.rdf", pytest.param("stw.ttl", marks=pytest.mark.slow)])
@pytest.mark.parametrize("recoded", [False, True])
def test_an_edited_vocabulary(name: str, recoded: bool) -> None:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"no skos/{name} under HARNN_DATA (default ../shared/data)")
    pytest.importorskip("pyoxigraph")
    old = dataclasses.replace(
        Taxonomy.from_file(path), replaced={}, successors={}, iris=(), notations=()
    )
    edited, _ = edit(old, 0.05, tells=not recoded)
    new = edited.taxonomy((lambda code: f"new-{code}") if recoded else str)
    links = {(e.old, e.new.removeprefix("new-")) for e in diff_taxonomies(old, new).links}
    right = len(links & edited.truth)
    assert right > 0.99 * len(edited.truth)
    assert right > 0.99 * len(links)


@pytest.mark.slow
def test_twenty_thousand_labels_take_seconds() -> None:
    def build(prefix: str, changed: int) -> Taxonomy:
        """Name every label by its number, each of so many otherwise."""
        pairs = [
            (f"{prefix}{n}", "ROOT" if n < 20 else f"{prefix}{(n - 20) // 12}")
            for n in range(20_000)
        ]
        names = {
            f"{prefix}{n}": f"{WORDS[n % 11]} {n * 7919 % 100_003}" + " b" * (n % 10 < changed)
            for n in range(20_000)
        }
        return Taxonomy.from_edges(pairs, names=names)

    begin = time.process_time()
    diff = diff_taxonomies(build("c", 0), build("n", 1))
    assert time.process_time() - begin < 20
    assert diff.counts["recoded"] > 19_000


def test_links_are_values() -> None:
    assert Link("a", "b", place="x:1") == Link("a", "b")
    assert Link("a", "").is_pair is False
    assert Link("a", "b", "near name", 0.79).is_sure is False
