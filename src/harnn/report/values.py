"""The report of a model in values: what the page, the tables and the figures are made of."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from harnn._optional import require
from harnn.bundle import Bundle
from harnn.evaluation import Evaluation
from harnn.prediction import Seen
from harnn.report import figures
from harnn.report.drift_page import write_drift_page
from harnn.report.label_table import write_csv
from harnn.report.page import write_page
from harnn.taxonomy import Taxonomy
from harnn.watching import Drift

LevelRow = dict[str, Any]
LabelRow = dict[str, Any]


class Origin(NamedTuple):
    """A file, a table or a model directory, and how to tell it from others."""

    name: str
    digest: str
    """SHA-256 in hexadecimal digits; empty where it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ModelReport:
    """How well a model does on labelled documents, down to single labels and documents.

    Made by :func:`harnn.report.make_report`.
    """

    evaluation: Evaluation
    bundle: Bundle
    model: Origin
    data: tuple[Origin, ...]
    """Empty for :class:`harnn.Document` objects in memory."""
    beginnings: Mapping[int, str]
    """By row, how the documents begin that are named as examples."""
    made: datetime.date
    command: str = ""
    """What makes it again, where that is known."""
    seen: tuple[Seen, ...] = ()
    """Documents that the model was trained or tuned on, as far as it knows."""
    drift: Drift | None = None
    """Of these documents beside those of validation; None where the model keeps no figures."""

    def __repr__(self) -> str:
        return f"ModelReport({self.evaluation.report!r})"

    @property
    def warnings(self) -> tuple[str, ...]:
        """In sentences, why the numbers are not those of new documents."""
        return tuple(each.sentence(self.evaluation.report.documents) for each in self.seen)

    def level_rows(self) -> Iterator[LevelRow]:
        """Yield the numbers of each level, then of all labels, micro-F1 with its 95% interval."""
        found = self.evaluation
        intervals = (*found.intervals.levels, found.intervals.measures[0])
        for row, interval in zip(found.report.level_rows(), intervals, strict=True):
            yield row | {"micro_f1_low": interval.low, "micro_f1_high": interval.high}

    def label_rows(self) -> Iterator[LabelRow]:
        """Yield the numbers of each label, in the order of the columns.

        ``training`` counts the training documents, ``support`` those here that have the label;
        ``threshold`` is None where labels are not chosen by thresholds.
        """
        found, taxonomy = self.evaluation, self.evaluation.taxonomy
        labels, cuts, counts = found.labels, found.label_thresholds, found.training_counts
        precision, recall, f1 = labels.precision, labels.recall, labels.f1
        for column, code in enumerate(taxonomy.codes):
            level = int(taxonomy.levels[column])
            yield {
                "label": code,
                "name": taxonomy.names[column],
                "level": level,
                "level_name": taxonomy.level_names[level - 1],
                "training": None if counts is None else int(counts[column]),
                "support": int(labels.true[column]),
                "predicted": int(labels.predicted[column]),
                "correct": int(labels.hits[column]),
                "precision": float(precision[column]),
                "recall": float(recall[column]),
                "f1": float(f1[column]),
                "threshold": None if cuts is None else float(np.float64(str(cuts[column]))),
            }

    def to_frame(self, by: Literal["label", "level"] = "label") -> Any:
        """Return a pandas DataFrame with a row for each label, or for each level and all.

        Raises:
            MissingExtraError: pandas is not installed.
            ValueError: *by* is something else.
        """
        if by not in ("label", "level"):
            raise ValueError(f"Expected 'label' or 'level', got {by!r}.")
        pandas = require("pandas", purpose="A data frame", package="pandas")
        rows = self.label_rows() if by == "label" else self.level_rows()
        return pandas.DataFrame(list(rows))

    def write_csv(self, path: str | Path) -> None:
        """Write the numbers of all labels as CSV, in UTF-8; see :meth:`label_rows`.

        Raises:
            InputError: the file cannot be written.
        """
        write_csv(self, path)

    def write_html(self, path: str | Path) -> int:
        """Write the report as one page that needs nothing else, and return its size in bytes.

        Raises:
            InputError: the file cannot be written.
            MissingExtraError: Jinja2 is not installed.
        """
        return write_page(self, path)

    def write_figures(self, directory: str | Path) -> tuple[Path, ...]:
        """Write all figures as PNG and SVG, and return the files.

        Raises:
            InputError: they cannot be written.
            MissingExtraError: matplotlib is not installed.
        """
        return figures.write_figures(self, directory)

    def plot_precision_recall(self) -> Any:
        """Draw precision by recall of each level, a ring at the labels in use.

        This and the other ``plot_`` methods return a ``matplotlib.figure.Figure``.

        Raises:
            MissingExtraError: matplotlib is not installed.
        """
        return self._plot("precision_recall")

    def plot_thresholds(self) -> Any:
        """Draw precision, recall and F1 of all labels by one threshold."""
        return self._plot("thresholds")

    def plot_reliability(self) -> Any:
        """Draw the share of labels that are true by their score."""
        return self._plot("reliability")

    def plot_frequency(self) -> Any:
        """Draw the F1 of labels by their number of training documents."""
        return self._plot("frequency")

    def plot_taxonomy(self) -> Any:
        """Draw the taxonomy, labels as high as they have documents, coloured by F1."""
        return self._plot("taxonomy")

    def plot_confusion(self) -> Any:
        """Draw the siblings that are taken for each other most often."""
        return self._plot("confusion")

    def plot_learning(self) -> Any:
        """Draw the validation scores of each epoch of the training."""
        return self._plot("learning")

    def _plot(self, name: str) -> Any:
        return figures.draw(self, name)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class DriftReport:
    """Whether documents look like those that a model learned from, as a page.

    Made by :func:`harnn.report.make_drift_report`.
    """

    drift: Drift
    taxonomy: Taxonomy
    model: Origin
    data: tuple[Origin, ...]
    """Empty for :class:`harnn.Document` objects in memory."""
    against: tuple[Origin, ...] | None
    """What was compared with; None: the validation documents of the model."""
    made: datetime.date
    command: str = ""
    """What makes it again, where that is known."""

    def __repr__(self) -> str:
        return f"DriftReport({self.drift!r})"

    def write_html(self, path: str | Path) -> int:
        """Write it as one page that needs nothing else, and return its size in bytes.

        Raises:
            InputError: the file cannot be written.
            MissingExtraError: Jinja2 is not installed.
        """
        return write_drift_page(self, path)
