"""Corrections in the place of the documents that they correct."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harnn.config import DataConfig
from harnn.corpus import content_hash
from harnn.data import (
    CorrectedDocuments,
    Document,
    ReadingLog,
    correct_documents,
    labelled_documents,
    split_documents,
    split_given,
)
from harnn.errors import ConfigError, DocumentError
from support.topics import TAXONOMY, documents

CONFIG = DataConfig()
GIVEN = documents(3)


def correction(name: str, *labels: str, text: str = "x") -> Document:
    return Document(name, {"text": text}, labels)


def read(given: object) -> list[tuple[str, str, list[str]]]:
    pairs = labelled_documents(given, TAXONOMY, CONFIG)  # type: ignore[arg-type]
    return [
        (document.id, document.full_text, [TAXONOMY.codes[x] for x in columns])
        for document, columns in pairs
    ]


def write(path: Path, given: list[Document]) -> Path:
    rows = [{"id": x.id, "text": x.full_text, "labels": list(x.labels or ())} for x in given]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("in_file", [False, True])
def test_corrections_follow_what_is_left(in_file: bool, tmp_path: Path) -> None:
    train = write(tmp_path / "t.jsonl", GIVEN) if in_file else GIVEN
    found = correct_documents(
        train,
        [GIVEN[5]],
        [correction("cat0", "dog"), correction("fresh", "rose"), correction("oak0")],
        taxonomy=TAXONOMY,
        config=CONFIG,
    )
    ids = [name for name, _, _ in read(found.train)]
    kept = [each.id for each in GIVEN if each.id not in ("cat0", "oak0")]
    assert ids == [*kept, "cat0", "fresh", "oak0"]
    assert read(found.train)[-3:] == [
        ("cat0", "x", ["animal", "dog"]),
        ("fresh", "x", ["plant", "rose"]),
        ("oak0", "x", []),
    ]
    assert found.valid == [GIVEN[5]]
    assert (found.replaced, found.added, found.in_validation) == (2, 1, 0)
    assert (found.other_texts, found.superseded) == (2, 0)


def test_a_document_of_validation_is_corrected_there_alone() -> None:
    found = correct_documents(
        GIVEN,
        [GIVEN[0], GIVEN[1]],  # by mistake in both
        [correction("cat0", "dog", text=GIVEN[0].full_text)],
        taxonomy=TAXONOMY,
        config=CONFIG,
    )
    assert "cat0" not in [name for name, _, _ in read(found.train)]
    assert read(found.valid)[-1] == ("cat0", GIVEN[0].full_text, ["animal", "dog"])
    assert (found.replaced, found.added, found.in_validation, found.other_texts) == (0, 0, 1, 0)
    assert found.describe() == (
        "1 correction: 0 in place of training documents of the same id, 0 added, 1 in place of "
        "validation documents, not trained on"
    )


def test_without_training_documents_and_of_several_the_last() -> None:
    every = [correction("a", "cat"), correction("b", "oak"), correction("a", "dog")]
    found = correct_documents([], GIVEN, every, taxonomy=TAXONOMY, config=CONFIG)
    assert read(found.train) == [("a", "x", ["animal", "dog"]), ("b", "x", ["plant", "oak"])]
    assert (found.added, found.superseded) == (2, 1)


def test_labels_of_corrections_are_checked_like_others() -> None:
    found = correct_documents(GIVEN, [], [correction("a", "cta")], taxonomy=TAXONOMY, config=CONFIG)
    with pytest.raises(DocumentError, match="'cta'"):
        read(found.train)
    log = ReadingLog()
    dropping = DataConfig(on_error="drop-labels")
    pairs = labelled_documents(found.train, TAXONOMY, dropping, log=log)
    assert len(list(pairs)) == len(GIVEN) + 1
    assert log.dropped == {"cta": 1}


def test_other_rooms_take_corrected_documents(tmp_path: Path) -> None:
    path = write(tmp_path / "t.jsonl", GIVEN)
    corrected = CorrectedDocuments(path, frozenset({"cat0"}), (correction("n", "cat"),))
    hashes = {
        content_hash(each)
        for each in (
            path,
            corrected,
            CorrectedDocuments(path, frozenset(), corrected.added),
            CorrectedDocuments(path, corrected.replaced, ()),
        )
    }
    assert None not in hashes
    assert len(hashes) == 4
    assert split_given(corrected) == ([], [path])
    split = split_documents(corrected, taxonomy=TAXONOMY, config=CONFIG)
    assert len(split.parts) == len(GIVEN)  # one less, one more
    with pytest.raises(ConfigError, match="a taxonomy is needed"):
        split_documents(corrected, config=CONFIG)
