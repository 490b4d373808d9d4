"""Shared evidence: a word that spoke for one label in many documents, grouped by its neighbours.

The word stands in a concordance, each line with what comes before and after it. Lines are grouped
by the words near it, so that "apple" among orchards and "Apple" among computers are decided
apart: a line is the sum of the vectors of its near words (TF-IDF), the vector of a word being how
often it stands near in the same lines as each other word. Lines are joined by Ward's method into as
many groups as are told apart best, four at most.

Sources: Schütze (1998), Automatic word sense discrimination; Ward (1963), Hierarchical grouping to
optimize an objective function.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._display import whole_signs
from harnn.config import TextConfig
from harnn.review.values import ConcordanceLine, EvidenceGroup, NextBest
from harnn.taxonomy import Taxonomy
from harnn.text import Tokenizer

_WORDS_BESIDE = 50
_CHARACTERS_BESIDE = 400
_SHOWN_BESIDE = 48
"""Characters of a line before the word, and after it."""
_LOOKED_AT = 4 * _SHOWN_BESIDE
"""Characters that these are taken from: there may be blanks among them."""
_SHORTEST = 3
"""Letters of a near word at least, but for words of Chinese and the like."""
_MOST_WORDS = 500
_MOST_GROUPS = 4
_LINES_OF_A_GROUP = 10
"""At least, on average."""
_LEAST_SHARE = 0.05
"""Of the lines, for a group of its own."""
_LEAST_APART = 0.1
"""Silhouette, -1 to 1, from which on groups are told apart."""
_MOST_JOINED = 500
"""Lines that Ward's method is given; others join the group that they are nearest to."""
_NEAR = 4
_NEXT_BEST = 3

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """A word where it spoke for a label."""

    item: int
    version: int
    """Of the reading of who asks."""
    title: str
    text: str
    """Of the field that the word stands in."""
    start: int
    end: int
    """Characters start to end of the text."""
    right: bool | None = None
    """Whether the settled document has the label; None: it is not settled."""
    runners_up: Mapping[str, float] = field(default_factory=dict)
    """Siblings that were not given, with their scores."""


class Grouped(NamedTuple):
    """Lines with the same words near."""

    members: tuple[int, ...]
    """Places of the lines, ascending."""
    near: tuple[str, ...]
    """Words that stand near in these lines more than in the others, the most telling first; none
    where the lines have nothing in common."""


def group_evidence(
    occurrences: Sequence[Occurrence], taxonomy: Taxonomy
) -> tuple[EvidenceGroup, ...]:
    """Return what is to be decided of a word that spoke for a label, the largest group first.

    occurrences: one for each document, settled or not. Groups without a document that is still to
    be decided are left out; runners-up that are not in the taxonomy are no longer best.
    """
    groups = []
    for members, near in group_lines(occurrences):
        own = [occurrences[member] for member in members]
        waiting = [each for each in own if each.right is None]
        if not waiting:
            continue
        groups.append(
            EvidenceGroup(
                near=near,
                lines=tuple(map(concordance_line, waiting)),
                agreed=sum(each.right is True for each in own),
                of=len(own) - len(waiting),
                next_best=_next_best(waiting, taxonomy),
            )
        )
    return tuple(sorted(groups, key=lambda group: (not group.near, -len(group.lines))))


def concordance_line(occurrence: Occurrence) -> ConcordanceLine:
    """Return the word with what stands beside it, in one line, cut between words where it can."""
    text, start, end = occurrence.text, occurrence.start, occurrence.end
    first, last = max(0, start - _LOOKED_AT), end + _LOOKED_AT
    return ConcordanceLine(
        item=occurrence.item,
        version=occurrence.version,
        before=_last_words(text[first:start], is_cut=first > 0 and not text[first].isspace()),
        word=_one_line(text[start:end]),
        after=_first_words(
            text[end:last], is_cut=last < len(text) and not text[last - 1].isspace()
        ),
        title=occurrence.title,
    )


def group_lines(occurrences: Sequence[Occurrence]) -> list[Grouped]:
    """Group lines by the words near; every line is in one group."""
    near = _NearWords.of(occurrences)
    lines = np.flatnonzero(np.diff(near.counts.indptr))
    groups = [
        Grouped(tuple(lines[members].tolist()), ())
        for members in _clusters(near.weighted(lines), len(occurrences))
    ]
    groups = [Grouped(group.members, near.telling(group.members)) for group in groups]
    apart = np.setdiff1d(np.arange(len(occurrences)), lines)
    return groups + ([Grouped(tuple(apart.tolist()), ())] if len(apart) else [])


@dataclass(frozen=True, slots=True, eq=False)
class _NearWords:
    """Which words stand near in which line: those of several lines alone."""

    counts: csr_array[np.float64]
    """(lines, words), 0 or 1."""
    words: tuple[str, ...]
    """As most lines write them."""

    @classmethod
    def of(cls, occurrences: Sequence[Occurrence]) -> _NearWords:
        lines = list(_windows(occurrences))
        times = Counter(folded for words in lines for folded in words)
        shared = sorted((f for f in times if times[f] > 1), key=lambda f: (-times[f], f))
        place = {folded: number for number, folded in enumerate(shared[:_MOST_WORDS])}
        spellings = Counter(pair for words in lines for pair in words.items() if pair[0] in place)
        written = {folded: word for (folded, word), _ in reversed(spellings.most_common())}
        rows = [sorted(place[f] for f in words if f in place) for words in lines]
        columns = np.fromiter((c for row in rows for c in row), dtype=np.int32)
        starts = np.cumsum([0, *map(len, rows)])
        shape = (len(rows), len(place))
        counts = csr_array((np.ones(len(columns)), columns, starts), shape=shape)
        return cls(counts, tuple(written[folded] for folded in place))

    def weighted(self, lines: NDArray[np.int64]) -> Matrix:
        """Return the TF-IDF of the lines, dense (lines, words), each of length 1 or 0."""
        return _normalised(self.counts[lines].toarray() * self._idf)

    def telling(self, members: Sequence[int]) -> tuple[str, ...]:
        """Return the words whose share of these lines is most above that of the others, rare ones
        before common ones."""
        inside = np.bincount(self.counts[list(members)].indices, minlength=len(self.words))
        outside = np.bincount(self.counts.indices, minlength=len(self.words)) - inside
        others = self.counts.shape[0] - len(members)
        above = inside / len(members) - outside / max(others, 1)
        order = np.argsort(-above * self._idf, kind="stable")
        return tuple(self.words[c] for c in order[:_NEAR].tolist() if above[c] > 0)

    @property
    def _idf(self) -> NDArray[np.float64]:
        lines = np.bincount(self.counts.indices, minlength=len(self.words))
        return np.asarray(np.log1p(self.counts.shape[0] / np.maximum(lines, 1)))


def _windows(occurrences: Sequence[Occurrence]) -> Iterator[dict[str, str]]:
    """Yield the words near of each line: folded, and as they are written."""
    cut = [_cut_around(each) for each in occurrences]
    config = TextConfig(lowercase=True)
    tokenizer = Tokenizer.build((text for text, _, _ in cut), config, counts=False)
    known: dict[str, str] = {}
    for text, start, end in cut:
        own = tokenizer.normalize(text[start:end])
        spans = tokenizer.spans(text)
        before = [text[a:b] for a, b in spans if b <= start][-_WORDS_BESIDE:]
        after = [text[a:b] for a, b in spans if a >= end][:_WORDS_BESIDE]
        words: dict[str, str] = {}
        for word in (*before, *after):
            folded = known.get(word)
            if folded is None:
                folded = known[word] = telling_word(tokenizer.normalize(word))
            if folded and folded != own:
                words.setdefault(folded, word)
        yield words


def _cut_around(each: Occurrence) -> tuple[str, int, int]:
    """Return the text around a word, cut at blanks where it can be, and where the word is in it."""
    start = max(0, each.start - _CHARACTERS_BESIDE)
    if start:
        blank = each.text.find(" ", start, each.start)
        start = start if blank < 0 else blank
    end = each.end + _CHARACTERS_BESIDE
    if end < len(each.text):
        blank = each.text.rfind(" ", each.end, end)
        end = end if blank < 0 else blank
    return each.text[start:end], each.start - start, each.end - start


def telling_word(word: str) -> str:
    """Return a folded word if it may say what a text is about, else an empty string.

    Signs, numbers, words of one or two letters and English words without meaning do not.
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    is_wide = unicodedata.east_asian_width(word[:1] or " ") == "W"
    tells = any(map(str.isalpha, word)) and (len(word) >= _SHORTEST or is_wide)
    return word if tells and word not in ENGLISH_STOP_WORDS else ""


def _clusters(lines: Matrix, of: int) -> list[NDArray[np.int64]]:
    """Return the places of the rows of each group, all rows in one where none are apart."""
    best, apart = [np.arange(len(lines))] if len(lines) else [], _LEAST_APART
    most = min(_MOST_GROUPS, len(lines) // _LINES_OF_A_GROUP)
    if most < 2:
        return best
    from scipy.cluster.hierarchy import fcluster, linkage  # no answer needs it

    points = _normalised(lines @ (lines.T @ lines))
    joined = points[:: -(-len(points) // _MOST_JOINED)]
    steps = linkage(_distances(joined), method="ward")
    for count in range(2, most + 1):
        numbers = fcluster(steps, count, criterion="maxclust")
        found = np.unique(numbers)
        if len(found) < count:  # lines that are the same
            break
        centres = np.array([joined[numbers == number].mean(axis=0) for number in found])
        squares = 1 + (centres**2).sum(axis=1) - 2 * points @ centres.T
        distances = np.sqrt(np.maximum(squares, 0))
        nearest = distances.argmin(axis=1)
        sizes = np.bincount(nearest, minlength=count)
        silhouette = _silhouette(distances)
        if sizes.min() >= max(2, _LEAST_SHARE * of) and silhouette > apart:
            best = [np.flatnonzero(nearest == number) for number in range(count)]
            apart = silhouette
    return best


def _distances(points: Matrix) -> NDArray[np.float64]:
    """Return the distances of all pairs of points of length 1, as SciPy orders them."""
    above = np.triu_indices(len(points), k=1)
    return np.asarray(np.sqrt(np.maximum(2 - 2 * (points @ points.T)[above], 0)))


def _silhouette(distances: Matrix) -> float:
    """Return how much nearer points are to their own centre than to the next, -1 to 1.

    distances: (points, centres). Source: Vendramin, Campello and Hruschka (2010), Relative
    clustering validity criteria: a comparative overview (simplified silhouette).
    """
    own, other = np.sort(distances, axis=1)[:, :2].T
    return float(np.mean((other - own) / np.maximum(other, 1e-12)))


def _normalised(rows: Matrix) -> Matrix:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 1e-12))


def _next_best(waiting: Iterable[Occurrence], taxonomy: Taxonomy) -> tuple[NextBest, ...]:
    scores: dict[str, list[float]] = {}
    for each in waiting:
        for label, score in each.runners_up.items():
            if label in taxonomy.index:
                scores.setdefault(label, []).append(score)
    ordered = sorted(scores, key=lambda label: (-sum(scores[label]), taxonomy.index[label]))
    return tuple(
        NextBest(
            label=label,
            name=taxonomy.names[taxonomy.index[label]],
            score=sum(scores[label]) / len(scores[label]),
            documents=len(scores[label]),
        )
        for label in ordered[:_NEXT_BEST]
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _first_words(text: str, *, is_cut: bool) -> str:
    """Return the words of a line after a word; is_cut: within a word."""
    line = _one_line(text)
    if len(line) > _SHOWN_BESIDE:
        words = line[: _SHOWN_BESIDE + 1].rpartition(" ")[0]
        return words or whole_signs(line, _SHOWN_BESIDE)
    return line.rpartition(" ")[0] if is_cut else line


def _last_words(text: str, *, is_cut: bool) -> str:
    """Return the words of a line before a word; is_cut: within a word."""
    line = _one_line(text)
    if len(line) > _SHOWN_BESIDE:
        words = line[-_SHOWN_BESIDE - 1 :].partition(" ")[2]
        return words or line[len(whole_signs(line, len(line) - _SHOWN_BESIDE)) :]
    return line.partition(" ")[2] if is_cut else line
