"""A mapping held to the two editions that it maps, all its faults in one report."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

from harnn._tables import shown
from harnn.errors import SHOWN_PROBLEMS, Problem, TaxonomyError
from harnn.taxonomy.editions.links import LabelMapping, Link
from harnn.taxonomy.graph import shorten
from harnn.taxonomy.taxonomy import Taxonomy

_SHOWN_CIRCLE = 12


def check_mapping(mapping: LabelMapping, old: Taxonomy, new: Taxonomy) -> LabelMapping:
    """Return a mapping whose old codes are labels of *old* and whose new codes are labels of *new*.

    A new code that is no label but an old code of another link is followed, so that the mappings of
    editions one after the other can be put behind each other.

    Raises:
        TaxonomyError: unknown labels, circles, links that are given twice or contradict each other.
    """
    ahead: dict[str, list[Link]] = {}
    for link in mapping:
        ahead.setdefault(link.old, []).append(link)
    between = {link.new for link in mapping if link.new not in new.index} & ahead.keys() - {""}
    problems = [*_unknown(mapping, old, new, between), *_contradictions(mapping, ahead)]
    circles = list(_circles(ahead, between))
    if problems or circles:
        raise TaxonomyError([*problems, *circles])
    if not between:
        return mapping
    followed = [
        end
        for link in mapping
        if link.old in old.index or not link.old
        for end in _followed(link, ahead, between)
    ]
    return LabelMapping(tuple({(link.old, link.new): link for link in followed}.values()))


def _unknown(
    mapping: Iterable[Link], old: Taxonomy, new: Taxonomy, between: Iterable[str]
) -> Iterator[Problem]:
    searched = 0
    steps = set(between)
    for link in mapping:
        sides = ((link.old, old, "old"), (link.new, new, "new"))
        for code, taxonomy, which in sides:
            if code and code not in taxonomy.index and code not in steps:
                searched += 1
                hint = (
                    taxonomy.near.suggest(code, as_code=True) if searched <= SHOWN_PROBLEMS else ""
                )
                what = f"{shown(code)} is no label of the {which} taxonomy."
                yield Problem(link.place, shorten(what), hint)
        if not (link.old or link.new):
            yield Problem(link.place, "has neither an old nor a new label.")
        if not 0 <= link.certainty <= 1 or math.isnan(link.certainty):
            what = f"got the certainty {link.certainty}, expected 0 to 1."
            yield Problem(link.place, what)


def _contradictions(
    mapping: Iterable[Link], ahead: Mapping[str, Sequence[Link]]
) -> Iterator[Problem]:
    first: dict[tuple[str, str], Link] = {}
    added = {link.new: link for link in ahead.get("", ())}
    for link in mapping:
        before = first.setdefault((link.old, link.new), link)
        if before is not link:
            what = f"{shown(link.old or link.new)} stands here again{_as_at(before)}."
            yield Problem(link.place, what)
        elif link.is_pair and link.new in added:
            other = _as_at(added[link.new])
            what = f"{shown(link.new)} comes from {shown(link.old)}, but is new{other}."
            yield Problem(link.place, what, "Keep one of the two lines.")
        elif link.old and not link.new and len(ahead[link.old]) > 1:
            other = _as_at(next(each for each in ahead[link.old] if each.new))
            what = f"{shown(link.old)} is retired, but became something{other}."
            yield Problem(link.place, what, "Keep one of the two lines.")


def _as_at(link: Link) -> str:
    return f" ({link.place})" if link.place else ""


def _circles(ahead: Mapping[str, Sequence[Link]], between: set[str]) -> Iterator[Problem]:
    """Yield a problem for each circle of codes that lead to no label of the new taxonomy."""
    done: set[str] = set()
    for start in sorted(between):
        path: dict[str, Iterator[Link]] = {}
        waiting = start
        while waiting or path:
            if waiting and waiting not in done and waiting not in path:
                path[waiting] = iter(ahead[waiting])
            elif waiting in path:
                codes = list(path)
                circle = codes[codes.index(waiting) :]
                more = [f"... ({len(circle):,} labels)"] if len(circle) > _SHOWN_CIRCLE else []
                told = " -> ".join([*circle[:_SHOWN_CIRCLE], *more, waiting])
                what = f"goes in a circle and leads to no label of the new taxonomy: {told}."
                yield Problem(ahead[waiting][0].place, shorten(what))
            current = next(reversed(path), "")
            waiting = next(
                (each.new for each in path.get(current, iter(())) if each.new in between), ""
            )
            if current and not waiting:
                done.add(current)
                del path[current]


def _followed(link: Link, ahead: Mapping[str, Sequence[Link]], between: set[str]) -> Iterator[Link]:
    """Yield the links to labels of the new taxonomy that a link leads to."""
    waiting = [link]
    while waiting:
        current = waiting.pop()
        if current.new not in between:
            yield current
            continue
        for step in reversed(ahead[current.new]):
            certainty = round(current.certainty * step.certainty, 2)
            waiting.append(dataclasses.replace(current, new=step.new, certainty=certainty))
