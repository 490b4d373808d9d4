"""An encoder of the BERT family as an ONNX graph; needs the packages torch and onnx."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from harnn.branches.onnx_graph import Graph
from harnn.network import Bert
from harnn.text.sentence_files import Pooling


@torch.no_grad()
def bert_graph(encoder: Bert, pooling: Pooling | None, layers: tuple[int, ...] = ()) -> bytes:
    """Return the ONNX model: ``token_ids`` (B, T) int64, all real -> ``vectors`` (B, D).

    pooling: of the states; None: none, and the vectors are all of them, (B, T, D). layers: whose
    states are pooled, each scaled to length 1 and put beside each other; none: the last one's.

    Raises:
        MissingExtraError: the package onnx is not installed.
    """
    graph, shape = Graph(), encoder.shape
    node = graph.node
    embeddings: Any = encoder.embeddings
    places = embeddings.position_embeddings.weight[shape.first_position :].float()
    places = places + embeddings.token_type_embeddings.weight[0].float()
    words = embeddings.word_embeddings.weight.float()
    tokens = node("Gather", node("Shape", "token_ids"), graph.axes(1), axis=0)
    read = node("Slice", graph.weight(places, "places"), graph.axes(0), tokens, graph.axes(0))
    x = node("Add", node("Gather", graph.weight(words, "words"), "token_ids", axis=0), read)
    x = _layer_norm(graph, x, embeddings.LayerNorm, "embeddings")
    pooled: list[str] = []
    modules: Any = encoder.encoder["layer"]
    for number, layer in enumerate(modules, start=1):
        x = _layer(graph, x, layer, f"layer{number}", shape.activation)
        if pooling is not None and number in (layers or (shape.layers,)):
            pooled.append(_pooled(graph, x, pooling))
    if len(pooled) > 1:
        scaled = [node("LpNormalization", each, axis=1, p=2) for each in pooled]
        node("Concat", *scaled, axis=1, name="vectors")
    else:
        node("Identity", *(pooled or [x]), name="vectors")
    inputs = {"token_ids": ["texts", "tokens"]}
    dims = ["texts", "tokens"] if pooling is None else ["texts"]
    return graph.finish(inputs, "vectors", [*dims, shape.hidden_size * max(1, len(pooled))])


def _pooled(graph: Graph, x: str, pooling: Pooling) -> str:
    """Return (B, D) of states (B, T, D)."""
    if pooling == "cls":
        return graph.node("Gather", x, graph.weight(torch.tensor(0)), axis=1)
    return graph.node("ReduceMean", x, axes=[1], keepdims=0)


def _layer(graph: Graph, x: str, layer: Any, name: str, activation: str) -> str:
    """Return what a layer of :class:`harnn.network.Bert` does."""
    node, heads, reads = graph.node, layer.heads, layer.attention["self"]
    size = reads["query"].in_features
    query, key, value = (
        node(
            "Transpose",
            node("Reshape", _linear(graph, x, reads[part], f"{name}.{part}"), split),
            perm=order,
        )
        for part, order, split in (
            ("query", [0, 2, 1, 3], graph.axes(0, 0, heads, size // heads)),
            ("key", [0, 2, 3, 1], graph.axes(0, 0, heads, size // heads)),
            ("value", [0, 2, 1, 3], graph.axes(0, 0, heads, size // heads)),
        )
    )
    scores = node("Mul", node("MatMul", query, key), graph.number(1 / math.sqrt(size // heads)))
    seen = node("MatMul", node("Softmax", scores, axis=3), value)
    seen = node("Reshape", node("Transpose", seen, perm=[0, 2, 1, 3]), graph.axes(0, 0, size))
    x = _output(graph, seen, x, layer.attention["output"], f"{name}.attention")
    hidden = _linear(graph, x, layer.intermediate["dense"], f"{name}.hidden")
    return _output(graph, _activate(graph, hidden, activation), x, layer.output, name)


def _activate(graph: Graph, x: str, activation: str) -> str:
    node = graph.node
    if activation == "relu":
        return node("Relu", x)
    if activation == "gelu":
        bent = node("Erf", node("Mul", x, graph.number(math.sqrt(0.5))))
    else:
        cube = node("Mul", node("Mul", x, x), x)
        sum_ = node("Add", x, node("Mul", cube, graph.number(0.044715)))
        bent = node("Tanh", node("Mul", sum_, graph.number(math.sqrt(2 / math.pi))))
    half = node("Mul", x, graph.number(0.5))
    return node("Mul", half, node("Add", bent, graph.number(1)))


def _output(graph: Graph, y: str, x: str, output: Any, name: str) -> str:
    """LN(x + W y + b)."""
    added = graph.node("Add", x, _linear(graph, y, output.dense, f"{name}.output"))
    return _layer_norm(graph, added, output.LayerNorm, name)


def _linear(graph: Graph, x: str, layer: nn.Linear, name: str) -> str:
    """W x + b for x (B, T, D)."""
    product = graph.product(x, layer.weight.float(), f"{name}.weight")
    return graph.node("Add", product, graph.weight(layer.bias.float(), f"{name}.bias"))


def _layer_norm(graph: Graph, x: str, norm: nn.LayerNorm, name: str) -> str:
    weight = graph.weight(norm.weight.float(), f"{name}.norm.weight")
    bias = graph.weight(norm.bias.float(), f"{name}.norm.bias")
    return graph.node("LayerNormalization", x, weight, bias, axis=-1, epsilon=norm.eps)
