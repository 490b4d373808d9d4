"""One edition of a taxonomy, with what the search for links asks of it made ready once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from harnn.taxonomy.spelling import name_key
from harnn.taxonomy.taxonomy import Taxonomy

TOP = -1
"""Stands for a parent where there is none."""
K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, eq=False)
class Side:
    """A taxonomy by columns."""

    taxonomy: Taxonomy

    @cached_property
    def parents(self) -> list[list[int]]:
        """By column; ``[TOP]`` for labels without."""
        found: list[list[int]] = [[] for _ in self.taxonomy.codes]
        for child, parent in self.taxonomy.edges.tolist():
            found[child].append(parent)
        return [above or [TOP] for above in found]

    @cached_property
    def children(self) -> list[list[int]]:
        """By column."""
        found: list[list[int]] = [[] for _ in self.taxonomy.codes]
        for child, parent in self.taxonomy.edges.tolist():
            found[parent].append(child)
        return found

    @cached_property
    def keys(self) -> list[str]:
        """The key of each name, see :func:`harnn.taxonomy.spelling.name_key`."""
        return [name_key(name) for name in self.taxonomy.names]

    @cached_property
    def words(self) -> list[frozenset[str]]:
        """The words of each name, as its key has them."""
        return [frozenset(key.split()) for key in self.keys]

    @cached_property
    def other_keys(self) -> list[frozenset[str]]:
        """Those of the other names of each label."""
        return [frozenset(map(name_key, names)) for names in self.taxonomy.alternatives]

    @cached_property
    def by_key(self) -> Mapping[str, list[int]]:
        """Columns by the keys of their names."""
        return gather((key, column) for column, key in enumerate(self.keys))

    @cached_property
    def by_other_key(self) -> Mapping[str, list[int]]:
        """Columns by the keys of their other names."""
        return gather((key, column) for column, keys in enumerate(self.other_keys) for key in keys)

    def is_named(self, column: int) -> bool:
        """Whether a label has a name besides its code."""
        return self.taxonomy.names[column] != self.taxonomy.codes[column]

    def over(self, column: int) -> set[int]:
        """Return the columns of parents and grandparents."""
        above = set(self.parents[column]) - {TOP}
        return above.union(*(self.parents[parent] for parent in above)) - {TOP}


def gather(pairs: Iterable[tuple[K, int]]) -> dict[K, list[int]]:
    """Return the columns that belong to each key, in order."""
    found: dict[K, list[int]] = {}
    for key, column in pairs:
        found.setdefault(key, []).append(column)
    return found
