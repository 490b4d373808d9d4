"""What the reader of an answer should know of the text that it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harnn.answers import Note
from harnn.bundle import Bundle
from harnn.corpus import Corpus, NgramsView, View
from harnn.corpus.views import ReadVectors, ReadView, TextVectorsView, Tokens
from harnn.text import CutsTexts

_UNANSWERED = "no label is sure enough"
_READ = "read"
"""The name of the view on how much an encoder of whole texts reads."""


class _Part(NamedTuple):
    """A branch that may read less than the whole of a text."""

    name: str
    unit: str
    read: NDArray[np.int64]
    """(N,) of each text."""
    whole: NDArray[np.int64]
    """(N,) of each text, where nothing were cut."""


def views_for_notes(views: Mapping[str, View]) -> dict[str, View]:
    """Return what notes need to know of the texts beside the *views* that a model reads."""
    vectors = views.get("text_vectors")
    if not isinstance(vectors, TextVectorsView):
        return {}
    if isinstance(vectors.encoder, CutsTexts) and not vectors.waits:
        return {"text_vectors": replace(vectors, counts=True)}
    return {_READ: ReadView(vectors.encoder)}


def with_read(corpus: Corpus) -> Corpus:
    """Return documents that were encoded for an answer with the views that branches read."""
    found = corpus.views.get("text_vectors")
    if not isinstance(found, ReadVectors):
        return corpus
    return corpus.with_views({"text_vectors": found.vectors, _READ: found.read})


def make_notes(
    corpus: Corpus, bundle: Bundle, answered: NDArray[np.bool_]
) -> list[tuple[Note, ...]]:
    """Say for each document what its answer rests on; answered: (N,) whether it has any label."""
    notes: list[tuple[Note, ...]] = [()] * len(corpus)
    reads = bundle.ensemble.reads
    words, read, known = _count(corpus, bundle)
    parts = list(_parts(corpus, bundle))
    cut = np.zeros(len(corpus), dtype=bool)
    for part in parts:
        cut |= part.whole > part.read
    rests = _say_rests(reads.get("text_vectors"))
    for row in np.flatnonzero((words == 0) | (words > read) | (known == 0) | cut).tolist():
        unsure = "" if answered[row] else _UNANSWERED
        if words[row] == 0:
            answer = unsure or "the answer is what is most common"
            note = Note("empty_text", f"The text has no words: {answer}.")
        elif words[row] > read[row] and "tokens" in reads:
            what = f"Only the first {read[row]:,} of {words[row]:,} words were read"
            less = _say_cut(parts, row)
            note = Note("truncated", f"{what} (text.max_length).{less and f' {less}'}")
        elif known[row] == 0:
            answer = unsure or f"the answer {rests or 'is a guess'}"
            what = f"No word of the text is known to the model: {answer}."
            note = Note("unknown_words", what)
        elif cut[row]:
            note = Note("partly_read", _say_cut(parts, row))
        else:
            continue
        notes[row] = (note,)
    return notes


def _say_rests(view: View | None) -> str:
    """Say what an answer rests on where no word is known; nothing where whole texts are not read.

    view: of the vectors of whole texts.
    """
    if not isinstance(view, TextVectorsView):
        return ""
    english = view.encoder.languages == ("en",)
    more = ", and its encoder knows English alone" if english else ""
    return f"rests on the vector of the whole text alone{more}"


def _parts(corpus: Corpus, bundle: Bundle) -> Iterator[_Part]:
    """Yield the branches that read the beginning of a text, but for the words of all texts."""
    for branch in bundle.ensemble.branches:
        for name in branch.reads:
            view = corpus.views[name]
            if isinstance(view, Tokens) and name != "tokens":
                yield _Part(branch.name, name, view.lengths, view.full_lengths)
            elif name == "text_vectors" and _READ in corpus.views:
                read, whole = corpus.views[_READ].T
                yield _Part(branch.name, "characters", read, whole)


def _say_cut(parts: list[_Part], row: int) -> str:
    """Say which branches read the beginning of a text alone; nothing where none does."""
    cut = [
        f"{each.name} (the first {each.read[row]:,} of {each.whole[row]:,} {each.unit})"
        for each in parts
        if each.whole[row] > each.read[row]
    ]
    noun = "branch" if len(cut) == 1 else "branches"
    return f"Not the whole text was read by the {noun} {' and '.join(cut)}." if cut else ""


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
