"""What the findings of a comparison say to people, in a table and in sentences."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from harnn._display import beginning, counted, isolate, level_name, percent, printable
from harnn.pages import level_title
from harnn.taxonomy import Taxonomy
from harnn.watching.drift import LEAST_DOCUMENTS, Drift, Figure, Finding

_TITLES: Mapping[Figure, str] = {
    "unknown_words": "unknown words",
    "lengths": "words of a document",
    "writings": "writing",
    "empty_field": "empty field",
    "vectors": "vectors",
    "unlabelled": "documents without a label",
    "doubtful": "documents in doubt",
    "scores": "best score",
    "label_mix": "mix of best labels",
    "labels": "labels that moved",
    "f1": "micro-F1",
}
_SHARES = ("unknown_words", "writings", "empty_field", "unlabelled", "doubtful", "f1")
_DIFFERENCES = frozenset(_SHARES) - {"writings"}
_LONGEST_NAME = 60
"""Characters of a name in a sentence."""


def title_of(finding: Finding, taxonomy: Taxonomy) -> str:
    """Return what a finding is about."""
    title = _TITLES[finding.figure]
    if finding.name:
        title = f"{title}: {finding.name}"
    if finding.level is None:
        return title
    return f"{title}, level {level_name(taxonomy.level_names[finding.level - 1], finding.level)}"


def value_of(finding: Finding, value: float | None) -> str:
    """Return a value before or now; nothing where there is none."""
    if value is None:
        return ""
    if finding.figure in _SHARES:
        return percent(value)
    return f"{value:,.1f}" if finding.figure == "lengths" else f"{value:.3f}"


def change_of(finding: Finding, value: float | None = None) -> str:
    """Return a change, or another *value* in its units: points, of labels how many, else bare."""
    value = finding.change if value is None else value
    if not math.isfinite(value):
        return "?"
    if finding.figure == "labels":
        return f"{value:,.0f} of {finding.more['of']:,}"
    if finding.figure in _DIFFERENCES:
        return f"{100 * value:+.1f}"
    return f"{value:.3f}"


def interval_of(finding: Finding) -> str:
    """Return the interval of a change; labels have their own."""
    if finding.figure == "labels":
        return ""
    return f"{change_of(finding, finding.low)} to {change_of(finding, finding.high)}"


def measured(finding: Finding) -> str:
    """Say how large a change is, how sure that is, and which one matters."""
    if finding.figure == "labels":
        return "Each is tested beside all labels of its level."
    in_points = finding.figure in _DIFFERENCES
    tolerance = f"{100 * finding.tolerance if in_points else finding.tolerance:g}"
    unit = "of the spread of texts" if finding.figure == "vectors" else "by the stability index"
    return (
        f"Change {change_of(finding)} {'points' if in_points else unit}, interval "
        f"{interval_of(finding)}; from {tolerance} on it matters."
    )


def sentence_of(finding: Finding, taxonomy: Taxonomy) -> str:
    """Say in a sentence how something is now, and how it was."""
    before, now = (value_of(finding, each) for each in (finding.before, finding.now))
    return _SENTENCES[finding.figure](finding, before, now, _level(finding, taxonomy))


def _level(finding: Finding, taxonomy: Taxonomy) -> str:
    if finding.level is None:
        return ""
    return _named(level_title(taxonomy.level_names[finding.level - 1], finding.level))


def _named(name: str) -> str:
    return isolate(printable(beginning(name, _LONGEST_NAME)))


def _more_or_less(finding: Finding, more: str, less: str, neither: str) -> str:
    """Choose a word by what people read before and now, as it is shown."""
    before, now = (value_of(finding, each) for each in (finding.before, finding.now))
    if before == now or finding.before is None or finding.now is None:
        return neither
    return more if finding.now > finding.before else less


def _unknown_words(finding: Finding, before: str, now: str, _: str) -> str:
    word = _more_or_less(finding, "fewer", "more", "as many")
    return f"The model knows {word} of the words: {now} are unknown to it, {before} before."


def _lengths(finding: Finding, before: str, now: str, _: str) -> str:
    word = _more_or_less(finding, "longer", "shorter", "of other lengths")
    return f"Documents are {word}: {now} words on average, {before} before."


def _writings(finding: Finding, before: str, now: str, _: str) -> str:
    name = _named(finding.name)
    return f"The writing is another: {name} in {now} of the documents, {before} before."


def _empty_field(finding: Finding, before: str, now: str, _: str) -> str:
    return f"The field {_named(finding.name)} is empty in {now} of the documents, {before} before."


def _vectors(finding: Finding, *_: str) -> str:
    return f"The texts are of other things, or say them otherwise, by their {_named(finding.name)}."


def _unlabelled(_: Finding, before: str, now: str, __: str) -> str:
    return f"{now} of the documents are given no label, {before} before."


def _doubtful(_: Finding, before: str, now: str, __: str) -> str:
    return f"In {now} of the documents no score reaches 0.5, {before} before."


def _scores(finding: Finding, before: str, now: str, level: str) -> str:
    word = _more_or_less(finding, "higher", "lower", "spread otherwise")
    return f"{level}: the best scores are {word}, {now} on average, {before} before."


def _label_mix(_: Finding, __: str, ___: str, level: str) -> str:
    return f"{level}: the labels with the best score are mixed otherwise."


def _labels(finding: Finding, _: str, __: str, level: str) -> str:
    of = change_of(finding)
    verb = "is" if finding.change == 1 else "are"
    return f"{level}: {of} labels {verb} given so much more or less often than before."


def _f1(finding: Finding, before: str, now: str, level: str) -> str:
    word = _more_or_less(finding, "better", "worse", "other")
    start = f"{level}: the answers" if level else "The answers"
    return f"{start} are {word}: micro-F1 {now}, {before} before."


_SENTENCES: Mapping[Figure, Callable[[Finding, str, str, str], str]] = {
    "unknown_words": _unknown_words,
    "lengths": _lengths,
    "writings": _writings,
    "empty_field": _empty_field,
    "vectors": _vectors,
    "unlabelled": _unlabelled,
    "doubtful": _doubtful,
    "scores": _scores,
    "label_mix": _label_mix,
    "labels": _labels,
    "f1": _f1,
}


def conclusion(found: Drift) -> str:
    """Say in a sentence what came out."""
    came = f"{counted(found.documents, 'document')} beside {found.before:,}"
    if not found.moved:
        said = len(found.findings) - len(found.unsure)
        return f"{came}: nothing moved of {said:,} figures that can be told."
    names = dict.fromkeys(_TITLES[each.figure] for each in found.moved)
    return f"{came}: moved: {', '.join(names)}."


def doubt(found: Drift) -> str:
    """Say of how many figures nothing can be said, and why; nothing where there is none."""
    if not found.unsure:
        return ""
    few = min(found.documents, found.before)
    if few < LEAST_DOCUMENTS:
        return f"Of {counted(few, 'document')} nothing is said, of {LEAST_DOCUMENTS} or more it is."
    return (
        f"Of {counted(len(found.unsure), 'figure')} too few documents tell; twice the "
        "tolerance of each could have gone unseen. Some 300 documents tell most figures, 1,000 "
        "nearly all."
    )


def unseen(finding: Finding) -> str:
    """Say of labels what could have gone unseen; of other figures nothing."""
    if finding.figure != "labels" or "seen_from" not in finding.more:
        return ""
    share = finding.more["seen_from"]
    if share >= 1:
        return "a label that every document had could be gone"
    return f"a label that {percent(share)} of the documents had could be gone"
