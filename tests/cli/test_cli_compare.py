"""``harnn compare``: two models on the same documents."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import harnn
from harnn.cli import run
from harnn.config import Config
from harnn.data import ReadingLog
from harnn.errors import DocumentError
from harnn.metrics import Resampling
from harnn.prediction import compare_models
from harnn.sample import sample
from harnn.taxonomy import Taxonomy

FILES = sample("en")
SIZES = {"embedding_size": 16, "lstm_size": 16, "attention_size": 16, "fc_size": 16}
SETTINGS: dict[str, dict[str, Any]] = {
    "text": {"vectors": "random"},
    "model": SIZES | {"text_vectors": "off"},
    "training": {"epochs": 6, "precision": "32", "learning_rate": 0.01},
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """One trained for six epochs, and one in the other mode that had only one."""
    folder = tmp_path_factory.mktemp("compare")
    taxonomy = FILES.load_taxonomy()
    paths = []
    for name, mode, epochs in (("six", "harnn", 6), ("one", "paper", 1)):
        table = SETTINGS | {
            "model": SETTINGS["model"] | {"mode": mode},
            "training": SETTINGS["training"] | {"epochs": epochs},
        }
        result = harnn.fit(taxonomy, FILES.train, FILES.valid, Config.from_dict(table))
        paths.append(harnn.save_bundle(result, folder / name))
    return paths[0], paths[1]


def compare(*more: object) -> int:
    return run(["compare", *map(str, more), "--data", str(FILES.test)])


def test_two_models(
    models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "difference.json"
    assert compare(*models, "--json", output, "--samples", 300, "--seed", 2) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"A: {models[0]}\nB: {models[1]}\n")
    for name in ("B - A", "95% interval", "micro-F1", "hierarchical F1", "AUPRC", "exact match"):
        assert name in shown
    assert shown.endswith(
        "45 documents; intervals and two-sided p-values of 300 paired bootstrap samples of the "
        "documents, seed 2; they can tell no p-value below 0.007 (--samples)\n"
        f"The comparison is in {output}.\n"
    )
    table = json.loads(output.read_text("utf-8"))
    assert (table["first"], table["second"]) == tuple(map(str, models))
    assert (table["documents"], table["samples"], table["seed"]) == (45, 300, 2)
    names = ["micro_f1", "macro_f1", "hierarchical_f1", "auprc", "exact_match"]
    assert [row["measure"] for row in table["measures"]] == names
    assert [row["level"] for row in table["levels"]] == [1, 2, 3]
    for path, key in zip(models, ("first", "second"), strict=True):
        report = harnn.Predictor.load(path).evaluate(FILES.test)
        for row in table["measures"]:
            assert row[key] == pytest.approx(getattr(report, row["measure"]))
        for row, level in zip(table["levels"], report.levels, strict=True):
            for name in ("micro_f1", "macro_f1", "auprc"):
                assert row[name][key] == pytest.approx(getattr(level, name))
    for row in table["measures"]:
        assert row["low"] <= row["difference"] <= row["high"]
        assert 0 < row["p_value"] <= 1


def test_a_model_and_itself(models: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert compare(models[0], models[0], "--samples", 20) == 0
    shown = capsys.readouterr().out
    assert shown.count("+0.00 to +0.00") == 14
    assert shown.count("1.000") == 14


def test_other_taxonomies_are_refused(
    models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    larger = tmp_path / "taxonomy.tsv"
    line = "juggling\t" + FILES.taxonomy.read_text("utf-8").splitlines()[-1].split("\t")[1]
    larger.write_text(FILES.taxonomy.read_text("utf-8") + line + "\n", encoding="utf-8")
    taxonomy = Taxonomy.from_file(larger)
    fast = Config.from_dict({"model": {"preset": "fast"}})
    result = harnn.fit(taxonomy, FILES.train, FILES.valid, fast)
    other = harnn.save_bundle(result, tmp_path / "other")
    assert compare(models[0], other) == 2
    version = FILES.load_taxonomy().version
    assert capsys.readouterr().err == (
        f"Error: the two models have different taxonomies: version {version[:12]} and version "
        f"{taxonomy.version[:12]}. Compare models that were trained with the same one.\n"
    )


def test_bad_documents_are_refused(
    models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.jsonl"
    good = '{"id": "1", "text": "bees", "labels": ["beekeeping"]}\n'
    bad.write_text(good + '{"id": "2", "text": "bees", "labels": ["beekeping"]}\n', "utf-8")
    arguments = ["compare", *map(str, models), "--data", str(bad), "--samples", "5"]
    assert run(arguments) == 2
    assert "unknown label 'beekeping'" in capsys.readouterr().err
    assert run([*arguments, "--on-error", "skip"]) == 0
    captured = capsys.readouterr()
    assert "1 document; intervals" in captured.out
    assert "1 record skipped:" in captured.err
    assert run(["compare", str(models[0]), str(tmp_path), "--data", str(bad)]) == 2


def test_documents_must_be_the_same(models: tuple[Path, Path], tmp_path: Path) -> None:
    first, second = map(harnn.Predictor.load, models)
    data = tmp_path / "data.jsonl"
    data.write_text(
        '{"id": "1", "key": "a", "text": "bees", "labels": ["beekeeping"]}\n', encoding="utf-8"
    )
    own = first.bundle.config.data
    read = ReadingLog()
    same = compare_models(first, second, data, resampling=Resampling(5), log=read)
    assert same.documents == 1
    with pytest.raises(DocumentError) as caught:
        compare_models(first, second, data, data=(own, replace(own, id_field="key")))
    assert str(caught.value) == (
        "the settings of the two models read different documents: 1 and 1. "
        "Give the settings that differ with --set."
    )
    with pytest.raises(DocumentError) as caught:
        compare_models(first, second, [])
    assert str(caught.value) == "there is no document to compare the models on."


@pytest.mark.slow
def test_it_says_which_documents_a_model_knows(
    models: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of each model, with one command or the other, and nothing of test documents."""

    def notes(*systems: Path, data: Path) -> list[str]:
        given = [*map(str, systems), "--data", str(data), "--samples", "10"]
        assert run(["compare", *given]) == 0
        return [line for line in capsys.readouterr().err.splitlines() if "model was" in line]

    worth = "the numbers say how well it remembers, not how well it does on new documents."
    expected = [f"Note: {x}: The model was trained on these documents: {worth}" for x in models]
    assert notes(*models, data=FILES.train) == expected
    assert notes(*models, models[0], data=FILES.train) == [*expected, expected[0]]
    assert notes(*models, data=FILES.test) == notes(*models, models[0], data=FILES.test) == []
    answers = tmp_path / "a.jsonl"
    assert run(["predict", str(models[1]), "-o", str(answers), "--data", str(FILES.valid)]) == 0
    tuned = "The model was tuned on these documents: expect slightly less on new documents."
    assert notes(answers, models[1], data=FILES.valid) == [f"Note: {models[1]}: {tuned}"]
    strategies = ["evaluate", str(models[0]), "--data", str(FILES.valid), "--strategies"]
    assert run(strategies) == 0
    assert capsys.readouterr().err == f"Note: {tuned}\n"
