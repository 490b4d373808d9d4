"""Damage that files take: bits, bytes and values that nobody wrote."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable, Iterator
from typing import Any

_HUGE = "\x00huge\x00"
_RAW = {
    _HUGE: "9" * 4_301,
    "\x00inf\x00": "1e999",
    "\x00nan\x00": "NaN",
    "\x00deep\x00": "[" * 100_000,
}
NASTY: list[Any] = [
    None,
    True,
    -1,
    0,
    0.5,
    1e308,
    10**9,
    10**20,
    10**400,
    "",
    "x",
    "\ud800",
    "../../etc/passwd",
    [],
    {},
    [[]],
    [None],
    *_RAW,
]
"""What stands in no file of ours, or not there."""


def number_of_mutations() -> int:
    """How many inputs a run of all fuzzers together tries, as ``HARNN_FUZZ`` says."""
    return int(os.environ.get("HARNN_FUZZ", "600"))


def mutate_bytes(content: bytes, chance: random.Random) -> bytes:
    """Flip, cut out, put in, repeat, overwrite or cut off something."""
    data = bytearray(content)
    for _ in range(chance.choice([1, 1, 1, 2, 5])):
        at = chance.randrange(len(data) + 1)
        size = chance.choice([1, 2, 4, 8, 60, 1_000])
        kind = chance.randrange(7)
        if kind == 0 and at < len(data):
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 1 and at < len(data):
            data[at] = chance.choice([0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)])
        elif kind == 2:
            del data[at : at + size]
        elif kind == 3:
            data[at:at] = chance.randbytes(size)
        elif kind == 4:
            start = chance.randrange(len(data) + 1)
            data[at : at + size] = data[start : start + size]
        elif kind == 5:
            data[at:at] = data[at : at + size]
        else:
            del data[at:]
    return bytes(data)


def mutate_json(content: bytes, chance: random.Random) -> bytes:
    """Put something else in the place of one value, or take it away."""
    table = json.loads(content)
    places = list(_places(table))
    if not places:
        return mutate_bytes(content, chance)
    container, key = chance.choice(places)
    kind = chance.randrange(6)
    if kind == 0:
        del container[key]
    elif kind == 1 and isinstance(container, list):
        container.append(chance.choice(container))
    elif kind == 2 and isinstance(container[key], int | float):
        container[key] = chance.choice([-1, 2, 1_000, -0.5]) * container[key] + chance.choice(
            [0, 1]
        )
    else:
        container[key] = chance.choice(NASTY)
    text = json.dumps(table)
    for name, raw in _RAW.items():
        text = text.replace(json.dumps(name), raw)
    return text.encode()


def mutate_safetensors(content: bytes, chance: random.Random) -> bytes:
    """Change a value of the header."""
    size = int.from_bytes(content[:8], "little")
    header = mutate_json(content[8 : 8 + size], chance)
    return len(header).to_bytes(8, "little") + header + content[8 + size :]


def mutate(name: str, content: bytes, chance: random.Random) -> bytes:
    """Damage the content of a file of that name."""
    structured: dict[str, Callable[[bytes, random.Random], bytes]] = {
        "json": mutate_json,
        "safetensors": mutate_safetensors,
    }
    known = structured.get(name.rpartition(".")[2])
    if known is None or chance.random() < 0.5:
        return mutate_bytes(content, chance)
    return known(content, chance)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every place in a JSON value, those of long lists more rarely than they are many."""
    if isinstance(value, dict):
        keys: list[Any] = list(value)
    elif isinstance(value, list):
        keys = list(range(min(len(value), 20)))
    else:
        return
    for key in keys:
        yield value, key
        yield from _places(value[key])
