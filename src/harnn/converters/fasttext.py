"""Supervised training data of fastText.

A line is a document: words that begin with ``__label__`` are its labels, the others its text. What
separates words is a blank, a tab, a carriage return, a vertical tab, a form feed or a zero byte,
and nothing quotes. Source: https://fasttext.cc/docs/en/supervised-tutorial.html, and
``Dictionary::readWord`` of https://github.com/facebookresearch/fastText.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from harnn.converters.label_numbers import read_map
from harnn.converters.parts import Documents, Input, Output, Reading
from harnn.converters.rows import read_line_documents
from harnn.converters.taxonomies import read_own_taxonomy
from harnn.converters.texts import note_lost_id, note_no_labels, one_text, refused, refused_as_empty
from harnn.converters.word_labels import WordLabels
from harnn.data import Document
from harnn.data.log import Rejected

PREFIX = "__label__"
_SPACE = r"[ \t\r\v\f\0]"
_WORD = r"[^ \t\r\v\f\0]*"
_HEAD = re.compile(rf"{_SPACE}*(?:{PREFIX}{_WORD}(?:{_SPACE}+|$))*")
_LABEL = re.compile(rf"(?:^|(?<={_SPACE})){PREFIX}({_WORD}){_SPACE}*")


def read(source: Input) -> Reading:
    """Read lines; a label may stand anywhere in one."""
    return Reading(_documents(source), read_own_taxonomy(source))


def _documents(source: Input) -> Documents:
    for path in source.paths:
        known = read_map(path)

        def document(line: str, _: object, known: Mapping[str, str] = known) -> Document:
            return _document(line, known)

        yield from read_line_documents(source.of(path), document)


def _document(line: str, known: Mapping[str, str]) -> Document:
    words: list[str] = _LABEL.findall(line)
    head = _HEAD.match(line)
    text = _LABEL.sub("", line[head.end() if head else 0 :])
    return Document("", {"text": text}, tuple(known.get(word, word) for word in words) or None)


def write(target: Output) -> None:
    """Write a line a document, labels first."""
    names = WordLabels(target)

    def line(document: Document) -> str | Rejected:
        words = names.words(document)
        if isinstance(words, Rejected):
            return words
        whole = one_text(document, target.notes, breaks=False)
        text = whole.strip(" ")
        if _LABEL.search(text):
            what = f"a word of the text begins with {PREFIX!r}, which makes it a label."
            return refused(document, what)
        if not words and not text:
            return refused_as_empty(document)
        note_lost_id(document, target.notes)
        note_no_labels(document, target.notes)
        if text != whole:
            target.notes.add("blanks at the ends of texts are lost", document.id)
        return " ".join([*(f"{PREFIX}{word}" for word in words), *([text] if text else [])])

    target.write_lines(target.encoded(line))
    names.finish()
