"""An explanation in values: which words spoke for each label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harnn.answers import PredictedLabel

_WORDS_SHOWN = 10
_WORDS_IN_REPR = 5


@dataclass(frozen=True, slots=True)
class WordWeight:
    """A word of the text and how much of a label's attention it got."""

    start: int
    end: int
    """Characters start to end of the text."""
    word: str
    weight: float
    """0 to 1; the weights of all words of a label sum to 1."""


@dataclass(frozen=True, slots=True, repr=False)
class LabelExplanation:
    """The words that one predicted label looked at."""

    predicted: PredictedLabel
    weights: tuple[WordWeight, ...]
    """Every word read, in the order of the text."""

    def __repr__(self) -> str:
        words = ", ".join(f"{w.word} {w.weight:.2f}" for w in self.top(_WORDS_IN_REPR))
        return f"LabelExplanation({self.predicted.label} {self.predicted.score:.2f}: {words})"

    def top(self, count: int = _WORDS_SHOWN) -> tuple[WordWeight, ...]:
        """Return the *count* words with most attention, most first."""
        return tuple(sorted(self.weights, key=lambda w: (-w.weight, w.start))[:count])


@dataclass(frozen=True, slots=True, repr=False)
class Explanation:
    """Why each label of a document was predicted."""

    id: str
    text: str
    labels: tuple[LabelExplanation, ...]
    notes: tuple[str, ...] = ()
    note_codes: tuple[str, ...] = ()
    """For programs, one for each note: those of :class:`harnn.Prediction`, and ``other_branch``
    where the words are not those of the branch that a reader would expect."""

    def __repr__(self) -> str:
        return f"Explanation({self.id!r}: {', '.join(x.predicted.label for x in self.labels)})"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        codes = {"note_codes": list(self.note_codes)} if self.note_codes else {}
        return {
            "id": self.id,
            "text": self.text,
            "notes": list(self.notes),
            **codes,
            "labels": [
                item.predicted.to_dict()
                | {
                    "words": [
                        {
                            "word": w.word,
                            "start": w.start,
                            "end": w.end,
                            "weight": round(w.weight, 6),
                        }
                        for w in item.weights
                    ]
                }
                for item in self.labels
            ],
        }
