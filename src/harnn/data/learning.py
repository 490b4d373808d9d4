"""Learn a taxonomy from index records, which come without one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from harnn.config import DataConfig
from harnn.data.fields import DocumentBuilder
from harnn.data.log import ReadingLog, settle
from harnn.data.reading import Sources, stream_documents
from harnn.data.records import IndexLayout, index_code, split_index_code
from harnn.errors import DocumentError, Problem, suggest
from harnn.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class LearnedTaxonomy:
    """A taxonomy read off index records, and how much of it the records could tell."""

    taxonomy: Taxonomy
    documents: int
    learned: int
    """Labels below the top level whose parent the records tell."""
    undetermined: int
    """Labels with several possible parents left; they have no edge."""
    contradicted: int
    """Labels that no parent fits in all records; they have no edge."""
    unseen: int
    """Labels below the top level in no record; they have no edge."""


Candidates = dict[str, frozenset[str]]
"""Child code -> codes of the level above found in every record of the child."""


def learn_taxonomy(
    paths: Sources,
    *,
    sizes: Mapping[str, int] | None = None,
    config: DataConfig = DataConfig(),
    log: ReadingLog | None = None,
) -> LearnedTaxonomy:
    """Learn levels and edges of index records from the records themselves.

    The size of a level is the distance between the offsets in ``labels``; the last level, which
    no offset ends, has the largest index seen plus one unless *sizes* (level name -> labels)
    tells. The parent of a label is the one label of the level above that stands in all its
    records; where several or none remain there is no edge.

    Raises:
        DocumentError: bad records, records that are not index records, or impossible sizes.
    """
    builder = DocumentBuilder(config, labelled=True, index_only=True, log=log)
    candidates: Candidates = {}
    documents = 0
    for document in settle(stream_documents(paths, builder), config.on_error, log):
        documents += 1
        _narrow(candidates, document.labels or (), builder.layout.level_names)
    if not builder.layout.level_names:
        raise DocumentError("no index records to learn a taxonomy from.")
    counts = _find_sizes(builder.layout, sizes or {})
    levels = {
        name: [index_code(name, index) for index in range(size)] for name, size in counts.items()
    }
    edges = list(_choose_edges(candidates))
    below_top = sum(list(counts.values())[1:])
    return LearnedTaxonomy(
        taxonomy=Taxonomy.from_levels(levels, edges),
        documents=documents,
        learned=len(edges),
        undetermined=sum(len(found) > 1 for found in candidates.values()),
        contradicted=sum(not found for found in candidates.values()),
        unseen=below_top - len(candidates),
    )


def _narrow(candidates: Candidates, labels: Iterable[str], levels: tuple[str, ...]) -> None:
    """Keep for each child only the parents that this record has too."""
    by_level: dict[str, set[str]] = {level: set() for level in levels}
    for label in labels:
        by_level[split_index_code(label)[0]].add(label)
    for upper, lower in pairwise(levels):
        parents = frozenset(by_level[upper])
        for child in by_level[lower]:
            known = candidates.get(child)
            if known is None:
                candidates[child] = parents
            elif not known <= parents:
                candidates[child] = known & parents


def _choose_edges(candidates: Candidates) -> Iterator[tuple[str, str]]:
    for child, parents in candidates.items():
        if len(parents) == 1:
            yield child, next(iter(parents))


def _find_sizes(layout: IndexLayout, given: Mapping[str, int]) -> dict[str, int]:
    """Return the number of labels of each level.

    Raises:
        DocumentError: a size cannot be known, or a given one contradicts the records.
    """
    names = layout.level_names
    problems = [
        Problem("sizes", f"there is no level {name!r}, expected {', '.join(names)}.", hint)
        for name in given
        if name not in names
        for hint in [suggest(name, names)]
    ]
    sizes: dict[str, int] = {}
    for number, name in enumerate(names):
        start = layout.offset(number)
        end = layout.offset(number + 1) if number + 1 < len(names) else None
        told = end - start if start is not None and end is not None else None
        least = layout.largest(number) + 1
        size = given.get(name, told if told is not None else least)
        if told is not None and size != told:
            problems.append(Problem("sizes", f"{name} is {size}, but the records say {told}."))
        elif size < max(least, 1):
            what = f"{name} is {size}, but the records need at least {max(least, 1)}."
            problems.append(Problem("sizes", what))
        elif told is None and name not in given and number + 1 < len(names):
            what = f"no record tells how many labels the level {name} has."
            problems.append(Problem("sizes", what, "Give the sizes of the levels."))
        sizes[name] = size
    if problems:
        raise DocumentError(problems)
    return sizes
