"""The one evaluation: scores of any method in, all numbers out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from accuracy.decisions import Rule, Scored, Scores, best_paths, tune_macro, tune_micro
from accuracy.reading import Split, terminal_columns
from harnn.decode import best_or_nearly
from harnn.metrics import TrainingCounts, evaluate, prf
from harnn.taxonomy import Taxonomy

_END_SHARES = (0.5, 1e-9)
"""Where the best path may end: at labels that this part of their training documents end at."""


def choose_rule(
    rules: Sequence[tuple[Rule, float]], valid: Scored, taxonomy: Taxonomy
) -> tuple[Rule, float]:
    """Return the rule with the best micro-F1, see :func:`harnn.decode.best_or_nearly`."""
    chosen = [rule.apply(valid, taxonomy) for rule, _ in rules]
    return rules[best_or_nearly(chosen, valid.targets)]


def evaluate_scores(
    raw: dict[str, Scores],
    splits: dict[str, Split],
    taxonomy: Taxonomy,
    *,
    probabilities: bool,
    natural: float | None = None,
) -> dict[str, Any]:
    """Tune on validation and return the numbers on test, ready for JSON.

    raw: scores (N, C) of ``valid`` and ``test``, before they are closed upward; splits: ``train``,
    ``valid`` and ``test``; natural: the threshold that the method itself ships. ``micro`` is the
    operating point of the best micro-F1 on validation, ``macro`` that of the best macro-F1,
    ``shipped`` the method's own.

    Raises:
        ValueError: a score is NaN, or the shapes do not fit.
    """
    train = splits["train"].targets
    given = {name: (raw[name], splits[name].targets) for name in ("valid", "test")}
    cases = []
    for share in _END_SHARES:
        terminal = terminal_columns(train, taxonomy, share)
        valid = _scored(*given["valid"], terminal, taxonomy)
        micro_rules = tune_micro(valid)
        cases.append((max(f1 for _, f1 in micro_rules), terminal, valid, micro_rules))
    _, terminal, valid, micro_rules = max(cases, key=lambda case: case[0])
    test = _scored(*given["test"], terminal, taxonomy)
    rule, reached = choose_rule(micro_rules, valid, taxonomy)
    macro_rule, macro_reached = tune_macro(valid, taxonomy, natural=natural)
    label_counts = np.bincount(train.indices, minlength=train.shape[1])
    case = _Case(valid, test, taxonomy, TrainingCounts(label_counts, train.shape[0]))
    points = {
        "micro": case.point(rule) | {"valid_micro_f1": reached},
        "macro": case.point(macro_rule) | {"valid_macro_f1": macro_reached},
    }
    if natural is not None:
        points["shipped"] = case.point(Rule("as shipped", natural))
    rules = {
        rule.name: {
            "valid_micro_f1": f1,
            "test_micro_f1": prf(rule.apply(test, taxonomy), test.targets).micro.f1,
        }
        for rule, f1 in micro_rules
    }
    levels = points["micro"]["test"]["levels"]
    return {
        **points,
        "rules": rules,
        "ece": [level["ece"] for level in levels] if probabilities else None,
    }


def _scored(
    raw: Scores, targets: csr_array, terminal: NDArray[np.int64], taxonomy: Taxonomy
) -> Scored:
    if raw.shape != targets.shape:
        raise ValueError(f"Expected scores of shape {targets.shape}, got {raw.shape}.")
    if np.isnan(raw).any():
        raise ValueError("Expected scores, got NaN.")
    values = taxonomy.hierarchy.propagate(raw)
    return Scored(values, best_paths(raw, terminal, taxonomy, targets), targets)


@dataclass(frozen=True, eq=False)
class _Case:
    """What every operating point of one method is judged on."""

    valid: Scored
    test: Scored
    taxonomy: Taxonomy
    training: TrainingCounts

    def point(self, rule: Rule) -> dict[str, Any]:
        """Return the numbers that *rule* reaches."""
        report = evaluate(
            _between_0_and_1(self.test.values),
            rule.apply(self.test, self.taxonomy),
            self.test.targets,
            self.taxonomy,
            training=self.training,
        )
        on_valid = prf(rule.apply(self.valid, self.taxonomy), self.valid.targets)
        return rule.describe() | {
            "valid": {"micro_f1": on_valid.micro.f1, "macro_f1": on_valid.macro.f1},
            "test": report.to_dict(),
        }


def _between_0_and_1(values: Scores) -> Scores:
    """Return margins moved and stretched into the range of scores, in their order."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 1.0)
    if (low, high) == (0.0, 1.0):
        return values
    return ((values.astype(np.float64) - low) / (high - low)).astype(np.float32)
