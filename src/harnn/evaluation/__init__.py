"""From scores to what can be said of them: a report, all strategies, details, label errors."""

from typing import TYPE_CHECKING

from harnn._lazy import on_demand

if TYPE_CHECKING:
    from harnn.evaluation.details import Evaluation, Example, WorstLabel, evaluate_closely
    from harnn.evaluation.label_errors import LabelErrors, find_label_errors
    from harnn.evaluation.mistakes import Mistake, missed_with_least_score, wrong_with_most_score
    from harnn.evaluation.out_of_fold import OutOfFold, load_out_of_fold
    from harnn.evaluation.report import report_labels, report_scores
    from harnn.evaluation.strategies import StrategyMetrics, compare_strategies

__getattr__, __dir__ = on_demand(
    __name__,
    {
        "details": "Evaluation Example WorstLabel evaluate_closely",
        "label_errors": "LabelErrors find_label_errors",
        "mistakes": "Mistake missed_with_least_score wrong_with_most_score",
        "out_of_fold": "OutOfFold load_out_of_fold",
        "report": "report_labels report_scores",
        "strategies": "StrategyMetrics compare_strategies",
    },
)

__all__ = [
    "Evaluation",
    "Example",
    "LabelErrors",
    "Mistake",
    "OutOfFold",
    "StrategyMetrics",
    "WorstLabel",
    "compare_strategies",
    "evaluate_closely",
    "find_label_errors",
    "load_out_of_fold",
    "missed_with_least_score",
    "report_labels",
    "report_scores",
    "wrong_with_most_score",
]
