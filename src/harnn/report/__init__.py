"""The report of a model: one page for people, tables for programs, figures for papers.

:func:`make_report` evaluates a model on labelled documents, down to single labels and documents;
the :class:`ModelReport` it returns is written as one page that loads nothing, as CSV, as data
frames, and as figures. :func:`make_drift_report` says whether documents, with labels or without,
look like those that a model learned from: a section of the same page, and a page of its own.
"""

from harnn.report.making import make_drift_report, make_report
from harnn.report.values import DriftReport, ModelReport, Origin

__all__ = ["DriftReport", "ModelReport", "Origin", "make_drift_report", "make_report"]
