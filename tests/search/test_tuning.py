"""Settings are tried one training after the other, and a study that was stopped goes on."""

from __future__ import annotations

import csv
import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

import harnn
from harnn.bundle import EpochRow
from harnn.cli import run
from harnn.config import Config
from harnn.errors import CallableError, ConfigError, InputError, Problem, TrainingInterrupted
from harnn.sample import sample
from harnn.search import Space, Tuned, draw_importance, sweep_seeds, tune, write_importance
from harnn.search.space import READ_BY_NETWORKS
from harnn.search.trials import Trial, best_of, trials_csv
from harnn.training import Stage, cross_validate
from support.pages import ROOT
from support.topics import FAST, TAXONOMY, documents

FILES = sample("en")
TRIED = {"model": {"dropout": "0.1..0.7", "encoder": ["lstm", "mingru"]}}
pytest.importorskip("optuna", reason="optuna is not installed")


def epoch(number: int, auprc: float) -> EpochRow:
    return EpochRow(
        epoch=number,
        steps=number,
        loss=1.0,
        auprc=auprc,
        micro_f1=0.0,
        macro_f1=0.0,
        threshold=0.5,
        learning_rate=0.1,
        seconds=1.0,
        documents_per_second=1.0,
        padding=0.0,
    )


class Trainings:
    """Stands for training: the score is a known function of the settings."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.configs: list[Config] = []
        self.before: Callable[[Config, Callable[..., None]], None] = lambda config, listener: None
        monkeypatch.setattr("harnn.search.tuning.fit", self)

    def __call__(self, *given: Any, listener: Callable[..., None], **_: Any) -> Any:
        config = given[3]
        self.before(config, listener)
        self.configs.append(config)
        best = 0.9 if config.model.encoder == "lstm" else 0.8
        score = best - abs(config.model.dropout - 0.4)
        return SimpleNamespace(report=SimpleNamespace(auprc=score, micro_f1=1 - score))


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> Trainings:
    return Trainings(monkeypatch)


def search(place: Path, trials: int, **more: Any) -> Any:
    base = more.pop("base", Config())
    space = Space.of(more.pop("tried", TRIED), base)
    taxonomy = FILES.load_taxonomy()
    given = (taxonomy, FILES.train, FILES.valid, base)
    return tune(*given, space=space, directory=place, trials=trials, **more)


def test_it_finds_the_better_settings(tmp_path: Path, trainings: Trainings) -> None:
    found = search(tmp_path / "study", 25)
    assert len(found.trials) == len(trainings.configs) == 25
    assert found.best.score > 0.85
    assert found.config.model.encoder == "lstm"
    assert abs(found.config.model.dropout - 0.4) < 0.05
    assert found.config == trainings.configs[found.best.number - 1]
    assert sum(found.importance.values()) == pytest.approx(1)
    assert found.importance.keys() == {"model.dropout", "model.encoder"}
    assert Config.read(tmp_path / "study" / "best.toml") == found.config
    rows = list(csv.DictReader((tmp_path / "study" / "trials.csv").read_text().splitlines()))
    assert [float(row["score"]) for row in rows] == pytest.approx(
        [trial.score for trial in found.trials], abs=1e-6
    )


def test_a_score_of_ones_own(tmp_path: Path, trainings: Trainings) -> None:
    found = search(tmp_path / "study", 12, score=lambda report: report.micro_f1)
    assert found.best.score > 0.3
    assert abs(found.config.model.dropout - 0.4) > 0.2


@pytest.mark.slow
def test_a_study_that_was_stopped_makes_the_same_trials(
    tmp_path: Path, trainings: Trainings
) -> None:
    whole = search(tmp_path / "whole", 9)
    trainings.configs.clear()
    trainings.before = lambda config, listener: stop_at(4)

    def stop_at(number: int) -> None:
        if len(trainings.configs) == number:
            trainings.before = lambda config, listener: None
            raise TrainingInterrupted(None, 3)

    place = tmp_path / "parts"
    with pytest.raises(TrainingInterrupted) as stopped:
        search(place, 9)
    assert str(stopped.value) == (
        f"Training stopped. What is finished is kept in {place} (4 trials); "
        "repeat the command with --resume to go on."
    )
    assert len((place / "trials.csv").read_text().splitlines()) == 6
    found = search(place, 9, resume=True)
    finished = [trial for trial in found.trials if trial.state == "finished"]
    assert [trial.state for trial in found.trials].count("failed") == 1
    assert len(finished) == 9
    assert [t.settings for t in finished[:5]] == [t.settings for t in whole.trials[:5]]
    again = search(place, 9, resume=True)
    assert again == found


def test_a_training_that_lags_behind_is_stopped_early(tmp_path: Path, trainings: Trainings) -> None:
    told: list[str] = []

    def epochs(config: Config, listener: Callable[..., None]) -> None:
        bad = len(trainings.configs) >= 6
        for number in range(1, 6):
            listener(epoch(number, 0.1 if bad else 0.5 + number / 100))
        listener(epoch(1, 0.0))  # of another network: not looked at

    trainings.before = epochs
    found = search(
        tmp_path / "study",
        8,
        listener=lambda event: told.append(event.message) if isinstance(event, Stage) else None,
    )
    assert [trial.state for trial in found.trials] == ["finished"] * 6 + ["pruned"] * 2
    assert found.trials[-1].score == 0.1
    assert told.count("stopped early: others were better at this epoch") == 2
    assert told[0].startswith("trial 1 of 8: model.dropout=0.")
    assert found.best.number <= 6


def test_trials_that_fail_are_told_and_three_in_a_row_end_it(
    tmp_path: Path, trainings: Trainings
) -> None:
    def fail(config: Config, listener: Callable[..., None]) -> None:
        if len(trainings.configs) == 2:
            raise ConfigError(Problem("training", "diverged."))

    trainings.before = fail
    with pytest.raises(ConfigError, match=r"training: diverged\."):
        search(tmp_path / "study", 5)
    trainings.before = lambda config, listener: None
    found = search(tmp_path / "study", 5, resume=True)
    states = [trial.state for trial in found.trials]
    assert states == ["finished"] * 2 + ["failed"] * 3 + ["finished"] * 3
    assert found.trials[2].why == "training: diverged."


def test_no_trial_begins_when_the_time_is_over(tmp_path: Path, trainings: Trainings) -> None:
    found = search(tmp_path / "study", 5, seconds=0)
    assert (found.trials, found.best, found.config) == ((), None, None)


def test_places_that_are_refused(tmp_path: Path, trainings: Trainings) -> None:
    place = tmp_path / "study"
    search(place, 1)
    with pytest.raises(ConfigError) as error:
        search(place, 1)
    assert str(error.value) == (
        f"{place}: holds a study already. Go on with --resume, or choose another place."
    )
    with pytest.raises(ConfigError) as error:
        search(place, 1, resume=True, base=Config.from_dict({"training": {"seed": 3}}))
    what = "holds a study of other documents, settings or things to try."
    assert str(error.value) == f"{place}: {what} Choose another --out."
    (place / "study.sqlite3").write_bytes(b"no database" * 100)
    with pytest.raises(InputError) as wrong:
        search(place, 1, resume=True)
    assert str(wrong.value).startswith(f"{place}/study.sqlite3: is no study that can be read: ")


@pytest.mark.parametrize(
    ("tried", "message"),
    [
        ({}, "there is nothing to try. Name settings with --try, for example --try 'model.drop"),
        ({"modle": {"dropout": [0, 1]}}, "unknown table [modle]. Did you mean 'model'?"),
        ({"model": {"dropuot": [0, 1]}}, "unknown key model.dropuot. Did you mean 'dropout'?"),
        (
            {"model": {"dropout": 0.5}},
            'model.dropout: got 0.5, expected "LOW..HIGH", "LOW..HIGH log" or a list of two values '
            "or more.",
        ),
        ({"model": {"dropout": [0.5, 0.5]}}, "model.dropout: got [0.5, 0.5], where a value stands"),
        ({"model": {"dropout": "0.5..0.2"}}, "model.dropout: got '0.5..0.2', expected the lower"),
        ({"model": {"dropout": "0..0.5 log"}}, "model.dropout: got '0..0.5 log', but log needs"),
        ({"model": {"lstm_size": "1.5..8"}}, "model.lstm_size: got '1.5..8', expected whole num"),
        ({"model": {"encoder": "1..2"}}, "model.encoder: got '1..2', but it is no number: expect"),
        ({"model": {"dropout": "0.5..2"}}, "model.dropout: got 2.0, expected 0 to 0.95."),
        ({"model": {"encoder": ["lstm", "gru"]}}, "model.encoder: got 'gru', expected one of lstm"),
        ({"model": 3}, "[model] must be a table, got 3."),
    ],
)
def test_what_cannot_be_tried(tried: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as error:
        Space.of(tried, Config(), where="--try")
    assert message in str(error.value)


def test_all_mistakes_are_told_together() -> None:
    tried = {"modle": {}, "model": {"dropout": "0.5..2", "encoder": ["lstm", "gru"]}}
    with pytest.raises(ConfigError) as error:
        Space.of({"modle": {"a": 1}} | tried, Config())
    assert len(error.value.problems) == 2
    with pytest.raises(ConfigError) as error:
        Space.of({"model": {"dropuot": "1..2", "dropout": "0.5..2"}}, Config())
    assert len(error.value.problems) == 2


def test_presets_stay_what_they_are_and_what_is_tried_wins() -> None:
    base = Config.from_dict({"model": {"preset": "best"}, "text": {"min_count": 3}})
    space = Space.of({"model": {"members": "1..5"}, "data": {"text_fields": [["a"], ["b"]]}}, base)
    found = space.settings({"model.members": 2, "data.text_fields": ("a",)}, base)
    given = {"model": {"preset": "best", "members": 2}, "text": {"min_count": 3}}
    assert found == Config.from_dict(given | {"data": {"text_fields": ["a"]}})


def test_the_default_space_is_for_networks() -> None:
    assert "training.learning_rate" in Space.read(None, [], Config()).tried
    linear = Config.from_dict({"model": {"preset": "fast"}})
    with pytest.raises(ConfigError, match="the linear branch finds its cost by itself"):
        Space.read(None, [], linear)


LINEAR = (
    "Without a network data.text_fields, text.segmenter, text.text_encoder, model.text_vectors and "
    "model.labels_without_examples may make a difference, the linear branch finds its cost by "
    "itself, and harnn config names all settings."
)


@pytest.mark.parametrize(
    ("tried", "message"),
    [
        ("linear.cost=0.1..10 log", f"unknown table [linear]. {LINEAR}"),
        ("model.cost=0.1..10 log", f"unknown key model.cost. {LINEAR}"),
        (
            "model.dropout=0.2..0.7",
            "model.dropout: only networks read that, and there is none here (preset fast). "
            f"{LINEAR}",
        ),
    ],
)
def test_what_preset_fast_can_try_is_said(
    tried: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ("--train", FILES.train, "--valid", FILES.valid, "--taxonomy", FILES.taxonomy)
    asked = ("tune", *files, "--preset", "fast", "--try", tried, "--out", tmp_path / "study")
    assert run([*map(str, asked)]) == 2
    assert capsys.readouterr().err == f"Error: --try: {message}\n"
    assert not (tmp_path / "study").exists()


def test_what_brings_a_network_may_stand_beside_its_settings() -> None:
    base = Config.from_dict({"model": {"preset": "fast"}})
    tried = {"model": {"branches": ["linear", "both"], "dropout": "0.2..0.7"}}
    assert Space.of(tried, base).tried.keys() == {"model.branches", "model.dropout"}
    with pytest.raises(ConfigError, match=r"unknown table \[linear\]\. harnn config names all set"):
        Space.of({"linear": {"cost": "1..2"}}, Config())


def test_what_only_networks_read_changes_nothing_without_one() -> None:
    """All of it at once, and the model scores the same to the bit."""
    others = {
        "model": {
            "encoder": "mingru", "embedding_size": 64, "lstm_size": 64,
            "attention_size": 64, "fc_size": 64, "dropout": 0.1, "embedding_dropout": 0.1,
            "alpha": 0.7,
        },
        "text": {"vectors": "fasttext", "vectors_epochs": 3, "freeze_vectors": True},
        "training": {
            "epochs": 3, "batch_size": 8, "learning_rate": 0.1, "schedule": "constant",
            "warmup": 0.3, "weight_decay": 0.5, "clip_norm": 9.0, "focus": 1.0, "negatives": 10,
            "average": 0.0, "patience": 9, "precision": "32", "share_labels": "off",
        },
    }  # fmt: skip
    constraint = "model.max_constraint"  # which no sampling of labels goes with
    named = {f"{table}.{key}" for table in others for key in others[table]}
    assert named | {constraint} == READ_BY_NETWORKS
    linear = {"branches": "linear", "text_vectors": "off"}
    taxonomy, scores = FILES.load_taxonomy(), []
    for table in (
        {"model": linear},
        {"model": linear | {"max_constraint": True}},
        others | {"model": others["model"] | linear},
    ):
        found = harnn.fit(taxonomy, FILES.train, FILES.valid, Config.from_dict(table))
        scores.append(harnn.Predictor(found).scores(["Bees in a hive.", "A storm."]).values)
    assert (scores[0] == scores[1]).all()
    assert (scores[0] == scores[2]).all()


def example(of: str) -> list[str]:
    """Return a command of docs/searching.md that has these words."""
    page = (ROOT / "docs" / "searching.md").read_text("utf-8").replace("\\\n", " ")
    (found,) = [line for line in page.splitlines() if line.startswith("harnn ") and of in line]
    return shlex.split(found)[1:]


def test_the_example_for_preset_fast(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As docs/searching.md has it, on documents with a title and a text."""
    monkeypatch.chdir(tmp_path)
    for path, name in ((FILES.train, "train.jsonl"), (FILES.valid, "valid.jsonl")):
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for row in rows:
            title, _, text = row.pop("text").partition(". ")
            row |= {"title": title, "abstract": text or title}
        Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    Path("taxonomy.tsv").write_bytes(FILES.taxonomy.read_bytes())
    assert run(example("--preset fast")) == 0
    assert "The best of 4 trials (4 finished)" in capsys.readouterr().out
    with Path("study/trials.csv").open(encoding="utf-8", newline="") as file:
        trials = list(csv.DictReader(file))
    assert len({trial["score"] for trial in trials}) > 1


def test_the_best_is_the_first_among_equals() -> None:
    trials = [
        Trial(1, "failed", None, 0.0, {}),
        Trial(2, "finished", 0.5, 0.0, {"a.b": 1}),
        Trial(3, "finished", 0.5, 0.0, {"a.b": 2}),
        Trial(4, "pruned", 0.9, 0.0, {"a.b": 3}),
    ]
    assert best_of(trials) == (2, 0.5)
    assert best_of(trials[:1]) is None
    assert trials_csv(trials[:2]) == (
        "trial,state,score,seconds,a.b,why\n1,failed,,0.0,,\n2,finished,0.500000,0.0,1,\n"
    )


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--train", FILES.train, "--valid", FILES.valid, "--taxonomy", FILES.taxonomy]
    space = tmp_path / "space.toml"
    space.write_text('[text]\nmin_count = "1..3"\n')
    asked = [*given, "--preset", "fast", "--space", space, "--trials", "2", "--out", tmp_path / "s"]
    assert run(["tune", *map(str, asked)]) == 0
    said = capsys.readouterr()
    assert "The best of 2 trials (2 finished)" in said.out
    assert "All scores are the same: what was tried makes no difference here." in said.out
    assert said.out.endswith(
        f"The study, trials.csv and best.toml (harnn train --config) are in {tmp_path}/s/.\n"
    )
    assert run(["tune", *map(str, asked)]) == 2
    assert capsys.readouterr().err.endswith(
        "holds a study already. Go on with --resume, or choose another place.\n"
    )


def test_seeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--train", FILES.train, "--valid", FILES.valid, "--taxonomy", FILES.taxonomy]
    asked = [*given, "--preset", "fast", "--seeds", "2", "--test", FILES.test]
    assert run(["sweep", *map(str, asked), "--json", str(tmp_path / "sweep.json")]) == 0
    said = capsys.readouterr()
    assert said.out.endswith(f"The report is in {tmp_path}/sweep.json.\n")
    title = f"Seeds 13 to 14, {FILES.test}, in percent"  # broken into lines anywhere
    assert "".join(title.split()) in "".join(said.out.split())
    found = json.loads((tmp_path / "sweep.json").read_text())
    assert found["seeds"] == [13, 14]
    one, two = (report["micro_f1"] for report in found["reports"])
    assert found["summary"]["micro_f1"]["mean"] == pytest.approx((one + two) / 2)
    assert found["summary"]["micro_f1"]["deviation"] == pytest.approx(abs(one - two) / 2**0.5)
    assert run(["sweep", *map(str, given), "--preset", "fast", "--seeds", "1"]) == 2


@pytest.mark.parametrize("how", ["sweep", "tune", "folds"])
def test_what_is_remarkable_in_the_documents_is_told_once(how: str, tmp_path: Path) -> None:
    train, valid = documents(4), [replace(x, labels=("CAT",)) for x in documents(1)[:1]]
    train[0] = replace(train[0], labels=("CAT",), source="t:1")
    valid += documents(1)[1:]
    heard: list[Any] = []
    given: tuple[Any, ...] = (TAXONOMY, train, valid, FAST)
    if how == "sweep":
        sweep_seeds(*given, seeds=[1, 2], listener=heard.append)
    elif how == "tune":
        space = Space.of({"text": {"min_count": [1, 2]}}, FAST)
        tune(*given, space=space, directory=tmp_path / "s", trials=2, listener=heard.append)
    else:
        cross_validate(TAXONOMY, train, FAST, folds=2, valid=valid, listener=heard.append)
    told = "\n".join(each.message for each in heard if isinstance(each, Stage))
    assert told.count("train: ") == told.count("valid: ") == 2
    assert told.count("t:1: label 'CAT' read as 'cat'.") == 1
    assert told.count("label 'CAT' read as 'cat'.") == 2  # one of train, one of valid


def tuned(count: int = 12) -> Tuned:
    trials = [
        Trial(
            number,
            "finished",
            0.5 + number / 100,
            1.0,
            {
                "model.dropout": number / 20,
                "training.learning_rate": 10 ** (-number / 5),
                "model.lstm_size": [64, 128, 9][number % 3],
                "data.text_fields": [("a",), ("a", "b")][number % 2],
            },
        )
        for number in range(1, count + 1)
    ]
    shares = (0.5, 0.1, 0.3, 0.1)
    importance = dict(zip(trials[0].settings, shares, strict=True))
    best = best_of(trials)
    sizes = {"dropout": "0.05..0.6", "lstm_size": [9, 64, 128]}
    rates, fields = {"learning_rate": "0.001..1 log"}, {"text_fields": [["a"], ["a", "b"]]}
    space = Space.of({"model": sizes, "training": rates, "data": fields}, Config())
    return Tuned(trials=tuple(trials), best=best, config=None, space=space, importance=importance)


@pytest.mark.slow
def test_the_picture_of_what_mattered(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    figure = draw_importance(tuned(), score="auprc")
    bars, points = figure.axes[::2], figure.axes[1::2]
    assert [[text.get_text() for text in axes.texts] for axes in bars] == [
        [" 50%", "model.dropout"],
        [" 30%", "model.lstm_size"],
        [" 10%", "training.learning_rate"],
        [" 10%", "data.text_fields"],
    ]
    assert [axes.get_xscale() for axes in points] == ["linear", "linear", "log", "linear"]
    words = [[text.get_text() for text in points[n].get_xticklabels()] for n in (1, 3)]
    assert words == [["9", "64", "128"], ["a", "a, b"]]
    assert all(len(axes.collections[0].get_offsets()) == 12 for axes in points)
    for name in ("a.svg", "b.svg", "c.png"):
        write_importance(tuned(), tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    ElementTree.parse(tmp_path / "a.svg")
    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ConfigError, match=r"unknown extension '\.jpg'"):
        write_importance(tuned(), tmp_path / "a.jpg")
    with pytest.raises(ConfigError, match="of fewer than four finished trials, or trials of the s"):
        draw_importance(replace(tuned(), importance={}))


def test_a_score_that_fails_is_named(tmp_path: Path, trainings: Trainings) -> None:
    def mine(report: Any) -> float:
        return float(report.nothing_like_that)

    with pytest.raises(CallableError) as error:
        search(tmp_path / "study", 2, score=mine)
    assert str(error.value) == (
        "The score 'test_a_score_that_fails_is_named.mine' raised AttributeError: "
        "'types.SimpleNamespace' object has no attribute 'nothing_like_that'"
    )
    with pytest.raises(CallableError, match="returned nan, expected a number"):
        search(tmp_path / "other", 2, score=lambda report: float("nan"))
