"""Which documents are audited: drawn by a keyed hash, so that nobody can choose them.

The same document is drawn or not whenever and wherever it is asked for; a larger share draws all
that a smaller one draws. Without the key, which is to be kept secret and kept, nobody can tell
before what will be drawn, nor bring a document that will not be.
"""

from __future__ import annotations

import hashlib
import hmac


def draw(key: bytes, *parts: str) -> float:
    """Return a number from 0 and below 1 that looks drawn at random, the same for the same parts.

    key: a secret of 16 bytes or more; parts: what is drawn for, as ``audit``, and what a document
    is known by, such as its content's hash.

    Raises:
        ValueError: the key is too short, or there are no parts.

    Source: HMAC with SHA-256 (RFC 2104).
    """
    if len(key) < 16 or not parts:
        raise ValueError("Expected a key of 16 bytes or more and what to draw for.")
    coded = [part.encode("utf-8", "surrogatepass") for part in parts]
    message = b"".join(b"%d:" % len(part) + part for part in coded)
    digest = hmac.new(key, message, hashlib.sha256).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53  # as many bits as a float holds


def is_drawn(key: bytes, share: float, *parts: str) -> bool:
    """Tell whether a document is in the sample; share: how many of all are, 0 to 1.

    Raises:
        ValueError: see :func:`draw`; or *share* is not 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"Expected a share from 0 to 1, got {share}.")
    return draw(key, *parts) < share
