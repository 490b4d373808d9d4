"""The figures of the validation documents, with which those that come later are compared."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from harnn.bundle import Bundle
from harnn.config import DataConfig
from harnn.corpus import Corpus, NgramsView, TokensView
from harnn.corpus.views import Tokens
from harnn.data import Document, Documents, labelled_documents
from harnn.decode import Scores
from harnn.watching import (
    Block,
    Figures,
    TextSigns,
    choosing_of,
    count_block,
    fields_of,
    vectors_of,
)

_AT_ONCE = 1_024
_MOST_SCORES = 16 << 20
"""Documents x labels of a block."""


def reference_of(
    bundle: Bundle,
    given: Documents,
    scores: Scores,
    corpus: Corpus,
    data: DataConfig | None = None,
) -> Figures | None:
    """Count validation documents as they would be answered, reading their texts once more.

    given: the documents of *corpus*, which has all views that the model reads, and *scores*, of
    each as a new one would get it. data: how they were read; None: as those for training. Nothing
    (None) where there are other documents now than there were.
    """
    views = bundle.views()
    held = {name for name in views if name in corpus.views}
    pairs = labelled_documents(given, bundle.taxonomy, data or bundle.config.data)
    hierarchy, start = bundle.taxonomy.hierarchy, 0
    total: Figures | None = None
    at_once = max(1, min(_AT_ONCE, _MOST_SCORES // len(hierarchy)))
    for documents in _blocks((document for document, _ in pairs), at_once):
        rows = np.arange(start, min(start + len(documents), len(corpus)))
        if len(rows) < len(documents):
            break
        start += len(documents)
        part = corpus.only(rows, held)
        values = scores.values[rows]
        _, chosen = bundle.decoder.decode(Scores(part.ids, values), hierarchy)
        found = vectors_of(part, whole_texts=bundle.ensemble.cascade is None)
        kind, vectors = ("", None) if found is None else found
        block = Block(
            TextSigns.of(documents),
            fields_of(documents),
            _count_words(documents, part, bundle),
            values,
            choosing_of(bundle.decoder),
            chosen,
            kind,
            vectors,
            part.targets,
        )
        counted = count_block(block, hierarchy)
        total = counted if total is None else total + counted
    return total if total is not None and total.documents == len(corpus) else None


def _count_words(documents: list[Document], part: Corpus, bundle: Bundle) -> NDArray[np.int64]:
    """Return the words of documents, and those of them that are known, (N, 2), as notes do."""
    views, texts = bundle.views(), [each.full_text for each in documents]
    ngrams = views.get("ngrams")
    if "tokens" not in views and isinstance(ngrams, NgramsView):
        return ngrams.features.count_words(texts)
    tokens: Tokens | None = part.views.get("tokens")
    if tokens is None:  # no branch that reads them is left
        collector = TokensView(bundle.tokenizer).collect()
        collector.add(texts)
        tokens = collector.finish()
    assert tokens is not None
    known = tokens.known_lengths(bundle.tokenizer.unknown_id)
    return np.stack([tokens.lengths, known], axis=1)


def _blocks(documents: Iterator[Document], size: int) -> Iterator[list[Document]]:
    while some := list(islice(documents, size)):
        yield some
