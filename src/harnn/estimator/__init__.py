"""Estimators for scikit-learn: texts in, label sets of a taxonomy out.

They translate: what they do is :func:`harnn.fit`, :class:`harnn.Predictor` and :mod:`harnn.decode`.
"""

from harnn.estimator.binarizer import HierarchicalLabelBinarizer
from harnn.estimator.classifier import HarnnClassifier
from harnn.estimator.thresholds import HierarchicalThresholdClassifier

__all__ = ["HarnnClassifier", "HierarchicalLabelBinarizer", "HierarchicalThresholdClassifier"]
