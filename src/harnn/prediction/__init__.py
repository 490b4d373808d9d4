"""A loaded model that answers: predict, evaluate, explain, compare.

Nothing on the way from a text to an answer reads :mod:`harnn.training`.
"""

from typing import TYPE_CHECKING

from harnn._lazy import on_demand
from harnn.answers import PredictedLabel, Prediction
from harnn.prediction.examples import Examples
from harnn.prediction.predictor import Predictor
from harnn.prediction.several import load_predictors

if TYPE_CHECKING:
    from harnn.prediction.accepting import (
        AcceptanceTrial,
        check_acceptance,
        check_closed,
        measure_acceptance,
    )
    from harnn.prediction.comparison import (
        ComparedSystem,
        ComparingOptions,
        SystemMethodsComparison,
        SystemsComparison,
        compare_models,
        compare_system_methods,
        compare_systems,
    )
    from harnn.prediction.drifting import CountedScores, count_documents, measure_drift
    from harnn.prediction.foreign import ForeignAnswers, check_predictions, read_predictions
    from harnn.prediction.notes import NOTE_CODES
    from harnn.prediction.processes import WorkerError
    from harnn.prediction.rerank_endpoint import RerankEndpoint
    from harnn.prediction.reranking import Candidate, Rerank, RerankError, Reranking
    from harnn.prediction.seen import Seen, SeenDocuments
    from harnn.prediction.settling import settle_options
    from harnn.prediction.threshold_tables import OwnThresholds, read_thresholds, write_thresholds
    from harnn.prediction.workers import AnsweredBlock, Workers

on_demand(
    __name__,
    {
        "accepting": "AcceptanceTrial check_acceptance check_closed measure_acceptance",
        "comparison": "ComparedSystem ComparingOptions SystemMethodsComparison SystemsComparison "
        "compare_models compare_system_methods compare_systems",
        "drifting": "CountedScores count_documents measure_drift",
        "foreign": "ForeignAnswers check_predictions read_predictions",
        "notes": "NOTE_CODES",
        "processes": "WorkerError",
        "rerank_endpoint": "RerankEndpoint",
        "reranking": "Candidate Rerank RerankError Reranking",
        "seen": "Seen SeenDocuments",
        "settling": "settle_options",
        "threshold_tables": "OwnThresholds read_thresholds write_thresholds",
        "workers": "AnsweredBlock Workers",
    },
)

__all__ = [
    "NOTE_CODES",
    "AcceptanceTrial",
    "AnsweredBlock",
    "Candidate",
    "ComparedSystem",
    "ComparingOptions",
    "CountedScores",
    "Examples",
    "ForeignAnswers",
    "OwnThresholds",
    "PredictedLabel",
    "Prediction",
    "Predictor",
    "Rerank",
    "RerankEndpoint",
    "RerankError",
    "Reranking",
    "Seen",
    "SeenDocuments",
    "SystemMethodsComparison",
    "SystemsComparison",
    "WorkerError",
    "Workers",
    "check_acceptance",
    "check_closed",
    "check_predictions",
    "compare_models",
    "compare_system_methods",
    "compare_systems",
    "count_documents",
    "load_predictors",
    "measure_acceptance",
    "measure_drift",
    "read_predictions",
    "read_thresholds",
    "settle_options",
    "write_thresholds",
]
