"""Numbers that say how good scores and predictions are.

Pure functions on scores (N, C), sparse predictions and sparse targets. They agree with
scikit-learn where it has them, ties included, and walk over blocks of rows, so that thousands of
documents with thousands of labels need no second array of their size. :func:`evaluate` computes
all of them into one :class:`Report`, overall and per level.
"""

from harnn.metrics.evaluation import evaluate
from harnn.metrics.hierarchical import ancestors_of, hierarchical_prf
from harnn.metrics.ranked import micro_auc, micro_auprc, precision_at_k, recall_at_k
from harnn.metrics.report import LevelReport, Report
from harnn.metrics.sets import LabelAverages, PrecisionRecall, exact_match, prf

__all__ = [
    "LabelAverages",
    "LevelReport",
    "PrecisionRecall",
    "Report",
    "ancestors_of",
    "evaluate",
    "exact_match",
    "hierarchical_prf",
    "micro_auc",
    "micro_auprc",
    "precision_at_k",
    "prf",
    "recall_at_k",
]
