"""TSV, path strings and label tables: what is read, and the exact text of what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harnn.errors import TaxonomyError
from harnn.taxonomy import Taxonomy

SMALL = "animal\tROOT\nplant\tROOT\ndog\tanimal\nfern\tplant\nhouseplant\tplant\npoodle\tdog\n"


def write(folder: Path, text: str | bytes, name: str = "taxonomy.tsv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(folder: Path, text: str | bytes, name: str = "taxonomy.tsv") -> str:
    """Return the message for a refused file, without the folder."""
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_file(write(folder, text, name))
    return str(caught.value).replace(f"{folder}/", "")


def label_refusal(folder: Path, labels: str) -> str:
    write(folder, labels, "labels.tsv")
    return refusal(folder, SMALL)


# --- TSV ----------------------------------------------------------------------------------------


def test_tsv_columns_are_level_major_in_order_of_appearance(tmp_path: Path) -> None:
    taxonomy = Taxonomy.from_file(str(write(tmp_path, SMALL)))
    assert taxonomy.codes == ("animal", "plant", "dog", "fern", "houseplant", "poodle")
    assert taxonomy.levels.tolist() == [1, 1, 2, 2, 2, 3]
    assert taxonomy.edges.tolist() == [[2, 0], [3, 1], [4, 1], [5, 2]]
    assert taxonomy.level_slices == (slice(0, 2), slice(2, 5), slice(5, 6))
    assert taxonomy.level_names == ("1", "2", "3")
    assert taxonomy.names == taxonomy.codes
    assert taxonomy.descriptions == ("",) * 6


def test_a_label_counts_as_seen_where_it_is_first_a_parent(tmp_path: Path) -> None:
    taxonomy = Taxonomy.from_file(write(tmp_path, "x\tlate\nearly\tROOT\nlate\tROOT\n"))
    assert taxonomy.codes == ("late", "early", "x")


@pytest.mark.parametrize(
    "text",
    [
        "child\tparent\n" + SMALL,
        "Child\tParent\n" + SMALL,
        "\ufeff" + SMALL,
        "\ufeffchild\tparent\n" + SMALL,
        SMALL.replace("\n", "\r\n"),
        "# a comment\n\n  \n\t\n" + SMALL + "\n# the end",
        SMALL.replace("\t", " \t  "),
        SMALL.rstrip("\n"),
    ],
)
def test_tsv_is_lenient_where_nothing_is_ambiguous(tmp_path: Path, text: str) -> None:
    expected = Taxonomy.from_file(write(tmp_path, SMALL, "plain.tsv"))
    assert Taxonomy.from_file(write(tmp_path, text)) == expected


def test_only_lines_without_a_tab_are_comments(tmp_path: Path) -> None:
    assert Taxonomy.from_file(write(tmp_path, "#1\tROOT\n#2\t#1\n")).codes == ("#1", "#2")


def test_several_lines_are_several_parents(tmp_path: Path) -> None:
    taxonomy = Taxonomy.from_file(write(tmp_path, "a\tROOT\nb\tROOT\nc\tb\nc\ta\n"))
    assert taxonomy.parents(2).tolist() == [0, 1]


def test_unusual_line_separators_stay_inside_labels(tmp_path: Path) -> None:
    taxonomy = Taxonomy.from_file(write(tmp_path, "a\x0bb\tROOT\nc\u2028d\ta\x0bb\n"))
    assert taxonomy.codes == ("a\x0bb", "c\u2028d")


def test_all_problems_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    text = (
        "animal\tROOT\n"
        "dog\tanimla\n"
        "cat\tanimal\n"
        "cat\tanimal\n"
        "a\tb\n"
        "b\tc\n"
        "c\ta\n"
        "self\tself\n"
        "cat\tROOT\n"
        "\tanimal\n"
        "mouse\t\n"
        "one column\n"
        "x\ty\tz\n"
        "ROOT\tanimal\n"
        "kitten\tone column\n"
    )
    assert refusal(tmp_path, text) == (
        "10 problems in the taxonomy:\n"
        "  taxonomy.tsv:2: unknown parent 'animla': it is never listed as a child. "
        "Did you mean 'animal'?\n"
        "  taxonomy.tsv:4: 'cat' under 'animal' was already given in line 3.\n"
        "  taxonomy.tsv:5: cycle: a -> b -> c -> a.\n"
        "  taxonomy.tsv:8: label 'self' is its own parent.\n"
        "  taxonomy.tsv:9: 'cat' stands under ROOT and under 'animal' (line 3). "
        "Keep ROOT only for labels without a parent.\n"
        "  taxonomy.tsv:10: empty label (child).\n"
        "  taxonomy.tsv:11: empty label (parent). Write ROOT for a label at the top.\n"
        "  taxonomy.tsv:12: found 1 column, expected 2: child and parent, separated by a tab.\n"
        "  taxonomy.tsv:13: found 3 columns, expected 2: child and parent, separated by a tab.\n"
        "  taxonomy.tsv:14: ROOT is the name of the top and cannot be a label."
    )


def test_an_unknown_parent_is_told_once_with_its_children_counted(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a\tzoology\nb\tzoology\n") == (
        "taxonomy.tsv:1: unknown parent 'zoology': it is never listed as a child (2 children). "
        "Add a line for it, with parent ROOT if it is at the top."
    )


def test_every_knot_is_told_once_and_long_cycles_are_cut(tmp_path: Path) -> None:
    ring = "".join(f"r{i}\tr{(i + 1) % 20}\n" for i in range(20))
    below = "leaf\tr0\n"
    assert refusal(tmp_path, "a\tb\nb\ta\n" + ring + below) == (
        "2 problems in the taxonomy:\n"
        "  taxonomy.tsv:1: cycle: a -> b -> a.\n"
        "  taxonomy.tsv:3: cycle: r0 -> r1 -> r2 -> r3 -> r4 -> r5 -> r6 -> r7 -> r8 -> r9 -> r10 "
        "-> r11 -> ... (20 labels) -> r0."
    )


def test_a_cycle_is_told_without_the_way_into_it(tmp_path: Path) -> None:
    assert refusal(tmp_path, "top\tROOT\na\tb\nb\tc\nc\tb\nc\ttop\n") == (
        "taxonomy.tsv:3: cycle: b -> c -> b."
    )


def test_a_repeated_root_line_names_both_lines(tmp_path: Path) -> None:
    assert refusal(tmp_path, "a\tROOT\nb\ta\na\tROOT\n") == (
        "taxonomy.tsv:3: 'a' under 'ROOT' was already given in line 1."
    )


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "\ufeff"])
def test_an_empty_file_is_refused(tmp_path: Path, text: str) -> None:
    assert refusal(tmp_path, text) == "taxonomy.tsv: holds no labels."


def test_a_header_alone_is_an_empty_file(tmp_path: Path) -> None:
    assert refusal(tmp_path, "child\tparent\n") == "taxonomy.tsv: holds no labels."


def test_bytes_that_are_not_utf8_are_told_by_line(tmp_path: Path) -> None:
    assert refusal(tmp_path, b"a\tROOT\ncaf\xe9\ta\nb\ta\n\xff\ta\n") == (
        "2 problems in the taxonomy:\n"
        "  taxonomy.tsv:2: byte 0xe9 at position 4 of the line is not UTF-8. "
        "Say its encoding, as encoding='cp1252' (--taxonomy-encoding cp1252).\n"
        "  taxonomy.tsv:4: byte 0xff at position 1 of the line is not UTF-8. "
        "Say its encoding, as encoding='cp1252' (--taxonomy-encoding cp1252)."
    )


@pytest.mark.parametrize("header", ["parent\tchild", "Parent\tLabel", "broader\tConcept"])
def test_a_header_may_put_the_parent_first(tmp_path: Path, header: str) -> None:
    text = f"{header}\nROOT\tanimal\nanimal\tdog\n"
    assert Taxonomy.from_file(write(tmp_path, text)).codes == ("animal", "dog")


def test_other_words_for_the_columns_are_a_header(tmp_path: Path) -> None:
    text = "code\tparent_id\nanimal\tROOT\ndog\tanimal\n"
    assert Taxonomy.from_file(write(tmp_path, text)).codes == ("animal", "dog")


def test_parents_first_without_a_header_are_told(tmp_path: Path) -> None:
    assert refusal(tmp_path, "animal\tdog\nROOT\tanimal\n") == (
        "taxonomy.tsv:2: ROOT stands in the first column and never in the second: parents come "
        "first. Write child<TAB>parent, or put the header parent<TAB>child above the lines."
    )


def test_another_spelling_of_the_top_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path, "animal\tRoot\n") == (
        "taxonomy.tsv:1: unknown parent 'Root': it is never listed as a child. Did you mean 'ROOT'?"
    )


def test_a_parent_with_all_its_children_in_a_line_is_named(tmp_path: Path) -> None:
    expected = (
        "taxonomy.tsv:1: the lines look like a parent followed by all its children, which is not "
        "read. Write one child<TAB>parent pair a line, one for each child, with ROOT as the parent "
        "of the top."
    )
    assert refusal(tmp_path, "Root\tCS\tArt\nCS\tAI\nArt\tMusic\n") == expected
    assert refusal(tmp_path, "all\tCS\tArt\nCS\tAI\tOS\nArt\tMusic\n") == expected


def test_tables_of_other_columns_are_named(tmp_path: Path) -> None:
    paths = "A\tB\tC\nA\tB\tD\nA\tE\n"
    assert refusal(tmp_path, paths) == (
        "taxonomy.tsv:1: the columns look like the labels of a path, expected child and parent. "
        "Read them as paths with separator='\\t' (in a shell: --separator $'\\t')."
    )
    taxonomy = Taxonomy.from_file(tmp_path / "taxonomy.tsv", separator="\t")
    assert taxonomy.codes[-2:] == ("A > B > C", "A > B > D")
    assert taxonomy.names[-2:] == ("C", "D")


def test_an_absent_file_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    write(tmp_path, SMALL)
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_file(tmp_path / "taxonmy.tsv")
    assert str(caught.value) == (
        f"{tmp_path}/taxonmy.tsv: no such file. Did you mean 'taxonomy.tsv'?"
    )


def test_what_is_no_name_of_a_file_is_refused() -> None:
    for name in ("tax\0onomy.tsv", "tax\ud800onomy.tsv"):
        with pytest.raises(TaxonomyError) as caught:
            Taxonomy.from_file(name)
        assert str(caught.value) == f"{name!r}: is no name of a file."


def test_a_file_larger_than_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harnn.taxonomy.text_files._CHUNK_BYTES", 10)
    monkeypatch.setattr("harnn.taxonomy.text_files._MOST_CHUNKS", 2)
    assert len(Taxonomy.from_file(write(tmp_path, "animals\tROOT\nab\tROOT"))) == 2
    assert refusal(tmp_path, "animals\tROOT\nabc\tROOT") == "taxonomy.tsv: is larger than 2 MiB."


def test_problems_of_millions_of_lines_are_cut(tmp_path: Path) -> None:
    for line in ("one column", "a\tROOT", "{i}\tnobody{i}"):
        text = "b\tROOT\n" + "".join(line.format(i=i) + "\n" for i in range(20_000))
        with pytest.raises(TaxonomyError) as caught:
            Taxonomy.from_file(write(tmp_path, text))
        assert len(caught.value.problems) == 10_001
        assert str(caught.value.problems[-1]) == (
            f"{tmp_path}/taxonomy.tsv: reading stopped after 10,000 problems."
        )


def test_labels_of_thousands_of_characters_are_cut_in_messages(tmp_path: Path) -> None:
    message = refusal(tmp_path, f"{'x' * 5_000}\tnobody{'y' * 5_000}\n")
    assert message.startswith("taxonomy.tsv:1: unknown parent 'nobodyyyy")
    assert message.endswith(
        "y': it is never listed as a child. Add a line for it, with parent ROOT "
        "if it is at the top."
    )
    assert len(message) < 800


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_file(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: is a directory, expected a file. Give the taxonomy file inside it."
    )


# --- path strings -------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", ["/", " > "])
def test_paths_are_known_by_their_whole_path(tmp_path: Path, separator: str) -> None:
    lines = ["Art/Music/Jazz", "Sport", "Art/Film", "", "Sport/Film", "Art/Music"]
    text = "\n".join(line.replace("/", separator) for line in lines)
    taxonomy = Taxonomy.from_file(write(tmp_path, text, "taxonomy.txt"))
    expected = ("Art", "Sport", "Art/Music", "Art/Film", "Sport/Film", "Art/Music/Jazz")
    assert taxonomy.codes == tuple(code.replace("/", separator) for code in expected)
    assert taxonomy.names == ("Art", "Sport", "Music", "Film", "Film", "Jazz")
    assert taxonomy.levels.tolist() == [1, 1, 2, 2, 2, 3]
    assert taxonomy.summary().is_tree


def test_one_arrow_in_the_file_makes_slashes_part_of_names(tmp_path: Path) -> None:
    taxonomy = Taxonomy.from_file(write(tmp_path, "AC/DC\nMusic > AC/DC\n", "paths.txt"))
    assert taxonomy.codes == ("AC/DC", "Music", "Music > AC/DC")


def test_from_paths_takes_another_separator() -> None:
    taxonomy = Taxonomy.from_paths(["A.1.x", "A.2"], separator=".")
    assert taxonomy.codes == ("A", "A.1", "A.2", "A.1.x")
    assert Taxonomy.from_paths(["A/B"]).codes == ("A", "A/B")
    assert Taxonomy.from_paths(iter(["A > B"])).codes == ("A", "A > B")


def test_bad_paths_are_told_together(tmp_path: Path) -> None:
    text = "A/B\nA//C\n/A\nA/ROOT\nA / B\nx,ROOT\nA/B\x00\n"
    assert refusal(tmp_path, text, "paths.txt") == (
        "6 problems in the taxonomy:\n"
        "  paths.txt:2: empty label in path 'A//C'.\n"
        "  paths.txt:3: empty label in path '/A'.\n"
        "  paths.txt:4: ROOT is the name of the top and cannot be a label.\n"
        "  paths.txt:5: path 'A/B' was already given in line 1.\n"
        "  paths.txt:6: 'x,ROOT' looks like child and parent, expected a tab between them.\n"
        "  paths.txt:7: label 'A/B\\x00' contains a tab, a line break or an invalid character."
    )


def test_bad_paths_from_python_are_told_by_number() -> None:
    with pytest.raises(TaxonomyError, match=r"^path 2: path 'A' was already given in path 1\.$"):
        Taxonomy.from_paths(["A", "A"])


def test_content_tells_the_form_where_the_extension_does_not(tmp_path: Path) -> None:
    assert Taxonomy.from_file(write(tmp_path, SMALL, "a.txt")).depth == 3
    assert Taxonomy.from_file(write(tmp_path, "[x]\tROOT\n", "b.txt")).codes == ("[x]",)
    assert Taxonomy.from_file(write(tmp_path, ' {"a": {"b": null}}', "c.txt")).codes == ("a", "b")
    assert Taxonomy.from_file(write(tmp_path, "a\na/b\n", "d")).codes == ("a", "a/b")


# --- label tables -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table",
    [
        "label\tlevel\tname\tdescription\ndog\t2\tDog\tBarks.\nfern\t2\t\t\n",
        "description\tname\tlabel\nBarks.\tDog\tdog\n",
        "\ufeffLabel\tName\tDescription\r\n# comment\r\ndog\tDog\tBarks.\r\nfern\r\n",
    ],
)
def test_labels_beside_the_taxonomy_are_used(tmp_path: Path, table: str) -> None:
    write(tmp_path, table, "labels.tsv")
    taxonomy = Taxonomy.from_file(write(tmp_path, SMALL))
    assert taxonomy.names == ("animal", "plant", "Dog", "fern", "houseplant", "poodle")
    assert taxonomy.descriptions == ("", "", "Barks.", "", "", "")


def test_given_labels_are_used_instead_of_those_beside(tmp_path: Path) -> None:
    write(tmp_path, "label\tname\ndog\tDog\n", "labels.tsv")
    german = write(tmp_path, "label\tname\ndog\tHund\n", "labels.de.tsv")
    taxonomy = Taxonomy.from_file(write(tmp_path, SMALL), labels=str(german))
    assert taxonomy.names[2] == "Hund"
    assert taxonomy == Taxonomy.from_file(tmp_path / "taxonomy.tsv"), "names do not matter"


def test_a_taxonomy_called_labels_is_not_its_own_label_table(tmp_path: Path) -> None:
    assert len(Taxonomy.from_file(write(tmp_path, SMALL, "labels.tsv"))) == 6


def test_problems_of_a_label_table_are_told_together(tmp_path: Path) -> None:
    table = (
        "label\tlevel\tname\n"
        "dgo\t2\tDog\n"
        "dog\t3\tDog\n"
        "fern\ttwo\tFern\n"
        "plant\t1\tPlant\n"
        "plant\t1\tPlants\n"
        "\t1\tNothing\n"
        "animal\t1\tAnimal\textra\n"
    )
    assert label_refusal(tmp_path, table) == (
        "6 problems in the taxonomy:\n"
        "  labels.tsv:2: label 'dgo' is not in the taxonomy. Did you mean 'dog'?\n"
        "  labels.tsv:3: level of 'dog': got 3, but it stands on level 2.\n"
        "  labels.tsv:4: level of 'fern': got 'two', expected a whole number.\n"
        "  labels.tsv:6: label 'plant' was already given in line 5.\n"
        "  labels.tsv:7: empty label.\n"
        "  labels.tsv:8: found 4 columns, expected 3: label, level, name."
    )


def test_levels_of_thousands_of_digits_are_numbers_like_any_other(tmp_path: Path) -> None:
    message = label_refusal(tmp_path, "label\tlevel\ndog\t" + "9" * 4_301 + "\n")
    assert message.startswith("labels.tsv:2: level of 'dog': got 9999")
    assert message.endswith("99, but it stands on level 2.")
    write(tmp_path, "label\tlevel\tname\ndog\t" + "0" * 4_301 + "2\tDog\n", "labels.tsv")
    assert Taxonomy.from_file(tmp_path / "taxonomy.tsv").names[2] == "Dog"


def test_the_header_of_a_label_table_is_checked(tmp_path: Path) -> None:
    assert label_refusal(tmp_path, "code\tnames\tlevel\tlevel\n") == (
        "4 problems in the taxonomy:\n"
        "  labels.tsv:1: unknown column 'code'; expected a header of label, level, name, "
        "description, alternatives, notation.\n"
        "  labels.tsv:1: unknown column 'names'; expected a header of label, level, name, "
        "description, alternatives, notation. Did you mean 'name'?\n"
        "  labels.tsv:1: column 'level' is named twice.\n"
        "  labels.tsv:1: the header has no column 'label'."
    )


def test_an_empty_label_table_is_refused(tmp_path: Path) -> None:
    assert label_refusal(tmp_path, "\n") == ("labels.tsv: is empty, expected a header and labels.")


def test_an_absent_label_table_is_refused_where_it_was_asked_for(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match=r"labels\.xx\.tsv: no such file\."):
        Taxonomy.from_file(write(tmp_path, SMALL), labels=tmp_path / "labels.xx.tsv")


def test_a_hundred_thousand_labels_load_correctly(tmp_path: Path) -> None:
    size, fan = 100_000, 10
    parents = ["ROOT" if i < fan else f"L{i // fan}" for i in range(1, size + 1)]
    text = "".join(f"L{i}\t{parent}\n" for i, parent in enumerate(parents, start=1))
    taxonomy = Taxonomy.from_file(write(tmp_path, text))
    assert taxonomy.summary().levels == (9, 90, 900, 9000, 90_000, 1)
    assert taxonomy.codes[:3] == ("L1", "L2", "L3")
    assert [taxonomy.codes[c] for c in taxonomy.path(taxonomy.index["L98765"])] == [
        "L9",
        "L98",
        "L987",
        "L9876",
        "L98765",
    ]
    assert (np.diff(taxonomy.hierarchy.closure.indptr) == taxonomy.levels).all()
