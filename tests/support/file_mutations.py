"""Damage, made from a seed: bytes flipped, cut, doubled, swapped, and values that readers hate."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence

MUTATIONS = int(os.environ.get("HARNN_FUZZ", "400"))
"""How many inputs each fuzzer tries."""

_NASTY = (
    *(b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\t", b"\n", b"\r", b"\n\n", b'"', b"'"),
    *(b"\\", b"\\ud800", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\x1b[31m", b"ROOT", b"#", b" > "),
    *(b" - ", b" : ", b"/", b">", b"|", b";1", b",", b"{", b"}", b"[", b"]", b"null", b"true"),
    *(b"NaN", b"-1", b"1e999", b"9" * 30, b"9" * 4_301, b"[" * 2_000, b'{"a":' * 500),
    *(b"x" * 20_000, b"<?xml", b"PK\x03\x04", b"\x1f\x8b"),
)


def check_message(error: Exception) -> None:
    """What is said of damage can be written, and is short."""
    assert len(str(error).encode()) < 100_000


def mutate(content: bytes, chance: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """Return *content* with one to four injuries; *others* may lend it a piece."""
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        content = _injure(content, chance, others)
    return content


def _injure(content: bytes, chance: random.Random, others: Sequence[bytes]) -> bytes:
    start = chance.randrange(len(content) + 1)
    end = min(len(content), start + chance.choice((1, 1, 2, 4, 16, 64)))
    kind = chance.randrange(8)
    if kind == 0 and start < len(content):
        flipped = content[start] ^ (1 << chance.randrange(8))
        return content[:start] + bytes([flipped]) + content[start + 1 :]
    if kind == 1:
        return content[:start]
    if kind == 2:
        return content[:start] + content[end:]
    if kind == 3:
        return content[:end] + content[start:end] + content[end:]
    if kind == 4 and others:
        other = chance.choice(others)
        cut = chance.randrange(len(other) + 1)
        return content[:start] + other[cut : cut + 100] + content[end:]
    if kind == 5:
        lines = content.split(b"\n")
        chance.shuffle(lines)
        return b"\n".join(lines)
    if kind == 6:
        return content[:start] + chance.randbytes(end - start) + content[end:]
    return content[:start] + chance.choice(_NASTY) + content[end:]
