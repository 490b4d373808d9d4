"""The figures of the documents that came last, and how far they are from those of a model."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from operator import add

import numpy as np
from numpy.typing import NDArray

from harnn.metrics import in_spreads, squared_distance, stability
from harnn.taxonomy import Hierarchy
from harnn.watching.comparing import are_alike, error_of_each, have_moved, have_vectors
from harnn.watching.counting import Block, count_block, join_blocks
from harnn.watching.drift import LEAST_DOCUMENTS, Figure
from harnn.watching.figures import LABEL_GROUPS, Figures

_PARTS = 10
_AT_ONCE, _LEAST_AT_ONCE = 256, 64
_WAITING_SCORES = 4 << 20
"""Documents x labels that wait to be counted."""


@dataclass(frozen=True, slots=True)
class WindowFigures:
    """What is told of a window: numbers without intervals."""

    documents: int
    unknown_words: float
    """Share of the words, 0 to 1."""
    unlabelled: float | None
    """Share of the documents whose labels were chosen as the model does by itself; None: of none
    they were."""
    doubtful: float
    """Share of the documents."""
    distances: Mapping[tuple[Figure, int | None], float]
    """By figure and level, as :class:`harnn.watching.Finding` has them as changes, without sign; of
    empty fields the largest. Nothing where the model keeps no figures, or of fewer than 20
    documents."""


class MovingWindow:
    """Counts the last documents that a model answered; to be used by several threads.

    Documents are counted when some have come together, so that each costs little; the oldest tenth
    of the window is forgotten at once.
    """

    def __init__(
        self,
        reference: Figures | None,
        hierarchy: Hierarchy,
        label_counts: NDArray[np.int64],
        choosing: str,
        *,
        size: int = 10_000,
        at_once: int | None = None,
    ) -> None:
        """size: documents, of which up to a tenth more may be counted. at_once: documents that are
        counted together; None: 256, and fewer of so many labels that their scores would take more
        than some megabytes. choosing: how the model chooses labels by itself.
        """
        most = max(_LEAST_AT_ONCE, min(_AT_ONCE, _WAITING_SCORES // len(hierarchy)))
        self._reference, self._hierarchy = reference, hierarchy
        self._at_once = most if at_once is None else at_once
        self._choosing = choosing
        self._orders = [np.argsort(-label_counts[x], kind="stable") for x in hierarchy.level_slices]
        self._most = max(size // _PARTS, 1)
        self._parts: deque[Figures] = deque(maxlen=_PARTS)
        self._newest: Figures | None = None
        self._pending: list[Block] = []
        self._lock = threading.Lock()

    def add(self, block: Block) -> Figures | None:
        """Take documents; return the figures of those that were counted now."""
        with self._lock:
            self._pending.append(block)
            if sum(len(each.texts) for each in self._pending) < self._at_once:
                return None
            return self._count()

    def flush(self) -> Figures | None:
        """Count what waits, and return its figures."""
        with self._lock:
            return self._count()

    def figures(self) -> WindowFigures | None:
        """Return what is told of the window; None of an empty one."""
        with self._lock:
            parts = [*self._parts, *([] if self._newest is None else [self._newest])]
        if not parts:
            return None
        total = reduce(add, parts)
        words = total.words.value
        return WindowFigures(
            total.documents,
            0.0 if words is None else words,
            total.unlabelled / total.chosen if total.chosen else None,
            total.doubtful / total.documents,
            self._distances(total),
        )

    def _count(self) -> Figures | None:
        pending, self._pending = self._pending, []
        if not pending:
            return None
        fields = () if self._reference is None else self._reference.empty_fields.keys()
        counted = reduce(
            add,
            (
                count_block(joined, self._hierarchy, fields=fields, products=False)
                for joined in _joined(pending, self._choosing)
            ),
        )
        newest = counted if self._newest is None else self._newest + counted
        if newest.documents >= self._most:
            self._parts.append(newest)
        self._newest = None if newest.documents >= self._most else newest
        return counted

    def _distances(self, now: Figures) -> dict[tuple[Figure, int | None], float]:
        before = self._reference
        if before is None or min(before.documents, now.documents) < LEAST_DOCUMENTS:
            return {}
        found: dict[tuple[Figure, int | None], float] = {
            ("doubtful", None): abs(
                now.doubtful / now.documents - before.doubtful / before.documents
            ),
            ("lengths", None): stability(before.lengths, now.lengths),
            ("writings", None): stability(
                before.writing_counts(now), now.writing_counts(before), most_bins=None
            ),
        }
        if before.words.value is not None and now.words.value is not None:
            found["unknown_words", None] = abs(now.words.value - before.words.value)
        if now.empty_fields:
            found["empty_field", None] = max(
                abs(count / now.documents - before.empty_fields[name] / before.documents)
                for name, count in now.empty_fields.items()
            )
        alike = are_alike(before, now) and min(before.chosen, now.chosen) >= LEAST_DOCUMENTS
        if alike:
            shares = (each.unlabelled / each.chosen for each in (before, now))
            found["unlabelled", None] = abs(next(shares) - next(shares))
        error = error_of_each(before, now, self._hierarchy.depth)
        for level, (part, order) in enumerate(
            zip(self._hierarchy.level_slices, self._orders, strict=True), start=1
        ):
            found["scores", level] = stability(before.scores[level - 1], now.scores[level - 1])
            best = before.best[part][order], now.best[part][order]
            found["label_mix", level] = stability(*best, most_bins=LABEL_GROUPS)
            if alike:
                moved = have_moved(before, now, part, error).moved
                found["labels", level] = float(np.count_nonzero(moved))
        if have_vectors(before, now):
            assert before.vectors is not None
            assert now.vectors is not None
            square = squared_distance(before.vectors, now.vectors)
            found["vectors", None] = in_spreads(square, before.vectors)
        return found


def _joined(blocks: list[Block], choosing: str) -> list[Block]:
    """Put blocks together: those with labels chosen as a model does, and the rest without them."""
    own = [each for each in blocks if each.choosing == choosing]
    rest = [
        replace(each, choosing=choosing, chosen=None)
        for each in blocks
        if each.choosing != choosing
    ]
    return [join_blocks(some) for some in (own, rest) if some]
