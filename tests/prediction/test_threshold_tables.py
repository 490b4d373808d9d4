"""Thresholds as people edit them: written, read back, and answered by."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harnn
from harnn.cli import run
from harnn.config import Strategy
from harnn.errors import ConfigError, DocumentError
from harnn.prediction import Workers, read_thresholds, write_thresholds
from harnn.prediction.threshold_tables import LABEL_COLUMNS
from harnn.sample import sample
from harnn.serve import ModelPlace

MODEL = Path(__file__).parents[1] / "golden" / "format-3" / "fast"
TEXTS = ["Willow pollen for the bees", "A dripping tap in the kitchen", "soup and bread", ""]
FILES = sample("en")


@pytest.fixture(scope="module")
def predictor() -> harnn.Predictor:
    return harnn.Predictor.load(MODEL)


def rows_of(table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table)))


def refused(given: Any, predictor: harnn.Predictor) -> str:
    with pytest.raises(ConfigError) as error:
        read_thresholds(given, predictor.bundle)
    return str(error.value)


@pytest.mark.parametrize("strategy", ["threshold", "level", "label"])
@pytest.mark.parametrize("top_1", ["never", "empty", "always"])
@pytest.mark.parametrize("close", ["up", "down", "none"])
def test_a_table_that_nobody_edited_changes_nothing(
    predictor: harnn.Predictor, strategy: Strategy, top_1: Any, close: Any, tmp_path: Path
) -> None:
    chosen = predictor.with_options(strategy=strategy, top_1=top_1, close=close)
    path = tmp_path / "t.csv"
    path.write_text(write_thresholds(chosen.bundle), encoding="utf-8")
    hierarchy = predictor.taxonomy.hierarchy
    scores = np.random.default_rng(0).random((200, len(hierarchy)), dtype=np.float32)
    own = chosen.bundle.decoder
    cuts = own.own_thresholds(hierarchy)
    scores[:100] = np.where(scores[:100] < 0.5, cuts, np.nextafter(cuts, np.float32(0)))
    again = chosen.with_options(thresholds=path).bundle.decoder
    answers = [each.choose(scores, hierarchy).toarray() for each in (own, again)]
    assert np.array_equal(answers[0], answers[1])
    assert chosen.predict(TEXTS) == chosen.predict(TEXTS, thresholds=path)


def test_what_stands_in_a_table(predictor: harnn.Predictor) -> None:
    bundle, taxonomy = predictor.bundle, predictor.taxonomy
    table = write_thresholds(bundle)
    assert table.splitlines()[0] == ",".join(LABEL_COLUMNS)
    rows = rows_of(table)
    assert [row["label"] for row in rows] == list(taxonomy.codes)
    assert [int(row["training"]) for row in rows] == bundle.label_counts.tolist()
    assert {row["threshold"] for row in rows} == {str(np.float32(bundle.decoder.threshold))}
    tuned = rows_of(write_thresholds(bundle, strategy="label"))
    assert [float(row["threshold"]) for row in tuned] == list(bundle.decoder.label_thresholds or ())
    levels = rows_of(write_thresholds(bundle, "level", "level"))
    assert [float(row["threshold"]) for row in levels] == list(
        bundle.decoder.level_thresholds or ()
    )
    assert [row["f1"] for row in levels] == [f"{x.micro_f1:.4f}" for x in bundle.report.levels]
    with pytest.raises(ConfigError, match="a threshold for each label, so there is none for a lev"):
        write_thresholds(bundle, "level", "label")
    with pytest.raises(ConfigError, match="The strategy f1 has no thresholds; threshold, level"):
        write_thresholds(bundle, strategy="f1")
    by_f1 = predictor.with_options(strategy="f1").bundle
    assert write_thresholds(by_f1) == write_thresholds(bundle, strategy="label")


def test_precision_and_recall_are_those_of_validation(predictor: harnn.Predictor) -> None:
    quality = predictor.bundle.quality
    if quality is None:
        pytest.skip("the model keeps no counts of single labels")
    for row, hits, predicted, true in zip(
        rows_of(write_thresholds(predictor.bundle)),
        quality.counts.hits.tolist(),
        quality.counts.predicted.tolist(),
        quality.counts.true.tolist(),
        strict=True,
    ):
        assert int(row["validation"]) == true
        assert row["precision"] == (f"{hits / predicted:.4f}" if predicted else "")
        assert row["recall"] == (f"{hits / true:.4f}" if true else "")


def test_edited_tables(predictor: harnn.Predictor, tmp_path: Path) -> None:
    index, own = predictor.taxonomy.index, predictor.bundle.decoder.threshold
    path = tmp_path / "t.csv"
    path.write_bytes("\ufefflabel;threshold;note\r\nbeekeeping;0,05;x\r\nplumbing;;\r\n".encode())
    found = read_thresholds(path, predictor.bundle)
    assert found.values[index["beekeeping"]] == np.float32(0.05)
    assert found.values[index["plumbing"]] == np.float32(own)
    count = len(index)
    assert found.describe() == f"{count - 1} of {count} labels keep their own threshold."
    for given in ({"beekeeping": 0.05}, str(path)):
        answers = predictor.predict(["bees"], thresholds=given)
        assert "beekeeping" in {each.label for each in answers[0].labels}
    levels = tmp_path / "levels.csv"
    levels.write_text("level\tthreshold\n1\t0.9\n", encoding="utf-8")
    found = read_thresholds(levels, predictor.bundle)
    top = predictor.taxonomy.hierarchy.levels == 1
    assert set(found.values[top].tolist()) == {float(np.float32(0.9))}
    assert set(found.values[~top].tolist()) == {float(np.float32(own))}
    depth = predictor.taxonomy.depth
    assert found.describe() == f"{depth - 1} of {depth} levels keep their own threshold."
    levels.write_text(write_thresholds(predictor.bundle, "level"), encoding="utf-8")
    whole = read_thresholds(levels, predictor.bundle)
    assert (whole.by, whole.describe()) == ("level", "")
    same = read_thresholds({1: 0.9}, predictor.bundle)
    assert same.values.tolist() == found.values.tolist()


def test_all_mistakes_are_told_together(predictor: harnn.Predictor, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(
        "label,threshold\nbeekeping,0.2\nplumbing,1.5\nplumbing,0.3\nfood,high\n,0.5\nhome,nan\n",
        encoding="utf-8",
    )
    assert refused(path, predictor) == "\n".join(
        [
            "6 problems in the configuration:",
            f"  {path}:6: has nothing in 'label'.",
            f"  {path}:2: unknown label 'beekeping'. Did you mean 'beekeeping'?",
            f"  {path}:3: label 'plumbing': got '1.5', expected 0 to 1.",
            f"  {path}:5: label 'food': got 'high', expected 0 to 1.",
            f"  {path}:7: label 'home': got 'nan', expected 0 to 1.",
            f"  {path}:4: label 'plumbing' is there twice, first at {path}:3.",
        ]
    )
    assert refused({"food": 2}, predictor) == "label 'food': got 2, expected 0 to 1."
    assert refused({9: 0.5}, predictor) == "got the level 9, expected 1 to 3."
    assert refused({}, predictor) == "thresholds: has no thresholds."
    assert refused({"food": 0.5, 1: 0.5}, predictor) == "thresholds: mixes labels and levels."


def test_files_that_are_no_tables(predictor: harnn.Predictor, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    hint = "harnn thresholds writes such a table."
    path.write_text("")
    assert refused(path, predictor) == f"{path}: is empty. {hint}"
    path.write_text("a,b\n1,2\n")
    assert refused(path, predictor) == (
        f"{path}: has not the columns threshold and label, or threshold and level. {hint}"
    )
    path.write_text("label,threshold\n")
    with pytest.raises((ConfigError, DocumentError)):
        read_thresholds(path, predictor.bundle)
    with pytest.raises((ConfigError, DocumentError), match="no such file"):
        read_thresholds(tmp_path / "none.csv", predictor.bundle)


def test_what_thresholds_exclude(predictor: harnn.Predictor) -> None:
    given = {"food": 0.5}
    with pytest.raises(ConfigError, match="threshold and thresholds exclude each other"):
        predictor.predict(["x"], threshold=0.5, thresholds=given)
    with pytest.raises(ConfigError, match="thresholds stands for the strategy label, got the stra"):
        predictor.predict(["x"], strategy="f1", thresholds=given)
    with pytest.raises(TypeError, match="Expected a number for each label, got dict"):
        predictor.bundle.decoder.with_options(thresholds=given)


def test_workers_and_acceptances_take_them(predictor: harnn.Predictor) -> None:
    given = dict.fromkeys(predictor.taxonomy.codes, 0.01)
    with Workers(MODEL, 1) as workers:
        answers = list(workers.predict_stream(TEXTS[:1], thresholds=given))
    assert answers == predictor.predict(TEXTS[:1], threshold=0.01, top_1="never", thresholds=None)
    made = harnn.measure_acceptance(
        predictor, FILES.valid, {}, model_hash="0" * 64, thresholds=given
    )
    assert len(str(made.options["thresholds"])) == 64
    made.check("0" * 64, predictor.taxonomy, made.options)


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, model = tmp_path / "t.csv", tmp_path / "m"
    shutil.copytree(MODEL, model)
    assert run(["thresholds", str(model)]) == 0
    table = capsys.readouterr().out
    assert run(["thresholds", str(model), "-o", str(path)]) == 0
    assert path.read_text() == table
    plain = ["predict", str(model), "--text", TEXTS[0]]
    assert run(plain) == 0
    answer = capsys.readouterr().out
    assert run([*plain, "--thresholds", str(path)]) == 0
    assert capsys.readouterr() == (answer, "")
    path.write_text("label,threshold\nbeekeeping,0\n")
    assert run([*plain, "--thresholds", str(path)]) == 0
    said = capsys.readouterr()
    assert "beekeeping" in said.out
    assert "labels keep their own threshold.\n" in said.err
    assert run([*plain, "--thresholds", str(path), "--top-k", "3"]) == 2
    assert capsys.readouterr().err == (
        "Error: --thresholds and --top-k exclude each other; give one of them.\n"
    )
    out = tmp_path / "scored"
    words = ["score", str(model), "--data", str(FILES.test), "--out", str(out)]
    assert run([*words, "--thresholds", str(path)]) == 0
    (file,) = (out / "answers").glob("*.jsonl")
    found = [json.loads(line) for line in file.read_text().splitlines()]
    assert all("beekeeping" in {x["label"] for x in each["labels"]} for each in found)
    capsys.readouterr()
    assert run(["decoding", str(model), "--thresholds", str(path)]) == 0
    assert "now chooses labels scored at least their own threshold" in capsys.readouterr().out
    decoder = harnn.load_bundle(model).decoder
    column = harnn.load_bundle(model).taxonomy.index["beekeeping"]
    assert (decoder.label_thresholds or ())[column] == 0


def test_a_server_takes_them(tmp_path: Path) -> None:
    pytest.importorskip("fastapi")
    from harnn.serve.models import Models

    path = tmp_path / "t.csv"
    path.write_text("label,threshold\nbeekeeping,0\n")
    served = Models([ModelPlace("m", MODEL)], thresholds={"m": path}).default
    answers = served.predictor.predict(["tap"])
    assert "beekeeping" in {each.label for each in answers[0].labels}
