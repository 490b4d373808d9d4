"""Tables as taxonomies: columns told by their names, levels, paths, sheets and frames."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harnn.errors import TaxonomyError
from harnn.taxonomy import Taxonomy
from harnn.taxonomy.table_columns import find_columns


def load(folder: Path, text: str, name: str = "t.csv", **options: Any) -> Taxonomy:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return Taxonomy.from_file(path, **options)


def refusal(folder: Path, text: str, name: str = "t.csv", **options: Any) -> str:
    with pytest.raises(TaxonomyError) as caught:
        load(folder, text, name, **options)
    return str(caught.value).replace(f"{folder}/", "")


def edges_of(taxonomy: Taxonomy) -> set[tuple[str, str]]:
    return {(taxonomy.codes[a], taxonomy.codes[b]) for a, b in taxonomy.edges.tolist()}


# --- child and parent -----------------------------------------------------------------------------

ANIMALS = (
    "Name,Code,Broader,Synonyms,Scope note\n"
    'Animal,1,,,\nDog,11,1,"Hound|Canine","Barks, often."\nPet,2,,,\nPoodle,111,11;2,,\n'
)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["t.csv", "t.txt"])
def test_columns_in_any_order(tmp_path: Path, delimiter: str, name: str) -> None:
    text = "Name,Code,Broader,Definition\nAnimal,1,,\nDog,11,1,Barks\nPet,2,,\n"
    taxonomy = load(tmp_path, text.replace(",", delimiter), name)
    assert taxonomy.codes == ("1", "2", "11")
    assert taxonomy.names == ("Animal", "Pet", "Dog")
    assert taxonomy.descriptions == ("", "", "Barks")
    assert edges_of(taxonomy) == {("11", "1")}


def test_other_names_several_parents_and_quotation_marks(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, ANIMALS)
    assert taxonomy.alternatives[taxonomy.index["11"]] == ("Hound", "Canine")
    assert taxonomy.descriptions[taxonomy.index["11"]] == "Barks, often."
    assert edges_of(taxonomy) == {("11", "1"), ("111", "11"), ("111", "2")}


def test_several_rows_of_one_label(tmp_path: Path) -> None:
    text = "id,title,parent id\na,A,\nb,B,\nc,C,a\nc,C,b\n"
    assert edges_of(load(tmp_path, text)) == {("c", "a"), ("c", "b")}
    assert refusal(tmp_path, text + "c,Other,a\n") == (
        "2 problems in the taxonomy:\n"
        "  t.csv:6: 'c' is called 'Other' here and 'C' in line 4.\n"
        "  t.csv:6: 'c' under 'a' was already given in line 4."
    )


@pytest.mark.parametrize("top", ["0", "-1", "NULL", "None", "-"])
def test_words_for_the_top(tmp_path: Path, top: str) -> None:
    taxonomy = load(tmp_path, f"id,name,parent_id\n1,A,{top}\n2,B,1\n")
    assert taxonomy.summary().roots == 1
    assert taxonomy.notes == (f"1 row with the parent {top!r}, read as the top.",)


def test_a_label_called_zero_is_a_label(tmp_path: Path) -> None:
    assert edges_of(load(tmp_path, "id,parent\n0,\n1,0\n")) == {("1", "0")}


def test_parents_that_are_names(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, "code,name,parent name\n1,Animal,\n2,Dog,Animal\n")
    assert edges_of(taxonomy) == {("2", "1")}
    assert taxonomy.notes == ("Parents are names, not codes; each was looked up.",)


def test_what_is_wrong_is_told_by_line(tmp_path: Path) -> None:
    assert refusal(tmp_path, "id,parent\na,\n,a\nb,x\nROOT,\n") == (
        "3 problems in the taxonomy:\n"
        "  t.csv:3: empty label.\n"
        "  t.csv:4: unknown parent 'x': it is never listed as a child. Add a line for it, with "
        "parent ROOT if it is at the top.\n"
        "  t.csv:5: ROOT is the name of the top and cannot be a label."
    )
    assert refusal(tmp_path, 'id,parent\na,\n"b,a\n') == (
        "t.csv:3: opens a quotation mark in cell 1 that is never closed. Close it, or double the "
        "quotation marks that belong to the text."
    )
    assert refusal(tmp_path, "id,parent\n") == "t.csv: holds no labels."
    assert refusal(tmp_path, "\n\n") == "t.csv: holds no labels."


def test_columns_that_are_named(tmp_path: Path) -> None:
    text = "Kode,Oben,Wort\n1,,A\n2,1,B\n"
    assert refusal(tmp_path, text) == (
        "t.csv:1: no header tells what the columns hold; the first row is 'Kode', 'Oben', 'Wort'. "
        "Name them: columns={'child': ..., 'parent': ...} (--column child=... --column "
        "parent=...), or any of name, description, alternatives, path, levels. A column a level: "
        "columns={'levels': 'Kode,Oben,Wort'} (--column levels=Kode,Oben,Wort)."
    )
    columns = {"child": "Kode", "parent": "Oben", "name": "Wort"}
    for name in ("t.csv", "t.txt"):
        assert load(tmp_path, text, name, columns=columns).names == ("A", "B")
    assert refusal(tmp_path, text, columns=columns | {"parent": "Obn"}) == (
        "t.csv: has no column 'Obn'; its header is 'Kode', 'Oben', 'Wort'. Did you mean 'Oben'?"
    )
    assert refusal(tmp_path, text, columns={"child": "Kode"}) == (
        "columns: child and parent, path, or levels are needed."
    )


def test_rows_above_the_header(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, "Our topics,,\n,,\nid,name,parent\n1,A,\n2,B,1\n")
    assert taxonomy.names == ("A", "B")
    assert taxonomy.notes == ("1 row above the header left out.",)


def test_pairs_without_a_header(tmp_path: Path) -> None:
    assert edges_of(load(tmp_path, "animal,ROOT\ndog,animal\n")) == {("dog", "animal")}
    assert load(tmp_path, "A > B\nA > C\n").codes == ("A", "A > B", "A > C")
    assert load(tmp_path, "sep=;\nid;parent\na;\nb;a\n").codes == ("a", "b")


def test_a_label_table_has_alternatives_and_notations(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("a\tROOT\nb\ta\n")
    (tmp_path / "labels.tsv").write_text("label\talternatives\tnotation\nb\tx| y |x\t01\n")
    taxonomy = Taxonomy.from_file(tmp_path / "t.tsv")
    assert taxonomy.alternatives == ((), ("x", "y"))
    assert taxonomy.notations == ("", "01")


# --- a column a level -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header", ["Level 1,Level 2,Level 3", "L1,L2,L3", "Tier 1,Tier 2,Tier 3", "一级,二级,三级"]
)
def test_a_column_a_level(tmp_path: Path, header: str) -> None:
    taxonomy = load(tmp_path, f"{header}\nA,B,C\nA,B,D\nA,E,\nF,,\n")
    assert taxonomy.codes == ("A", "F", "A > B", "A > E", "A > B > C", "A > B > D")
    assert taxonomy.names == ("A", "F", "B", "E", "C", "D")
    (note,) = taxonomy.notes
    assert "t.csv:5: 'F' is a label at the top with nothing below it" in note


def test_blanks_that_mean_as_above(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, "Level 1,Level 2,Level 3\nA,B,C\n,,D\n,E,\nF,,\n,G,\n")
    assert taxonomy.names == ("A", "F", "B", "E", "G", "C", "D")
    assert taxonomy.notes == ("3 rows begin with empty cells, read as those above.",)


def test_blanks_that_mean_nothing(tmp_path: Path) -> None:
    assert refusal(tmp_path, "Level 1,Level 2,Level 3\n,B,\nA,,C\nA,B,C\n") == (
        "2 problems in the taxonomy:\n"
        "  t.csv:2: no row above tells level 1, which is empty here.\n"
        "  t.csv:3: level 2 is empty between 'A' and 'C'. "
        "Fill it in, or empty what is above it too, which means as in the row before."
    )


@pytest.mark.parametrize(
    "header",
    ["Level 1,Level 1 code,Level 2,Level 2 code", "Name 1,Code 1,Name 2,Code 2"],
)
def test_codes_beside_names(tmp_path: Path, header: str) -> None:
    taxonomy = load(tmp_path, f"{header}\nAnimal,a,Dog,a1\nAnimal,a,Cat,a2\nPlant,p,,\n")
    assert taxonomy.codes == ("a", "p", "a1", "a2")
    assert taxonomy.names == ("Animal", "Plant", "Dog", "Cat")
    assert refusal(tmp_path, f"{header}\nAnimal,a,Dog,\n") == (
        "t.csv:2: 'Dog' has no code, as others have."
    )


def test_levels_that_are_codes_alone(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, "level_1_id,level_2_id\na,a1\na,a2\n")
    assert taxonomy.codes == ("a", "a1", "a2")


def test_a_code_of_each_row_beside_levels(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, "ID,Level 1,Level 2\n1,A,\n2,A,B\n3,A,C\n")
    assert taxonomy.codes == ("1", "2", "3")
    assert taxonomy.names == ("A", "B", "C")
    assert edges_of(taxonomy) == {("2", "1"), ("3", "1")}


def test_levels_that_are_named(tmp_path: Path) -> None:
    text = "Nr,Section,Division\n1,A,01\n2,A,02\n"
    taxonomy = load(tmp_path, text, columns={"levels": "Section,Division"})
    assert taxonomy.level_names == ("Section", "Division")
    assert taxonomy.codes == ("A", "A > 01", "A > 02")


# --- paths ----------------------------------------------------------------------------------------


def test_a_column_of_paths(tmp_path: Path) -> None:
    text = "id,full path,description\n1,A,Top\n2,A > B,\n3,A > C,Low\n"
    taxonomy = load(tmp_path, text)
    assert taxonomy.codes == ("1", "2", "3")
    assert taxonomy.names == ("A", "B", "C")
    assert taxonomy.descriptions == ("Top", "", "Low")
    without = load(tmp_path, "path,definition\nA/B,Low\nA/C,\n")
    assert without.codes == ("A", "A/B", "A/C")
    assert without.descriptions == ("", "Low", "")
    named = load(tmp_path, "path,definition\nA:B,Low\nA:C,\n", separator=":")
    assert named.names == ("A", "B", "C")


def test_files_of_shops(tmp_path: Path) -> None:
    google = "# Google_Product_Taxonomy_Version: 2021-09-21\nAnimals\nAnimals > Live\n"
    assert load(tmp_path, google, "taxonomy.en-US.txt").codes == ("Animals", "Animals > Live")
    shopify = "# Shopify Product Taxonomy - Categories: 2025-03\n" + "".join(
        f"gid://shopify/TaxonomyCategory/{code:<6} : {path}\n"
        for code, path in (("ap", "Animals"), ("ap-1", "Animals > Live"), ("aa", "Apparel"))
    )
    taxonomy = load(tmp_path, shopify, "categories.txt")
    assert taxonomy.codes[2] == "gid://shopify/TaxonomyCategory/ap-1"
    assert taxonomy.names == ("Animals", "Apparel", "Live")


@pytest.mark.parametrize(
    "header", [["child", "ROOT"], ["path", "ROOT"], ["name", "code"], ["a", "b"], ["path"]]
)
def test_pairs_are_not_taken_for_a_header(tmp_path: Path, header: list[str]) -> None:
    text = "\t".join(header) + "\n" if len(header) > 1 else "path\tROOT\n"
    more = "" if "ROOT" in text else f"{header[1]}\tROOT\n"
    assert load(tmp_path, text + more, "t.tsv").codes[0] in ("child", "path", "code", "b", "name")


def test_words_of_columns() -> None:
    found = find_columns(["Unique ID", "Parent", "Name", "Tier 1", "Tier 2"])
    assert (found.child, found.parent, found.name) == (0, 1, 2)
    assert find_columns(["concept", "broader", "prefLabel"]).name == 2
    assert find_columns(["编码", "名称", "上级编码"]).suffices
    assert not find_columns(["a", "b"]).suffices


# --- sheets and frames ----------------------------------------------------------------------------


def test_a_sheet_of_a_workbook(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("python_calamine")
    book = openpyxl.Workbook()
    book.active.title = "About"
    book.active.append(["Nothing here"])
    sheet = book.create_sheet("Topics")
    for row in (["Code", "Parent", "Name"], [1, None, "A"], [None, None, None], [2, 1, "B"]):
        sheet.append(row)
    path = tmp_path / "t.xlsx"
    book.save(path)
    taxonomy = Taxonomy.from_file(path, sheet="Topics")
    assert taxonomy.codes == ("1", "2")
    assert taxonomy.names == ("A", "B")
    assert Taxonomy.from_file(path, sheet="2") == taxonomy
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_file(path, sheet="Topcs")
    assert str(caught.value) == (
        f"{path}: has no sheet 'Topcs', found 'About', 'Topics'. Did you mean 'Topics'?"
    )
    sheet.append([3, 9, "C"])
    book.save(path)
    with pytest.raises(TaxonomyError, match=r"t\.xlsx:5: unknown parent '9'"):
        Taxonomy.from_file(path, sheet="Topics")
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(TaxonomyError, match=r"t\.xlsx: "):
        Taxonomy.from_file(path)
    with pytest.raises(TaxonomyError, match=r"none\.xlsx: no such file\."):
        Taxonomy.from_file(tmp_path / "none.xlsx")
    with pytest.raises(TaxonomyError, match="is read as table; language says how to read SKOS"):
        Taxonomy.from_file(path, language="de")


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_frames(library: str) -> None:
    module = pytest.importorskip(library)
    columns = {"code": ["1", "2"], "parent": [None, "1"], "name": ["A", "B"]}
    frame = module.table(columns) if library == "pyarrow" else module.DataFrame(columns)
    taxonomy = Taxonomy.from_frame(frame)
    assert taxonomy.names == ("A", "B")
    assert edges_of(taxonomy) == {("2", "1")}
    by_path = Taxonomy.from_frame(frame, columns={"levels": "name,code"})
    assert by_path.codes == ("A", "B", "A > 1", "B > 2")


def test_lists_in_frames() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(
        {"id": ["a", "b", "c"], "parents": [[], [], ["a", "b"]], "alt": [["x", "y"], [], None]}
    )
    taxonomy = Taxonomy.from_frame(frame)
    assert edges_of(taxonomy) == {("c", "a"), ("c", "b")}
    assert taxonomy.alternatives == (("x", "y"), (), ())
    wrong = polars.DataFrame({"id": ["a", "b"], "parent": ["", "x"]})
    with pytest.raises(TaxonomyError, match=r"^row 2: unknown parent 'x'"):
        Taxonomy.from_frame(wrong)


def test_what_is_no_frame() -> None:
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_frame([("a", "b")])
    assert str(caught.value) == ("got list, expected a data frame of pandas, Polars or pyarrow.")


def test_a_chosen_child_leaves_the_names_to_be_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("Kode,Oben,name\n1,,Animals\n2,1,Dogs\n", encoding="utf-8")
    columns = {"child": "Kode", "parent": "Oben"}
    taxonomy = Taxonomy.from_file(tmp_path / "t.csv", columns=columns)
    assert (taxonomy.codes, taxonomy.names) == (("1", "2"), ("Animals", "Dogs"))
