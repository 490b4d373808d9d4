"""What a training will do: every choice that settings leave to it, and the memory it will need.

Nothing here trains or imports torch, so that ``harnn validate`` can say what ``harnn train`` will
do. The numbers behind the choices are in docs/experiments.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from harnn._optional import TORCH, command_for, is_installed
from harnn.config import Config, ModelConfig, TextConfig, TrainingConfig
from harnn.text import (
    MINILM_HINT,
    EncoderChoice,
    choose_encoder,
    encoder_installed,
    encoder_memory,
)
from harnn.training.plan_transformer import (
    TransformerChoice,
    TransformerPlan,
    choose_transformer,
)

MANY_LABELS = 20_000
"""From which on what takes time for each label is done for some of them, or not at all."""
_STEPS = 3_000
_CELLS = 1_000_000_000
"""Documents times labels, in all epochs together."""
_WORD_VECTOR_TOKENS = 32_000_000
_TEXT_VECTOR_TOKENS = 3_000_000
_MINILM_TOKENS = 6_000_000
"""As many abstracts again, for which MiniLM still brings a point, and other encoders nothing."""
_ON = "would take long; with model.text_vectors=on they are read"
_SAMPLED_LABELS = 4_096
_VALIDATION_BEAM = 32
"""Labels of a level whose children attend to a validation document, where labels are very many."""
_PIECE_SIZES = (2, 5)
_SHORT_TEXT = 50
"""Words, on average, up to which pieces of words are read too: of a short text every hint counts;
for a long one they bring next to nothing and cost five times the time. The same with vectors of
whole texts from a table, of which preset ``fast`` may be made."""
LINEAR_COSTS = (1.0, 0.3)
"""Of errors, to choose from: the first follows the documents closely, the other allows more."""
_TRIED_WORK = 1_000_000_000
"""Products of a vector's entry and a label: what each linear cost is tried on, seconds."""
_LIBRARIES_MB = 400.0
_NGRAM_BYTES = 40
_BLEND_TERMS = 12
_BLEND_BYTES = 5
_MOST_BLEND_VALUES = 100_000_000
_MB = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFacts:
    """What the choices depend on."""

    documents: int
    """Training documents."""
    tokens: int
    """Words of all training documents, cut to what is read of each."""
    vocabulary: int
    """Different words."""
    level_sizes: tuple[int, ...]
    """Labels of each level, from the top."""
    english: bool = False
    """Whether most of the text is."""

    @property
    def mean_words(self) -> float:
        """Of a document, cut to what is read of it."""
        return self.tokens / max(self.documents, 1)

    @property
    def label_count(self) -> int:
        return sum(self.level_sizes)

    @property
    def largest_level(self) -> int:
        return max(self.level_sizes, default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """The choices made."""

    branches: tuple[str, ...]
    """In the order of :data:`harnn.branches.KINDS`."""
    batch_size: int
    epochs: int
    """At most."""
    word_vector_epochs: int
    """Over the training text; more text without labels can lower it. 0: none are trained."""
    negatives: int
    """Labels of a level that a step is trained on beside the true ones; 0: all."""
    validation_beam: int | None
    """Labels of a level whose children attend to a document between epochs; None: all do."""
    memory_mb: float
    """See :func:`estimate_training_memory`; with what encoders take."""
    text_encoder: EncoderChoice | None = None
    """Of whole texts; None: no branch reads them."""
    without_text_encoder: str = ""
    """Why ``model.text_vectors=auto`` reads them with none."""
    transformer: TransformerPlan | None = None
    """None: no encoder is fine-tuned."""
    may_leave_out: bool = False
    """Whether a branch that the others can do without is left out."""
    no_transformer: str = ""
    """Why ``model.transformer=auto`` fine-tunes none."""

    @classmethod
    def of(cls, config: Config, facts: TrainingFacts) -> TrainingPlan:
        """Make all choices."""
        training = resolve_training(config.training, facts)
        negatives = sampled_labels(config, facts)
        trains_vectors = config.text.vectors in ("word2vec", "fasttext")
        network = trains_network(config.model)
        chosen = choose_transformer(config, facts)
        reads = planned_encoder(config, facts)
        asked = config.model.text_vectors == "auto" and may_read_text_vectors(config.model)
        without = reason_against_text_vectors(config, facts) if asked else ""
        memory_mb = estimate_training_memory(config, facts)
        if reads is not None:
            memory_mb += encoder_memory(reads, facts.documents) / _MB
        branches = planned_branches(config, facts, chosen)
        return cls(
            branches=branches,
            batch_size=training.batch_size,
            epochs=training.epochs,
            word_vector_epochs=(
                word_vector_epochs(config.text, facts.tokens) if network and trains_vectors else 0
            ),
            negatives=negatives,
            validation_beam=validation_beam(negatives, facts),
            memory_mb=memory_mb + (chosen.plan.memory_mb if chosen.plan else 0),
            text_encoder=reads,
            without_text_encoder=without,
            transformer=chosen.plan,
            may_leave_out=len(branches) > 1 and config.model.leave_out == "auto",
            no_transformer=chosen.missed,
        )

    @property
    def answers_without_torch(self) -> bool:
        """Whether its only network is one on vectors from a table, which NumPy computes."""
        encoder = self.text_encoder
        others = set(self.branches) - {"linear", "text_vectors"}
        return encoder is not None and encoder.name == "static" and not others

    @property
    def no_text_vectors(self) -> str:
        """What is told where ``auto`` reads no vectors of whole texts; empty: nothing."""
        if not self.without_text_encoder:
            return ""
        return f"no vectors of whole texts: {self.without_text_encoder}"

    def lines(self) -> Iterator[str]:
        """Say in words what will be done."""
        yield f"training will use the branches {', '.join(self.branches)}"
        if self.may_leave_out:
            yield "branches that validation does not miss are left out (model.leave_out)"
        if "network" in self.branches:
            line = f"the network: batches of {self.batch_size}, at most {self.epochs} epochs"
            if self.word_vector_epochs:
                line += f"; word vectors: {self.word_vector_epochs} epochs"
            if self.negatives:
                line += f"; {self.negatives:,} sampled labels of a level in each step"
            yield line
        if self.text_encoder is not None:
            yield f"vectors of whole texts: {self.text_encoder.describe()}"
        elif self.without_text_encoder:
            yield self.no_text_vectors
        if self.transformer is not None:
            yield self.transformer.line()
        if self.no_transformer:
            yield self.no_transformer
        if set(self.branches) != {"linear"} and not is_installed("torch"):
            yield f"training needs PyTorch, which is not installed: {command_for(TORCH)}"
        yield f"training will need about {self.memory_mb:,.0f} MB of memory"

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        encoder = None if self.text_encoder is None else self.text_encoder.to_dict()
        plain = dataclasses.asdict(self)
        return plain | {"branches": list(self.branches), "text_encoder": encoder}


def trains_linear(model: ModelConfig) -> bool:
    """Whether the settings want the linear branch."""
    return model.branches != "network"


def trains_network(model: ModelConfig) -> bool:
    """Whether the settings want networks."""
    return model.branches != "linear"


def needs_torch(model: ModelConfig) -> bool:
    """Whether the settings want something that PyTorch trains, whatever the documents are."""
    vectors = model.text_vectors == "on" or bool(model.document_vectors)
    return trains_network(model) or vectors or model.transformer not in ("off", "auto")


def is_fast(model: ModelConfig) -> bool:
    """Whether answers are to take next to nothing: preset ``fast`` as it is."""
    return model.preset == "fast" and model.branches == "linear"


def may_read_text_vectors(model: ModelConfig) -> bool:
    """Whether the settings want vectors of whole texts, at least of some data."""
    wanted = model.branches == "both" or is_fast(model)
    return model.text_vectors == "on" or (model.text_vectors == "auto" and wanted)


def reads_text_vectors(config: Config, facts: TrainingFacts) -> bool:
    """Answer for ``model.text_vectors``, with ``auto`` replaced by what suits the data."""
    model = config.model
    if model.text_vectors != "auto":
        return model.text_vectors == "on"
    return may_read_text_vectors(model) and not reason_against_text_vectors(config, facts)


def reason_against_text_vectors(config: Config, facts: TrainingFacts) -> str:
    """Say why ``auto`` reads no vectors of whole texts; nothing where it does.

    Those of a table alone are as quick as the rest of preset ``fast``; for long texts they bring
    little and take as much time as the rest, and those of other languages' encoder bring nothing.
    """
    fast = is_fast(config.model)
    if fast and facts.mean_words > _SHORT_TEXT:
        return f"texts have {facts.mean_words:,.0f} words on average, more than {_SHORT_TEXT}"
    better = not fast and _choose(config.text, facts, fast=False).is_bert
    most = _MINILM_TOKENS if better else _TEXT_VECTOR_TOKENS
    if facts.tokens > most:
        return f"{facts.tokens:,} words, more than {most:,}, {_ON}"
    if facts.label_count > MANY_LABELS:
        return f"{facts.label_count:,} labels, more than {MANY_LABELS:,}, {_ON}"
    if not fast:
        return ""
    chosen = _choose(config.text, facts, fast=True)
    if chosen.name == "static":
        if not encoder_installed("static"):
            return MINILM_HINT
        return "" if is_installed("torch") else f"they need PyTorch: {command_for(TORCH)}"
    return chosen.reason or f"{chosen.title} takes long"


def planned_encoder(config: Config, facts: TrainingFacts) -> EncoderChoice | None:
    """Return which encoder of whole texts is read; None where none is."""
    if not reads_text_vectors(config, facts):
        return None
    return _choose(config.text, facts, fast=is_fast(config.model))


def _choose(text: TextConfig, facts: TrainingFacts, *, fast: bool) -> EncoderChoice:
    return choose_encoder(text, english=facts.english, mean_words=facts.mean_words, fast=fast)


def planned_branches(
    config: Config, facts: TrainingFacts, transformer: TransformerChoice
) -> tuple[str, ...]:
    """Return which branches are trained."""
    model = config.model
    wanted = {
        "linear": trains_linear(model),
        "network": trains_network(model),
        "text_vectors": reads_text_vectors(config, facts),
        "document_vectors": bool(model.document_vectors),
        "transformer": transformer.plan is not None,
    }
    return tuple(name for name, is_wanted in wanted.items() if is_wanted)


def resolve_training(training: TrainingConfig, facts: TrainingFacts) -> TrainingConfig:
    """Return the settings with 0 replaced by what suits the data: batch size and epochs."""
    count = facts.documents
    batch_size = training.batch_size or (64 if count >= 20_000 else 32 if count >= 1_000 else 16)
    steps = -(-count // batch_size)
    affordable = max(4, _CELLS // max(count * facts.label_count, 1))
    epochs = training.epochs or min(40, max(6, -(-_STEPS // max(steps, 1))), affordable)
    return dataclasses.replace(training, batch_size=batch_size, epochs=epochs)


def word_vector_epochs(text: TextConfig, tokens: int) -> int:
    """Return ``text.vectors_epochs`` with 0 replaced by what suits *tokens* words of text."""
    return text.vectors_epochs or min(40, max(8, _WORD_VECTOR_TOKENS // max(tokens, 1)))


def sampled_labels(config: Config, facts: TrainingFacts) -> int:
    """Return ``training.negatives`` with 0 replaced by what suits the taxonomy; 0: all labels."""
    given = config.training.negatives
    if given:
        return given if given < facts.largest_level else 0
    reads_all = config.model.mode == "paper" or config.model.max_constraint
    return _SAMPLED_LABELS if facts.largest_level > MANY_LABELS and not reads_all else 0


def shares_labels(config: Config, label_count: int) -> bool:
    """Answer for ``training.share_labels``, with ``auto`` replaced by what suits the taxonomy."""
    wanted = config.training.share_labels
    if wanted != "auto":
        return wanted == "on"
    return label_count > MANY_LABELS and not config.model.max_constraint


def validation_beam(negatives: int, facts: TrainingFacts) -> int | None:
    """Return how many labels of a level let their children attend to a document between epochs.

    What the blend and the thresholds are fitted to is exact all the same.
    """
    return _VALIDATION_BEAM if negatives and facts.largest_level > MANY_LABELS else None


def piece_sizes(mean_words: float) -> tuple[int, int]:
    """Return the shortest and longest pieces of words to read, (0, 0) for none.

    mean_words: words of a training text.
    """
    return _PIECE_SIZES if mean_words <= _SHORT_TEXT else (0, 0)


def tried_labels(entries: int, label_count: int) -> int:
    """Return on how many labels a linear cost is tried, where all vectors have so many entries."""
    return min(label_count, max(1, _TRIED_WORK // max(entries, 1)))


def estimate_training_memory(config: Config, facts: TrainingFacts) -> float:
    """Estimate the memory of a training process in MB (10^6 bytes), good to a factor of two.

    With V words, L levels, C labels, batches of B documents of T words, and E, H, A, F as in
    docs/notation.md:

        parameters  = V E + 8 H (E + H + 2) + L (2 H A + F (4 H + 1)) + L F F + C (A + 2 F + 2)
        activations = B T (2 E + 24 H + L (2 H + A) + max C_l) + B L (4 H + 2 F) + 2 B C
        bytes       = 4 tokens + (with networks) 16 parameters + 8 activations

    16 bytes are the weight, its gradient and two moments of Adam; 8 bytes a value and its
    gradient. With the linear branch come its n-grams, 40 bytes a token, and the terms that the
    blend of a level reads, at most 100 million: 12 of 5 bytes for each label of the largest level
    and each validation document, taken to be a tenth of the training documents. 400 MB are added
    for the interpreter and its libraries.
    """
    model = config.model
    E, H, A, F = model.embedding_size, model.lstm_size, model.attention_size, model.fc_size
    L, C, widest = len(facts.level_sizes), facts.label_count, facts.largest_level
    B, T = resolve_training(config.training, facts).batch_size, config.text.max_length
    parameters = facts.vocabulary * E + 8 * H * (E + H + 2) + L * (2 * H * A + F * (4 * H + 1))
    parameters += L * F * F + C * (A + 2 * F + 2)
    activations = B * T * (2 * E + 24 * H + L * (2 * H + A) + widest)
    activations += B * L * (4 * H + 2 * F) + 2 * B * C
    found = 4 * facts.tokens
    if trains_network(model):
        found += 16 * parameters + 8 * activations
    if trains_linear(model):
        terms = min(_BLEND_TERMS * widest * facts.documents // 10, _MOST_BLEND_VALUES)
        found += _NGRAM_BYTES * facts.tokens + _BLEND_BYTES * terms
    return _LIBRARIES_MB + found / _MB
