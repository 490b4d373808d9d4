"""Small models trained on the embedded sample, and texts to ask them about."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import harnn
from harnn.bundle import layout
from harnn.bundle.checksums import checksums_json, checksums_of
from harnn.config import Config
from harnn.sample import Sample, sample

SMALL: dict[str, dict[str, Any]] = {
    "text": {"vectors": "random", "min_count": 1, "max_length": 40},
    "model": {"embedding_size": 16, "lstm_size": 16, "attention_size": 16, "fc_size": 16},
    "training": {"epochs": 6, "precision": "32", "learning_rate": 0.01},
}
TINY: dict[str, dict[str, Any]] = {
    "text": {"vectors": "random", "max_length": 5},
    "model": {"embedding_size": 4, "lstm_size": 4, "attention_size": 4, "fc_size": 4},
    "training": {"epochs": 1, "precision": "32"},
}
TEXTS = [
    "We fit a new washer to the dripping kitchen tap and bled the radiators.",
    "The swarm settled in the hive and the bees brought willow pollen.",
    "",
    "zzqx qqzz",
    "The choir sang. " * 60,
    "水龙头漏水",
]


def few_documents(language: str, home: Path) -> Sample:
    """Return the sample with the first 80 documents to train on, and 20 to validate on."""
    files = sample(language)
    for path, count in ((files.train, 80), (files.valid, 20)):
        lines = path.read_text("utf-8").splitlines(keepends=True)[:count]
        home.joinpath(path.name).write_text("".join(lines), "utf-8")
    train, valid = (home / path.name for path in (files.train, files.valid))
    return dataclasses.replace(files, train=train, valid=valid)


def fit_sample(settings: dict[str, dict[str, Any]], **options: Any) -> harnn.FitResult:
    """Train on the English sample; options: see :func:`harnn.fit`."""
    files = sample("en")
    config = Config.from_dict(settings)
    return harnn.fit(files.load_taxonomy(), files.train, files.valid, config, **options)


def fit_tiny(**model: Any) -> harnn.FitResult:
    """Train as little as can be; model: settings of ``[model]``."""
    return fit_sample(TINY | {"model": TINY["model"] | model})


def change(path: Path, **values: object) -> None:
    """Give keys of a JSON file of a model other values, as if it had been written with them."""
    table = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(table | values), encoding="utf-8")
    seal(path.parent)


def seal(model: Path) -> None:
    """Write the checksums of a model anew, so that what is in its files is looked at."""
    if (model / layout.CHECKSUMS).exists():
        names = {path.name for path in model.iterdir() if path.is_file()} - {layout.CHECKSUMS}
        (model / layout.CHECKSUMS).write_text(checksums_json(checksums_of(model, names)), "utf-8")
