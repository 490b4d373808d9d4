"""Which labels of an old edition are which of a new one, and how that is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

Way = Literal[
    "mapping",
    "isReplacedBy",
    "code",
    "iri",
    "notation",
    "name",
    "other name",
    "description",
    "children",
    "near name",
    "parts of name",
]
"""How a link was found; ``mapping``: a person says so."""
SURE = 0.8
"""Links of less certainty are to be looked at."""


@dataclass(frozen=True, slots=True)
class Link:
    """An old label and a new one that it became."""

    old: str
    """Code in the old edition; empty: the new label was added."""
    new: str
    """Code in the new edition; empty: the old label was retired."""
    found_by: Way = "mapping"
    certainty: float = 1.0
    """0 to 1, in hundredths."""
    note: str = ""
    """In one line."""
    place: str = field(default="", compare=False)
    """File and line, for messages."""

    @property
    def is_pair(self) -> bool:
        """Tell links from labels that stand alone."""
        return bool(self.old and self.new)

    @property
    def is_sure(self) -> bool:
        """Whether nobody need look at it."""
        return self.certainty >= SURE


@dataclass(frozen=True, slots=True)
class LabelMapping:
    """Links between two editions: several of one old label split it, several to one new label
    merge them. A label that no link names is left to be found.
    """

    links: tuple[Link, ...] = ()

    @classmethod
    def of(cls, links: Iterable[Link | tuple[str, str]]) -> LabelMapping:
        """Build one of links, or of pairs of an old and a new code (empty: none)."""
        return cls(tuple(link if isinstance(link, Link) else Link(*link) for link in links))

    def __iter__(self) -> Iterator[Link]:
        return iter(self.links)

    def __len__(self) -> int:
        return len(self.links)
