"""What labels are called, and when two spellings are the same.

Three measures, each coarser than the one before: :func:`fold` (case, blanks, forms of characters),
:func:`without_marks` (accents too) and :func:`name_key` (punctuation and English plurals too).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harnn.taxonomy.taxonomy import Taxonomy

_BETWEEN_WORDS = re.compile(r"[^\w+#]+")
_SHORTEST_PLURAL = 4
_PLURALS = ("sses", "xes", "zes", "ches", "shes")
_NO_PLURALS = ("ss", "us", "is")


def spellings(taxonomy: Taxonomy) -> Iterator[tuple[str, int]]:
    """Yield what labels may be called beside their codes, each with the label's column: name,
    alternative names, notation, IRI, and codes that it stands for now with their IRIs.
    """
    for code, current in taxonomy.replaced.items():
        if current in taxonomy.index:
            yield code, taxonomy.index[current]
            if code in taxonomy.former_iris:
                yield taxonomy.former_iris[code], taxonomy.index[current]
    for column, code in enumerate(taxonomy.codes):
        for spelling in (
            taxonomy.names[column],
            *taxonomy.alternatives[column],
            taxonomy.notations[column],
            taxonomy.iris[column],
        ):
            if spelling and spelling != code:
                yield spelling, column


def fold(text: str) -> str:
    """Return *text* without what two spellings of the same may differ in: case, blanks, and the
    compatible forms of characters (NFKC).
    """
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def without_marks(text: str) -> str:
    """Return *text* without capitals and marks."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in apart if not unicodedata.combining(sign))


def name_key(name: str) -> str:
    """Return the words of a name without case, marks, punctuation and English plurals.

    ``&`` is "and"; ``+`` and ``#`` are kept (C, C++ and C# are three things). What has no words is
    folded.
    """
    words = _BETWEEN_WORDS.split(without_marks(name.replace("&", " and ")))
    return " ".join(_singular(word) for word in words if word) or fold(name)


def _singular(word: str) -> str:
    if len(word) < _SHORTEST_PLURAL or not word.isascii() or word.endswith(_NO_PLURALS):
        return word
    if word.endswith("ies") and len(word) > _SHORTEST_PLURAL:
        return f"{word[:-3]}y"
    if word.endswith(_PLURALS):
        return word[:-2]
    return word.removesuffix("s")
