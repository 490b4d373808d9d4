"""What the shell offers for values that are no files and no fixed words."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import get_args

from harnn.config import Config, TrackerKind

VARIABLE = "_HARNN_COMPLETE"
"""Of the environment: what the shell asks."""


def trackers(incomplete: str) -> list[str]:
    """Return kinds of trackers."""
    return _beginning(incomplete, get_args(TrackerKind))


def word_vectors(incomplete: str) -> list[str]:
    """Return what word vectors may be beside files."""
    return _beginning(incomplete, ("word2vec", "fasttext", "random", "glove-6b-50d"))


def devices(incomplete: str) -> list[str]:
    """Return what may compute networks."""
    return _beginning(incomplete, ("cpu", "cuda", "mps", "auto"))


def clusters(incomplete: str) -> list[str]:
    """Return what a Ray cluster may be called beside its address."""
    return _beginning(incomplete, ("auto", "local"))


def settings(incomplete: str) -> list[str]:
    """Return the names of settings, with the sign before their value."""
    return _beginning(incomplete, _settings())


def _settings() -> Iterator[str]:
    defaults = Config()
    for table in dataclasses.fields(defaults):
        for key in dataclasses.fields(getattr(defaults, table.name)):
            yield f"{table.name}.{key.name}="


def _beginning(incomplete: str, words: Iterator[str] | tuple[str, ...]) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
