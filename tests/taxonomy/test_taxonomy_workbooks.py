"""Tables of taxonomies as people keep them in spreadsheets: read, or refused with advice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harnn.errors import TaxonomyError
from harnn.taxonomy import Taxonomy

Rows = list[list[Any]]
ANIMALS = {"1": ("Animals", ""), "11": ("Dogs", "1"), "12": ("Cats", "1")}
NEARLY = "Parents that are no codes are read as those nearly like them: "


def workbook(folder: Path, rows: Rows, merged: tuple[str, ...] = ()) -> Path:
    openpyxl = pytest.importorskip("openpyxl")
    pytest.importorskip("python_calamine")
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cells in merged:
        book.active.merge_cells(cells)
    book.save(folder / "t.xlsx")
    return folder / "t.xlsx"


def labels(taxonomy: Taxonomy) -> dict[str, tuple[str, str]]:
    """Return name and parents of each code."""
    return {
        code: (
            taxonomy.names[column],
            "+".join(taxonomy.codes[parent] for parent in taxonomy.parents(column).tolist()),
        )
        for column, code in enumerate(taxonomy.codes)
    }


def test_merged_cells_of_levels_hold_for_all_their_rows(tmp_path: Path) -> None:
    rows: Rows = [["Level 1", "Level 2"], ["Art", "Music"], [None, "Film"], ["Sport", "Ball"]]
    taxonomy = Taxonomy.from_file(workbook(tmp_path, rows, ("A2:A3",)))
    assert taxonomy.codes == ("Art", "Sport", "Art > Music", "Art > Film", "Sport > Ball")
    assert taxonomy.notes == ("1 row begins with empty cells, read as those above.",)


CODED: list[tuple[Rows, dict[str, tuple[str, str]], tuple[str, ...]]] = [
    (  # a title in merged cells, blank rows, a blank column
        [
            [None, "Products 2024"],
            [],
            [None, "Code ", "Name", "Parent"],
            [None, "1", " Animals", None],
            [],
            [None, "11", "Dogs  ", "1 "],
            [None, "12", "Cats", 1.0],
        ],
        ANIMALS,
        ("1 row above the header left out.",),
    ),
    (  # codes that are numbers
        [["Code", "Name", "Parent Code"], [1.0, "A", None], [1.1, "B", 1.0], [2.0, "C", None]],
        {"1": ("A", ""), "2": ("C", ""), "1.1": ("B", "1")},
        (),
    ),
    (  # leading zeros that one column has lost
        [["Code", "Name", "Parent"], ["01", "A", None], ["011", "B", 1], ["012", "C", 1]],
        {"01": ("A", ""), "011": ("B", "01"), "012": ("C", "01")},
        (f"{NEARLY}'1' as '01'.",),
    ),
    (  # parents by name
        [["ID", "Category", "Parent category"], [1, "A", None], [2, "B", "A"], [3, "C", "A"]],
        {"1": ("A", ""), "2": ("B", "1"), "3": ("C", "1")},
        ("Parents are names, not codes; each was looked up.",),
    ),
    (  # other case, several parents between commas
        [["Code", "Parent"], ["Art", None], ["Sport", ""], ["x", "art, Sport"], ["y", "x,Art"]],
        {"Art": ("Art", ""), "Sport": ("Sport", ""), "x": ("x", "Art+Sport"), "y": ("y", "Art+x")},
        (f"{NEARLY}'art' as 'Art'.",),
    ),
    (  # a remark below the table
        [["Code", "Name", "Parent"], ["1", "A", None], ["Source: us", None, None]],
        {"1": ("A", ""), "Source: us": ("Source: us", "")},
        ("1 row has no name, as others have; the first is line 3: 'Source: us'.",),
    ),
]


@pytest.mark.parametrize(("rows", "expected", "notes"), CODED)
def test_coded_tables(
    tmp_path: Path, rows: Rows, expected: dict[str, tuple[str, str]], notes: tuple[str, ...]
) -> None:
    taxonomy = Taxonomy.from_file(workbook(tmp_path, rows))
    assert labels(taxonomy) == expected
    assert taxonomy.notes == notes


CSV = [
    ("\ufeffCode ; Name;Parent \r\n1 ;Animals ;\r\n11; Dogs; 1 \r\n12 ;Cats ;1\r\n", ANIMALS),
    (
        "Category,Sub-category\nFood,Other\nSport,Other\n",
        {
            "Food": ("Food", ""),
            "Sport": ("Sport", ""),
            "Food > Other": ("Other", "Food"),
            "Sport > Other": ("Other", "Sport"),
        },
    ),
    ("id,path\n1,Art\n2,Art > Film\n", {"1": ("Art", ""), "2": ("Film", "1")}),
    (
        "id,path\n1,Art\n2,Art/Film\n3,Art/TV\n",
        {"1": ("Art", ""), "2": ("Film", "1"), "3": ("TV", "1")},
    ),
]


@pytest.mark.parametrize(("text", "expected"), CSV)
def test_tables_as_csv(tmp_path: Path, text: str, expected: dict[str, tuple[str, str]]) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8", newline="")
    assert labels(Taxonomy.from_file(tmp_path / "t.csv")) == expected


REFUSED = [
    (
        "ID,Name,Parent\n1,Food,\n2,Sport,\n3,Other,Food\n4,Other,Sport\n5,Rest,Other\n",
        ":6: the parent 'Other' is the name of 2 labels ('3', '4'). Write its code.",
    ),
    (  # two parents, or the path of one
        "Code,Parent\na,\nb,a\nc,a/b\n",
        ":4: unknown parent 'a/b': it is never listed as a child. Add a line for it, with parent "
        "ROOT if it is at the top.",
    ),
    (  # 1.1 may be 1.10 or another label
        "Code,Parent\n1,\n1.10,1\nx,1.1\n",
        ":4: unknown parent '1.1': it is never listed as a child. Did you mean '1.10'?",
    ),
    (
        "Division,Group\nA,A1\n",
        ":1: no header tells what the columns hold; the first row is 'Division', 'Group'. Name "
        "them: columns={'child': ..., 'parent': ...} (--column child=... --column parent=...), or "
        "any of name, description, alternatives, path, levels. A column a level: "
        "columns={'levels': 'Division,Group'} (--column levels=Division,Group).",
    ),
    (
        "Level 1,Level 2,Level 3\nArt,Music,Jazz\nArt,,Folk\n",
        ":3: level 2 is empty between 'Art' and 'Folk'. "
        "Fill it in, or empty what is above it too, which means as in the row before.",
    ),
]


@pytest.mark.parametrize(("text", "what"), REFUSED)
def test_what_may_mean_two_things_is_refused(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(TaxonomyError) as caught:
        Taxonomy.from_file(tmp_path / "t.csv")
    assert str(caught.value) == f"{tmp_path / 't.csv'}{what}"


REMARK = "Source: the ministry, 2024"
LEVELS: Rows = [["Level 1", "Level 2"], ["Art", "Music"], ["Art", "Film"], ["Sport", "Ball"]]


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ([*LEVELS, [None, None], [REMARK]], 6),
        ([*LEVELS[:3], [REMARK]], 4),
        ([*LEVELS[:2], [REMARK], *LEVELS[2:]], 3),
        (
            [["code", "parent"], ["a", None], ["b", "a"], ["c", None], ["d", "c"], [REMARK, None]],
            6,
        ),
        ([["path"], ["Art > Film"], ["Sport > Ball"], [REMARK]], 4),
    ],
)
def test_a_remark_that_becomes_a_label_is_told(tmp_path: Path, rows: Rows, line: int) -> None:
    path = workbook(tmp_path, rows)
    taxonomy = Taxonomy.from_file(path)
    assert REMARK in taxonomy.codes
    assert taxonomy.notes == (
        f"{path}:{line}: {REMARK!r} is a label at the top with nothing below it, unlike others. If "
        "it is a remark, take the row out.",
    )


@pytest.mark.parametrize(
    "rows",
    [
        LEVELS,
        [*LEVELS, ["Cooking"], ["Travel"], ["Gardens"]],  # too many to be remarks
        [["Level 1", "Level 2"], ["Art"], ["Sport"]],
        [  # the last one has a name
            ["code", "name", "parent"],
            *(["a", "A"], ["b", "B", "a"], ["c", "C"], ["d", "D", "c"], ["e", "E"]),
        ],
    ],
)
def test_labels_at_the_top_are_no_remarks(tmp_path: Path, rows: Rows) -> None:
    assert Taxonomy.from_file(workbook(tmp_path, rows)).notes == ()
