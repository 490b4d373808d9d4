"""Settings: defaults by mode, TOML and --set, and the exact text of errors."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

import harnn.config
from harnn.config import Config, DecodeConfig, ModelConfig, TextConfig, TrainingConfig
from harnn.errors import ConfigError


def test_defaults_depend_on_the_mode() -> None:
    harnn, paper = (Config.from_dict({"model": {"mode": x}}) for x in ("harnn", "paper"))
    assert harnn.model.mode == "harnn"
    assert harnn == Config()
    # the settings of the reference implementation, doi 10.1145/3357384.3357885
    assert (paper.model.embedding_size, paper.model.lstm_size) == (100, 256)
    assert (paper.model.attention_size, paper.model.fc_size) == (200, 512)
    assert (paper.training.batch_size, paper.training.learning_rate) == (32, 1e-3)
    assert (paper.text.max_length, paper.training.clip_norm) == (150, 1.25)


def test_presets_choose_branches_and_networks() -> None:
    presets = {name: Config.read(None, [f"model.preset={name}"]) for name in ("fast", "best")}
    assert (presets["fast"].model.branches, presets["best"].model.branches) == ("linear", "both")
    assert (Config().model.members, presets["best"].model.members) == (1, 3)
    assert Config.read(None, ["model.preset=default"]) == Config()
    given = Config.read(None, ["model.preset=best", "model.members=2"])
    assert given.model.members == 2
    assert Config.from_dict(given.to_dict()) == given
    paper = Config.read(None, ["model.mode=paper"])
    assert (paper.model.branches, paper.training.average) == ("network", 0.0)


def test_mode_and_preset_act_however_a_config_is_made() -> None:
    tables: list[dict[str, Any]] = [{"mode": "paper"}, {"preset": "fast"}, {"preset": "best"}]
    for table in tables:
        made = Config(model=ModelConfig(**table))
        assert made == Config.from_dict({"model": table})
        assert made != Config()
    paper = Config(model=ModelConfig(mode="paper"))
    assert (paper.model.branches, paper.model.lstm_size) == ("network", 256)
    assert (paper.text.max_length, paper.training.learning_rate) == (150, 1e-3)
    given = Config(
        model=ModelConfig(mode="paper", lstm_size=7),
        training=TrainingConfig(learning_rate=0.5),
        text=TextConfig(max_length=256),
    )
    assert (given.model.lstm_size, given.model.fc_size) == (7, 512)
    assert (given.training.learning_rate, given.training.batch_size) == (0.5, 32)
    assert given.text.max_length == 256, "given, though it is the other mode's default"


def test_a_config_survives_copies() -> None:
    config = Config(model=ModelConfig(mode="paper", lstm_size=7))
    for copied in (
        pickle.loads(pickle.dumps(config)),
        copy.deepcopy(config),
        dataclasses.replace(config, decode=DecodeConfig()),
        Config.from_dict(config.to_dict()),
    ):
        assert copied == config
    changed = dataclasses.replace(config, training=TrainingConfig(seed=5))
    assert (changed.training.seed, changed.training.schedule) == (5, "exponential")


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({"training": {"learning_rate": 1e6}}, "got 1000000.0, expected more than 0 and at most"),
        ({"training": {"learning_rate": float("inf")}}, "got inf, expected more than 0"),
        ({"training": {"clip_norm": float("nan")}}, "got nan, expected more than 0"),
        ({"training": {"weight_decay": float("nan")}}, "got nan, expected 0 to 1,000."),
        ({"model": {"alpha": float("nan")}}, "got nan, expected 0 to 1."),
        ({"training": {"seed": 2**32}}, "got 4294967296, expected 0 to 4,294,967,295."),
        ({"training": {"threads": 99999999999}}, "got 99999999999, expected 0 to 4,096."),
        ({"text": {"max_vocabulary": 10**20}}, "expected 10 to 2,147,483,647."),
        (
            {"training": {"device": "foo"}},
            "training.device: got 'foo', expected auto, cpu, cuda, cuda:NUMBER or mps.",
        ),
        ({"training": {"learning_rate": 10**5_000}}, "got something very large, expected a num"),
        ({"training": {"epochs": 10**5_000}}, "training.epochs: got something very large"),
        ({"model": {"mode": 10**5_000}}, "got something very large, expected one of harnn"),
        (
            {"model": {"branches": "linear", "members": 3}},
            "model.members: got 3, but with branches linear there is no network.",
        ),
        (
            {"model": {"mode": "paper", "text_vectors": "on"}},
            "model.text_vectors: got 'on', but mode paper is the paper's network alone.",
        ),
    ],
)
def test_what_no_training_can_do_is_refused(tables: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError) as error:
        Config.from_dict(tables)
    assert expected in message(error)


def test_each_place_answers_for_its_own_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("[training]\nepochs = 3\n", encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        Config.read(path, ["training.epoch=4"])
    assert message(error) == "--set: unknown key training.epoch. Did you mean 'epochs'?"
    path.write_text("[training]\nepoch = 3\n", encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        Config.read(path, ["training.epochs=4"])
    assert message(error) == f"{path}: unknown key training.epoch. Did you mean 'epochs'?"


def test_a_blank_can_be_set() -> None:
    assert Config.read(None, ["data.label_separator= "]).data.label_separator == " "
    assert Config.read(None, ["data.label_separator="]).data.label_separator == ""
    assert Config.read(None, ["training.epochs = 5 "]).training.epochs == 5


@pytest.mark.parametrize(
    "text", ["a = " + "9" * 5_000, "a = " + "[" * 50_000, "a = [", "a = 1\na = 2"]
)
def test_what_is_no_toml(text: str, tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"is not valid TOML: "):
        Config.read(path)
    with pytest.raises(ConfigError, match=r"^--set: training.epochs: got '.{1,90}\.*, expected a"):
        Config.read(None, [f"training.epochs={text.partition('= ')[2][:9_000]}x"])


def test_the_first_name_of_a_key_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text('[model]\nsentences = "off"\n', encoding="utf-8")
    stored = {"model": {"sentences": "off"}}
    for config in (
        Config.read(path),
        Config.read(None, ["model.sentences=off"]),
        Config.from_dict(stored),
    ):
        assert config.model.text_vectors == "off"
        assert config.to_dict()["model"]["text_vectors"] == "off"
        assert "sentences" not in config.to_dict()["model"]
        assert config.to_stored_dict()["model"]["sentences"] == "off"
        assert Config.from_dict(config.to_stored_dict()) == config


def test_given_keys_win_over_the_preset() -> None:
    config = Config.from_dict({"model": {"mode": "paper", "lstm_size": 7}})
    assert (config.model.lstm_size, config.model.fc_size) == (7, 512)


def test_round_trip() -> None:
    config = Config.from_dict({"data": {"text_fields": ["title", "abstract"]}})
    assert Config.from_dict(config.to_dict()) == config


def test_toml_and_settings(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[training]\nepochs = 3\nseed = 4\n[model]\nalpha = 1\n", encoding="utf-8")
    config = Config.read(
        path,
        [
            "training.epochs=9",
            "text.vectors=random",
            "decode.top_k=none",
            "data.text_fields=title, abstract",
        ],
    )
    assert (config.training.epochs, config.training.seed) == (9, 4)
    assert config.model.alpha == 1.0
    assert config.text.vectors == "random"
    assert config.decode.top_k is None
    assert config.data.text_fields == ("title", "abstract")


def message(error: pytest.ExceptionInfo[ConfigError]) -> str:
    return str(error.value)


def test_unknown_keys_are_all_reported_with_suggestions(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_text("[trainig]\nepochs = 3\n[model]\nlstm_sise = 4\nzzz = 1\n", encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        Config.read(path)
    assert message(error) == (
        "3 problems in the configuration:\n"
        f"  {path}: unknown table [trainig]; expected one of [data], [text], [model], [training], "
        "[decode], [transformer], [continuing]. Did you mean 'training'?\n"
        f"  {path}: unknown key model.lstm_sise. Did you mean 'lstm_size'?\n"
        f"  {path}: unknown key model.zzz."
    )


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("training.epochs=many", "--set: training.epochs: got 'many', expected a whole number."),
        ("training.epochs=-1", "training.epochs: got -1, expected 0 to 1,000,000."),
        (
            "training.learning_rate=0",
            "training.learning_rate: got 0.0, expected more than 0 and at most 100.",
        ),
        ("training.average=-1", "training.average: got -1.0, expected 0 to 1,000,000."),
        ("text.vectors_epochs=-1", "text.vectors_epochs: got -1, expected 0 to 10,000."),
        ("model.members=0", "model.members: got 0, expected 1 to 1,000."),
        (
            "model.preset=slow",
            "--set: model.preset: got 'slow', expected one of default, fast, best.",
        ),
        ("model.dropout=1.5", "model.dropout: got 1.5, expected 0 to 0.95."),
        ("model.mode=papr", "--set: model.mode: got 'papr', expected one of harnn, paper."),
        ("decode.threshold=2", "decode.threshold: got 2.0, expected 0 to 1."),
        ("decode.top_k=1.5", "--set: decode.top_k: got 1.5, expected a whole number or none."),
        ("text.lowercase=1", "--set: text.lowercase: got 1, expected true or false."),
        ("data.text_fields=[1]", "--set: data.text_fields: got [1], expected a list of strings."),
        (
            "epochs=3",
            "--set: got 'epochs=3', expected table.key=value, for example training.epochs=5.",
        ),
    ],
)
def test_wrong_settings(setting: str, expected: str) -> None:
    with pytest.raises(ConfigError) as error:
        Config.read(None, [setting])
    assert message(error) == expected


def test_sampled_labels_where_all_are_read() -> None:
    for setting, reader in (
        ("model.mode=paper", "mode paper"),
        ("model.max_constraint=true", "model.max_constraint"),
    ):
        with pytest.raises(ConfigError) as error:
            Config.read(None, [setting, "training.negatives=64"])
        assert message(error) == (
            f"training.negatives: got 64, but {reader} reads all labels; leave one out."
        )


def test_files_that_are_no_toml(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    with pytest.raises(ConfigError) as error:
        Config.read(path)
    assert message(error) == f"{path}: no such configuration file."
    path.write_text("[model\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"c\.toml: is not valid TOML: "):
        Config.read(path)


def test_every_table_of_settings_is_found_in_config() -> None:
    for name, kind in get_type_hints(harnn.config.Config).items():
        assert name in Config().to_dict()
        assert getattr(harnn.config, kind.__name__) is kind
    assert get_args(harnn.config.OnError) == ("fail", "skip", "drop-labels")
    assert get_args(harnn.config.LabelsBy) == ("any", "code")
