"""From scores to label sets.

:class:`Scores` is what every model returns. Which labels are chosen from it is policy and lives
here: a threshold or the k best, scores propagated to ancestors so that a chosen label never stands
without its parents, and the threshold tuned for the best micro-F1. Changing any of it needs no
retraining.
"""

from harnn.decode.choice import choose
from harnn.decode.decoder import Decoder
from harnn.decode.scores import Scores
from harnn.decode.threshold import TunedThreshold, tune_threshold
from harnn.decode.upward import propagate_upward
from harnn.ranking import count_violations

__all__ = [
    "Decoder",
    "Scores",
    "TunedThreshold",
    "choose",
    "count_violations",
    "propagate_upward",
    "tune_threshold",
]
