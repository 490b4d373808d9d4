"""The table of what became of labels: written, edited, read, and refused where it says nonsense."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harnn.errors import ConfigError, TaxonomyError
from harnn.taxonomy import (
    LabelMapping,
    Link,
    Taxonomy,
    diff_taxonomies,
    read_mapping,
    write_mapping,
)
from support.editions import edit

OLD = Taxonomy.from_edges(
    [("a", "ROOT"), ("b", "a"), ("c", "a"), ("d", "a"), ("e", "a")],
    names={"b": 'Bread, "rolls" and 面包', "c": "Cars", "d": "Old painting"},
)
NEW = Taxonomy.from_edges(
    [("a", "ROOT"), ("b", "a"), ("k", "a"), ("p", "a"), ("n", "a")],
    names={"b": "Bread", "k": "cars", "p": "Old paintings etc", "n": "New"},
)
GOLDEN = """check,old,new,kind,certainty,found_by,old_name,new_name,note
?,d,p,"renamed, recoded",0.00,near name,Old painting,Old paintings etc,
,c,k,"renamed, recoded",0.90,name,Cars,cars,
,e,,retired,1.00,code,e,,
,,n,added,1.00,code,,New,
"""


def refusal(folder: Path, table: str, name: str = "m.csv") -> str:
    (folder / name).write_text(table, encoding="utf-8")
    with pytest.raises(TaxonomyError) as caught:
        diff_taxonomies(OLD, NEW, read_mapping(folder / name))
    return str(caught.value).replace(f"{folder}/", "")


def test_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    diff = diff_taxonomies(OLD, NEW)
    assert write_mapping(diff, path) == 4
    near = next(link.certainty for link in diff.links if link.old == "d")
    expected = GOLDEN.replace("0.00", f"{near:.2f}").splitlines()
    assert sorted(path.read_text(encoding="utf-8").splitlines()) == sorted(expected)
    with pytest.raises(ConfigError, match=r"expected \.csv or \.tsv"):
        write_mapping(diff, tmp_path / "m.json")


@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_a_round_trip(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"m.{suffix}"
    diff = diff_taxonomies(OLD, NEW)
    write_mapping(diff, path)
    text = path.read_text(encoding="utf-8")
    again = diff_taxonomies(OLD, NEW, read_mapping(path))
    assert again.links == diff.links
    assert again.changes == diff.changes
    write_mapping(again, path)
    assert path.read_text(encoding="utf-8") == text


@given(seed=st.integers(0, 1_000), tells=st.booleans())
@settings(max_examples=15)
def test_any_round_trip(tmp_path_factory: pytest.TempPathFactory, seed: int, tells: bool) -> None:
    path = tmp_path_factory.mktemp("maps") / "m.tsv"
    pairs = [(f"c{n}", "ROOT" if n < 3 else f"c{(n - 3) // 4}") for n in range(40)]
    old = Taxonomy.from_edges(pairs, names={f"c{n}": f"Name {n * n}" for n in range(40)})
    diff = diff_taxonomies(old, edit(old, 0.1, seed, tells=tells)[0].taxonomy())
    write_mapping(diff, path)
    assert diff_taxonomies(old, diff.new, read_mapping(path)).links == diff.links


def test_what_people_write(tmp_path: Path) -> None:
    """Two columns are enough; a question mark that is taken away makes a guess certain."""
    (tmp_path / "m.tsv").write_text("new\told\n\te\nk\tb\n\n b \tb\nn\t\n", encoding="utf-8")
    found = diff_taxonomies(OLD, NEW, read_mapping(tmp_path / "m.tsv"))
    links = {(each.old, each.new): (each.found_by, each.certainty) for each in found.links}
    assert [links[pair] for pair in (("e", ""), ("b", "k"), ("b", "b"), ("", "n"))] == [
        ("mapping", 1.0)
    ] * 4
    table = "Check;Old;New;Certainty;Found_by;Note\r\n;d;p;0,61;near name;so\r\n?;c;n;0,5;;\r\n"
    (tmp_path / "m.csv").write_bytes(b"\xef\xbb\xbf" + b"sep=;\r\n" + table.encode())
    assert read_mapping(tmp_path / "m.csv").links == (
        Link("d", "p", "mapping", 1.0, "so"),
        Link("c", "n", "mapping", 0.5),
    )


def test_mappings_of_editions_one_after_the_other() -> None:
    steps = LabelMapping.of(
        [("d", "x"), ("x", "p"), Link("x", "n", certainty=0.5), ("e", "y"), ("y", "")]
    )
    found = {
        (each.old, each.new): each.certainty for each in diff_taxonomies(OLD, NEW, steps).links
    }
    assert (found["d", "p"], found["d", "n"], found["e", ""]) == (1.0, 0.5, 1.0)


def test_unknown_labels_contradictions_and_circles_in_one_report(tmp_path: Path) -> None:
    table = "old,new\nb,kk\nz9,k\nc,k\nc,k\nd,\nd,p\n,n\ne,n\n,\nu,v\nv,u\n"
    assert refusal(tmp_path, table) == "\n".join(
        [
            "6 problems in the taxonomy:",
            "  m.csv:2: 'kk' is no label of the new taxonomy.",
            "  m.csv:3: 'z9' is no label of the old taxonomy.",
            "  m.csv:5: 'c' stands here again (m.csv:4).",
            "  m.csv:6: 'd' is retired, but became something (m.csv:7). Keep one of the two lines.",
            "  m.csv:9: 'n' comes from 'e', but is new (m.csv:8). Keep one of the two lines.",
            "  m.csv:11: goes in a circle and leads to no label of the new taxonomy: u -> v -> u.",
        ]
    )


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("", "m.csv: is empty, expected a header and lines."),
        ("old,certainty\n", "m.csv:1: the header has no column 'new'."),
        ("old,new,nwe\n", "m.csv:1: unknown column 'nwe'; expected a header of check, old, new, "
         "kind, certainty, found_by, old_name, new_name, note. Did you mean 'new'?"),
        ("old,new,old\n", "m.csv:1: column 'old' is named twice."),
        ("old,new\na,a,a\n", "m.csv:2: has 3 cells, expected 2."),
        ("old,new,check\na,a,yes\n", "m.csv:2: 'check': got 'yes', expected ? or nothing. Remarks "
         "stand in 'note'."),
        ("old,new,certainty\na,a,2\n", "m.csv:2: 'certainty': got '2', expected 0 to 1."),
        ("old,new,certainty\na,a,nan\n", "m.csv:2: 'certainty': got 'nan', expected 0 to 1."),
        ("old,new,found_by\na,a,nmae\n", "m.csv:2: 'found_by': got 'nmae', expected nothing or one "
         "of mapping, isReplacedBy, code, iri, notation, name, other name, description, children, "
         "near name, parts of name. Did you mean 'name'?"),
        ('old,new\n"a,a\n', "m.csv:2: opens a quotation mark in cell 1 that is never closed. Close "
         "it, or double the quotation marks that belong to the text."),
    ],
)  # fmt: skip
def test_refusals(tmp_path: Path, table: str, expected: str) -> None:
    assert refusal(tmp_path, table) == expected


def test_a_mapping_from_python_is_held_to_the_same() -> None:
    with pytest.raises(TaxonomyError, match="expected 0 to 1"):
        diff_taxonomies(OLD, NEW, LabelMapping((Link("a", "a", certainty=float("nan")),)))
    with pytest.raises(TaxonomyError, match="neither an old nor a new label"):
        diff_taxonomies(OLD, NEW, LabelMapping.of([("", "")]))
    with pytest.raises(TaxonomyError, match="circle"):
        diff_taxonomies(OLD, NEW, LabelMapping.of([("d", "x"), ("x", "y"), ("y", "x")]))
