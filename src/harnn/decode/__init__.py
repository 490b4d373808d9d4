"""From scores to label sets.

:class:`Scores` is what every model returns. Which labels are chosen from it is policy and lives
here: a :class:`Decoder` holds several strategies, all tuned on the validation documents by
:func:`tune_decoder`, and closes scores and sets so that a chosen label never stands without its
ancestors. Changing any of it needs no retraining.
"""

from harnn.decode.curves import LabelCurves
from harnn.decode.decoder import DecodeOptions, Decoder, plain_options
from harnn.decode.expected import best_expected_f1
from harnn.decode.nearly_best import best_or_nearly, error_of_micro_f1
from harnn.decode.score_files import ScoreFile, open_score_file, read_score_file
from harnn.decode.scores import Scores
from harnn.decode.strategies import STRATEGIES, StrategyKind
from harnn.decode.threshold import TunedThreshold, tune_threshold
from harnn.decode.tuning import tune_decoder, tune_labels, tune_levels, tune_top_k

__all__ = [
    "STRATEGIES",
    "DecodeOptions",
    "Decoder",
    "LabelCurves",
    "ScoreFile",
    "Scores",
    "StrategyKind",
    "TunedThreshold",
    "best_expected_f1",
    "best_or_nearly",
    "error_of_micro_f1",
    "open_score_file",
    "plain_options",
    "read_score_file",
    "tune_decoder",
    "tune_labels",
    "tune_levels",
    "tune_threshold",
    "tune_top_k",
]
