"""Down to which level documents are accepted unattended, and how right that is."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from harnn._display import counted, percent
from harnn._tables import shown
from harnn.acceptance.confidence import Judged, filed_levels
from harnn.acceptance.curve import Curve, CurvePoint, Reading, documents_needed
from harnn.acceptance.interval import as_asked
from harnn.acceptance.label_sets import LabelSets
from harnn.errors import ConfigError, Problem
from harnn.taxonomy import Taxonomy

State = Literal["open", "no target", "too few documents", "out of reach", "closed above", "paused"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LevelAcceptance:
    """What is accepted on one level."""

    level: int
    """1 is the top."""
    name: str
    labels: int
    """How many the level has."""
    curve: Curve
    """Of the documents that are accepted on all open levels above."""
    target: float | None
    """The least precision, above 0 and below 1; None: nothing is accepted to this level."""
    state: State
    """``open``; or why nothing is accepted to this level: ``no target``; ``too few documents``,
    fewer of validation are in question than it takes to show the target; ``out of reach``, no
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
            "too few documents": f"Too few validation documents: {self.curve.in_question:,} are "
            f"in question here, to show {target} takes at least {enough}.",
            "out of reach": f"Out of reach: no share of {enough} or more is right often enough for "
            f"{target}.",
            "closed above": "Closed, because a level above it is.",
            "paused": f"Paused: its audit fell below {target}.",
        }[self.state]

    def to_dict(self, *, most: int = 200) -> dict[str, Any]:
        """Return plain values for JSON; most: points of the curve, see :meth:`Curve.points`."""
        names = ("level", "name", "labels", "target", "state", "needed")
        point = self.point
        return {
            **{name: getattr(self, name) for name in names},
            "in_question": self.curve.in_question,
            "accepted": None if point is None else point.to_dict(),
            "sentence": self.sentence(),
            "curve": [each.to_dict() for each in self.curve.points(most)],
        }


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
    :class:`Judged`) reaches the level's cut, and on all open levels above it theirs: what a level
    promises holds for all documents filed to it *or deeper*.
    """

    model_hash: str
    """Of the model that answered, see :func:`harnn.bundle.fingerprint`."""
    taxonomy_hash: str
    """See :attr:`harnn.taxonomy.Taxonomy.version`."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """How the model was asked, where that was not its own way: ``strategy``, ``threshold``,
    ``top_k``, ``close``, ``top_1``, ``beam``."""
    reading: Reading = "bound"
    judged: Judged
    """The validation documents."""
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
    def documents(self) -> int:
        """Number of validation documents."""
        return len(self.judged)

    @property
    def cuts(self) -> NDArray[np.float32]:
        """(L,) what a confidence must reach; infinite where a level is not open."""
        cuts = [np.inf if each.cut is None else each.cut for each in self.levels]
        return np.array(cuts, dtype=np.float32)

    @property
    def paused(self) -> frozenset[int]:
        """Levels that were paused."""
        return frozenset(each.level for each in self.levels if each.state == "paused")

    def check(
        self, model_hash: str, taxonomy: Taxonomy, options: Mapping[str, Any], *, where: str = ""
    ) -> None:
        """Refuse answers that the acceptance says nothing about.

        model_hash: of the model that answers; options: how it is asked, as in ``options``; what is
        None is left out. where: the acceptance stands, for messages.

        Raises:
            ConfigError: they are of another model or taxonomy, or asked for otherwise; or levels or
                labels of the acceptance are not those of its taxonomy.
        """
        again = "Make one for it with harnn acceptance."
        for noun, own, other in (
            ("model", self.model_hash, model_hash),
            ("taxonomy", self.taxonomy_hash, taxonomy.version),
        ):
            if own != other:
                what = f"the acceptance is of the {noun} {own[:12]}, this is {other[:12]}."
                raise ConfigError(Problem(where, what, again))
        if len(self.levels) != taxonomy.depth or not self.never <= taxonomy.index.keys():
            what = "levels or labels of the acceptance are not in its taxonomy: it is damaged."
            raise ConfigError(Problem(where, what, again))
        asked = {name: value for name, value in options.items() if value is not None}
        if asked != self.options:
            made, now = _said(self.options), _said(asked)
            what = f"the acceptance was made with {made}, these answers with {now}."
            raise ConfigError(Problem(where, what, "Ask in the same way, or make another."))

    def with_targets(
        self, level_targets: Mapping[int, float], *, reading: Reading | None = None
    ) -> Self:
        """Return the acceptance with other targets by level, its cuts chosen anew.

        Levels that are not named have none; paused ones stay paused as long as they have one.

        Raises:
            ConfigError: there is no such level, or a target is not above 0 and below 1.
        """
        chosen = reading or self.reading
        levels = _choose(self.judged, self.levels, level_targets, chosen, self.paused)
        return dataclasses.replace(self, levels=levels, reading=chosen)

    def with_paused(self, paused: Collection[int]) -> Self:
        """Return the acceptance with these levels paused and no others.

        What was filed to a paused level or below it is filed to the open level above.

        Raises:
            ConfigError: there is no such level.
        """
        level_targets = {x.level: x.target for x in self.levels if x.target is not None}
        levels = _choose(self.judged, self.levels, level_targets, self.reading, paused)
        return dataclasses.replace(self, levels=levels)

    def outcome(self, of: int = 1_000) -> Outcome:
        """Say what becomes of so many documents like those of validation."""
        found = count_outcome(self.judged, self.cuts)
        exact = np.array([*found.filed, found.waiting]) * of / self.documents
        *filed, waiting = _in_whole(exact)
        return Outcome(tuple(filed), waiting, round(found.wrong * of / self.documents))

    def to_dict(self, *, most: int = 200) -> dict[str, Any]:
        """Return what is to be shown as plain values for JSON; most: points of each curve.

        A file that can be read again is what :func:`save_acceptance` writes.
        """
        names = ("model_hash", "taxonomy_hash", "reading", "documents", "least_training")
        return {
            **{name: getattr(self, name) for name in names},
            "options": dict(self.options),
            "unanswered": self.judged.unanswered,
            "never": len(self.never),
            "levels": [each.to_dict(most=most) for each in self.levels],
            "of_1000": self.outcome()._asdict(),
        }


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
    sizes = taxonomy.hierarchy.level_sizes
    levels = make_levels(judged, taxonomy.level_names, sizes)
    return Acceptance(
        model_hash=model_hash,
        taxonomy_hash=taxonomy.version,
        options={name: v for name, v in (options or {}).items() if v is not None},
        reading=reading,
        judged=judged,
        least_training=least_training,
        never=frozenset(never),
        levels=_choose(judged, levels, level_targets, reading, ()),
        sets=sets,
    )


def make_levels(
    judged: Judged, names: Sequence[str], sizes: Sequence[int]
) -> tuple[LevelAcceptance, ...]:
    """Return levels without targets; names, sizes: (L,) their names and numbers of labels."""
    return tuple(
        LevelAcceptance(
            level=level,
            name=name,
            labels=size,
            curve=Curve.count(confidence, right),
            target=None,
            state="no target",
            place=None,
        )
        for level, (name, size, confidence, right) in enumerate(
            zip(names, sizes, judged.confidence.T, judged.right.T, strict=True), start=1
        )
    )


def count_outcome(judged: Judged, cuts: NDArray[np.float32]) -> Outcome:
    """Count what becomes of all judged documents; cuts: see :func:`filed_levels`."""
    deepest = filed_levels(judged.confidence, cuts)
    waiting, *filed = np.bincount(deepest, minlength=len(cuts) + 1).tolist()
    rows = np.flatnonzero(deepest)
    wrong = np.count_nonzero(~judged.right[rows, deepest[rows] - 1])
    return Outcome(tuple(filed), waiting, int(wrong))


def _said(options: Mapping[str, Any]) -> str:
    said = ", ".join(f"{name} = {shown(value)}" for name, value in sorted(options.items()))
    return said or "the model's own options"


def _choose(
    judged: Judged,
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
    left = np.ones(len(judged), dtype=np.bool_)
    """Documents that fail on no open level above."""
    is_closed = False
    found = []
    for each, confidence, right in zip(levels, judged.confidence.T, judged.right.T, strict=True):
        curve = Curve.count(np.where(left, confidence, np.float32(np.nan)), right)
        target = level_targets.get(each.level)
        state, place = _state(curve, target, reading, each.level in paused, is_closed)
        found.append(
            dataclasses.replace(each, curve=curve, target=target, state=state, place=place)
        )
        is_closed = is_closed or state not in ("open", "no target")
        if place is not None:
            left &= ~(confidence < curve.cuts[place])  # NaN compares false
    return tuple(found)


def _state(
    curve: Curve,
    target: float | None,
    reading: Reading,
    is_paused: bool,
    is_closed: bool,
) -> tuple[State, int | None]:
    if target is None:
        return "no target", None
    if is_paused:
        return "paused", None
    if is_closed:
        return "closed above", None
    if curve.in_question < documents_needed(target):
        return "too few documents", None
    place = curve.choose(target, reading)
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


def _in_whole(shares: NDArray[np.float64]) -> list[int]:
    """Round so that the sum stays, the largest remainders upward."""
    whole = np.floor(shares + 1e-9).astype(int)
    missing = round(float(shares.sum())) - int(whole.sum())
    whole[np.argsort(whole - shares, kind="stable")[:missing]] += 1
    return [int(each) for each in whole]
