"""Shared evidence: a word that spoke for one label in many documents, grouped by its neighbours.

The word stands in a concordance, each line with what comes before and after it. Lines are grouped
by the words near it, so that "apple" among orchards and "Apple" among computers are decided
apart: a line is the vector of its near words (TF-IDF), reduced to the directions in which words
occur together, and lines are joined by Ward's method. There are as many groups as are told apart
best, four at most, and one where none are.

Sources: Schütze (1998), Automatic word sense discrimination; Deerwester et al. (1990), Indexing by
latent semantic analysis; Ward (1963), Hierarchical grouping to optimize an objective function.
"""

from __future__ import annotations

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

_WORDS_BESIDE = 10
_CHARACTERS_BESIDE = 200
_SHOWN_BESIDE = 48
"""Characters of a line before the word, and after it."""
_SHORTEST = 3
"""Letters of a near word in scripts with spaces."""
_MOST_WORDS = 500
_DIRECTIONS = 16
_MOST_GROUPS = 4
_LEAST_LINES = 6
"""Fewer are one group."""
_LEAST_SHARE = 0.05
"""Of the lines, for a group of its own."""
_LEAST_APART = 0.2
"""Silhouette, -1 to 1, from which on groups are told apart."""
_MOST_JOINED = 2_000
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
    before = text[max(0, start - 2 * _SHOWN_BESIDE) : start]
    after = text[end : end + 2 * _SHOWN_BESIDE]
    return ConcordanceLine(
        item=occurrence.item,
        version=occurrence.version,
        before=_last_words(_one_line(before)),
        word=_one_line(text[start:end]).strip(),
        after=_first_words(_one_line(after)),
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
        written: dict[str, Counter[str]] = {}
        lines = []
        for words in _windows(occurrences):
            for folded, word in words.items():
                written.setdefault(folded, Counter())[word] += 1
            lines.append(words)
        times = {folded: spellings.total() for folded, spellings in written.items()}
        shared = sorted((f for f in times if times[f] > 1), key=lambda f: (-times[f], f))
        place = {folded: number for number, folded in enumerate(shared[:_MOST_WORDS])}
        rows = [sorted(place[f] for f in words if f in place) for words in lines]
        columns = np.fromiter((c for row in rows for c in row), dtype=np.int32)
        starts = np.cumsum([0, *map(len, rows)])
        shape = (len(rows), len(place))
        counts = csr_array((np.ones(len(columns)), columns, starts), shape=shape)
        return cls(counts, tuple(written[folded].most_common(1)[0][0] for folded in place))

    def weighted(self, lines: NDArray[np.int64]) -> Matrix:
        """Return the TF-IDF of the lines, dense (lines, words), each of length 1 or 0."""
        found = np.bincount(self.counts.indices, minlength=len(self.words))
        idf = np.log(self.counts.shape[0] / np.maximum(found, 1))
        return _normalised(self.counts[lines].toarray() * idf)

    def telling(self, members: Sequence[int]) -> tuple[str, ...]:
        """Return the words whose share of these lines is most above that of the others."""
        inside = np.asarray(self.counts[list(members)].sum(axis=0)).ravel()
        outside = np.asarray(self.counts.sum(axis=0)).ravel() - inside
        others = self.counts.shape[0] - len(members)
        above = inside / len(members) - outside / max(others, 1)
        order = np.lexsort((np.arange(len(above)), -above))
        return tuple(self.words[c] for c in order[:_NEAR].tolist() if above[c] > 0)


def _windows(occurrences: Sequence[Occurrence]) -> Iterator[dict[str, str]]:
    """Yield the words near of each line: folded, and as they are written."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    cut = [_cut_around(each) for each in occurrences]
    config = TextConfig(lowercase=True)
    tokenizer = Tokenizer.build((text for text, _, _ in cut), config, counts=False)
    for text, start, end in cut:
        own = tokenizer.normalize(text[start:end])
        spans = tokenizer.spans(text)
        before = [span for span in spans if span[1] <= start][-_WORDS_BESIDE:]
        after = [span for span in spans if span[0] >= end][:_WORDS_BESIDE]
        words = {}
        for first, last in (*before, *after):
            word = text[first:last]
            folded = tokenizer.normalize(word)
            if folded != own and folded not in ENGLISH_STOP_WORDS and _tells(folded):
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


def _tells(word: str) -> bool:
    """Tell words that say something of what a text is about from particles, numbers and signs."""
    if not word or not any(map(str.isalpha, word)):
        return False
    return len(word) >= _SHORTEST or not word[0].isascii()


def _clusters(lines: Matrix, of: int) -> list[NDArray[np.int64]]:
    """Return the places of the rows of each group, all rows in one where none are apart."""
    whole = [np.arange(len(lines))] if len(lines) else []
    if len(lines) < _LEAST_LINES:
        return whole
    from scipy.cluster.hierarchy import cut_tree, linkage  # no answer needs it

    points = _directions(lines)
    joined = points[:: -(-len(points) // _MOST_JOINED)]
    steps = linkage(joined, method="ward")
    best, apart = whole, _LEAST_APART
    for count in range(2, _MOST_GROUPS + 1):
        numbers = cut_tree(steps, n_clusters=count).ravel()
        centres = np.array([joined[numbers == number].mean(axis=0) for number in range(count)])
        distances = np.linalg.norm(points[:, np.newaxis] - centres, axis=2)
        nearest = distances.argmin(axis=1)
        sizes = np.bincount(nearest, minlength=count)
        silhouette = _silhouette(distances)
        if sizes.min() >= max(2, _LEAST_SHARE * of) and silhouette > apart:
            best = [np.flatnonzero(nearest == number) for number in range(count)]
            apart = silhouette
    return best


def _silhouette(distances: Matrix) -> float:
    """Return how much nearer points are to their own centre than to the next, -1 to 1.

    distances: (points, centres). Source: Vendramin, Campello and Hruschka (2010), Relative
    clustering validity criteria: a comparative overview (simplified silhouette).
    """
    own, other = np.sort(distances, axis=1)[:, :2].T
    return float(np.mean((other - own) / np.maximum(other, 1e-12)))


def _directions(lines: Matrix) -> Matrix:
    """Return rows in the directions of greatest variance about 0, each of length 1 or 0."""
    values, vectors = np.linalg.eigh(lines.T @ lines)
    kept = vectors[:, values > 1e-9 * values[-1]][:, -_DIRECTIONS:]
    return _normalised(lines @ kept)


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
    return "".join(" " if sign.isspace() else sign for sign in text)


def _first_words(text: str) -> str:
    text = " ".join(text.split())
    if len(text) <= _SHOWN_BESIDE:
        return text
    words = text[: _SHOWN_BESIDE + 1].rpartition(" ")[0]
    return words or whole_signs(text, _SHOWN_BESIDE)


def _last_words(text: str) -> str:
    text = " ".join(text.split())
    if len(text) <= _SHOWN_BESIDE:
        return text
    words = text[-_SHOWN_BESIDE - 1 :].partition(" ")[2]
    return words or text[len(whole_signs(text, len(text) - _SHOWN_BESIDE)) :]
