"""Whether a model directory holds what a training would make again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from harnn.bundle import load_bundle, marker_of
from harnn.config import Config
from harnn.corpus import ContentHash
from harnn.data import Documents, labelled_documents
from harnn.errors import BundleError, ConfigError, Problem
from harnn.taxonomy import Taxonomy
from harnn.training.events import ignore
from harnn.training.holding_out import given_or_held_out
from harnn.training.reader import Reader

_SPECIAL_WORDS = 2
"""Of a tokenizer that knows no others."""


def holds_finished(
    directory: Path,
    taxonomy: Taxonomy,
    train: Documents,
    valid: Documents | float,
    config: Config,
    *,
    overwrite: bool,
    hint: str,
) -> bool:
    """Tell whether a place holds what this training would make; see :func:`is_finished`.

    hint: what to do about another model that stands there and is not to be overwritten.

    Raises:
        ConfigError: there is such a model.
        BundleError: likewise, and it is damaged.
        DocumentError: documents cannot be read.
    """
    if not (directory / marker_of(directory)).is_file():  # a stopped run, or nothing
        return False
    try:
        if is_finished(directory, taxonomy, train, valid, config):
            return True
    except BundleError:
        if not overwrite:
            raise
    if overwrite:
        return False
    what = "holds a finished model of other settings, taxonomy or documents."
    raise ConfigError(Problem(str(directory), what, hint))


def is_finished(
    directory: Path, taxonomy: Taxonomy, train: Documents, valid: Documents | float, config: Config
) -> bool:
    """Tell whether a model was trained with these settings, taxonomy and documents.

    A model knows the hash of what its documents say. Older ones know their numbers, the words of
    the training texts and how many have each label: for those an edit of a text can go unseen.

    Raises:
        BundleError: the model is damaged.
        DocumentError: documents cannot be read.
    """
    bundle = load_bundle(directory)
    if bundle.taxonomy.version != taxonomy.version:
        return False
    if bundle.config.to_stored_dict() != config.to_stored_dict():
        return False
    train, valid = given_or_held_out(
        train, valid, taxonomy=taxonomy, config=config, listener=ignore
    )
    if bundle.contents:
        given = {"train": train, "valid": valid}
        return all(
            _content(x, taxonomy, config) == bundle.contents.get(n) for n, x in given.items()
        )
    reader = Reader(taxonomy, config, ignore, stopped=bool)
    tokenizer, _ = reader.count(train, ngrams=False)
    known = bundle.tokenizer.words
    if len(known) > _SPECIAL_WORDS and tokenizer.words != known:
        return False
    corpus = reader.encode(train, "train", tokenizer, {}).corpus
    reader.encode(valid, "valid", tokenizer, {})
    same_labels = np.array_equal(corpus.label_counts, bundle.label_counts)
    return same_labels and _without_cuts(reader.counts) == _without_cuts(bundle.documents)


def _without_cuts(counts: Mapping[str, int]) -> dict[str, int]:
    """Leave out how many documents were cut: models of n-grams once counted what others cut."""
    return {name: count for name, count in counts.items() if not name.endswith("_truncated")}


def _content(documents: Documents, taxonomy: Taxonomy, config: Config) -> str:
    content = ContentHash()
    for _ in content.of(labelled_documents(documents, taxonomy, config.data)):
        pass
    return content.hexdigest()
