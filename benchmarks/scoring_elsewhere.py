"""Answer documents by one other system, twice, with one core; see ``scoring.py others``.

    python benchmarks/scoring_elsewhere.py plain|spark|daft MODEL DOCUMENTS OUT

Writes the seconds of both times to OUT, of the wall and of processors, with the start of the system
and the model in the first, and the answers beside it. Spark needs Java and the package ``pyspark``,
Daft the package ``daft``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]

from harnn.scoring import SPARK_SCHEMA, Scorer, score_frames

Answers = Iterable[tuple[str, list[str]]]
Ask = Callable[[], Answers]


def plain(model: str, rows: list[dict[str, str]]) -> Ask:
    """Ask a scorer in this process."""
    scorer = Scorer(model, threads=1)
    return lambda: [(row["id"], row["labels"]) for row in scorer.rows(rows)]


def spark(model: str, rows: list[dict[str, str]]) -> Ask:
    """Ask Spark, whose frames have 10,000 rows at most."""
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = builder.config("spark.executorEnv.OMP_NUM_THREADS", "1").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    pairs = [(row["id"], row["text"]) for row in rows]
    frame = session.createDataFrame(pairs, "id string, text string").coalesce(1).cache()

    def ask() -> Answers:
        found = frame.mapInPandas(score_frames(model), SPARK_SCHEMA).collect()
        return [(row.id, row.labels) for row in found]

    return ask


def daft(model: str, rows: list[dict[str, str]]) -> Ask:
    """Ask Daft, which keeps the scorer in this process."""
    import daft as package

    @package.cls
    class Labels:
        def __init__(self) -> None:
            self.scorer = Scorer(model, threads=1)

        @package.method.batch(  # type: ignore[untyped-decorator]
            return_dtype=package.DataType.list(package.DataType.string())
        )
        def of(self, texts: Any) -> Any:
            return self.scorer({"text": texts.to_pylist()})["labels"]

    frame = package.from_pylist(rows)

    def ask() -> Answers:
        found = frame.with_column("labels", Labels().of(frame["text"])).to_pydict()
        return list(zip(found["id"], found["labels"], strict=True))

    return ask


def main(system: str, model: str, documents: str, out: str) -> None:
    """Run from the command line."""
    with Path(documents).open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    began = time.monotonic(), cpu_seconds()
    ask = {"plain": plain, "spark": spark, "daft": daft}[system](model, rows)
    answers = dict(ask())
    between = time.monotonic(), cpu_seconds()
    ask()
    ended = time.monotonic(), cpu_seconds()
    took = {
        "first": [between[0] - began[0], between[1] - began[1]],
        "again": [ended[0] - between[0], ended[1] - between[1]],
    }
    Path(out).write_text(json.dumps(took))
    Path(out).with_suffix(".answers").write_text(json.dumps(answers, sort_keys=True))


def cpu_seconds() -> float:
    """Return those of this process and of all below it that still run."""
    own = psutil.Process()
    times = [each.cpu_times() for each in [own, *own.children(recursive=True)]]
    return float(sum(each.user + each.system for each in times))


if __name__ == "__main__":
    main(*sys.argv[1:])
