"""The sparse branch: a regularised linear model on n-grams.

On small sets and for rare labels it is hard to beat, it trains in seconds, and it errs otherwise
than the network does, so that :mod:`harnn.blend` makes more of both than either is.
"""

from harnn.linear.branch import LinearBranch
from harnn.linear.classifier import LinearClassifier, train_linear
from harnn.linear.features import NgramFeatures

__all__ = ["LinearBranch", "LinearClassifier", "NgramFeatures", "train_linear"]
