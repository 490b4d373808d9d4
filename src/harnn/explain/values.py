"""An explanation in values: what spoke for each label, and for those that were nearly chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harnn.answers import PredictedLabel, plain_notes

_WORDS_SHOWN = 10
_WORDS_IN_REPR = 5


@dataclass(frozen=True, slots=True)
class WordWeight:
    """A word of the text and what it does for a label."""

    start: int
    end: int
    """Characters start to end of the text."""
    word: str
    weight: float
    """0 to 1, its share of all that speaks for the label; those of all words sum to 1."""
    effect: float = 0.0
    """How much higher the log odds of the label are with the word than without it; below 0 where
    it speaks against."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "word": self.word,
            "start": self.start,
            "end": self.end,
            "weight": round(self.weight, 6),
            "effect": round(self.effect, 6),
        }


@dataclass(frozen=True, slots=True)
class BranchEffect:
    """What one branch of the model does for a label."""

    branch: str
    effect: float
    """How much higher the log odds are than if this branch alone had read an empty text."""
    title: str = ""
    """What readers call it; empty: its name."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"branch": self.branch, "effect": round(self.effect, 6)}


@dataclass(frozen=True, slots=True)
class Rival:
    """A sibling that was not chosen, and why it came close, or did not."""

    scored: PredictedLabel
    weights: tuple[WordWeight, ...]
    """The words that do most for it and against it, in the order of the text."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return self.scored.to_dict() | {"words": [word.to_dict() for word in self.weights]}


@dataclass(frozen=True, slots=True)
class Example:
    """A document that the label was given to by a person."""

    id: str
    similarity: float
    """Cosine of its n-grams with those of the document, 0 to 1."""
    text: str
    """Its beginning."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {"id": self.id, "similarity": round(self.similarity, 6), "text": self.text}


@dataclass(frozen=True, slots=True)
class NameScore:
    """Where the score of a label comes from that no training document has: the score of a parent
    times how probable its name makes the label beside its siblings."""

    likely: float
    """0 to 1: the probability of the label given its parents, which its name makes."""
    siblings: int
    """How many other names it was compared with; 0: its own decides nothing."""
    parent: PredictedLabel | None = None
    """The parent with the lowest score, with that score; None: it has no parent."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        plain = {"likely": round(self.likely, 6), "siblings": self.siblings}
        return plain if self.parent is None else plain | {"parent": self.parent.to_dict()}


@dataclass(frozen=True, slots=True, repr=False)
class LabelExplanation:
    """What spoke for one predicted label."""

    predicted: PredictedLabel
    weights: tuple[WordWeight, ...]
    """Every word read, in the order of the text."""
    branches: tuple[BranchEffect, ...] = ()
    """What each branch of the model adds."""
    through: str = ""
    """The label below it whose evidence this is, where it would not have been chosen but for that
    one; empty where it stands by itself."""
    rivals: tuple[Rival, ...] = ()
    """Siblings that were not chosen, the highest score first; of most specific labels alone."""
    examples: tuple[Example, ...] = field(default=())
    """The documents with this label that are most like this one, where some were given."""
    by_name: bool = False
    """Whether it, or the label that it stands through, was scored by its name alone, and no
    training document has it."""
    name_score: NameScore | None = None
    """Where its score comes from then; None where it was not, or stands through another one."""

    def __repr__(self) -> str:
        words = ", ".join(f"{w.word} {w.weight:.2f}" for w in self.top(_WORDS_IN_REPR))
        return f"LabelExplanation({self.predicted.label} {self.predicted.score:.2f}: {words})"

    def top(self, count: int = _WORDS_SHOWN) -> tuple[WordWeight, ...]:
        """Return the *count* words that do most for the label, most first."""
        return tuple(sorted(self.weights, key=lambda w: (-w.weight, w.start))[:count])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; what is empty is left out, but for the words."""
        plain = self.predicted.to_dict() | {"words": _plain(self.weights)}
        parts = {
            "branches": _plain(self.branches),
            "through": self.through,
            "by_name": self.by_name,
            "name_score": None if self.name_score is None else self.name_score.to_dict(),
            "rivals": _plain(self.rivals),
            "examples": _plain(self.examples),
        }
        return plain | {name: part for name, part in parts.items() if part}


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """Why each label of a document was predicted."""

    id: str
    text: str
    labels: tuple[LabelExplanation, ...]
    notes: tuple[str, ...] = ()
    note_codes: tuple[str, ...] = ()
    """For programs, one for each note: those of :class:`harnn.Prediction`."""
    note_values: tuple[Mapping[str, Any], ...] = ()
    """As there."""

    def __repr__(self) -> str:
        return f"Explanation({self.id!r}: {', '.join(x.predicted.label for x in self.labels)})"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "id": self.id,
            "text": self.text,
            "notes": [],
            **plain_notes(self.notes, self.note_codes, self.note_values),
            "labels": _plain(self.labels),
        }


def _plain(
    values: Iterable[WordWeight | BranchEffect | Rival | Example | LabelExplanation],
) -> list[dict[str, Any]]:
    return [value.to_dict() for value in values]
