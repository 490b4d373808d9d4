"""From child-parent pairs to levels, columns and the closure of ancestors."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from harnn.errors import SHOWN_PROBLEMS, Problem, TaxonomyError, suggest
from harnn.taxonomy.near_labels import NearLabels

ROOT = "ROOT"
"""Parent of the labels at the top; no label itself."""

CLOSURE_LIMIT = 200_000_000
"""Label-ancestor pairs that are held in memory at most (5 bytes each)."""

MOST_PROBLEMS = 10_000
"""Problems that are gathered of one file at most."""

_SHOWN_CYCLE = 12
_LONGEST_MESSAGE = 600
_LONGEST_SEARCHED = 200
_FORBIDDEN = re.compile("[\t\r\n\0\ud800-\udfff]")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")

IntArray = npt.NDArray[np.int32]
Closure = csr_array[np.bool_, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Layout:
    """Labels in column order with their levels, and edges sorted by child and parent."""

    codes: tuple[str, ...]
    levels: IntArray  # (C,), 1-based, ascending
    edges: IntArray  # (n_edges, 2): child column, parent column


@dataclass(slots=True)
class Draft:
    """Child-parent pairs as they were read, each with its place, gathered before the check."""

    source: str = ""
    """File that was read; empty for values given from Python."""
    unit: str = "line"
    children: list[str] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    alternatives: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notations: dict[str, str] = field(default_factory=dict)
    iris: dict[str, str] = field(default_factory=dict)
    replaced: dict[str, str] = field(default_factory=dict)
    """Codes that are labels no more, and the labels that stand for them now."""
    successors: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Such codes for which several labels stand, or none; and labels out of which others came."""
    former_iris: dict[str, str] = field(default_factory=dict)
    """IRIs of such codes."""
    change_notes: dict[str, str] = field(default_factory=dict)
    """What is told of the history of labels and of such codes."""
    level_names: tuple[str, ...] = ()
    """What the file calls its levels; empty: nothing."""
    complete: bool = False
    """The file has the texts of its labels in it: none beside it are looked for."""
    mentioned: set[str] = field(default_factory=set)
    """Labels of refused lines: they are not reported as unknown parents on top of that."""
    problems: list[tuple[int, Problem]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was read in one way and could be meant in another."""

    def where(self, place: int) -> str:
        return f"{self.source}:{place}" if self.source else f"{self.unit} {place}"

    def refuse(self, place: int, what: str, hint: str = "") -> None:
        """Note a problem.

        Raises:
            TaxonomyError: with it there are ``MOST_PROBLEMS``.
        """
        self.problems.append((place, Problem(self.where(place), shorten(what), hint)))
        if len(self.problems) >= MOST_PROBLEMS:
            raise gathered(self.source, (problem for _, problem in self.problems))

    def add(self, child: str, parent: str, place: int) -> None:
        """Take the pair, or note what is wrong with it."""
        for label, side in ((child, "child"), (parent, "parent")):
            what = label_problem(label, side)
            if what:
                no_parent = side == "parent" and what.startswith("empty")
                self.refuse(
                    place, what, f"Write {ROOT} for a label at the top." if no_parent else ""
                )
                self.mentioned.update(label for label in (child, parent) if isinstance(label, str))
                return
        if child == parent:
            self.refuse(place, f"label {child!r} is its own parent.")
            self.mentioned.add(child)
            return
        self.children.append(child)
        self.parents.append(parent)
        self.places.append(place)

    def near(self, codes: Sequence[str]) -> NearLabels:
        """Return what looks for these labels by all that they are called."""
        names = [self.names.get(code, code) for code in codes]
        column = {code: number for number, code in enumerate(codes)}
        others = [(old, column[new]) for old, new in self.replaced.items() if new in column]
        for number, code in enumerate(codes):
            told = (self.notations.get(code, ""), self.iris.get(code, ""))
            every = (names[number], *self.alternatives.get(code, ()), *told)
            others += [(each, number) for each in every if each and each != code]
        return NearLabels(codes, names, others)


def label_problem(label: object, side: str = "") -> str:
    """Return what is wrong with a label as written, or an empty string."""
    if not isinstance(label, str):
        return f"label {label!r} is not a string."
    if not label.strip():
        return f"empty label ({side})." if side else "empty label."
    if label == ROOT and side != "parent":
        return f"{ROOT} is the name of the top and cannot be a label."
    if _FORBIDDEN.search(label):
        return f"label {label!r} contains a tab, a line break or an invalid character."
    return ""


def text_problem(text: str, kind: str, label: str) -> str:
    """Return what keeps a name or a description from being written, or an empty string."""
    half = _HALF_CHARACTER.search(text)
    return f"{kind} of {label!r} holds {half[0]!r}, half a character." if half else ""


def shorten(text: str) -> str:
    """Cut the middle out of a message with labels of thousands of characters in it."""
    if len(text) <= _LONGEST_MESSAGE:
        return text
    half = _LONGEST_MESSAGE // 2
    return f"{text[:half]} ... {text[-half:]}"


def nearest(label: str, candidates: Sequence[str]) -> str:
    """Suggest a label, as :func:`suggest` does; none for labels too long to be compared."""
    return suggest(label, candidates) if len(label) <= _LONGEST_SEARCHED else ""


def gathered(source: str, problems: Iterable[Problem]) -> TaxonomyError:
    """Return the error of all *problems*; after ``MOST_PROBLEMS`` it says that there are more."""
    kept = list(itertools.islice(problems, MOST_PROBLEMS))
    if len(kept) == MOST_PROBLEMS:
        kept.append(Problem(source, f"reading stopped after {MOST_PROBLEMS:,} problems."))
    return TaxonomyError(kept)


def arrange(draft: Draft) -> Layout:
    """Check the pairs and give every label its level and column.

    Raises:
        TaxonomyError: all problems of the draft and of the graph, in the order of their places.
    """
    pairs = _Pairs.of(draft)
    levels = _longest_paths(len(pairs.codes), pairs.child, pairs.parent)
    problems = [
        *draft.problems,
        *pairs.unknown_parents(),
        *pairs.repeated(),
        *pairs.both_top_and_below(),
        *pairs.cycles(levels),
    ]
    if problems:
        problems.sort(key=lambda item: item[0])
        raise gathered(draft.source, (problem for _, problem in problems))
    if not pairs.codes:
        raise TaxonomyError(Problem(draft.source, "holds no labels."))
    inner = pairs.parent >= 0
    return place_in_columns(
        pairs.codes, levels, np.stack([pairs.child[inner], pairs.parent[inner]], axis=1)
    )


def place_in_columns(codes: Sequence[str], levels: IntArray, edges: IntArray) -> Layout:
    """Sort labels by level, keeping their order inside each, and edges by child and parent."""
    order = np.argsort(levels, kind="stable")
    column = np.empty(len(order), dtype=np.int32)
    column[order] = np.arange(len(order), dtype=np.int32)
    moved = column[edges]
    moved = moved[np.lexsort((moved[:, 1], moved[:, 0]))]
    return Layout(tuple(codes[i] for i in order.tolist()), levels[order], moved)


def arrange_levels(
    levels: Mapping[str, Sequence[str]], edges: Iterable[tuple[str, str]] = ()
) -> Layout:
    """Lay out labels whose levels are given.

    Raises:
        TaxonomyError: empty levels, labels given twice, edges that do not lead from a later to an
            earlier level.
    """
    problems: list[Problem] = []
    place: dict[str, tuple[int, str]] = {}
    for number, (level_name, codes) in enumerate(levels.items(), start=1):
        where = f"level {level_name!r}"
        if not codes:
            problems.append(Problem(where, "holds no labels."))
        for code in codes:
            what = label_problem(code)
            if not what and code in place:
                what = f"label {code!r} already stands in level {place[code][1]!r}."
            if what:
                problems.append(Problem(where, what))
            else:
                place[code] = (number, level_name)
        what = text_problem(level_name, "name", f"level {number}")
        if what:
            problems.append(Problem("", what))
    if not levels:
        problems.append(Problem("", "no levels are given."))
    found, pairs = _edges_between_levels(edges, place)
    if problems or found:
        raise TaxonomyError([*problems, *found])
    depths = np.array([number for number, _ in place.values()], dtype=np.int32)
    return place_in_columns(list(place), depths, np.array(pairs, dtype=np.int32).reshape(-1, 2))


def _edges_between_levels(
    edges: Iterable[tuple[str, str]], place: Mapping[str, tuple[int, str]]
) -> tuple[list[Problem], list[tuple[int, int]]]:
    codes = list(place)
    column = {code: number for number, code in enumerate(codes)}
    near = NearLabels(codes)
    problems: list[Problem] = []
    seen: dict[tuple[int, int], int] = {}
    for number, (child, parent) in enumerate(edges, start=1):
        where = f"edge {number}"
        unknown = [code for code in (child, parent) if code not in place and code != ROOT]
        if child == ROOT or unknown:
            for code in unknown or [child]:
                hint = near.suggest(code) if len(problems) < SHOWN_PROBLEMS else ""
                problems.append(Problem(where, f"label {code!r} stands in no level.", hint))
        elif parent == ROOT:
            continue
        elif place[parent][0] >= place[child][0]:
            what = (
                f"{child!r} (level {place[child][1]!r}) under {parent!r} "
                f"(level {place[parent][1]!r}): expected a parent of an earlier level."
            )
            problems.append(Problem(where, what))
        else:
            first = seen.setdefault((column[child], column[parent]), number)
            if first != number:
                what = f"{child!r} under {parent!r} was already given by edge {first}."
                problems.append(Problem(where, what))
    return problems, list(seen)


def ancestor_closure(level_slices: Sequence[slice], edges: IntArray) -> Closure:
    """Mark each label and all its ancestors, level by level.

    Returns a (C, C) bool array with sorted indices: row c is label c.

    Raises:
        TaxonomyError: more than ``CLOSURE_LIMIT`` label-ancestor pairs.
    """
    C = level_slices[-1].stop
    child, parent = edges[:, 0], edges[:, 1]
    # The longest path bounds the ancestors from below, which refuses endless chains at once.
    least = int(_longest_paths(C, child, parent).sum(dtype=np.int64))
    starts = np.zeros(C + 1, dtype=np.int64)
    flat = np.empty(4 * C, dtype=np.int32)
    for level in level_slices:
        of_level = slice(*np.searchsorted(child, [level.start, level.stop]))
        above = parent[of_level]
        sizes = starts[above + 1] - starts[above]
        used = int(starts[level.start])
        if max(least, used + int(sizes.sum()) + level.stop - level.start) > CLOSURE_LIMIT:
            raise TaxonomyError(
                f"the labels have more than {CLOSURE_LIMIT:,} ancestors in all "
                f"({C:,} labels on {len(level_slices):,} levels), too many to hold."
            )
        own = np.arange(level.start, level.stop, dtype=np.int64)
        inherited = np.repeat(child[of_level], sizes) * np.int64(C)
        inherited += flat[_ranges(starts[above], sizes)]
        row, column = np.divmod(np.unique(np.concatenate([inherited, own * (C + 1)])), C)
        counts = np.bincount(row - level.start, minlength=len(own))
        starts[level.start + 1 : level.stop + 1] = used + np.cumsum(counts)
        end = used + len(column)
        if end > len(flat):
            flat = np.concatenate([flat[:used], np.empty(2 * end - used, dtype=np.int32)])
        flat[used:end] = column
    indices = flat[: starts[-1]].copy()
    marks = np.ones(len(indices), dtype=np.bool_)
    return csr_array((marks, indices, starts.astype(np.int32)), shape=(C, C))


def _ranges(starts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Concatenate ``arange(start, start + size)`` of all pairs."""
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - (ends - sizes), sizes) + np.arange(total)


def _longest_paths(n_labels: int, child: IntArray, parent: IntArray) -> IntArray:
    """Return each label's level; 0 for labels on a cycle or below one."""
    inner = parent >= 0
    child, parent = child[inner], parent[inner]
    below = child[np.argsort(parent, kind="stable")]
    ends = np.cumsum(np.bincount(parent, minlength=n_labels))
    starts = np.concatenate([[0], ends[:-1]]) if n_labels else ends
    waiting = np.bincount(child, minlength=n_labels)  # parents that have no level yet
    levels = np.zeros(n_labels, dtype=np.int32)
    front = np.flatnonzero(waiting == 0)
    level = 0
    while len(front):
        level += 1
        levels[front] = level
        reached = below[_ranges(starts[front], ends[front] - starts[front])]
        labels, times = np.unique(reached, return_counts=True)
        waiting[labels] -= times
        front = labels[waiting[labels] == 0].astype(np.int64)
    return levels


@dataclass(frozen=True, slots=True)
class _Pairs:
    """A draft in numbers: labels in order of first appearance, -1 for ROOT."""

    draft: Draft
    codes: list[str]
    child: IntArray
    parent: IntArray

    @classmethod
    def of(cls, draft: Draft) -> _Pairs:
        index: dict[str, int] = {}
        child, parent = [], []
        for lower, upper in zip(draft.children, draft.parents, strict=True):
            child.append(index.setdefault(lower, len(index)))
            parent.append(-1 if upper == ROOT else index.setdefault(upper, len(index)))
        return cls(draft, list(index), np.array(child, np.int32), np.array(parent, np.int32))

    def unknown_parents(self) -> list[tuple[int, Problem]]:
        known = np.zeros(len(self.codes) + 1, dtype=np.bool_)
        known[self.child] = True
        known[-1] = True  # ROOT
        users: dict[int, list[int]] = {}
        for edge in np.flatnonzero(~known[self.parent]).tolist():
            if self.codes[self.parent[edge]] not in self.draft.mentioned:
                users.setdefault(int(self.parent[edge]), []).append(self.draft.places[edge])
        candidates = [code for code, is_child in zip(self.codes, known, strict=False) if is_child]
        near = self.draft.near([*candidates, ROOT]) if users else NearLabels(())
        some = dict(itertools.islice(users.items(), MOST_PROBLEMS))
        hints = near.hints(self.codes[label] for label in some)
        problems = []
        for (label, places), hint in zip(some.items(), hints, strict=True):
            more = f" ({len(places):,} children)" if len(places) > 1 else ""
            what = f"unknown parent {self.codes[label]!r}: it is never listed as a child{more}."
            hint = hint or f"Add a line for it, with parent {ROOT} if it is at the top."
            problems.append(self._problem(places[0], what, hint))
        return problems

    def repeated(self) -> list[tuple[int, Problem]]:
        keys = self.child.astype(np.int64) * (len(self.codes) + 1) + self.parent
        _, first, group = np.unique(keys, return_index=True, return_inverse=True)
        original = first[group]
        problems = []
        repeats = np.flatnonzero(original != np.arange(len(keys)))
        for edge in repeats[:MOST_PROBLEMS].tolist():
            place = self.draft.places[edge]
            what = (
                f"{self.draft.children[edge]!r} under {self.draft.parents[edge]!r} was already "
                f"given in {self.draft.unit} {self.draft.places[original[edge]]}."
            )
            problems.append(self._problem(place, what))
        return problems

    def both_top_and_below(self) -> list[tuple[int, Problem]]:
        at_top = self.parent < 0
        under = dict(
            zip(self.child[~at_top][::-1].tolist(), np.flatnonzero(~at_top)[::-1], strict=True)
        )
        problems = []
        both = np.flatnonzero(at_top & np.isin(self.child, self.child[~at_top]))
        for edge in both[:MOST_PROBLEMS].tolist():
            other = under[int(self.child[edge])]
            place = self.draft.places[edge]
            what = (
                f"{self.draft.children[edge]!r} stands under {ROOT} and under "
                f"{self.draft.parents[other]!r} ({self.draft.unit} {self.draft.places[other]})."
            )
            hint = f"Keep {ROOT} only for labels without a parent."
            problems.append(self._problem(place, what, hint))
        return problems

    def cycles(self, levels: IntArray) -> list[tuple[int, Problem]]:
        """Report one cycle of each knot of labels that are ancestors of each other."""
        if levels.all():
            return []
        from scipy.sparse.csgraph import connected_components  # no answer needs it

        inner = self.parent >= 0
        size = len(self.codes)
        matrix = csr_array(
            (np.ones(inner.sum(), np.int8), (self.child[inner], self.parent[inner])), (size, size)
        )
        _, knot = connected_components(matrix, directed=True, connection="strong")
        edges = np.flatnonzero(inner & (knot[self.child] == knot[self.parent])).tolist()
        upward: dict[int, int] = {}  # label -> its first edge inside the knot
        entry: dict[int, int] = {}  # knot -> its first edge
        for edge in edges:
            upward.setdefault(int(self.child[edge]), edge)
            entry.setdefault(int(knot[self.child[edge]]), edge)
        problems = []
        for edge in itertools.islice(entry.values(), MOST_PROBLEMS):
            cycle = self._cycle_from(edge, upward)
            place = self.draft.places[cycle[0]]
            what = f"cycle: {self._spell([int(self.child[edge]) for edge in cycle])}."
            problems.append(self._problem(place, what))
        return problems

    def _problem(self, place: int, what: str, hint: str = "") -> tuple[int, Problem]:
        return place, Problem(self.draft.where(place), shorten(what), hint)

    def _cycle_from(self, edge: int, upward: Mapping[int, int]) -> list[int]:
        """Follow parents until an edge repeats; start with the edge that was read first."""
        visited: dict[int, int] = {}
        while edge not in visited:
            visited[edge] = len(visited)
            edge = upward[int(self.parent[edge])]
        cycle = list(visited)[visited[edge] :]
        first = cycle.index(min(cycle))
        return cycle[first:] + cycle[:first]

    def _spell(self, labels: list[int]) -> str:
        shown = [self.codes[label] for label in labels[:_SHOWN_CYCLE]]
        if len(labels) > _SHOWN_CYCLE:
            shown.append(f"... ({len(labels):,} labels)")
        return " -> ".join([*shown, shown[0]])
