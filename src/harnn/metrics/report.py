"""All numbers of one evaluation, and their plain form."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from harnn.errors import BundleError, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelReport:
    """The numbers of one level of the taxonomy."""

    level: int
    """1 is the top."""
    name: str
    labels: int
    support: int
    """Pairs of a document and a true label."""
    micro_precision: float
    micro_recall: float
    micro_f1: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    macro_f1_supported: float
    """Macro-F1 over the labels that are true for some document."""
    auprc: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The numbers of one evaluation; all but counts and means per document are 0 to 1."""

    documents: int
    labels: int
    micro_precision: float
    micro_recall: float
    micro_f1: float
    macro_precision: float
    macro_recall: float
    macro_f1: float
    macro_f1_supported: float
    """Macro-F1 over the labels that are true for some document."""
    hierarchical_precision: float
    hierarchical_recall: float
    hierarchical_f1: float
    auprc: float
    """Micro-averaged average precision."""
    auc: float | None
    """Micro-averaged area under the ROC curve; None where it is not defined."""
    precision_at_k: Mapping[int, float]
    recall_at_k: Mapping[int, float]
    exact_match: float
    """Share of documents with exactly their labels predicted."""
    violations: int
    """Pairs of a document and an edge with the child chosen and the parent not."""
    mean_predicted: float
    """Labels per document."""
    mean_true: float
    """Labels per document."""
    empty_predictions: int
    """Documents without a prediction."""
    levels: tuple[LevelReport, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; the keys of ``precision_at_k`` become strings."""
        plain = dataclasses.asdict(self)
        for name in _AT_K:
            plain[name] = {str(k): value for k, value in plain[name].items()}
        plain["levels"] = list(plain["levels"])
        return plain

    @classmethod
    def from_dict(cls, table: Any, *, where: str = "metrics.json") -> Self:
        """Read what :meth:`to_dict` wrote; keys that it does not know are left out.

        Raises:
            BundleError: keys are missing or values have another type; all of them in one report.
        """
        problems = _problems(cls, table, where=where)
        levels = table.get("levels") if isinstance(table, Mapping) else None
        if isinstance(levels, Sequence):
            for position, level in enumerate(levels):
                problems += _problems(LevelReport, level, where=f"{where}: levels[{position}]")
        if problems:
            raise BundleError(problems)
        values = {field.name: table[field.name] for field in dataclasses.fields(cls)}
        for name in _AT_K:
            values[name] = {int(k): value for k, value in values[name].items()}
        names = [field.name for field in dataclasses.fields(LevelReport)]
        values["levels"] = tuple(
            LevelReport(**{name: level[name] for name in names}) for level in values["levels"]
        )
        return cls(**values)


_AT_K = ("precision_at_k", "recall_at_k")


def _problems(kind: type[Report | LevelReport], table: Any, *, where: str) -> list[Problem]:
    if not isinstance(table, Mapping):
        return [Problem(where, f"got {table!r}, expected an object.")]
    problems = []
    for field in dataclasses.fields(kind):
        if field.name not in table:
            problems.append(Problem(where, f"{field.name} is missing."))
            continue
        fits, expected = _EXPECTED[str(field.type)]  # annotations are kept as written
        if not fits(table[field.name]):
            found = table[field.name]
            problems.append(Problem(where, f"{field.name}: got {found!r}, expected {expected}."))
    return problems


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_by_k(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        str(k).isdecimal() and _is_number(x) for k, x in value.items()
    )


_EXPECTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "int": (lambda value: type(value) is int, "a whole number"),
    "str": (lambda value: isinstance(value, str), "a string"),
    "float": (_is_number, "a number"),
    "float | None": (lambda value: value is None or _is_number(value), "a number or null"),
    "Mapping[int, float]": (_is_by_k, "an object of numbers by k"),
    "tuple[LevelReport, ...]": (lambda value: isinstance(value, list | tuple), "a list"),
}
