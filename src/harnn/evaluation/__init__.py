"""From scores to what can be said of them: a report, all strategies, errors in the labels."""

from harnn.evaluation.label_errors import LabelErrors, find_label_errors
from harnn.evaluation.report import report_scores
from harnn.evaluation.strategies import StrategyMetrics, compare_strategies

__all__ = [
    "LabelErrors",
    "StrategyMetrics",
    "compare_strategies",
    "find_label_errors",
    "report_scores",
]
