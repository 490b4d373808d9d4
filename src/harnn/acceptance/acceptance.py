"""Down to which level documents are accepted unattended, and how right that is."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Self, get_args

import numpy as np
from numpy.typing import NDArray

from harnn._display import counted
from harnn._tables import shown
from harnn.acceptance.confidence import Judged
from harnn.acceptance.curve import Curve, CurvePoint, Reading, documents_needed
from harnn.acceptance.interval import as_asked, percent
from harnn.acceptance.label_sets import LabelSets
from harnn.errors import ConfigError, Problem
from harnn.taxonomy import Taxonomy

State = Literal["open", "no target", "too few documents", "out of reach", "closed above", "paused"]
STATES: tuple[State, ...] = get_args(State)
LEAST_TRAINING = 20
"""Training documents without which a label is not accepted, where it is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelAcceptance:
    """What is accepted on one level."""

    level: int
    """1 is the top."""
    name: str
    labels: int
    """How many the level has."""
    curve: Curve
    target: float | None
    """The least precision, above 0 and below 1; None: nothing is accepted to this level."""
    state: State
    """``open``; or why nothing is accepted to this level: ``no target``; ``too few documents``,
    validation has fewer with a label on it than it takes to show the target; ``out of reach``, no
    cut meets the target; ``closed above``, a level above has a target and is not open; ``paused``,
    its audit fell below its target."""
    place: int | None
    """Of the cut in the curve; None where the level is not open."""

    @property
    def point(self) -> CurvePoint | None:
        """The chosen cut with share and precision on validation; None where it is not open."""
        return None if self.place is None else self.curve.point(self.place)

    @property
    def cut(self) -> float | None:
        """The least confidence of a document that is accepted; None where it is not open."""
        return None if self.place is None else self.curve.point(self.place).cut

    @property
    def needed(self) -> int | None:
        """Accepted validation documents that the target takes at least; None without one."""
        return None if self.target is None else documents_needed(self.target)

    def sentence(self) -> str:
        """Say what the level promises, or why it does not."""
        if (point := self.point) is not None:
            on = f"on {counted(point.precision.count, 'validation document')}"
            return f"Right {point.precision} {on}; would accept {percent(point.share)}."
        if self.target is None:
            return "No target: nothing is accepted to this level."
        target, enough = as_asked(self.target), counted(self.needed or 0, "document")
        return {
            "too few documents": f"Too few validation documents: {self.curve.in_question:,} have a "
            f"label here, to show {target} takes at least {enough}.",
            "out of reach": f"Out of reach: no share of {enough} or more is right often enough for "
            f"{target}.",
            "closed above": "Closed, because a level above it is.",
            "paused": f"Paused: its audit fell below {target}.",
        }[self.state]


class Outcome(NamedTuple):
    """What becomes of so many documents like those of validation, in whole documents."""

    filed: tuple[int, ...]
    """(L,) filed to each level, from the top, and no deeper."""
    waiting: int
    """They wait for a person from the top."""
    wrong: int
    """Of those that are filed to any level, with a label that is wrong."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Acceptance:
    """A promise for one model: documents are filed to the deepest level that keeps its target.

    Built by :func:`make_acceptance`. A document is filed to a level if its confidence there (see
    :class:`Judged`) reaches the level's cut. Cuts never fall from an open level to the next one,
    and confidences never rise, so that whatever is filed to a level is accepted on all open levels
    above it as well: what a level promises holds for all documents filed to it *or deeper*.
    """

    model_hash: str
    """Of the model that answered, see :func:`harnn.bundle.fingerprint`."""
    taxonomy_hash: str
    """See :attr:`harnn.taxonomy.Taxonomy.version`."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """How the model was asked, where that was not its own way: ``strategy``, ``threshold``,
    ``top_k``, ``close``, ``top_1``, ``beam``."""
    reading: Reading = "bound"
    documents: int
    """Validation documents."""
    unanswered: int
    """Of them those without any label; they are never accepted."""
    least_training: int = 0
    """Labels with fewer training documents are never accepted; 0: all may be."""
    never: frozenset[str] = frozenset()
    """The codes of those labels."""
    levels: tuple[LevelAcceptance, ...]
    sets: LabelSets | None = None
    """Sets that hold all true labels so and so often; None where they were not asked for."""

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{each.level}: {each.state}" if (point := each.point) is None
            else f"{each.level}: {percent(point.share)}"
            for each in self.levels
        )  # fmt: skip
        return f"Acceptance({shown}; {counted(self.documents, 'validation document')})"

    @property
    def cuts(self) -> NDArray[np.float32]:
        """(L,) what a confidence must reach; infinite where a level is not open."""
        cuts = [np.inf if each.cut is None else each.cut for each in self.levels]
        return np.array(cuts, dtype=np.float32)

    @property
    def paused(self) -> frozenset[int]:
        """Levels that were paused."""
        return frozenset(each.level for each in self.levels if each.state == "paused")

    def check(self, model_hash: str, taxonomy_hash: str, options: Mapping[str, Any]) -> None:
        """Refuse answers that the acceptance says nothing about.

        model_hash: of the model that answers; options: how it is asked, as in ``options``; what is
        None is left out.

        Raises:
            ConfigError: they are of another model or taxonomy, or asked for otherwise.
        """
        again = "Make one for it with harnn acceptance."
        for noun, own, other in (
            ("model", self.model_hash, model_hash),
            ("taxonomy", self.taxonomy_hash, taxonomy_hash),
        ):
            if own != other:
                what = f"the acceptance is of the {noun} {own[:12]}, this is {other[:12]}."
                raise ConfigError(Problem("", what, again))
        asked = {name: value for name, value in options.items() if value is not None}
        if asked != self.options:
            made, now = _said(self.options), _said(asked)
            what = f"the acceptance was made with {made}, these answers with {now}."
            raise ConfigError(Problem("", what, "Ask in the same way, or make another."))

    def with_targets(
        self, level_targets: Mapping[int, float], *, reading: Reading | None = None
    ) -> Self:
        """Return the acceptance with other targets by level, its cuts chosen anew.

        Levels that are not named have none; paused ones stay paused as long as they have one.

        Raises:
            ConfigError: there is no such level, or a target is not above 0 and below 1.
        """
        chosen = reading or self.reading
        levels = _choose(self.levels, level_targets, chosen, self.paused)
        return dataclasses.replace(self, levels=levels, reading=chosen)

    def with_paused(self, paused: Collection[int]) -> Self:
        """Return the acceptance with these levels paused and no others.

        What was filed to a paused level or below it is filed to the open level above.

        Raises:
            ConfigError: there is no such level.
        """
        level_targets = {x.level: x.target for x in self.levels if x.target is not None}
        return dataclasses.replace(
            self, levels=_choose(self.levels, level_targets, self.reading, paused)
        )

    def outcome(self, of: int = 1_000) -> Outcome:
        """Say what becomes of so many documents like those of validation."""
        open_levels = [each for each in self.levels if each.place is not None]
        filed, wrong = np.zeros(len(self.levels) + 1), 0
        for each, deeper in itertools.zip_longest(open_levels, open_levels[1:]):
            judged, right = np.subtract(_counts(each, each.level), _counts(deeper, each.level))
            filed[each.level - 1] = judged
            wrong += int(judged - right)
        filed[-1] = self.documents - filed.sum()
        whole = _in_whole(filed * of / self.documents)
        return Outcome(tuple(whole[:-1]), whole[-1], round(wrong * of / self.documents))


def make_acceptance(
    judged: Judged,
    taxonomy: Taxonomy,
    level_targets: Mapping[int, float],
    *,
    model_hash: str,
    reading: Reading = "bound",
    options: Mapping[str, Any] | None = None,
    least_training: int = 0,
    never: Collection[str] = (),
    sets: LabelSets | None = None,
) -> Acceptance:
    """Choose the cuts that keep the targets of levels on documents that were judged.

    level_targets: precision by level, 1 being the top; a level that is not named has no target.
    model_hash, options, least_training, never, sets: as in :class:`Acceptance`; *judged* is without
    the labels in *never*. reading: see :meth:`Curve.choose`.

    Raises:
        ConfigError: there is no such level, or a target is not above 0 and below 1.
        ValueError: there is no document, or they were judged on other levels.
    """
    documents, depth = judged.confidence.shape
    if not documents or depth != taxonomy.depth:
        raise ValueError(f"Expected documents on {taxonomy.depth} levels, got {documents, depth}.")
    levels = tuple(
        LevelAcceptance(
            level=level,
            name=name,
            labels=labels,
            curve=Curve.count(judged.confidence, judged.right, level),
            target=None,
            state="no target",
            place=None,
        )
        for level, (name, labels) in enumerate(
            zip(taxonomy.level_names, taxonomy.hierarchy.level_sizes, strict=True), start=1
        )
    )
    return Acceptance(
        model_hash=model_hash,
        taxonomy_hash=taxonomy.version,
        options={name: v for name, v in (options or {}).items() if v is not None},
        reading=reading,
        documents=documents,
        unanswered=judged.unanswered,
        least_training=least_training,
        never=frozenset(never),
        levels=_choose(levels, level_targets, reading, ()),
        sets=sets,
    )


def _said(options: Mapping[str, Any]) -> str:
    said = ", ".join(f"{name} = {shown(value)}" for name, value in sorted(options.items()))
    return said or "the model's own options"


def _choose(
    levels: tuple[LevelAcceptance, ...],
    level_targets: Mapping[int, float],
    reading: Reading,
    paused: Collection[int],
) -> tuple[LevelAcceptance, ...]:
    """Choose all cuts from the top down.

    Raises:
        ConfigError: there is no such level, or a target is not above 0 and below 1.
    """
    _check(level_targets, paused, len(levels))
    floor, is_closed = 0.0, False
    found = []
    for each in levels:
        target = level_targets.get(each.level)
        state, place = _state(each, target, reading, floor, each.level in paused, is_closed)
        found.append(dataclasses.replace(each, target=target, state=state, place=place))
        is_closed = is_closed or state not in ("open", "no target")
        floor = floor if place is None else each.curve.point(place).cut
    return tuple(found)


def _state(
    each: LevelAcceptance,
    target: float | None,
    reading: Reading,
    floor: float,
    is_paused: bool,
    is_closed: bool,
) -> tuple[State, int | None]:
    if target is None:
        return "no target", None
    if is_paused:
        return "paused", None
    if is_closed:
        return "closed above", None
    if each.curve.in_question < documents_needed(target):
        return "too few documents", None
    place = each.curve.choose(target, reading, floor=floor)
    return ("out of reach", None) if place is None else ("open", place)


def _check(level_targets: Mapping[int, float], paused: Collection[int], depth: int) -> None:
    """Raises:
    ConfigError: there is no such level, or a target is not above 0 and below 1.
    """
    hint = f"The taxonomy has {counted(depth, 'level')}; 1 is the top."
    problems = [
        Problem("", f"there is no level {level!r}.", hint)
        for level in sorted({*level_targets, *paused} - set(range(1, depth + 1)), key=str)
    ]
    problems += [
        Problem("", f"the target of level {level} is {target}, expected above 0 and below 1.")
        for level, target in level_targets.items()
        if not 0 < target < 1
    ]
    if problems:
        raise ConfigError(problems)


def _counts(each: LevelAcceptance | None, level: int) -> tuple[int, int]:
    """Return how many of the validation documents that are accepted to a level are in question on
    *level*, the same or above, and how many of them are right there.
    """
    if each is None or each.place is None:
        return 0, 0
    curve = each.curve
    return int(curve.judged[each.place, level - 1]), int(curve.right[each.place, level - 1])


def _in_whole(shares: NDArray[np.float64]) -> list[int]:
    """Round so that the sum stays, the largest remainders upward."""
    whole = np.floor(shares + 1e-9).astype(int)
    missing = round(float(shares.sum())) - int(whole.sum())
    whole[np.argsort(whole - shares, kind="stable")[:missing]] += 1
    return [int(each) for each in whole]
