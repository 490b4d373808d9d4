"""From scores to what can be said of them: a report, all strategies, details, label errors."""

from typing import TYPE_CHECKING

from harnn._lazy import on_demand

if TYPE_CHECKING:
    from harnn.evaluation.changes import (
        Changes,
        CorrectedAnswers,
        LabelChange,
        answers_of,
        judge_corrected,
    )
    from harnn.evaluation.details import Evaluation, Example, WorstLabel, evaluate_closely
    from harnn.evaluation.label_errors import LabelErrors, find_label_errors
    from harnn.evaluation.mistakes import Mistake, missed_with_least_score, wrong_with_most_score
    from harnn.evaluation.out_of_fold import OutOfFold, load_out_of_fold
    from harnn.evaluation.paper_tables import Column, PaperTable, PValue, write_paper_tables
    from harnn.evaluation.report import report_labels, report_scores
    from harnn.evaluation.strategies import StrategyMetrics, compare_strategies
    from harnn.evaluation.tabulating import (
        table_of_folds,
        table_of_report,
        table_of_seeds,
        table_of_strategies,
        tables_of_comparison,
    )

on_demand(
    __name__,
    {
        "changes": "Changes CorrectedAnswers LabelChange answers_of judge_corrected",
        "details": "Evaluation Example WorstLabel evaluate_closely",
        "label_errors": "LabelErrors find_label_errors",
        "mistakes": "Mistake missed_with_least_score wrong_with_most_score",
        "out_of_fold": "OutOfFold load_out_of_fold",
        "paper_tables": "Column PaperTable PValue write_paper_tables",
        "report": "report_labels report_scores",
        "strategies": "StrategyMetrics compare_strategies",
        "tabulating": "table_of_folds table_of_report table_of_seeds table_of_strategies "
        "tables_of_comparison",
    },
)

__all__ = [
    "Changes",
    "Column",
    "CorrectedAnswers",
    "Evaluation",
    "Example",
    "LabelChange",
    "LabelErrors",
    "Mistake",
    "OutOfFold",
    "PValue",
    "PaperTable",
    "StrategyMetrics",
    "WorstLabel",
    "answers_of",
    "compare_strategies",
    "evaluate_closely",
    "find_label_errors",
    "judge_corrected",
    "load_out_of_fold",
    "missed_with_least_score",
    "report_labels",
    "report_scores",
    "table_of_folds",
    "table_of_report",
    "table_of_seeds",
    "table_of_strategies",
    "tables_of_comparison",
    "write_paper_tables",
    "wrong_with_most_score",
]
