"""Documents in formats that hold words."""

from __future__ import annotations

from harnn.converters.parts import Output
from harnn.converters.texts import one_text
from harnn.data import Document
from harnn.text.ngrams import find_words


def words_of(document: Document, output: Output) -> list[str]:
    """Return a document as words."""
    return cut_words(one_text(document, output.notes), document, output)


def cut_words(text: str, document: Document, output: Output) -> list[str]:
    """Return a text of a document as words and marks in their case, or as it was cut before."""
    if output.cut:
        return text.split()
    words = find_words(text, lowercase=False)
    if " ".join(words) != text:
        what = "texts are cut into words, and what stood between them is lost"
        output.notes.add(what, document.id)
    return words
