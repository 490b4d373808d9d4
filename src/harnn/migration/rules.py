"""From which old labels the labels of a new edition begin, by what happened to them.

==========  ======================================================================================
a label     begins with
==========  ======================================================================================
kept        its own weights, renamed, moved and recoded or not
merged      the mean of its parts', each as heavy as it has training documents
split       the weights of the whole, its logits less by ln of the number of parts, turned towards
            its name beside the names of the other parts
added       the mean of its parents', its logits less by 5, turned towards its name; as frequent
            as the documents of a parent shared out to its children; where these have nothing, with
            nothing
==========  ======================================================================================

Which rules were tried, and what each brought: docs/experiments.md.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from harnn.branches import LabelOrigins
from harnn.taxonomy import ColumnLinks, Hierarchy, LabelMapper, Taxonomy

ADDED = 5.0
"""What the logits of an added label are less by than those of its parents."""
_BACKGROUND = 500
"""Names of other labels, at most, that say what names have in common."""
Hints = dict[int, dict[int, float]]
"""By the column of a label, by the column of the label whose text it is."""


def label_origins(mapper: LabelMapper, label_counts: NDArray[np.int64]) -> LabelOrigins:
    """Return from which labels of the old edition those of the new one begin.

    label_counts: (C,) training documents of each old label.
    """
    taxonomy = mapper.diff.new
    old, new = mapper.diff.old.hierarchy, taxonomy.hierarchy
    links = mapper.columns()
    parts = np.bincount(links.old, minlength=len(old))  # into how many each was split
    weights = 1.0 + label_counts[links.old]
    shares = csr_array((weights, (links.new, links.old)), shape=(len(new), len(old)))
    counts = np.asarray((shares > 0) @ label_counts, dtype=np.int64)
    shares.data /= np.repeat(np.asarray(shares.sum(axis=1)), np.diff(shares.indptr))
    shares = shares.astype(np.float32)
    shift: NDArray[np.float64] = -np.asarray(shares @ np.log(np.maximum(parts, 1)))
    is_added = np.diff(shares.indptr) == 0
    added = np.flatnonzero(is_added)
    shares, shift, counts = _with_added(shares, shift, counts, added, new)
    wanted = {column: {column: 1.0} for column in added.tolist()}
    texts, hints = _hints(taxonomy, wanted | _of_parts(links, parts))
    return LabelOrigins(
        old,
        new,
        shares,
        np.asarray(shift, dtype=np.float32),
        _levels(shares, old, new),
        counts,
        is_added,
        texts,
        hints,
    )


def _with_added(
    shares: csr_array,
    shift: NDArray[np.float64],
    counts: NDArray[np.int64],
    added: NDArray[np.int64],
    new: Hierarchy,
) -> tuple[csr_array, NDArray[np.float64], NDArray[np.int64]]:
    """Let labels that were added begin with what their parents have, those whose parents have
    nothing with nothing but that they are rare.
    """
    unknown = -np.log1p(counts.max(initial=0))
    rows: dict[int, csr_array] = {}
    for column in added.tolist():  # parents stand on the left
        above = {p: rows.get(p, shares[[p]]) for p in new.parents(column).tolist()}
        above = {parent: row for parent, row in above.items() if row.nnz}
        if not above:
            shift[column] = unknown
            continue
        every = vstack([*above.values()], format="csr")
        rows[column] = csr_array(every.sum(axis=0)[np.newaxis] / len(above))
        parents = list(above)
        shift[column] = shift[parents].mean() - ADDED
        counts[column] = int(np.mean([counts[p] // len(new.children(p)) for p in parents]))
    if not rows:
        return shares, shift, counts
    cells = (np.ones(len(rows), dtype=np.float32), (list(rows), range(len(rows))))
    places = csr_array(cells, shape=(len(new), len(rows)))
    own = csr_array(places @ vstack([*rows.values()], format="csr"))
    return (shares + own).astype(np.float32), shift, counts


def _of_parts(links: ColumnLinks, parts: NDArray[np.int64]) -> Hints:
    """Set the parts of what was split apart from each other; what is a part of several wholes, as
    it is of the last.
    """
    found: Hints = {}
    for whole in np.flatnonzero(parts > 1).tolist():
        ends = links.new[links.old == whole].tolist()
        for end in ends:
            found[end] = {other: float(other == end) - 1 / len(ends) for other in ends}
    return found


def _hints(taxonomy: Taxonomy, wanted: Hints) -> tuple[tuple[str, ...], csr_array | None]:
    """Return texts, those of the hints and of some other labels, and the hints in them."""
    told = sorted(
        {column for hint in wanted.values() for column in hint if _is_told(taxonomy, column)}
    )
    wanted = {label: hint for label, hint in wanted.items() if hint.keys() <= set(told)}
    if not wanted:
        return (), None
    place = {column: number for number, column in enumerate(told)}
    cells = [
        (value, label, place[column])
        for label, hint in wanted.items()
        for column, value in hint.items()
    ]
    values, rows, columns = (np.array(each) for each in zip(*cells, strict=True))
    texts = tuple(_texts(taxonomy, told))
    hints = csr_array((values, (rows, columns)), shape=(len(taxonomy), len(texts)))
    return texts, hints.astype(np.float32)


def _is_told(taxonomy: Taxonomy, column: int) -> bool:
    """Whether more is known of a label than its code."""
    return taxonomy.names[column] != taxonomy.codes[column] or bool(taxonomy.descriptions[column])


def _texts(taxonomy: Taxonomy, told: list[int]) -> Iterator[str]:
    others = np.linspace(0, len(taxonomy) - 1, min(_BACKGROUND, len(taxonomy))).astype(int)
    for column in [*told, *others.tolist()]:
        name, description = taxonomy.names[column], taxonomy.descriptions[column]
        yield f"{name}. {description}" if description else name


def _levels(shares: csr_array, old: Hierarchy, new: Hierarchy) -> tuple[int, ...]:
    """Return for each new level the old one, from 0, that most of its labels come from; of equals
    the nearest.
    """
    found = []
    for level, columns in enumerate(new.level_slices):
        held = [float(shares[columns][:, part].sum()) for part in old.level_slices]
        found.append(max(range(old.depth), key=lambda m: (held[m], -abs(m - level))))
    return tuple(found)
