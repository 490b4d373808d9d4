"""Help in groups with true defaults, and what the shell is offered."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from harnn.cli import program, run
from harnn.cli.completing import VARIABLE
from harnn.cli.help_groups import _COMMANDS, _OPTIONS, _SETTINGS, FEW, commands_of, options_of
from harnn.config import Config, Preset

_MOST_IN_A_GROUP = 14
BASH = shutil.which("bash")


@pytest.fixture(scope="module")
def commands() -> dict[str, Any]:
    return dict(_paths(program(), ""))


def _paths(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        yield f"{before}{name}", command
        if hasattr(command, "commands"):
            yield from _paths(command, f"{before}{name} ")


def long_names(option: Any) -> set[str]:
    return {name for name in option.opts if name.startswith("--")}


def test_every_option_says_what_it_does(commands: dict[str, Any]) -> None:
    assert len(commands) > 30
    silent = [
        (path, option.opts)
        for path, command in commands.items()
        for option in options_of(command)
        if not (option.help or "").strip()
    ]
    assert silent == []
    assert [path for path, command in commands.items() if not command.help] == []


def test_many_options_stand_in_groups(commands: dict[str, Any]) -> None:
    for path, command in commands.items():
        options = options_of(command)
        if len(options) <= FEW:
            continue
        sizes = Counter(option.rich_help_panel for option in options)
        assert len(sizes) > 1 or None not in sizes, path
        assert max(sizes.values()) <= _MOST_IN_A_GROUP, (path, sizes)


def test_names_in_the_groups_are_used(commands: dict[str, Any]) -> None:
    used = {
        name for x in commands.values() for option in options_of(x) for name in long_names(option)
    }
    for names in (*_OPTIONS.values(), " ".join(_SETTINGS)):
        assert set(names.split()) <= used
    grouped = " ".join(_COMMANDS.values()).split()
    assert program().commands.keys() <= set(grouped)
    assert len(grouped) == len(set(grouped))


def test_defaults_are_those_of_the_settings(commands: dict[str, Any]) -> None:
    found = {
        name: option.show_default
        for option in options_of(commands["train"])
        for name in long_names(option) & _SETTINGS.keys()
    }
    assert found == {
        name: getattr(getattr(Config(), table), key) for name, (table, key) in _SETTINGS.items()
    }
    own = {
        name: option.show_default
        for option in options_of(commands["predict"])
        for name in long_names(option) & _SETTINGS.keys()
    }
    assert set(own.values()) == {"the model's own"}


@pytest.mark.parametrize("command", ["train", "serve", "review add", "taxonomy convert"])
def test_help_as_it_is_shown(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert "None" not in shown
    assert "default: ()" not in shown
    if command == "train":
        assert "─ How documents are read ─" in shown
        assert "[default: (word2vec)]" in shown


def completed(
    words: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    monkeypatch.setenv(VARIABLE, "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    assert run([]) == 0
    return capsys.readouterr().out.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("harnn tr", ["train"]),
        ("harnn train --preset ", list(get_args(Preset))),
        ("harnn train --track ", ["csv", "tensorboard", "mlflow", "mlflow+model"]),
        ("harnn train --set training.epo", ["training.epochs="]),
        ("harnn train --device c", ["cpu", "cuda"]),
        ("harnn export m --format ", ["onnx", "mlflow", "huggingface"]),
        ("harnn thresholds m --by ", ["label", "level"]),
        ("harnn score m --address ", ["auto", "local"]),
        ("harnn taxonomy sh", ["show"]),
        ("harnn train --out ", []),  # a place: the shell offers its files
    ],
)
def test_what_the_shell_is_offered(
    words: str,
    offered: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert completed(words, capsys, monkeypatch) == offered


def test_options_are_offered(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert completed("harnn train --thr", capsys, monkeypatch) == []
    assert completed("harnn predict m --thr", capsys, monkeypatch) == [
        "--threshold",
        "--thresholds",
    ]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_scripts_of_shells(
    shell: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, f"source_{shell}")
    assert run([]) == 0
    assert f"{VARIABLE}=complete_{shell}" in capsys.readouterr().out


@pytest.mark.skipif(BASH is None, reason="there is no bash here")
def test_bash_completes(tmp_path: Any) -> None:
    """What pressing Tab runs: the script, the function that it names, and the program."""
    program_file = tmp_path / "harnn"
    seen = tmp_path / "seen"
    program_file.write_text(
        f"#!{sys.executable}\nimport sys\nfrom harnn.cli import main\ntry:\n    main()\nfinally:\n"
        f"    heavy = {{'torch', 'pandas', 'scipy', 'numpy'}} & set(sys.modules)\n"
        f"    open({str(seen)!r}, 'w').write(repr(sorted(heavy)))\n"
    )
    program_file.chmod(0o755)
    script = (
        f'eval "$({VARIABLE}=source_bash {program_file})"\n'
        'COMP_WORDS=(harnn train --preset ""); COMP_CWORD=3\n'
        f"_harnn_completion {program_file}\n"
        'echo "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        [str(BASH), "-c", script], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert done.stdout.split() == list(get_args(Preset))
    assert seen.read_text() == "[]"


@pytest.mark.skipif(BASH is None, reason="there is no bash here")
def test_the_script_is_installed(tmp_path: Any) -> None:
    environment = os.environ | {
        "HOME": str(tmp_path),
        "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1",
    }
    words = [sys.executable, "-m", "harnn", "--install-completion", "bash"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    assert "bash completion installed in" in done.stdout
    assert VARIABLE in (tmp_path / ".bash_completions" / "harnn.sh").read_text()
    assert "harnn.sh" in (tmp_path / ".bashrc").read_text()


def test_all_commands_are_walked() -> None:
    assert {"train", "learn"} <= {command.name for command in commands_of(program())}
