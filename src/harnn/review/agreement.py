"""How far two readers agree, and how far the model's answer sways them.

Label sets are compared closed upward, so that two labels with a common ancestor disagree less than
two without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import starmap
from statistics import median
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from harnn._display import counted
from harnn._memory import row_blocks
from harnn.metrics import hierarchical_prf, newcombe_interval, wilson_interval
from harnn.taxonomy import Taxonomy

Distance = Literal["masi", "jaccard"]
Sets = csr_array[np.bool_, tuple[int, int]]
Interval = tuple[float, float]


class ReadTwice(NamedTuple):
    """The labels that two people gave one document, each by itself."""

    first: Iterable[str]
    """Codes; the most specific ones are enough, none at all says that none fits."""
    second: Iterable[str]


@dataclass(frozen=True, slots=True)
class LabelAgreement:
    """How often two readers gave a label."""

    label: str
    name: str
    both: int
    first: int
    """Documents that the first reader alone gave it to."""
    second: int
    kappa: float | None
    """See :func:`cohen_kappa`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far two readings of the same documents agree."""

    documents: int
    equal: int
    """Documents with the same labels in both readings."""
    interval: Interval | None
    """95% interval (Wilson) of the share of those; None without documents."""
    kappa: float | None
    """Cohen's kappa over all pairs of a document and a label of the taxonomy at once."""
    alpha: float | None
    """Krippendorff's alpha with MASI, see :func:`krippendorff_alpha`."""
    hierarchical_f1: float | None
    """Of one reading, with the other taken for true; the same both ways. None without labels."""
    labels: tuple[LabelAgreement, ...]
    """Those that some reader gave, the most disputed first."""

    @property
    def share(self) -> float | None:
        """Of documents with the same labels, 0 to 1; None without documents."""
        return self.equal / self.documents if self.documents else None


class Answered(NamedTuple):
    """A document that somebody has read first."""

    blind: bool
    """The model's answer was not shown."""
    as_model: bool
    """The labels are exactly those of the model."""
    seconds: float | None = None
    """How long it took, where that is known."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What became of the documents whose answer was shown, or of those whose answer was not."""

    documents: int
    as_model: int
    """Documents that were given exactly the labels of the model."""
    interval: Interval | None
    """95% interval (Wilson) of their share; None without documents."""
    median_seconds: float | None

    @property
    def share(self) -> float | None:
        """Of documents with the model's labels, 0 to 1; None without documents."""
        return self.as_model / self.documents if self.documents else None


@dataclass(frozen=True, slots=True)
class Anchoring:
    """How far readers are swayed by an answer that they see."""

    shown: Kind
    blind: Kind
    difference: float | None
    """Of the shares, ``shown - blind``, -1 to 1; None where there are no documents of a kind."""
    interval: Interval | None
    """95% interval (Newcombe) of the difference."""
    sentence: str
    """The same for people."""


def measure_agreement(taxonomy: Taxonomy, pairs: Iterable[ReadTwice]) -> Agreement:
    """Compare two readings of each document.

    Raises:
        TaxonomyError: labels that are not in the taxonomy.
    """
    given = list(pairs)
    first = _label_sets(taxonomy, [pair.first for pair in given])
    second = _label_sets(taxonomy, [pair.second for pair in given])
    equal = sum(starmap(_are_equal, zip(_rows(first), _rows(second), strict=True)))
    documents, cells = len(given), len(given) * len(taxonomy)
    both = int(first.multiply(second).sum())
    return Agreement(
        documents=documents,
        equal=equal,
        interval=wilson_interval(equal, documents) if documents else None,
        kappa=cohen_kappa(both, first.nnz - both, second.nnz - both, cells),
        alpha=krippendorff_alpha(first, second),
        hierarchical_f1=hierarchical_prf(first, second).f1 if first.nnz + second.nnz else None,
        labels=_by_label(taxonomy, first, second),
    )


def cohen_kappa(both: int, first: int, second: int, total: int) -> float | None:
    """Return Cohen's kappa of *total* yes or no questions, at most 1.

    both: answered with yes by both; first, second: by one alone. None where chance alone would
    always agree: nothing was asked, or both gave the same answer to everything.

    Source: Cohen (1960), A coefficient of agreement for nominal scales.
    """
    if total == 0:
        return None
    neither = total - both - first - second
    yes, other_yes = both + first, both + second
    chance = yes * other_yes + (total - yes) * (total - other_yes)  # times total squared
    if chance == total * total:
        return None
    return ((both + neither) * total - chance) / (total * total - chance)


def krippendorff_alpha(first: Any, second: Any, distance: Distance = "masi") -> float | None:
    """Return Krippendorff's alpha of two readings, at most 1; 0 is chance.

    first, second: (N, C) label sets, sparse, of the same documents. distance: of two sets, 0 to 1:
    by Jaccard, or by MASI, which counts sets that neither contain each other nor are equal as
    farther apart. Two empty sets are equal. None where all sets are the same, or there are none.

    Sources: Krippendorff (2011), Computing Krippendorff's alpha-reliability; Passonneau (2006),
    Measuring agreement on set-valued items (MASI) for semantic and pragmatic annotation.
    """
    measured = _DISTANCES[distance]
    one, two = _as_counts(first), _as_counts(second)
    values = 2 * one.shape[0]
    common = np.asarray(one.multiply(two).sum(axis=1)).ravel()
    observed = 2 * measured(common, _sizes(one), _sizes(two)).sum()
    distinct, times = _distinct(vstack([one, two], format="csr"))
    sizes = _sizes(distinct)
    expected = 0.0
    for rows in row_blocks(distinct.shape[0], distinct.shape[0]):
        common = (distinct[rows] @ distinct.T).toarray()
        distances = measured(common, sizes[rows, np.newaxis], sizes)
        expected += float(times[rows] @ distances @ times)
    if not expected:
        return None
    return float(1 - observed * (values - 1) / expected)


def measure_anchoring(answered: Iterable[Answered]) -> Anchoring:
    """Compare documents whose answer was shown with those whose answer was hidden."""
    kinds: dict[bool, list[Answered]] = {False: [], True: []}
    for each in answered:
        kinds[each.blind].append(each)
    shown, blind = _kind(kinds[False]), _kind(kinds[True])
    if shown.share is None or blind.share is None:
        what = "blind" if blind.share is None else "shown"
        sentence = f"No {what} item is finished yet, so nothing is known of how the answer sways."
        return Anchoring(shown, blind, None, None, sentence)
    difference = shown.share - blind.share
    interval = newcombe_interval(shown.as_model, shown.documents, blind.as_model, blind.documents)
    sentence = _sentence(difference, interval, blind.documents)
    return Anchoring(shown, blind, difference, interval, sentence)


def _kind(answered: Sequence[Answered]) -> Kind:
    documents, as_model = len(answered), sum(each.as_model for each in answered)
    seconds = [each.seconds for each in answered if each.seconds is not None]
    return Kind(
        documents=documents,
        as_model=as_model,
        interval=wilson_interval(as_model, documents) if documents else None,
        median_seconds=median(seconds) if seconds else None,
    )


def _sentence(difference: float, interval: Interval, blind: int) -> str:
    points = _points(difference)
    how = (
        "just as often"
        if points == 0
        else f"{counted(abs(points), 'point')} {'more' if points > 0 else 'less'} often"
    )
    low, high = map(_signed, map(_points, interval))
    return (
        f"The model's labels were chosen {how} when they were seen. From "
        f"{counted(blind, 'blind item')} that could be anything between {low} and {high}."
    )


def _points(share: float) -> int:
    return round(100 * share)


def _signed(points: int) -> str:
    return f"+{points}" if points > 0 else f"−{-points}" if points else "0"


def _label_sets(taxonomy: Taxonomy, sets: Sequence[Iterable[str]]) -> Sets:
    """Return label sets (N, C), closed upward."""
    codes = [list(dict.fromkeys(labels)) for labels in sets]
    columns = taxonomy.columns(code for each in codes for code in each)
    starts = np.cumsum([0, *map(len, codes)])
    marks = csr_array(
        (np.ones(len(columns), np.bool_), columns, starts), shape=(len(codes), len(taxonomy))
    )
    return taxonomy.hierarchy.close_sets(marks)


def _rows(sets: Any) -> list[NDArray[np.int32]]:
    return np.split(sets.indices, sets.indptr[1:-1]) if sets.shape[0] else []


def _are_equal(one: NDArray[np.int32], two: NDArray[np.int32]) -> bool:
    return bool(np.array_equal(one, two))


def _by_label(taxonomy: Taxonomy, first: Sets, second: Sets) -> tuple[LabelAgreement, ...]:
    labels, documents = len(taxonomy), first.shape[0]
    ones = np.bincount(first.indices, minlength=labels)
    twos = np.bincount(second.indices, minlength=labels)
    both = np.bincount(first.multiply(second).tocsr().indices, minlength=labels)
    found = []
    for column in np.flatnonzero(ones + twos).tolist():
        common = int(both[column])
        one, two = int(ones[column]) - common, int(twos[column]) - common
        kappa = cohen_kappa(common, one, two, documents)
        code, name = taxonomy.codes[column], taxonomy.names[column]
        found.append(LabelAgreement(code, name, common, one, two, kappa))
    return tuple(sorted(found, key=lambda label: -(label.first + label.second)))


def _as_counts(sets: Any) -> Any:
    counts = csr_array(sets).astype(np.bool_).astype(np.int64)
    counts.sum_duplicates()
    return counts


def _sizes(sets: Any) -> NDArray[np.int64]:
    return np.asarray(np.diff(sets.indptr), dtype=np.int64)


def _distinct(sets: Any) -> tuple[Any, NDArray[np.int64]]:
    """Return every set once, and how often it stands there."""
    places: dict[bytes, int] = {}
    numbers = [places.setdefault(row.tobytes(), len(places)) for row in _rows(sets)]
    _, rows, times = np.unique(numbers, return_index=True, return_counts=True)
    return sets[rows], np.asarray(times)


def _jaccard(
    common: NDArray[np.int64], one: NDArray[np.int64], two: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return distances of sets of the sizes *one* and *two*; common: sizes of what they share."""
    union = one + two - common
    return np.asarray(1 - np.where(union, common, 1) / np.where(union, union, 1))


def _masi(
    common: NDArray[np.int64], one: NDArray[np.int64], two: NDArray[np.int64]
) -> NDArray[np.float64]:
    larger, smaller = np.maximum(one, two), np.minimum(one, two)
    cases = [common == larger, common == smaller, common > 0]
    monotony = np.select(cases, [1.0, 2 / 3, 1 / 3], 0.0)
    return np.asarray(1 - monotony * (1 - _jaccard(common, one, two)))


_DISTANCES: dict[
    Distance,
    Callable[[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]], NDArray[np.float64]],
] = {"jaccard": _jaccard, "masi": _masi}
