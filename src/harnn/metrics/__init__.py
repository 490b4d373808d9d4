"""Numbers that say how good scores and predictions are.

Pure functions on scores (N, C), sparse predictions and sparse targets. They agree with
scikit-learn where it has them, ties included, and walk over blocks of rows, so that thousands of
documents with thousands of labels need no second array of their size. :func:`evaluate` computes
all of them into one :class:`Report`, overall and per level; :func:`compare` tells by a paired
bootstrap over documents whether two models differ.
"""

from harnn.metrics.bootstrap import (
    Answers,
    Comparison,
    Difference,
    LevelDifference,
    Resampling,
    compare,
)
from harnn.metrics.calibration import Calibration, ReliabilityBin, calibration
from harnn.metrics.curves import hierarchical_area
from harnn.metrics.evaluation import TrainingCounts, evaluate
from harnn.metrics.frequency import FrequencyBucket, f1_by_frequency
from harnn.metrics.hierarchical import hierarchical_prf
from harnn.metrics.lowest_common import lca_prf
from harnn.metrics.ranked import (
    inverse_propensities,
    micro_auc,
    micro_auprc,
    precision_at_k,
    propensity_precision_at_k,
    recall_at_k,
)
from harnn.metrics.report import LevelMetrics, Report
from harnn.metrics.sets import LabelAverages, PrecisionRecall, exact_match, prf

__all__ = [
    "Answers",
    "Calibration",
    "Comparison",
    "Difference",
    "FrequencyBucket",
    "LabelAverages",
    "LevelDifference",
    "LevelMetrics",
    "PrecisionRecall",
    "ReliabilityBin",
    "Report",
    "Resampling",
    "TrainingCounts",
    "calibration",
    "compare",
    "evaluate",
    "exact_match",
    "f1_by_frequency",
    "hierarchical_area",
    "hierarchical_prf",
    "inverse_propensities",
    "lca_prf",
    "micro_auc",
    "micro_auprc",
    "precision_at_k",
    "prf",
    "propensity_precision_at_k",
    "recall_at_k",
]
