"""Validation documents held out of the training documents."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harnn
from harnn.cli import run
from harnn.cli.folding import read_valid
from harnn.config import Config
from harnn.data import Document
from harnn.data.split import hold_out
from harnn.errors import ConfigError, TrainingInterrupted
from harnn.sample import sample
from harnn.training import Event, Stage, Step, fit, is_finished
from support.sample_models import TINY
from support.topics import FAST, TOPICS, documents, flat

FILES = sample("en")
TAXONOMY = FILES.load_taxonomy()


def test_the_same_model_as_with_the_parts_given() -> None:
    said: list[Event] = []
    result = fit(TAXONOMY, FILES.train, 0.25, FAST, listener=said.append)
    train, valid = hold_out(
        FILES.train, 0.25, taxonomy=TAXONOMY, config=FAST.data, seed=FAST.training.seed
    )
    assert said[0] == Stage(
        f"{len(valid):,} of {len(train) + len(valid):,} training documents are held out for "
        "validation: of every label its share, seed 13"
    )
    assert result.documents["valid"] == len(valid)
    other = fit(TAXONOMY, train, valid, FAST)
    texts = ["The swarm settled in the hive.", "A new washer for the tap."]
    one, two = (harnn.Predictor(each).scores(texts).values for each in (result, other))
    np.testing.assert_array_equal(one, two)


def test_a_finished_model_is_known(tmp_path: Path) -> None:
    given = documents(8)
    result = fit(flat(), given, 0.25, FAST)
    place = harnn.save_bundle(result, tmp_path / "model")
    assert is_finished(place, flat(), given, 0.25, FAST)
    assert not is_finished(place, flat(), given, 0.5, FAST)
    assert not is_finished(
        place, flat(), [*given, Document("z", {"text": "z"}, ("cat",))], 0.25, FAST
    )


def test_texts_without_a_shared_word_train() -> None:
    words = ("one", "two", "three")
    given = [Document(word, {"text": word}, ("cat",)) for word in words]
    found = harnn.Predictor(fit(flat(), given, 0.999999, FAST)).scores(["one"])
    assert np.isfinite(found.values).all()


def test_frames_and_fixes(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    rows = [{"id": x.id, "text": x.full_text, "labels": [*(x.labels or ())]} for x in documents(8)]
    frame = pandas.DataFrame(rows)
    frame.at[0, "labels"] = ["kat"]
    fixes = tmp_path / "fixes.tsv"
    fixes.write_text("label\tsuggestion\nkat\tcat\n", encoding="utf-8")
    config = Config.from_dict(FAST.to_dict() | {"data": {"fixes": str(fixes)}})
    place = harnn.save_bundle(fit(flat(), frame, 0.25, config), tmp_path / "model")
    assert is_finished(place, flat(), frame, 0.25, config)
    fixes.write_text("label\tsuggestion\nkat\tdog\n", encoding="utf-8")
    assert not is_finished(place, flat(), frame, 0.25, config)


def test_a_stopped_training_goes_on(tmp_path: Path) -> None:
    table: dict[str, Any] = TINY | {"training": TINY["training"] | {"epochs": 2, "threads": 1}}
    config = Config.from_dict(table | {"model": TINY["model"] | {"branches": "network"}})
    whole = fit(TAXONOMY, FILES.train, 0.25, config)

    def stop(event: Event) -> None:
        if isinstance(event, Step) and event.step == 20:
            signal.raise_signal(signal.SIGINT)

    options: dict[str, Any] = {"checkpoint_directory": tmp_path}
    with pytest.raises(TrainingInterrupted):
        fit(TAXONOMY, FILES.train, 0.25, config, listener=stop, **options)
    with pytest.raises(ConfigError, match="the checkpoint was made with other settings"):
        fit(TAXONOMY, FILES.train, 0.3, config, resume=True, **options)
    resumed = fit(TAXONOMY, FILES.train, 0.25, config, resume=True, **options)
    texts = ["The swarm settled in the hive."]
    one, two = (harnn.Predictor(each).scores(texts).values for each in (whole, resumed))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("share", [0.0, 1.0, 1.5, float("nan"), 0, 1])
def test_shares_that_are_refused(share: float) -> None:
    with pytest.raises(ConfigError, match="expected"):
        fit(flat(), documents(8), share, FAST)


def test_cache_of_parts(tmp_path: Path) -> None:
    """Parts of the same files are kept apart."""
    one = fit(TAXONOMY, FILES.train, 0.25, FAST, cache=tmp_path)
    two = fit(TAXONOMY, FILES.train, 0.4, FAST, cache=tmp_path)
    again = fit(TAXONOMY, FILES.train, 0.25, FAST, cache=tmp_path)
    assert one.documents == again.documents != two.documents
    np.testing.assert_array_equal(one.label_counts, again.label_counts)


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"id": each.id, "text": each.full_text, "labels": each.labels} for each in documents(8)]
    train = tmp_path / "train.jsonl"
    train.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    edges = tmp_path / "taxonomy.tsv"
    edges.write_text("".join(f"{label}\tROOT\n" for label in TOPICS))
    out = tmp_path / "model"
    command = ["train", "--train", str(train), "-t", str(edges), "-o", str(out), "--preset", "fast"]
    assert run([*command, "--valid", "0.25"]) == 0
    assert "training documents are held out for validation" in capsys.readouterr().err
    assert run([*command, "--valid", "0.25", "--resume"]) == 0
    assert "holds the finished model" in capsys.readouterr().err
    assert run(command) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "Error: --valid: there is nothing to validate on. Give files, or the share of the training "
        "documents to hold out, as --valid 0.2."
    )


def test_shares_on_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_valid(["0.2"], None) == read_valid([".2"], None) == 0.2
    assert read_valid(["a.jsonl", "b.jsonl"], None) == [Path("a.jsonl"), Path("b.jsonl")]
    assert read_valid([], 5) == 0.1
    with pytest.raises(ConfigError, match=r"got the share '0\.2' beside others"):
        read_valid(["a.jsonl", "0.2"], None)
    with pytest.raises(ConfigError, match=r"valid: got 2\.0, expected 0 or more, and less than 1"):
        read_valid(["2"], None)
    monkeypatch.chdir(tmp_path)
    Path("0.2").touch()
    assert read_valid(["0.2"], None) == [Path("0.2")]


@pytest.mark.parametrize("options", [["--valid", "0.25"], ["--folds", "2"]])
def test_what_is_remarkable_of_divided_documents_is_told_once(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [{"id": each.id, "text": each.full_text, "labels": each.labels} for each in documents(8)]
    train = tmp_path / "train.jsonl"
    lines = "".join(f"{json.dumps(row)}\n" for row in [*rows, rows[0] | {"labels": ["bat"]}])
    train.write_text(lines + "nothing\n")
    edges = tmp_path / "taxonomy.tsv"
    edges.write_text("".join(f"{label}\tROOT\n" for label in TOPICS))
    command = ["train", "--train", str(train), "-t", str(edges), "-o", str(tmp_path / "model")]
    assert run([*command, *options, "--preset", "fast", "--on-error", "skip"]) == 0
    told = capsys.readouterr().err
    assert told.count("2 records skipped:") == 1
    assert told.count("bat") == 1


def test_parts_of_the_users_own_tell_what_is_remarkable(tmp_path: Path) -> None:
    """Nobody says it when they are divided without a log."""
    config = Config.from_dict(FAST.to_dict() | {"data": {"on_error": "drop-labels"}})
    given = [*documents(6), Document("x", {"text": "x"}, ("bat", "cat"))]
    train, valid = hold_out(given, 0.25, taxonomy=flat(), config=config.data, seed=1)
    said: list[str] = []
    fit(flat(), train, valid, config, listener=lambda event: said.append(str(event)))
    assert any("1 label dropped" in line for line in said)
