"""Readings by the plainest rules: every mark kept and changed one by one, all labels looked at."""

from __future__ import annotations

from harnn.taxonomy import Taxonomy


class SlowReading:
    """Marks of labels by code, told from edges alone; shown: closed upward."""

    def __init__(self, taxonomy: Taxonomy, shown: dict[str, float]) -> None:
        codes = taxonomy.codes
        self.codes = codes
        self.shown = dict(shown)
        self.edges = [(codes[child], codes[parent]) for child, parent in taxonomy.edges.tolist()]
        self.right: set[str] = set()
        self.wrong: set[str] = set()
        self.moved: set[str] = set()
        self.brought: set[str] = set()
        self.deepest: set[str] = set()
        self.none_fits = False

    def parents(self, label: str) -> list[str]:
        return [parent for child, parent in self.edges if child == label]

    def children(self, label: str) -> list[str]:
        return [child for child, parent in self.edges if parent == label]

    def above(self, label: str) -> set[str]:
        found: set[str] = set()
        for parent in self.parents(label):
            found |= {parent} | self.above(parent)
        return found

    def below(self, label: str) -> set[str]:
        return {other for other in self.codes if label in self.above(other)}

    def closed(self) -> set[str]:
        return self.right.union(*(self.above(label) for label in self.right))

    def is_wrong(self, label: str) -> bool:
        if label in self.wrong:
            return True
        parents = self.parents(label)
        return (
            label not in self.closed()
            and bool(parents)
            and all(self.is_wrong(parent) for parent in parents)
        )

    def named(self) -> set[str]:
        return set(self.shown) | self.brought

    def take(self, label: str) -> None:
        self.wrong -= self.above(label) | {label}
        self.right.add(label)
        self.moved.discard(label)
        self.deepest -= self.above(label)
        self.none_fits = False
        self.bring(label)

    def refuse(self, label: str) -> None:
        gone = self.below(label) | {label}
        self.right -= gone
        self.moved -= gone
        self.deepest -= gone
        self.wrong.add(label)
        self.bring(label)

    def bring(self, label: str) -> None:
        if label not in self.shown:
            self.brought.add(label)

    def decide(self, action: str, label: str, other: str) -> None:
        if action in ("accept", "add"):
            self.take(label)
        elif action == "reject":
            self.refuse(label)
        elif action == "up":
            self.refuse(label)
            self.take(other)
            self.moved.add(other)
            self.deepest.add(other)
        elif action == "down":
            self.take(other)
            self.right.discard(label)
            self.moved.discard(label)
            self.wrong.discard(label)
        elif action == "instead":
            self.refuse(label)
            self.take(other)
        elif action == "no_deeper":
            moved = label in self.moved
            self.take(label)
            if moved:
                self.moved.add(label)
            for below in [x for x in self.named() & self.below(label) if not self.is_wrong(x)]:
                self.right.discard(below)
                self.moved.discard(below)
                self.wrong.add(below)
            self.deepest = (self.deepest - self.below(label)) | {label}
        elif action == "none_fits":
            self.right, self.moved, self.deepest = set(), set(), set()
            self.wrong = self.named()
            self.none_fits = True
        elif label in self.brought or label in self.right | self.wrong:
            for marks in (self.right, self.wrong, self.moved, self.brought, self.deepest):
                marks.discard(label)
            self.none_fits = False

    def marks(self) -> dict[str, str]:
        found = {}
        for label in self.codes:
            mark = self.mark(label)
            carried = label in self.named().union(*(self.above(x) for x in self.brought))
            if label in self.named() or (carried and mark != "undecided"):
                found[label] = mark
        return found

    def mark(self, label: str) -> str:
        if label in self.moved:
            return "moved_up"
        if label in self.right:
            return "accepted" if label in self.shown else "added"
        if label in self.closed():
            return "implied"
        if label in self.wrong:
            return "rejected"
        return "with_parent" if self.is_wrong(label) else "undecided"

    def nothing_deeper(self) -> set[str]:
        return {
            label
            for label in self.deepest
            if all(self.is_wrong(below) for below in self.named() & self.below(label))
        }
