"""Documents divided: what stays together, what is written, what is refused."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pyarrow as arrow
import pyarrow.parquet as parquet
import pytest

from harnn.config import DataConfig
from harnn.data import (
    Document,
    DocumentsPart,
    ReadingLog,
    SplitSettings,
    labelled_documents,
    open_rows,
    read_documents,
    split_documents,
    write_split,
)
from harnn.data.moments import Moments, cut_by_date
from harnn.data.split import divide_into_folds, hold_out
from harnn.data.split_files import part_files
from harnn.errors import ConfigError, DocumentError, InputError
from harnn.sample import sample
from harnn.taxonomy import Taxonomy

TAXONOMY = Taxonomy.from_edges([("a", "ROOT"), ("b", "ROOT"), ("c", "a"), ("d", "a"), ("e", "b")])


FLAT: list[dict[str, Any]] = [
    {"id": n, "text": f"été {n}", "labels": "cd"[n % 2], "author": f"w{n // 3}"} for n in range(24)
]
GROUPED = SplitSettings(test=0.25, valid=0.25, group_by="author")


def rows(count: int = 60) -> list[dict[str, Any]]:
    return [
        {
            "id": f"n{number}",
            "text": f"text {number}",
            "labels": ["cde"[number % 3]],
            "author": f"author {number % 12}",
            "year": 2000 + number // 6,
            "more": {"kept": [number, 1.50]},
        }
        for number in range(count)
    ]


def write(path: Path, records: Sequence[dict[str, Any]]) -> Path:
    with open_rows(path) as writer:
        for record in records:
            writer.write(record)
    return path


def ids_of(place: Path) -> list[str]:
    return [document.id for document in read_documents(place)]


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    return write(tmp_path / "all.jsonl", rows())


def test_every_row_is_in_one_part_to_the_byte(lines: Path, tmp_path: Path) -> None:
    raw = lines.read_bytes().replace(b"1.5]", b"1.50]").replace(b'{"id":"n3"', b'\n{ "id":"n3"')
    lines.write_bytes(raw.rstrip(b"\n"))
    split = split_documents(lines, taxonomy=TAXONOMY)
    places = write_split(split, tmp_path / "parts")
    assert list(places) == ["train", "valid", "test"]
    assert [place.name for place in places.values()] == ["train.jsonl", "valid.jsonl", "test.jsonl"]
    written = [line for place in places.values() for line in place.read_bytes().splitlines()]
    assert sorted(written) == sorted(line for line in raw.splitlines() if line)
    assert [part.documents for part in split.summaries] == [48, 6, 6]
    assert [part.labels for part in split.summaries] == [5, 5, 5]  # closed upward
    assert all(part.missing == 0 and part.deviation == 0 for part in split.summaries)
    for name, place in places.items():
        part = split.part(name)
        pairs = labelled_documents(part, TAXONOMY, DataConfig())
        assert [document.id for document, _ in pairs] == ids_of(place)
        assert len(part) == len(ids_of(place))


def test_same_seed_same_split(lines: Path) -> None:
    def parts(seed: int) -> list[int]:
        found: list[int] = split_documents(lines, SplitSettings(seed=seed)).parts.tolist()
        return found

    assert parts(1) == parts(1) != parts(2)


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".csv.gz", ".jsonl.zst", ".ndjson", ".parquet"])
def test_formats_are_kept(suffix: str, tmp_path: Path) -> None:
    path = write(tmp_path / f"all{suffix}", rows())
    places = write_split(split_documents(path, taxonomy=TAXONOMY), tmp_path / "parts")
    assert {place.name for place in places.values()} == {
        f"{name}{suffix}" for name in ("train", "valid", "test")
    }
    read = {each.id: each for each in read_documents(path)}
    found = [each for place in places.values() for each in read_documents(place)]
    assert sorted(each.id for each in found) == sorted(read)
    assert all(each.labels == read[each.id].labels for each in found)
    if suffix == ".parquet":
        tables = [parquet.read_table(place) for place in places.values()]
        assert tables[0].schema.equals(parquet.read_schema(path))
        assert sum(table.num_rows for table in tables) == 60
    if suffix == ".csv":
        text = "".join(place.read_text() for place in places.values())
        assert sorted(set(text.splitlines())) == sorted(path.read_text().splitlines())


def test_tables_keep_what_no_document_has(tmp_path: Path) -> None:
    """A line for Excel, another delimiter, a column without a name, lines in a cell, CRLF."""
    path = tmp_path / "all.csv"
    head = 'sep=;\r\n;id;text;"labels"\r\n'
    body = [f'{n};n{n};"one {n}\n""two""; 5"" pipe";{"cde"[n % 3]}\r\n' for n in range(30)]
    path.write_bytes((head + "\r\n" + "".join(body)).encode("utf-8-sig"))
    places = write_split(split_documents(path, taxonomy=TAXONOMY), tmp_path / "parts")
    rest = []
    for place in places.values():
        text = place.read_bytes().decode()
        assert text.startswith(head)
        rest.append(text.removeprefix(head))
    assert sorted("".join(rest).split("\r\n")) == sorted("".join(body).split("\r\n"))


def test_json_arrays_become_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "all.json"
    path.write_text(json.dumps(rows()))  # all on one line
    places = write_split(split_documents(path), tmp_path / "parts")
    found = [
        json.loads(line) for place in places.values() for line in place.read_text().splitlines()
    ]
    assert sorted(found, key=lambda row: int(row["id"][1:])) == rows()


def test_index_records(tmp_path: Path) -> None:
    records = [
        {
            "id": str(n), "title": ["a"], "abstract": [f"b{n}"], "top": [n % 2], "leaf": [n % 4],
            "labels": [n % 2, 2 + n % 4],
        }
        for n in range(40)
    ]  # fmt: skip
    path = write(tmp_path / "all.jsonl", records)
    split = split_documents(path, SplitSettings(test=0.25, valid=0))
    assert sum(part.documents for part in split.summaries) == 40
    assert [part.labels for part in split.summaries] == [6, 6]
    places = write_split(split, tmp_path / "parts")
    written = "".join(place.read_text() for place in places.values())
    assert sorted(written.splitlines()) == sorted(path.read_text().splitlines())


def test_several_files_and_bad_rows(tmp_path: Path) -> None:
    first, second = write(tmp_path / "1.jsonl.gz", rows(40)), tmp_path / "2.jsonl.gz"
    second.write_bytes(gzip.compress(b'{"text": 5}\n' + json.dumps(rows(1)[0]).encode()))
    with pytest.raises(DocumentError, match=r"2\.jsonl\.gz:1: 'text' is a whole number"):
        split_documents([first, second])
    log, config = ReadingLog(), DataConfig(on_error="skip")
    split = split_documents([first, second], config=config, log=log)
    assert (len(split.parts), log.skipped) == (41, 1)
    assert split.notes == ("1 document repeats an earlier text and stays with it.",)
    places = write_split(split, tmp_path / "parts", config)
    assert sorted(name for place in places.values() for name in ids_of(place)) == sorted(
        [*(row["id"] for row in rows(40)), "n0"]
    )


def test_groups_stay_together(lines: Path) -> None:
    settings = SplitSettings(group_by="author", test=0.25, valid=0.25)
    split = split_documents(lines, settings, taxonomy=TAXONOMY)
    authors = [row["author"] for row in rows()]
    parts = {(author, part) for author, part in zip(authors, split.parts.tolist(), strict=True)}
    assert len(parts) == 12
    assert split.notes == ("12 groups by 'author'.",)
    assert len(set(split.parts.tolist())) == 3


def test_documents_without_a_group(tmp_path: Path) -> None:
    some = rows()
    del some[0]["author"]
    some[1]["author"] = ""
    split = split_documents(write(tmp_path / "all.jsonl", some), SplitSettings(group_by="author"))
    assert split.notes[1] == "2 documents have no value in it and are each a group of their own."


def test_repeated_texts_stay_together(tmp_path: Path) -> None:
    some = rows()
    for number in range(30):
        some[number]["text"] = ["SAME  text", "same text"][number % 2]
    split = split_documents(write(tmp_path / "all.jsonl", some))
    assert len(set(split.parts[:30].tolist())) == 1
    assert split.notes == ("29 documents repeat earlier texts and stay with them.",)


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_by_date(suffix: str, tmp_path: Path) -> None:
    path = write(tmp_path / f"all{suffix}", list(reversed(rows())))
    split = split_documents(path, SplitSettings(by_date="year", test=0.2, valid=0.2))
    assert split.parts.tolist() == [2] * 12 + [1] * 12 + [0] * 36
    assert [part.dates for part in split.summaries] == [
        ("2000", "2005"), ("2006", "2007"), ("2008", "2009"),
    ]  # fmt: skip


def test_dates_of_all_kinds() -> None:
    moments = Moments()
    given = ["2020-01-02", datetime(2019, 1, 1, tzinfo=UTC), "2018", 2017, "2020-01-02T10:00:00Z"]
    given += ["2021-05", datetime(2022, 1, 1).date(), "1960-02-03T04:05:06+02:00"]
    for value in given:
        assert moments.add("day", value, "f:1") is None
    values = moments.values()
    assert np.argsort(values).tolist() == [7, 3, 2, 1, 0, 4, 5, 6]
    shown = [moments.show(value) for value in values]
    assert shown[:5] == [
        "2020-01-02", "2019-01-01", "2018-01-01", "2017-01-01", "2020-01-02T10:00:00+00:00",
    ]  # fmt: skip
    problem = moments.add("day", "12345678", "f:9")
    assert str(problem) == ("f:9: 'day' is a number, but not so in f:1; expected the same in all.")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "f:1: has no date in 'day'."),
        ("yesterday", "f:1: 'day' is 'yesterday', expected a date such as 2020-05-31, 2020-05 or "),
        ("2020-02-30", "f:1: 'day' is '2020-02-30', expected a date"),
        (True, "f:1: 'day' is true or false, expected a date"),
        (float("inf"), "f:1: 'day' is a decimal number, expected a date"),
        (["2020"], "f:1: 'day' is a list, expected a date"),
    ],
)
def test_dates_that_are_none(value: Any, message: str) -> None:
    assert str(Moments().add("day", value, "f:1")).startswith(message)


def test_cuts_lie_between_dates() -> None:
    moments = Moments()
    for value in [1] * 90 + [2] * 5 + [3] * 5:
        moments.add("n", value, "")
    units = np.arange(100)
    parts = cut_by_date(moments, units, [0.4, 0.3, 0.3], "n")
    assert np.bincount(parts).tolist() == [90, 5, 5]
    units[99] = units[0]  # the same text, new and old: it stays with the old one
    assert np.bincount(cut_by_date(moments, units, [0.4, 0.3, 0.3], "n")).tolist() == [91, 5, 4]
    with pytest.raises(DocumentError) as error:
        cut_by_date(moments, units, [0.25] * 4, "n")
    assert str(error.value) == (
        "'n' has 3 different dates (1, 2, 3), too few for 4 parts, which begin with a new one."
    )


def test_documents_in_memory() -> None:
    documents = [Document(f"{n}", {"text": f"t {n}"}, ("cde"[n % 3],)) for n in range(30)]
    split = split_documents(documents, taxonomy=TAXONOMY)
    assert [part.documents for part in split.summaries] == [24, 3, 3]
    assert split.to_dict()["parts"][0]["documents"] == 24
    json.dumps(split.to_dict())
    again = split_documents(split.part("train"), SplitSettings(test=0), taxonomy=TAXONOMY)
    assert again.names == ("train", "valid")
    with pytest.raises(ConfigError, match="a taxonomy is needed"):
        split_documents(split.part("train"))
    with pytest.raises(ConfigError, match="documents in memory have no such fields; give files"):
        split_documents(documents, SplitSettings(group_by="author"))
    with pytest.raises(DocumentError, match="document '1' has no labels"):
        split_documents([Document("1", {"text": "a"})])
    with pytest.raises(ConfigError, match="there are no files to divide"):
        write_split(split, "nowhere")


def test_spreadsheets_become_csv(tmp_path: Path) -> None:
    path = tmp_path / "all.xlsx"
    pandas.DataFrame(FLAT).to_excel(path, index=False)
    places = write_split(split_documents(path, GROUPED), tmp_path / "parts")
    assert {place.name for place in places.values()} == {"train.csv", "valid.csv", "test.csv"}
    found = [row for place in places.values() for row in pandas.read_csv(place).to_dict("records")]
    assert sorted(found, key=lambda row: row["id"]) == FLAT


def test_short_texts_of_annif_get_no_header(tmp_path: Path) -> None:
    path = tmp_path / "all.tsv"
    written = [f"text {n}\t<http://x/{n % 2}>\n" for n in range(24)]
    path.write_text("".join(written))
    places = write_split(split_documents(path), tmp_path / "parts")
    found = [line for place in places.values() for line in utf_8(place).splitlines(keepends=True)]
    assert sorted(found) == sorted(written)
    with pytest.raises(ConfigError, match="no document has a value in 'author'"):
        split_documents(path, GROUPED)


def test_western_files_become_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    pandas.DataFrame(FLAT).to_csv(path, index=False, encoding="cp1252")
    places = write_split(split_documents(path, GROUPED), tmp_path / "parts")
    found = sorted("".join(map(utf_8, places.values())).splitlines(keepends=True))
    assert found == sorted([*["id,text,labels,author\n"] * 3, *map(csv_line, FLAT)])


def utf_8(place: Path) -> str:
    return place.read_text(encoding="utf-8")


def csv_line(row: dict[str, Any]) -> str:
    return ",".join(str(value) for value in row.values()) + "\n"


def test_groups_of_frames_and_parquet(tmp_path: Path) -> None:
    frame, path = pandas.DataFrame(FLAT), tmp_path / "all.parquet"
    frame.to_parquet(path)
    split = split_documents(frame, GROUPED)
    assert split.notes == ("8 groups by 'author'.",)
    assert split_documents(path, GROUPED).parts.tolist() == split.parts.tolist()
    of_part = [{FLAT[n]["author"] for n in np.flatnonzero(split.parts == k)} for k in range(3)]
    assert sum(map(len, of_part)) == 8
    train = split.part("train")
    given = [document.id for document, _ in labelled_documents(train, TAXONOMY, DataConfig())]
    assert given == [str(n) for n in np.flatnonzero(split.parts == 0)]
    with pytest.raises(ConfigError) as error:
        write_split(split, tmp_path / "parts")
    assert str(error.value) == (
        "there are no files to divide; of what is in memory take DataSplit.part()."
    )


def test_directories_of_texts_are_refused(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"{number}.txt").write_text(f"text {number}")
        (tmp_path / f"{number}.key").write_text("c")
    split = split_documents(tmp_path)
    with pytest.raises(DocumentError) as error:
        write_split(split, tmp_path / "parts")
    assert str(error.value) == (
        f"{tmp_path}: is a directory, whose parts cannot be written as files. "
        "Make one file of it before: harnn convert."
    )
    assert not (tmp_path / "parts").exists()


def test_hold_out_and_folds(lines: Path) -> None:
    options: dict[str, Any] = {"taxonomy": TAXONOMY, "config": DataConfig(), "seed": 13}
    train, valid = hold_out(lines, 0.2, **options)
    assert (len(train), len(valid)) == (48, 12)
    assert not (train.rows & valid.rows).any()
    folds = divide_into_folds(lines, 5, **options)
    assert np.bincount(folds).tolist() == [12] * 5
    with pytest.raises(ConfigError, match="folds: got 1, expected 2 or more"):
        divide_into_folds(lines, 1, **options)
    with pytest.raises(DocumentError, match="there are 60 documents, too few for 61 folds"):
        divide_into_folds(lines, 61, **options)


def test_documents_that_changed(lines: Path, tmp_path: Path) -> None:
    split = split_documents(lines, taxonomy=TAXONOMY)
    write(lines, rows(59))
    message = r"59 can be used now, 60 when they were divided"
    with pytest.raises(DocumentError, match=message):
        list(labelled_documents(split.part("train"), TAXONOMY, DataConfig()))
    with pytest.raises(DocumentError, match="changed while it was read"):
        write_split(split, tmp_path / "parts")
    assert not list((tmp_path / "parts").iterdir())
    with pytest.raises(DocumentError, match="61 can be used"):
        list(DocumentsPart("x", np.ones(60, bool)).select(range(61)))


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_files_with_other_columns(suffix: str, tmp_path: Path) -> None:
    first = write(tmp_path / f"1{suffix}", rows())
    second = write(tmp_path / f"2{suffix}", [{"labels": "c", "text": "b"}] * 3)
    with pytest.raises(DocumentError, match="has other columns than"):
        write_split(split_documents([first, second]), tmp_path / "parts")
    assert not list((tmp_path / "parts").iterdir())


def test_damaged_parquet_is_told(tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    table = arrow.table({"text": [f"t{n}" for n in range(9)], "labels": [["c"]] * 9})
    parquet.write_table(table, path)
    split = split_documents(path)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DocumentError, match="is damaged"):
        write_split(split, tmp_path / "parts")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"test": 1.0}, "test: got 1.0, expected 0 or more, and less than 1."),
        ({"valid": float("nan")}, "valid: got nan, expected 0 or more, and less than 1."),
        ({"test": 0.5, "valid": 0.5}, "test and valid: got 0.5 and 0.5, expected more than 0 and"),
        ({"test": 0, "valid": 0}, "test and valid: got 0 and 0, expected more than 0"),
        ({"seed": -1}, "seed: got -1, expected 0 to 4,294,967,295."),
        ({"group_by": "a", "by_date": "b"}, "group_by and by_date: a group may have documents of"),
        ({"group_by": "autor"}, "group_by: no document has a value in 'autor'; the first has "),
    ],
)
def test_settings_that_are_refused(lines: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        split_documents(lines, SplitSettings(**settings))
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".xlsx", "frame"])
@pytest.mark.parametrize("option", ["group_by", "by_date"])
def test_columns_of_tables_that_are_missing(suffix: str, option: str, tmp_path: Path) -> None:
    given: Any = pandas.DataFrame(rows()) if suffix == "frame" else tmp_path / f"all{suffix}"
    if suffix == ".xlsx":
        pandas.DataFrame(rows()).drop(columns="labels").assign(labels="a").to_excel(
            given, index=False
        )
    elif suffix != "frame":
        write(given, rows())
    settings: dict[str, Any] = {option: "autor"}
    with pytest.raises(DocumentError) as error:
        split_documents(given, SplitSettings(**settings))
    [problem] = error.value.problems
    assert problem.what.startswith("the table has no column 'autor', found '")
    assert problem.hint == "Did you mean 'author'?"


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_groups_by_a_column_with_another_spelling(suffix: str, tmp_path: Path) -> None:
    some = [{"ID": row["id"], "Text": row["text"], "Labels": row["labels"]} for row in rows()]
    for number, row in enumerate(some):
        row["Author "] = row["ID"] if number % 2 else "one"
    path = write(tmp_path / f"all{suffix}", some)
    for name in ("Author ", "author", "AUTHOR"):
        split = split_documents(path, SplitSettings(group_by=name))
        assert split.notes == (f"31 groups by {name!r}.",)
    for name in ("ID", "Id", "id"):  # a column that documents are made of, too
        assert split_documents(path, SplitSettings(group_by=name)).notes == (
            f"60 groups by {name!r}.",
        )


def test_dates_that_are_missing(lines: Path) -> None:
    with pytest.raises(DocumentError) as error:
        split_documents(lines, SplitSettings(by_date="yaer"))
    assert str(error.value.problems[0]) == f"{lines}:1: has no field 'yaer'. Did you mean 'year'?"
    assert len(error.value.problems) == 60


def test_too_few_documents(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="there are 2 documents, too few for 3 parts"):
        split_documents(write(tmp_path / "all.jsonl", rows(2)))


def test_parts_that_stay_empty(tmp_path: Path) -> None:
    path = write(tmp_path / "all.jsonl", [row | {"author": "one"} for row in rows(9)])
    with pytest.raises(DocumentError) as error:
        split_documents(path, SplitSettings(group_by="author"))
    assert str(error.value) == (
        "no document is left for valid: there are 9 documents in 1 group that stays together. "
        "Bring documents of more groups and other texts, or give each part files of its own."
    )


@pytest.mark.parametrize("share", [0.1, 0.5, 0.999999])
def test_few_documents_of_other_labels_fill_every_part(share: float) -> None:
    """Each label has a single document, which training would have first."""
    given = [Document(label, {"text": label}, (label,)) for label in "abc"]
    for documents in (given[:2], given):
        split = split_documents(documents, SplitSettings(test=0.0, valid=share))
        assert np.bincount(split.parts, minlength=2).all()
    folds = divide_into_folds(
        given,
        3,
        taxonomy=Taxonomy.from_edges([(label, "ROOT") for label in "abc"]),
        config=DataConfig(),
        seed=1,
    )
    assert np.bincount(folds, minlength=3).all()


def test_files_that_are_refused(lines: Path, tmp_path: Path) -> None:
    settings = SplitSettings()
    (tmp_path / "a.txt").write_text("text\n")
    other = write(tmp_path / "all.csv", rows())
    home = tmp_path / "parts"
    for given, message in (
        (["-"], "stdin: can be read only once"),
        ([tmp_path / "a.txt"], "is plain text, which has no labels"),
        ([lines, other], f"files of several formats: {lines} (.jsonl), {other} (.csv)."),
        ([tmp_path / "none.jsonl"], "no such file"),
    ):
        with pytest.raises(InputError) as error:
            part_files([Path(path) for path in given], home, settings)
        assert message in str(error.value)
    train = write(tmp_path / "train.jsonl", rows())
    with pytest.raises(InputError, match="is read by this command, so it cannot be written"):
        part_files(train, tmp_path, settings)
    with pytest.raises(ConfigError, match=r"train\.jsonl: exists already\. Choose another"):
        write_split(split_documents(lines), tmp_path)
    before = train.read_bytes()
    write_split(split_documents(lines), tmp_path, overwrite=True)
    assert train.read_bytes() != before


def test_labels_of_the_taxonomy_are_checked(lines: Path) -> None:
    small = Taxonomy.from_edges([("c", "ROOT"), ("d", "ROOT")])
    with pytest.raises(DocumentError, match="unknown label 'e'"):
        split_documents(lines, taxonomy=small)
    dropped = split_documents(lines, taxonomy=small, config=DataConfig(on_error="drop-labels"))
    assert len(dropped.parts) == 60


def test_the_sample(tmp_path: Path) -> None:
    files = sample("zh")
    given = [files.train, files.valid, files.test]
    split = split_documents(given, taxonomy=files.load_taxonomy())
    places = write_split(split, tmp_path)
    assert sum(len(ids_of(place)) for place in places.values()) == len(split.parts)
    assert split.summaries[0].missing == 0
