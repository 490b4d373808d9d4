"""The multi-label format of LIBSVM: numbers of labels and features, and no texts.

A line is ``1,5 3:2 7:1``: the numbers of the labels, then number and value of each feature, from 1
and ascending. Source: https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multilabel.html and
https://www.csie.ntu.edu.tw/~cjlin/libmultilabel/cli/ov_data_format.html.

The features written here are counts of words, as our linear model reads them. Weights such as
TF-IDF are left to who trains: they must come from the training documents alone, and which those
are is not known here. Words are numbered in order of first appearance.
"""

from __future__ import annotations

from collections import Counter

from harnn._display import encodable
from harnn.converters.label_numbers import ENDING, LabelNumbers, unmappable, write_map
from harnn.converters.parts import Output, beside
from harnn.converters.texts import note_lost_id, note_no_labels, one_text, refused_as_empty
from harnn.data import Document
from harnn.data.log import Rejected
from harnn.text.ngram_counting import find_words

WORDS = ".words.txt"
BESIDE = (ENDING, WORDS)


def write(target: Output) -> None:
    """Write a line a document; beside it what the numbers of labels and words mean."""
    target.notes.say("libsvm holds counts of words; order, case and texts are lost.")
    labels = LabelNumbers(target.taxonomy)
    words: dict[str, int] = {}

    def line(document: Document) -> str | Rejected:
        broken = unmappable(document)
        if broken is not None:
            return broken
        counts = Counter(
            words.setdefault(word, len(words) + 1)
            for word in find_words(one_text(document, target.notes))
        )
        if not counts and not document.labels:
            return refused_as_empty(document)
        if not counts:
            target.notes.add("documents have no word", document.id)
        note_lost_id(document, target.notes)
        note_no_labels(document, target.notes)
        numbers = ",".join(str(labels.number(label)) for label in document.labels or ())
        return " ".join([numbers, *(f"{word}:{counts[word]}" for word in sorted(counts))])

    target.write_lines(target.encoded(line))
    write_map(target, ((str(number), label) for number, label in enumerate(labels.labels)))
    file = target.open(beside(target.path, WORDS))
    file.writelines(f"{encodable(word)}\n" for word in words)
