"""From scores to what can be said of them: a report, all strategies, errors in the labels."""

from harnn.evaluation.label_errors import LabelErrors, find_label_errors
from harnn.evaluation.out_of_fold import OutOfFold, load_out_of_fold
from harnn.evaluation.report import report_scores
from harnn.evaluation.strategies import StrategyMetrics, compare_strategies

__all__ = [
    "LabelErrors",
    "OutOfFold",
    "StrategyMetrics",
    "compare_strategies",
    "find_label_errors",
    "load_out_of_fold",
    "report_scores",
]
