"""Predictions of other programs: every form gives the same sets; what does not fit is told."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
from scipy.sparse import csr_array

from harnn.data import ReadingLog
from harnn.errors import DocumentError, InputError, MissingExtraError
from harnn.prediction import ForeignAnswers, check_predictions, read_predictions
from harnn.prediction.answer_tables import write_table
from harnn.taxonomy import Taxonomy

TAXONOMY = Taxonomy.from_edges(
    [("A", "ROOT"), ("B", "ROOT"), ("c", "A"), ("d", "A"), ("e", "B")],
    names={"c": "Cider", "d": "Same", "e": "Same"},
)
IDS = ("1", "2", "3")
SCORES = np.array(
    [[0.0, 0.0, 0.9, 0.1, 0.0], [0.2, 0.6, 0.0, 0.0, 0.3], [0.0, 0.0, 0.0, 0.0, 0.0]], np.float32
)
SETS = [["A", "c"], ["B"], []]


def read(path: Path, threshold: float = 0.5) -> ForeignAnswers:
    return read_predictions(path, IDS, TAXONOMY, threshold=threshold)


def sets_of(found: ForeignAnswers) -> list[list[str]]:
    rows = csr_array(found.answers.predictions).toarray()
    return [[TAXONOMY.codes[c] for c in np.flatnonzero(row)] for row in rows]


def write_npz(folder: Path) -> Path:
    order = [2, 0, 1]  # found by id, and by label
    columns = [3, 2, 0, 1, 4]
    path = folder / "p.npz"
    np.savez(
        path,
        scores=SCORES[order][:, columns],
        labels=[TAXONOMY.codes[c] for c in columns],
        ids=[IDS[row] for row in order],
    )
    return path


def write_npy(folder: Path) -> Path:
    np.save(folder / "p.npy", SCORES)
    (folder / "p.labels.txt").write_text("\n".join(TAXONOMY.codes), "utf-8")
    return folder / "p.npy"


def write_annif(folder: Path) -> Path:
    path = folder / "annif.jsonl"
    lines = []
    for name, row in zip(IDS, SCORES, strict=True):
        results = [
            {"uri": f"<{TAXONOMY.codes[c]}>", "label": "whatever", "notation": None, "score": s}
            for c, s in enumerate(row.tolist())
            if s
        ]
        lines.append(json.dumps({"document_id": name, "results": results}))
    path.write_text("\n".join(lines) + "\n\n", "utf-8")
    return path


def write_pairs(folder: Path) -> Path:
    path = folder / "pairs.tsv"
    lines = ["id\tscore\tlabel"]
    for name, row in zip(IDS, SCORES, strict=True):
        lines += [f"{name}\t{s}\t{TAXONOMY.codes[c]}" for c, s in enumerate(row.tolist()) if s]
    path.write_text("\n".join(lines), "utf-8")
    return path


WITH_SCORES = [write_npz, write_npy, write_annif, write_pairs]


@pytest.mark.parametrize("write", WITH_SCORES)
def test_scores(write: Callable[[Path], Path], tmp_path: Path) -> None:
    found = read(write(tmp_path))
    assert sets_of(found) == SETS
    assert found.answers.scores is not None
    assert found.answers.scores == pytest.approx(TAXONOMY.hierarchy.lift(SCORES))
    assert "Labels scored at least 0.5 are chosen." in found.notes
    assert sets_of(read(write(tmp_path), 0.3)) == [["A", "c"], ["B", "e"], []]


SET_FILES = {
    "h.jsonl": '{"id": "1", "labels": [{"label": "c", "score": 0.9}]}\n'
    '{"id": 2, "labels": ["B"]}\n{"id": "3", "labels": []}\n',
    "t.csv": 'id,labels,scores\n"1",A;c,0.9;0.9\n2,B,0.6\n3,,\n',
    "t.tsv": "id\tlabels\n1\tc\n2\tB\n3\t\n",
    "names.csv": "id,labels\n1,Cider\n2,B\n3,\n",
    "bom.csv": "\ufeffid,labels\r\n1,c\r\n2,B\r\n3,\r\n4,d\r\n",
}


@pytest.mark.parametrize("name", SET_FILES)
def test_sets(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(SET_FILES[name], "utf-8", newline="")
    found = read(tmp_path / name)
    assert sets_of(found) == SETS
    assert found.answers.scores is None
    assert found.notes[-1] == "It holds sets of labels, no scores of all: there is no AUPRC of it."
    if name == "bom.csv":
        assert found.notes[0] == "1 other documents in it were left out."


def test_pairs_may_leave_documents_out(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("id,label,score\n1,c,0.9\n1,c,0.2\n", "utf-8")
    found = read(path)
    assert sets_of(found) == [["A", "c"], [], []]
    assert found.notes[:2] == (
        "2 documents have no line in it: no label.",
        "1 scores are of a document and a label that have another one: the highest counts.",
    )


WRONG = {
    "a.jsonl": ('{"id": "1", "labels": ["x"]}\n', "a.jsonl:1: unknown label 'x'."),
    "b.jsonl": ("{\n", "b.jsonl:1: is not valid JSON (column 2), expected one object a line."),
    "c.jsonl": ("[1]\n", "c.jsonl:1: found a list, expected a JSON object."),
    "d.jsonl": ('{"id": "1"}\n', "expected id (or document_id) and labels (or results), got 'id'."),
    "e.jsonl": ('{"id": "1", "labels": [7]}\n', "got 7, expected a label, or an object with label"),
    "f.jsonl": ('{"id": "1", "results": ["c"]}\n', "expected a score, got 'c'."),
    "g.jsonl": ('{"id": "1", "results": [{"uri": "c", "score": -1}]}\n', "expected a label, or"),
    "w.jsonl": (
        '{"id": "1", "results": [{"uri": "c", "score": NaN}]}\n',
        "w.jsonl:1: is not valid JSON (column",
    ),
    "h.jsonl": (
        '{"id": "1", "labels": []}\n',
        "has no predictions for 2 of 3 documents: '2', '3'.",
    ),
    "i.jsonl": ('{"id": "1", "labels": []}\n' * 2, "i.jsonl:2: document '1' stands twice."),
    "j.csv": (
        "name,labels\nx,c\n",
        "expected the columns id and labels, or id, label and score, got",
    ),
    "k.csv": ("", "k.csv: holds no predictions."),
    "l.csv": ("id,labels\n1\n", "l.csv:2: has 1 cell, expected 2 (id, labels)."),
    "m.csv": ("id,label,score\n1,c,much\n", "m.csv:2: score: got 'much', expected a number from"),
    "r.csv": ("id,label,score\n1,c,-1\n", "r.csv:2: score: got '-1', expected a number"),
    "n.csv": (
        "id,labels\n1,Same\n2,B\n3,\n",
        "n.csv:2: label 'Same' can mean 2 labels ('d': A > Same; 'e': B > Same). Write its code, "
        "or its path.",
    ),
    "s.csv": ("id,label,score\n1,,0.5\n", "s.csv:2: unknown label ''."),
    "t.csv": ("id,labels,labels\n1,c,d\n", "t.csv:1: the table has two columns 'labels'."),
    "u.csv": ("id,labels\n9,c\n9,d\n", "u.csv:3: document '9' stands twice."),
    "v.jsonl": ('{"id": "9", "results": []}\n' * 2, "v.jsonl:2: document '9' stands twice."),
    "o.joblib": ("", "holds pickled objects, which can run any program when they are read."),
    "p.txt": (
        "",
        "unknown extension '.txt', expected a model directory, or predictions in .jsonl, .ndjson, "
        ".json, .csv, .tsv, .parquet, ",
    ),
    "x.csv": ("id,labels\n,c\n", "x.csv:2: has no id."),
    "y.jsonl": ('{"id": "1", "labels": "c"}\n', "y.jsonl:1: labels: got 'c', expected a list."),
    "z.json": ('[{"id": "1", "labels": []}, 7]', "z.json:1: found a whole number, expected a JSON"),
    "q.jsonl": ("[" * 100_000, "q.jsonl:1: is nested too deeply."),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit(name: str, tmp_path: Path) -> None:
    content, message = WRONG[name]
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(InputError) as caught:
        read(tmp_path / name)
    assert message in str(caught.value)


def test_other_faults(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such model directory or file of predictions"):
        read(tmp_path / "none.csv")
    (tmp_path / "other.csv").write_bytes(b"id,labels\n1,\xff\xfe\x00\n")
    with pytest.raises(InputError, match=r"other\.csv:2: is not UTF-8"):
        read(tmp_path / "other.csv")
    (tmp_path / "s.csv").write_text("id,labels\n1,c\n", "utf-8")
    with pytest.raises(DocumentError, match="ids of documents stand twice: 1, as '1'"):
        read_predictions(tmp_path / "s.csv", ["1", "1"], TAXONOMY)
    with pytest.raises(ValueError, match=r"^Expected a number as threshold, got nan\.$"):
        read(tmp_path / "s.csv", float("nan"))
    np.savez(tmp_path / "rows.npz", scores=SCORES[:2], labels=list(TAXONOMY.codes))
    with pytest.raises(InputError, match=r"has 2 rows and no ids, expected 3 rows\."):
        read(tmp_path / "rows.npz")
    np.savez(tmp_path / "labels.npz", scores=SCORES[:, :2], labels=["A", "Aa"])
    with pytest.raises(InputError, match="unknown label 'Aa'"):
        read(tmp_path / "labels.npz")
    np.savez(tmp_path / "few.npz", scores=SCORES[:, :2], labels=["A", "B"])
    assert read(tmp_path / "few.npz").notes[0] == (
        "3 labels of the taxonomy have no scores: they count as 0."
    )


IDS_OF_OTHERS = {
    "a.jsonl": '{"id": "x1", "labels": []}\n{"document_id": "x2", "results": []}\n',
    "b.csv": "id,labels\nx1,c\nx2,c\n",
    "c.tsv": "id\tlabel\tscore\nx1\tc\t0.5\nx2\tc\t1\n",
}


@pytest.mark.parametrize("name", [*IDS_OF_OTHERS, "d.npz", "e.npy"])
def test_a_file_without_any_of_the_ids_is_one_problem(name: str, tmp_path: Path) -> None:
    path, two = tmp_path / name, ["x1", "x2"]
    if name == "d.npz":
        np.savez(path, scores=np.zeros((2, 5)), labels=list(TAXONOMY.codes), ids=two)
    elif name == "e.npy":
        np.save(path, np.zeros((2, 5)))
        path.with_suffix(".labels.txt").write_text("\n".join(TAXONOMY.codes))
        path.with_suffix(".ids.txt").write_text("\n".join(two))
    else:
        path.write_text(IDS_OF_OTHERS[name])
    with pytest.raises(InputError) as caught:
        read_predictions(path, [str(n) for n in range(2_000)], TAXONOMY)
    assert [str(problem) for problem in caught.value.problems] == [
        f"{path}: has no id of a document: it has 'x1', 'x2', the documents have '0', '1', '2' and "
        "others. Give it the documents' ids; data.id_field names the field where they have them."
    ]


def test_labels_are_found_as_in_documents(tmp_path: Path) -> None:
    """By code, name, path, notation or IRI, and by other spellings with a warning."""
    taxonomy = dataclasses.replace(
        TAXONOMY,
        notations=("", "7.1", "", "", ""),
        iris=("", "", "http://example.org/c", "", ""),
    )
    lists = tmp_path / "p.jsonl"
    lists.write_text(
        '{"id": "1", "labels": ["A > Same", "CIDER"]}\n{"id": "2", "labels": ["7.1"]}\n'
        '{"id": "3", "labels": [{"uri": "<http://example.org/c>", "label": "other"}, "b"]}\n'
    )
    log = ReadingLog()
    found = read_predictions(lists, IDS, taxonomy, log=log)
    rows = csr_array(found.answers.predictions).toarray()
    assert [[taxonomy.codes[c] for c in np.flatnonzero(row)] for row in rows] == [
        ["A", "c", "d"],
        ["B"],
        ["A", "B", "c"],
    ]
    assert [str(warning) for warning in log.warnings] == [
        f"{lists}:1: label 'CIDER' read as 'c'.",
        f"{lists}:3: label 'b' read as 'B'.",
    ]
    scores, log = tmp_path / "p.npz", ReadingLog()
    np.savez(scores, scores=np.eye(3), labels=["A > Same", "b", "http://example.org/c"])
    read_predictions(scores, IDS, taxonomy, log=log)
    assert [str(warning) for warning in log.warnings] == [f"{scores}: label 'b' read as 'B'."]
    assert log.read_as.total() == 3
    np.savez(scores, scores=np.eye(3), labels=["c", "Cider", "A"])
    with pytest.raises(InputError) as caught:
        read_predictions(scores, IDS, taxonomy)
    assert str(caught.value) == f"{scores}: labels 'c' and 'Cider' are one in the taxonomy."


def test_the_surest_of_several_names_counts(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    results = [
        '{"uri": "CIDER", "label": "B", "score": 1}',  # a code before another spelling
        '{"uri": "CIDER", "label": "e > nothing", "score": 1}',
        '{"uri": "cider", "label": "B > Same", "score": 1}',  # a path before it
    ]
    lines = [f'{{"id": "{name}", "results": [{x}]}}' for name, x in zip(IDS, results, strict=True)]
    path.write_text("\n".join(lines))
    assert sets_of(read(path)) == [["B"], ["A", "c"], ["B", "e"]]


def test_cells_hold_lists_as_harnn_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text('id,labels\n1,"[""c"", ""B""]"\n2,\n3,"[\'d\']"\n')
    assert sets_of(read(path)) == [["A", "B", "c"], [], ["A", "d"]]


def test_results_beside_labels_keep_their_scores(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(
        "\n".join(
            f'{{"id": "{name}", "labels": ["B"], "results": [{{"uri": "c", "score": 0.9}}]}}'
            for name in IDS
        )
    )
    found = read(path)
    assert sets_of(found) == [["A", "c"]] * 3
    assert found.answers.scores is not None


def test_scores_beyond_all_measure(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", scores=np.full((3, 1), -1e300), labels=["c"])
    with pytest.raises(InputError, match=r"m\.npz: scores: expected at most 1e\+30\.$"):
        read(tmp_path / "m.npz")


def test_scores_below_zero_keep_their_order(tmp_path: Path) -> None:
    margins = np.array([[-3.0, -1.0], [2.0, -2.0], [-1.0, 0.5]])
    np.savez(tmp_path / "m.npz", scores=margins, labels=["c", "e"])
    found = read(tmp_path / "m.npz", 0.0)
    assert sets_of(found) == [[], ["A", "c"], ["B", "e"]]
    assert found.answers.scores is not None
    assert found.answers.scores.min() == -3
    assert found.notes[0] == "3 labels of the taxonomy have no scores: they count as -3."


def test_reading_stops_at_many_problems(tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    path.write_text("id,label,score\n" + "1,x,1\n" * 10_050, "utf-8")
    with pytest.raises(InputError) as caught:
        read(path)
    assert len(caught.value.problems) == 10_001
    assert caught.value.problems[-1].what == "reading stopped after 10,000 problems."


def test_tables_change_nothing_of_the_process(tmp_path: Path) -> None:
    """The longest cell of the module csv belongs to all threads: nobody may lend it."""
    path = tmp_path / "p.csv"
    path.write_text("id,labels\n1,A\n2,A\n3,A\n")
    limit = csv.field_size_limit()
    read_predictions(path, IDS, TAXONOMY)
    assert csv.field_size_limit() == limit


def test_a_quotation_mark_that_is_never_closed_is_said(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text('id,labels\na,A\nb,"A\nc,A\n')
    with pytest.raises(InputError) as caught:
        read_predictions(path, IDS, TAXONOMY)
    assert str(caught.value) == (
        f"{path}:3: opens a quotation mark in cell 2 that is never closed. Close it, or double the "
        "quotation marks that belong to the text."
    )


def test_answers_in_parquet_as_harnn_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    labels = [[{"label": "c", "score": 0.9}], [{"label": "B", "score": 0.6}], []]
    answers = [{"id": name, "labels": x} for name, x in zip(IDS, labels, strict=True)]
    write_table(answers, path, ";")
    assert sets_of(read(path)) == SETS


def test_pairs_and_numbers_in_parquet(tmp_path: Path) -> None:
    taxonomy = Taxonomy.from_edges([("1", "ROOT"), ("2", "1"), ("3", "ROOT")])
    path = tmp_path / "p.parquet"
    table = {"ID": [1, 1, 2], "label": [2, 3, 3], "score": [0.5, 0.25, 1.0], "x": ["", "", ""]}
    pyarrow.parquet.write_table(pyarrow.table(table), path)
    log = ReadingLog()
    found = read_predictions(path, IDS, taxonomy, log=log)
    assert csr_array(found.answers.predictions).toarray().tolist() == [
        [True, False, True],
        [False, True, False],
        [False, False, False],
    ]
    assert [str(warning) for warning in log.warnings] == [
        f"{path}: the table has other names of columns: reads 'ID' as 'id'."
    ]
    pyarrow.parquet.write_table(pyarrow.table({"x": ["1"]}), path)
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value) == (
        f"{path}: expected the columns id and labels, or id, label and score, got none of them."
    )


@pytest.mark.parametrize("name", SET_FILES)
def test_compressed_files(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress(SET_FILES[name].encode()))
    assert sets_of(read(path)) == SETS
    path.write_bytes(path.read_bytes()[:-12])
    with pytest.raises(InputError, match=r"is truncated: the compressed data breaks off"):
        read(path)


def test_other_encodings_and_delimiters(tmp_path: Path) -> None:
    taxonomy = Taxonomy.from_edges([("Äpfel", "ROOT"), ("梨", "ROOT")])
    path, log = tmp_path / "p.csv", ReadingLog()
    for text, encoding, given in (
        ("id;labels\n1;Äpfel\n2;\n3;\n", "cp1252", "cp1252"),
        ("id,labels\n1,Äpfel\n2,\n3,\n", "utf-16", "utf-8"),
        ("id,labels\n1,Äpfel;梨\n2,\n3,\n", "gb18030", "gb18030"),
    ):
        path.write_bytes(text.encode(encoding))
        found = read_predictions(path, IDS, taxonomy, encoding=given, log=log)
        row = csr_array(found.answers.predictions).toarray()[0]
        assert row.tolist() == [True, encoding == "gb18030"]
    path.write_bytes("id,labels\n1,Äpfel\n2,\n3,\n".encode("cp1252"))
    with pytest.raises(InputError) as caught:
        read_predictions(path, IDS, taxonomy)
    assert str(caught.value) == (
        f"{path}:2: is not UTF-8 (byte 3 of the line). It may be cp1252: set encoding=cp1252 "
        "(--file-encoding cp1252)."
    )
    assert log.warnings == []


def test_a_json_array_and_a_sheet(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    lines = SET_FILES["h.jsonl"].splitlines()
    path.write_text(f"[{', '.join(lines)}]")
    assert sets_of(read(path)) == SETS
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (("id", "labels"), (1, "A;c"), (2, "B"), (3, None)):
        book.active.append(row)
    book.save(tmp_path / "p.xlsx")
    assert sets_of(read(tmp_path / "p.xlsx")) == SETS


def test_what_reads_a_file_is_asked_for_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.parquet"
    path.write_bytes(b"")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'harnn\[parquet\]'"):
        check_predictions(path)


def test_all_wrong_rows_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("id,label,score\n1,c,much\n2\n3,x,1\n")
    with pytest.raises(InputError) as caught:
        read(path)
    assert [problem.where for problem in caught.value.problems] == [
        f"{path}:{n}" for n in (2, 3, 4)
    ]
