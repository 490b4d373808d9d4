"""Entries of a cache that were changed by who could make their manifest fit again."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path


def seal(place: Path) -> None:
    """Make the manifest of an entry fit the arrays that stand there."""
    sums = {path.name: sha256(path.read_bytes()).hexdigest() for path in place.glob("*.npy")}
    manifest = json.dumps({"format": 1, "sha256": sums})
    (place / "manifest.json").write_text(manifest, encoding="utf-8")
