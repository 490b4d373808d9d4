"""Corrections to be kept."""

from __future__ import annotations

from harnn.data import Document
from harnn.review import Correction, ModelState

MODEL = ModelState("sample", "a" * 64, "b" * 64)


def correction(
    text: str = "The tap drips.",
    *labels: str,
    name: str = "",
    model: ModelState = MODEL,
    source: str = "annif-learn",
    person: str = "",
) -> Correction:
    """Return one, with the label ``plumbing`` where none is given."""
    document = Document(name, {"text": text}, labels or ("plumbing",))
    return Correction(document=document, model=model, source=source, sender="bob", person=person)
