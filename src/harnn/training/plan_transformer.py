"""What fine-tuning a transformer encoder will cost, from its sizes alone; no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Self

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
_BYTES_A_WEIGHT = 24
"""The weight, its gradient, two moments of Adam, the average and the best."""
_MOST_KEPT = 2_000_000_000
"""Bytes of states that a step keeps, which is divided where it would be more."""
_MOST_MINUTES = 60
"""That ``auto`` spends; where it was measured, it took 9 and 18 (docs/experiments.md)."""
_MB = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformerPlan:
    """The cost of fine-tuning an encoder, good to a factor of two or three."""

    encoder: str
    """Its name."""
    parameters: int
    tokens: int
    windows: int
    batch_size: int
    epochs: int
    """At most."""
    minutes: float
    """Of one core that computes bfloat16 natively."""
    memory_mb: float

    @classmethod
    def of(cls, config: Config, facts: TrainingFacts) -> Self:
        """Estimate from the encoder's sizes and the lengths of the documents.

        A document of t tokens costs 3 t W products an epoch, W the weights of the layers; a W of
        L layers of size D and inner size I is L (4 D^2 + 2 D I).

        Raises:
            MissingExtraError, ConfigError: see :func:`read_encoder`.
        """
        files, own = read_encoder(config.model.transformer), config.transformer
        layers, size = size_of(files.config, "layers"), size_of(files.config, "hidden_size")
        inner = size_of(files.config, "intermediate_size") or 4 * size
        weights = layers * (4 * size**2 + 2 * size * inner)
        parameters = weights + size * (size_of(files.config, "vocabulary_size") + facts.label_count)
        words = facts.tokens / max(1, facts.documents)
        tokens = min(own.tokens * own.windows, _PIECES_A_WORD * words + _PIECES_AROUND)
        products = _PASSES * weights * tokens * facts.documents * own.epochs
        kept = layers * (_VALUES_A_STATE * size + 3 * inner) * own.batch_size * own.tokens * 4
        return cls(
            encoder=files.name,
            parameters=parameters,
            tokens=own.tokens,
            windows=own.windows,
            batch_size=own.batch_size,
            epochs=own.epochs,
            minutes=products / _PRODUCTS_A_SECOND / 60,
            memory_mb=(_BYTES_A_WEIGHT * parameters + min(kept, _MOST_KEPT)) / _MB,
        )

    @property
    def time(self) -> str:
        """The minutes, for people."""
        return counted(max(1, round(self.minutes)), "minute")

    def line(self) -> str:
        """Say in words what will be done."""
        first = f"{self.windows} x" if self.windows > 1 else "the first"
        return (
            f"the transformer, {self.encoder}: {self.parameters / 1e6:,.0f} million weights; "
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
