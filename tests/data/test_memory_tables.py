"""Documents out of data frames, Arrow tables and data sets of Hugging Face."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import harnn
from harnn.config import DataConfig
from harnn.data import (
    Document,
    ReadingLog,
    learn_taxonomy,
    read_documents,
    read_labelled,
    split_given,
    survey_documents,
)
from harnn.errors import DocumentError
from harnn.taxonomy import Taxonomy

TAXONOMY = Taxonomy.from_edges([("Food", "ROOT"), ("Soup", "Food"), ("Art", "ROOT")])
MAKERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "arrow": pa.table,
    "batch": lambda columns: pa.RecordBatch.from_pydict(columns),
    "datasets": lambda columns: pytest.importorskip("datasets").Dataset.from_dict(columns),
}
COLUMNS: dict[str, Any] = {
    "id": ["a", "b", "c"],
    "text": ["one", "two", "three"],
    "labels": [["Food", "Soup"], ["Art"], []],
    "other": [1, 2, 3],
}


@pytest.fixture(params=MAKERS)
def make(request: pytest.FixtureRequest) -> Callable[[dict[str, Any]], Any]:
    return MAKERS[request.param]


def test_documents_of_a_frame(make: Callable[[dict[str, Any]], Any]) -> None:
    assert list(read_documents(make(COLUMNS))) == [
        Document("a", {"text": "one"}, ("Food", "Soup"), "row 1 of the table"),
        Document("b", {"text": "two"}, ("Art",), "row 2 of the table"),
        Document("c", {"text": "three"}, (), "row 3 of the table"),
    ]


def test_cells_of_labels_are_split_and_numbers_are_codes(
    make: Callable[[dict[str, Any]], Any],
) -> None:
    frame = make({"text": ["x", "y"], "labels": ["Food; Soup", None]})
    assert [d.labels for d in read_documents(frame)] == [("Food", "Soup"), ()]
    frame = make({"text": ["x", "y"], "labels": [12.0, None]})
    assert [d.labels for d in read_documents(frame)] == [("12",), ()]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT])
def test_an_empty_cell_holds_no_labels_whatever_stands_for_it(tmp_path: Path, missing: Any) -> None:
    columns = {"text": ["x", "y"], "labels": ["Food", missing], "more": [missing, "Art"]}
    frame = pd.DataFrame(columns)
    frame.to_csv(tmp_path / "d.csv", index=False)
    frame.astype(object).where(frame.notna(), None).to_parquet(tmp_path / "d.parquet")
    frame.to_excel(tmp_path / "d.xlsx", index=False)
    given = [frame, *(tmp_path / f"d{suffix}" for suffix in (".csv", ".parquet", ".xlsx"))]
    for each in given:
        found = [d.labels for d, _ in read_labelled(each, DataConfig(), TAXONOMY)]
        assert found == [("Food",), ()]
        both = DataConfig(label_fields=("labels", "more"))
        assert [d.labels for d in read_documents(each, both)] == [("Food",), ("Art",)]
        levels = DataConfig(level_fields=("labels", "more"))
        assert [d.labels for d in read_documents(each, levels)] == [("Food",), ("Art",)]
    with pytest.raises(DocumentError, match="has no labels, expected a list in 'labels'"):
        list(read_labelled([{"text": "x", "labels": None}], DataConfig(), TAXONOMY))


def test_documents_that_all_have_no_labels_are_told(tmp_path: Path) -> None:
    log = ReadingLog()
    frame = pd.DataFrame({"text": ["x", "y"], "labels": [None, None]})
    assert len(list(read_labelled(frame, DataConfig(), TAXONOMY, log))) == 2
    assert log.lines() == ["Warning: no document has labels."]


def test_columns_that_are_not_read_may_hold_anything(tmp_path: Path) -> None:
    times = pa.array([2**62], pa.timestamp("s"))  # no date of Python
    table = pa.table({"text": ["x"], "labels": [["Food"]], "when": times})
    assert [d.labels for d in read_documents(table)] == [("Food",)]
    with pytest.raises(DocumentError, match="cannot be read in rows 1 to 1"):
        list(read_documents(table, DataConfig(text_fields=("when",))))


def test_ids_are_what_a_sheet_shows(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": [7.0, np.nan, 2.5], "text": ["x", "y", "z"]})
    frame.to_parquet(tmp_path / "d.parquet")
    assert [d.id for d in read_documents(frame)] == ["7", "table:2", "2.5"]
    assert [d.id for d in read_documents(tmp_path / "d.parquet")] == ["7", "d.parquet:2", "2.5"]
    days = pd.DataFrame({"id": pd.to_datetime(["2020-01-02", None]), "text": ["x", "y"]})
    assert [d.id for d in read_documents(days)] == ["2020-01-02", "table:2"]


@pytest.mark.parametrize(
    "column", [pd.Series(["d.csv"]), pl.Series(["d.csv"]), pa.array(["d.csv"])]
)
def test_a_column_is_no_list_of_files(column: Any) -> None:
    for read in (read_documents, split_given):
        with pytest.raises(TypeError, match="got one column; give the frame"):
            list(read(column))


def test_rows_without_ids_are_counted(make: Callable[[dict[str, Any]], Any]) -> None:
    frame = make({"text": ["x", "y"]})
    assert [d.id for d in read_documents(frame)] == ["table:1", "table:2"]


def test_errors_name_the_row(make: Callable[[dict[str, Any]], Any]) -> None:
    frame = make({"text": ["x", None, "z"], "labels": [["Food"], ["Food"], ["Soop"]]})
    with pytest.raises(DocumentError) as caught:
        list(read_labelled(frame, DataConfig(), TAXONOMY))
    assert [str(problem) for problem in caught.value.problems] == [
        "row 2 of the table: has no text: its text fields are empty.",
        "row 3 of the table: unknown label 'Soop'. Did you mean 'Soup'?",
    ]


def test_a_missing_column_is_said_with_the_option(make: Callable[[dict[str, Any]], Any]) -> None:
    with pytest.raises(DocumentError) as caught:
        list(read_documents(make({"body": ["x"], "tags": ["Food"]})))
    assert str(caught.value) == (
        "the table: the table has no column 'text' (or 'title' and 'abstract'), "
        "found 'body', 'tags'. Set data.text_fields=body (--text-field body) if that is the text."
    )


def test_several_tables_have_numbers() -> None:
    frames = [pd.DataFrame(COLUMNS), pl.DataFrame(COLUMNS)]
    sources = [document.source for document in read_documents(frames)]
    assert sources[2:4] == ["row 3 of table 1", "row 1 of table 2"]
    survey = survey_documents(frames)
    assert [str(warning) for warning in survey.warnings[:2]] == [
        "row 1 of table 2: the same text as row 1 of table 1; 3 texts stand in both files.",
        "row 1 of table 2: the same id as row 1 of table 1; 3 ids stand in both files.",
    ]
    assert [file.name for file in survey.files] == ["table 1", "table 2"]


def test_columns_of_other_case_are_read_with_one_warning(
    make: Callable[[dict[str, Any]], Any],
) -> None:
    log = ReadingLog()
    frame = make({"ID": [7], "Text": ["x"], "Labels": [["Food"]]})
    assert [d.id for d in read_documents(frame, log=log)] == ["7"]
    assert [str(warning) for warning in log.warnings] == [
        "the table: the table has other names of columns: "
        "reads 'ID' as 'id', 'Text' as 'text', 'Labels' as 'labels'."
    ]


def test_what_pandas_and_arrow_hold_is_read() -> None:
    frame = pd.DataFrame(
        {
            "id": pd.array([1, None], dtype="Int64"),
            "text": pd.Categorical(["x", "y"]),
            "labels": [np.array(["Food", "Soup"], dtype=object), None],
        }
    )
    first, second = read_documents(frame)
    assert (first.id, first.full_text, first.labels) == ("1", "x", ("Food", "Soup"))
    assert (second.id, second.labels) == ("table:2", ())
    table = pa.table(
        {
            "text": [{"title": "t", "body": "b"}, {"title": "u", "body": None}],
            "labels": pa.array(["Food", "Art"]).dictionary_encode(),
        }
    )
    first, second = read_documents(table)
    assert first.text == {"title": "t", "body": "b"}
    assert second.text == {"title": "u"}
    assert first.labels == ("Food",)
    fields = read_documents(table, DataConfig(text_fields=("body", "title")), labelled=False)
    assert next(fields).text == {"body": "b", "title": "t"}


def test_index_records_in_a_frame() -> None:
    frame = pl.DataFrame(
        {"title": [["a"]], "abstract": [["b"]], "top": [[0]], "low": [[1]], "labels": [[0, 3]]}
    )
    [document] = read_documents(frame)
    assert document.labels == ("top:0", "low:1")
    assert learn_taxonomy(frame).taxonomy.codes[0] == "top:0"


def test_lists_of_dictionaries(sample_predictor: harnn.Predictor) -> None:
    records: list[dict[str, Any]] = [
        {"id": "a", "text": "one", "labels": ["Food"]},
        {"text": {"title": "t", "body": "b"}, "labels": [5]},
        {"text": "one", "labels": "Food"},
    ]
    first, second = read_documents(records[:2])
    assert first == Document("a", {"text": "one"}, ("Food",), "item 1 of the list")
    assert (second.id, second.full_text, second.labels) == ("item:2", "t\nb", ("5",))
    with pytest.raises(DocumentError) as caught:
        list(read_documents(records))
    assert str(caught.value) == (
        "item 3 of the list: 'labels' is a string, expected a list of strings. Write [\"Food\"]."
    )
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(DocumentError) as caught:
        list(read_documents([{"text": endless}]))
    assert str(caught.value) == (
        "item 1 of the list: cannot be read: a value is nested too deeply."
    )
    survey = survey_documents([*records[:2], {"text": "One", "labels": []}])
    assert str(survey.warnings[0]).startswith(
        "item 3 of the list: the same text as item 1 of the list;"
    )
    assert [answer.id for answer in sample_predictor.predict(records)] == ["a", "item:2", "item:3"]


def test_parquet_has_several_columns_of_labels_too(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    columns = {"text": ["x"], "Label 1": ["F"], "Label 2": [["S", "T"]], "other": [1]}
    pytest.importorskip("pyarrow.parquet").write_table(pa.table(columns), path)
    config = DataConfig(label_fields=("label 1", "Label 2"))
    assert [d.labels for d in read_documents(path, config)] == [("F", "S", "T")]
    assert [d.labels for d in read_documents(pa.table(columns), config)] == [("F", "S", "T")]


@pytest.mark.parametrize("given", [5, ["a", 5], [pd.DataFrame(), Document("1", {})]])
def test_what_is_no_table_is_refused(given: Any) -> None:
    with pytest.raises(TypeError):
        split_given(given)
    assert split_given([]) == ([], [])


def test_lazy_frames_are_to_be_collected() -> None:
    with pytest.raises(DocumentError) as caught:
        frame: Any = pl.DataFrame(COLUMNS).lazy()
        list(read_documents(frame))
    assert str(caught.value) == (
        "the table: is a lazy frame, which holds no rows yet. Collect it first: frame.collect()."
    )


def test_a_large_frame_is_read_in_batches() -> None:
    rows = 3_000
    table = pa.table({"text": ["words " * 500] * rows, "labels": [["Food"]] * rows})
    next(read_documents(table))  # what is imported counts for nothing
    tracemalloc.start()
    try:
        assert sum(1 for _ in read_documents(table)) == rows
        assert tracemalloc.get_traced_memory()[1] < 4 << 20  # all of it is 9 MB of texts
    finally:
        tracemalloc.stop()


class TestDatasets:
    """Of the library ``datasets`` of Hugging Face."""

    @pytest.fixture
    def made(self) -> Any:
        datasets = pytest.importorskip("datasets")
        classes = datasets.ClassLabel(names=["Food", "Soup", "Art"])
        features = datasets.Features(
            {
                "text": datasets.Value("string"),
                "labels": datasets.Sequence(classes),
                "topic": classes,
            }
        )
        rows = {"text": ["x", "y", "z"], "labels": [[0, 1], [2], []], "topic": [0, 2, -1]}
        return datasets.Dataset.from_dict(rows, features=features)

    def test_classes_have_their_names(self, made: Any) -> None:
        assert [d.labels for d in read_documents(made)] == [("Food", "Soup"), ("Art",), ()]
        config = DataConfig(labels_field="topic")
        assert [d.labels for d in read_documents(made, config)] == [("Food",), ("Art",), ()]

    def test_what_is_selected_or_streamed(self, made: Any) -> None:
        assert [d.full_text for d in read_documents(made.select([2, 0]))] == ["z", "x"]
        streamed = made.to_iterable_dataset()
        assert [d.labels for d in read_documents(streamed)] == [("Food", "Soup"), ("Art",), ()]

    def test_directories(self, made: Any, tmp_path: Path) -> None:
        datasets = pytest.importorskip("datasets")
        made.save_to_disk(tmp_path / "one")
        documents = list(read_documents(tmp_path / "one"))
        assert [d.labels for d in documents] == [("Food", "Soup"), ("Art",), ()]
        assert documents[1].source == f"{tmp_path / 'one'}:2"
        datasets.DatasetDict({"train": made, "test": made}).save_to_disk(tmp_path / "two")
        with pytest.raises(DocumentError) as caught:
            list(read_documents(tmp_path / "two"))
        assert str(caught.value) == (
            f"{tmp_path / 'two'}: holds several splits of a data set: test, train. "
            f"Give one of them: {tmp_path / 'two' / 'test'}."
        )
        assert len(list(read_documents(tmp_path / "two" / "train"))) == 3

    def test_splits(self, made: Any) -> None:
        datasets = pytest.importorskip("datasets")
        assert len(list(read_documents(datasets.DatasetDict({"train": made})))) == 3
        with pytest.raises(DocumentError) as caught:
            list(read_documents(datasets.DatasetDict({"train": made, "test": made})))
        assert str(caught.value) == (
            "the table: holds 2 splits: 'train', 'test'. Give one of them: dataset['train']."
        )

    @pytest.mark.parametrize(
        ("name", "data"),
        [
            ("state.json", b"[]"),
            ("state.json", b'{"_data_files": [{"filename": "../../other.arrow"}]}'),
            ("dataset_info.json", b'{"features": 5}'),
            ("data-00000-of-00001.arrow", b"\xff\xff\xff\xff\x10"),
        ],
    )
    def test_damaged_directories(self, made: Any, tmp_path: Path, name: str, data: bytes) -> None:
        made.save_to_disk(tmp_path / "one")
        (tmp_path / "one" / name).write_bytes(data)
        with pytest.raises(DocumentError, match="is damaged"):
            list(read_documents(tmp_path / "one"))


def test_training_validating_predicting_and_evaluating_with_frames(
    make: Callable[[dict[str, Any]], Any],
) -> None:
    texts = ["soup of leek", "a fine painting", "hot soup", "painting of oil"] * 6
    labels = [["Soup"], ["Art"], ["Soup"], ["Art"]] * 6
    frame = make({"text": texts, "labels": labels})
    config = harnn.Config.from_dict({"model": {"preset": "fast"}, "text": {"min_count": 1}})
    assert harnn.validate(frame, TAXONOMY, config, test_paths=frame).ok
    result = harnn.fit(TAXONOMY, frame, frame, config)
    predictor = harnn.Predictor.from_result(result)
    answers = predictor.predict(make({"text": ["hot leek soup", "oil painting"]}))
    assert [answer.labels[-1].label for answer in answers] == ["Soup", "Art"]
    assert predictor.evaluate(frame).documents == 24


@pytest.mark.parametrize(
    "column",
    [pd.Series(["soup", "oil"]), pl.Series(["soup", "oil"]), pa.chunked_array([["soup"], ["oil"]])],
)
def test_predicting_a_column(column: Any, sample_predictor: harnn.Predictor) -> None:
    answers = sample_predictor.predict(column)
    assert [answer.id for answer in answers] == ["1", "2"]


def test_a_column_with_holes_is_an_error_that_names_the_row(
    sample_predictor: harnn.Predictor,
) -> None:
    with pytest.raises(DocumentError) as caught:
        sample_predictor.predict(pd.Series(["soup", None, 5]))
    assert [str(problem) for problem in caught.value.problems] == [
        "row 2 of the column: holds nothing, expected a string.",
        "row 3 of the column: holds <class 'int'>, expected a string.",
    ]


@pytest.fixture(scope="module")
def sample_predictor() -> harnn.Predictor:
    model = Path(__file__).parents[1] / "golden" / "format-3"
    return harnn.Predictor.load(model / "fast")
