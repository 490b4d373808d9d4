"""Label sets of documents taken along to a new edition, and the columns of a model's weights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harnn.taxonomy.editions.changes import TaxonomyDiff
from harnn.taxonomy.editions.links import Link
from harnn.taxonomy.editions.side import TOP, Side

LEAST = 0.5
"""Least certainty of links that are followed, unless told."""


@dataclass(frozen=True, slots=True)
class MappedLabels:
    """The labels of one document in the new edition, and what became of the old ones."""

    labels: tuple[str, ...]
    """Codes, with all above them, in the order of the new edition."""
    lifted: tuple[str, ...] = ()
    """Old codes without a label of their own, for which labels above them stand."""
    split: tuple[str, ...] = ()
    """Old codes that became several, for which what is above all of these stands."""
    guessed: tuple[str, ...] = ()
    """Old codes whose link is a guess."""
    lost: tuple[str, ...] = ()
    """Old codes for which nothing stands."""

    @property
    def needs_review(self) -> bool:
        """Whether somebody should look at the document."""
        return bool(self.lifted or self.split or self.guessed or self.lost)


class ColumnLinks(NamedTuple):
    """Which columns of an old model the columns of a new one can begin with; by new column, and of
    one column the surest first.
    """

    new: NDArray[np.int64]
    """(n,) ascending; a merged label has several entries, an added one none."""
    old: NDArray[np.int64]
    """(n,); a column that was split stands in several entries."""
    certainty: NDArray[np.float32]
    """(n,), 0 to 1."""

    def best(self, label_count: int) -> NDArray[np.int64]:
        """Return (label_count,) the surest old column of each new label, -1 where there is none."""
        columns = np.full(label_count, -1, dtype=np.int64)
        columns[self.new[::-1]] = self.old[::-1]  # of several entries the first is the last written
        return columns


class LabelMapper:
    """Takes label sets to the new edition of a :class:`TaxonomyDiff`.

    A set stands for its most specific labels. Each becomes its new label; where it was split, what
    is above all of the parts; where nothing is left of it, what stands for the nearest labels above
    it. What is above those is added.
    """

    def __init__(self, diff: TaxonomyDiff, *, least: float = LEAST) -> None:
        """least: certainty of links below which they count as if they were not there."""
        self.diff, self.least = diff, least
        self._old, self._new = diff.old, diff.new
        self._parents = Side(diff.old).parents
        self._links: dict[int, list[Link]] = {}
        for link in diff.links:
            if link.is_pair and link.certainty >= least:
                self._links.setdefault(diff.old.index[link.old], []).append(link)

    def map(self, codes: Iterable[str]) -> MappedLabels:
        """Return the labels of one document.

        Raises:
            TaxonomyError: labels that the old edition does not have.
        """
        columns: set[int] = set()
        told: dict[str, list[str]] = {"lifted": [], "split": [], "guessed": [], "lost": []}
        for column in self._old.most_specific(self._old.columns(codes)).tolist():
            columns.update(self._follow(column, told))
        closed = self._new.close_upward(sorted(columns)).tolist()
        labels = tuple(self._new.codes[column] for column in closed)
        return MappedLabels(labels, **{kind: tuple(found) for kind, found in told.items()})

    def _follow(self, column: int, told: dict[str, list[str]]) -> set[int]:
        """Return the new columns of one old one, and tell what became of it."""
        code = self._old.codes[column]
        links = self._links.get(column, [])
        if any(not link.is_sure for link in links):
            told["guessed"].append(code)
        found = self._meet(links)
        if len(links) > 1:
            told["split"].append(code)
        if found:
            return found
        above = self._nearest(column)
        if not above:
            told["lost"].append(code)
        elif not links:
            told["lifted"].append(code)
        return above

    def _meet(self, links: list[Link]) -> set[int]:
        """Return what stands for a label: its link, or the lowest labels above all of several."""
        ends = [self._new.index[link.new] for link in links]
        if len(ends) < 2:
            return set(ends)
        common = set(self._new.close_upward(ends[:1]).tolist())
        for end in ends[1:]:
            common &= set(self._new.close_upward([end]).tolist())
        return set(self._new.most_specific(sorted(common)).tolist())

    def _nearest(self, column: int) -> set[int]:
        """Return what stands for the nearest labels above one that have anything."""
        found: set[int] = set()
        seen: set[int] = set()
        waiting = list(self._parents[column])
        while waiting:
            parent = waiting.pop()
            if parent == TOP or parent in seen:
                continue
            seen.add(parent)
            ends = self._meet(self._links.get(parent, []))
            found |= ends
            if not ends:
                waiting += self._parents[parent]
        return found

    def only(self) -> NDArray[np.int64]:
        """Return (C,) the new column of each old label that became one label which nothing else
        became; -1 for all others.
        """
        links = self.columns()
        ahead = np.bincount(links.old, minlength=len(self._old))
        back = np.bincount(links.new, minlength=len(self._new))
        alone = (ahead[links.old] == 1) & (back[links.new] == 1)
        found = np.full(len(self._old), -1, dtype=np.int64)
        found[links.old[alone]] = links.new[alone]
        return found

    def columns(self) -> ColumnLinks:
        """Return the columns whose weights the labels of the new edition can begin with."""
        entries = sorted(
            (self._new.index[link.new], -link.certainty, old)
            for old, links in self._links.items()
            for link in links
        )
        table = np.array(entries, dtype=np.float64).reshape(-1, 3)
        return ColumnLinks(
            table[:, 0].astype(np.int64),
            table[:, 2].astype(np.int64),
            (-table[:, 1]).astype(np.float32),
        )


def map_labels(diff: TaxonomyDiff, codes: Iterable[str], *, least: float = LEAST) -> MappedLabels:
    """Take the labels of one document to the new edition; :class:`LabelMapper` for many.

    Raises:
        TaxonomyError: labels that the old edition does not have.
    """
    return LabelMapper(diff, least=least).map(codes)
