"""Every knob on one page: frozen dataclasses, mirrored one to one by TOML tables.

The defaults of ``[model]`` and ``[training]`` depend on ``model.mode``: ``harnn`` (default) is
the repaired network with a linear branch beside it, ``paper`` the network and the settings of
Huang et al. (CIKM 2019); and on ``model.preset``: ``fast`` leaves the network out, ``best`` trains
several.
"""

from __future__ import annotations

import dataclasses
import tomllib
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints

from harnn.errors import ConfigError, Problem, suggest

Mode = Literal["harnn", "paper"]
Preset = Literal["default", "fast", "best"]
Branches = Literal["both", "linear", "network"]
TextVectors = Literal["auto", "on", "off"]
EncoderKind = Literal["lstm", "mingru"]
Score = Literal["auprc", "micro_f1", "macro_f1"]
Schedule = Literal["one-cycle", "exponential", "constant"]
Precision = Literal["auto", "32", "bf16"]
Segmenter = Literal["auto", "words", "characters", "jieba"]
OnError = Literal["fail", "skip"]
Strategy = Literal["threshold", "level", "label", "top_k", "f1", "deepest"]
TopOne = Literal["never", "empty", "always"]
Close = Literal["up", "down", "none"]
Language = Literal["en", "zh"]
"""Of the embedded sample."""
_STORED_NAMES = {("model", "text_vectors"): "sentences"}
"""Keys under the names that they had first: read for ever, and written into models."""


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Where ids, texts and labels stand in the documents' files."""

    id_field: str = "id"
    text_fields: tuple[str, ...] = ()
    """Named text fields, in reading order; empty: ``text``, or all fields of its object."""
    labels_field: str = "labels"
    label_separator: str = ";"
    """Separates labels inside one cell of CSV and TSV."""
    on_error: OnError = "fail"


@dataclass(frozen=True, kw_only=True)
class TextConfig:
    """From text to token ids."""

    segmenter: Segmenter = "auto"
    """``auto``: ``jieba`` where much of the text is Chinese and it is installed, else ``words``.
    With ``jieba``, words that are not in the vocabulary are read by their characters."""
    lowercase: bool = True
    min_count: int = 2
    """Words seen less often in the training text become the unknown word."""
    max_vocabulary: int = 200_000
    max_length: int = 256
    """Tokens read of a document; what is cut off is counted and reported."""
    vectors: str = "word2vec"
    """``word2vec`` or ``fasttext`` (trained on the training text), ``random``, ``glove-6b-50d``
    (extra ``glove``) or the path of a file of word vectors."""
    vectors_epochs: int = 0
    """Passes over the text that trains word vectors; 0: enough for about 32 million words, but 8
    to 40."""
    freeze_vectors: bool = False

    def check(self) -> list[Problem]:
        return [
            *_at_least("text.min_count", self.min_count, 1),
            *_at_least("text.max_vocabulary", self.max_vocabulary, 10),
            *_at_least("text.max_length", self.max_length, 1),
            *_at_least("text.vectors_epochs", self.vectors_epochs, 0),
        ]


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Shape of the network; letters as in docs/notation.md."""

    mode: Mode = "harnn"
    preset: Preset = "default"
    """``fast``: the linear branch alone, in seconds; ``best``: three networks instead of one,
    and vectors of whole texts for any size of data."""
    branches: Branches = "both"
    """``linear``: a linear model on n-grams; ``network``: HARNN; ``both``: their blend, which is
    better than either."""
    text_vectors: TextVectors = "auto"
    """Whether a small network reads vectors of whole texts too, from a pretrained encoder of 16
    languages: ``on``, ``off``, or, beside ``both``, where the training documents are short or few
    enough for it to take a minute or two, and labels at most 20,000 (``auto``)."""
    members: int = 1
    """Networks, alike but for the seed; their outputs are averaged."""
    encoder: EncoderKind = "lstm"
    """What reads the words in their order, in both directions: ``lstm``, or ``mingru``, a lighter
    recurrence."""
    embedding_size: int = 128
    """E. Given word vectors of another size override it."""
    lstm_size: int = 128
    """H of one direction of any encoder; the output has 2H."""
    attention_size: int = 128
    """A."""
    fc_size: int = 256
    """F."""
    dropout: float = 0.5
    embedding_dropout: float = 0.3
    alpha: float = 0.5
    """Weight of the global scores beside the local ones."""
    max_constraint: bool = False
    """Train the network so that a parent's score is at least its children's by construction
    (C-HMCNN), instead of only closing its answers afterwards."""

    def check(self) -> list[Problem]:
        sizes = ("members", "embedding_size", "lstm_size", "attention_size", "fc_size")
        problems = [p for name in sizes for p in _at_least(f"model.{name}", getattr(self, name), 1)]
        if self.mode == "paper" and self.preset != "default":
            what = f"got {self.preset!r}, but mode paper has no presets; leave one of them out."
            problems.append(Problem("model.preset", what))
        problems += _between("model.dropout", self.dropout, 0, 0.95)
        problems += _between("model.embedding_dropout", self.embedding_dropout, 0, 0.95)
        problems += _between("model.alpha", self.alpha, 0, 1)
        return problems


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
    ``exponential``: 0.95 every 500 steps, as in the reference implementation."""
    warmup: float = 0.15
    """Share of all steps spent warming up (``one-cycle``)."""
    weight_decay: float = 0.01
    clip_norm: float = 1.25
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
    seed: int = 13
    precision: Precision = "auto"
    """``auto``: bfloat16 autocast where the processor computes it natively."""
    device: str = "auto"
    threads: int = 0
    """CPU threads; 0: all cores."""

    def check(self) -> list[Problem]:
        problems = [
            *_at_least("training.epochs", self.epochs, 0),
            *_at_least("training.batch_size", self.batch_size, 0),
            *_at_least("training.patience", self.patience, 1),
            *_at_least("training.threads", self.threads, 0),
            *_at_least("training.seed", self.seed, 0),
            *_at_least("training.weight_decay", self.weight_decay, 0),
            *_at_least("training.average", self.average, 0),
            *_at_least("training.focus", self.focus, 0),
            *_at_least("training.negatives", self.negatives, 0),
            *_between("training.warmup", self.warmup, 0, 1),
        ]
        for name in ("learning_rate", "clip_norm"):
            if not getattr(self, name) > 0:
                problems.append(
                    Problem(
                        f"training.{name}", f"got {getattr(self, name)!r}, expected more than 0."
                    )
                )
        return problems


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
            problems += _between("decode.threshold", self.threshold, 0, 1)
        if self.top_k is not None:
            problems += _at_least("decode.top_k", self.top_k, 1)
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
    "best": {"members": 3, "text_vectors": "on"},
}


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings of a training run."""

    data: DataConfig = field(default_factory=DataConfig)
    text: TextConfig = field(default_factory=TextConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decode: DecodeConfig = field(default_factory=DecodeConfig)

    def __post_init__(self) -> None:
        """Check ranges.

        Raises:
            ConfigError: values out of range, all of them in one report.
        """
        problems = [
            p
            for section in (self.text, self.model, self.training, self.decode)
            for p in section.check()
        ]
        if self.training.negatives and (self.model.mode == "paper" or self.model.max_constraint):
            reader = "mode paper" if self.model.mode == "paper" else "model.max_constraint"
            what = f"got {self.training.negatives}, but {reader} reads all labels; leave one out."
            problems.append(Problem("training.negatives", what))
        if problems:
            raise ConfigError(problems)

    @classmethod
    def for_mode(cls, mode: Mode) -> Self:
        """Return the defaults of *mode*."""
        return cls.from_dict({"model": {"mode": mode}})

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any], *, where: str = "") -> Self:
        """Build from nested tables; what is not given takes the default of ``model.mode``
        and ``model.preset``.

        Raises:
            ConfigError: unknown keys (with suggestions), wrong types, values out of range.
        """
        problems: list[Problem] = []
        sections = {f.name: get_type_hints(cls)[f.name] for f in dataclasses.fields(cls)}
        given: dict[str, dict[str, Any]] = {name: {} for name in sections}
        for section, table in settings.items():
            if section not in sections:
                expected = "expected one of " + ", ".join(f"[{name}]" for name in sections) + "."
                hint = suggest(section, list(sections))
                problems.append(Problem(where, f"unknown table [{section}]; {expected}", hint))
            elif not isinstance(table, Mapping):
                problems.append(Problem(where, f"[{section}] must be a table, got {table!r}."))
            else:
                found, values = _read_table(section, sections[section], table, where)
                problems += found
                given[section] = values
        if problems:
            raise ConfigError(problems)
        presets: dict[str, dict[str, Any]] = {name: {} for name in sections}
        if given["model"].get("mode") == "paper":
            presets |= {"model": _PAPER_MODEL, "training": _PAPER_TRAINING, "text": _PAPER_TEXT}
        presets["model"] = presets["model"] | _PRESET_MODEL.get(
            given["model"].get("preset", "default"), {}
        )
        return cls(
            **{name: kind(**(presets[name] | given[name])) for name, kind in sections.items()}
        )

    @classmethod
    def read(cls, path: Path | str | None = None, settings: Sequence[str] = ()) -> Self:
        """Read a TOML file and apply ``table.key=value`` settings over it.

        Raises:
            ConfigError: the file is absent or no TOML, or see :meth:`from_dict`.
        """
        tables = _read_toml(Path(path)) if path is not None else {}
        for setting in settings:
            name, equals, value = setting.partition("=")
            section, dot, key = name.strip().partition(".")
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
                table[key] = _parse_value(value.strip())
        return cls.from_dict(tables, where=str(path) if path is not None else "--set")

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return nested plain values that :meth:`from_dict` reads back."""
        tables = dataclasses.asdict(self)
        return {
            name: {key: list(v) if isinstance(v, tuple) else v for key, v in table.items()}
            for name, table in tables.items()
        }

    def to_stored_dict(self) -> dict[str, dict[str, Any]]:
        """Return the same under the names that models and checkpoints have for them."""
        return {
            section: {_STORED_NAMES.get((section, key), key): v for key, v in table.items()}
            for section, table in self.to_dict().items()
        }


def _at_least(name: str, value: float, least: float) -> list[Problem]:
    if value >= least:
        return []
    return [Problem(name, f"got {value!r}, expected at least {least}.")]


def _between(name: str, value: float, low: float, high: float) -> list[Problem]:
    if low <= value <= high:
        return []
    return [Problem(name, f"got {value!r}, expected {low} to {high}.")]


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(Problem(str(path), "no such configuration file.")) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(Problem(str(path), f"cannot be read: {error}.")) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(Problem(str(path), f"is not valid TOML: {error}.")) from None


def _parse_value(text: str) -> Any:
    """Read the right side of ``--set``: a TOML value, ``none``, or else a plain string."""
    if text.lower() in ("none", "null"):
        return None
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _read_table(
    section: str, kind: type, table: Mapping[str, Any], where: str
) -> tuple[list[Problem], dict[str, Any]]:
    hints = {f.name: get_type_hints(kind)[f.name] for f in dataclasses.fields(kind)}
    problems: list[Problem] = []
    values: dict[str, Any] = {}
    renamed = {(place, old): new for (place, new), old in _STORED_NAMES.items()}
    for key, value in table.items():
        key = renamed.get((section, key), key)
        if (section, key) == ("decode", "close_upward") and isinstance(value, bool):
            values["close"] = "up" if value else "none"  # as earlier models have it
            continue
        if key not in hints:
            problems.append(
                Problem(where, f"unknown key {section}.{key}.", suggest(key, list(hints)))
            )
            continue
        converted, expected = _convert(value, hints[key])
        if expected:
            problems.append(Problem(where, f"{section}.{key}: got {value!r}, expected {expected}."))
        else:
            values[key] = converted
    return problems, values


def _convert(value: Any, hint: Any) -> tuple[Any, str]:
    """Return the value as *hint* wants it, and what was expected where it does not fit."""
    if get_origin(hint) is Literal:
        choices = get_args(hint)
        text = "none" if value is None else str(value)
        return text, "" if text in choices else "one of " + ", ".join(choices)
    if isinstance(hint, types.UnionType):
        if value is None:
            return None, ""
        inner = next(part for part in get_args(hint) if part is not type(None))
        converted, expected = _convert(value, inner)
        return converted, f"{expected} or none" if expected else ""
    if get_origin(hint) is tuple:
        if isinstance(value, str):
            value = [part.strip() for part in value.split(",") if part.strip()]
        fits = isinstance(value, list | tuple) and all(isinstance(part, str) for part in value)
        return (tuple(value), "") if fits else (value, "a list of strings")
    if hint is bool:
        return value, "" if isinstance(value, bool) else "true or false"
    if hint is int:
        whole = isinstance(value, int) and not isinstance(value, bool)
        return value, "" if whole else "a whole number"
    if hint is float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return (float(value), "") if number else (value, "a number")
    return (value, "") if isinstance(value, str) else (str(value), "a string")
