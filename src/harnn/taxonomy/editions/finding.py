"""Find what became of each label: by what a person or the file says, by identifiers, by names.

In this order, each step among what the ones before left over:

1. a person's mapping, and what the new edition says of its past (``isReplacedBy``, ``replaces``);
2. the same IRI, code or notation, unless names say that a code stands for another thing now;
3. the same name, where no other label has it, then where its parents tell which is meant;
4. level by level from the top: most of its children; the same description; several names with
   more words, or with fewer, below the same parent (split, merged); a name that is nearly the same
   in a related place (under a parent or grandparent of its own), or has more or fewer words;
5. merged: another name of a new label, or one of the parts of its name ("A and B"); split: the
   same the other way round.

Nothing compares all labels with all: each step looks keys up, and near names have candidates.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from harnn.taxonomy.editions.links import LabelMapping, Link, Way
from harnn.taxonomy.editions.near_names import candidates
from harnn.taxonomy.editions.side import TOP, K, Side, gather
from harnn.taxonomy.near_texts import likeness
from harnn.taxonomy.spelling import fold, name_key

_ALIKE = 0.5
"""Names of one code less alike than this may be those of two things."""
_NEAR = 0.75
"""Least likeness of near names."""
_SAME_NAME, _SAME_FOLDED, _SAME_KEY = 0.95, 0.9, 0.85
_OTHER_NAME, _OLD_OTHER_NAME = 0.85, 0.7
_DESCRIPTION, _NOTATION, _PARTS = 0.75, 0.9, 0.6
_GUESS = 0.79
"""Most of near names and of what stands above the same."""
ELSEWHERE, _HERE = 0.4, 0.7
"""Of a code with another name: in another place, or in the same."""
_FEW = 30
"""Labels of one name or in one place that are all compared."""
_BETWEEN_PARTS = re.compile(r"[,;/&、和]|\b(?:and|or|und|oder|et)\b", re.I)


def find_links(old: Side, new: Side, mapping: LabelMapping) -> tuple[Link, ...]:
    """Return what became of the old labels, in their order, then the new ones that were added.

    mapping: checked; its links win.
    """
    search = _Search(old, new)
    search.take_mapping(mapping)
    search.take_history()
    search.match_identifiers()
    search.match_unique_names()
    search.go_down()
    search.find_merged()
    search.find_split()
    return tuple(search.links())


class _Search:
    """Links by columns while they are found."""

    def __init__(self, old: Side, new: Side) -> None:
        self.old, self.new = old, new
        self.found: dict[int, dict[int, Link]] = {}
        """By old and new column."""
        self.sources: dict[int, set[int]] = {}
        """Old columns by new."""
        self._fixed: set[int] = set()
        """Old columns of which somebody says what became of them."""
        self._closed_old: dict[int, Link] = {}
        """Retired, as somebody says."""
        self._closed_new: dict[int, Link] = {}
        """Added, as somebody says."""

    # --- what is open ---------------------------------------------------------------------------

    def _open_old(self) -> list[int]:
        """Return old columns of which nothing is known."""
        count = len(self.old.taxonomy)
        return [o for o in range(count) if o not in self.found and o not in self._closed_old]

    def _open_new(self) -> list[int]:
        """Return new columns of which nothing is known."""
        count = len(self.new.taxonomy)
        return [n for n in range(count) if n not in self.sources and n not in self._closed_new]

    def _link(self, o: int, n: int, way: Way, certainty: float = 1.0, note: str = "") -> None:
        if n in self._closed_new or o in self._fixed:
            return
        code, other = self.old.taxonomy.codes[o], self.new.taxonomy.codes[n]
        certainty = round(certainty, 2)
        self.found.setdefault(o, {}).setdefault(n, Link(code, other, way, certainty, note))
        self.sources.setdefault(n, set()).add(o)

    def _image(self, columns: Iterable[int]) -> set[int]:
        """Return the new columns of old ones; ``TOP`` stays."""
        found: set[int] = set()
        for column in columns:
            found.update([TOP] if column == TOP else self.found.get(column, ()))
        return found

    def _are_related(self, o: int, n: int) -> bool:
        """Whether parents or grandparents are the same, or both stand at the top."""
        at_top = self.old.parents[o] == [TOP], self.new.parents[n] == [TOP]
        if any(at_top):
            return all(at_top)
        return not self._image(self.old.over(o)).isdisjoint(self.new.over(n))

    # --- 1 and 2 --------------------------------------------------------------------------------

    def take_mapping(self, mapping: LabelMapping) -> None:
        old, new = self.old.taxonomy.index, self.new.taxonomy.index
        for link in mapping:
            if not link.old:
                self._closed_new[new[link.new]] = link
                continue
            o = old[link.old]
            self._fixed.add(o)
            if link.new:
                n = new[link.new]
                self.found.setdefault(o, {})[n] = link
                self.sources.setdefault(n, set()).add(o)
            else:
                self._closed_old[o] = link

    def take_history(self) -> None:
        old, new = self.old.taxonomy, self.new.taxonomy
        by_iri = {iri: column for column, iri in enumerate(old.iris) if iri}
        told = {**new.former, **new.successors}
        open_old = set(self._open_old())
        for code, codes in told.items():
            iri = new.iris[new.index[code]] if code in new.index else new.former_iris.get(code, "")
            o = by_iri.get(iri, old.index.get(code, -1))
            if o not in open_old:
                continue
            note = _line(new.change_notes.get(code, ""))
            if code in new.index:
                self._link(o, new.index[code], "code")
            for target in codes:
                self._link(o, new.index[target], "isReplacedBy", note=note)

    def match_identifiers(self) -> None:
        old, new = self.old.taxonomy, self.new.taxonomy
        by_iri = {iri: column for column, iri in enumerate(new.iris) if iri}
        for o in self._open_old():
            n = by_iri.get(old.iris[o], -1)
            if n >= 0:
                self._link(o, n, "code" if old.codes[o] == new.codes[n] else "iri")
        for o in self._open_old():
            n = new.index.get(old.codes[o], -1)
            if n >= 0:
                self._match_code(o, n)
        by_notation = gather((mark, n) for n, mark in enumerate(new.notations) if mark)
        times = Counter(old.notations)
        free = set(self._open_new())
        for o in self._open_old():
            fitting = by_notation.get(old.notations[o], [])
            only = len(fitting) == 1 == times[old.notations[o]] and fitting[0] in free
            if only and self._are_alike(o, fitting[0]):
                self._link(o, fitting[0], "notation", _NOTATION)

    def _match_code(self, o: int, n: int) -> None:
        if self._are_alike(o, n):
            self._link(o, n, "code")
        elif not self._is_called_so_elsewhere(o, n):
            here = set(self._parent_codes(self.old, o)) & set(self._parent_codes(self.new, n))
            certainty = _HERE if here else ELSEWHERE
            self._link(o, n, "code", certainty, "the names have little in common")

    def _are_alike(self, o: int, n: int) -> bool:
        """Whether names do not say that two labels are two things."""
        old, new = self.old, self.new
        if not (old.is_named(o) and new.is_named(n)):
            return True
        one, other = old.keys[o], new.keys[n]
        if one == other or one in new.other_keys[n] or other in old.other_keys[o]:
            return True
        if old.taxonomy.descriptions[o] and (
            old.taxonomy.descriptions[o] == new.taxonomy.descriptions[n]
        ):
            return True
        words, others = old.words[o], new.words[n]
        return words <= others or others <= words or likeness(one, other, _ALIKE) >= _ALIKE

    def _is_called_so_elsewhere(self, o: int, n: int) -> bool:
        """Whether the old name is that of one other new label, or the new one of one other old
        label, which was not called so under its own code.
        """
        pairs = ((self.old, self.new, o), (self.new, self.old, n))
        for own, other, column in pairs:
            key = own.keys[column]
            named = other.by_key.get(key, [])
            if len(named) == 1:
                twin = own.taxonomy.index.get(other.taxonomy.codes[named[0]], -1)
                if twin < 0 or own.keys[twin] != key:
                    return True
        return False

    @staticmethod
    def _parent_codes(side: Side, column: int) -> Iterator[str]:
        for parent in side.parents[column]:
            yield "" if parent == TOP else side.taxonomy.codes[parent]

    # --- 3 --------------------------------------------------------------------------------------

    def match_unique_names(self) -> None:
        old = gather((self.old.keys[o], o) for o in self._open_old())
        new = gather((self.new.keys[n], n) for n in self._open_new())
        for key, columns in old.items():
            if len(columns) == 1 == len(new.get(key, ())):
                self._link_by_name(columns[0], new[key][0])

    def _link_by_name(self, o: int, n: int) -> None:
        one, other = self.old.taxonomy.names[o], self.new.taxonomy.names[n]
        if one == other:
            certainty = _SAME_NAME
        else:
            certainty = _SAME_FOLDED if fold(one) == fold(other) else _SAME_KEY
        self._link(o, n, "name", certainty)

    # --- 4 --------------------------------------------------------------------------------------

    def go_down(self) -> None:
        left, free = self._open_old(), self._open_new()
        if not left or not free:
            return
        near = self._near_candidates(left, free)
        places = gather(
            ((self.new.keys[n], parent), n) for n in free for parent in self.new.parents[n]
        )
        siblings = gather((parent, n) for n in free for parent in self.new.parents[n])
        texts = gather((text, n) for n in free if (text := self.new.taxonomy.descriptions[n]))
        levels = gather((int(self.old.taxonomy.levels[o]), o) for o in left)
        for columns in levels.values():  # ascending, as columns are
            self._match_names_in_place(columns, places)
            self._match_by_children(columns)
            self._match_by_description(columns, texts)
            possible = {
                o: list(dict.fromkeys([*near[o], *self._beside(o, siblings)]))
                for o in columns
                if o not in self.found
            }
            self._match_narrower_and_wider(possible)
            self._match_near_names(possible)

    def _near_candidates(self, left: Sequence[int], free: Sequence[int]) -> Mapping[int, list[int]]:
        found = candidates([self.old.keys[o] for o in left], [self.new.keys[n] for n in free])
        return {o: [free[at] for at in places] for o, places in zip(left, found, strict=True)}

    def _is_free(self, n: int) -> bool:
        return n not in self.sources and n not in self._closed_new

    @staticmethod
    def _few(columns: Mapping[K, list[int]], keys: Iterable[K]) -> list[int]:
        """Return the columns of keys that have few; so that no step compares all with all."""
        found = (columns.get(key, []) for key in keys)
        return [column for each in found if len(each) <= _FEW for column in each]

    def _match_names_in_place(
        self, columns: Iterable[int], places: Mapping[tuple[str, int], list[int]]
    ) -> None:
        claims: dict[int, list[int]] = {}
        for o in columns:
            if o in self.found:
                continue
            key = self.old.keys[o]
            fitting = self._few(places, ((key, p) for p in self._image(self.old.parents[o])))
            free = {n for n in fitting if self._is_free(n)}
            if len(free) == 1:
                claims.setdefault(free.pop(), []).append(o)
        for n, claimants in claims.items():
            if len(claimants) == 1:
                self._link_by_name(claimants[0], n)

    def _match_by_children(self, columns: Iterable[int]) -> None:
        """Link labels most of whose children are children of one new label, of which they are
        most as well.
        """
        for o in columns:
            below = self.old.children[o]
            if o in self.found or not below:
                continue
            votes = Counter(
                parent
                for child in self._image(below)
                for parent in self.new.parents[child]
                if parent != TOP and self._is_free(parent)
            )
            n, count = max(votes.items(), key=lambda vote: vote[1], default=(TOP, 0))
            share = count / max(len(below), len(self.new.children[n])) if count else 0.0
            if share > 1 / 2:
                self._link(o, n, "children", min(0.5 + 0.3 * share, _GUESS))

    def _match_by_description(self, columns: Iterable[int], texts: Mapping[str, list[int]]) -> None:
        for o in columns:
            fitting = texts.get(self.old.taxonomy.descriptions[o], [])
            if o not in self.found and len(fitting) == 1 and self._is_free(fitting[0]):
                self._link(o, fitting[0], "description", _DESCRIPTION)

    def _beside(self, o: int, siblings: Mapping[int, list[int]]) -> list[int]:
        return self._few(siblings, self._image(self.old.parents[o]))

    def _match_narrower_and_wider(self, possible: Mapping[int, list[int]]) -> None:
        """Split "cars" into "electric cars" and "fast cars" beside it, or merge these."""
        claims: dict[int, list[int]] = {}
        for o, columns in possible.items():
            words, narrower = self.old.words[o], []
            for n in columns:
                if not self._is_free(n) or not self._are_siblings(o, n):
                    continue
                if words < self.new.words[n]:
                    narrower.append(n)
                elif self.new.words[n] < words:
                    claims.setdefault(n, []).append(o)
            if len(narrower) > 1:
                for n in narrower:
                    self._link(o, n, "parts of name", _PARTS)
        for n, claimants in claims.items():
            left = [o for o in claimants if o not in self.found]
            if len(left) > 1 and self._is_free(n):
                for o in left:
                    self._link(o, n, "parts of name", _PARTS)

    def _are_siblings(self, o: int, n: int) -> bool:
        """Whether a parent is the same, or both stand at the top beside few."""
        same = self._image(self.old.parents[o]).intersection(self.new.parents[n])
        return bool(same) and (same != {TOP} or len(self.old.taxonomy.hierarchy.roots) <= _FEW)

    def _match_near_names(self, possible: Mapping[int, list[int]]) -> None:
        scored = []
        for o, columns in possible.items():
            for n in columns if o not in self.found else ():
                alike = self._nearness(o, n) if self._is_free(n) else 0.0
                if alike >= _NEAR:
                    scored.append((-alike, o, n))
        for alike, o, n in sorted(scored):
            if o not in self.found and self._is_free(n):
                self._link(o, n, "near name", min(-0.8 * alike, _GUESS))

    def _nearness(self, o: int, n: int) -> float:
        """Return how alike two labels in related places are called; 0 in others."""
        if not self._are_related(o, n):
            return 0.0
        alike = likeness(self.old.keys[o], self.new.keys[n], _NEAR)
        words, others = self.old.words[o], self.new.words[n]
        more = (words < others or others < words) and self._are_siblings(o, n)
        names = self.old.taxonomy.names[o], self.new.taxonomy.names[n]
        if more and not any(map(_BETWEEN_PARTS.search, names)):  # of parts: step 5
            return max(alike, _NEAR)
        return alike

    # --- 5 --------------------------------------------------------------------------------------

    def find_merged(self) -> None:
        for o in self._open_old():
            self._match_other_name(o)
        left = self._open_old()
        places = gather(
            ((self.old.keys[o], p), o) for o in left for p in self._image(self.old.parents[o])
        )
        names = {self.old.keys[o] for o in left}
        for n, keys in self._compound(self.new, names):
            parts = set(self._few(places, itertools.product(keys, self.new.parents[n])))
            known = len(self.sources.get(n, ()))
            if len(parts) + known > 1:
                for o in sorted(parts):
                    self._link(o, n, "parts of name", _PARTS)

    def _match_other_name(self, o: int) -> None:
        """Link an old label to the one new label that has its name as another name, or that has
        its other name as a name.
        """
        key = self.old.keys[o]
        by_other = self.new.by_other_key.get(key, [])
        if len(by_other) == 1:
            n = by_other[0]
            known = any(key in self.old.other_keys[s] for s in self.sources.get(n, ()))
            self._link(o, n, "other name", _OLD_OTHER_NAME if known else _OTHER_NAME)
            return
        named = set(self._few(self.new.by_key, self.old.other_keys[o]))
        named.update(n for n in self._few(self.new.by_key, [key]) if self._are_related(o, n))
        if len(named) == 1:
            self._link(o, named.pop(), "other name", _OLD_OTHER_NAME)

    def find_split(self) -> None:
        for n in self._open_new():
            key = self.new.keys[n]
            lost = [
                o
                for o in self._few(self.old.by_other_key, [key])
                if not any(key in self.new.other_keys[kept] for kept in self.found.get(o, ()))
            ]
            if len(lost) == 1:
                self._link(lost[0], n, "other name", _OLD_OTHER_NAME)
        left = self._open_new()
        places = gather(((self.new.keys[n], p), n) for n in left for p in self.new.parents[n])
        names = {self.new.keys[n] for n in left}
        for o, keys in self._compound(self.old, names):
            above = self._image(self.old.parents[o])
            parts = set(self._few(places, itertools.product(keys, above)))
            if len(parts) + len(self.found.get(o, ())) > 1:
                for n in sorted(parts):
                    self._link(o, n, "parts of name", _PARTS)

    @staticmethod
    def _compound(side: Side, names: Container[str]) -> Iterator[tuple[int, list[str]]]:
        """Yield labels with names of several parts, and those parts that are among names."""
        for column, name in enumerate(side.taxonomy.names):
            parts = _BETWEEN_PARTS.split(name)
            if len(parts) > 1:
                found = dict.fromkeys(map(name_key, filter(str.strip, parts)))
                if keys := [key for key in found if key in names]:
                    yield column, keys

    # --- the result -----------------------------------------------------------------------------

    def links(self) -> Iterator[Link]:
        former = self.new.taxonomy.former
        for o, code in enumerate(self.old.taxonomy.codes):
            if o in self.found:
                yield from (self.found[o][n] for n in sorted(self.found[o]))
            elif o in self._closed_old:
                yield self._closed_old[o]
            else:
                note = _line(self.new.taxonomy.change_notes.get(code, ""))
                yield Link(code, "", "isReplacedBy" if code in former else "code", note=note)
        for n, code in enumerate(self.new.taxonomy.codes):
            if n in self._closed_new:
                yield self._closed_new[n]
            elif n not in self.sources:
                yield Link("", code, "code")


def _line(text: str) -> str:
    return " ".join(text.split())
