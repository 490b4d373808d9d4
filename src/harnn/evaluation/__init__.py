"""From scores to what can be said of them: a report, all strategies side by side."""

from harnn.evaluation.report import report_scores
from harnn.evaluation.strategies import StrategyMetrics, compare_strategies

__all__ = ["StrategyMetrics", "compare_strategies", "report_scores"]
