"""Ray Data, Spark, MLflow on Spark and Daft share out answers, as docs/scoring.md says.

The code of that page is what runs here. Spark and Daft are no dependencies: Daft asks for other
versions of packages than the rest.
"""

from __future__ import annotations

import gzip
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harnn.cli import run
from harnn.prediction import Predictor
from support.archives import MODEL, answers_of, write_archive
from support.pages import ROOT, tokens

PAGE = ROOT / "docs" / "scoring.md"
TEXTS = ["bees and honey", "a dripping tap", "soup", "the garden"] * 5
JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""Less work for a machine that ends in a minute."""
others = pytest.mark.filterwarnings("default")
"""What other systems warn of is theirs."""
pytestmark = pytest.mark.slow


def code_with(word: str, *changes: tuple[str, str]) -> str:
    """Return the Python code of the page that has a word, with other names in it."""
    found = [each.content for each in tokens(PAGE) if each.type == "fence" and word in each.content]
    [code] = found
    for old, new in (("/models/papers", str(MODEL)), *changes):
        if (old, new) in changes:
            assert old in code
        code = code.replace(old, new)
    return code


def expected() -> dict[str, list[str]]:
    answers = Predictor.load(MODEL).predict(TEXTS)
    return {str(n): [x.label for x in each.labels] for n, each in enumerate(answers)}


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java (17 or newer), which is not installed")
    reason = "Spark is not installed: pip install pyspark, in an environment of its own"
    sql = pytest.importorskip("pyspark.sql", reason=reason)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        patch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
        builder = sql.SparkSession.builder.master("local[1]")
        for name, value in {
            "ui.enabled": "false",
            "driver.extraJavaOptions": JAVA,
            "sql.warehouse.dir": str(tmp_path_factory.mktemp("spark")),
            "executorEnv.OMP_NUM_THREADS": "1",
        }.items():
            builder = builder.config(f"spark.{name}", value)
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        yield session
        session.stop()


def frame_of(spark: Any, rows: list[tuple[str, str | None]]) -> Any:
    """Return documents in two partitions, which one worker answers after the other."""
    pairs = spark.sparkContext.parallelize(rows, 2)
    return spark.createDataFrame(pairs, "id string, text string")


@others
def test_spark_keeps_what_has_no_answer(spark: Any) -> None:
    rows: list[tuple[str, str | None]] = [(str(n), text) for n, text in enumerate(TEXTS)]
    names: dict[str, Any] = {"documents": frame_of(spark, [*rows, ("none", None)])}
    exec(code_with("SPARK_SCHEMA"), names)
    found = names["answers"].collect()
    assert {row.id: row.labels for row in found if row.error is None} == expected()
    [failed] = [row for row in found if row.error is not None]
    assert (failed.id, failed.labels) == ("none", None)
    assert "has no text" in failed.error


@others
def test_a_function_of_mlflow_on_spark(spark: Any, tmp_path: Path) -> None:
    pytest.importorskip("mlflow", reason="MLflow is not installed")
    place = tmp_path / "for-mlflow"
    assert run(["export", str(MODEL), "--output", str(place), "--format", "mlflow"]) == 0
    rows: list[tuple[str, str | None]] = [(str(n), text) for n, text in enumerate(TEXTS)]
    names = {"spark": spark, "documents": frame_of(spark, rows)}
    exec(code_with("spark_udf", ("models:/papers/3", str(place))), names)
    found = names["answers"].collect()
    assert {row.id: row.answer.labels for row in found} == expected()
    assert all(len(row.answer.scores) == len(row.answer.labels) for row in found)
    names["documents"] = frame_of(spark, [*rows, ("none", None)])
    exec(code_with("spark_udf", ("models:/papers/3", str(place))), names)
    with pytest.raises(Exception, match="row 11 of the column: holds nothing"):
        names["answers"].collect()


@others
def test_daft() -> None:
    reason = "Daft is not installed: pip install daft, in an environment of its own"
    daft = pytest.importorskip("daft", reason=reason)
    table = {"id": [*expected(), "none"], "text": [*TEXTS, None]}
    names: dict[str, Any] = {"frame": daft.from_pydict(table), "__name__": "__main__"}
    exec(code_with("@daft.cls"), names)
    plain = names["frame"].to_pydict()
    assert dict(zip(plain["id"], plain["labels"], strict=True)) == {
        **expected(),
        "none": None,
    }


@others
def test_ray_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install harnn[ray]")
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = pyarrow.table({"id": [*expected(), "none"], "text": [*TEXTS, None]})
    parquet.write_table(table, tmp_path / "documents.parquet")
    code = code_with(
        "fn_constructor_kwargs",
        ("s3://archive/", str(tmp_path)),
        ("size=16", "size=1"),
        ("num_cpus=2", "num_cpus=1"),
    )
    names: dict[str, Any] = {"__name__": "__main__"}
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False)
    try:
        ray.data.DataContext.get_current().enable_progress_bars = False
        exec(code, names)
        found = {row["id"]: row for row in names["answers"].take_all()}
    finally:
        ray.shutdown()
    failed = found.pop("none")
    assert {name: list(row["labels"]) for name, row in found.items()} == expected()
    assert (failed["labels"], "has no text" in failed["error"]) == (None, True)


def test_an_archive_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("archive", "other"):
        Path(name).mkdir()
    plain = write_archive(Path("other", "a.jsonl"), 20)
    Path("archive", "a.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    names: dict[str, Any] = {}
    exec(
        code_with(
            "score_archive(settings",
            ('"model"', repr(str(MODEL))),
            ("s3://archive/*.parquet", "other/*.jsonl"),
            ('"answers", crew=Crew(16, "auto")', '"more", crew=Crew(2)'),
        ),
        names,
    )
    assert names["summary"].documents == 20
    assert len(answers_of(Path("answers")).splitlines()) == 20
    assert len(answers_of(Path("more")).splitlines()) == 20
