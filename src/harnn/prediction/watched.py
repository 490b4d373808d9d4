"""What is counted of documents, as a model has read and answered them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from harnn.bundle import Bundle
from harnn.corpus import Corpus
from harnn.data import Document
from harnn.decode import Decoder, Scores
from harnn.prediction.notes import count_words
from harnn.watching import Block, TextSigns, choosing_of, fields_of, vectors_of


def block_of(
    bundle: Bundle,
    documents: Sequence[Document],
    corpus: Corpus,
    scores: Scores,
    decoder: Decoder,
    chosen: csr_array[np.bool_],
    targets: Any = None,
) -> Block:
    """Put together what is counted of documents; corpus: with what notes need."""
    words = count_words(corpus, bundle)
    found = vectors_of(corpus, whole_texts=bundle.ensemble.cascade is None)
    kind, vectors = ("", None) if found is None else found
    return Block(
        TextSigns.of(documents),
        fields_of(documents),
        np.stack([words.read, words.known], axis=1),
        scores.values,
        choosing_of(decoder),
        chosen,
        kind,
        vectors,
        targets,
    )
