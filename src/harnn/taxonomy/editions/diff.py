"""Compare two editions of a taxonomy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from harnn.taxonomy.editions.changes import KINDS, Change, Kind, TaxonomyDiff, weakest
from harnn.taxonomy.editions.checking import check_mapping
from harnn.taxonomy.editions.finding import ELSEWHERE, find_links
from harnn.taxonomy.editions.links import LabelMapping, Link
from harnn.taxonomy.editions.side import TOP, Side
from harnn.taxonomy.taxonomy import Taxonomy

_REUSED = 0.6
_TEXTS = ("descriptions", "alternatives", "notations", "iris")


def diff_taxonomies(
    old: Taxonomy, new: Taxonomy, mapping: LabelMapping | None = None
) -> TaxonomyDiff:
    """Tell what a new edition of a taxonomy changed; the order of labels makes no difference.

    mapping: what somebody says became of labels, which wins over all that would be found.

    Raises:
        TaxonomyError: the mapping names unknown labels, goes in a circle, or contradicts itself.
    """
    before, after = Side(old), Side(new)
    links = find_links(before, after, check_mapping(mapping or LabelMapping(), old, new))
    groups = _Groups(before, after)
    for link in links:
        groups.add(link)
    changes = sorted(groups.changes(), key=lambda change: KINDS.index(change.kind))
    return TaxonomyDiff(old, new, links, tuple(changes))


@dataclass(eq=False)
class _Groups:
    """Links by either end."""

    old: Side
    new: Side
    ahead: dict[str, list[Link]] = field(default_factory=dict)
    back: dict[str, list[Link]] = field(default_factory=dict)
    alone: dict[tuple[str, str], Link] = field(default_factory=dict)

    def add(self, link: Link) -> None:
        if link.is_pair:
            self.ahead.setdefault(link.old, []).append(link)
            self.back.setdefault(link.new, []).append(link)
        else:
            self.alone[link.old, link.new] = link

    def changes(self) -> Iterator[Change]:
        for code in self.old.taxonomy.codes:
            if code in self.new.taxonomy.index and self._is_reused(code):
                yield Change("reused", (code,), (code,), "name", _REUSED)
        for link in self.alone.values():
            kind: Kind = "retired" if link.old else "added"
            yield _change(kind, [link])
        for links in self.back.values():
            if len(links) > 1:
                yield _change("merged", links)
        for links in self.ahead.values():
            if len(links) > 1:
                yield _change("split", links)
        for links in self.back.values():
            for link in links:
                if self.is_main(link):
                    yield from self.of_pair(link)

    def _is_reused(self, code: str) -> bool:
        """Whether a code seems to stand for another thing, and nobody said so."""
        links = self.ahead.get(code, [])
        own = next((link for link in links if link.new == code), None)
        if own is not None:
            return own.found_by == "code" and own.certainty <= ELSEWHERE
        retired = self.alone.get((code, ""))
        return not any(link.found_by == "mapping" for link in links or filter(None, [retired]))

    def is_main(self, link: Link) -> bool:
        """Whether the two labels can be compared: nothing else became of one or of the other, or
        they have the same code.
        """
        alone = len(self.ahead[link.old]) == 1 == len(self.back[link.new])
        return alone or link.old == link.new

    def of_pair(self, link: Link) -> Iterator[Change]:
        old, new = self.old.taxonomy, self.new.taxonomy
        o, n = old.index[link.old], new.index[link.new]
        if link.old != link.new:
            yield _change("recoded", [link], link.old, link.new)
        names = old.names[o], new.names[n]
        was_code = (names[0] == link.old) and (names[1] == link.new)
        if names[0] != names[1] and not was_code:
            yield _change("renamed", [link], *names)
        if self._is_moved(o, n):
            yield _change("moved", [link], _parents(self.old, o), _parents(self.new, n))
        levels = int(old.levels[o]), int(new.levels[n])
        if levels[0] != levels[1]:
            yield _change("level", [link], *map(str, levels))
        texts = [(getattr(old, each)[o], getattr(new, each)[n]) for each in _TEXTS]
        differ = [each for each in texts if _as_set(each[0]) != _as_set(each[1])]
        if differ:
            yield _change("texts", [link], *(_joined(each) for each in zip(*differ, strict=True)))

    def _is_moved(self, o: int, n: int) -> bool:
        """Whether any old parent is none of the new ones, or the other way round, seen through
        the links.
        """
        now = set(self.new.parents[n])
        allowed: set[int] = set()
        for parent in self.old.parents[o]:
            became = self._image(parent)
            if became.isdisjoint(now):
                return True
            allowed |= became
        return not now <= allowed

    def _image(self, parent: int) -> set[int]:
        if parent == TOP:
            return {TOP}
        index = self.new.taxonomy.index
        return {index[link.new] for link in self.ahead.get(self.old.taxonomy.codes[parent], ())}


def _change(kind: Kind, links: list[Link], before: str = "", after: str = "") -> Change:
    weak = weakest(links)
    notes = dict.fromkeys(link.note for link in links if link.note)
    return Change(
        kind,
        tuple(dict.fromkeys(link.old for link in links if link.old)),
        tuple(dict.fromkeys(link.new for link in links if link.new)),
        weak.found_by,
        weak.certainty,
        before,
        after,
        "; ".join(notes),
    )


def _parents(side: Side, column: int) -> str:
    codes = side.taxonomy.codes
    return ", ".join("the top" if p == TOP else codes[p] for p in side.parents[column])


def _as_set(text: str | tuple[str, ...]) -> str | frozenset[str]:
    return text if isinstance(text, str) else frozenset(text)


def _joined(texts: Iterable[str | tuple[str, ...]]) -> str:
    return "; ".join(text if isinstance(text, str) else ", ".join(text) for text in texts)


def links_by_kind(diff: TaxonomyDiff) -> Mapping[tuple[str, str], str]:
    """Return what happened to each link in words, by its codes."""
    kinds: dict[tuple[str, str], dict[str, None]] = {}
    for change in diff.changes:
        for old in change.old or ("",):
            for new in change.new or ("",):
                kinds.setdefault((old, new), {})[change.kind] = None
    return {codes: ", ".join(found) for codes, found in kinds.items()}
