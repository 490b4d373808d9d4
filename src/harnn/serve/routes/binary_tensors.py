"""Tensors behind the JSON of a message, as Triton's clients send them unless they are told not to.

The header ``Inference-Header-Content-Length`` says how long the JSON is; the tensors stand behind
it one after another, each as long as its parameter ``binary_data_size`` says. Each element of a
tensor BYTES is its length in four bytes, little-endian, and then itself. Source: Triton Inference
Server, docs/protocol/extension_binary_data.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from harnn.serve.problems import RequestError

EXTENSION = "binary_tensor_data"
HEADER = "inference-header-content-length"
SIZE = "binary_data_size"
_LENGTH_BYTES = 4


def pack_strings(texts: Iterable[str]) -> bytes:
    """Return a tensor BYTES; what is no text in UTF-8 (half surrogates) becomes ``?``."""
    packed = bytearray()
    for text in texts:
        element = text.encode("utf-8", "replace")
        packed += len(element).to_bytes(_LENGTH_BYTES, "little")
        packed += element
    return bytes(packed)


def unpack_strings(packed: bytes, name: str) -> list[str]:
    """Return the texts of a tensor BYTES.

    Raises:
        RequestError: it ends too early, or an element is no UTF-8 (400).
    """
    texts: list[str] = []
    place = 0
    while place < len(packed):
        start = place + _LENGTH_BYTES
        end = start + int.from_bytes(packed[place:start], "little")
        if end > len(packed):
            raise RequestError(400, f"Input {name!r}: element {len(texts) + 1} ends too early.")
        try:
            texts.append(packed[start:end].decode())
        except UnicodeDecodeError:
            detail = f"Input {name!r}: element {len(texts) + 1} is no text in UTF-8."
            raise RequestError(400, detail) from None
        place = end
    return texts


def as_plain_json(body: bytes, header: str) -> bytes:
    """Return a request of which parts are binary as the JSON that says the same.

    What else is wrong with it is left for who reads the JSON.

    Raises:
        RequestError: lengths do not fit the body, or texts are none (400).
    """
    if not re.fullmatch("[0-9]{1,18}", header) or int(header) > len(body):
        detail = (
            f"Got the header {HEADER}: {header[:20]}, expected the length of the JSON in the body."
        )
        raise RequestError(400, detail)
    length = int(header)
    try:
        message = json.loads(body[:length])
    except (ValueError, RecursionError):
        return body[:length]
    place = length
    for tensor in _tensors(message):
        size = tensor["parameters"].pop(SIZE)
        name = str(tensor.get("name"))
        if type(size) is not int or not 0 <= size <= len(body) - place:
            detail = f"Input {name!r}: its {SIZE} does not fit the body."
            raise RequestError(400, detail)
        if tensor.get("datatype") == "BYTES":
            tensor["data"] = unpack_strings(body[place : place + size], name)
        place += size
    if place != len(body):
        raise RequestError(400, f"{len(body) - place:,} bytes behind the last tensor are too many.")
    return json.dumps(message).encode()


def _tensors(message: Any) -> Iterable[dict[str, Any]]:
    """Yield the inputs that stand behind the JSON."""
    inputs = message.get("inputs") if isinstance(message, dict) else None
    for each in inputs if isinstance(inputs, list) else ():
        if isinstance(each, dict) and SIZE in (each.get("parameters") or ()):
            yield each
