"""A part of a taxonomy, and the way through all of one."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterator
from typing import Any, NamedTuple

from harnn.errors import Problem, TaxonomyError
from harnn.taxonomy.graph import ROOT, Draft
from harnn.taxonomy.taxonomy import Taxonomy


def part_of(taxonomy: Taxonomy, *, under: str | None = None, depth: int | None = None) -> Taxonomy:
    """Return the taxonomy of a label and all below it, or of the upper levels.

    Parents that stand outside are no parents any more; the label itself stands at the top.

    Args:
        under: code of the label; None: all.
        depth: levels that are kept, from 1; None: all.

    Raises:
        TaxonomyError: no such label, or no levels.
    """
    if depth is not None and depth < 1:
        raise TaxonomyError(Problem("depth", f"got {depth}, expected at least 1 level."))
    if under is not None:
        taxonomy = _below(taxonomy, int(taxonomy.columns([under])[0]))
    if depth is None or depth >= taxonomy.depth:
        return taxonomy
    return _upper(taxonomy, depth)


def _below(taxonomy: Taxonomy, top: int) -> Taxonomy:
    kept = {top}
    waiting = [top]
    while waiting:
        for child in taxonomy.children(waiting.pop()).tolist():
            if child not in kept:
                kept.add(child)
                waiting.append(child)
    draft = Draft()
    for column in sorted(kept):
        code = taxonomy.codes[column]
        parents = [parent for parent in taxonomy.parents(column).tolist() if parent in kept]
        for parent in parents:
            draft.add(code, taxonomy.codes[parent], column)
        if not parents:
            draft.add(code, ROOT, column)
        draft.names[code] = taxonomy.names[column]
        draft.descriptions[code] = taxonomy.descriptions[column]
        draft.alternatives[code] = taxonomy.alternatives[column]
        draft.notations[code] = taxonomy.notations[column]
        draft.iris[code] = taxonomy.iris[column]
    return dataclasses.replace(Taxonomy.from_draft(draft), **_history(taxonomy, draft.names))


def _upper(taxonomy: Taxonomy, depth: int) -> Taxonomy:
    stop = taxonomy.level_slices[depth - 1].stop
    codes = taxonomy.codes[:stop]
    return dataclasses.replace(
        taxonomy,
        codes=codes,
        names=taxonomy.names[:stop],
        descriptions=taxonomy.descriptions[:stop],
        alternatives=taxonomy.alternatives[:stop],
        notations=taxonomy.notations[:stop],
        iris=taxonomy.iris[:stop],
        level_names=taxonomy.level_names[:depth],
        levels=taxonomy.levels[:stop].copy(),
        edges=taxonomy.edges[taxonomy.edges[:, 0] < stop],
        **_history(taxonomy, set(codes)),
    )


def _history(taxonomy: Taxonomy, kept: Container[str]) -> dict[str, Any]:
    """Return what is told of the past of the labels that are kept, by fields."""
    left = {old: [n for n in new if n in kept] for old, new in taxonomy.former.items()}
    made = {
        old: [n for n in new if n in kept]
        for old, new in taxonomy.successors.items()
        if old in kept
    }
    former = {old for old, new in left.items() if new}
    several = {old: tuple(new) for old, new in left.items() if len(new) > 1}
    return {
        "replaced": {old: new[0] for old, new in left.items() if len(new) == 1},
        "successors": several | {old: tuple(new) for old, new in made.items() if new},
        "former_iris": {old: iri for old, iri in taxonomy.former_iris.items() if old in former},
        "change_notes": {
            code: note
            for code, note in taxonomy.change_notes.items()
            if code in kept or code in former
        },
    }


class Step(NamedTuple):
    """A place of a label in the tree that shows a taxonomy."""

    column: int
    depth: int
    """From 0."""
    again: bool
    """The label has several parents and is shown with its children under the first of them."""


def walk(taxonomy: Taxonomy) -> Iterator[Step]:
    """Yield every place of every label, parents before their children, in column order."""
    waiting = [(int(root), -1) for root in reversed(taxonomy.hierarchy.roots.tolist())]
    depths = [0] * len(waiting)
    while waiting:
        column, parent = waiting.pop()
        depth = depths.pop()
        again = parent >= 0 and int(taxonomy.parents(column)[0]) != parent
        yield Step(column, depth, again)
        if not again:
            children = taxonomy.children(column).tolist()[::-1]
            waiting += [(child, column) for child in children]
            depths += [depth + 1] * len(children)
