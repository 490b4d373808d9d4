"""Look into an ONNX file before anything is computed of it; no torch, and no package onnx.

The file is walked field by field (https://protobuf.dev/programming-guides/encoding/, the numbers
of the fields are those of onnx.proto). Graphs that this program never writes are refused: data in
other files, nodes of other kinds, weights that are no finite numbers or not of the size that they
say. Other graphs could read files, run for ever or take any amount of memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_FLOAT, _UINT8, _INT8, _INT32, _INT64 = 1, 2, 3, 6, 7
_TYPES = {_FLOAT: "<f4", _UINT8: "u1", _INT8: "i1", _INT32: "<i4", _INT64: "<i8"}
_MOST_NESTING = 8
_LARGEST_INDEX = 1 << 24
"""Whole numbers among the weights are axes and sizes."""
_KINDS = """
Add Cast Concat DequantizeLinear Div DynamicQuantizeLSTM DynamicQuantizeLinear Erf Gather Gemm
Greater Identity LSTM LayerNormalization Less LpNormalization MatMul MatMulInteger Max Mul Neg Range
ReduceMax ReduceMean ReduceSum Relu Reshape Scan Shape Sigmoid Slice Softmax Softplus Squeeze Sub
Tanh Transpose Unsqueeze Where
"""
"""Nodes of our graphs, also with weights in 8 bits."""


@dataclass
class GraphFacts:
    """What a file says of itself."""

    weights: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """The shape of each."""
    kinds: set[str] = field(default_factory=set)


def check_graph(graph: bytes) -> GraphFacts:
    """Walk an ONNX file and return what was seen.

    Raises:
        ValueError: it is no ONNX file, or one that this program never writes.
    """
    facts = GraphFacts()
    for number, content in _fields(memoryview(graph)):
        if number == 7:
            _check_graph(_message(content), facts, 0)
        elif number in (20, 25):
            raise ValueError("it holds functions or training")
    unknown = facts.kinds - set(_KINDS.split())
    if unknown:
        raise ValueError(f"it holds nodes of other kinds: {', '.join(sorted(unknown))[:200]}")
    if not facts.kinds or not facts.weights:
        raise ValueError("it holds no graph")
    return facts


def _check_graph(graph: memoryview, facts: GraphFacts, depth: int) -> None:
    if depth > _MOST_NESTING:
        raise ValueError("it is nested too deeply")
    for number, content in _fields(graph):
        if number == 1:
            _check_node(_message(content), facts, depth)
        elif number == 5:
            _check_weights(_message(content), facts)
        elif number == 15:
            raise ValueError("it holds sparse weights")


def _check_node(node: memoryview, facts: GraphFacts, depth: int) -> None:
    kind = ""
    for number, content in _fields(node):
        if number == 4:
            kind = _text(content)
        elif number == 5:
            _check_attribute(_message(content), facts, depth)
    facts.kinds.add(kind)


def _check_attribute(attribute: memoryview, facts: GraphFacts, depth: int) -> None:
    for number, content in _fields(attribute):
        if number in (5, 10, 22, 23):
            raise ValueError("it holds weights outside of its list of them")
        if number in (6, 11):
            _check_graph(_message(content), facts, depth + 1)


def _check_weights(tensor: memoryview, facts: GraphFacts) -> None:
    dims: list[int] = []
    kind, name, raw = 0, "", None
    typed: list[NDArray[np.float32] | list[int]] = []
    for number, content in _fields(tensor):
        if number == 1:
            dims += _whole_numbers(content)
        elif number == 2:
            kind = _whole(content)
        elif number == 4:
            typed.append(_floats(content))
        elif number in (5, 7):
            typed.append(_whole_numbers(content))
        elif number == 8:
            name = _text(content)
        elif number == 9:
            raw = _message(content)
        elif number == 13 or (number == 14 and _whole(content) != 0):
            raise ValueError(f"the weights {name!r} stand in another file")
        elif number in (6, 10, 11):
            raise ValueError(f"the weights {name!r} are of a type that is not written here")
    if kind not in _TYPES:
        raise ValueError(f"the weights {name!r} are of a type that is not written here")
    if any(dim < 0 for dim in dims):
        raise ValueError(f"the weights {name!r} have a size below 0")
    count = math.prod(dims)
    if raw is not None:
        size = np.dtype(_TYPES[kind]).itemsize
        if typed or len(raw) != count * size:
            raise ValueError(f"the weights {name!r} are not of the size that they say")
        parts = [np.frombuffer(raw, dtype=_TYPES[kind])]
    else:
        parts = [np.asarray(part) for part in typed]
        if sum(map(len, parts)) != count:
            raise ValueError(f"the weights {name!r} are not of the size that they say")
    _check_values(name, kind, parts)
    if name in facts.weights:
        raise ValueError(f"the weights {name!r} stand in it twice")
    facts.weights[name] = tuple(dims)


def _check_values(name: str, kind: int, parts: list[NDArray[np.generic]]) -> None:
    for part in parts:
        if not part.size:
            continue
        low, high = float(part.min()), float(part.max())
        if not (np.isfinite(low) and np.isfinite(high)):
            raise ValueError(f"the weights {name!r} hold values that are no finite numbers")
        if kind in (_INT32, _INT64) and max(-low, high) > _LARGEST_INDEX:
            raise ValueError(f"the weights {name!r} hold values out of range")


# --- the encoding -------------------------------------------------------------------------------


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield the number and the content of each field.

    Raises:
        ValueError: it is no message.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == _VARINT:
            content, at = _varint(message, at)
            yield number, content
            continue
        if wire == _BYTES:
            size, at = _varint(message, at)
        elif wire in (_FIXED_32, _FIXED_64):
            size = 4 if wire == _FIXED_32 else 8
        else:
            raise ValueError("it is no ONNX file")
        if size > len(message) - at:
            raise ValueError("it ends too early")
        yield number, message[at : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Return a whole number of 64 bits, and where it ends."""
    found = 0
    for position in range(10):
        if at >= len(message):
            raise ValueError("it ends too early")
        byte = message[at]
        at += 1
        found |= (byte & 0x7F) << (7 * position)
        if byte < 0x80:
            return found & (2**64 - 1), at
    raise ValueError("it is no ONNX file")


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def _message(content: int | memoryview) -> memoryview:
    if isinstance(content, int):
        raise ValueError("it is no ONNX file")
    return content


def _whole(content: int | memoryview) -> int:
    if not isinstance(content, int):
        raise ValueError("it is no ONNX file")
    return _signed(content)


def _text(content: int | memoryview) -> str:
    return bytes(_message(content)).decode("utf-8", "backslashreplace")


def _whole_numbers(content: int | memoryview) -> list[int]:
    """Return one whole number, or a packed list of them."""
    if isinstance(content, int):
        return [_signed(content)]
    found, at = [], 0
    while at < len(content):
        value, at = _varint(content, at)
        found.append(_signed(value))
    return found


def _floats(content: int | memoryview) -> NDArray[np.float32]:
    """Return one number, or a packed list of them."""
    plain = _message(content)
    if len(plain) % 4:
        raise ValueError("it is no ONNX file")
    return np.frombuffer(plain, dtype="<f4")
