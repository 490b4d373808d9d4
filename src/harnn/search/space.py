"""What settings are tried: ranges of numbers and lists of choices, written as settings are."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, get_args

from harnn._tables import hints_of, parse_value, read_toml, shown
from harnn.config import Config
from harnn.errors import ConfigError, Problem, suggest

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\s*\.\.\s*({_NUMBER})(\s+log)?", re.IGNORECASE)
_SYNTAX = 'expected "LOW..HIGH", "LOW..HIGH log" or a list of two values or more.'
_OF_NETWORK: Mapping[str, Mapping[str, Any]] = {
    "training": {"learning_rate": "0.0008..0.008 log", "weight_decay": "0.001..0.1 log"},
    "model": {
        "dropout": "0.2..0.7",
        "embedding_dropout": "0.0..0.5",
        "lstm_size": [64, 128, 256],
        "fc_size": [128, 256, 512],
    },
}
READ_BY_NETWORKS = frozenset(
    f"{table}.{key}"
    for table, keys in {
        "model": "encoder embedding_size lstm_size attention_size fc_size dropout "
        "embedding_dropout alpha max_constraint",
        "text": "vectors vectors_epochs freeze_vectors",
        "training": "epochs batch_size learning_rate schedule warmup weight_decay clip_norm focus "
        "negatives average patience precision share_labels",
    }.items()
    for key in keys.split()
)
"""Settings that make no difference where there is neither a network nor a fine-tuned encoder."""
_OF_LINEAR = (
    "data.text_fields",
    "text.segmenter",
    "text.text_encoder",
    "model.text_vectors",
    "model.labels_without_examples",
)
"""Settings that may make one there."""
_BRINGING = ("model.mode", "model.preset", "model.branches", "model.transformer")
"""Settings that may bring a network."""


@dataclass(frozen=True, slots=True)
class Range:
    """Numbers from low to high, both included."""

    low: float
    high: float
    log: bool = False
    """Whether 1 to 10 is as wide as 10 to 100."""
    whole: bool = False

    @property
    def ends(self) -> tuple[Any, ...]:
        return (self.low, self.high)


@dataclass(frozen=True, slots=True)
class Choice:
    """Some values."""

    values: tuple[Any, ...]

    @property
    def ends(self) -> tuple[Any, ...]:
        return self.values


@dataclass(frozen=True)
class Space:
    """Settings by their names, ``table.key``, and what each may be."""

    tried: Mapping[str, Range | Choice]

    @classmethod
    def of(cls, tables: Mapping[str, Any], base: Config, *, where: str = "") -> Self:
        """Read tables as :class:`harnn.config.Config` has them, with what to try for each setting.

        A value is ``"LOW..HIGH"``, evenly spread, or ``"LOW..HIGH log"``, or a list of choices.
        base: what the settings that are not tried are.

        Raises:
            ConfigError: a setting that there is not, or a value that it cannot have; all in one
                report.
        """
        tried: dict[str, Range | Choice] = {}
        problems = []
        for table, settings in tables.items():
            if not isinstance(settings, Mapping):
                what = f"[{table}] must be a table, got {shown(settings)}."
                problems.append(Problem(where, what))
                continue
            for key, value in settings.items():
                found = _read(table, key, value, where, base)
                if isinstance(found, Problem):
                    problems.append(found)
                else:
                    tried[f"{table}.{key}"] = found
        problems += _without_effect(tried, base, where)
        problems += _wrong_values(tried, base, where)
        if problems:
            raise ConfigError(problems)
        if not tried:
            raise ConfigError(Problem(where, "there is nothing to try.", _nothing(base)))
        return cls(tried)

    @classmethod
    def read(cls, path: Path | None, given: Sequence[str], base: Config) -> Self:
        """Read a TOML file and ``table.key=WHAT`` over it; neither: what a network usually needs.

        Raises:
            ConfigError: the file cannot be read, or see :meth:`of`.
        """
        tables = read_toml(path) if path is not None else {}
        for each in given:
            name, equals, value = each.partition("=")
            table, dot, key = name.strip().partition(".")
            if not (equals and dot and key):
                what = f"got {each!r}, expected table.key=WHAT,"
                hint = "for example model.dropout=0.2..0.7."
                raise ConfigError(Problem("--try", what, hint))
            settings = tables.setdefault(table, {})
            if isinstance(settings, dict):
                settings[key] = parse_value(value)
        if path is None and not given:
            tables = (
                {}
                if base.model.branches == "linear"
                else {k: {**v} for k, v in _OF_NETWORK.items()}
            )
        return cls.of(tables, base, where="--try" if given or path is None else str(path))

    def settings(self, values: Mapping[str, Any], base: Config) -> Config:
        """Return *base* with values for the settings that are tried.

        Raises:
            ConfigError: they do not fit each other.
        """
        return with_settings(base, values)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {name: dataclasses.asdict(each) for name, each in self.tried.items()}


def with_settings(base: Config, values: Mapping[str, Any]) -> Config:
    """Return *base* with values for some settings, by ``table.key``, and the rest as it was given.

    Raises:
        ConfigError: they do not fit each other.
    """
    tables = base.given()
    for name, value in values.items():
        table, _, key = name.partition(".")
        tables[table][key] = value
    return Config.from_dict(tables)


def _read(table: str, key: str, value: Any, where: str, base: Config) -> Range | Choice | Problem:
    sections = hints_of(Config)
    if table not in sections or not dataclasses.is_dataclass(sections[table]):
        hint = suggest(table, list(sections)) or _what_there_is(base)
        return Problem(where, f"unknown table [{table}].", hint)
    hints = hints_of(sections[table])
    if key not in hints:
        hint = suggest(key, list(hints)) or _what_there_is(base)
        return Problem(where, f"unknown key {table}.{key}.", hint)
    if isinstance(value, list) and len(value) > 1:
        if len({repr(each) for each in value}) < len(value):
            return Problem(where, f"{table}.{key}: got {shown(value)}, where a value stands twice.")
        return Choice(tuple(tuple(x) if isinstance(x, list) else x for x in value))
    match = _RANGE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return Problem(where, f"{table}.{key}: got {shown(value)}, {_SYNTAX}")
    kinds = {hints[key], *get_args(hints[key])}
    whole = int in kinds
    if not whole and float not in kinds:
        what = f"{table}.{key}: got {shown(value)}, but it is no number: expected a list."
        return Problem(where, what)
    low, high = (float(match[1]), float(match[2]))
    if whole and not (low.is_integer() and high.is_integer()):
        return Problem(where, f"{table}.{key}: got {shown(value)}, expected whole numbers.")
    if not low < high < float("inf"):
        return Problem(
            where, f"{table}.{key}: got {shown(value)}, expected the lower number first."
        )
    if match[3] and low <= 0:
        what = f"{table}.{key}: got {shown(value)}, but log needs numbers above 0."
        return Problem(where, what)
    if whole:
        return Range(int(low), int(high), bool(match[3]), whole=True)
    return Range(low, high, bool(match[3]))


def _is_linear(base: Config) -> bool:
    """Tell whether nothing learns by epochs."""
    return base.model.branches == "linear" and base.model.transformer == "off"


def _what_there_is(base: Config) -> str:
    """Say what can be tried."""
    if not _is_linear(base):
        return "harnn config names all settings."
    *others, last = _OF_LINEAR
    return (
        f"Without a network {', '.join(others)} and {last} may make a difference, the linear "
        "branch finds its cost by itself, and harnn config names all settings."
    )


def _without_effect(
    tried: Mapping[str, Range | Choice], base: Config, where: str
) -> Iterator[Problem]:
    """Yield which settings no part of such a model reads."""
    if not _is_linear(base) or any(name in tried for name in _BRINGING):
        return
    found = [name for name in tried if name in READ_BY_NETWORKS]
    if found:
        what = f"{', '.join(found)}: only networks read that, and there is none here"
        how = "preset fast" if base.model.preset == "fast" else "model.branches=linear"
        yield Problem(where, f"{what} ({how}).", _what_there_is(base))


def _wrong_values(
    tried: Mapping[str, Range | Choice], base: Config, where: str
) -> Iterator[Problem]:
    """Yield what is wrong with each end of a range and each choice, put into *base* alone."""
    for name, each in tried.items():
        for value in each.ends:
            try:
                with_settings(base, {name: value})
            except ConfigError as error:
                yield from (Problem(where, str(problem)) for problem in error.problems)


def _nothing(base: Config) -> str:
    if _is_linear(base):
        given = """--try 'text.segmenter=["words", "characters"]'."""
        return f"{_what_there_is(base)} Name some with --try, for example {given}"
    return "Name settings with --try, for example --try 'model.dropout=0.2..0.7'."
