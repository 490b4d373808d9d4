"""Answers for an archive that does not fit one machine, or one evening.

:func:`score_archive` reads JSON lines and Parquet in partitions, shares them out among processes or
a Ray cluster, keeps what is finished and goes on after whatever stopped it. :class:`Scorer` is what
each worker holds, and can be given to other systems.
"""

from typing import TYPE_CHECKING

from harnn._lazy import on_demand

if TYPE_CHECKING:
    from harnn.scoring.frames import score_frames
    from harnn.scoring.run import Crew, ScoringProgress, ScoringSummary, score_archive
    from harnn.scoring.scorer import SPARK_SCHEMA, Scorer, ScorerSettings

on_demand(
    __name__,
    {
        "frames": "score_frames",
        "run": "Crew ScoringProgress ScoringSummary score_archive",
        "scorer": "SPARK_SCHEMA Scorer ScorerSettings",
    },
)

__all__ = [
    "SPARK_SCHEMA",
    "Crew",
    "Scorer",
    "ScorerSettings",
    "ScoringProgress",
    "ScoringSummary",
    "score_archive",
    "score_frames",
]
