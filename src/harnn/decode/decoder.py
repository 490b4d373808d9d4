"""How a trained model chooses labels, as kept beside its weights."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self, TypedDict, Unpack, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from harnn._memory import row_blocks
from harnn._scratch import blank
from harnn.config import Close, Strategy, TopOne
from harnn.decode.scores import Scores
from harnn.decode.settings import Sizes, decoder_problems
from harnn.decode.strategies import STRATEGIES
from harnn.errors import BundleError, ConfigError, Problem
from harnn.taxonomy import Hierarchy

_BY_SCORE: tuple[Strategy, ...] = ("threshold", "level", "label")
"""Strategies that ask each score alone whether it is enough."""
_STANDS_FOR: Mapping[str, Strategy] = {
    "threshold": "threshold",
    "top_k": "top_k",
    "thresholds": "label",
}


class DecodeOptions(TypedDict, total=False):
    """What can be chosen at prediction; None, or left out, is the model's own."""

    strategy: Strategy | None
    threshold: float | None
    """One for all labels; stands for the strategy ``threshold``."""
    top_k: int | None
    """Stands for the strategy ``top_k``."""
    thresholds: Sequence[float] | Mapping[str, float] | Mapping[int, float] | str | Path | None
    """One for each label, in the order of the columns; stands for the strategy ``label``. A
    :class:`harnn.Predictor` takes them by codes of labels, by levels or from a table too, see
    :func:`harnn.prediction.read_thresholds`."""
    close: Close | None
    top_1: TopOne | None


@dataclass(frozen=True, repr=False)
class Decoder:
    """A policy that turns scores into label sets; all its settings were tuned on validation.

    Strategies, all on scores closed as ``close`` says:

    - ``threshold``: labels scored at least ``threshold``
    - ``level``: the same with one threshold for each level
    - ``label``: the same with one threshold for each label
    - ``top_k``: the k best labels of each document
    - ``f1``: the set with the highest expected F1, see :func:`harnn.decode.best_expected_f1`
    - ``deepest``: from the top down as long as each step is at least as sure as ``confidence``,
      see :meth:`harnn.taxonomy.Hierarchy.path_confidence`; always closed

    ``close``: ``up`` gives every label at least the score of its descendants, so that a set holds
    all ancestors of its labels; ``down`` gives it at most the score of its ancestors, so that a
    label is chosen only with all its ancestors; ``none`` leaves labels alone. ``top_1`` adds the
    leaf with the highest score, with all its ancestors, to sets that are ``empty`` or ``always``.

    Raises:
        ValueError: a setting is out of range, or the strategy lacks what it needs.
    """

    threshold: float
    _: dataclasses.KW_ONLY
    strategy: Strategy = "threshold"
    level_thresholds: tuple[float, ...] | None = None
    """(L,) from the top level down."""
    label_thresholds: tuple[float, ...] | None = None
    """(C,) in the order of the columns."""
    top_k: int | None = None
    confidence: float | None = None
    top_1: TopOne = "never"
    close: Close = "up"

    def __post_init__(self) -> None:
        problems = decoder_problems(vars(self), self._names(), where="")
        if not problems and self.strategy not in self.strategies:
            problems.append(Problem("", _lacking(self.strategy)))
        if problems:
            raise ValueError(" ".join(map(str, problems)))

    def __repr__(self) -> str:
        return f"Decoder({self.describe()}; close {self.close})"

    @property
    def strategies(self) -> tuple[Strategy, ...]:
        """The strategies that this decoder has all settings for."""
        return tuple(
            strategy
            for strategy, kind in STRATEGIES.items()
            if kind.needs is None or getattr(self, kind.needs) is not None
        )

    def with_options(self, **options: Unpack[DecodeOptions]) -> Self:
        """Return this decoder with what *options* change.

        A threshold or top_k that is given is meant literally: with it ``top_1`` is ``never``, where
        that is not given too.

        Raises:
            ConfigError: options exclude each other, or the model lacks what a strategy needs.
            ValueError: an option is out of range.
        """
        unknown = options.keys() - DecodeOptions.__annotations__.keys()
        if unknown:
            raise TypeError(f"Unknown decoding options: {', '.join(sorted(unknown))}.")
        given = {name: value for name, value in options.items() if value is not None}
        implied = [name for name in _STANDS_FOR if name in given]
        if len(implied) > 1:
            names = " and ".join(implied)
            raise ConfigError(f"{names} exclude each other; give one of them.")
        if "threshold" in given or "top_k" in given:
            given.setdefault("top_1", "never")
        meant = [_STANDS_FOR[name] for name in implied]
        strategy = cast(Strategy, given.setdefault("strategy", (*meant, self.strategy)[0]))
        if implied and strategy != meant[0]:
            raise ConfigError(
                f"{implied[0]} stands for the strategy {meant[0]}, got the strategy {strategy}; "
                "give one of them."
            )
        if "thresholds" in given:
            given["label_thresholds"] = _per_label(given.pop("thresholds"))
        kind = STRATEGIES.get(strategy) if isinstance(strategy, str) else None
        needed = kind.needs if kind is not None else None
        if needed is not None and given.get(needed, getattr(self, needed)) is None:
            choices = ", ".join(self.strategies)
            raise ConfigError(f"{_lacking(strategy)} It has {choices}.")
        changed = {name: v for name, v in given.items() if v != getattr(self, name)}
        return self._changed(**changed) if changed else self

    def _changed(self, **given: object) -> Self:
        """Return this decoder with other settings; what stays, thresholds of labels, is checked."""
        problems = decoder_problems({"threshold": 0.5} | given, self._names(), where="")
        if problems:
            raise ValueError(" ".join(map(str, problems)))
        changed = object.__new__(type(self))
        fields = {name: getattr(self, name) for name in self._names()}
        for name, value in (fields | given).items():
            object.__setattr__(changed, name, value)
        return changed

    @classmethod
    def _names(cls) -> list[str]:
        return [field.name for field in dataclasses.fields(cls)]

    def unclosed(self) -> Self:
        """Return the decoder without closing and additions, for counting violations."""
        return self._changed(close="none", top_1="never")

    def choose(self, scores: NDArray[np.float32], hierarchy: Hierarchy) -> csr_array[np.bool_]:
        """Choose label sets (N, C) from scores (N, C) that are not yet closed.

        Thresholds are compared in float32; of equal scores the left column comes first, which is
        never below the other in the hierarchy.

        Raises:
            ValueError: the scores are not of the hierarchy's labels, or the decoder was tuned for
                other levels or labels.
        """
        self._check(hierarchy, scores.shape[1])
        blocks = (scores[rows] for rows in row_blocks(*scores.shape))
        closed = (hierarchy.close(block, self.close) for block in blocks)
        return self._gather(closed, hierarchy, rows=len(scores))

    def decode(self, scores: Scores, hierarchy: Hierarchy) -> tuple[Scores, csr_array[np.bool_]]:
        """Return the scores as a user sees them, closed, and the label sets (N, C).

        Raises:
            ValueError: see :meth:`choose`.
        """
        values = scores.values
        self._check(hierarchy, values.shape[1])
        shown = values if self.close == "none" else blank(values.shape, np.float32)

        def closed() -> Iterator[NDArray[np.float32]]:
            for rows in row_blocks(*values.shape):
                block = hierarchy.close(values[rows], self.close)
                if self.close != "none":
                    shown[rows] = block
                yield block

        chosen = self._gather(closed(), hierarchy, rows=len(values))
        return Scores(scores.ids, shown), chosen

    def thresholds_of(self, hierarchy: Hierarchy) -> NDArray[np.float32]:
        """Return what the strategy asks of all labels, (), or of each, (C,)."""
        if self.strategy == "level":
            return self._thresholds[hierarchy.levels - 1]
        return self._thresholds

    def own_thresholds(
        self, hierarchy: Hierarchy, strategy: Strategy | None = None
    ) -> NDArray[np.float32]:
        """Return the threshold of each label, (C,), by *strategy*, or else by that in use.

        Where scores alone do not decide (``top_k``, ``f1``, ``deepest``) they are those that were
        tuned for each label, or else the one for all.

        Raises:
            ConfigError: the model lacks what the strategy needs.
            ValueError: the decoder was tuned for other levels or labels.
        """
        tuned: Strategy = "threshold" if self.label_thresholds is None else "label"
        wanted = strategy or (self.strategy if self.strategy in _BY_SCORE else tuned)
        decoder = self if wanted == self.strategy else self.with_options(strategy=wanted)
        cuts = decoder.label_cuts(hierarchy)
        if cuts is None:
            what = f"The strategy {wanted} has no thresholds; {', '.join(_BY_SCORE)} have some."
            raise ConfigError(what)
        return cuts

    def label_cuts(self, hierarchy: Hierarchy) -> NDArray[np.float32] | None:
        """Return the score that each label must reach, (C,); None where scores alone do not decide.

        Raises:
            ValueError: the decoder was tuned for other levels or labels.
        """
        self._check(hierarchy, len(hierarchy))
        if self.strategy not in _BY_SCORE:
            return None
        return np.broadcast_to(self.thresholds_of(hierarchy), len(hierarchy))

    def describe(self) -> str:
        """Say in words which labels are chosen."""
        more = {
            "never": "",
            "empty": ", else the best leaf with its ancestors",
            "always": ", and the best leaf with its ancestors",
        }[self.top_1]
        return STRATEGIES[self.strategy].describe(self) + more

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, as :meth:`from_dict` reads them."""
        plain = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in plain.items()}

    @classmethod
    def from_dict(
        cls, settings: Any, *, where: str = "decode.json", hierarchy: Hierarchy | None = None
    ) -> Self:
        """Read what :meth:`to_dict` wrote; *hierarchy*, where given, tells how many thresholds
        there are.

        Raises:
            BundleError: keys are unknown or missing, or values have another type, number or
                range; all of them in one report.
        """
        sizes = Sizes() if hierarchy is None else Sizes(hierarchy.depth, len(hierarchy))
        problems = decoder_problems(settings, cls._names(), where=where, sizes=sizes)
        if problems:
            raise BundleError(problems)
        plain: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list | tuple) else v for name, v in settings.items()
        }
        try:
            return cls(**plain)
        except ValueError as error:
            raise BundleError(Problem(where, str(error))) from None

    @cached_property
    def _thresholds(self) -> NDArray[np.float32]:
        """Of all labels (), of each level (L,) or of each label (C,), as the strategy wants."""
        if self.strategy in ("level", "label"):
            return np.asarray(getattr(self, f"{self.strategy}_thresholds"), dtype=np.float32)
        least = self.confidence if self.strategy == "deepest" else self.threshold
        return np.asarray(least, dtype=np.float32)

    def _check(self, hierarchy: Hierarchy, columns: int) -> None:
        hierarchy.check_columns(columns)
        for name, thresholds, expected in (
            ("level", self.level_thresholds, hierarchy.depth),
            ("label", self.label_thresholds, len(hierarchy)),
        ):
            if self.strategy == name and thresholds is not None and len(thresholds) != expected:
                raise ValueError(
                    f"Expected scores of {len(thresholds):,} {name}s, as the thresholds were "
                    f"tuned for, got {expected:,}."
                )

    def _gather(
        self, blocks: Iterator[NDArray[np.float32]], hierarchy: Hierarchy, *, rows: int
    ) -> csr_array[np.bool_]:
        """Choose from closed scores, block by block."""
        choose = STRATEGIES[self.strategy].choose
        lengths, columns = [np.zeros(1, dtype=np.int64)], [np.empty(0, dtype=np.int32)]
        for block in blocks:
            chosen = choose(self, block, hierarchy)
            if self.top_1 != "never":
                chosen = self._with_top_1(chosen, block, hierarchy)
            lengths.append(np.count_nonzero(chosen, axis=1))
            columns.append(np.nonzero(chosen)[1].astype(np.int32))
        indices = np.concatenate(columns)
        indptr = np.cumsum(np.concatenate(lengths))
        cells = (np.ones(len(indices), np.bool_), indices, indptr)
        return csr_array(cells, shape=(rows, len(hierarchy)))

    def _with_top_1(
        self, chosen: NDArray[np.bool_], block: NDArray[np.float32], hierarchy: Hierarchy
    ) -> NDArray[np.bool_]:
        """Add the best leaf and its ancestors: the best label of all is always a root."""
        rows = np.arange(len(block)) if self.top_1 == "always" else np.flatnonzero(~chosen.any(1))
        if len(rows) and block.shape[1]:
            best = hierarchy.leaves[np.argmax(block[rows][:, hierarchy.leaves], axis=1)]
            added = np.zeros((len(rows), block.shape[1]), dtype=np.bool_)
            added[np.arange(len(rows)), best] = True
            chosen[rows] |= hierarchy.lift(added)
        return chosen


def _lacking(strategy: Strategy) -> str:
    if strategy == "top_k":
        return "The strategy top_k needs top_k, the number of labels."
    needed = STRATEGIES[strategy].needs
    return f"The strategy {strategy} needs {needed}, which this model was not tuned for."


def _per_label(thresholds: Any) -> tuple[float, ...]:
    """Raises:
    TypeError: they are not one number for each label.
    """
    if isinstance(thresholds, Sequence) and not isinstance(thresholds, str):
        return tuple(thresholds)
    raise TypeError(f"Expected a number for each label, got {type(thresholds).__name__}.")


def plain_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as files keep them: without what is None, thresholds of labels by a hash."""
    plain = {name: value for name, value in options.items() if value is not None}
    if "thresholds" in plain:
        text = json.dumps(list(map(float, plain["thresholds"])))
        plain["thresholds"] = hashlib.sha256(text.encode()).hexdigest()
    return plain
