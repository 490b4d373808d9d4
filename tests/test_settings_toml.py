"""The page of all settings: complete, and read again as what it was written from."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

import pytest

from harnn._settings_toml import settings_of, settings_toml
from harnn.cli import run
from harnn.config import Config


def bare(text: str) -> str:
    """Return the page with every default given."""
    lines = (line.removeprefix("# ") for line in text.splitlines())
    return "\n".join(line for line in lines if not line.endswith("= none"))


def test_every_setting_says_what_it_does() -> None:
    config = Config()
    names = [(each.table, each.name) for each in settings_of(config)]
    assert names == [
        (table.name, field.name)
        for table in dataclasses.fields(config)
        for field in dataclasses.fields(getattr(config, table.name))
    ]
    silent = [f"{each.table}.{each.name}" for each in settings_of(config) if not each.text]
    assert silent == []


@pytest.mark.parametrize("mode", ["harnn", "paper"])
def test_the_defaults_are_those_of_the_code(mode: str) -> None:
    config = Config.from_dict({"model": {"mode": mode}})
    tables = tomllib.loads(bare(settings_toml(config)))
    for table, values in config.to_dict().items():
        assert tables[table] == {key: value for key, value in values.items() if value is not None}
    assert Config.from_dict(tables) == config


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"model": {"preset": "fast"}},
        {"model": {"preset": "best", "members": 1}},
        {"decode": {"threshold": 0.25}, "text": {"vectors": 'C:\\"my" vectors\x7f\u2028.txt'}},
        {"data": {"text_fields": ["title", "摘要"], "label_separator": ""}},
    ],
)
def test_it_is_read_as_what_it_was_written_from(
    tmp_path: Path, given: dict[str, dict[str, object]]
) -> None:
    config = Config.from_dict(given)
    page = tmp_path / "harnn.toml"
    page.write_text(settings_toml(config), encoding="utf-8")
    again = Config.read(page)
    assert again == config
    assert again.given() == config.given()


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "--defaults"]) == 0
    page = capsys.readouterr().out
    assert page == settings_toml(Config())
    assert "## Share of all steps spent warming up (one-cycle).\n# warmup = 0.15\n" in page
    assert "## One of: auprc, micro_f1, macro_f1.\n" in page
    assert run(["config", "--preset", "fast", "--set", "training.epochs=5"]) == 0
    page = capsys.readouterr().out
    assert '\npreset = "fast"\n' in page
    assert '\n# branches = "linear"\n' in page
    assert "\nepochs = 5\n" in page


def test_defaults_and_something_given_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "--defaults", "--preset", "fast"]) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == (
        "",
        "Error: --defaults: shows what is given nowhere, but another option gives something. "
        "Leave one of them out.\n",
    )
