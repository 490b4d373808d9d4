"""Every knob on one page: frozen dataclasses, mirrored one to one by TOML tables.

The defaults of ``[model]``, ``[training]`` and ``[text]`` depend on ``model.mode``: ``harnn``
(default) is the repaired network with a linear branch beside it, ``paper`` the network and the
settings of Huang et al. (CIKM 2019); and on ``model.preset``: ``fast`` leaves the network out,
``best`` trains several. What is given wins over both, however a :class:`Config` is made.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

from harnn._continuing_settings import ContinuingConfig as ContinuingConfig
from harnn._data_settings import DataConfig as DataConfig
from harnn._data_settings import LabelsBy as LabelsBy
from harnn._data_settings import OnError as OnError
from harnn._tables import (
    between,
    hints_of,
    parse_value,
    read_table,
    read_toml,
    remembers_what_is_given,
    shown,
)
from harnn._text_settings import Segmenter as Segmenter
from harnn._text_settings import TextConfig as TextConfig
from harnn._transformer_settings import TransformerConfig as TransformerConfig
from harnn.errors import ConfigError, Problem, suggest

Mode = Literal["harnn", "paper"]
Preset = Literal["default", "fast", "best"]
Branches = Literal["both", "linear", "network"]
TextVectors = Literal["auto", "on", "off"]
EncoderKind = Literal["lstm", "mingru"]
Score = Literal["auprc", "micro_f1", "macro_f1"]
Schedule = Literal["one-cycle", "exponential", "constant"]
Precision = Literal["auto", "32", "bf16"]
RdfSyntax = Literal["turtle", "rdfxml", "ntriples", "nquads", "trig", "jsonld"]
TaxonomyForm = Literal[
    "pairs", "paths", "outline", "table", "json", "vocabulary", "label-studio", RdfSyntax
]
"""Forms of a taxonomy that are read: see docs/taxonomies.md."""
TaxonomyOutput = Literal[
    "tsv", "json", "turtle", "ntriples", "label-studio", "mermaid", "dot", "outline", "html"
]
"""Forms of a taxonomy that are written."""
ConceptCodes = Literal["auto", "notation", "iri"]
"""What concepts of SKOS are known by; see :mod:`harnn.taxonomy.skos_codes`."""
Strategy = Literal["threshold", "level", "label", "top_k", "f1", "deepest"]
TopOne = Literal["never", "empty", "always"]
Close = Literal["up", "down", "none"]
Language = Literal["en", "zh"]
"""Of the embedded sample."""
TrackerKind = Literal["csv", "tensorboard", "mlflow", "mlflow+model"]
"""What keeps trainings for comparison: see docs/tracking.md."""
_STORED_NAMES = {("model", "text_vectors"): "sentences"}
"""Keys under the names that they had first: read for ever, and written into models."""
_NOT_STORED = {("data", "fixes"), ("training", "share_labels")}
_NOTHING = object()
_CONTINUING = "continuing"
"""The table that is stored only where it differs from its defaults: most trainings do not go on
from a model."""
SETTLED_ANEW: dict[str, tuple[str, ...]] = {
    "text": ("freeze_vectors",),
    "model": ("document_vectors", "cascade", "leave_out"),
    "transformer": (
        "batch_size",
        "learning_rate",
        "layer_decay",
        "head_rate",
        "frozen_layers",
        "warmup",
        "weight_decay",
        "average",
        "patience",
        "recompute",
    ),
}
"""What may be given anew where training goes on from a model; of other tables everything."""
_DEVICE = re.compile(r"auto|cpu|mps|cuda(:\d{1,3})?")
_MOST_THREADS = 4_096
_MOST_WORDS = 2**31 - 1
_MOST_SEED = 2**32 - 1
_LARGEST_LAYER = 65_536


def is_given(section: Any, key: str) -> bool:
    """Tell whether a setting of a table was given, and is not just its default."""
    return key in section._given


@remembers_what_is_given
@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Shape of the network; letters as in docs/notation.md."""

    mode: Mode = "harnn"
    """``harnn``: the repaired network; ``paper``: that of the paper, with its settings."""
    preset: Preset = "default"
    """``fast``: the linear branch, of short English texts with a table of MiniLM's tokens where
    that is installed, in seconds; ``best``: three networks instead of one, vectors of whole texts
    for any size of data, and ``transformer=auto``."""
    branches: Branches = "both"
    """``linear``: a linear model on n-grams; ``network``: HARNN; ``both``: their blend, which is
    better than either."""
    text_vectors: TextVectors = "auto"
    """Whether a small network reads vectors of whole texts too, from a pretrained encoder of 16
    languages: ``on``, ``off``, or, beside ``both``, where the training documents have at most 3
    million words, 6 for MiniLM or a directory, and labels are at most 20,000 (``auto``). Preset
    ``fast``: see there."""
    transformer: str = "off"
    """Whether a pretrained transformer encoder is fine-tuned too, as ``[transformer]``: ``off``,
    ``on`` for MiniLM (docs/encoders.md), ``auto`` for it where it is installed, most of the text is
    English and it takes an hour of one core at most, or the directory of any encoder."""
    labels_without_examples: Literal["auto", "on", "off"] = "auto"
    """Whether labels that no training document has are scored by their names, from vectors of whole
    texts: ``auto`` where that finds held-out labels; docs/labels-without-examples.md."""
    document_vectors: str = ""
    """A file of vectors of the documents, training and validation, for a small network to read."""
    cascade: Literal["off", "auto"] = "off"
    """Whether documents that other branches are sure of are answered without encoders (``auto``),
    as many as validation allows with a loss of .1 points at most."""
    leave_out: Literal["auto", "off"] = "auto"
    """Whether a trained branch is left out of the model (``auto``) where the validation documents,
    500 at least, are answered as well without it: a tenth of a standard error is the limit."""
    members: int = 1
    """Networks, alike but for the seed; their outputs are averaged."""
    encoder: EncoderKind = "lstm"
    """What reads the words in their order, in both directions: ``lstm``, or ``mingru``, a lighter
    recurrence."""
    embedding_size: int = 128
    """E, of a word vector. Given word vectors of another size override it."""
    lstm_size: int = 128
    """H of one direction of any encoder; the output has 2H."""
    attention_size: int = 128
    """A, of the attention of a level."""
    fc_size: int = 256
    """F, of the layers that read what attention found."""
    dropout: float = 0.5
    """Share of the inner values that a step leaves out."""
    embedding_dropout: float = 0.3
    """The same of word vectors."""
    alpha: float = 0.5
    """Weight of the global scores beside the local ones."""
    max_constraint: bool = False
    """Train the network so that a parent's score is at least its children's by construction
    (C-HMCNN), instead of only closing its answers afterwards."""

    def check(self) -> list[Problem]:
        problems = between("model.members", self.members, 1, 1_000)
        for name in ("embedding_size", "lstm_size", "attention_size", "fc_size"):
            problems += between(f"model.{name}", getattr(self, name), 1, _LARGEST_LAYER)
        if self.branches == "linear" and self.members > 1:
            what = f"got {self.members}, but with branches linear there is no network."
            problems.append(Problem("model.members", what))
        for name in ("text_vectors", "transformer", "document_vectors"):
            value = getattr(self, name)
            if self.mode == "paper" and value not in ("auto", "off", ""):
                what = f"got {shown(value)}, but mode paper is the paper's network alone."
                problems.append(Problem(f"model.{name}", what))
        blind = self.mode == "paper" or self.text_vectors == "off"
        if blind and self.labels_without_examples == "on":
            what = "got 'on', but without vectors of whole texts no label is found by its name."
            problems.append(Problem("model.labels_without_examples", what))
        if self.mode == "paper" and self.preset != "default":
            what = f"got {self.preset!r}, but mode paper has no presets; leave one of them out."
            problems.append(Problem("model.preset", what))
        problems += between("model.dropout", self.dropout, 0, 0.95)
        problems += between("model.embedding_dropout", self.embedding_dropout, 0, 0.95)
        problems += between("model.alpha", self.alpha, 0, 1)
        return problems


@remembers_what_is_given
@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How the network is trained."""

    epochs: int = 0
    """At most; 0: enough for about 3,000 steps, but 6 to 40, and fewer, down to 4, where documents
    times labels are over 160 million."""
    batch_size: int = 0
    """Documents; 0: 64 from 20,000 training documents, 32 from 1,000, else 16."""
    learning_rate: float = 2.5e-3
    """The peak of the schedule."""
    schedule: Schedule = "one-cycle"
    """``one-cycle``: linear warm-up, then linear decay to zero over all epochs.
    ``exponential``: by 0.95 in 500 steps, the rate of the paper's authors."""
    warmup: float = 0.15
    """Share of all steps spent warming up (``one-cycle``)."""
    weight_decay: float = 0.01
    """Of AdamW."""
    clip_norm: float = 1.25
    """Gradients of a greater norm are shortened to it."""
    focus: float = 0.0
    """Of the focal loss: how much less a label counts that is already known; 0: cross-entropy."""
    negatives: int = 0
    """Labels of a level that a step is trained on beside the true ones of its documents, half of
    them siblings of those; each stands for those left out. 0: all, but 4,096 where a level has more
    than 20,000. Scores are always those of all labels."""
    average: float = 1.0
    """The weights kept are a running average over so many epochs; 0: the last step's."""
    patience: int = 3
    """Epochs without a better validation score before training stops."""
    score: Score = "auprc"
    """Of the validation documents, by which the best epoch is chosen."""
    seed: int = 13
    """The same seed, data and machine give the same model."""
    precision: Precision = "auto"
    """``auto``: bfloat16 autocast where the processor computes it natively."""
    device: str = "auto"
    """``cpu``, ``cuda``, ``cuda:NUMBER``, ``mps``; ``auto``: the fastest there is."""
    threads: int = 0
    """CPU threads; 0: all cores."""
    share_labels: Literal["auto", "on", "off"] = "auto"
    """What several processes share out of the network: its labels, of which each then holds some,
    or the documents of each step (``off``). ``auto``: labels where there are more than 20,000;
    docs/several-processes.md."""

    def check(self) -> list[Problem]:
        problems = [
            *between("training.epochs", self.epochs, 0, 1_000_000),
            *between("training.batch_size", self.batch_size, 0, 1_000_000),
            *between("training.patience", self.patience, 1, 1_000_000),
            *between("training.threads", self.threads, 0, _MOST_THREADS),
            *between("training.seed", self.seed, 0, _MOST_SEED),
            *between("training.weight_decay", self.weight_decay, 0, 1_000),
            *between("training.average", self.average, 0, 1_000_000),
            *between("training.focus", self.focus, 0, 100),
            *between("training.negatives", self.negatives, 0, _MOST_WORDS),
            *between("training.warmup", self.warmup, 0, 1),
        ]
        for name, most in (("learning_rate", 100.0), ("clip_norm", 1e9)):
            value = getattr(self, name)
            if not 0 < value <= most:
                what = f"got {shown(value)}, expected more than 0 and at most {most:g}."
                problems.append(Problem(f"training.{name}", what))
        if not _DEVICE.fullmatch(self.device):
            what = f"got {self.device!r}, expected auto, cpu, cuda, cuda:NUMBER or mps."
            problems.append(Problem("training.device", what))
        return problems


@remembers_what_is_given
@dataclass(frozen=True, kw_only=True)
class DecodeConfig:
    """From scores to label sets; can be changed at prediction without retraining."""

    strategy: Literal["auto", Strategy] = "auto"
    """``auto``: ``top_k`` where that is given, else ``threshold``, one for all labels. ``level``:
    a threshold for each level; ``label``: for each label, which finds more of the rare ones;
    ``f1``: the set with the highest expected F1; ``deepest``: down from the top as long as each
    step is sure. All are tuned on the validation documents and kept."""
    threshold: float | None = None
    """None: tuned for the best micro-F1."""
    top_k: int | None = None
    """The number of best labels; None: tuned for the best micro-F1."""
    top_1: Literal["auto", TopOne] = "auto"
    """When to add the best leaf with its ancestors: ``never``, where the answer is ``empty``, or
    ``always``. ``auto``: what has the best micro-F1 on the validation documents."""
    close: Close = "up"
    """``up``: with every label all its ancestors; ``down``: a label only where all its ancestors
    are chosen; ``none``: labels as they are."""

    @property
    def chosen_strategy(self) -> Strategy:
        """The strategy that ``auto`` stands for."""
        if self.strategy != "auto":
            return self.strategy
        return "threshold" if self.top_k is None else "top_k"

    def check(self) -> list[Problem]:
        problems: list[Problem] = []
        if self.threshold is not None:
            problems += between("decode.threshold", self.threshold, 0, 1)
        if self.top_k is not None:
            problems += between("decode.top_k", self.top_k, 1, _MOST_WORDS)
        return problems


_PAPER_MODEL = {
    "encoder": "lstm",
    "branches": "network",
    "embedding_size": 100,
    "lstm_size": 256,
    "attention_size": 200,
    "fc_size": 512,
    "dropout": 0.5,
    "embedding_dropout": 0.0,
}
_PAPER_TRAINING = {
    "batch_size": 32,
    "learning_rate": 1e-3,
    "schedule": "exponential",
    "weight_decay": 0.0,
    "average": 0.0,
}
_PAPER_TEXT = {"max_length": 150}
_PRESET_MODEL: dict[str, dict[str, Any]] = {
    "fast": {"branches": "linear"},
    "best": {"members": 3, "text_vectors": "on", "transformer": "auto"},
}


def _defaults_of(model: ModelConfig) -> dict[str, dict[str, Any]]:
    """Return by table the defaults that mode and preset have of their own."""
    if model.mode == "paper":
        return {"model": _PAPER_MODEL, "training": _PAPER_TRAINING, "text": _PAPER_TEXT}
    return {"model": _PRESET_MODEL.get(model.preset, {})}


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings of a training run."""

    data: DataConfig = field(default_factory=DataConfig)
    text: TextConfig = field(default_factory=TextConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decode: DecodeConfig = field(default_factory=DecodeConfig)
    transformer: TransformerConfig = field(default_factory=TransformerConfig)
    continuing: ContinuingConfig = field(default_factory=ContinuingConfig)

    def __post_init__(self) -> None:
        """Let mode and preset fill in what is not given, and check ranges.

        Raises:
            ConfigError: values out of range, all of them in one report.
        """
        for name, defaults in _defaults_of(self.model).items():
            section: Any = getattr(self, name)
            open_ones = {k: v for k, v in defaults.items() if k not in section._given}
            if open_ones:
                given = {k: getattr(section, k) for k in section._given}
                object.__setattr__(self, name, type(section)(**(given | open_ones)))
        problems = [
            p
            for section in (getattr(self, each.name) for each in dataclasses.fields(self))
            for p in section.check()
        ]
        if self.training.negatives and (self.model.mode == "paper" or self.model.max_constraint):
            reader = "mode paper" if self.model.mode == "paper" else "model.max_constraint"
            what = f"got {self.training.negatives}, but {reader} reads all labels; leave one out."
            problems.append(Problem("training.negatives", what))
        if self.training.share_labels == "on" and (reason := _holds_all_labels(self.model)):
            what = f"got 'on', but {reason}; leave one of them out."
            problems.append(Problem("training.share_labels", what))
        if problems:
            raise ConfigError(problems)

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any], *, where: str = "") -> Self:
        """Build from nested tables; what is not given takes the default of ``model.mode``
        and ``model.preset``.

        Raises:
            ConfigError: unknown keys (with suggestions), wrong types, values out of range.
        """
        given = _read_tables(cls, settings, where)
        sections = hints_of(cls)
        return cls(**{name: sections[name](**table) for name, table in given.items()})

    @classmethod
    def read(cls, path: Path | str | None = None, settings: Sequence[str] = ()) -> Self:
        """Read a TOML file and apply ``table.key=value`` settings over it.

        Raises:
            ConfigError: the file is absent or no TOML, or see :meth:`from_dict`.
        """
        tables = read_toml(Path(path)) if path is not None else {}
        _read_tables(cls, tables, str(path))  # so that each place answers for its own mistakes
        for setting in settings:
            name, equals, value = setting.partition("=")
            section, dot, key = name.strip().partition(".")
            key = key.strip()
            if not (equals and dot and key):
                raise ConfigError(
                    Problem(
                        "--set",
                        f"got {setting!r}, expected table.key=value,",
                        "for example training.epochs=5.",
                    )
                )
            table = tables.setdefault(section, {})
            if isinstance(table, dict):
                table[key] = parse_value(value)
        return cls.from_dict(tables, where="--set" if settings else str(path))

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return nested plain values that :meth:`from_dict` reads back."""
        tables = dataclasses.asdict(self)
        return {
            name: {key: list(v) if isinstance(v, tuple) else v for key, v in table.items()}
            for name, table in tables.items()
        }

    def given(self) -> dict[str, dict[str, Any]]:
        """Return what was given of each table, without what mode and preset filled in."""
        filled = _defaults_of(self.model)
        sections = ((each.name, getattr(self, each.name)) for each in dataclasses.fields(self))
        return {
            name: {
                key: getattr(section, key)
                for key in sorted(section._given)
                if getattr(section, key) != filled.get(name, {}).get(key, _NOTHING)
            }
            for name, section in sections
        }

    def to_stored_dict(self) -> dict[str, dict[str, Any]]:
        """Return the same under the names that models and checkpoints have for them."""
        usual = self.continuing == ContinuingConfig()
        return {
            section: {
                _STORED_NAMES.get((section, key), key): value
                for key, value in table.items()
                if (section, key) not in _NOT_STORED
            }
            for section, table in self.to_dict().items()
            if not (section == _CONTINUING and usual)
        }


def _holds_all_labels(model: ModelConfig) -> str:
    """Say why processes cannot each hold some labels of all that they train; empty: they can."""
    if model.branches == "linear":
        return "with branches linear there is no network"
    if model.max_constraint:
        return "model.max_constraint compares all labels"
    if model.transformer != "off":
        return "the head of a fine-tuned encoder (model.transformer) is not shared out"
    return ""


def _current_name(section: str, key: str, value: Any) -> tuple[str, Any]:
    """Return a setting under the name that it has now."""
    if (section, key) == ("decode", "close_upward") and isinstance(value, bool):
        return "close", "up" if value else "none"
    names = {(place, old): new for (place, new), old in _STORED_NAMES.items()}
    return names.get((section, key), key), value


def _read_tables(kind: type[Config], settings: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the values given in each table.

    Raises:
        ConfigError: unknown tables and keys, wrong types; all of them in one report.
    """
    problems: list[Problem] = []
    sections = hints_of(kind)
    given: dict[str, Any] = {name: {} for name in sections}
    for section, table in settings.items():
        if section not in sections:
            expected = "expected one of " + ", ".join(f"[{name}]" for name in sections) + "."
            hint = suggest(section, list(sections))
            problems.append(Problem(where, f"unknown table [{section}]; {expected}", hint))
        elif not isinstance(table, Mapping):
            what = f"[{section}] must be a table, got {shown(table)}."
            problems.append(Problem(where, what))
        else:
            current = dict(_current_name(section, key, value) for key, value in table.items())
            found, given[section] = read_table(section, sections[section], current, where)
            problems += found
    if problems:
        raise ConfigError(problems)
    return given
