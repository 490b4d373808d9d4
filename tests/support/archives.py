"""Small archives of documents, and what becomes of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

MODEL = Path(__file__).parents[1] / "golden" / "format-3" / "fast"
WORDS = ["bees", "honey", "taps", "soup", "garden", "rain", "money", "music", "", "paint"]


def write_archive(path: Path, count: int, *, start: int = 0) -> Path:
    """Write documents as JSON lines."""
    rows = range(start, start + count)
    lines = [
        json.dumps({"id": f"d{n}", "text": f"{WORDS[n % 10]} and {WORDS[n % 7]} {n}"}) for n in rows
    ]
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def answers_of(out: Path, suffix: str = ".jsonl") -> bytes:
    """Return all answers of a directory, in the order of their names."""
    places = sorted((out / "answers").iterdir())
    assert all(place.suffix == suffix for place in places)
    return b"".join(place.read_bytes() for place in places)


def failures_of(out: Path) -> Sequence[dict[str, object]]:
    """Return what has no answer, in the order of the names."""
    places = sorted((out / "failed").iterdir())
    return [json.loads(line) for place in places for line in place.read_text().splitlines()]


def without_seconds(said: str) -> str:
    """Return what a command said, without what differs each time."""
    return "\n".join(line.partition(" (")[0] for line in said.splitlines())
