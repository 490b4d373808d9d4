"""What the reader of an answer should know of the text that it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harnn._display import counted
from harnn.answers import Note
from harnn.bundle import Bundle
from harnn.corpus import Corpus, NgramsView, View
from harnn.corpus.views import CountedNgrams, ReadVectors, ReadView, TextVectorsView, Tokens
from harnn.text import CutsTexts

NOTE_CODES = {
    "empty_text": (),
    "truncated": ("words", "read", "parts"),
    "partly_read": ("parts",),
    "unknown_words": ("words", "share", "encoder_languages"),
    "labels_by_name": ("labels",),
    "not_reranked": ("reason",),
}
"""The codes of all notes, with the names of their values; docs/watching.md says what they mean."""
_UNANSWERED = "no label is sure enough"
_READ, _WORDS = "read", "words"
"""The names of the views on how much an encoder of whole texts reads, and on how many words a text
has that is read as n-grams alone."""
_MOST_UNKNOWN = 0.5
"""Share of the words of a text, above which it is said that they are unknown,"""
_LEAST_WORDS = 5
"""where it has so many, or all are unknown."""


class _Part(NamedTuple):
    """A branch that may read less than the whole of a text."""

    name: str
    unit: str
    read: NDArray[np.int64]
    """(N,) of each text."""
    whole: NDArray[np.int64]
    """(N,) of each text, where nothing were cut."""


class WordCounts(NamedTuple):
    """How many words each of N texts has, how many of them are read, and how many known (N,)."""

    whole: NDArray[np.int64]
    read: NDArray[np.int64]
    known: NDArray[np.int64]


def views_for_notes(views: Mapping[str, View]) -> dict[str, View]:
    """Return what notes need to know of the texts beside the *views* that a model reads."""
    found: dict[str, View] = {}
    ngrams, vectors = views.get("ngrams"), views.get("text_vectors")
    if isinstance(ngrams, NgramsView) and "tokens" not in views:
        found["ngrams"] = replace(ngrams, counts=True)
    if isinstance(vectors, TextVectorsView):
        if isinstance(vectors.encoder, CutsTexts) and not vectors.waits:
            found["text_vectors"] = replace(vectors, counts=True)
        else:
            found[_READ] = ReadView(vectors.encoder)
    return found


def with_read(corpus: Corpus) -> Corpus:
    """Return documents that were encoded for an answer with the views that branches read."""
    more: dict[str, Any] = {}
    for name, view in corpus.views.items():
        if isinstance(view, ReadVectors):
            more |= {name: view.vectors, _READ: view.read}
        elif isinstance(view, CountedNgrams):
            more |= {name: view.vectors, _WORDS: view.words}
    return corpus.with_views(more) if more else corpus


def make_notes(
    corpus: Corpus, bundle: Bundle, answered: NDArray[np.bool_]
) -> list[tuple[Note, ...]]:
    """Say for each document what its answer rests on; answered: (N,) whether it has any label."""
    notes: list[tuple[Note, ...]] = [()] * len(corpus)
    words, parts = count_words(corpus, bundle), list(_parts(corpus, bundle))
    reads = bundle.ensemble.reads
    truncated = (words.whole > words.read) & ("tokens" in reads)
    cut = truncated.copy()
    for part in parts:
        cut |= part.whole > part.read
    unknown = words.read - words.known
    strange = (words.known == 0) | (
        (unknown > _MOST_UNKNOWN * words.read) & (words.read >= _LEAST_WORDS)
    )
    view = reads.get("text_vectors")
    for row in np.flatnonzero(strange | cut).tolist():
        unsure = "" if answered[row] else _UNANSWERED
        if words.whole[row] == 0:
            answer = unsure or "the answer is what is most common"
            note = Note("empty_text", f"The text has no words: {answer}.", {})
        elif truncated[row]:
            note = _truncated(int(words.whole[row]), int(words.read[row]), parts, row)
        elif strange[row]:
            note = _unknown(int(words.read[row]), int(words.known[row]), unsure, view)
        else:
            cuts = _cuts(parts, row)
            note = Note("partly_read", _say_cut(cuts), {"parts": cuts})
        notes[row] = (note,)
    return notes


def count_words(corpus: Corpus, bundle: Bundle) -> WordCounts:
    """Count the words of documents that were encoded for an answer, as their notes do."""
    if "tokens" not in corpus.views:
        whole, known = corpus.views[_WORDS].T
        return WordCounts(whole, whole, known)
    tokens = corpus.tokens
    known = tokens.known_lengths(bundle.tokenizer.unknown_id)
    return WordCounts(tokens.full_lengths, tokens.lengths, known)


def _truncated(whole: int, read: int, parts: list[_Part], row: int) -> Note:
    cuts = _cuts(parts, row)
    what = f"Only the first {read:,} of {whole:,} words were read (text.max_length)."
    sentence = f"{what} {_say_cut(cuts)}" if cuts else what
    return Note("truncated", sentence, {"words": whole, "read": read, "parts": cuts})


def _unknown(words: int, known: int, unsure: str, view: View | None) -> Note:
    """Say that few words are known; view: of the vectors of whole texts."""
    languages = view.encoder.languages if isinstance(view, TextVectorsView) else ()
    share = (words - known) / words
    values = {"words": words, "share": round(share, 4), "encoder_languages": list(languages)}
    if not known:
        answer = unsure or f"the answer {_say_rests(view) or 'is a guess'}"
        what = f"No word of the text is known to the model: {answer}."
    else:
        some = f"{words - known:,} of the {counted(words, 'word')} of the text"
        answer = unsure or "the answer rests on the others"
        what = f"{some} are unknown to the model: {answer}."
    return Note("unknown_words", what, values)


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


def _cuts(parts: list[_Part], row: int) -> list[dict[str, Any]]:
    """Return, for JSON, the branches that read the beginning of a text alone."""
    return [
        {
            "branch": each.name,
            "unit": each.unit,
            "read": int(each.read[row]),
            "whole": int(each.whole[row]),
        }
        for each in parts
        if each.whole[row] > each.read[row]
    ]


def _say_cut(cuts: list[dict[str, Any]]) -> str:
    """Say which branches read the beginning of a text alone."""
    cut = [
        f"{each['branch']} (the first {each['read']:,} of {each['whole']:,} {each['unit']})"
        for each in cuts
    ]
    noun = "branch" if len(cut) == 1 else "branches"
    return f"Not the whole text was read by the {noun} {' and '.join(cut)}."
