"""Labels that are words: in formats where a blank ends a label, and nothing quotes one."""

from __future__ import annotations

import re

from harnn._places import kind_of
from harnn._tables import shown
from harnn.converters.label_numbers import ENDING, unmappable, write_map
from harnn.converters.parts import Output, beside
from harnn.converters.texts import refused, refused_labels
from harnn.data import Document
from harnn.data.log import Rejected

_BLANK = re.compile(r"[\s\0]")
_HINT = "Say what is to stand for a blank: --blank _"


class WordLabels:
    """Turns labels into words, and remembers which word stands for which label."""

    def __init__(self, target: Output) -> None:
        self._target = target
        self._labels: dict[str, str] = {}

    def words(self, document: Document) -> list[str] | Rejected:
        """Return the words of the labels of a document, or why they cannot be written."""
        labels = document.labels or ()
        blank = self._target.blank
        if blank is None and any(map(_BLANK.search, labels)):
            bad = filter(_BLANK.search, labels)
            return refused_labels(document, bad, "has a blank in it, which ends a label.", _HINT)
        broken = unmappable(document)
        if broken is not None:
            return broken
        words = [_BLANK.sub(lambda _: blank or "", label) for label in labels]
        for word, label in zip(words, labels, strict=True):
            other = self._labels.setdefault(word, label)
            if other != label or not word:
                what = f"label {shown(label)} would be written as {shown(word)}"
                more = f", as {shown(other)} is." if word else ", which is none."
                return refused(document, what + more, "Choose something else for blanks.")
        return words

    def finish(self) -> None:
        """Write the map of labels, where they are not their words, or where an old one is."""
        changed = [pair for pair in self._labels.items() if pair[0] != pair[1]]
        if changed:
            what = "blanks in labels are replaced; the labels are in the map beside the documents"
            self._target.notes.add(what, changed[0][1], unit="label", count=len(changed))
        if changed or kind_of(beside(self._target.path, ENDING)):
            write_map(self._target, changed)
