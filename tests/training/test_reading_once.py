"""Training documents are read once to count and once to encode; those for validation once, and once
more for the figures that later documents are compared with.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest

import harnn
from harnn.config import Config
from harnn.data import reading
from harnn.data.files import DocumentFile, open_bytes
from harnn.sample import Sample
from support.sample_models import few_documents

SMALL = {"embedding_size": 4, "lstm_size": 4, "attention_size": 4, "fc_size": 4}


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each file of documents is opened."""
    times: Counter[str] = Counter()

    @contextmanager
    def counting(file: DocumentFile) -> Iterator[BinaryIO]:
        times[file.path.name] += 1
        with open_bytes(file) as stream:
            yield stream

    monkeypatch.setattr(reading, "open_bytes", counting)
    return times


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return few_documents("en", tmp_path_factory.mktemp("documents"))


def train(files: Sample, cache: Path | None = None, **model: Any) -> harnn.FitResult:
    config = {
        "text": {"vectors": "random"},
        "model": SMALL | model,
        "training": {"epochs": 1, "precision": "32"},
    }
    knobs = Config.from_dict(config)
    return harnn.fit(files.load_taxonomy(), files.train, files.valid, knobs, cache=cache)


@pytest.mark.parametrize(
    "model",
    [
        {"branches": "both", "text_vectors": "on"},
        {"branches": "both", "text_vectors": "auto"},
        {"branches": "linear"},
        {"branches": "linear", "text_vectors": "on"},
        {"branches": "network"},
        {"branches": "both", "members": 2, "text_vectors": "off"},
    ],
)
def test_how_often_files_are_opened(
    model: dict[str, Any], files: Sample, opened: Counter[str]
) -> None:
    train(files, **model)
    assert opened == {"en.train.jsonl": 2, "en.valid.jsonl": 2}


def test_with_a_cache_what_is_kept_is_not_read_again(
    files: Sample, opened: Counter[str], tmp_path: Path
) -> None:
    model: dict[str, Any] = {"branches": "both", "text_vectors": "on"}
    train(files, tmp_path / "cache", **model)
    opened.clear()
    train(files, tmp_path / "cache", **model)
    # Words and n-grams are counted anew, and those of the validation documents looked up.
    assert opened == {"en.train.jsonl": 1, "en.valid.jsonl": 2}


def test_too_much_text_to_hold_back_is_read_again(
    files: Sample, opened: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model: dict[str, Any] = {"branches": "linear", "text_vectors": "on"}
    before = train(files, **model).report
    opened.clear()
    monkeypatch.setattr("harnn.corpus.views._MOST_KEPT_CHARACTERS", 100)
    assert train(files, **model).report == before
    assert opened == {"en.train.jsonl": 3, "en.valid.jsonl": 3}
