"""A trained network as an ONNX graph, node by node; needs the packages torch and onnx.

Written by hand and not traced: tracing bakes the length of the example into a recurrent network,
and ONNX has an LSTM that reads each document within its own length in both directions. Letters as
in docs/notation.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from harnn.branches.onnx_graph import Graph
from harnn.network import BiMinGRU, HarnnLevel, HarnnNetwork, HierarchicalHead, PaperLevel

_HIDDEN = -1e30
"""A score that softmax makes zero."""


def network_graph(network: HarnnNetwork) -> bytes:
    """Return the ONNX model: ``token_ids`` (B, T) and ``lengths`` (B,), both int64 -> ``scores``.

    The scores (B, C) are those of :meth:`harnn.network.HarnnNetwork.scores` without the
    max-constraint.

    Raises:
        MissingExtraError: the package onnx is not installed.
    """
    graph = Graph()
    mask, real = _mask(graph)
    embedding = graph.weight(network.embedding.weight, "embedding")
    words = graph.node("Gather", embedding, "token_ids", axis=0)
    _add_head(graph, network.head, _recurrent(graph, words, network, mask), mask, real)
    inputs = {"token_ids": ["documents", "tokens"], "lengths": ["documents"]}
    return graph.finish(inputs, "scores", ["documents", network.shape.label_count])


def head_graph(head: HierarchicalHead) -> bytes:
    """Return the ONNX model: ``states`` (B, T, D), zero at padding, and ``lengths`` (B,) ->
    ``scores`` (B, C).

    Raises:
        MissingExtraError: the package onnx is not installed.
    """
    graph, shape = Graph(), head.shape
    _add_head(graph, head, "states", *_mask(graph, "states"))
    dims: list[str | int] = ["documents", "tokens", shape.input_size]
    labels = sum(shape.level_sizes)
    given = {"lengths": ["documents"]}
    return graph.finish(given, "scores", ["documents", labels], values={"states": dims})


def _add_head(graph: Graph, head: HierarchicalHead, values: str, mask: str, real: str) -> None:
    """Add what makes ``scores`` of values (B, T, D)."""
    shape, node = head.shape, graph.node
    document = _document(graph, values, mask, real, paper=shape.paper)
    level_input, features, logits = values, [], []
    for number, level in enumerate(head.levels, start=1):
        add: Any = _paper_level if isinstance(level, PaperLevel) else _harnn_level
        feature, local, token_weights = add(
            graph, level, f"level{number}", level_input, document, mask, real
        )
        features.append(feature)
        logits.append(local)
        if number < len(head.levels):
            level_input = node("Mul", values, _unsqueeze(graph, token_weights(), 2))
    hidden = graph.linear(_concat(graph, features), head.global_hidden, "global_hidden")
    hidden = node("Relu", hidden)
    if not shape.paper:
        hidden = _highway(graph, hidden, head.highway)
    whole = node("Sigmoid", graph.linear(hidden, head.global_predict, "global_predict"))
    local = node("Sigmoid", _concat(graph, logits))
    node(
        "Add",
        node("Mul", local, graph.number(1 - shape.alpha)),
        node("Mul", whole, graph.number(shape.alpha)),
        name="scores",
    )


def _mask(graph: Graph, source: str = "token_ids") -> tuple[str, str]:
    """Return where tokens are real (B, T, 1), and how many (B, 1) are, as float.

    source: something of the shape (B, T, ...).
    """
    node = graph.node
    tokens = node("Gather", node("Shape", source), graph.axes(1), axis=0)
    zero, one = (graph.weight(np.array(x, dtype=np.int64)) for x in (0, 1))
    steps = node("Range", zero, node("Squeeze", tokens, graph.axes(0)), one)
    mask = node("Less", steps, _unsqueeze(graph, "lengths", 1))
    real = node("Cast", _unsqueeze(graph, "lengths", 1), to=graph.onnx.TensorProto.FLOAT)
    return _unsqueeze(graph, mask, 2), real


def _recurrent(graph: Graph, words: str, network: HarnnNetwork, mask: str) -> str:
    """Return (B, T, 2H), zero at padding, from words (B, T, E)."""
    node = graph.node
    if isinstance(network.encoder, BiMinGRU):
        return _min_gru(graph, words, network.encoder, mask)
    lstms: list[Any] = [network.encoder.forward_lstm, network.encoder.backward_lstm]
    size = network.shape.lstm_size
    inputs = [
        node("Transpose", words, perm=[1, 0, 2]),
        graph.weight(np.stack([_gates(x.weight_ih_l0, size) for x in lstms]), "lstm.W"),
        graph.weight(np.stack([_gates(x.weight_hh_l0, size) for x in lstms]), "lstm.R"),
        graph.weight(
            np.stack(
                [
                    np.concatenate([_gates(x.bias_ih_l0, size), _gates(x.bias_hh_l0, size)])
                    for x in lstms
                ]
            ),
            "lstm.B",
        ),
        node("Cast", "lengths", to=graph.onnx.TensorProto.INT32),
    ]
    both = node("LSTM", *inputs, direction="bidirectional", hidden_size=size)  # (T, 2, B, H)
    both = node("Transpose", both, perm=[2, 0, 1, 3])
    return node("Reshape", both, graph.axes(0, 0, 2 * size))


def _min_gru(graph: Graph, words: str, encoder: BiMinGRU, mask: str) -> str:
    node = graph.node
    projected = graph.product(words, encoder.project.weight, "mingru.project.weight")
    projected = node("Add", projected, graph.weight(encoder.project.bias, "mingru.project.bias"))
    size = encoder.project.out_features // 4
    parts = []
    for direction in range(2):
        gate, candidate = (
            node(
                "Slice",
                projected,
                graph.axes(start),
                graph.axes(start + size),
                graph.axes(2),
            )
            for start in (direction * size, (2 + direction) * size)
        )
        # At padding the gate is 0, so that the state passes through it unchanged: reading from
        # the end needs no reversal within the length.
        gate = node("Where", mask, node("Sigmoid", gate), graph.number(0))
        first = node("ReduceSum", node("Mul", gate, graph.number(0)), graph.axes(1), keepdims=0)
        _, states = graph.scan(first, [gate, candidate], backwards=bool(direction))
        parts.append(states)
    real = node("Cast", mask, to=graph.onnx.TensorProto.FLOAT)
    return node("Mul", _concat_last(graph, parts), real)


def _concat_last(graph: Graph, parts: Sequence[str]) -> str:
    return graph.node("Concat", *parts, axis=2)


def _gates(weights: Tensor, size: int) -> NDArray[np.float32]:
    """From PyTorch's order of the gates (input, forget, cell, output) to that of ONNX."""
    ours = weights.detach().cpu().numpy()
    first, forget, cell, last = (ours[i * size : (i + 1) * size] for i in range(4))
    return np.concatenate([first, last, forget, cell])


def _document(graph: Graph, values: str, mask: str, real: str, *, paper: bool) -> str:
    """Return the mean, and outside mode ``paper`` the maximum, over real tokens (B, 2H or 4H)."""
    node = graph.node
    total = node("ReduceSum", values, graph.axes(1), keepdims=0)
    mean = node("Div", total, node("Max", real, graph.number(1)))
    if paper:
        return mean
    shown = node("Where", mask, values, graph.number(_HIDDEN))
    highest = node("ReduceMax", shown, axes=[1], keepdims=0)
    some = node("Greater", real, graph.number(0))
    return _concat(graph, [mean, node("Where", some, highest, graph.number(0))])


def _attention(graph: Graph, level: Any, name: str, level_input: str, mask: str) -> str:
    """Return the attention (B, T, C)."""
    space = graph.node("Tanh", graph.product(level_input, level.attend.project.weight, f"{name}.W"))
    scores = graph.product(space, level.attend.labels, f"{name}.labels")
    return graph.node("Softmax", graph.node("Where", mask, scores, graph.number(_HIDDEN)), axis=1)


def _features(
    graph: Graph, level: Any, name: str, level_input: str, document: str, attention: str
) -> str:
    """Return h (B, F) from the mean attention over labels."""
    node = graph.node
    mean = node("ReduceMean", attention, axes=[2], keepdims=0)  # (B, T)
    pooled = node("MatMul", _unsqueeze(graph, mean, 1), level_input)  # (B, 1, 2H)
    pooled = node("Squeeze", pooled, graph.axes(1))
    joined = _concat(graph, [document, pooled])
    return node("Relu", graph.linear(joined, level.hidden, f"{name}.hidden"))


def _harnn_level(
    graph: Graph,
    level: HarnnLevel,
    name: str,
    level_input: str,
    document: str,
    mask: str,
    real: str,
) -> tuple[str, str, Any]:
    """Return features (B, F), logits (B, C) and what adds the token weights (B, T)."""
    node = graph.node
    attention = _attention(graph, level, name, level_input, mask)
    evidence = graph.product(level_input, level.read_out, f"{name}.read_out")
    read = node("ReduceSum", node("Mul", attention, evidence), graph.axes(1), keepdims=0)
    features = _features(graph, level, name, level_input, document, attention)
    logits = node("Add", graph.linear(features, level.predict, f"{name}.predict"), read)

    def token_weights() -> str:
        shares = node("Softmax", graph.log_sigmoid(logits), axis=1)
        focus = node("MatMul", attention, _unsqueeze(graph, shares, 2))  # (B, T, 1)
        peaked = node("Mul", real, node("Squeeze", focus, graph.axes(2)))
        weight = float(level.mixing.detach().sigmoid())
        return node("Add", node("Mul", peaked, graph.number(weight)), graph.number(1 - weight))

    return features, logits, token_weights


def _paper_level(
    graph: Graph,
    level: PaperLevel,
    name: str,
    level_input: str,
    document: str,
    mask: str,
    real: str,  # noqa: ARG001
) -> tuple[str, str, Any]:
    """As :func:`_harnn_level`."""
    node = graph.node
    attention = _attention(graph, level, name, level_input, mask)
    features = _features(graph, level, name, level_input, document, attention)
    logits = graph.linear(features, level.predict, f"{name}.predict")

    def token_weights() -> str:
        scores = _unsqueeze(graph, node("Sigmoid", logits), 1)
        dependency = node("Mul", attention, scores)
        dependency = node("Where", mask, dependency, graph.number(_HIDDEN))
        even = node("Softmax", dependency, axis=1)
        return node("ReduceMean", even, axes=[2], keepdims=0)

    return features, logits, token_weights


def _highway(graph: Graph, x: str, highway: Any) -> str:
    node = graph.node
    gate = node("Sigmoid", graph.linear(x, highway.gate, "highway.gate"))
    new = node("Relu", graph.linear(x, highway.transform, "highway.transform"))
    kept = node("Mul", node("Sub", graph.number(1), gate), x)
    return node("Add", node("Mul", gate, new), kept)


def _unsqueeze(graph: Graph, x: str, axis: int) -> str:
    return graph.node("Unsqueeze", x, graph.axes(axis))


def _concat(graph: Graph, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else graph.node("Concat", *parts, axis=1)
