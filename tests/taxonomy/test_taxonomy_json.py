"""JSON: our own format, records, nested labels."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from harnn.errors import TaxonomyError
from harnn.taxonomy import Taxonomy


def load(folder: Path, value: Any, name: str = "taxonomy.json") -> Taxonomy:
    path = folder / name
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return Taxonomy.from_file(path)


def refusal(folder: Path, value: Any) -> str:
    with pytest.raises(TaxonomyError) as caught:
        load(folder, value)
    return str(caught.value).replace(f"{folder}/", "")


@pytest.fixture
def diamond() -> Taxonomy:
    return Taxonomy.from_edges(
        [("a", "ROOT"), ("b", "a"), ("c", "a"), ("d", "b"), ("d", "c")],
        names={"a": "猫 'A'", "d": "line\nbreak \x1b"},
        descriptions={"b": "line\nbreak"},
    )


# --- our own format -------------------------------------------------------------------------------


def fields(taxonomy: Taxonomy) -> tuple[Any, ...]:
    return (
        taxonomy.codes,
        taxonomy.names,
        taxonomy.descriptions,
        taxonomy.level_names,
        taxonomy.levels.tolist(),
        taxonomy.edges.tolist(),
    )


def test_own_format_round_trip(diamond: Taxonomy, tmp_path: Path) -> None:
    again = Taxonomy.from_json(diamond.to_json())
    assert again == diamond
    assert fields(again) == fields(diamond)
    assert fields(load(tmp_path, diamond.to_json())) == fields(diamond)


def test_own_format_is_readable_and_versioned() -> None:
    taxonomy = Taxonomy.from_levels({"Gruppe": ["ä"], "Art": ["b", "c"]}, [("b", "ä")])
    assert taxonomy.to_json() == (
        "{\n"
        '"format": "harnn-taxonomy",\n'
        '"version": 1,\n'
        f'"sha256": "{taxonomy.version}",\n'
        '"level_names": ["Gruppe","Art"],\n'
        '"codes": ["ä","b","c"],\n'
        '"names": ["ä","b","c"],\n'
        '"descriptions": ["","",""],\n'
        '"levels": [1,2,2],\n'
        '"edges": [[1,0]]\n'
        "}\n"
    )


def test_version_is_the_documented_hash() -> None:
    # sha256 of '[["a","b"],[1,2],[[1,0]]]', computed with coreutils.
    taxonomy = Taxonomy.from_edges([("b", "a"), ("a", "ROOT")])
    assert taxonomy.version == "d2ae5c1c07f445c4bd2d8be4c6749577e1b1fbc9fc6cc5ce3132980fb43a7569"


def test_half_characters_are_refused_or_made_visible(diamond: Taxonomy) -> None:
    for given in ({"names": {"b": "\ud800"}}, {"descriptions": {"b": "\ud800"}}):
        with pytest.raises(
            TaxonomyError, match=r"^(name|description) of 'b' holds '\\ud800', half"
        ):
            Taxonomy.from_edges([("b", "ROOT")], **given)
    with pytest.raises(
        TaxonomyError, match=r"^name of 'level 1' holds '\\ud800', half a character"
    ):
        Taxonomy.from_levels({"\ud800": ["a"]})
    stored = diamond.to_json().replace("猫", "\\ud800")
    assert Taxonomy.from_json(stored).names[0] == "\\ud800 'A'"


def test_labels_beside_our_own_format_are_used_only_when_named(
    diamond: Taxonomy, tmp_path: Path
) -> None:
    labels = tmp_path / "labels.tsv"
    labels.write_text("label\tname\nb\tBee\n", encoding="utf-8")
    assert load(tmp_path, diamond.to_json()).names[1] == "b"
    named = Taxonomy.from_file(tmp_path / "taxonomy.json", labels=labels)
    assert named.names[:2] == ("猫 'A'", "Bee")


def test_pickling_keeps_everything_frozen(diamond: Taxonomy) -> None:
    assert len(diamond.index) == 4
    again = pickle.loads(pickle.dumps(diamond))
    assert fields(again) == fields(diamond)
    assert not again.levels.flags.writeable


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"version": True},
            "taxonomy format version true; this version of harnn reads version 1.",
        ),
        (
            {"version": 2},
            "taxonomy format version 2; this version of harnn reads version 1.",
        ),
        ({"codes": None}, "'codes' is missing or not a list of texts."),
        ({"names": ["x", 1, "y", "z"]}, "'names' is missing or not a list of texts."),
        ({"edges": {}}, "'edges' is missing or not a list."),
        ({"names": ["x"]}, "'names' has 1 entries, expected 4, as 'codes'."),
        ({"levels": [1, 2, 2]}, "'levels' has 3 entries, expected 4, as 'codes'."),
        ({"codes": ["a", "b", "", "d"]}, "empty label."),
        ({"codes": ["a", "b", "b", "d"]}, "'codes' holds a label twice."),
        ({"levels": [1, 2, 2, 4]}, "'levels' must ascend from 1 without gaps."),
        ({"levels": [1, 2, 1, 2]}, "'levels' must ascend from 1 without gaps."),
        ({"levels": [1, 2, 2, "3"]}, "'levels' must ascend from 1 without gaps."),
        ({"level_names": ["x"]}, "'level_names' has 1 entries, expected one of each level."),
        ({"edges": [[1, 0], [4, 0]]}, "'edges' must be pairs of columns: child, parent."),
        ({"edges": [[1, -1]]}, "'edges' must be pairs of columns: child, parent."),
        ({"edges": [[1, 0, 0]]}, "'edges' must be pairs of columns: child, parent."),
        ({"edges": [[0, 1]]}, "'edges' must lead from a later to an earlier level."),
        ({"edges": [[1, 0], [1, 0]]}, "'edges' holds an edge twice."),
        (
            {"edges": [[1, 0]]},
            "'sha256' does not fit the labels, levels and edges: the file was changed.",
        ),
    ],
)
def test_damaged_own_format_is_refused(
    diamond: Taxonomy, tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    value = json.loads(diamond.to_json()) | change
    assert refusal(tmp_path, value) == f"taxonomy.json: {message}"
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_json(json.dumps(value))
    assert str(caught.value) == message


def test_own_format_with_no_labels_is_refused(tmp_path: Path) -> None:
    empty: dict[str, list[Any]] = {
        "codes": [],
        "names": [],
        "descriptions": [],
        "level_names": [],
        "levels": [],
    }
    value = {"format": "harnn-taxonomy", "version": 1, "edges": [], **empty}
    assert refusal(tmp_path, value) == "taxonomy.json: 'codes' holds no labels."


def test_from_json_takes_only_our_own_format() -> None:
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_json("{}")
    assert str(caught.value) == (
        'the JSON is no saved taxonomy: expected "format": "harnn-taxonomy".'
    )
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_json("{\n  oops")
    assert str(caught.value) == (
        "line 2: not valid JSON at column 3: Expecting property name enclosed in double quotes."
    )


# --- records ------------------------------------------------------------------------------------


def test_records_with_parent_or_parents(tmp_path: Path) -> None:
    taxonomy = load(
        tmp_path,
        [
            {"label": "a", "parent": None, "name": "Alpha", "description": "First."},
            {"label": "b", "parent": "ROOT", "color": "red"},
            {"label": "c", "parent": "a"},
            {"label": "d", "parents": ["c", "b"], "parent": "a"},
            {"label": "e", "parents": []},
        ],
    )
    assert taxonomy.codes == ("a", "b", "e", "c", "d")
    assert taxonomy.parents(4).tolist() == [0, 1, 3]
    assert (taxonomy.names[0], taxonomy.descriptions[0]) == ("Alpha", "First.")


def test_ids_may_be_numbers_and_a_label_beside_an_id_is_the_name(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, [{"id": 7, "label": "Top"}, {"id": 12, "label": "Low", "parent": 7}])
    assert taxonomy.codes == ("7", "12")
    assert taxonomy.names == ("Top", "Low")


def test_problems_of_records_are_told_by_line(tmp_path: Path) -> None:
    text = (
        "[\n"
        '  {"label": "animal"},\n'
        '  {"label": "dog", "parent": "animla"},\n'
        '  {"label": "cat", "parent_id": "animal"},\n'
        '  {"parent": "animal"},\n'
        '  {"label": "  ", "parent": "animal"},\n'
        '  {"label": "fox", "parents": ["animal", 1.5], "name": []},\n'
        '  {"label": "owl", "label": "eagle"},\n'
        '  {"label": "wolf", "parent": "animal"}, {"label": "wolf",\n'
        '    "parent": "animal"},\n'
        "  3.5\n"
        "]\n"
    )
    assert refusal(tmp_path, text) == (
        "9 problems in the taxonomy:\n"
        "  taxonomy.json:3: unknown parent 'animla': it is never listed as a child. "
        "Did you mean 'animal'?\n"
        "  taxonomy.json:4: label 'cat': unknown key 'parent_id'. Did you mean 'parent'?\n"
        "  taxonomy.json:5: a record without a label, expected one of code, id, label, name.\n"
        "  taxonomy.json:6: empty label (label).\n"
        "  taxonomy.json:7: parents of 'fox': got 1.5, expected a label.\n"
        "  taxonomy.json:7: name of 'fox': got [], expected a text.\n"
        "  taxonomy.json:8: key 'label' stands twice in one object.\n"
        "  taxonomy.json:9: 'wolf' under 'animal' was already given in line 9.\n"
        "  taxonomy.json:11: got 3.5, expected a label or a record."
    )


# --- nested labels ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        {"a": {"b": {"d": None}, "c": {}}, "e": []},
        {"a": {"b": ["d"], "c": None}, "e": {}},
        [{"label": "a", "children": [{"label": "b", "children": ["d"]}, "c"]}, {"label": "e"}],
        [{"code": "a", "children": {"b": {"d": {}}, "c": {}}}, "e"],
        [{"a": [{"b": ["d"]}, "c"]}, {"e": None}],
    ],
)
def test_nested_forms_mean_the_same(tmp_path: Path, value: Any) -> None:
    taxonomy = load(tmp_path, value)
    assert taxonomy.codes == ("a", "e", "b", "c", "d")
    assert taxonomy.edges.tolist() == [[2, 0], [3, 0], [4, 2]]


def test_one_record_at_the_top_is_the_only_root(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, {"name": "flare", "children": [{"name": "x", "children": []}]})
    assert taxonomy.codes == ("flare", "x")


def test_a_label_nested_in_two_places_has_two_parents(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, {"a": {"x": ["y"]}, "b": {"x": ["y"]}})
    assert taxonomy.codes == ("a", "b", "x", "y")
    assert taxonomy.edges.tolist() == [[2, 0], [2, 1], [3, 2]]


def test_nested_problems_are_told_together(tmp_path: Path) -> None:
    text = '{"a": {"b": "c"},\n "x": ["y", "y"],\n "": {},\n "a": [],\n "q": {"w": {"q": {}}}}'
    assert refusal(tmp_path, text) == (
        "6 problems in the taxonomy:\n"
        "  taxonomy.json:1: children of 'b': got \"c\", expected an object or a list.\n"
        "  taxonomy.json:2: 'y' stands twice among the children of 'x'.\n"
        "  taxonomy.json:3: empty label (child).\n"
        "  taxonomy.json:4: key 'a' stands twice in one object.\n"
        "  taxonomy.json:5: 'q' stands under ROOT and under 'w' (line 5). "
        "Keep ROOT only for labels without a parent.\n"
        "  taxonomy.json:5: cycle: w -> q -> w."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": \n  [1;2]}', "taxonomy.json:2: not valid JSON at column 5: "),
        ("[]", "taxonomy.json: holds no labels."),
        ("{}", "taxonomy.json: holds no labels."),
        ("5", "taxonomy.json:1: got JSON 5, expected an object or a list."),
        ("[" * 100_000, "taxonomy.json: is nested too deeply to be read."),
    ],
)
def test_unusable_json_is_refused(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(tmp_path, text).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            '[{"code": ' + "9" * 4_301 + "}]",
            "taxonomy.json: holds a whole number of more digits than can be read.",
        ),
        (
            '{"format": "harnn-taxonomy", "version": ' + "9" * 4_301 + "}",
            "taxonomy.json: holds a whole number of more digits than can be read.",
        ),
        (
            '[{"code": "a", "name": "\\ud800"}]',
            "taxonomy.json:1: name of 'a' holds '\\ud800', half a character.",
        ),
        (
            '[{"id": "a", "label": "\\ud800"}]',
            "taxonomy.json:1: label of 'a' holds '\\ud800', half a character.",
        ),
        (
            '{"a":\n  ["\\ud800"]}',
            "taxonomy.json:1: label '\\ud800' contains a tab, a line break or an invalid "
            "character.",
        ),
        (
            '{"code": "a"}\n{"code": "b"}\n',
            "taxonomy.json:2: not valid JSON at column 1: Extra data. JSON Lines are not read: "
            "write one list of all records.",
        ),
        (
            '{"@context": {}, "@graph": []}',
            "taxonomy.json: holds RDF, but no concept of SKOS; classes of RDFS and OWL are not "
            "read.",
        ),
        (
            '{"nodes": [], "links": []}',
            "taxonomy.json: is a graph of nodes and edges, which is not read. "
            'Write records, {"code": ..., "parent": ..., "name": ...}, or child<TAB>parent pairs.',
        ),
    ],
)
def test_json_that_cannot_be_taken_is_named(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(tmp_path, text) == message


def test_one_key_given_twice_among_many_is_found_at_once(tmp_path: Path) -> None:
    keys = ", ".join(f'"x{i}": null' for i in range(50_000))
    assert refusal(tmp_path, '{"a": {' + keys + ', "x7": null}}') == (
        "taxonomy.json:1: key 'x7' stands twice in one object."
    )


# --- one name in several places -----------------------------------------------------------------

SHARED = {"Shoes": {"Other": {"Laces": None}}, "Hats": {"Other": ["Ribbons"], "Caps": None}}


def test_a_name_in_several_places_is_noted(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, SHARED)
    assert taxonomy.notes == (
        "'Other' is nested under 'Shoes' and 'Hats': one label with 2 parents, and with the "
        "ancestors of each.",
        "Taxonomy.from_file(path, by_path=True) keeps labels apart by their paths.",
    )
    again = Taxonomy.from_json(taxonomy.to_json())
    assert (again, again.notes) == (taxonomy, ())
    assert pickle.loads(pickle.dumps(taxonomy)).notes == taxonomy.notes
    labels = tmp_path / "names.tsv"
    labels.write_text("label\tname\nCaps\tCaps!\n", encoding="utf-8")
    assert taxonomy.with_labels(labels).notes == taxonomy.notes


def test_notes_of_many_labels_are_cut(tmp_path: Path) -> None:
    shared = {f"p{i}": [f"x{j}" for j in range(30)] for i in range(8)}
    notes = load(tmp_path, shared).notes
    assert len(notes) == 22
    assert notes[0] == (
        "'x0' is nested under 'p0', 'p1', 'p2', 'p3', 'p4' and 3 more: one label with 8 parents, "
        "and with the ancestors of each."
    )
    assert notes[20] == "The same holds for 10 more labels."


def test_a_tree_and_given_parents_need_no_note(tmp_path: Path) -> None:
    assert load(tmp_path, {"a": ["b"], "c": ["d"]}).notes == ()
    assert load(tmp_path, ["a", "b", {"code": "c", "parents": ["a", "b"]}]).notes == ()


def test_by_path_keeps_equal_names_apart(tmp_path: Path) -> None:
    load(tmp_path, SHARED)
    taxonomy = Taxonomy.from_file(tmp_path / "taxonomy.json", by_path=True)
    assert taxonomy.codes == (
        *("Shoes", "Hats", "Shoes > Other", "Hats > Other", "Hats > Caps"),
        *("Shoes > Other > Laces", "Hats > Other > Ribbons"),
    )
    assert taxonomy.names == ("Shoes", "Hats", "Other", "Other", "Caps", "Laces", "Ribbons")
    assert taxonomy.summary().is_tree
    assert taxonomy.notes == ()


def test_by_path_reads_records_and_labels_inside_themselves(tmp_path: Path) -> None:
    other = {"id": 3, "name": "Other", "description": "The rest."}
    path = tmp_path / "taxonomy.json"
    path.write_text(json.dumps([{"id": 1, "children": [other]}, {"id": 2, "children": [other]}]))
    taxonomy = Taxonomy.from_file(path, by_path=True)
    assert taxonomy.codes == ("1", "2", "1 > 3", "2 > 3")
    assert taxonomy.names == ("1", "2", "Other", "Other")
    assert taxonomy.descriptions[2:] == ("The rest.", "The rest.")
    path.write_text('{"a": {"a": {"a": null}}}')
    assert Taxonomy.from_file(path, by_path=True).codes == ("a", "a > a", "a > a > a")


def test_by_path_refuses_what_it_cannot_keep_apart(tmp_path: Path) -> None:
    path = tmp_path / "taxonomy.json"
    path.write_text(
        '[{"code": "a", "children": ["b > c", "ROOT"]},\n {"code": "d", "parent": "a"}]'
    )
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_file(path, by_path=True)
    assert str(caught.value).replace(f"{tmp_path}/", "") == (
        "3 problems in the taxonomy:\n"
        "  taxonomy.json:1: label 'b > c' has ' > ' in it, which separates the labels of paths.\n"
        "  taxonomy.json:1: ROOT is the name of the top and cannot be a label.\n"
        "  taxonomy.json:2: parent of 'd' is given, but by path it is told by nesting alone."
    )
    pairs = tmp_path / "taxonomy.tsv"
    pairs.write_text("a\tROOT\n")
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_file(pairs, by_path=True)
    assert str(caught.value).replace(f"{tmp_path}/", "") == (
        "taxonomy.tsv: holds pairs of child and parent; only what is nested can be read by path."
    )


def test_deeply_nested_labels_are_refused_in_words(tmp_path: Path) -> None:
    text = "".join(f'{{"x{depth}": ' for depth in range(600)) + "null" + "}" * 600
    assert refusal(tmp_path, text) == "taxonomy.json: is nested too deeply to be read."
