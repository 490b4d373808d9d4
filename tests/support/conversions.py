"""A small taxonomy and documents, written and converted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harnn.config import DataConfig
from harnn.converters import Conversion, convert
from harnn.data import Document, read_documents, write_rows
from harnn.taxonomy import Taxonomy

EDGES = [
    ("Food", "ROOT"),
    ("Art", "ROOT"),
    ("Soup", "Food"),
    ("Bread", "Food"),
    ("Rye", "Bread"),
]
TAXONOMY = Taxonomy.from_edges(EDGES)
DOCUMENTS = [
    Document("a", {"text": "Soup with noodles"}, ("Soup",)),
    Document("b", {"text": "周末 Möhren"}, ("Rye", "Art")),
    Document("c", {"text": 'rain | sun , "both"'}, ("Food", "Soup")),
]


def write_taxonomy(folder: Path, taxonomy: Taxonomy = TAXONOMY) -> Path:
    place = folder / "taxonomy.json"
    place.write_text(taxonomy.to_json(), encoding="utf-8")
    return place


def to(
    folder: Path, target: str, name: str, documents: list[Document], **options: Any
) -> tuple[Path, Conversion]:
    """Write documents in a format, and return the place and what was said."""
    given = folder / "documents.jsonl"
    write_rows(documents, given)
    done = convert(given, folder / name, source="harnn", target=target, **options)
    return folder / name, done


def back(folder: Path, source: str, path: Path, **options: Any) -> list[Document]:
    """Return the documents of a file in a format."""
    place = folder / "back.jsonl"
    convert(path, place, source=source, target="harnn", **options)
    return list(read_documents(place, DataConfig()))


def plain(documents: list[Document]) -> list[tuple[str, dict[str, str], tuple[str, ...] | None]]:
    """Return what documents hold, without where they came from."""
    return [(each.id, dict(each.text), each.labels) for each in documents]
