"""Answers for data frames that somebody else shares out: Spark's ``mapInPandas`` and its like."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harnn._optional import require
from harnn.scoring.scorer import COLUMNS, Scorer, ScorerSettings

if TYPE_CHECKING:
    import pandas

_loaded: dict[str, Scorer] = {}
"""The scorer of this process, which answers many partitions; by what it was made of."""


def score_frames(
    model: str | Path | ScorerSettings,
) -> Callable[[Iterator[pandas.DataFrame]], Iterator[pandas.DataFrame]]:
    """Return a function from frames to frames, a row for a row, as ``mapInPandas`` takes it.

    ``frame.mapInPandas(score_frames(model), SPARK_SCHEMA)``: each worker loads the model when its
    first frame comes, and keeps it. Columns that come back: those of :meth:`Scorer.rows`.
    """
    settings = model if isinstance(model, ScorerSettings) else ScorerSettings(model=Path(model))

    def score(frames: Iterator[pandas.DataFrame]) -> Iterator[pandas.DataFrame]:
        pandas: Any = require("pandas", package="pandas", purpose="Answering data frames")
        for frame in frames:
            rows = _scorer(settings).rows(frame) if len(frame) else []
            yield pandas.DataFrame(rows, columns=list(COLUMNS))

    return score


def _scorer(settings: ScorerSettings) -> Scorer:
    """Return the scorer of this process; a worker has one model at a time."""
    key = repr(settings)
    if key not in _loaded:
        _loaded.clear()
        _loaded[key] = Scorer.of(settings)
    return _loaded[key]
