"""Labels as spreadsheets, pandas and people write them."""

from __future__ import annotations

import datetime
import importlib.util
from pathlib import Path
from typing import Any

import pytest

from harnn.config import DataConfig
from harnn.data import ReadingLog, read_documents, read_labelled, survey_documents
from harnn.data.label_cells import read_label_cell
from harnn.errors import DocumentError, Problem, group_problems
from harnn.taxonomy import Taxonomy

CODES = ("12", "0123", "01.20", "Food", "Soup", "Food; drink", "a")
TAXONOMY = Taxonomy.from_edges([(code, "ROOT") for code in CODES])


@pytest.mark.parametrize(
    ("cell", "labels"),
    [
        ("a; b;", ["a", "b"]),
        ('["a", "b c"]', ["a", "b c"]),
        ("['a', 'b c']", ["a", "b c"]),
        ("['it\\'s', \"it's\",]", ["it's", "it's"]),
        ("[1, 2]", [1, 2]),
        ("[]", []),
        ("['a' 'b']", ["['a' 'b']"]),
        ("[a, b]", ["[a, b]"]),
        ("['a\\n', 'b']", ["['a\\n', 'b']"]),
        ("[" * 5_000 + "]" * 5_000, ["[" * 5_000 + "]" * 5_000]),
        ("a;['b']", ["a", "['b']"]),
    ],
)
def test_cells(cell: str, labels: list[Any]) -> None:
    assert read_label_cell(cell, ";") == labels


@pytest.mark.parametrize("name", ["d.csv", "d.tsv"])
def test_lists_in_cells(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("text\tlabels\nx\t['Food', 'Soup']\ny\t[12]\n", encoding="utf-8")
    assert [d.labels for d in read_documents(path)] == [("Food", "Soup"), ("12",)]


NUMBER = "Was it {!r} before a program read it as a number? Keep codes as text."


@pytest.mark.parametrize(
    ("label", "hint"),
    [
        ("12.0", NUMBER.format("12")),
        ("123", NUMBER.format("0123")),
        ("123.0", NUMBER.format("0123")),
        ("1.2", NUMBER.format("01.20")),
        (
            "Food|Soup",
            "It looks like 2 labels. "
            "In a table data.label_separator='|' (--label-separator '|') reads them.",
        ),
        (
            "Food, 12, a",
            "It looks like 3 labels. "
            "In a table data.label_separator=',' (--label-separator ',') reads them.",
        ),
        ("['Food' 'Soup']", 'It looks like a list: write the labels as ["a", "b"].'),
        ("fodo", "Did you mean 'Food'?"),
        ("|", ""),
        ("x" * 1_000_000, ""),
    ],
)
def test_unknown_labels_that_look_like_known_ones(tmp_path: Path, label: str, hint: str) -> None:
    path = tmp_path / "d.tsv"
    path.write_text(f"text\tlabels\nx\t{label}\n", encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        list(read_labelled(path, DataConfig(), TAXONOMY))
    [problem] = caught.value.problems
    assert problem.hint == hint
    assert len(str(problem)) < 400


def test_a_wrong_separator_of_names_is_seen(tmp_path: Path) -> None:
    names = {"n1": "VPN Login", "n2": "Screen"}
    taxonomy = Taxonomy.from_edges([("n1", "ROOT"), ("n2", "ROOT")], names)
    path = tmp_path / "d.tsv"
    path.write_text("text\tlabels\nx\tvpn login, Screen\ny\tVPN Login, Scream\n", "utf-8")
    with pytest.raises(DocumentError) as caught:
        list(read_labelled(path, DataConfig(), taxonomy))
    assert [problem.hint for problem in caught.value.problems] == [
        "It looks like 2 labels. "
        "In a table data.label_separator=',' (--label-separator ',') reads them.",
        "Did you mean 'VPN Login'?",
    ]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("12.0", "'labels' is a decimal number, expected a list of strings. Write [\"12\"]."),
        ("12", "'labels' is a whole number, expected a list of strings. Write [\"12\"]."),
        ("true", "'labels' is true or false, expected a list of strings."),
        (
            "[12.0]",
            "'labels' holds a decimal number at position 1, expected strings or whole numbers. "
            'Write "12".',
        ),
        (
            "[1.5]",
            "'labels' holds a decimal number at position 1, expected strings or whole numbers.",
        ),
    ],
)
def test_numbers_in_json(tmp_path: Path, labels: str, message: str) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(f'{{"text": "x", "labels": {labels}}}', encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        list(read_documents(path))
    assert str(caught.value) == f"{path}:1: {message}"
    assert [d.labels for d in read_documents(path, labelled=False)] == [None]


def write_parquet(path: Path, columns: dict[str, Any]) -> None:
    pa = pytest.importorskip("pyarrow")
    pytest.importorskip("pyarrow.parquet").write_table(pa.table(columns), path)


def test_parquet_labels_of_any_type(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    path = tmp_path / "d.parquet"
    kinds: list[tuple[Any, Any]] = [
        ([12], ("12",)),
        ([[12, 13]], ("12", "13")),
        ([b"a;b"], ("a", "b")),
        (["['a', 'b']"], ("a", "b")),
        (pa.array(["a;b"]).dictionary_encode(), ("a", "b")),
        ([12.0], ("12",)),
        ([[12.0, 13.0]], ("12", "13")),
        ([1.5], "'labels' is a decimal number, expected a list of strings."),
        (
            [[1.5]],
            "'labels' holds a decimal number at position 1, expected strings or whole numbers.",
        ),
        ([float("nan")], "'labels' is a decimal number, expected a list of strings."),
        ([datetime.date(2020, 1, 2)], "'labels' is a date, expected a list of strings."),
        ([True], "'labels' is true or false, expected a list of strings."),
    ]
    for values, expected in kinds:
        write_parquet(path, {"text": ["x"], "labels": values})
        if isinstance(expected, tuple):
            assert [d.labels for d in read_documents(path)] == [expected]
            continue
        with pytest.raises(DocumentError) as caught:
            list(read_documents(path))
        assert str(caught.value) == f"{path}:1: {expected}"
        assert [d.labels for d in read_documents(path, labelled=False)] == [None]


def test_parquet_values_that_python_cannot_hold(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    path = tmp_path / "d.parquet"
    bad = pa.array([b"ok", b"\xff\xfe"])
    columns = {
        "text": (pa.Array.from_buffers(pa.string(), 2, bad.buffers()), "is not UTF-8 (byte 1)."),
        "labels": (pa.array([0, 2**31 - 1], pa.int32()).cast(pa.date32()), "holds what is no str"),
    }
    if importlib.util.find_spec("pandas") is None:  # with it they are dates, which ids may be
        times = pa.array([0, 1], pa.timestamp("ns"))
        columns["id"] = (times, "holds what is no string and no whole number")
    for name, (values, message) in columns.items():
        table: dict[str, Any] = {"id": ["1", "2"], "text": ["x", "y"], "labels": [["a"], ["b"]]}
        table[name] = values
        write_parquet(path, table)
        log = ReadingLog()
        list(read_documents(path, DataConfig(on_error="skip"), log=log))
        assert str(log.problems[-1]).startswith(f"{path}:2: {name!r} {message}".rstrip())
        if name == "labels":
            assert len(list(read_documents(path, labelled=False))) == 2


RETIRED = '{"text": "x", "labels": ["Food", "old"]}\n{"text": "y", "labels": ["old", "older"]}\n'


def test_unknown_labels_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(RETIRED + '{"text": "z", "labels": []}\n', encoding="utf-8")
    config = DataConfig(on_error="drop-labels")
    log = ReadingLog()
    read = [d for d, columns in read_labelled(path, config, TAXONOMY, log)]
    assert [d.labels for d in read] == [("Food",), (), ()]
    assert (log.read, log.skipped, log.problems, log.emptied) == (3, 0, [], 1)
    assert dict(log.dropped) == {"old": 2, "older": 1}
    assert [str(w) for w in log.warnings] == [
        f"{path}:1: unknown label 'old' dropped.",
        f"{path}:2: unknown label 'old' dropped.",
        f"{path}:2: unknown label 'older' dropped.",
        f"{path}:2: has no label left: it counts as a document without any.",
    ]


def test_other_faults_are_errors_where_labels_are_dropped(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(RETIRED + "{\n" + '{"text": "z"}\n', encoding="utf-8")
    with pytest.raises(DocumentError) as caught:
        list(read_labelled(path, DataConfig(on_error="drop-labels"), TAXONOMY))
    assert [str(problem) for problem in caught.value.problems] == [
        f"{path}:3: is not valid JSON (column 2), expected one object a line.",
        f"{path}:4: has no labels, expected a list in 'labels'.",
    ]


def test_dropped_labels_are_warnings_of_the_survey(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl"
    path.write_text(RETIRED, encoding="utf-8")
    assert len(survey_documents(path, taxonomy=TAXONOMY).problems) == 3
    survey = survey_documents(path, taxonomy=TAXONOMY, config=DataConfig(on_error="drop-labels"))
    assert survey.ok
    assert str(survey.warnings[1]) == f"{path}:2: unknown label 'old' dropped."


def test_problems_are_grouped_by_kind() -> None:
    log = ReadingLog()
    for number in range(20_000):
        log.add((Problem(f"d:{number}", f"unknown label 'x{number}'."),))
        if number % 10_000 == 0:
            log.add((Problem(f"d:{number}", f"has {number} cells, expected 2."),))
    assert len(log.problems) == 10_000
    assert [str(problem) for problem in group_problems(log.problems, log.kinds)] == [
        "d:0: unknown label 'x0'.",
        "d:1: unknown label 'x1'.",
        "d:2: unknown label 'x2'.",
        "d:3: unknown label 'x3'.",
        "d:4: unknown label 'x4'.",
        "... and 19,995 more like this.",
        "d:0: has 0 cells, expected 2.",
        "... and 1 more like this.",
    ]
    few = [Problem(str(number), "the same.") for number in range(6)]
    assert group_problems(few) == few
    assert str(group_problems([*few, few[0]])[-1]) == "... and 2 more like this."


def test_the_number_of_kinds_is_bounded() -> None:
    log = ReadingLog()
    for number in range(5_000):
        log.add((Problem("", "of its own: " + "ab" * number),))
        log.drop(f"{number}")
    assert len(log.kinds) <= 1_001
    assert log.kinds.total() == 5_000
