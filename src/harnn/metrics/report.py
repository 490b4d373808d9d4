"""All numbers of one evaluation, and their plain form."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from harnn._display import counted, level_name
from harnn._notebook import html_table
from harnn._optional import require
from harnn._tables import shown
from harnn.errors import BundleError, Problem
from harnn.metrics.calibration import ReliabilityBin
from harnn.metrics.frequency import FrequencyBucket


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelMetrics:
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
    ece: float | None = None
    """Expected calibration error over all pairs of a document and a label of this level."""
    ece_shown: float | None = None
    """The same over the pairs scored at least 0.1; None without any."""
    reliability: tuple[ReliabilityBin, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report:
    """The numbers of one evaluation; all but counts and means per document are 0 to 1.

    Those that are None by default are not in what older versions wrote.
    """

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
    levels: tuple[LevelMetrics, ...]
    lca_precision: float | None = None
    lca_recall: float | None = None
    lca_f1: float | None = None
    """See :func:`harnn.metrics.lca_prf`."""
    hierarchical_area: float | None = None
    """Mean area under a document's curve of hierarchical precision and recall."""
    ece: float | None = None
    """Expected calibration error over all pairs of a document and a label."""
    ece_shown: float | None = None
    """The same over the pairs scored at least 0.1; None without any."""
    reliability: tuple[ReliabilityBin, ...] | None = None
    propensity_precision_at_k: Mapping[int, float] | None = None
    """Precision in which rare labels weigh more; None without the counts of training."""
    frequency_buckets: tuple[FrequencyBucket, ...] | None = None
    """Tail, middle and head; None without the counts of training."""
    fine_frequency_buckets: tuple[FrequencyBucket, ...] | None = None
    """The same in more steps."""

    def __repr__(self) -> str:
        return (
            f"Report({counted(self.documents, 'document')}, {counted(self.labels, 'label')}: "
            f"micro-F1 {self.micro_f1:.4f}, macro-F1 {self.macro_f1:.4f}, "
            f"hierarchical F1 {self.hierarchical_f1:.4f}, AUPRC {self.auprc:.4f})"
        )

    def _repr_html_(self) -> str:
        """Return a table with a line for each level and one for all, for notebooks."""
        rows = [(level_name(level.name, level.level), *_shown(level)) for level in self.levels]
        header = ("level", "labels", "micro-F1", "macro-F1", "AUPRC")
        title = f"Scores on {counted(self.documents, 'document')}"
        return html_table(title, header, [*rows, ("all", *_shown(self))])

    def level_rows(self) -> list[dict[str, Any]]:
        """Return the numbers of each level, then of all labels under the name ``all``."""
        names = [field.name for field in dataclasses.fields(LevelMetrics)]
        names.remove("reliability")
        rows = [{name: getattr(level, name) for name in names} for level in self.levels]
        support = sum(level.support for level in self.levels)
        total = {"level": None, "name": "all", "support": support}
        return [*rows, {name: total.get(name, getattr(self, name, None)) for name in names}]

    def to_frame(self) -> Any:
        """Return a pandas DataFrame of :meth:`level_rows`.

        Single labels are in :meth:`harnn.report.ModelReport.to_frame`.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        pandas = require("pandas", purpose="A data frame", package="pandas")
        return pandas.DataFrame(self.level_rows())

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; numbers by k have strings as keys."""
        return {name: _plain(value) for name, value in dataclasses.asdict(self).items()}

    @classmethod
    def from_dict(cls, table: Any, *, where: str = "metrics.json") -> Self:
        """Read what :meth:`to_dict` wrote, also that of older versions; keys that it does not
        know are left out.

        Raises:
            BundleError: keys are missing or values have another type; all of them in one report.
        """
        problems = _problems(cls, table, where=where)
        if problems:
            raise BundleError(problems)
        return cls(**_values(cls, table))


def _shown(row: Report | LevelMetrics) -> tuple[str, ...]:
    numbers = (row.micro_f1, row.macro_f1, row.auprc)
    return (f"{row.labels:,}", *(f"{number:.4f}" for number in numbers))


_LARGEST = 2**53
"""Of all numbers of an evaluation."""
_MOST_DIGITS = 10
_NESTED: dict[str, type] = {
    "levels": LevelMetrics,
    "reliability": ReliabilityBin,
    "frequency_buckets": FrequencyBucket,
    "fine_frequency_buckets": FrequencyBucket,
}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(x) for key, x in value.items()}
    return [_plain(x) for x in value] if isinstance(value, tuple) else value


def _values(kind: Any, table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of *kind* from a table without problems."""
    values = {}
    for field in dataclasses.fields(kind):
        if field.name not in table:
            continue
        value = table[field.name]
        if field.name in _NESTED and value is not None:
            nested = _NESTED[field.name]
            value = tuple(nested(**_values(nested, item)) for item in value)
        elif isinstance(value, Mapping):
            value = {int(k): x for k, x in value.items()}
        values[field.name] = value
    return values


def _problems(kind: Any, table: Any, *, where: str) -> list[Problem]:
    if not isinstance(table, Mapping):
        return [Problem(where, f"got {shown(table)}, expected an object.")]
    problems = []
    for field in dataclasses.fields(kind):
        if field.name not in table:
            if field.default is dataclasses.MISSING:
                problems.append(Problem(where, f"{field.name} is missing."))
            continue
        found = table[field.name]
        fits, expected = _expected(str(field.type))  # annotations are kept as written
        if not fits(found):
            what = f"{field.name}: got {shown(found)}, expected {expected}."
            problems.append(Problem(where, what))
        elif field.name in _NESTED and found is not None:
            for position, item in enumerate(found):
                place = f"{where}: {field.name}[{position}]"
                problems += _problems(_NESTED[field.name], item, where=place)
    return problems


def _expected(annotation: str) -> tuple[Callable[[Any], bool], str]:
    kind = annotation.removesuffix(" | None")
    fits, expected = _EXPECTED["tuple" if kind.startswith("tuple") else kind]
    if kind == annotation:
        return fits, expected
    return lambda value: value is None or fits(value), f"{expected} or null"


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= _LARGEST and not math.isnan(value)


def _is_count(value: Any) -> bool:
    return type(value) is int and abs(value) <= _LARGEST


def _is_by_k(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        str(k).isdecimal() and len(str(k)) <= _MOST_DIGITS and _is_number(x)
        for k, x in value.items()
    )


_EXPECTED: dict[str, tuple[Callable[[Any], bool], str]] = {
    "int": (_is_count, "a whole number"),
    "str": (lambda value: isinstance(value, str), "a string"),
    "float": (_is_number, "a number"),
    "Mapping[int, float]": (_is_by_k, "an object of numbers by k"),
    "tuple": (lambda value: isinstance(value, list | tuple), "a list"),
}
