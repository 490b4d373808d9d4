"""A taxonomy in numbers, and its labels by words."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from harnn._display import counted, level_name
from harnn.taxonomy.graph import IntArray
from harnn.taxonomy.label_search import LabelSearch
from harnn.taxonomy.taxonomy import Taxonomy

_SHOWN_NAMES = 5


@dataclass(frozen=True, slots=True)
class LevelMeasures:
    """Numbers of one level."""

    name: str
    labels: int
    leaves: int
    with_several_parents: int
    without_parents: int
    """At the top they all are."""


@dataclass(frozen=True, slots=True)
class Measures:
    """Numbers of a taxonomy; ``to_dict`` is what ``harnn taxonomy stats --json`` writes."""

    labels: int
    edges: int
    levels: tuple[LevelMeasures, ...]
    """From the top."""
    leaves: int
    with_several_parents: int
    most_parents: int
    most_children: int
    widest: str
    """Code of a label with so many children; empty where there are none."""
    names_missing: int
    """Labels that are known by their code alone."""
    names_shared: dict[str, int]
    """Names that several labels have, and how many."""
    with_description: int
    with_alternatives: int
    alternatives: int
    with_notation: int
    replaced: int
    """Codes that are labels no more, for which others stand."""

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as values of JSON."""
        return dataclasses.asdict(self) | {"depth": len(self.levels)}

    def lines(self) -> Iterator[str]:
        """Yield it in sentences."""
        for number, level in enumerate(self.levels, start=1):
            called = "" if level_name(level.name, number) == str(number) else f" ({level.name})"
            yield (
                f"level {number}{called}: {counted(level.labels, 'label')}, "
                f"{level.leaves:,} without children, "
                f"{level.with_several_parents:,} with several parents"
            )
        yield (
            f"{self.leaves:,} of {counted(self.labels, 'label')} without children; "
            f"{self.with_several_parents:,} with several parents, at most {self.most_parents:,}; "
            f"at most {self.most_children:,} children"
            + (f" ({self.widest})" if self.widest else "")
        )
        yield (
            f"{self.names_missing:,} without a name of their own; "
            f"{counted(len(self.names_shared), 'name')} of several labels"
        )
        for name, times in list(self.names_shared.items())[:_SHOWN_NAMES]:
            yield f"  {name}: {times:,} labels"
        if len(self.names_shared) > _SHOWN_NAMES:
            yield f"  ... and {len(self.names_shared) - _SHOWN_NAMES:,} more names"
        yield (
            f"{counted(self.with_description, 'description')}; "
            f"{counted(self.alternatives, 'other name')} of "
            f"{counted(self.with_alternatives, 'label')}; "
            f"{counted(self.with_notation, 'notation')}; "
            f"{counted(self.replaced, 'code')} replaced"
        )


def measure(taxonomy: Taxonomy) -> Measures:
    """Count what there is, level by level."""
    hierarchy = taxonomy.hierarchy
    parents = hierarchy.parent_counts
    children = np.bincount(taxonomy.edges[:, 1], minlength=len(taxonomy))
    shared = {name: times for name, times in Counter(taxonomy.names).items() if times > 1}
    pairs = zip(taxonomy.names, taxonomy.codes, strict=True)
    return Measures(
        labels=len(taxonomy),
        edges=len(taxonomy.edges),
        levels=tuple(
            LevelMeasures(
                name,
                labels=part.stop - part.start,
                leaves=int((children[part] == 0).sum()),
                with_several_parents=int((parents[part] > 1).sum()),
                without_parents=int((parents[part] == 0).sum()),
            )
            for name, part in zip(taxonomy.level_names, taxonomy.level_slices, strict=True)
        ),
        leaves=int((children == 0).sum()),
        with_several_parents=int((parents > 1).sum()),
        most_parents=int(parents.max()),
        most_children=int(children.max()),
        widest=taxonomy.codes[int(children.argmax())] if children.max() else "",
        names_missing=sum(name == code for name, code in pairs),
        names_shared=dict(sorted(shared.items(), key=lambda item: (-item[1], item[0]))),
        with_description=sum(map(bool, taxonomy.descriptions)),
        with_alternatives=sum(map(bool, taxonomy.alternatives)),
        alternatives=sum(map(len, taxonomy.alternatives)),
        with_notation=sum(map(bool, taxonomy.notations)),
        replaced=len(taxonomy.replaced),
    )


def search(taxonomy: Taxonomy, words: str) -> IntArray:
    """Return the columns of labels that have all words in their texts, ascending.

    See :class:`harnn.taxonomy.label_search.LabelSearch`, which keeps what many searches need.
    """
    return LabelSearch(taxonomy).columns(words)
