"""Tell one model from another."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from harnn.bundle import layout
from harnn.bundle.bundle import Bundle, parts_of

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


def fingerprint_of(bundle: Bundle) -> str:
    """Return a SHA-256 of what a model consists of, 64 hexadecimal digits."""
    digest = hashlib.sha256(bundle.taxonomy.version.encode())
    digest.update(bundle.tokenizer.to_json().encode("utf-8", "surrogatepass"))
    blend = bundle.ensemble.blend
    digest.update(_json([bundle.decoder.to_dict(), None if blend is None else blend.to_dict()]))
    for each in parts_of(bundle.ensemble):
        parts = each.to_parts()
        digest.update(_json(parts.settings))
        for name, array in sorted(parts.arrays.items()):
            digest.update(f"{name} {array.dtype} {array.shape} ".encode())
            digest.update(array.tobytes())
        for name, content in sorted(parts.files.items()):
            digest.update(f"{name} {len(content)} ".encode())
            digest.update(content)
    return digest.hexdigest()


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True).encode()
