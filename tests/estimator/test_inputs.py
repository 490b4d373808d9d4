"""X and y in all their forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import coo_array, csr_matrix

from harnn import Document, HierarchicalLabelBinarizer, Taxonomy
from harnn.errors import ConfigError, DocumentError
from harnn.estimator.label_sets import read_label_sets
from harnn.estimator.texts import columns_of, read_texts
from support.topics import TAXONOMY

TEXTS = ["purring whiskers", "", "barking leash 树"]
FIELDS = [{"title": "a", "body": "b"}, {"title": "c", "body": None}]
LABELS = [["cat"], [], ["dog", "rose"]]
MARKS = np.array([[1, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0], [1, 1, 0, 1, 0, 1]])


@pytest.mark.parametrize(
    "X",
    [
        TEXTS,
        tuple(TEXTS),
        iter(TEXTS),
        np.array(TEXTS),
        np.array(TEXTS, dtype=object),
        np.array(TEXTS, dtype=object)[:, np.newaxis],
        pd.Series(TEXTS, index=[7, 7, 1]),
        pd.Series(TEXTS, dtype="category"),
        pd.DataFrame({"text": TEXTS}, index=[9, 8, 7]),
        pl.Series(TEXTS),
        pl.DataFrame({"any": TEXTS}),
        pa.array(TEXTS),
        pa.chunked_array([TEXTS[:1], TEXTS[1:]]),
        pa.table({"text": TEXTS}),
        [{"text": text} for text in TEXTS],
        [Document("x", {"text": text}) for text in TEXTS],
    ],
    ids=lambda X: type(X).__module__.partition(".")[0] + "." + type(X).__name__,
)
def test_texts(X: Any) -> None:
    documents = read_texts(X)
    assert [document.full_text for document in documents] == TEXTS
    assert all(type(part) is str for document in documents for part in document.text.values())
    assert [document.id for document in documents] == ["0", "1", "2"]
    assert [document.source for document in documents] == ["X[0]", "X[1]", "X[2]"]


@pytest.mark.parametrize("make", [list, pd.DataFrame, pl.DataFrame, pa.Table.from_pylist])
def test_fields(make: Any) -> None:
    X = make(FIELDS)
    assert [document.full_text for document in read_texts(X)] == ["a\nb", "c"]
    assert [document.full_text for document in read_texts(X, ["body", "title"])] == ["b\na", "c"]
    assert [dict(document.text) for document in read_texts(X, ["title"])] == [
        {"title": "a"},
        {"title": "c"},
    ]
    assert columns_of(X) == (() if make is list else ("title", "body"))


deep: Any = []
for _ in range(60):
    deep = [deep]
NUMBERS = "These estimators read texts themselves: give them texts, without a vectorizer before."


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("a text", "X: is one text, expected a list of them: give [text]."),
        (FIELDS[0], "X: is one text, expected a list of them: give [text]."),
        (5, "X: is int, expected a list of texts."),
        (np.ones((2, 3)), f"X: holds numbers, expected texts. {NUMBERS}"),
        (csr_matrix((2, 3)), f"X: holds numbers, expected texts. {NUMBERS}"),
        (
            np.array([["a", "b"]]),
            "X: is an array of shape (1, 2), expected one text a document. Give several fields as "
            "a frame or as dicts.",
        ),
        (["a", None], 'X[1]: is missing, expected a text. Give "" for none.'),
        (pd.Series(["a", np.nan]), 'X[1]: is missing, expected a text. Give "" for none.'),
        (["a", pd.NA], 'X[1]: is missing, expected a text. Give "" for none.'),
        (np.array(["a", pd.NaT]), 'X[1]: is missing, expected a text. Give "" for none.'),
        ([np.float32("nan")], 'X[0]: is missing, expected a text. Give "" for none.'),
        ([np.ones(3)], f"X[0]: is list, expected a text. {NUMBERS}"),
        (deep, "X[0]: a value is nested too deeply, expected a text."),
        ({"a", "b"}, "X: is set, expected a list of texts."),
        ([b"a"], "X[0]: is bytes, expected a text."),
        ([1.5], f"X[0]: is float, expected a text. {NUMBERS}"),
        ([["a", "b"]], "X[0]: is list, expected a text."),
        ([{"title": 3}], "X[0]: 'title' is a whole number, expected a string or a list of words."),
        (pd.DataFrame({"n": [1, 2]}), None),
    ],
)
def test_what_is_no_text(X: Any, message: str | None) -> None:
    with pytest.raises(DocumentError) as caught:
        read_texts(X)
    if message is not None:
        assert str(caught.value) == message


@pytest.mark.parametrize("nothing", [None, np.nan, pd.NA, pd.NaT, np.float32("nan")], ids=repr)
def test_what_is_missing_counts_as_in_frames(nothing: Any) -> None:
    """In whatever of scikit-learn's containers it stands."""
    fields = [{"title": "a", "body": nothing}, {"title": "b", "body": "c"}]
    assert [document.full_text for document in read_texts(fields)] == ["a", "b\nc"]
    frame = pd.DataFrame(fields, dtype=object)
    assert [document.full_text for document in read_texts(frame)] == ["a", "b\nc"]
    rows = np.array([["cat", "animal"], [nothing, ""], ["dog", "rose"]], dtype=object)
    assert (read_label_sets(rows, TAXONOMY).sets.toarray() == MARKS).all()
    for y in ([["cat"], nothing], pd.Series([["cat"], nothing], dtype=object)):
        with pytest.raises(DocumentError) as caught:
            read_label_sets(y, TAXONOMY)
        assert str(caught.value) == "y[1]: is missing, expected labels. Give [] for none."
    with pytest.raises(DocumentError, match=r"^y\[0\]: holds NoneType, expected labels as strings"):
        read_label_sets([["cat", nothing]], TAXONOMY)


def test_values_of_arrow() -> None:
    assert [x.full_text for x in read_texts(list(pa.array(["a", "b"])))] == ["a", "b"]
    labels = list(pa.array(LABELS))
    assert (read_label_sets(labels, TAXONOMY).sets.toarray() == MARKS).all()


def test_problems_are_gathered_and_capped() -> None:
    with pytest.raises(DocumentError) as caught:
        read_texts(["a", *[None] * 30, b"x"])
    assert len(caught.value.problems) == 31
    lines = str(caught.value).splitlines()
    assert lines[6:] == ["  ... and 25 more like this.", "  X[31]: is bytes, expected a text."]


def test_a_field_that_is_missing() -> None:
    with pytest.raises(DocumentError, match=r"X\[1\]: has no text field 'body'\."):
        read_texts([FIELDS[0], {"title": "x"}], ["title", "body"])


@pytest.mark.parametrize(
    ("y", "form"),
    [
        (LABELS, "labels"),
        ([tuple(each) for each in LABELS], "labels"),
        ([set(each) for each in LABELS], "labels"),
        ([np.array(each) for each in LABELS], "labels"),
        ([["cat", "cat"], (), ["rose", "animal", "dog"]], "labels"),
        (np.array([["animal", "cat", ""], ["", "", ""], ["dog", "rose", ""]]), "labels"),
        (pd.Series(LABELS, index=[3, 3, 3]), "labels"),
        (pl.Series(LABELS), "labels"),
        (pa.array(LABELS), "labels"),
        (pd.DataFrame({"labels": LABELS}), "labels"),
        (MARKS, "indicator"),
        (MARKS.astype(bool), "indicator"),
        (MARKS.astype(float), "indicator"),
        (MARKS[:, [0, 1, 2, 3, 4, 5]] * [0, 0, 1, 1, 1, 1], "indicator"),
        (csr_matrix(MARKS), "sparse"),
        (coo_array(MARKS), "sparse"),
        (pd.DataFrame(MARKS, columns=TAXONOMY.codes), "indicator"),
        (pd.DataFrame(MARKS[:, ::-1], columns=TAXONOMY.codes[::-1]), "indicator"),
        (pd.DataFrame(MARKS, columns=TAXONOMY.codes)[["rose", "cat", "dog"]], "indicator"),
        (pl.DataFrame(MARKS.astype(bool), schema=list(TAXONOMY.codes)), "indicator"),
        (pa.table(dict(zip(TAXONOMY.codes, MARKS.T, strict=True))), "indicator"),
    ],
)
def test_label_sets(y: Any, form: str) -> None:
    found = read_label_sets(y, TAXONOMY)
    assert (found.sets.toarray() == MARKS).all()
    assert found.sets.dtype == bool
    assert found.form == form


def test_one_label_a_document() -> None:
    expected = MARKS[[0, 0]]
    for y in (["cat", "cat"], np.array(["cat", "cat"]), np.array([["cat"], ["cat"]])):
        assert (read_label_sets(y, TAXONOMY).sets.toarray() == expected).all()
    for frame in (pd.Series(["cat", "cat"]), pd.DataFrame({"cat": ["cat", "cat"]})):
        assert (read_label_sets(frame, TAXONOMY).sets.toarray() == expected).all()


def test_a_frame_of_one_label_is_a_matrix() -> None:
    found = read_label_sets(pd.DataFrame({"cat": [1, 0]}), TAXONOMY)
    assert found.form == "indicator"
    assert (found.sets.toarray() == MARKS[[0, 1]]).all()


def test_labels_that_are_numbers() -> None:
    from harnn import Taxonomy

    numbers = Taxonomy.from_edges([("1", "ROOT"), ("2", "1")])
    for y in ([[2]], np.array([2]), np.array([[2]]), [np.int64(2)], [{2}]):
        assert read_label_sets(y, numbers).sets.toarray().tolist() == [[True, True]]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ("cat", "y: is str, expected the labels of each document."),
        (None, "y: is NoneType, expected the labels of each document."),
        ({"cat", "dog"}, "y: is set, expected the labels of each document."),
        (deep, "y[0]: a value is nested too deeply, expected labels."),
        ([{"cat": 1}], "y[0]: is dict, expected labels. Give [] for none."),
        ([["cat", None]], "y[0]: holds NoneType, expected labels as strings."),
        ([["cat", 1.0]], "y[0]: holds float, expected labels as strings."),
        ([None], "y[0]: is missing, expected labels. Give [] for none."),
        ([True], "y[0]: is bool, expected labels. Give [] for none."),
        ([["catt"]], "y[0]: unknown label 'catt'. Did you mean 'cat'?"),
        (
            ["cat;dog"],
            "y[0]: unknown label 'cat;dog'. It looks like 2 labels. In a table "
            "data.label_separator=';' (--label-separator ';') reads them.",
        ),
        (
            np.ones((3, 5)),
            "y: has shape (3, 5), expected a column for each of 6 labels. Their order is that of "
            "taxonomy.codes.",
        ),
        (MARKS * 2, "y: is a matrix with other numbers than 0 and 1."),
        (csr_matrix(MARKS * 0.5), "y: is a matrix with other numbers than 0 and 1."),
        (np.full((2, 6), np.nan), "y: is a matrix with other numbers than 0 and 1."),
        (
            pd.DataFrame({"cat": [1], "dgo": [1]}),
            "y: column 'dgo' is no label. Did you mean 'dog'?",
        ),
        (
            pd.DataFrame({"cat": [1], "dog": ["x"]}),
            "y: column 'dog' holds other things than 0 and 1.",
        ),
        (pd.DataFrame([[1, 0]], columns=["cat", "cat"]), None),
    ],
)
def test_what_are_no_label_sets(y: Any, message: str | None) -> None:
    from harnn.errors import InputError

    with pytest.raises(InputError) as caught:
        read_label_sets(y, TAXONOMY)
    if message is not None:
        assert str(caught.value) == message


def test_columns_that_are_no_labels_are_looked_for_by_name() -> None:
    names = {"cat": "Domestic cat"}
    named = Taxonomy.from_edges([("cat", "ROOT"), ("dog", "ROOT")], names=names)
    frame = pd.DataFrame({"cat, domestic": [1], "dog": [1]})
    with pytest.raises(DocumentError) as caught:
        read_label_sets(frame, named)
    assert str(caught.value) == (
        "y: column 'cat, domestic' is no label. Did you mean 'cat' (Domestic cat)?"
    )


def test_a_matrix_as_lists_is_told_how_to_be_given() -> None:
    with pytest.raises(DocumentError) as caught:
        read_label_sets([[1, 0, 1, 0, 0, 0]], TAXONOMY)
    hint = "Give an indicator matrix as an array: numpy.asarray(y)."
    assert [str(problem) for problem in caught.value.problems] == [
        f"y[0]: unknown label '1'. {hint}",
        f"y[0]: unknown label '0'. {hint}",
    ]


def test_unknown_labels_are_left_out_where_that_is_wanted() -> None:
    y = [["cat", "fish"], ["bird"], ["dog", "rose"]]
    warning = "labels that are not in the taxonomy are left out: 'fish', 'bird'$"
    with pytest.warns(UserWarning, match=warning):
        found = read_label_sets(y, TAXONOMY, unknown="warn")
    assert (found.sets.toarray() == MARKS).all()
    assert (read_label_sets(y, TAXONOMY, unknown="ignore").sets.toarray() == MARKS).all()
    frame = pd.DataFrame(MARKS, columns=TAXONOMY.codes).assign(fish=1)
    assert (read_label_sets(frame, TAXONOMY, unknown="ignore").sets.toarray() == MARKS).all()
    with pytest.warns(UserWarning, match="columns that are not in the taxonomy are left out: 'f"):
        read_label_sets(frame, TAXONOMY, unknown="warn")
    with pytest.raises(ConfigError, match="unknown_labels: got 'drop', expected one of error, "):
        read_label_sets(y, TAXONOMY, unknown="drop")  # type: ignore[arg-type]


def test_labels_by_name_and_with_another_spelling() -> None:
    """As everywhere: a name is a label, another case too, with one warning a spelling."""
    named = Taxonomy.from_edges([("A1", "ROOT"), ("A2", "ROOT")], names={"A1": "Joinery"})
    binarizer = HierarchicalLabelBinarizer(named)
    assert binarizer.fit_transform([["Joinery"], ["A2"]]).tolist() == [[1, 0], [0, 1]]
    with pytest.warns(UserWarning, match=r"^y\[0\]: label 'JOINERY' read as 'A1'\.$"):
        assert binarizer.transform([["JOINERY"], ["JOINERY"]]).tolist() == [[1, 0]] * 2
