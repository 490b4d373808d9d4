"""The document: what every other room receives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    """One document as it was written."""

    id: str
    text: Mapping[str, str]
    """Named fields in reading order; a plain string is ``{"text": ...}``."""
    labels: tuple[str, ...] | None = None
    """As written, not closed upward; None where the document is unlabelled."""
    source: str = ""
    """``file:line`` it came from."""

    @property
    def full_text(self) -> str:
        """Return all fields in reading order, joined by line breaks."""
        return "\n".join(self.text.values())
