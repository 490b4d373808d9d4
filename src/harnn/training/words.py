"""The word vectors that a network starts from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from harnn.config import Config
from harnn.corpus import EncodedCorpus, Source, encode_unlabelled, source_documents
from harnn.data import ReadReport
from harnn.errors import ConfigError, Problem
from harnn.text import (
    PACKAGED_VECTORS,
    Encoder,
    WordVectors,
    packaged_vectors,
    read_vectors,
    train_vectors,
)
from harnn.training.history import Listener, Stage
from harnn.training.reader import summarise

_TRAINED_VECTORS: dict[str, Literal["word2vec", "fasttext"]] = {
    "word2vec": "word2vec",
    "fasttext": "fasttext",
}


@dataclass(frozen=True)
class _Sentences:
    """The token ids of all documents, again and again."""

    corpora: tuple[EncodedCorpus, ...]

    def __iter__(self) -> Iterator[NDArray[np.int32]]:
        for corpus in self.corpora:
            for row in range(len(corpus)):
                yield corpus.tokens(row)


def word_vectors(
    train: EncodedCorpus,
    unlabelled: Source,
    encoder: Encoder,
    config: Config,
    listener: Listener,
) -> WordVectors | None:
    kind = config.text.vectors
    if kind == "random":
        return None
    counts = np.bincount(train.token_ids, minlength=len(encoder.words))
    if kind in _TRAINED_VECTORS:
        corpora = [train]
        if not isinstance(unlabelled, Sequence) or len(unlabelled):
            report = ReadReport()
            extra = source_documents(unlabelled, config.data, report=report)
            corpora.append(encode_unlabelled(extra, encoder))
            listener(Stage(summarise("unlabelled", corpora[-1], encoder, report)))
        documents = sum(map(len, corpora))
        listener(Stage(f"training {kind} vectors on {documents:,} documents"))
        return train_vectors(
            _Sentences(tuple(corpora)),
            encoder,
            kind=_TRAINED_VECTORS[kind],
            size=config.model.embedding_size,
            epochs=config.text.vectors_epochs_for(sum(len(corpus.token_ids) for corpus in corpora)),
            seed=config.training.seed,
        )
    if kind in PACKAGED_VECTORS:
        vectors = packaged_vectors(kind, encoder, counts)
    else:
        if not Path(kind).exists():
            raise ConfigError(
                Problem(
                    "text.vectors",
                    f"got {kind!r}, expected word2vec, fasttext, random, "
                    f"{', '.join(PACKAGED_VECTORS)} or the path of a file.",
                )
            )
        vectors = read_vectors(Path(kind), encoder, counts)
    listener(Stage(f"{vectors.source}: {vectors.coverage}"))
    return vectors
