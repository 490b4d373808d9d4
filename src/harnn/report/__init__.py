"""The report of a model: one page for people, tables for programs, figures for papers.

:func:`make_report` evaluates a model on labelled documents, down to single labels and documents;
the :class:`ModelReport` it returns is written as one page that loads nothing, as CSV, as data
frames, and as figures.
"""

from harnn.report.making import make_report
from harnn.report.values import ModelReport, Origin

__all__ = ["ModelReport", "Origin", "make_report"]
