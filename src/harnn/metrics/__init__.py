"""Numbers that say how good scores and predictions are.

Pure functions on scores (N, C), sparse predictions and sparse targets. They agree with
scikit-learn where it has them, ties included, and walk over blocks of rows, so that thousands of
documents with thousands of labels need no second array of their size. :func:`evaluate` computes
all of them into one :class:`Report`, overall and per level; :func:`compare` tells by a paired
bootstrap over documents whether models differ.
"""

from typing import TYPE_CHECKING

from harnn._lazy import on_demand
from harnn.metrics.calibration import Calibration, ReliabilityBin, calibration
from harnn.metrics.labels import LabelMetrics
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

if TYPE_CHECKING:
    from harnn.metrics.bootstrap import (
        Comparison,
        Difference,
        Estimate,
        LevelDifference,
        Pair,
        SeveralComparison,
        System,
        compare,
        compare_several,
        estimate,
    )
    from harnn.metrics.confusion import Confusion, confused_documents, confused_siblings
    from harnn.metrics.curves import hierarchical_area
    from harnn.metrics.drift import (
        HistogramShift,
        LabelShift,
        histogram_shift,
        label_shift,
        share_p_values,
        stability,
    )
    from harnn.metrics.evaluation import TrainingCounts, evaluate
    from harnn.metrics.frequency import FrequencyBucket, FrequencySpread, f1_by_frequency, f1_spread
    from harnn.metrics.hierarchical import hierarchical_prf
    from harnn.metrics.label_quality import LabelQuality
    from harnn.metrics.lowest_common import lca_prf
    from harnn.metrics.methods import (
        Method,
        MethodDifference,
        MethodEstimate,
        MethodPair,
        MethodsComparison,
        compare_methods,
    )
    from harnn.metrics.newcombe import newcombe_interval
    from harnn.metrics.ratios import RatioChange, RatioSums
    from harnn.metrics.resampling import Answers, Resampling
    from harnn.metrics.several_tests import benjamini_hochberg, holm
    from harnn.metrics.thresholds import ThresholdCurve, threshold_curve
    from harnn.metrics.vectors import (
        MeanDistance,
        VectorSums,
        in_spreads,
        mean_distance,
        squared_distance,
    )
    from harnn.metrics.wilson import wilson_interval

on_demand(
    __name__,
    {
        "bootstrap": "Comparison Difference Estimate LevelDifference Pair SeveralComparison System "
        "compare compare_several estimate",
        "confusion": "Confusion confused_documents confused_siblings",
        "curves": "hierarchical_area",
        "drift": "HistogramShift LabelShift histogram_shift label_shift share_p_values stability",
        "evaluation": "TrainingCounts evaluate",
        "frequency": "FrequencyBucket FrequencySpread f1_by_frequency f1_spread",
        "hierarchical": "hierarchical_prf",
        "label_quality": "LabelQuality",
        "lowest_common": "lca_prf",
        "methods": "Method MethodDifference MethodEstimate MethodPair MethodsComparison "
        "compare_methods",
        "newcombe": "newcombe_interval",
        "ratios": "RatioChange RatioSums",
        "resampling": "Answers Resampling",
        "several_tests": "benjamini_hochberg holm",
        "thresholds": "ThresholdCurve threshold_curve",
        "vectors": "MeanDistance VectorSums in_spreads mean_distance squared_distance",
        "wilson": "wilson_interval",
    },
)

__all__ = [
    "Answers",
    "Calibration",
    "Comparison",
    "Confusion",
    "Difference",
    "Estimate",
    "FrequencyBucket",
    "FrequencySpread",
    "HistogramShift",
    "LabelAverages",
    "LabelMetrics",
    "LabelQuality",
    "LabelShift",
    "LevelDifference",
    "LevelMetrics",
    "MeanDistance",
    "Method",
    "MethodDifference",
    "MethodEstimate",
    "MethodPair",
    "MethodsComparison",
    "Pair",
    "PrecisionRecall",
    "RatioChange",
    "RatioSums",
    "ReliabilityBin",
    "Report",
    "Resampling",
    "SeveralComparison",
    "System",
    "ThresholdCurve",
    "TrainingCounts",
    "VectorSums",
    "benjamini_hochberg",
    "calibration",
    "compare",
    "compare_methods",
    "compare_several",
    "confused_documents",
    "confused_siblings",
    "estimate",
    "evaluate",
    "exact_match",
    "f1_by_frequency",
    "f1_spread",
    "hierarchical_area",
    "hierarchical_prf",
    "histogram_shift",
    "holm",
    "in_spreads",
    "inverse_propensities",
    "label_shift",
    "lca_prf",
    "mean_distance",
    "micro_auc",
    "micro_auprc",
    "newcombe_interval",
    "precision_at_k",
    "prf",
    "propensity_precision_at_k",
    "recall_at_k",
    "share_p_values",
    "squared_distance",
    "stability",
    "threshold_curve",
    "wilson_interval",
]
