"""Documents in formats that hold words."""

from __future__ import annotations

from collections.abc import Sequence

from harnn.converters.parts import Output
from harnn.converters.texts import one_text
from harnn.data import Document
from harnn.text.ngram_counting import find_words


def words_of(document: Document, output: Output) -> list[str]:
    """Return a document as words."""
    return cut_words([one_text(document, output.notes)], document, output)[0]


def cut_words(texts: Sequence[str], document: Document, output: Output) -> list[list[str]]:
    """Return texts of a document as words and marks in their case, or as they were cut before."""
    if output.cut:
        return [text.split() for text in texts]
    words = [find_words(text, lowercase=False) for text in texts]
    if list(map(" ".join, words)) != list(texts):
        what = "texts are cut into words, and what stood between them is lost"
        output.notes.add(what, document.id)
    return words
