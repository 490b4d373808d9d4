"""Whether a model directory holds what a training would make again."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harnn.branches import MadeFrom
from harnn.bundle import Bundle, load_bundle, marker_of
from harnn.config import Config
from harnn.corpus import ContentHash
from harnn.data import Documents, labelled_documents
from harnn.errors import BundleError, ConfigError, Problem
from harnn.taxonomy import Taxonomy
from harnn.training.events import ignore
from harnn.training.holding_out import given_or_held_out
from harnn.training.reader import Reader
from harnn.training.task import read_origins


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
    if not _has_same_origins(bundle, config):
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
    if tokenizer.words != bundle.tokenizer.words:
        return False
    corpus = reader.encode(train, "train", tokenizer, {}).corpus
    reader.encode(valid, "valid", tokenizer, {})
    same_labels = np.array_equal(corpus.label_counts, bundle.label_counts)
    return same_labels and reader.counts == dict(bundle.documents)


def _has_same_origins(bundle: Bundle, config: Config) -> bool:
    """Whether an encoder, and vectors, are still those that the model was made from."""
    made_from = {x.made_from for x in bundle.ensemble.branches if isinstance(x, MadeFrom)}
    return made_from == {origin.sha256 for origin in read_origins(config.model)}


def _content(documents: Documents, taxonomy: Taxonomy, config: Config) -> str:
    content = ContentHash()
    for _ in content.of(labelled_documents(documents, taxonomy, config.data)):
        pass
    return content.hexdigest()
