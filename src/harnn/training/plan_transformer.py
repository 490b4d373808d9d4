"""What fine-tuning a transformer encoder will cost, from its sizes alone; no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from harnn._display import counted
from harnn._transformer_settings import TransformerConfig
from harnn.branches.transformer.encoder import (
    SETTING,
    EncoderFiles,
    missing_commands,
    most_tokens,
    read_encoder,
    size_of,
)
from harnn.branches.transformer.storage import head_shapes
from harnn.config import Config

if TYPE_CHECKING:
    from harnn.training.plan import TrainingFacts

_PIECES_A_WORD = 1.4
_PIECES_AROUND = 2
_PRODUCTS_A_SECOND = 5e10
"""Of one core with native bfloat16 (docs/experiments.md)."""
_PASSES = 3
"""Forward, and for the gradients of the states and of the weights."""
_VALUES_A_STATE = 14
"""Kept of a token in a layer for the gradients, by the size of its state."""
_VALUES_A_LEVEL = 3
"""Likewise in a level of the head."""
_BYTES_A_WEIGHT = 24
"""The weight, its gradient, two moments of Adam, the average and the best."""
_BYTES_A_FROZEN_WEIGHT = 4
_BYTES_A_STATE = 2
"""Of each of its values, on disk or in memory."""
_VALIDATION_SHARE = 0.1
"""Documents beside those of training, as they are taken to be."""
_MOST_KEPT = 2_000_000_000
"""Bytes of states that a step keeps, which is divided where it would be more."""
_MOST_MINUTES = 60
"""That ``auto`` spends; where it was measured, it took 9 and 18 (docs/experiments.md)."""
_MB = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerPlan:
    """The cost of fine-tuning an encoder, or of a head on one that stays as it is, good to a factor
    of two or three."""

    encoder: str
    """Its name."""
    head: str
    """As ``transformer.head``."""
    parameters: int
    tokens: int
    windows: int
    batch_size: int
    epochs: int
    """At most."""
    minutes: float
    """Of one core that computes bfloat16 natively."""
    states_mb: float
    """Of states that are computed once, because the encoder stays as it is; 0: it learns."""
    memory_mb: float
    """With all states, although a cache holds them on disk."""

    @classmethod
    def of(cls, config: Config, facts: TrainingFacts) -> Self:
        """Estimate from the encoder's sizes and the lengths of the documents.

        A document of t tokens costs 3 t W products an epoch, W the weights of the layers; a W of
        L layers of size D and inner size I is L (4 D^2 + 2 D I). Where none of them learns, t W
        once. A hierarchical head adds 3 t (A D + C_l (A + D)) for each of its levels.

        Raises:
            MissingExtraError, ConfigError: see :func:`read_encoder`.
        """
        files, own = read_encoder(config.model.transformer), config.transformer
        layers, size = size_of(files.config, "layers"), size_of(files.config, "hidden_size")
        inner = size_of(files.config, "intermediate_size") or 4 * size
        weights = layers * (4 * size**2 + 2 * size * inner)
        shape = {"hidden_size": size, "level_sizes": facts.level_sizes, **head_fields(config)}
        head = {name: math.prod(sizes) for name, sizes in head_shapes(shape).items()}
        attending = sum(n for name, n in head.items() if ".attend." in name or "read_out" in name)
        encoder = weights + size * size_of(files.config, "vocabulary_size")
        parameters = encoder + sum(head.values())
        words = facts.tokens / max(1, facts.documents)
        tokens = min(own.tokens * own.windows, _PIECES_A_WORD * words + _PIECES_AROUND)
        frozen, mean = is_frozen(files, own), own.head == "mean"
        products: float = _PASSES * own.epochs * attending  # of a token
        products += (1 + _VALIDATION_SHARE if frozen else _PASSES * own.epochs) * weights
        values = 0 if mean else _VALUES_A_LEVEL * len(facts.level_sizes) * size
        values += 0 if frozen else layers * (_VALUES_A_STATE * size + 3 * inner)
        states, learning = 0.0, parameters
        if frozen:
            read = facts.documents * (1 + _VALIDATION_SHARE) * (1 if mean else tokens)
            states, learning = read * size * _BYTES_A_STATE, parameters - encoder
        taken = _BYTES_A_WEIGHT * learning + _BYTES_A_FROZEN_WEIGHT * (parameters - learning)
        kept = min(values * own.batch_size * own.tokens * 4, _MOST_KEPT)
        return cls(
            encoder=files.name,
            head=own.head,
            parameters=parameters,
            tokens=own.tokens,
            windows=own.windows,
            batch_size=own.batch_size,
            epochs=own.epochs,
            minutes=products * tokens * facts.documents / _PRODUCTS_A_SECOND / 60,
            states_mb=states / _MB,
            memory_mb=(taken + states + kept) / _MB,
        )

    @property
    def time(self) -> str:
        """The minutes, for people."""
        return counted(max(1, round(self.minutes)), "minute")

    def line(self) -> str:
        """Say in words what will be done."""
        first = f"{self.windows} x" if self.windows > 1 else "the first"
        kind = "" if self.head == "mean" else ", with attention for each level"
        if self.states_mb:
            kind += (
                f", as it is: its states are computed once, about {self.states_mb:,.0f} MB, on "
                "disk with --cache, else in memory"
            )
        return (
            f"the transformer, {self.encoder}{kind}: {self.parameters / 1e6:,.0f} million weights; "
            f"batches of {self.batch_size}, at most {self.epochs} epochs, {first} {self.tokens} "
            f"tokens of a document; about {self.time} of one core that computes bfloat16, three "
            "times as long on others"
        )


class TransformerChoice(NamedTuple):
    """Whether an encoder is fine-tuned."""

    plan: TransformerPlan | None
    missed: str = ""
    """A line that says why ``auto`` fine-tunes none."""


def choose_transformer(config: Config, facts: TrainingFacts) -> TransformerChoice:
    """Answer for ``model.transformer``, with ``auto`` replaced by what suits data and machine.

    Raises:
        MissingExtraError, ConfigError: an encoder is wanted in any case, and cannot be used.
    """
    setting = config.model.transformer
    if setting == "off":
        return TransformerChoice(None)
    if setting == "auto" and not facts.english:
        reason = f"most of the text is not English; {SETTING} takes the directory of another one"
    elif setting == "auto" and (commands := missing_commands()):
        reason = f"MiniLM would make this model better: {' && '.join(commands)}"
    else:
        plan = TransformerPlan.of(config, facts)
        on_gpu = config.training.device not in ("auto", "cpu")
        if setting != "auto" or on_gpu or plan.minutes <= _MOST_MINUTES:
            return TransformerChoice(plan)
        reason = f"that would take about {plan.time} of one core, more than {_MOST_MINUTES}"
        reason += f"; {SETTING}=on takes them"
    return TransformerChoice(None, f"no encoder is fine-tuned: {reason}")


def head_fields(config: Config) -> dict[str, Any]:
    """Return the fields of a ``TransformerShape`` that shape its head."""
    head, model = config.transformer.head, config.model
    if head == "mean":
        return {"head": head}
    sizes = {"attention_size": model.attention_size, "fc_size": model.fc_size}
    return {"head": head, **sizes, "alpha": model.alpha}


def is_frozen(files: EncoderFiles, own: TransformerConfig) -> bool:
    """Whether the encoder stays as it is, and only a head learns."""
    return own.frozen_layers >= size_of(files.config, "layers")


def transformer_problems(files: EncoderFiles, around: int, own: TransformerConfig) -> list[str]:
    """Return what of the settings does not fit an encoder; around: tokens around a window."""
    problems = []
    most, layers = most_tokens(files.config), size_of(files.config, "layers")
    if most is not None and own.tokens > most:
        what = f"got {own.tokens:,}, but {files.name} reads {most:,} at most."
        problems.append(f"transformer.tokens: {what}")
    if own.tokens <= around:
        problems.append(f"transformer.tokens: got {own.tokens}, expected more than {around}.")
    if own.frozen_layers > layers:
        what = f"got {own.frozen_layers:,}, but {files.name} has {layers:,} layers."
        problems.append(f"transformer.frozen_layers: {what}")
    return problems
