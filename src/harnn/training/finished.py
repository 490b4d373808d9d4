"""Whether a model directory holds what a training would make again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from harnn.branches import MadeFrom
from harnn.branches.transformer.encoder import read_encoder
from harnn.bundle import MIGRATED, Bundle, load_bundle, marker_of
from harnn.config import Config
from harnn.data import Documents
from harnn.errors import BundleError, ConfigError, Problem
from harnn.taxonomy import Taxonomy
from harnn.text.tokenizer import user_words_of
from harnn.text.word_vectors_reading import hash_vectors
from harnn.training.check_encoders import needs_transformer
from harnn.training.checks import read_only_once
from harnn.training.events import ignore
from harnn.training.holding_out import gather_documents
from harnn.training.old_model import Init, OldModel
from harnn.training.reader import Reader
from harnn.training.task import given_document_vectors
from harnn.training.word_vectors import hash_unlabelled

_SPECIAL_WORDS = 2
"""Of a tokenizer that knows no others."""


def holds_finished(
    directory: Path,
    taxonomy: Taxonomy,
    train: Documents,
    valid: Documents | float,
    config: Config,
    *,
    unlabelled: Documents = (),
    segment: Callable[[str], Sequence[str]] | None = None,
    init: Init | None = None,
    corrections: Documents = (),
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
        if is_finished(
            directory,
            taxonomy,
            train,
            valid,
            config,
            unlabelled=unlabelled,
            segment=segment,
            init=init,
            corrections=corrections,
        ):
            return True
    except BundleError:
        if not overwrite:
            raise
    if overwrite:
        return False
    what = "holds a finished model of other settings, taxonomy or documents."
    raise ConfigError(Problem(str(directory), what, hint))


def is_finished(
    directory: Path,
    taxonomy: Taxonomy,
    train: Documents,
    valid: Documents | float,
    config: Config,
    *,
    unlabelled: Documents = (),
    segment: Callable[[str], Sequence[str]] | None = None,
    init: Init | None = None,
    corrections: Documents = (),
) -> bool:
    """Tell whether a model was trained with these settings, taxonomy and documents.

    Names of labels count, the words of a user dictionary, and what the network's word vectors were
    made of: unlabelled documents, where they can be read twice, and the file of vectors.

    A model knows the hash of what its documents say. Older ones know their numbers, the words of
    the training texts and how many have each label: for those an edit of a text can go unseen.
    *segment* is taken for what was given to :func:`harnn.fit`.

    Raises:
        BundleError: the model is damaged.
        DocumentError, VectorsError, ConfigError: documents, a file of vectors or a dictionary
            cannot be read.
    """
    bundle = load_bundle(directory, segment=segment)
    known = bundle.taxonomy
    if (known.version, known.names) != (taxonomy.version, taxonomy.names):
        return False
    if bundle.config.to_stored_dict() != config.to_stored_dict():
        return False
    old = None if init is None else OldModel.open(init, segment=segment)
    if MIGRATED in bundle.contents:  # it was made of another model
        return False
    if bundle.contents.get("init") != (None if old is None else old.hash):
        return False
    tokenizer = bundle.tokenizer
    if old is None:
        if not _has_same_origins(bundle, config):
            return False
        if tokenizer.segmenter == "jieba" and tokenizer.user_words != user_words_of(config.text):
            return False
        if not _same_start(bundle.contents, config, unlabelled):
            return False
    reader = Reader(taxonomy, config, ignore, stopped=bool, segment=segment)
    train, valid, _ = gather_documents(reader, train, valid, corrections)
    if bundle.contents:
        given = {"train": train, "valid": valid}
        return all(reader.content(x) == bundle.contents.get(n) for n, x in given.items())
    counted, _ = reader.count(train, ngrams=False)
    if len(tokenizer) > _SPECIAL_WORDS and counted.words != tokenizer.words:
        return False
    corpus = reader.encode(train, "train", tokenizer, {}).corpus
    reader.encode(valid, "valid", tokenizer, {})
    same_labels = np.array_equal(corpus.label_counts, bundle.label_counts)
    return same_labels and _without_cuts(reader.counts) == _without_cuts(bundle.documents)


def _without_cuts(counts: Mapping[str, int]) -> dict[str, int]:
    """Leave out how many documents were cut: models of n-grams once counted what others cut."""
    return {name: count for name, count in counts.items() if not name.endswith("_truncated")}


def _has_same_origins(bundle: Bundle, config: Config) -> bool:
    """Whether an encoder, and vectors, are still those that the model was made from.

    What ``model.transformer=auto`` chooses was perhaps not to train one; one that was trained may
    have been left out.
    """
    made_from = {x.made_from for x in bundle.ensemble.branches if isinstance(x, MadeFrom)}
    if "transformer" in bundle.contents:
        made_from.add(bundle.contents["transformer"])
    vectors = given_document_vectors(config.model)
    expected = set() if vectors is None else {vectors.sha256}
    if needs_transformer(config.model):
        encoder = read_encoder(config.model.transformer).sha256
        expected.add(encoder)
        if config.model.transformer == "auto":
            made_from.add(encoder)
    return made_from == expected


def _same_start(contents: Mapping[str, str], config: Config, unlabelled: Documents) -> bool:
    """Whether networks would start from the same; contents: of a model, older ones lack them."""
    vectors = contents.get("vectors")
    if vectors is not None and vectors != hash_vectors(Path(config.text.vectors)):
        return False
    known = contents.get("unlabelled")
    if known is None or read_only_once(unlabelled):
        return True
    return known == hash_unlabelled(unlabelled, config.data)
