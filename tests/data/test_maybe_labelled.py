"""Documents that may have labels: the first one tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from harnn.config import DataConfig
from harnn.data import Document, ReadingLog, maybe_labelled_documents
from harnn.errors import DocumentError
from harnn.taxonomy import Taxonomy

TAXONOMY = Taxonomy.from_edges([("A", "ROOT"), ("A1", "A")])
LABELLED = '{"id": "1", "text": "bees", "labels": ["A1"]}\n'
PLAIN = '{"id": "2", "text": "taps"}\n'


def write(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "new.jsonl"
    path.write_text("".join(lines), "utf-8")
    return path


def test_labels_are_read_where_the_first_document_has_some(tmp_path: Path) -> None:
    log = ReadingLog()
    found = maybe_labelled_documents(write(tmp_path, LABELLED * 2), TAXONOMY, DataConfig(), log=log)
    assert found.labelled
    assert [columns.tolist() for _, columns in found.documents] == [[0, 1], [0, 1]]
    assert log.read == 2
    plain = maybe_labelled_documents(write(tmp_path, PLAIN, LABELLED), TAXONOMY, DataConfig())
    assert not plain.labelled
    assert [(each.id, len(columns)) for each, columns in plain.documents] == [("2", 0), ("1", 0)]


def test_what_the_caller_says_counts(tmp_path: Path) -> None:
    path = write(tmp_path, LABELLED.replace("A1", "none such"))
    ignored = maybe_labelled_documents(path, TAXONOMY, DataConfig(), labelled=False)
    assert len(list(ignored.documents)) == 1
    wanted = maybe_labelled_documents(write(tmp_path, PLAIN), TAXONOMY, DataConfig(), labelled=True)
    with pytest.raises(DocumentError, match="labels"):
        list(wanted.documents)


def test_of_labelled_documents_each_must_have_labels_that_exist(tmp_path: Path) -> None:
    path = write(tmp_path, LABELLED, PLAIN, LABELLED.replace("A1", "A2"))
    with pytest.raises(DocumentError) as caught:
        list(maybe_labelled_documents(path, TAXONOMY, DataConfig()).documents)
    assert [str(each) for each in caught.value.problems] == [
        f"{path}:2: document '2' has no labels, and the first one has some. Say whether labels are "
        "read (--labelled, --unlabelled).",
        f"{path}:3: unknown label 'A2'.",
    ]
    skipping = DataConfig(on_error="skip")
    assert len(list(maybe_labelled_documents(path, TAXONOMY, skipping).documents)) == 1


def test_documents_in_memory_and_none_at_all(tmp_path: Path) -> None:
    given = [Document("1", {"text": "bees"}, ("A",))]
    assert maybe_labelled_documents(given, TAXONOMY, DataConfig()).labelled
    empty = maybe_labelled_documents(write(tmp_path), TAXONOMY, DataConfig())
    assert not empty.labelled
    with pytest.raises(DocumentError):
        list(empty.documents)
