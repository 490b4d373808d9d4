"""The figures of the validation documents, with which those that come later are compared."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from harnn.bundle import Bundle
from harnn.corpus import Corpus, NgramsView, TokensView
from harnn.corpus.views import Tokens
from harnn.data import Document, labelled_documents
from harnn.decode import Scores
from harnn.training.events import Stage
from harnn.training.task import Task
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


def reference_of(task: Task, bundle: Bundle, scores: Scores, corpus: Corpus) -> Figures | None:
    """Count the validation documents as they would be answered, reading their texts once more.

    scores: of each as a new one would get it; corpus: with all views that were made of them. None,
    and said, where there are other documents now than there were.
    """
    views = bundle.views()
    held = {name for name in views if name in corpus.views}
    settings = (task.taxonomy, task.config.data)
    pairs = labelled_documents(task.valid.given, *settings)
    hierarchy, start = task.taxonomy.hierarchy, 0
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
    if total is None or total.documents != len(corpus):
        task.listener(Stage("the validation documents changed: no figures of them are kept"))
        return None
    return total


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
