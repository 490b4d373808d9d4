"""The taxonomy as tiles: as high as a label has documents, one column a level."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harnn.pages import counted, escape, isolated, level_title
from harnn.report.label_table import shorten
from harnn.report.svg import LETTER, shortened
from harnn.taxonomy import Hierarchy

if TYPE_CHECKING:
    from harnn.evaluation import Evaluation

_CLASSES = (0.35, 0.5, 0.65, 0.8)
"""F1 below the first is the first class, and so on."""
_MOST_LEVELS = 4
_WIDTH, _TOP = 1040.0, 18.0
_TEXT_HEIGHT = 14.0


class Tile(NamedTuple):
    """A label, or several that are too small to be drawn apart."""

    column: int | None
    """None: several labels."""
    level: int
    """1 is the top."""
    start: float
    stop: float
    """0 to 1, from the top."""
    labels: int


class Icicle(NamedTuple):
    """The tiles of a taxonomy, and what is not among them."""

    tiles: tuple[Tile, ...]
    grouped: int
    """Labels too small to have a tile of their own, those below them not counted."""
    without_documents: int
    deeper: int
    """Labels with documents on levels that are not drawn."""
    is_tree: bool
    """Else labels with several parents stand under the first."""
    has_gaps: bool
    """Whether documents of a label that is drawn have none below it: room beside it is left."""


def lay_out(
    hierarchy: Hierarchy,
    support: NDArray[np.int64],
    *,
    smallest: float,
    levels: int = _MOST_LEVELS,
) -> Icicle:
    """Place labels under their parents, those with most documents first.

    support: (C,) documents of each label. Labels share the height of their parent by their
    documents; where they have fewer than it, room is left. smallest: the least height of a tile, 0
    to 1; smaller ones of a parent are put together.
    """
    below = _children(hierarchy)
    tiles: list[Tile] = []
    grouped = 0
    has_gaps = False
    waiting: list[tuple[list[int], float, float, int]] = []
    roots = hierarchy.roots.tolist()
    waiting.append((roots, 0.0, 1.0, int(support[roots].sum())))
    while waiting:
        columns, start, stop, whole = waiting.pop()
        known = sorted((c for c in columns if support[c]), key=lambda c: (-support[c], c))
        below_it = int(support[known].sum())
        total = max(below_it, whole, 1)
        has_gaps |= bool(known) and below_it < whole
        whole_height = stop - start
        small: dict[int, list[int]] = {}
        for column in known:
            height = whole_height * int(support[column]) / total
            level = int(hierarchy.levels[column])
            if level > levels:
                continue
            if height < smallest:
                small.setdefault(level, []).append(column)
                continue
            tiles.append(Tile(column, level, start, start + height, 1))
            waiting.append((below[column], start, start + height, int(support[column])))
            start += height
        for level, together in small.items():
            height = min(stop - start, whole_height * int(support[together].sum()) / total)
            grouped += len(together)
            if height >= smallest:
                tiles.append(Tile(None, level, start, start + height, len(together)))
                start += height
    deep = int(np.count_nonzero((hierarchy.levels > levels) & (support > 0)))
    return Icicle(
        tuple(tiles),
        grouped,
        int(np.count_nonzero(support == 0)),
        deep,
        bool((hierarchy.parent_counts <= 1).all()),
        has_gaps,
    )


def f1_class(f1: float) -> int:
    """Return 1 to 5: the colour of an F1."""
    return 1 + sum(f1 >= bound for bound in _CLASSES)


def height_of(found: Evaluation) -> float:
    """Return how high the drawing is: more where there is more to see."""
    seen = int(np.count_nonzero(found.labels.true))
    return float(min(880, max(220, 16 * seen)))


def draw(found: Evaluation, places: Mapping[int, int]) -> tuple[str, Icicle]:
    """Return the drawing as SVG, and the tiles in it.

    places: by column, where the script of the page finds a label.
    """
    height, hierarchy = height_of(found), found.taxonomy.hierarchy
    icicle = lay_out(hierarchy, found.labels.true, smallest=1.5 / height)
    columns = column_places(min(hierarchy.depth, _MOST_LEVELS))
    f1 = found.labels.f1
    parts = [
        f'<text class="m" x="{left:.0f}" y="10">'
        f"{escape(shortened(level_title(name, level), 16))}, {counted(size, 'label')}</text>"
        for level, ((left, _), name, size) in enumerate(
            zip(columns, found.taxonomy.level_names, hierarchy.level_sizes, strict=False), start=1
        )
    ]
    for tile in icicle.tiles:
        left, width = columns[tile.level - 1]
        top, size = _TOP + tile.start * height, (tile.stop - tile.start) * height
        if tile.column is None:
            name, at, kind = counted(tile.labels, "label"), "", "t0"
            told = f"{name} too small to draw"
        else:
            own = float(f1[tile.column])
            name = shorten(found.taxonomy.names[tile.column])
            documents = counted(int(found.labels.true[tile.column]), "document")
            told = f"{isolated(name)}: F1 {own:.2f}, {documents}"
            kind = f"t{f1_class(own)}"
            place = places.get(tile.column)
            at = "" if place is None else f' data-at="{place}"'
            name = f"{isolated(shortened(name, width / LETTER - 7))} {own:.2f}"
        label = ""
        if size >= _TEXT_HEIGHT:
            middle = top + size / 2 + 4
            label = f'<text x="{left + 6:.0f}" y="{middle:.1f}">{escape(name)}</text>'
        parts.append(
            f'<g class="{kind}"{at}><title>{escape(told)}</title>'
            f'<rect x="{left:.0f}" y="{top:.1f}" width="{width:.0f}" '
            f'height="{max(size - 0.8, 0.7):.1f}"/>{label}</g>'
        )
    drawing = (
        f'<svg class="plot" id="icicle" viewBox="0 0 {_WIDTH:.0f} {height + _TOP:.0f}" role="img" '
        f'aria-label="The taxonomy: height is documents, colour is F1">{"".join(parts)}</svg>'
    )
    return drawing, icicle


def column_places(levels: int) -> list[tuple[float, float]]:
    """Return left and width of each level; the first is narrower."""
    shares = [1.0] + [1.7] * (levels - 1)
    unit = _WIDTH / sum(shares)
    lefts = np.cumsum([0.0, *shares[:-1]]) * unit
    return [(float(x), share * unit - 2) for x, share in zip(lefts, shares, strict=True)]


def _children(hierarchy: Hierarchy) -> list[list[int]]:
    """Return by column the labels of which it is the first parent."""
    below: list[list[int]] = [[] for _ in range(len(hierarchy))]
    children, first = np.unique(hierarchy.edges[:, 0], return_index=True)
    for child, parent in zip(children.tolist(), hierarchy.edges[first, 1].tolist(), strict=True):
        below[parent].append(child)
    return below
