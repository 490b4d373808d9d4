"""An encoder of the BERT family: token ids in, a state for each token out.

Devlin et al. 2019 (NAACL, arXiv 1810.04805), post-layer-norm, as Hugging Face stores it: modules
have the names of that library's weights, so that these load as they are and can be stored again.
Roberta's (arXiv 1907.11692) differ in where positions start alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from harnn.network.dropout import Dropout

_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": functional.gelu,
    "gelu_new": partial(functional.gelu, approximate="tanh"),
    "gelu_pytorch_tanh": partial(functional.gelu, approximate="tanh"),
    "relu": functional.relu,
}
_FAMILY = ("bert", "roberta", "xlm-roberta")
_PREFIXES = ("bert.", "roberta.")
"""Before the names of weights that were stored with a head for some task."""
_MOST = 1 << 24
_MOST_WEIGHTS = 1 << 32


@dataclass(frozen=True, kw_only=True)
class BertShape:
    """Every number that shapes the encoder."""

    vocabulary_size: int
    hidden_size: int
    """D."""
    layers: int
    heads: int
    intermediate_size: int
    positions: int
    """Rows of the table of positions."""
    token_types: int = 2
    first_position: int = 0
    """Row of the first token."""
    epsilon: float = 1e-12
    activation: str = "gelu"

    @property
    def most_tokens(self) -> int:
        """Tokens of a text, special ones included, at most."""
        return self.positions - self.first_position

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Read a ``config.json`` as the library transformers writes it.

        Raises:
            ValueError: it is of another family, or damaged; says what is wrong.
        """
        family = config.get("model_type")
        if family not in _FAMILY:
            raise ValueError(f"model_type: got {family!r}, expected one of {', '.join(_FAMILY)}")
        for key, only in (("position_embedding_type", "absolute"), ("is_decoder", False)):
            if config.get(key, only) != only:
                raise ValueError(f"{key}: got {config[key]!r}, expected {only!r}")
        activation = config.get("hidden_act", "gelu")
        if not isinstance(activation, str) or activation not in _ACTIVATIONS:
            expected = ", ".join(_ACTIVATIONS)
            raise ValueError(f"hidden_act: got {activation!r}, expected one of {expected}")
        epsilon = config.get("layer_norm_eps", 1e-12)
        if type(epsilon) is not float or not 0 < epsilon < 1:
            raise ValueError(f"layer_norm_eps: got {epsilon!r}, expected a small number")
        padding = 0 if family == "bert" else _whole(config, "pad_token_id", 0) + 1
        shape = cls(
            vocabulary_size=_whole(config, "vocab_size"),
            hidden_size=_whole(config, "hidden_size"),
            layers=_whole(config, "num_hidden_layers"),
            heads=_whole(config, "num_attention_heads"),
            intermediate_size=_whole(config, "intermediate_size"),
            positions=_whole(config, "max_position_embeddings"),
            token_types=_whole(config, "type_vocab_size"),
            first_position=padding,
            epsilon=epsilon,
            activation=activation,
        )
        if shape.hidden_size % shape.heads:
            what = f"{shape.heads} heads do not divide a hidden_size of {shape.hidden_size}"
            raise ValueError(f"num_attention_heads: {what}")
        if shape.most_tokens < 2:
            raise ValueError("max_position_embeddings: there is no room for a token")
        if shape.weights > _MOST_WEIGHTS:
            expected = f"expected at most {_MOST_WEIGHTS:,}"
            raise ValueError(f"it has {shape.weights:,} weights, {expected}")
        return shape

    @property
    def weights(self) -> int:
        """Count the weights of embeddings and matrices."""
        D, rows = self.hidden_size, self.vocabulary_size + self.positions + self.token_types
        return rows * D + self.layers * (4 * D * D + 2 * D * self.intermediate_size)


class Bert(nn.Module):
    """States (B, T, D) of token ids (B, T)."""

    def __init__(self, shape: BertShape, *, dropout: float = 0.0) -> None:
        """dropout: of embeddings, attention and the output of every part, in training."""
        super().__init__()
        self.shape = shape
        self.embeddings = _Embeddings(shape, dropout)
        self.encoder = nn.ModuleDict(
            {"layer": nn.ModuleList(_Layer(shape, dropout) for _ in range(shape.layers))}
        )

    def forward(self, token_ids: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return (B, T, D); what stands at padding means nothing.

        lengths: (B,) real tokens of each text, which nothing after them reaches; None: all.
        """
        for x in self.states(token_ids, lengths):
            last = x
        return last

    def states(self, token_ids: Tensor, lengths: Tensor | None = None) -> Iterator[Tensor]:
        """Yield what :meth:`forward` does, (B, T, D), after each layer."""
        x, mask = self.embeddings(token_ids), None
        if lengths is not None and int(lengths.min()) < token_ids.shape[1]:
            steps = torch.arange(token_ids.shape[1], device=token_ids.device)
            mask = (steps < lengths[:, None])[:, None, None, :]  # (B, 1, 1, T)
        layers: Any = self.encoder["layer"]
        for layer in layers:
            x = layer(x, mask)
            yield x

    @classmethod
    def from_weights(cls, shape: BertShape, weights: Mapping[str, Tensor]) -> Self:
        """Return an encoder with weights by the names that the library transformers gives them.

        What a stored model has beside them (a pooler, the head of a task) is not read.

        Raises:
            ValueError: weights are missing, of another shape or no numbers.
        """
        with torch.device("meta"):  # nothing is drawn, and no memory taken before all fits
            encoder = cls(shape)
        found = _without_prefix(weights)
        problems = []
        for name, expected in encoder.state_dict().items():
            weight = found.get(name)
            if weight is None:
                problems.append(f"{name} is missing")
            elif weight.shape != expected.shape or not weight.is_floating_point():
                problems.append(
                    f"{name} is {weight.dtype} of shape {tuple(weight.shape)}, expected floating "
                    f"point of shape {tuple(expected.shape)}"
                )
            elif not torch.isfinite(weight).all():
                problems.append(f"{name} holds values that are no finite numbers")
        if problems:
            more = f"; {len(problems) - 3:,} more" if len(problems) > 3 else ""
            raise ValueError("; ".join(problems[:3]) + more)
        state = {name: found[name].float() for name in encoder.state_dict()}
        encoder.load_state_dict(state, assign=True)
        return encoder.eval()


def mean_of_states(states: Tensor, lengths: Tensor) -> Tensor:
    """Return the mean (B, D) of the states (B, T, D) of real tokens, lengths (B,)."""
    steps = torch.arange(states.shape[1], device=states.device)
    real = (steps < lengths[:, None]).unsqueeze(2)
    return states.float().mul(real).sum(1) / lengths[:, None]


class _Embeddings(nn.Module):
    def __init__(self, shape: BertShape, dropout: float) -> None:
        super().__init__()
        self.first_position = shape.first_position
        self.word_embeddings = _table(shape.vocabulary_size, shape.hidden_size)
        self.position_embeddings = _table(shape.positions, shape.hidden_size)
        self.token_type_embeddings = _table(shape.token_types, shape.hidden_size)
        self.LayerNorm = nn.LayerNorm(shape.hidden_size, eps=shape.epsilon)
        self.dropout = Dropout(dropout)

    def forward(self, token_ids: Tensor) -> Tensor:
        first = self.first_position
        places = self.position_embeddings.weight[first : first + token_ids.shape[1]]
        x = self.word_embeddings(token_ids) + places + self.token_type_embeddings.weight[0]
        return self.dropout(self.LayerNorm(x))  # type: ignore[no-any-return]


def _table(rows: int, size: int) -> nn.Embedding:
    """Return random vectors; on the device meta, which has no numbers, none are drawn: torch would
    import its compiler for that, which takes longer than all the rest of loading.
    """
    weight = torch.empty(rows, size)
    return nn.Embedding(rows, size, _weight=weight if weight.is_meta else weight.normal_())


class _Layer(nn.Module):
    """x -> LN(x + attention(x)), and that -> LN(x + W2 g(W1 x))."""

    def __init__(self, shape: BertShape, dropout: float) -> None:
        super().__init__()
        D = shape.hidden_size
        self.heads, self.dropout = shape.heads, dropout
        self.activation = _ACTIVATIONS[shape.activation]
        reads = {name: nn.Linear(D, D) for name in ("query", "key", "value")}
        self.attention = nn.ModuleDict(
            {"self": nn.ModuleDict(reads), "output": _Output(D, shape, dropout)}
        )
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(D, shape.intermediate_size)})
        self.output = _Output(shape.intermediate_size, shape, dropout)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        parts: Any = self.attention["self"]
        query, key, value = (
            part(x).unflatten(2, (self.heads, -1)).transpose(1, 2)  # (B, heads, T, D / heads)
            for part in parts.values()
        )
        dropout = self.dropout if self.training else 0.0
        read = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, dropout_p=dropout
        )
        x = self.attention["output"](read.transpose(1, 2).flatten(2), x)
        return self.output(self.activation(self.intermediate["dense"](x)), x)  # type: ignore[no-any-return]


class _Output(nn.Module):
    """LN(x + W y + b)."""

    def __init__(self, size: int, shape: BertShape, dropout: float) -> None:
        super().__init__()
        self.dense = nn.Linear(size, shape.hidden_size)
        self.LayerNorm = nn.LayerNorm(shape.hidden_size, eps=shape.epsilon)
        self.dropout = Dropout(dropout)

    def forward(self, y: Tensor, x: Tensor) -> Tensor:
        return self.LayerNorm(x + self.dropout(self.dense(y)))  # type: ignore[no-any-return]


def _without_prefix(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights by the names of a bare encoder, and of today's layer norms."""
    found = {}
    for name, weight in weights.items():
        for prefix in _PREFIXES:
            name = name.removeprefix(prefix)
        name = name.replace("LayerNorm.gamma", "LayerNorm.weight")
        found[name.replace("LayerNorm.beta", "LayerNorm.bias")] = weight
    return found


def _whole(config: Mapping[str, Any], key: str, least: int = 1) -> int:
    value = config.get(key)
    if type(value) is not int or not least <= value <= _MOST:
        raise ValueError(f"{key}: got {value!r}, expected a whole number from {least}")
    return value
