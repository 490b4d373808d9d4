"""A small training that is told again and again."""

from __future__ import annotations

from pathlib import Path

import pytest

import harnn
from harnn.config import Config
from harnn.sample import sample
from harnn.training import Event

_SMALL = {"embedding_size": 4, "lstm_size": 4, "attention_size": 4, "fc_size": 4}
SETTINGS = Config.from_dict(
    {
        "text": {"vectors": "random"},
        "model": _SMALL | {"branches": "both", "text_vectors": "off", "members": 2},
        "training": {"epochs": 2, "batch_size": 64, "precision": "32"},
    }
)


@pytest.fixture(scope="session")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """All that a training with a linear branch and two networks tells."""
    files, told = sample("en"), list[Event]()
    some = tmp_path_factory.mktemp("documents") / "some.jsonl"
    lines = Path(files.train).read_text(encoding="utf-8").splitlines(keepends=True)
    some.write_text("".join(lines[:80]), encoding="utf-8")
    harnn.fit(files.load_taxonomy(), some, files.valid, SETTINGS, listener=[told.append])
    return told
