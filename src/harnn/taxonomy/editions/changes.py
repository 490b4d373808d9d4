"""What a new edition of a taxonomy changed: values, and how they read."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, get_args

from harnn._display import beginning, counted
from harnn.taxonomy.editions.links import SURE, Link, Way
from harnn.taxonomy.taxonomy import Taxonomy

Kind = Literal[
    "reused", "merged", "split", "retired", "added", "renamed", "moved", "recoded", "level", "texts"
]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""In the order in which they are told."""
_WIDTH = 80
"""Characters of a text that are shown in a line."""
_HEADINGS: dict[Kind, str] = {
    "reused": "codes that seem to stand for another thing now (look at these)",
    "merged": "merged: several old labels are one",
    "split": "split: one old label is several",
    "retired": "retired: labels that are no more",
    "added": "added: new labels",
    "renamed": "renamed",
    "moved": "moved: other parents",
    "recoded": "recoded: other codes",
    "level": "on another level",
    "texts": "other texts: descriptions, other names, notations, IRIs",
}
SHOWN = 10
"""Changes of a kind that are printed, unless told."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is different."""

    kind: Kind
    old: tuple[str, ...]
    """Codes in the old edition; none of what was added."""
    new: tuple[str, ...]
    """Codes in the new edition; none of what was retired."""
    found_by: Way
    """How it is known which labels these are; of several links the least certain."""
    certainty: float
    """0 to 1: how sure that is."""
    before: str = ""
    """What was so: the name, the codes of parents, the level, or the texts that changed."""
    after: str = ""
    """What is so now."""
    note: str = ""
    """What the file or the person who mapped says of it."""

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as values of JSON."""
        return dataclasses.asdict(self)


@dataclass(frozen=True, eq=False)
class TaxonomyDiff:
    """Two editions of a taxonomy and what is different; made by
    :func:`harnn.taxonomy.diff_taxonomies`.
    """

    old: Taxonomy = field(repr=False)
    new: Taxonomy = field(repr=False)
    links: tuple[Link, ...] = field(repr=False)
    """What became of every old label, then what was added; in the order of the taxonomies."""
    changes: tuple[Change, ...] = field(repr=False)
    """By kind as in ``KINDS``; in each in the order of the taxonomies."""

    @cached_property
    def counts(self) -> Mapping[Kind, int]:
        """Changes of each kind, zeros included."""
        found = Counter(change.kind for change in self.changes)
        return {kind: found[kind] for kind in KINDS}

    @property
    def kept(self) -> int:
        """Old labels that are some label of the new edition."""
        return len({link.old for link in self.links if link.is_pair})

    @cached_property
    def unsure(self) -> tuple[Link, ...]:
        """Links that somebody should look at."""
        return tuple(link for link in self.links if not link.is_sure)

    def of_kind(self, kind: Kind) -> tuple[Change, ...]:
        """Return the changes of one kind."""
        return tuple(change for change in self.changes if change.kind == kind)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as values of JSON, with the names of the labels of each change."""
        return {
            "old": {"labels": len(self.old), "version": self.old.version},
            "new": {"labels": len(self.new), "version": self.new.version},
            "kept": self.kept,
            "unsure": len(self.unsure),
            "counts": dict(self.counts),
            "changes": [
                change.to_dict()
                | {
                    "old_names": [_name(self.old, code) for code in change.old],
                    "new_names": [_name(self.new, code) for code in change.new],
                }
                for change in self.changes
            ],
        }

    def describe(self, most: int | None = SHOWN) -> Iterator[str]:
        """Yield lines to read: counts, then each kind; most: changes of a kind, None: all."""
        yield (
            f"{counted(len(self.old), 'label')} before, {len(self.new):,} now; "
            f"{self.kept:,} of the old ones live on."
        )
        if not self.changes:
            yield "Nothing changed."
            return
        told = [f"{count:,} {_noun(kind)}" for kind, count in self.counts.items() if count]
        yield f"{', '.join(told)}."
        if self.unsure:
            are = "is a guess" if len(self.unsure) == 1 else "are guesses"
            yield f"{counted(len(self.unsure), 'link')} {are} to be looked at, marked ? below."
        for kind in KINDS:
            found = self.of_kind(kind)
            if not found:
                continue
            yield ""
            yield f"{_HEADINGS[kind]} ({len(found):,})"
            shown = found[:most]
            yield from (f"  {self._line(change)}" for change in shown)
            if len(found) > len(shown):
                yield f"  ... and {len(found) - len(shown):,} more"

    def _line(self, change: Change) -> str:
        mark = "" if change.certainty >= SURE else "? "
        old = " + ".join(_shown(self.old, code) for code in change.old)
        new = " + ".join(_shown(self.new, code) for code in change.new)
        if change.kind in ("merged", "split", "recoded", "reused"):
            what = f"{old} -> {new}" if new else old
        elif change.kind in ("added", "retired"):
            what = old or new
        else:
            label = _shown(self.new, change.new[0])
            before, after = (
                beginning(x, _WIDTH) or "nothing" for x in (change.before, change.after)
            )
            what = f"{label}: {before} -> {after}"
        how = "" if change.found_by == "code" else f" ({change.found_by}, {change.certainty:.2f})"
        note = f" [{beginning(change.note, _WIDTH)}]" if change.note else ""
        return f"{mark}{what}{how}{note}"


def _noun(kind: Kind) -> str:
    return {
        "level": "on another level",
        "texts": "with other texts",
        "reused": "with a code that may be reused",
    }.get(kind, kind)


def _name(taxonomy: Taxonomy, code: str) -> str:
    return taxonomy.names[taxonomy.index[code]]


def _shown(taxonomy: Taxonomy, code: str) -> str:
    name = _name(taxonomy, code)
    shown = beginning(name, _WIDTH)
    return shown if name == code else f"{shown} ({beginning(code, _WIDTH)})"


def weakest(links: Iterable[Link]) -> Link:
    """Return the least certain link, which says how a group was found."""
    return min(links, key=lambda link: (link.certainty, link.found_by == "code"))
