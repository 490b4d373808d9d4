"""The answers: label sets with their names, scores and paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._notebook import html_table
from harnn.decode import Scores
from harnn.taxonomy import Taxonomy

_SHOWN_LABELS = 8


@dataclass(frozen=True, slots=True)
class PredictedLabel:
    """One label of an answer."""

    label: str
    name: str
    score: float
    """0 to 1; closed ``up`` at least that of every descendant."""
    level: int
    """1 is the top."""
    path: tuple[str, ...]
    """Labels from a root down to this one; of several parents, the one scored highest."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "label": self.label,
            "name": self.name,
            "score": round(self.score, 6),
            "level": self.level,
            "path": list(self.path),
        }


class Note(NamedTuple):
    """What the reader of an answer should know."""

    code: str
    """For programs: a name that stays, whatever the sentence is."""
    sentence: str
    values: Mapping[str, Any] = MappingProxyType({})
    """What the sentence says in numbers and names, as JSON has them; docs/watching.md lists all."""


@dataclass(frozen=True, slots=True, repr=False)
class Prediction:
    """The answer for one document: labels in the taxonomy's order, top first."""

    id: str
    labels: tuple[PredictedLabel, ...]
    notes: tuple[str, ...] = ()
    """What the reader should know, such as that the text was cut."""
    note_codes: tuple[str, ...] = ()
    """One for each note, for programs: see :data:`harnn.prediction.NOTE_CODES`."""
    note_values: tuple[Mapping[str, Any], ...] = ()
    """What each note says in numbers and names, by the names in docs/watching.md."""

    def __repr__(self) -> str:
        shown = ", ".join(f"{x.label} {x.score:.2f}" for x in self.labels[:_SHOWN_LABELS])
        more = len(self.labels) - _SHOWN_LABELS
        return f"Prediction({self.id!r}: {shown or 'no label'}{f', {more} more' * (more > 0)})"

    def _repr_html_(self) -> str:
        """Return a table of the labels, for notebooks."""
        rows = ((x.name, f"{x.score:.2f}", x.level, " > ".join(x.path)) for x in self.labels)
        caption = f"Labels of document {self.id}"
        caption = " ".join((f"{caption}:", *self.notes)) if self.notes else caption
        return html_table(caption, ("label", "score", "level", "path"), rows)

    @property
    def ranked(self) -> list[PredictedLabel]:
        """The labels, the highest score first; of equal scores the higher level."""
        return sorted(self.labels, key=lambda label: -label.score)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        plain: dict[str, Any] = {"id": self.id, "labels": [x.to_dict() for x in self.labels]}
        return plain | plain_notes(self.notes, self.note_codes, self.note_values)


def plain_notes(
    notes: Sequence[str], codes: Sequence[str], every: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """Return notes for JSON: sentences, codes, and objects with both and the values of each.

    Nothing where there is none.
    """
    if not notes:
        return {}
    details = [
        {"code": code, **values, "text": text}
        for text, code, values in zip(notes, codes, every or [{}] * len(notes), strict=True)
    ]
    return {"notes": list(notes), "note_codes": list(codes), "note_details": details}


def make_answers(
    scores: Scores,
    chosen: csr_array[np.bool_],
    taxonomy: Taxonomy,
    notes: Sequence[Sequence[Note]],
) -> Iterator[Prediction]:
    """Put decoded scores and label sets (N, C) into words; notes: N."""
    paths = _Paths(taxonomy)
    codes, names, levels = taxonomy.codes, taxonomy.names, taxonomy.levels.tolist()
    for row, document_id in enumerate(scores.ids):
        columns = np.sort(chosen.indices[chosen.indptr[row] : chosen.indptr[row + 1]])
        own = scores.values[row]
        labels = tuple(
            PredictedLabel(codes[c], names[c], score, levels[c], paths.of(c, own))
            for c, score in zip(columns.tolist(), own[columns].tolist(), strict=True)
        )
        yield Prediction(
            document_id,
            labels,
            tuple(note.sentence for note in notes[row]),
            tuple(note.code for note in notes[row]),
            tuple(note.values for note in notes[row]),
        )


def predicted_label(column: int, scores: NDArray[np.float32], taxonomy: Taxonomy) -> PredictedLabel:
    """Put one label into words; scores: (C,) of all labels of the document, closed."""
    return PredictedLabel(
        label=taxonomy.codes[column],
        name=taxonomy.names[column],
        score=float(scores[column]),
        level=int(taxonomy.levels[column]),
        path=_Paths(taxonomy).of(column, scores),
    )


class _Paths:
    """The codes from a root to each label; of several parents through the one scored highest."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._codes, self._hierarchy = taxonomy.codes, taxonomy.hierarchy
        self._known: dict[int, tuple[str, ...]] = {}
        """Of labels to which a single path leads."""
        self._parents: dict[int, list[int]] = {}

    def of(self, column: int, scores: NDArray[np.float32]) -> tuple[str, ...]:
        """Return the path to a label; scores: (C,)."""
        way, single, here = [], True, column
        while here not in self._known:
            parents = self._parents.get(here)
            if parents is None:
                parents = self._parents[here] = self._hierarchy.parents(here).tolist()
            way.append(self._codes[here])
            if not parents:
                break
            single = single and len(parents) == 1
            here = max(parents, key=scores.__getitem__)  # of equals the first
        path = (*self._known.get(here, ()), *reversed(way))
        if single:
            self._known[column] = path
        return path
