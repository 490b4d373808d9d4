"""The labels, their levels and columns, and who stands above whom."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, final

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from harnn.errors import SHOWN_PROBLEMS, Problem, TaxonomyError, suggest
from harnn.taxonomy import json_forms, reading
from harnn.taxonomy.graph import (
    Closure,
    Draft,
    IntArray,
    Layout,
    ancestor_closure,
    arrange,
    arrange_levels,
)


@dataclass(frozen=True, slots=True)
class TaxonomySummary:
    """The shape of a taxonomy in numbers."""

    labels: int
    levels: tuple[int, ...]
    """Labels of each level, from the top."""
    edges: int
    """Not counting those from the top labels to ROOT."""
    roots: int
    """Labels without parents."""
    leaves: int
    """Labels without children."""
    labels_with_several_parents: int
    is_tree: bool
    """No label has several parents."""


@final
@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Taxonomy:
    """Labels in a tree or directed acyclic graph of any depth; immutable.

    A label's level is its longest path from a root, roots being on level 1, so that every parent
    stands on an earlier level. Columns are level-major, in order of first appearance inside a
    level. Build it with one of the ``from_`` methods; two taxonomies are equal if their
    ``version`` is.
    """

    codes: tuple[str, ...]
    names: tuple[str, ...]
    """The code where no name is given."""
    descriptions: tuple[str, ...]
    """Empty where none is given."""
    level_names: tuple[str, ...]
    levels: IntArray
    """(C,), 1-based, ascending."""
    edges: IntArray
    """(n_edges, 2): child column, parent column; sorted."""

    def __post_init__(self) -> None:
        for array in (self.levels, self.edges):
            array.setflags(write=False)

    @classmethod
    def from_file(cls, path: Path | str, labels: Path | str | None = None) -> Self:
        """Read a taxonomy from TSV, JSON or path strings, told apart by extension and content.

        ``labels`` is a table with the header ``label`` and any of ``level``, ``name`` and
        ``description``; a ``labels.tsv`` beside the taxonomy is used without being named, except
        beside our own JSON, which has the names in it.

        Raises:
            TaxonomyError: every problem found, with file and line.
        """
        path = Path(path)
        text = reading.read_text(path)
        form = reading.detect_form(path, text)
        if form == "json":
            value = json_forms.parse_json(text, str(path))
            if json_forms.is_own_format(value):
                taxonomy = cls._from_own_format(value, str(path))
                return taxonomy if labels is None else taxonomy.with_labels(labels)
            draft = json_forms.draft_from_json(text, value, str(path))
        elif form == "tsv":
            draft = reading.draft_from_tsv(text, str(path))
        else:
            draft = reading.draft_from_path_file(text, str(path))
        taxonomy = cls._build(arrange(draft), draft.names, draft.descriptions)
        if labels is None:
            beside = path.with_name(reading.LABELS_FILE)
            labels = beside if beside.is_file() and not beside.samefile(path) else None
        return taxonomy if labels is None else taxonomy.with_labels(labels)

    @classmethod
    def from_edges(
        cls,
        edges: Iterable[tuple[str, str]],
        names: Mapping[str, str] | None = None,
        descriptions: Mapping[str, str] | None = None,
    ) -> Self:
        """Build from pairs of child and parent; the parent ``ROOT`` stands for the top.

        Raises:
            TaxonomyError: every problem found, with the number of the pair.
        """
        draft = Draft(unit="edge")
        for number, (child, parent) in enumerate(edges, start=1):
            draft.add(child, parent, number)
        return cls._build(arrange(draft), names, descriptions)

    @classmethod
    def from_paths(cls, paths: Iterable[str], separator: str | None = None) -> Self:
        """Build from paths such as ``A > B > C``: the path is the code, its last part the name.

        ``separator`` None: ``" > "`` if any path has it, else ``"/"``.

        Raises:
            TaxonomyError: every problem found, with the number of the path.
        """
        lines = list(paths)
        if separator is None:
            separator = reading.path_separator(lines)
        draft = reading.draft_from_paths(enumerate(lines, start=1), separator, unit="path")
        return cls._build(arrange(draft), draft.names)

    @classmethod
    def from_levels(
        cls,
        levels: Mapping[str, Sequence[str]],
        edges: Iterable[tuple[str, str]] = (),
        *,
        names: Mapping[str, str] | None = None,
        descriptions: Mapping[str, str] | None = None,
    ) -> Self:
        """Build from the labels of each named level, from the top, for when parents are unknown.

        Labels of any level may have no parents; edges lead from a later to an earlier level.

        Raises:
            TaxonomyError: every problem found, with the level or the number of the edge.
        """
        layout = arrange_levels(levels, edges)
        return cls._build(layout, names, descriptions, level_names=tuple(levels))

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what :meth:`to_json` wrote.

        Raises:
            TaxonomyError: not valid JSON, not this format, another version of it, or damaged.
        """
        value = json_forms.parse_json(text, "")
        if not json_forms.is_own_format(value):
            raise TaxonomyError(
                f'the JSON is no saved taxonomy: expected "format": "{json_forms.FORMAT}".'
            )
        return cls._from_own_format(value, "")

    @classmethod
    def _from_own_format(cls, value: Mapping[str, Any], source: str) -> Self:
        layout, texts = json_forms.read_own_format(value, source)
        taxonomy = cls(codes=layout.codes, levels=layout.levels, edges=layout.edges, **texts)
        if value.get("sha256", taxonomy.version) != taxonomy.version:
            what = "'sha256' does not fit the labels, levels and edges: the file was changed."
            raise TaxonomyError(Problem(source, what))
        return taxonomy

    @classmethod
    def _build(
        cls,
        layout: Layout,
        names: Mapping[str, str] | None = None,
        descriptions: Mapping[str, str] | None = None,
        *,
        level_names: tuple[str, ...] | None = None,
    ) -> Self:
        depth = int(layout.levels[-1])
        taxonomy = cls(
            codes=layout.codes,
            names=layout.codes,
            descriptions=("",) * len(layout.codes),
            level_names=level_names or tuple(str(level + 1) for level in range(depth)),
            levels=layout.levels,
            edges=layout.edges,
        )
        return taxonomy._renamed(names or {}, descriptions or {})

    def _renamed(self, names: Mapping[str, str], descriptions: Mapping[str, str]) -> Self:
        if not names and not descriptions:
            return self
        self.columns([*names, *descriptions])  # refuses unknown labels
        return type(self)(
            codes=self.codes,
            names=tuple(
                names.get(code) or old for code, old in zip(self.codes, self.names, strict=True)
            ),
            descriptions=tuple(
                descriptions.get(code) or old
                for code, old in zip(self.codes, self.descriptions, strict=True)
            ),
            level_names=self.level_names,
            levels=self.levels,
            edges=self.edges,
        )

    def with_labels(self, path: Path | str) -> Self:
        """Return a copy with the names and descriptions of a label table (see :meth:`from_file`).

        Raises:
            TaxonomyError: every problem of the table, with file and line.
        """
        layout = Layout(self.codes, self.levels, self.edges)
        return self._renamed(*reading.read_labels(Path(path), layout))

    def to_json(self) -> str:
        """Write all of it as JSON that :meth:`from_json` and :meth:`from_file` read back."""
        fields: dict[str, Sequence[Any]] = {
            "level_names": self.level_names,
            "codes": self.codes,
            "names": self.names,
            "descriptions": self.descriptions,
            "levels": self.levels.tolist(),
            "edges": self.edges.tolist(),
        }
        return json_forms.write_own_format(fields, self.version)

    @cached_property
    def version(self) -> str:
        """SHA-256 (hex) over codes in column order, levels and edges; names do not matter."""
        content = [self.codes, self.levels.tolist(), self.edges.tolist()]
        return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Column of each code."""
        return MappingProxyType({code: column for column, code in enumerate(self.codes)})

    @cached_property
    def level_slices(self) -> tuple[slice, ...]:
        """Columns of each level: ``scores[:, level_slices[l]]``."""
        bounds = np.searchsorted(self.levels, np.arange(1, self.depth + 2)).tolist()
        return tuple(slice(start, stop) for start, stop in itertools.pairwise(bounds))

    @cached_property
    def ancestors(self) -> Closure:
        """(C, C) bool: row c marks label c itself and all its ancestors.

        Raises:
            TaxonomyError: more pairs than can be held (see ``graph.CLOSURE_LIMIT``).
        """
        closure = ancestor_closure(self.level_slices, self.edges)
        for array in (closure.data, closure.indices, closure.indptr):
            array.setflags(write=False)
        return closure

    @property
    def depth(self) -> int:
        """Number of levels."""
        return len(self.level_names)

    def parents(self, column: int) -> IntArray:
        """Return the columns of a label's parents, ascending."""
        start, stop = self._parent_bounds[self._checked(column) :][:2]
        return self.edges[start:stop, 1]

    def children(self, column: int) -> IntArray:
        """Return the columns of a label's children, ascending."""
        bounds, children = self._by_parent
        start, stop = bounds[self._checked(column) :][:2]
        return children[start:stop]

    def roots(self) -> IntArray:
        """Return the columns of labels without parents."""
        return np.flatnonzero(np.diff(self._parent_bounds) == 0).astype(np.int32)

    def leaves(self) -> IntArray:
        """Return the columns of labels without children."""
        return np.flatnonzero(np.diff(self._by_parent[0]) == 0).astype(np.int32)

    def path(self, column: int) -> IntArray:
        """Return the columns from a root to a label, through the first parent of each."""
        return next(self._walk_up(column))

    def paths(self, column: int, limit: int = 100) -> tuple[IntArray, ...]:
        """Return the paths from a root to a label, the one of :meth:`path` first.

        ``limit``: paths returned at most; their number can grow exponentially with the depth.
        """
        return tuple(itertools.islice(self._walk_up(column), limit))

    def _walk_up(self, column: int) -> Iterator[IntArray]:
        branches: list[tuple[int, ...]] = [(self._checked(column),)]
        while branches:
            path = branches.pop()
            parents = self.parents(path[0]).tolist()
            if not parents:
                yield np.array(path, dtype=np.int32)
            branches += [(parent, *path) for parent in reversed(parents)]

    def columns(self, labels: Iterable[str]) -> IntArray:
        """Return the column of each label.

        Raises:
            TaxonomyError: labels that are not in the taxonomy, all of them, with suggestions.
        """
        wanted = list(labels)
        unknown = dict.fromkeys(label for label in wanted if label not in self.index)
        if unknown:
            raise TaxonomyError(
                [
                    # Searching is slow, and only the first problems are ever shown.
                    Problem(
                        "",
                        f"label {label!r} is not in the taxonomy.",
                        suggest(label, self.codes) if number < SHOWN_PROBLEMS else "",
                    )
                    for number, label in enumerate(unknown)
                ]
            )
        return np.array([self.index[label] for label in wanted], dtype=np.int32)

    def close_upward(self, columns: npt.ArrayLike) -> IntArray:
        """Return the given columns with those of all their ancestors, ascending."""
        marked, _ = self._marked_by(columns)
        return marked

    def most_specific(self, columns: npt.ArrayLike) -> IntArray:
        """Return the given columns that have no descendant among them, ascending."""
        marked, times = self._marked_by(columns)
        # Every given label marks itself once; a second mark comes from a descendant.
        return np.intersect1d(marked[times == 1], np.asarray(columns, dtype=np.int32))

    def close_targets(self, targets: Any) -> csr_array[np.bool_, tuple[int, int]]:
        """Return (N, C) targets, of any type, with all ancestors: bool, with sorted indices.

        Raises:
            ValueError: the targets have another number of columns than the taxonomy.
        """
        given: Any = csr_array(targets)
        if given.ndim != 2 or given.shape[1] != len(self):
            raise ValueError(f"targets of shape {given.shape}, expected (N, {len(self)})")
        marks = given.astype(np.bool_)
        marks.eliminate_zeros()
        closed: csr_array[np.bool_, tuple[int, int]] = csr_array(marks @ self.ancestors)
        closed.sort_indices()
        return closed

    def summary(self) -> TaxonomySummary:
        """Count labels, levels, edges, roots and leaves."""
        several = int(np.count_nonzero(np.diff(self._parent_bounds) > 1))
        return TaxonomySummary(
            labels=len(self),
            levels=tuple(part.stop - part.start for part in self.level_slices),
            edges=len(self.edges),
            roots=len(self.roots()),
            leaves=len(self.leaves()),
            labels_with_several_parents=several,
            is_tree=several == 0,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickling the fields alone leaves out what is derived, and freezes the arrays again.
        fields = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return functools.partial(Taxonomy, **fields), ()

    def __len__(self) -> int:
        return len(self.codes)

    def __eq__(self, other: object) -> bool:
        return self.version == other.version if isinstance(other, Taxonomy) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.version)

    def __repr__(self) -> str:
        sizes = "/".join(f"{part.stop - part.start:,}" for part in self.level_slices)
        return f"Taxonomy({len(self):,} labels, levels {sizes}, {len(self.edges):,} edges)"

    @cached_property
    def _parent_bounds(self) -> npt.NDArray[np.int64]:
        """Where each label's edges start; one more entry for the end."""
        return np.searchsorted(self.edges[:, 0], np.arange(len(self) + 1)).astype(np.int64)

    @cached_property
    def _by_parent(self) -> tuple[npt.NDArray[np.int64], IntArray]:
        """Where each label's children start, and the children."""
        order = np.argsort(self.edges[:, 1], kind="stable")
        children = self.edges[order, 0]
        children.setflags(write=False)
        bounds = np.searchsorted(self.edges[order, 1], np.arange(len(self) + 1))
        return bounds.astype(np.int64), children

    def _marked_by(self, columns: npt.ArrayLike) -> tuple[IntArray, npt.NDArray[np.int64]]:
        """Return what the rows of distinct columns mark, ascending, and in how many rows."""
        given = np.unique(np.asarray(columns, dtype=np.int32))
        if not len(given):
            return given, np.zeros(0, dtype=np.int64)
        self._checked(int(given[0]))
        self._checked(int(given[-1]))
        bounds, indices = self.ancestors.indptr, self.ancestors.indices
        rows = [indices[bounds[column] : bounds[column + 1]] for column in given.tolist()]
        marked, times = np.unique(np.concatenate(rows), return_counts=True)
        return marked.astype(np.int32, copy=False), times

    def _checked(self, column: int) -> int:
        if not 0 <= column < len(self):
            raise IndexError(f"column {column}, expected 0 to {len(self) - 1}")
        return int(column)
