"""Spark and Daft share out what a scorer answers; where they are installed."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from harnn.prediction import Predictor
from harnn.scoring import SPARK_SCHEMA, Scorer, score_frames
from support.archives import MODEL

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]
TEXTS = ["bees and honey", "a dripping tap", "soup", "the garden"]


def expected() -> dict[str, list[str]]:
    answers = Predictor.load(MODEL).predict(TEXTS)
    return {str(n): [x.label for x in each.labels] for n, each in enumerate(answers)}


def test_spark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java, which is not installed")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    builder = sql.SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    builder = builder.config("spark.sql.warehouse.dir", str(tmp_path))
    session = builder.config("spark.executorEnv.OMP_NUM_THREADS", "1").getOrCreate()
    try:
        rows = [(str(number), text) for number, text in enumerate(TEXTS)] + [("none", None)]
        frame = session.createDataFrame(rows, "id string, text string").repartition(3)
        found = frame.mapInPandas(score_frames(MODEL), SPARK_SCHEMA).collect()
    finally:
        session.stop()
    assert {row.id: row.labels for row in found if row.error is None} == expected()
    [failed] = [row for row in found if row.error is not None]
    assert failed.id == "none"
    assert "has no text" in failed.error


def test_daft() -> None:
    daft = pytest.importorskip("daft", reason="daft is not installed")
    kind = daft.DataType.struct(
        {"labels": daft.DataType.list(daft.DataType.string()), "error": daft.DataType.string()}
    )

    @daft.cls
    class Answers:
        def __init__(self, model: str) -> None:
            self.scorer = Scorer(model, threads=1)

        @daft.method.batch(return_dtype=kind)  # type: ignore[untyped-decorator]
        def answer(self, ids: Any, texts: Any) -> Any:
            rows = self.scorer({"id": ids.to_pylist(), "text": texts.to_pylist()})
            pairs = zip(rows["labels"], rows["error"], strict=True)
            return [{"labels": labels, "error": error} for labels, error in pairs]

    answers = Answers(str(MODEL))
    frame = daft.from_pydict({"id": [str(n) for n in range(len(TEXTS))], "text": TEXTS})
    found = frame.select("id", answers.answer(frame["id"], frame["text"]).alias("found"))
    plain = found.to_pydict()
    assert dict(zip(plain["id"], [x["labels"] for x in plain["found"]], strict=True)) == expected()
