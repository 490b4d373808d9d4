"""Scores of labels by their names alone, for labels that no training document has; no torch."""

from harnn.branches.by_name.descent import Descent
from harnn.branches.by_name.label_texts import has_text, label_texts
from harnn.branches.by_name.labels import ByName, Encode, read_by_name
from harnn.branches.by_name.relation import HeldOut, Relation
from harnn.branches.by_name.siblings import Siblings

__all__ = [
    "ByName",
    "Descent",
    "Encode",
    "HeldOut",
    "Relation",
    "Siblings",
    "has_text",
    "label_texts",
    "read_by_name",
]
