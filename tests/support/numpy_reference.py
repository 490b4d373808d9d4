"""A second HARNN, slow and plain: NumPy float64, one document at a time, loops, no padding.

Written from the formulas of the paper (section 4) and of docs/notation.md, so that a mistake in
the network would have to be made twice, in two ways. Names of weights are those of the network's
state dict.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import nn

from harnn.network import HarnnNetwork

Array = NDArray[np.float64]


class Reference(NamedTuple):
    """What the network says about one document."""

    local_logits: Array
    """(C,)"""
    global_logits: Array
    """(C,)"""
    attention: list[Array]
    """One (C_l, T) for each level."""


class Level(NamedTuple):
    """What one level says about one document."""

    logits: Array
    """(C_l,)"""
    features: Array
    """(F,)"""
    token_weights: Array
    """(T,)"""
    attention: Array
    """(C_l, T)"""


class Weights:
    """The weights of a network as float64 arrays, read by dotted name."""

    def __init__(self, arrays: dict[str, Array], prefix: str = "") -> None:
        self.arrays, self.prefix = arrays, prefix

    def __getitem__(self, name: str) -> Array:
        return self.arrays[self.prefix + name]

    def under(self, name: str) -> Weights:
        return Weights(self.arrays, f"{self.prefix}{name}.")

    def linear(self, name: str, x: Array) -> Array:
        return self[f"{name}.weight"] @ x + self[f"{name}.bias"]


def weights_of(network: nn.Module) -> Weights:
    return Weights(
        {name: value.numpy().astype(np.float64) for name, value in network.state_dict().items()}
    )


def read(network: HarnnNetwork, document: Sequence[int]) -> Reference:
    """Score one document of any length, also 0, with the weights of *network*."""
    weights, shape = weights_of(network), network.shape
    words = [weights["embedding.weight"][token] for token in document]
    values = read_in_both_directions(weights.under("encoder"), words, shape.lstm_size)  # (T, 2H)
    return read_states(weights.under("head"), values, len(shape.level_sizes), mode=shape.mode)


def read_states(weights: Weights, values: Array, levels: int, *, mode: str = "harnn") -> Reference:
    """Score one document by the states (T, D) of its tokens, with the weights of a head."""
    summary = mean_of(values)  # (D,)
    if mode == "harnn":
        summary = np.concatenate([summary, maximum_of(values)])  # (2D,)
    outputs: list[Level] = []
    level_input = values
    for number in range(levels):
        level = read_paper_level if mode == "paper" else read_harnn_level
        output = level(weights.under(f"levels.{number}"), level_input, summary)
        outputs.append(output)
        level_input = values.copy()
        for t in range(len(values)):
            level_input[t] = output.token_weights[t] * values[t]
    hidden = relu(weights.linear("global_hidden", np.concatenate([o.features for o in outputs])))
    if mode == "harnn":
        hidden = highway(weights.under("highway"), hidden)
    return Reference(
        np.concatenate([output.logits for output in outputs]),
        weights.linear("global_predict", hidden),
        [output.attention for output in outputs],
    )


def read_in_both_directions(weights: Weights, words: list[Array], size: int) -> Array:
    """BiLSTM: (T, 2H), the state of both readers after each word."""
    ahead = read_one_way(weights.under("forward_lstm"), words, size)
    back = read_one_way(weights.under("backward_lstm"), words[::-1], size)[::-1]
    values = np.zeros((len(words), 2 * size))
    for t in range(len(words)):
        values[t, :size], values[t, size:] = ahead[t], back[t]
    return values


def read_one_way(weights: Weights, words: list[Array], size: int) -> list[Array]:
    """LSTM cell of Gers, Schmidhuber and Cummins (2000), gates stacked as i, f, g, o."""
    state, cell, states = np.zeros(size), np.zeros(size), []
    for word in words:
        gates = weights["weight_ih_l0"] @ word + weights["bias_ih_l0"]
        gates = gates + weights["weight_hh_l0"] @ state + weights["bias_hh_l0"]
        entry, forget, exit_ = (sigmoid(gates[k * size : (k + 1) * size]) for k in (0, 1, 3))
        candidate = np.tanh(gates[2 * size : 3 * size])
        cell = forget * cell + entry * candidate
        state = exit_ * np.tanh(cell)
        states.append(state)
    return states


def read_paper_level(weights: Weights, level_input: Array, summary: Array) -> Level:
    """TCA, CPM and CDM of the paper."""
    attention = attend(weights.under("attend"), level_input)
    features, logits = predict(weights, level_input, summary, attention)
    labels, tokens = attention.shape
    token_weights = np.zeros(tokens)
    for c in range(labels):
        dependency = sigmoid(logits[c]) * attention[c]
        token_weights += softmax(dependency) / labels
    return Level(logits, features, token_weights, attention)


def read_harnn_level(weights: Weights, level_input: Array, summary: Array) -> Level:
    """The repaired level: per-label read-out, dependency of mean 1, mixed with the identity."""
    attention = attend(weights.under("attend"), level_input)
    features, logits = predict(weights, level_input, summary, attention)
    labels, tokens = attention.shape
    for c in range(labels):
        for t in range(tokens):
            logits[c] += attention[c, t] * (level_input[t] @ weights["read_out"][c])
    fired = sigmoid(logits)
    focus = np.zeros(tokens)
    for c in range(labels):
        focus += tokens * fired[c] * attention[c] / fired.sum()
    opened = sigmoid(weights["mixing"])
    return Level(logits, features, (1 - opened) + opened * focus, attention)


def attend(weights: Weights, level_input: Array) -> Array:
    """A_l = softmax over tokens of W2 tanh(W1 v_t): (C_l, T)."""
    labels, tokens = len(weights["labels"]), len(level_input)
    attention = np.zeros((labels, tokens))
    for c in range(labels):
        scores = np.zeros(tokens)
        for t in range(tokens):
            scores[t] = weights["labels"][c] @ np.tanh(weights["project.weight"] @ level_input[t])
        attention[c] = softmax(scores)
    return attention


def predict(
    weights: Weights, level_input: Array, summary: Array, attention: Array
) -> tuple[Array, Array]:
    """Give h_l (F,) and the logits (C_l,) from the summary of V and r_l."""
    found = np.zeros((len(attention), level_input.shape[1]))  # M_l = A_l V_l, (C_l, 2H)
    for c, row in enumerate(attention):
        for t, share in enumerate(row):
            found[c] += share * level_input[t]
    features = relu(weights.linear("hidden", np.concatenate([summary, found.mean(axis=0)])))
    return features, weights.linear("predict", features)


def highway(weights: Weights, x: Array) -> Array:
    gate = sigmoid(weights.linear("gate", x))
    return gate * relu(weights.linear("transform", x)) + (1 - gate) * x


def mean_of(values: Array) -> Array:
    return values.mean(axis=0) if len(values) else np.zeros(values.shape[1])


def maximum_of(values: Array) -> Array:
    return values.max(axis=0) if len(values) else np.zeros(values.shape[1])


def softmax(x: Array) -> Array:
    if not len(x):
        return x
    powers = np.exp(x - x.max())
    return np.asarray(powers / powers.sum())


def sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def relu(x: Array) -> Array:
    return np.maximum(x, 0)
