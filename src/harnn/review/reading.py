"""A reading: what one person has decided of a document's labels so far.

Decisions are few: a label is right, or it is not. All other marks follow from them and from the
taxonomy, so that the order of decisions about unrelated labels does not matter:

- What stands above a right label is ``implied``.
- What has no parent left goes ``with_parent``.
- Everything else is ``undecided``, which is never taken for no.

Of decisions that contradict each other the later one holds: accepting takes back the rejection of
ancestors, rejecting that of a right label below, which is then open where another parent may still
be right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal, Protocol, Self, final, get_args

from harnn.errors import Problem, ReviewError
from harnn.taxonomy import Taxonomy

Mark = Literal["undecided", "accepted", "implied", "rejected", "with_parent", "moved_up", "added"]
Action = Literal[
    "accept", "reject", "up", "down", "instead", "no_deeper", "add", "none_fits", "clear"
]
ACTIONS: tuple[Action, ...] = get_args(Action)
_WITH_ANOTHER = ("up", "down", "instead")
"""Actions that may, or must, name a second label."""
_Verdict = Literal["right", "wrong", "moved_up"]


class Decision(Protocol):
    """What is folded: an entry of the log, for one."""

    @property
    def action(self) -> str:
        """An :data:`Action`; entries of other actions decide nothing."""

    @property
    def label(self) -> str:
        """A code, or an empty string."""

    @property
    def other(self) -> str:
        """A code, or an empty string."""


@final
@dataclass(frozen=True, repr=False)
class Reading:
    """The labels of a document and what is decided of them; immutable. See :meth:`start`."""

    taxonomy: Taxonomy
    scores: Mapping[int, float]
    """Of the labels that the model gave, by their columns, closed upward."""
    verdicts: Mapping[int, _Verdict] = field(default_factory=dict)
    """What was said of single labels and still holds, by columns."""
    brought: frozenset[int] = frozenset()
    """Columns that the model did not give and something was said of."""
    said_deepest: frozenset[int] = frozenset()
    """Columns of labels that nothing below shall fit."""
    none_fits: bool = False
    """It was said that no label fits, and none was taken since."""
    _above: dict[int, frozenset[int]] = field(default_factory=dict, compare=False)
    """The ancestors of columns that were asked for."""

    @classmethod
    def start(cls, taxonomy: Taxonomy, shown: Mapping[str, float]) -> Self:
        """Begin with nothing decided.

        shown: the labels that the model gave, and their scores, 0 to 1; none on a blind item.
        Ancestors that are missing are added with the highest score below them.

        Raises:
            ReviewError: a label is not in the taxonomy.
        """
        given = {_column(taxonomy, label): score for label, score in shown.items()}
        closed = dict(given)
        reading = cls(taxonomy, closed)
        for column, score in given.items():
            for ancestor in reading._ancestors(column) - given.keys():
                closed[ancestor] = max(score, closed.get(ancestor, score))
        return reading

    def decide(self, action: str, label: str = "", other: str = "") -> Self:
        """Return the reading after one more decision.

        action: one of :data:`ACTIONS`:

        - ``accept``, ``add``: the label is right, and all its ancestors are.
        - ``reject``: it is wrong, and what stands below it is.
        - ``up``: it is too specific; its parent is right, and nothing deeper. *other* says which
          of several, without it the one scored highest.
        - ``down``: it is too general; of its children *other* is right, without it the one scored
          highest of those given and not rejected.
        - ``instead``: *other* is right in its place.
        - ``no_deeper``: it is right and all below it is wrong, unless it is taken later.
        - ``none_fits``: all labels are wrong.
        - ``clear``: nothing is said of it any more.

        Raises:
            ReviewError: there is no such action or label, or it cannot be done.
        """
        column, second = self._checked(action, label, other)
        if action in ("accept", "add"):
            return self._take(column)
        if action == "reject":
            return self._refuse(column)
        if action == "up":
            return self._up(column, second)
        if action == "down":
            return self._down(column, second)
        if action == "instead":
            return self._refuse(column)._take(second)
        if action == "no_deeper":
            return self._no_deeper(column)
        return self._refuse_all() if action == "none_fits" else self._clear(column)

    @cached_property
    def marks(self) -> Mapping[str, Mark]:
        """The mark of every label given, brought or implied, level-major."""
        codes = self.taxonomy.codes
        return {codes[column]: mark for column, mark in self._marks.items()}

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The codes that are right so far, closed upward, level-major."""
        return self._codes(self._right | self._implied)

    @cached_property
    def most_specific(self) -> tuple[str, ...]:
        """Those of ``labels`` that none of them stands below."""
        return self._codes(self._right - self._implied_above(self._right))

    @cached_property
    def undecided(self) -> tuple[str, ...]:
        """What must still be decided before the document can be submitted, level-major."""
        return tuple(code for code, mark in self.marks.items() if mark == "undecided")

    @cached_property
    def nothing_deeper(self) -> frozenset[str]:
        """Labels that were said to be the deepest that fit, and below which all is wrong."""
        open_or_right = {c for c, mark in self._marks.items() if mark not in _WRONG}
        busy = self._implied_above(open_or_right)
        return frozenset(self._codes(self.said_deepest - busy))

    def check_complete(self) -> None:
        """Raises:
        ReviewError: labels are undecided, or nothing is decided at all.
        """
        if count := len(self.undecided):
            them = "it" if count == 1 else "them"
            raise ReviewError(f"{count:,} undecided. Decide {them}, or set the document aside.")
        if not (self.labels or self.none_fits or self.scores):
            raise ReviewError("Nothing is decided. Add a label, or say that none fits.")

    def _take(self, column: int, verdict: _Verdict = "right") -> Self:
        above = self._ancestors(column)
        kept = {c: v for c, v in self.verdicts.items() if v != "wrong" or c not in above}
        deepest = self.said_deepest - above
        return self._with(kept | {column: verdict}, said_deepest=deepest, none_fits=False)

    def _refuse(self, column: int) -> Self:
        below = self._below(column)
        kept = {c: v for c, v in self.verdicts.items() if v == "wrong" or c not in below}
        deepest = self.said_deepest - below - {column}
        return self._with(kept | {column: "wrong"}, said_deepest=deepest)

    def _up(self, column: int, parent: int) -> Self:
        moved = self._refuse(column)._take(parent, "moved_up")
        return replace(moved, said_deepest=moved.said_deepest | {parent})

    def _down(self, column: int, child: int) -> Self:
        taken = self._take(child)
        return replace(taken, verdicts={c: v for c, v in taken.verdicts.items() if c != column})

    def _no_deeper(self, column: int) -> Self:
        moved = self.verdicts.get(column) == "moved_up"
        taken = self._take(column, "moved_up" if moved else "right")
        below = taken._below(column)
        named = below & (taken.scores.keys() | taken.brought)
        wrong = _all_wrong(c for c in named if taken._marks[c] not in _WRONG)
        deepest = (taken.said_deepest - below) | {column}
        return replace(taken, verdicts={**taken.verdicts, **wrong}, said_deepest=deepest)

    def _refuse_all(self) -> Self:
        wrong = _all_wrong(self.scores.keys() | self.brought)
        return replace(self, verdicts=wrong, said_deepest=frozenset(), none_fits=True)

    def _clear(self, column: int) -> Self:
        if column not in self.verdicts and column not in self.brought:
            return self
        return replace(
            self,
            verdicts={c: v for c, v in self.verdicts.items() if c != column},
            brought=self.brought - {column},
            said_deepest=self.said_deepest - {column},
            none_fits=False,
        )

    def _with(self, verdicts: Mapping[int, _Verdict], **changes: Any) -> Self:
        brought = self.brought | (verdicts.keys() - self.scores.keys())
        return replace(self, verdicts=verdicts, brought=brought, **changes)

    @cached_property
    def _right(self) -> frozenset[int]:
        return frozenset(c for c, verdict in self.verdicts.items() if verdict != "wrong")

    @cached_property
    def _implied(self) -> frozenset[int]:
        return self._implied_above(self._right) - self._right

    @cached_property
    def _rows(self) -> list[int]:
        """All labels that a mark may stand on, parents before their children."""
        named = self.scores.keys() | self.brought
        return sorted(named | self._implied_above(self.brought))

    @cached_property
    def _marks(self) -> dict[int, Mark]:
        marks: dict[int, Mark] = {}
        wrong: set[int] = set()
        for column in self._rows:
            mark = self._mark(column, wrong)
            if mark in _WRONG:
                wrong.add(column)
            # What only stands above a label that was brought is nothing to be decided.
            if mark != "undecided" or column in self.scores or column in self.brought:
                marks[column] = mark
        return marks

    def _mark(self, column: int, wrong: set[int]) -> Mark:
        """wrong: columns of the labels above that are."""
        verdict = self.verdicts.get(column)
        if verdict == "right":
            return "accepted" if column in self.scores else "added"
        if verdict is not None:
            return "rejected" if verdict == "wrong" else verdict
        if column in self._implied:
            return "implied"
        parents = self.taxonomy.parents(column).tolist()
        return "with_parent" if parents and wrong.issuperset(parents) else "undecided"

    def _ancestors(self, column: int) -> frozenset[int]:
        if column not in self._above:
            found: set[int] = set()
            waiting = [column]
            while waiting:
                new = set(self.taxonomy.parents(waiting.pop()).tolist()) - found
                found |= new
                waiting += new
            self._above[column] = frozenset(found)
        return self._above[column]

    def _implied_above(self, columns: Iterable[int]) -> frozenset[int]:
        return frozenset[int]().union(*map(self._ancestors, columns))

    def _below(self, column: int) -> frozenset[int]:
        return frozenset(row for row in self._rows if column in self._ancestors(row))

    def _codes(self, columns: Iterable[int]) -> tuple[str, ...]:
        return tuple(self.taxonomy.codes[column] for column in sorted(columns))

    def _checked(self, action: str, label: str, other: str) -> tuple[int, int]:
        """Return the columns of both labels, -1 where there is none."""
        if action not in ACTIONS:
            expected = ", ".join(ACTIONS)
            raise ReviewError(f"Got the action {action!r}, expected one of {expected}.")
        if action == "none_fits":
            if label or other:
                raise ReviewError("'none_fits' is said of all labels: name none.")
            return -1, -1
        if not label:
            raise ReviewError(f"{action!r} needs a label.")
        if other and action not in _WITH_ANOTHER:
            raise ReviewError(f"{action!r} takes one label, got {label!r} and {other!r}.")
        column = _column(self.taxonomy, label)
        second = _column(self.taxonomy, other) if other else -1
        if action in _WITH_ANOTHER:
            second = self._second(action, column, second)
        return column, second

    def _second(self, action: str, column: int, second: int) -> int:
        """Return the label that is taken in place of another, checked or chosen."""
        if action == "instead":
            if second in (-1, column):
                raise ReviewError(f"'instead' needs the label to take for {self._name(column)}.")
            return second
        wanted, of = (
            ("parent", self.taxonomy.parents)
            if action == "up"
            else (
                "child",
                self.taxonomy.children,
            )
        )
        relatives: list[int] = of(column).tolist()
        if not relatives:
            raise ReviewError(f"{self._name(column)} has no {wanted} to take.")
        if second == -1:
            return self._best(column, relatives, action)
        if second not in relatives:
            raise ReviewError(f"{self._name(second)} is no {wanted} of {self._name(column)}.")
        return second

    def _best(self, column: int, relatives: list[int], action: str) -> int:
        if action == "down":
            named = self.scores.keys() | self.brought
            relatives = [c for c in relatives if c in named and self.verdicts.get(c) != "wrong"]
            if not relatives:
                what = (
                    f"No child of {self._name(column)} is among the labels: name the one to take."
                )
                raise ReviewError(what)
        return max(relatives, key=lambda c: self.scores.get(c, 0.0))  # of equals the first

    def _name(self, column: int) -> str:
        return repr(self.taxonomy.codes[column])


_WRONG: tuple[Mark, ...] = ("rejected", "with_parent")


def fold(reading: Reading, entries: Iterable[Decision]) -> Reading:
    """Return a reading after all *entries*, without those that were undone.

    An entry that rested on one that was undone, such as going down to a child that is not there
    any more, goes with it: it decides nothing.
    """
    for entry in entries:
        if entry.action in ACTIONS:
            try:
                reading = reading.decide(entry.action, entry.label, entry.other)
            except ReviewError:
                continue
    return reading


def _all_wrong(columns: Iterable[int]) -> dict[int, _Verdict]:
    return dict.fromkeys(columns, "wrong")


def _column(taxonomy: Taxonomy, label: str) -> int:
    column = taxonomy.index.get(label)
    if column is None:
        what = f"label {label!r} is not in the taxonomy."
        raise ReviewError(Problem("", what, taxonomy.near.suggest(label, as_code=True)))
    return column
