"""Path strings as they are found: identifiers, separators, names with separators in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from harnn.errors import TaxonomyError
from harnn.taxonomy import Taxonomy

GOOGLE = (
    "# Google_Product_Taxonomy_Version: 2021-09-21\n"
    "1 - Animals & Pet Supplies\n"
    "3237 - Animals & Pet Supplies > Live Animals\n"
    "2 - Animals & Pet Supplies > Pet Supplies\n"
    "3 - Animals & Pet Supplies > Pet Supplies > Bird Supplies\n"
)
SHOP = ["Home", "Home>Kitchen", "Home>Garden", "Home>Garden>Rakes", "Toys>Ducks", "Toys>Bears"]


def load(folder: Path, text: str, name: str = "t.txt", separator: str | None = None) -> Taxonomy:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return Taxonomy.from_file(path, separator=separator)


def refusal(folder: Path, text: str, name: str = "t.txt", separator: str | None = None) -> str:
    with pytest.raises(TaxonomyError) as caught:
        load(folder, text, name, separator)
    return str(caught.value).replace(f"{folder}/", "")


# --- identifiers --------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", [" - ", " : ", ": ", "\t", "    -  "])
@pytest.mark.parametrize("name", ["t.txt", "t", "t.tsv"])
def test_identifiers_are_codes_and_last_parts_names(tmp_path: Path, mark: str, name: str) -> None:
    if name == "t.tsv" and mark != "\t":
        pytest.skip("a .tsv file has tabs")
    taxonomy = load(tmp_path, GOOGLE.replace(" - ", mark), name)
    assert taxonomy.codes == ("1", "3237", "2", "3")
    expected = ("Animals & Pet Supplies", "Live Animals", "Pet Supplies", "Bird Supplies")
    assert taxonomy.names == expected
    assert taxonomy.edges.tolist() == [[1, 0], [2, 0], [3, 2]]
    assert taxonomy.notes == ()


def test_parents_are_found_by_their_paths_wherever_they_stand(tmp_path: Path) -> None:
    lines = GOOGLE.splitlines()
    taxonomy = load(tmp_path, "\n".join(reversed(lines)))
    assert taxonomy.codes == ("1", "2", "3237", "3")
    assert taxonomy.names[3] == "Bird Supplies"


def test_identifiers_may_be_addresses_or_words(tmp_path: Path) -> None:
    shopify = "gid://shop/ap   : Animals\ngid://shop/ap-1 : Animals > Live Animals\n"
    assert load(tmp_path, shopify).codes == ("gid://shop/ap", "gid://shop/ap-1")
    words = load(tmp_path, "an : Animals\nlive : Animals > Live Animals\ntoys : Toys\n")
    assert words.codes == ("an", "toys", "live")
    assert words.names == ("Animals", "Toys", "Live Animals")


def test_identifiers_may_stand_behind_and_before_other_separators(tmp_path: Path) -> None:
    behind = load(tmp_path, "Animals;1\nAnimals > Live;2\nToys; 3\n")
    assert (behind.codes, behind.names) == (("1", "3", "2"), ("Animals", "Toys", "Live"))
    slashes = load(tmp_path, "1 - Animals\n2 - Animals/Live\n3 - Animals/Dead\n")
    assert (slashes.codes, slashes.names) == (("1", "2", "3"), ("Animals", "Live", "Dead"))


def test_what_identifiers_lack_is_told_together(tmp_path: Path) -> None:
    text = (
        "1 - A\n"
        "2 - A > B\n"
        "A > C\n"
        "3 - A > D > E\n"
        "4 - A > D > F\n"
        "2 - A > G\n"
        "5 - A > B\n"
        "6 - A >  > H\n"
        "7 - A > C > I\n"
        "8 - A > J\n"
        "9 - A > K\n"
    )
    assert refusal(tmp_path, text) == (
        "5 problems in the taxonomy:\n"
        "  t.txt:3: no identifier; 10 of 11 lines have one.\n"
        "  t.txt:4: the path 'A > D' has no line of its own, so nothing tells its identifier "
        "(2 lines stand under it). Add a line for it.\n"
        "  t.txt:6: identifier '2' was already given in line 2.\n"
        "  t.txt:7: path 'A > B' was already given in line 2.\n"
        "  t.txt:8: empty label in path 'A >  > H'."
    )


def test_numbers_without_paths_are_names_and_a_note_says_so(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, "1 - Animals\n2 - Plants\n")
    assert taxonomy.codes == ("1 - Animals", "2 - Plants")
    assert taxonomy.notes == (
        "2 lines may begin with an identifier, the first '1 - Animals'; where no paths follow, it "
        "is read as part of the name.",
    )


def test_labels_with_numbers_of_their_own_keep_them(tmp_path: Path) -> None:
    text = "".join(f"1 - Animals > 1.{i} - Kind {i}\n" for i in range(5))
    taxonomy = load(tmp_path, text)
    assert taxonomy.codes[:2] == ("1 - Animals", "1 - Animals > 1.0 - Kind 0")


# --- separators ---------------------------------------------------------------------------------

SEPARATORS = [">", "->", "=>", "→", "»", "›", "|", "--", "::", "\\", ";", "/", " | ", " / ", " -> "]


@pytest.mark.parametrize("separator", SEPARATORS)
def test_separators_are_told_from_the_lines(tmp_path: Path, separator: str) -> None:
    text = "\n".join(SHOP).replace(">", separator)
    taxonomy = load(tmp_path, text)
    assert taxonomy.names == ("Home", "Toys", "Kitchen", "Garden", "Ducks", "Bears", "Rakes")
    assert taxonomy.codes[-1] == f"Home{separator}Garden{separator}Rakes"
    assert taxonomy.notes == ()
    assert load(tmp_path, text, separator=separator) == taxonomy


def test_a_separator_that_is_given_is_taken_as_it_is(tmp_path: Path) -> None:
    text = "A, old\nA, new\nB/C\n"
    assert load(tmp_path, text, separator=",").codes == ("A", "B/C", "A,old", "A,new")
    assert load(tmp_path, text, separator="").codes == ("A, old", "A, new", "B/C")
    assert load(tmp_path, "A.1\nA.2\n", "t.csv", ".").codes == ("A", "A.1", "A.2")


def test_a_slash_in_a_name_splits_nothing(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, "TV/Video\nAC/DC\nBooks\nToys\n")
    assert taxonomy.codes == ("TV/Video", "AC/DC", "Books", "Toys")
    assert taxonomy.notes == (
        "'/' is read as part of the name (2 labels); to read paths: separator='/' (--separator /).",
    )
    assert load(tmp_path, "https://x.org/a\nhttps://x.org/b\n").notes == ()


def test_slashes_that_may_mean_both_are_refused(tmp_path: Path) -> None:
    text = "TV\nTV/Video\nBooks\nToys\nGames\n"
    assert refusal(tmp_path, text) == (
        "t.txt: '/' stands in 1 of 5 lines and may separate the labels of paths or belong to "
        "names. Paths: separator='/' (--separator /). Names: separator='' (--separator '')."
    )
    assert load(tmp_path, text, separator="/").depth == 2
    assert load(tmp_path, text, separator="").depth == 1


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("A>B\nC>D\n", ">"),  # in every line, and no first part repeats
        ("A|B\nA|C\nD\nE\nF\nG\n", "|"),  # repeats, but in few lines
        ("A;B|C\nA;B|D\nA;B|E\n", "|"),  # as ';' does
        ("Home\nHome - Kitchen\nHome - Garden\n", " - "),
        ("Home\nHome: Kitchen\nHome: Garden\n", ": "),
        ("Art\nArt, old\nArt, new\n", ", "),
        ("1\n1.1\n1.2\n1.1.1\n", "."),
    ],
)
def test_separators_that_may_be_part_of_names_are_refused(
    tmp_path: Path, text: str, separator: str
) -> None:
    message = refusal(tmp_path, text)
    assert message.startswith("t.txt: ")
    assert f"separator={separator!r} (--separator " in message
    assert load(tmp_path, text, separator=separator).depth > 1
    assert load(tmp_path, text, separator="").depth == 1


@pytest.mark.parametrize(
    "names",
    [
        ["Arts, Crafts & Sewing", "Health, Household", "Toys"],
        ["Spider - Man", "Bat - Man", "Toys"],
        ["GO:0001", "GO:0002", "PR:0001"],
        ["Cost>100", "Books", "Toys", "Games"],
        ["Python 3.1", "Python 3.2"],
        ["ap", "ap-1", "ap-1-2"],
        ["#1 hits\t".strip(), "C#", "C++"],
    ],
)
def test_flat_lists_stay_flat(tmp_path: Path, names: list[str]) -> None:
    taxonomy = load(tmp_path, "\n".join(names))
    assert taxonomy.codes == tuple(name for name in names if not name.startswith("#"))
    assert taxonomy.notes == ()


def test_one_arrow_without_blanks_among_others_is_noted(tmp_path: Path) -> None:
    taxonomy = load(tmp_path, "A > B\nA > C\nA >D\n")
    assert taxonomy.codes == ("A", "A >D", "A > B", "A > C")
    assert taxonomy.notes == (
        "'>' without a blank on both sides separates nothing: 1 line, the first 'A >D'.",
    )


def test_impossible_separators_and_paths_are_refused(tmp_path: Path) -> None:
    message = "separator '\\n' has a line break or an invalid character in it."
    assert refusal(tmp_path, "A\n", separator="\n") == message
    assert refusal(tmp_path, '["A"]', separator="/") == (
        "t.txt: is JSON, in which no separator stands between labels."
    )
    deep = "/".join(["a"] * 201)
    assert (
        refusal(tmp_path, f"a\n{deep}\n") == "t.txt:2: a path of 201 labels, expected at most 200."
    )
    with pytest.raises(TypeError, match=r"give \[path\]"):
        Taxonomy.from_paths("A/B")
