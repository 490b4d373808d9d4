"""Which labels may be meant by one that no taxonomy has: the same in messages and suggestions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from harnn._display import with_name
from harnn.errors import SHOWN_PROBLEMS
from harnn.taxonomy.near_texts import NearTexts
from harnn.taxonomy.spelling import fold

_AN_IRI = "://"


class NearLabel(NamedTuple):
    """A label that may be meant."""

    column: int
    spelling: str
    """What it is called that is like what is written: its code, or a name."""
    likeness: float
    """0.65 to 1; 1: the same but for case, width and blanks."""


class NearLabels:
    """Looks for labels by their codes, names, other names and notations.

    What is needed is made on first use, about a second for a hundred thousand labels.
    """

    def __init__(
        self,
        codes: Sequence[str],
        names: Sequence[str] | None = None,
        others: Iterable[tuple[str, int]] = (),
    ) -> None:
        """names: of the labels with these codes; None: the codes. others: what they are called
        beside their codes, each with the place of its label, as :func:`.spellings` yields it.
        """
        self._codes, self._names = codes, codes if names is None else names
        self._others = tuple(others)

    def find(self, label: str, *, most: int = 1) -> list[NearLabel]:
        """Return what may be meant by *label*, the likeliest first, each label once.

        Where there are those of :meth:`same`, they come alone.
        """
        same = self.same(label)
        if same:
            return same[:most]
        near: dict[int, NearLabel] = {}
        for at, alike in self._near.find(_ending(label), most=3 * most + 5):
            column = self._columns[at]
            near.setdefault(column, NearLabel(column, self._spellings[at], alike))
        return [*near.values()][:most]

    def same(self, label: str) -> list[NearLabel]:
        """Return the labels that *label* is but for case, width and blanks, ordered by code."""
        places = {self._columns[at]: at for at in reversed(self._folded.get(fold(label), ()))}
        columns = sorted(places, key=lambda column: self._codes[column])
        return [NearLabel(column, self._spellings[places[column]], 1.0) for column in columns]

    def suggest(self, label: str, *, as_code: bool = False) -> str:
        """Return ``Did you mean 'X'?`` for the label that is likeliest meant, or nothing; a code
        has its name with it.

        as_code: always as its code, where labels are known by nothing else.
        """
        near = self.find(label)
        if not near:
            return ""
        column, spelling, _ = near[0]
        code, name = self._codes[column], self._names[column]
        meant = (
            with_name(code, name) if as_code or spelling == code else with_name(spelling, spelling)
        )
        return f"Did you mean {meant}?"

    def hints(self, labels: Iterable[str]) -> Iterator[str]:
        """Yield for each label what :meth:`suggest` says, as codes, of so many as are shown:
        searching is slow.
        """
        for number, label in enumerate(labels):
            yield self.suggest(label, as_code=True) if number < SHOWN_PROBLEMS else ""

    @cached_property
    def _pairs(self) -> list[tuple[str, int]]:
        codes = ((code, column) for column, code in enumerate(self._codes))
        return list(dict.fromkeys([*codes, *self._others]))

    @cached_property
    def _spellings(self) -> list[str]:
        return [spelling for spelling, _ in self._pairs]

    @cached_property
    def _columns(self) -> list[int]:
        return [column for _, column in self._pairs]

    @cached_property
    def _folded(self) -> dict[str, list[int]]:
        """The places of spellings by what two of them may not differ in."""
        found: dict[str, list[int]] = {}
        for at, spelling in enumerate(self._spellings):
            found.setdefault(fold(spelling), []).append(at)
        return found

    @cached_property
    def _near(self) -> NearTexts:
        return NearTexts([_ending(spelling) for spelling in self._spellings])


def _ending(text: str) -> str:
    """Return what tells an IRI from others of its namespace; other texts as they are."""
    return text.rstrip("/#").replace("#", "/").rpartition("/")[2] if _AN_IRI in text else text
