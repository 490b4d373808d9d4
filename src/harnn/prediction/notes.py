"""What the reader of an answer should know of the text that it is for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harnn.answers import Note
from harnn.bundle import Bundle
from harnn.corpus import Corpus, NgramsView

_UNANSWERED = "no label is sure enough"


def make_notes(
    corpus: Corpus, bundle: Bundle, answered: NDArray[np.bool_]
) -> list[tuple[Note, ...]]:
    """Say for each document what its answer rests on; answered: (N,) whether it has any label."""
    notes: list[tuple[Note, ...]] = [()] * len(corpus)
    reads = bundle.ensemble.reads
    words, read, known = _count(corpus, bundle)
    rests = "rests on the vector of the whole text alone" if "text_vectors" in reads else ""
    for row in np.flatnonzero((words == 0) | (words > read) | (known == 0)):
        unsure = "" if answered[row] else _UNANSWERED
        if words[row] == 0:
            answer = unsure or "the answer is what is most common"
            note = Note("empty_text", f"The text has no words: {answer}.")
        elif words[row] > read[row] and "tokens" in reads:
            cut = f"Only the first {read[row]:,} of {words[row]:,} words were read"
            note = Note("truncated", f"{cut} (text.max_length).")
        elif known[row] == 0:
            answer = unsure or f"the answer {rests or 'is a guess'}"
            what = f"No word of the text is known to the model: {answer}."
            note = Note("unknown_words", what)
        else:
            continue
        notes[row] = (note,)
    return notes


def _count(
    corpus: Corpus, bundle: Bundle
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return how many words each text has, how many of them are read, and how many known (N,).

    Where n-grams alone are read, 1 stands for any number of words.
    """
    if "tokens" not in corpus.views:
        view = bundle.ensemble.reads["ngrams"]
        assert isinstance(view, NgramsView)
        words = corpus.views["worded"].astype(np.int64)
        return words, words, view.features.known_words(corpus.views["ngrams"])
    tokens = corpus.tokens
    rows = np.repeat(np.arange(len(corpus)), tokens.lengths)
    known = tokens.ids != bundle.tokenizer.unknown_id
    counts = np.bincount(rows[known], minlength=len(corpus))
    return tokens.full_lengths, tokens.lengths, counts
