"""How few keys decide a document of ten labels: a search over what the keys of the page do.

The page's rules are followed: a key decides the label under the cursor, which then goes to the next
open label with nothing open below it; arrows move it. ``docs/experiments.md`` has the table.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from harnn.review.reading import Reading
from harnn.taxonomy import Taxonomy

TAXONOMY = Taxonomy.from_edges(
    [
        *(("Gardening", "ROOT"), ("Food", "ROOT"), ("History", "ROOT")),
        *(("Fruit", "Gardening"), ("Techniques", "Gardening"), ("Drinks", "Food")),
        *(("Apples", "Fruit"), ("Pears", "Fruit"), ("Pruning", "Techniques")),
        *(("Cider", "Drinks"), ("Perry", "Drinks"), ("Beer", "Drinks"), ("Parishes", "History")),
    ]
)
TEN = dict.fromkeys(set(TAXONOMY.codes) - {"History", "Beer", "Parishes"}, 0.5)
FLAT = Taxonomy.from_edges([(f"c{number}", "ROOT") for number in range(10)])
CHAINS = Taxonomy.from_edges(
    [
        ("A", "ROOT"),
        ("B", "ROOT"),
        *((f"{c}{i}", f"{c}{i - 1}" if i else c) for c in "AB" for i in range(4)),
    ]
)
RUNNERS_UP = {"Cider": ("Beer",)}
KEYS = {"accept": "a", "reject": "x", "up": "h", "no_deeper": "n", "instead": "1"}
TYPED = ("/", "p", "a", "r", "Enter")
"""To add Parishes: three letters leave it the first of what is offered."""


class Step(NamedTuple):
    keys: tuple[str, ...]
    reading: Reading
    cursor: str


@dataclass(frozen=True)
class Sheet:
    """The tree of the labels of one document, as the page draws it."""

    taxonomy: Taxonomy

    def parent(self, code: str) -> str:
        parents = self.taxonomy.parents(self.taxonomy.index[code]).tolist()
        return self.taxonomy.codes[parents[0]] if parents else ""

    def rows(self, reading: Reading) -> list[str]:
        def below(code: str) -> Iterator[str]:
            for child in (c for c in reading.marks if self.parent(c) == code):
                yield child
                yield from below(child)

        return list(below(""))

    def next_open(self, reading: Reading, code: str) -> str:
        """Return the label that the cursor goes to after a decision on *code*."""

        def children_first(parent: str) -> Iterator[str]:
            for child in (c for c in reading.marks if self.parent(c) == parent):
                yield from children_first(child)
                yield child

        order = list(children_first(""))
        at = order.index(code) + 1 if code in order else 0
        open_ = [c for c in order[at:] + order[:at] if c in reading.undecided]
        return next((c for c in open_ if c not in map(self.parent, open_)), code)

    def steps(self, reading: Reading, cursor: str, wanted: frozenset[str]) -> Iterator[Step]:
        """Yield what one key more may lead to; decisions that are not meant are left out."""
        rows = self.rows(reading)
        at = rows.index(cursor)
        below = [c for c in rows if self.parent(c) == cursor]
        for key, where in (
            ("↑", rows[max(at - 1, 0)]),
            ("↓", rows[min(at + 1, len(rows) - 1)]),
            ("←", self.parent(cursor) or cursor),
            ("→", below[0] if below else cursor),
        ):
            yield Step((key,), reading, where)
        for action, key in KEYS.items():
            other = RUNNERS_UP.get(cursor, ("",))[0] if action == "instead" else ""
            if (action == "instead" and not other) or (action == "up" and not self.parent(cursor)):
                continue
            after = reading.decide(action, cursor, other)
            if self.is_meant(after, wanted):
                yield Step((key,), after, self.next_open(after, cursor))
        after = reading.decide("none_fits")
        yield Step(("e",), after, self.next_open(after, cursor))
        if "Parishes" in wanted and "Parishes" not in reading.marks:
            after = reading.decide("add", "Parishes")
            yield Step(TYPED, after, cursor)

    @staticmethod
    def is_meant(reading: Reading, wanted: frozenset[str]) -> bool:
        said = reading.verdicts.items()
        codes = reading.taxonomy.codes
        return set(reading.labels) <= wanted and not (
            wanted & {codes[c] for c, verdict in said if verdict == "wrong"}
        )


def fewest_keys(taxonomy: Taxonomy, shown: Mapping[str, float], right: set[str]) -> tuple[str, ...]:
    """Return the shortest way to exactly the labels *right*, with the Enter that submits them."""
    sheet = Sheet(taxonomy)
    closed = taxonomy.close_upward(taxonomy.columns(right)).tolist()
    wanted = frozenset(taxonomy.codes[c] for c in closed)

    def left(reading: Reading) -> int:
        """Count the keys that are needed at least: one takes a label and its ancestors."""
        missing = right - set(reading.labels)
        typed = (len(TYPED) - 1) * ("Parishes" in missing - reading.marks.keys())
        return len(missing) + typed + any(code not in wanted for code in reading.undecided)

    start = Reading.start(taxonomy, shown)
    number = itertools.count()
    waiting = [(0, 0, next(number), Step((), start, sheet.next_open(start, "")))]
    seen = set()
    while waiting:
        _, _, _, (keys, reading, cursor) = heapq.heappop(waiting)
        state = (frozenset(reading.verdicts.items()), reading.said_deepest, cursor)
        if state in seen:
            continue
        seen.add(state)
        if not reading.undecided and set(reading.labels) == wanted:
            return (*keys, "Enter")
        for step in sheet.steps(reading, cursor, wanted):
            further = keys + step.keys
            length = len(further) + left(step.reading)
            longest_first = -len(further)
            order = (length, longest_first, next(number), step._replace(keys=further))
            heapq.heappush(waiting, order)
    raise AssertionError("These labels cannot be reached.")


LEAVES = {"Apples", "Pears", "Pruning", "Cider", "Perry"}


@pytest.mark.parametrize(
    ("right", "keys"),
    [
        pytest.param(LEAVES, "a a a a a Enter", id="all right"),
        pytest.param(LEAVES - {"Pears", "Perry"}, "a x a a x Enter", id="two wrong"),
        pytest.param(LEAVES - {"Pruning"} | {"Techniques"}, "a a h a a Enter", id="too specific"),
        pytest.param(LEAVES - {"Cider"} | {"Beer"}, "a a a 1 a Enter", id="runner-up"),
        pytest.param({"Apples", "Pears", "Pruning"}, "a a ↓ x a Enter", id="branch wrong"),
        pytest.param({"Cider"}, "↑ ↑ x a x Enter", id="one right"),
        pytest.param(LEAVES | {"Parishes"}, "/ p a r Enter a a a a a Enter", id="one missing"),
        pytest.param(set(), "e Enter", id="none fits"),
    ],
)
def test_ten_labels_take_few_keys(right: set[str], keys: str) -> None:
    assert " ".join(fewest_keys(TAXONOMY, TEN, right)) == keys


@pytest.mark.parametrize(
    ("taxonomy", "right", "count"),
    [(CHAINS, {"A3", "B3"}, 3), (FLAT, set(FLAT.codes), 11)],
    ids=["two paths of five labels", "ten labels side by side"],
)
def test_other_shapes_of_ten_labels(taxonomy: Taxonomy, right: set[str], count: int) -> None:
    assert len(fewest_keys(taxonomy, dict.fromkeys(taxonomy.codes, 0.5), right)) == count
