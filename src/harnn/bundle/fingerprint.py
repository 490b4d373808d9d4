"""Tell one model from another."""

from __future__ import annotations

import hashlib
from pathlib import Path

from harnn.bundle import layout

_TELLING_FILES = (layout.CHECKSUMS, layout.CONFIG, layout.DECODE, layout.METRICS)
"""Files of a model that no other model has alike."""


def fingerprint(directory: Path) -> str:
    """Return a hash, 64 hexadecimal digits, that another model does not have."""
    found = hashlib.sha256()
    for name in _TELLING_FILES:
        path = directory / name
        content = path.read_bytes() if path.is_file() else b""
        found.update(hashlib.sha256(content).digest())
    return found.hexdigest()
