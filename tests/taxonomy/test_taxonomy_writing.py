"""Taxonomies written and read back, drawn, and shown; what a form cannot hold is said."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harnn.errors import InputError, TaxonomyError
from harnn.taxonomy import Taxonomy, measure, part_of, search, walk, write_taxonomy

TEXTS = ("names", "descriptions", "alternatives", "notations", "iris", "replaced")
EDGES = [("a", "ROOT"), ("b", "ROOT"), ("c", "a"), ("d", "a"), ("d", "b"), ("e/1", "d")]


def full() -> Taxonomy:
    plain = Taxonomy.from_edges(
        EDGES,
        names={"a": "Animal <b>", "d": 'Dog "x"', "e/1": "Élan"},
        descriptions={"c": "It's a\ttext & more."},
    )
    return dataclasses.replace(
        plain,
        alternatives=(("Beast", "Fauna"), (), (), ("Hound",), ()),
        notations=("01", "", "", "", ""),
        replaced={"old": "c"},
    )


def same(first: Taxonomy, second: Taxonomy, texts: tuple[str, ...] = TEXTS) -> bool:
    return first == second and all(getattr(first, x) == getattr(second, x) for x in texts)


# --- forms that are read again --------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".ttl", ".nt", ".json"])
def test_skos_and_json_hold_everything(tmp_path: Path, suffix: str) -> None:
    if suffix != ".json":
        pytest.importorskip("pyoxigraph")
    taxonomy = full()
    written = write_taxonomy(taxonomy, tmp_path / f"t{suffix}")
    assert written.notes == ()
    again = Taxonomy.from_file(tmp_path / f"t{suffix}")
    assert same(again, taxonomy, tuple(text for text in TEXTS if text != "iris"))
    # written once more it is the same file
    write_taxonomy(again, tmp_path / f"again{suffix}")
    assert (tmp_path / f"again{suffix}").read_bytes() == (tmp_path / f"t{suffix}").read_bytes()


def test_iris_of_skos(tmp_path: Path) -> None:
    pytest.importorskip("pyoxigraph")
    path = tmp_path / "t.ttl"
    write_taxonomy(full(), path, base="https://example.org/topics/", language="en-GB")
    text = path.read_text()
    assert "<https://example.org/topics/e%2F1>" in text
    assert '"Élan"@en-gb' in text
    assert "<https://example.org/topics/old> owl:deprecated true" in text
    assert same(Taxonomy.from_file(path), full(), ("names", "alternatives", "replaced"))
    for wrong in ({"base": "no iri"}, {"language": "no tag"}):
        with pytest.raises(TaxonomyError, match=next(iter(wrong))):
            write_taxonomy(full(), tmp_path / "wrong.ttl", **wrong)  # type: ignore[arg-type]
    assert not (tmp_path / "wrong.ttl").exists()


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        (
            ("http://x/a", "http://x/b"),
            "To read it with the same codes: codes='iri' (--codes iri).",
        ),
        (
            ("http://x/a", "b"),
            "Read again, it has other codes: those of this taxonomy are no ends of IRIs.",
        ),
    ],
)
def test_codes_that_do_not_come_back_are_said(
    tmp_path: Path, codes: tuple[str, ...], expected: str
) -> None:
    pytest.importorskip("pyoxigraph")
    taxonomy = Taxonomy.from_edges([(code, "ROOT") for code in codes])
    assert write_taxonomy(taxonomy, tmp_path / "t.ttl").notes == (expected,)


def test_pairs_and_labels(tmp_path: Path) -> None:
    taxonomy = full()
    written = write_taxonomy(taxonomy, tmp_path / "t.tsv")
    assert written.paths == (tmp_path / "t.tsv", tmp_path / "labels.tsv")
    assert written.notes == ("Left out: the labels that stand for 1 former code.",)
    assert (tmp_path / "t.tsv").read_text() == (
        "child\tparent\na\tROOT\nb\tROOT\nc\ta\nd\ta\nd\tb\ne/1\td\n"
    )
    again = Taxonomy.from_file(tmp_path / "t.tsv")
    assert same(again, taxonomy, ("names", "alternatives", "notations"))
    assert again.descriptions[2] == "It's a text & more."
    with pytest.raises(TaxonomyError) as caught:
        write_taxonomy(taxonomy, tmp_path / "u.tsv")
    assert str(caught.value) == (
        f"{tmp_path}/labels.tsv: exists already; the names of the labels would be written there. "
        "Choose another directory, or replace it with overwrite=True (--overwrite)."
    )
    assert not (tmp_path / "u.tsv").exists()
    write_taxonomy(taxonomy, tmp_path / "u.tsv", overwrite=True)
    with pytest.raises(TaxonomyError, match=r"labels\.tsv: is the name of the table of labels"):
        write_taxonomy(taxonomy, tmp_path / "labels.tsv", overwrite=True)


def test_an_outline_is_read_again(tmp_path: Path) -> None:
    written = write_taxonomy(full(), tmp_path / "t.md")
    assert (tmp_path / "t.md").read_text() == (
        '- Animal <b>\n  - c\n  - Dog "x"\n    - Élan\n- b\n'
    )
    assert written.notes == (
        "Left out: the descriptions of 1 label.",
        "Left out: the alternative names of 2 labels.",
        "Left out: the notations of 1 label.",
        "Left out: the labels that stand for 1 former code.",
        "Left out: the codes.",
        "1 label has several parents; only the first is kept.",
    )
    again = Taxonomy.from_file(tmp_path / "t.md")
    assert set(again.names) == set(full().names)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_any_taxonomy_comes_back(tmp_path: Path, data: st.DataObject) -> None:
    pytest.importorskip("pyoxigraph")
    sign = st.characters(codec="utf-8", exclude_characters="\t\r\n\0")
    word = st.text(sign, min_size=1, max_size=6).filter(
        lambda text: text.split() == [text] and text != "ROOT" and "://" not in text
    )
    codes = data.draw(st.lists(word, min_size=1, max_size=8, unique=True))
    edges = []
    for at, code in enumerate(codes):
        above = data.draw(
            st.lists(st.sampled_from(codes[:at] or ["ROOT"]), max_size=3, unique=True)
        )
        edges += [(code, parent) for parent in above] or [(code, "ROOT")]
    texts = st.dictionaries(st.sampled_from(codes), word)
    plain = Taxonomy.from_edges(edges, data.draw(texts), data.draw(texts))
    others = data.draw(
        st.lists(st.lists(word, unique=True), min_size=len(codes), max_size=len(codes))
    )
    taxonomy = dataclasses.replace(
        plain,
        alternatives=tuple(
            tuple(other for other in each if other != name)
            for each, name in zip(others, plain.names, strict=True)
        ),
    )
    for name in ("t.ttl", "t.json"):
        path = tmp_path / name
        written = write_taxonomy(taxonomy, path)
        again = Taxonomy.from_file(path)
        if not written.notes:
            assert same(again, taxonomy, ("names", "descriptions", "alternatives"))


# --- drawings -------------------------------------------------------------------------------------


def test_mermaid(tmp_path: Path) -> None:
    write_taxonomy(full(), tmp_path / "t.mmd")
    assert (tmp_path / "t.mmd").read_text() == (
        "flowchart LR\n"
        '  n0["Animal #60;b#62;"]\n  n1["b"]\n  n2["c"]\n  n3["Dog #34;x#34;"]\n  n4["Élan"]\n'
        "  n0 --> n2\n  n0 --> n3\n  n1 --> n3\n  n3 --> n4\n"
    )


def test_dot(tmp_path: Path) -> None:
    taxonomy = dataclasses.replace(full(), names=('a\\N "b"', "x & y", "c\nd", "d", "e"))
    write_taxonomy(taxonomy, tmp_path / "t.gv")
    text = (tmp_path / "t.gv").read_text()
    assert (
        '  n0 [label="a\\\\N \\"b\\""];\n  n1 [label="x &amp; y"];\n  n2 [label="c d"];\n' in text
    )
    assert text.endswith("  n0 -> n2;\n  n0 -> n3;\n  n1 -> n3;\n  n3 -> n4;\n}\n")
    if shutil.which("dot"):
        subprocess.run(["dot", "-Tsvg", tmp_path / "t.gv"], check=True, capture_output=True)


def test_large_drawings_are_said_to_be_large(tmp_path: Path) -> None:
    wide = Taxonomy.from_edges([("r", "ROOT"), *((f"c{i}", "r") for i in range(600))])
    assert write_taxonomy(wide, tmp_path / "t.mmd").notes == (
        "600 edges are more than Mermaid draws unless told. Take a part with depth= and under= "
        "(--depth, --under).",
    )
    assert write_taxonomy(wide, tmp_path / "t.mmd", depth=1).notes == (
        "600 of 601 labels left out.",
    )


# --- the page -------------------------------------------------------------------------------------


class Tree(HTMLParser):
    """Checks that tags close where they should, and gathers text and attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attributes if name in ("href", "src")]
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page(folder: Path, taxonomy: Taxonomy, **options: Any) -> Tree:
    write_taxonomy(taxonomy, folder / "t.html", **options)
    tree = Tree()
    tree.feed((folder / "t.html").read_text(encoding="utf-8"))
    assert tree.open == []
    return tree


def test_a_page_holds_everything_and_loads_nothing(tmp_path: Path) -> None:
    hostile = ("<script>alert(1)</script>", "'\"><img src=x>", "\x1b[31m\u202e", "${title}", "d")
    taxonomy = dataclasses.replace(full(), names=hostile, iris=("javascript:1", "", "", "", ""))
    tree = page(tmp_path, taxonomy)
    assert "img" not in tree.tags
    assert tree.tags.count("script") == 1
    assert tree.addresses == []
    assert tree.tags.count("details") == 4
    for text in (*hostile[:2], "${title}", "It's a", "Beast, Fauna", "\\x1b[31m\\u202e", "old"):
        assert text in tree.text
    assert "with all below it under" in tree.text


def test_the_only_script_that_may_run_is_ours(tmp_path: Path) -> None:
    page(tmp_path, full())
    text = (tmp_path / "t.html").read_text(encoding="utf-8")
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/]{43}='", text)


def test_a_deep_taxonomy_makes_a_page(tmp_path: Path) -> None:
    chain = Taxonomy.from_edges(
        [("c0", "ROOT"), *((f"c{i}", f"c{i - 1}") for i in range(1, 3_000))]
    )
    assert page(tmp_path, chain).tags.count("details") == 2_999


# --- parts, the way through, measures -------------------------------------------------------------


def test_parts() -> None:
    taxonomy = full()
    below = part_of(taxonomy, under="d")
    assert below.codes == ("d", "e/1")
    assert below.names == ('Dog "x"', "Élan")
    assert below.alternatives == (("Hound",), ())
    upper = part_of(taxonomy, depth=2)
    assert upper.codes == ("a", "b", "c", "d")
    assert len(upper.edges) == 3
    assert part_of(upper, depth=1).codes == ("a", "b")
    assert dict(part_of(taxonomy, depth=1).replaced) == {}
    assert part_of(taxonomy, depth=9) is taxonomy
    with pytest.raises(TaxonomyError, match="label 'x' is not in the taxonomy"):
        part_of(taxonomy, under="x")
    with pytest.raises(TaxonomyError, match="depth: got 0, expected at least 1 level"):
        part_of(taxonomy, depth=0)


def test_every_place_is_walked_and_every_label_opened_once() -> None:
    steps = [(full().codes[x.column], x.depth, x.again) for x in walk(full())]
    assert steps == [
        *(("a", 0, False), ("c", 1, False), ("d", 1, False), ("e/1", 2, False)),
        *(("b", 0, False), ("d", 1, True)),
    ]


def test_measures() -> None:
    found = measure(dataclasses.replace(full(), names=("x", "x", "c", "d", "y")))
    assert found.labels == 5
    assert [level.labels for level in found.levels] == [2, 2, 1]
    assert (found.leaves, found.with_several_parents, found.most_parents) == (2, 1, 2)
    assert (found.most_children, found.widest) == (2, "a")
    assert (found.names_missing, found.names_shared) == (2, {"x": 2})
    assert found.to_dict()["depth"] == 3
    assert list(found.lines())[-1] == (
        "1 description; 3 other names of 2 labels; 1 notation; 1 code replaced"
    )


def test_searching() -> None:
    assert search(full(), "BEAST").tolist() == [0]
    assert search(full(), "fau ani").tolist() == [0]
    assert search(full(), "nothing").tolist() == []


# --- places ---------------------------------------------------------------------------------------


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError) as caught:
        write_taxonomy(full(), tmp_path / "t.jsn")
    assert str(caught.value).endswith(
        "t.jsn: unknown extension '.jsn', expected .tsv, .json,"
        " .ttl, .nt, .mmd, .mermaid, .dot, .gv, .txt, .md, .html or .xml. Did you mean '.json'?"
    )
    with pytest.raises(
        TaxonomyError, match="form 'skos' is not written, expected one of tsv, json"
    ):
        write_taxonomy(full(), tmp_path / "t.x", to="skos")  # type: ignore[arg-type]
    with pytest.raises(InputError):
        write_taxonomy(full(), tmp_path / "none" / "t.json")
