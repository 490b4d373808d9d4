"""The labels, their levels and columns, and who stands above whom."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, TypeVar, final

import numpy as np
import numpy.typing as npt

from harnn._notebook import html_table
from harnn.errors import Problem, TaxonomyError
from harnn.taxonomy import json_forms, own_json
from harnn.taxonomy.graph import (
    Draft,
    IntArray,
    Layout,
    arrange,
    arrange_levels,
    text_problem,
)
from harnn.taxonomy.hierarchy import Hierarchy
from harnn.taxonomy.label_tables import read_labels
from harnn.taxonomy.near_labels import NearLabels
from harnn.taxonomy.options import Codes, Form, ReadingOptions
from harnn.taxonomy.paths import (
    check_separator,
    draft_from_paths,
    path_separator,
)
from harnn.taxonomy.spelling import spellings
from harnn.taxonomy.text_files import LABELS_FILE

_SHOWN_NAMES = 5
_MAPPINGS = ("replaced", "successors", "former_iris", "change_notes")
T = TypeVar("T")


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
    alternatives: tuple[tuple[str, ...], ...] = ()
    """Other names of each label, as ``skos:altLabel``; without any, an empty tuple for each."""
    notations: tuple[str, ...] = ()
    """Of each label in a classification, as ``skos:notation``; empty where none is given."""
    iris: tuple[str, ...] = ()
    """What each label is called in linked data; empty where none is given."""
    replaced: Mapping[str, str] = field(default_factory=dict)
    """Codes that are labels no more, and the label that stands for each now."""
    successors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Codes that are labels no more, for which several labels stand, or none; and labels out of
    which others were made, with those."""
    former_iris: Mapping[str, str] = field(default_factory=dict)
    """IRIs of codes that are labels no more, where they had any."""
    change_notes: Mapping[str, str] = field(default_factory=dict)
    """What the file says of the history of labels, and of codes that are labels no more."""
    notes: tuple[str, ...] = ()
    """What the file could also mean, in sentences; told once, not stored, no part of equality."""

    def __post_init__(self) -> None:
        for array in (self.levels, self.edges):
            array.setflags(write=False)
        for name, empty in (("alternatives", ()), ("notations", ""), ("iris", "")):
            if not getattr(self, name):
                object.__setattr__(self, name, (empty,) * len(self.codes))
        for name in _MAPPINGS:
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @classmethod
    def from_file(
        cls,
        path: Path | str,
        labels: Path | str | None = None,
        *,
        form: Form | None = None,
        separator: str | None = None,
        by_path: bool = False,
        language: str | None = None,
        scheme: str | None = None,
        collections: bool = False,
        codes: Codes = "auto",
        columns: Mapping[str, str] | None = None,
        sheet: str | None = None,
        encoding: str | None = None,
    ) -> Self:
        """Read a taxonomy in any form that ``docs/taxonomies.md`` describes.

        Where a file could mean something else as well, or holds what is not read, ``notes`` says
        so.

        Args:
            labels: a table with the header ``label`` and any of ``level``, ``name``,
                ``description``, ``alternatives`` (separated by ``|``) and ``notation``; a
                ``labels.tsv`` beside the taxonomy is used without being named, except beside SKOS
                and our own JSON, which have the names in them.
            form: None: told by extension and content.
            separator: what stands between the labels of path strings; empty: every line is a
                name; a tab: the columns of a table are paths. None: told from the lines.
            by_path: labels nested in JSON are known by their paths (code ``A > B``, name ``B``),
                so that a name in several places is several labels, not one with several parents.
            language: of names and texts in SKOS, as a language tag; None: English.
            scheme: IRI of the concept scheme of SKOS to read; None: all concepts.
            collections: whether collections of SKOS are labels above their members.
            codes: what concepts of SKOS are known by: the end of their IRI (``auto``), their
                ``notation``, or their ``iri``.
            columns: header names of a table (CSV, XLSX) by what they hold: ``child``, ``parent``,
                ``name``, ``description``, ``alternatives``, ``path``, or ``levels``, which are
                several, separated by commas. None: told from the header.
            sheet: of a workbook; None: the first.
            encoding: of the file and of its table of labels, as Python calls it. None: what a byte
                order mark says, else UTF-8, or cp1252 where that is safe to be told.

        Raises:
            TaxonomyError: every problem found, with file and line; a form that is not read, by
                its name.
            MissingExtraError: the form needs a package that is not installed.
        """
        options = ReadingOptions(
            form=form,
            separator=separator,
            by_path=by_path,
            language=language,
            scheme=scheme,
            collections=collections,
            codes=codes,
            columns=columns or {},
            sheet=sheet,
            encoding=encoding,
        )
        path = Path(path)
        notes: list[str] = []
        from harnn.taxonomy.reading import read_file  # knows all forms; a model has its own

        content = read_file(path, options, notes)
        if not isinstance(content, Draft):
            taxonomy = cls._from_own_format(content, str(path))
        else:
            taxonomy = cls.from_draft(content)
            beside = path.with_name(LABELS_FILE)
            if labels is None and beside.is_file() and not beside.samefile(path):
                labels = None if content.complete else beside
        if notes:
            taxonomy = dataclasses.replace(taxonomy, notes=(*notes, *taxonomy.notes))
        return taxonomy if labels is None else taxonomy.with_labels(labels, encoding)

    @classmethod
    def from_frame(cls, frame: Any, *, columns: Mapping[str, str] | None = None) -> Self:
        """Build from a data frame of pandas, polars or pyarrow; columns: see :meth:`from_file`.

        Raises:
            TaxonomyError: every problem found, with the number of the row.
            MissingExtraError: the extra ``tables`` is not installed.
        """
        from harnn.taxonomy.tables import draft_from_frame

        return cls.from_draft(draft_from_frame(frame, ReadingOptions(columns=columns or {})))

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
        draft = Draft(unit="edge", names=dict(names or {}))
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
        if isinstance(paths, str):
            raise TypeError("Expected a list of paths, got one: give [path].")
        lines = list(paths)
        if separator is None:
            separator = path_separator(lines)
        check_separator(separator)
        draft = draft_from_paths(enumerate(lines, start=1), separator, unit="path")
        return cls.from_draft(draft)

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
        if not own_json.is_own_format(value):
            raise TaxonomyError(
                f'the JSON is no saved taxonomy: expected "format": "{own_json.FORMAT}".'
            )
        return cls._from_own_format(value, "")

    @classmethod
    def _from_own_format(cls, value: Mapping[str, Any], source: str) -> Self:
        layout, texts = own_json.read_own_format(value, source)
        taxonomy = cls(codes=layout.codes, levels=layout.levels, edges=layout.edges, **texts)
        if value.get("sha256", taxonomy.version) != taxonomy.version:
            what = "'sha256' does not fit the labels, levels and edges: the file was changed."
            raise TaxonomyError(Problem(source, what))
        return taxonomy

    @classmethod
    def from_draft(cls, draft: Draft) -> Self:
        """Build from what a reader gathered.

        Raises:
            TaxonomyError: all problems of the draft and of the graph.
        """
        layout = arrange(draft)
        named = len(draft.level_names) == layout.levels[-1]
        taxonomy = cls._build(
            layout,
            draft.names,
            draft.descriptions,
            level_names=draft.level_names if named else None,
            notes=draft.notes,
        )
        codes = taxonomy.codes
        return dataclasses.replace(
            taxonomy,
            alternatives=tuple(draft.alternatives.get(code, ()) for code in codes),
            notations=tuple(draft.notations.get(code, "") for code in codes),
            iris=tuple(draft.iris.get(code, "") for code in codes),
            replaced=draft.replaced,
            successors=draft.successors,
            former_iris=draft.former_iris,
            change_notes=draft.change_notes,
        )

    @classmethod
    def _build(
        cls,
        layout: Layout,
        names: Mapping[str, str] | None = None,
        descriptions: Mapping[str, str] | None = None,
        *,
        level_names: tuple[str, ...] | None = None,
        notes: Sequence[str] = (),
    ) -> Self:
        depth = int(layout.levels[-1])
        taxonomy = cls(
            codes=layout.codes,
            names=layout.codes,
            descriptions=("",) * len(layout.codes),
            level_names=level_names or tuple(str(level + 1) for level in range(depth)),
            levels=layout.levels,
            edges=layout.edges,
            notes=tuple(notes),
        )
        return taxonomy._renamed(names or {}, descriptions or {})

    def _renamed(self, names: Mapping[str, str], descriptions: Mapping[str, str]) -> Self:
        if not names and not descriptions:
            return self
        self.columns([*names, *descriptions])  # refuses unknown labels
        problems = [
            Problem("", what)
            for kind, texts in (("name", names), ("description", descriptions))
            for code, text in texts.items()
            if (what := text_problem(text, kind, code))
        ]
        if problems:
            raise TaxonomyError(problems)
        return dataclasses.replace(
            self,
            names=self._updated(self.names, names),
            descriptions=self._updated(self.descriptions, descriptions),
        )

    def _updated(self, texts: Sequence[T], given: Mapping[str, T]) -> tuple[T, ...]:
        return tuple(given.get(code) or old for code, old in zip(self.codes, texts, strict=True))

    def with_labels(self, path: Path | str, encoding: str | None = None) -> Self:
        """Return a copy with the texts of a label table (see :meth:`from_file`).

        Raises:
            TaxonomyError: every problem of the table, with file and line.
        """
        layout = Layout(self.codes, self.levels, self.edges)
        notes = list(self.notes)
        found = read_labels(Path(path), layout, encoding, notes)
        renamed = self._renamed(found.names, found.descriptions)
        return dataclasses.replace(
            renamed,
            alternatives=self._updated(self.alternatives, found.alternatives),
            notations=self._updated(self.notations, found.notations),
            notes=tuple(notes),
        )

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
        more = ("alternatives", "notations", "iris", *_MAPPINGS)
        fields |= own_json.filled({key: getattr(self, key) for key in more})
        return own_json.write_own_format(fields, self.version)

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
    def near(self) -> NearLabels:
        """What looks for the label that is meant by one that is unknown."""
        return NearLabels(self.codes, self.names, spellings(self))

    @cached_property
    def former(self) -> Mapping[str, tuple[str, ...]]:
        """Codes that are labels no more, and the labels that stand for each: none, or several."""
        one = {old: (new,) for old, new in self.replaced.items()}
        others = {old: new for old, new in self.successors.items() if old not in self.index}
        return MappingProxyType(one | others)

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """Levels and edges in numbers, with everything that is derived from them."""
        return Hierarchy(self.levels, self.edges)

    @property
    def level_slices(self) -> tuple[slice, ...]:
        """Columns of each level: ``scores[:, level_slices[l]]``."""
        return self.hierarchy.level_slices

    @property
    def depth(self) -> int:
        """Number of levels."""
        return len(self.level_names)

    def parents(self, column: int) -> IntArray:
        """Return the columns of a label's parents, ascending."""
        return self.hierarchy.parents(column)

    def children(self, column: int) -> IntArray:
        """Return the columns of a label's children, ascending."""
        return self.hierarchy.children(column)

    def path(self, column: int) -> IntArray:
        """Return the columns from a root to a label, through the first parent of each."""
        return self.hierarchy.path(column)

    def columns(self, labels: Iterable[str]) -> IntArray:
        """Return the column of each label.

        Raises:
            TaxonomyError: labels that are not in the taxonomy, all of them, with suggestions.
        """
        wanted = list(labels)
        unknown = dict.fromkeys(label for label in wanted if label not in self.index)
        if unknown:
            what = "label {!r} is not in the taxonomy."
            hints = zip(unknown, self.near.hints(unknown), strict=True)
            raise TaxonomyError([Problem("", what.format(label), hint) for label, hint in hints])
        return np.array([self.index[label] for label in wanted], dtype=np.int32)

    def close_upward(self, columns: npt.ArrayLike) -> IntArray:
        """Return the given columns with those of all their ancestors, ascending."""
        return self.hierarchy.close_upward(columns)

    def most_specific(self, columns: npt.ArrayLike) -> IntArray:
        """Return the given columns that have no descendant among them, ascending."""
        return self.hierarchy.most_specific(columns)

    def summary(self) -> TaxonomySummary:
        """Count labels, levels, edges, roots and leaves."""
        hierarchy = self.hierarchy
        several = int(np.count_nonzero(hierarchy.parent_counts > 1))
        return TaxonomySummary(
            labels=len(self),
            levels=hierarchy.level_sizes,
            edges=len(self.edges),
            roots=len(hierarchy.roots),
            leaves=len(hierarchy.leaves),
            labels_with_several_parents=several,
            is_tree=several == 0,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickling the fields alone leaves out what is derived, and freezes the arrays again.
        fields = {each.name: getattr(self, each.name) for each in dataclasses.fields(self)}
        fields |= {name: dict(fields[name]) for name in _MAPPINGS}
        return functools.partial(Taxonomy, **fields), ()

    def __len__(self) -> int:
        return len(self.codes)

    def __eq__(self, other: object) -> bool:
        return self.version == other.version if isinstance(other, Taxonomy) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.version)

    def _repr_html_(self) -> str:
        """Return a table of the levels, for notebooks."""
        summary = self.summary()
        shape = "tree" if summary.is_tree else "DAG"
        rows = (
            (name, f"{part.stop - part.start:,}", ", ".join(self.names[part][:_SHOWN_NAMES]))
            for name, part in zip(self.level_names, self.level_slices, strict=True)
        )
        caption = f"Taxonomy: {len(self):,} labels, {summary.edges:,} edges, a {shape}"
        return html_table(caption, ("level", "labels", "first ones"), rows)

    def __repr__(self) -> str:
        sizes = "/".join(f"{size:,}" for size in self.hierarchy.level_sizes)
        return f"Taxonomy({len(self):,} labels, levels {sizes}, {len(self.edges):,} edges)"
