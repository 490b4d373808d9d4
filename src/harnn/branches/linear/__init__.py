"""The linear branch: support vector machines on n-grams.

On small sets and for rare labels it is hard to beat, it trains in seconds, and it errs otherwise
than the network does, so that the blend makes more of both than either is.
"""

from harnn.branches.linear.branch import LinearBranch
from harnn.branches.linear.classifier import LinearClassifier

__all__ = ["LinearBranch", "LinearClassifier"]
