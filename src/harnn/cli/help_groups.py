"""``--help`` in groups: which options and commands belong together, and what counts by default.

What a group is called stands here once, by the names of the options, so that it is the same in all
commands; an option that says its own group keeps it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harnn.config import Config

FEW = 8
"""Options of a command that need no groups."""
_OPTIONS: Mapping[str, str] = {
    "How the taxonomy is read": "--labels --form --separator --by-path --language --scheme "
    "--collections --codes --column --sheet --taxonomy-encoding",
    "How documents are read": "--encoding --delimiter --label-separator --text-field "
    "--labels-field --level-field --data-sheet --document-vectors --file-encoding --fixes "
    "--on-error",
    "How labels are chosen": "--strategy --top-k --threshold --thresholds --close --top-1 "
    "--file-threshold",
    "Settings": "--config --set --preset --mode --vectors --try --space",
    "How it is computed": "--device --beam --bf16 --workers --processes --threads --address "
    "--partition --scratch --cache --samples --seed",
    "What is judged once more": "--rerank --rerank-model --rerank-top",
    "What is written besides": "--json --html --table --csv --figure --figures --scores --suggest "
    "--track --map --review --taxonomy-out --all",
    "What is there already": "--resume --overwrite --init --corrections",
}
_COMMANDS: Mapping[str, str] = {
    "Begin": "demo config",
    "Documents and taxonomies": "validate split errors convert taxonomy",
    "Train": "train tune sweep migrate",
    "Answer": "predict score explain serve token",
    "Judge": "evaluate compare report acceptance drift",
    "Models": "info decoding thresholds export push pull",
    "People": "review corrections",
}
_SETTINGS: Mapping[str, tuple[str, str]] = {
    "--encoding": ("data", "encoding"),
    "--label-separator": ("data", "label_separator"),
    "--labels-field": ("data", "labels_field"),
    "--on-error": ("data", "on_error"),
    "--preset": ("model", "preset"),
    "--mode": ("model", "mode"),
    "--vectors": ("text", "vectors"),
    "--seed": ("training", "seed"),
}
"""Options that stand for a setting, whose default is a word."""
_OF_MODEL = "the model's own"


def group_help(program: Any) -> None:
    """Put the commands and options of a program into groups, and say their true defaults."""
    panel_of_command = dict(_by_name(_COMMANDS))
    for name, command in program.commands.items():
        if name in panel_of_command:
            command.rich_help_panel = panel_of_command[name]
    for command in commands_of(program):
        _group(command)


def commands_of(program: Any) -> Iterator[Any]:
    """Yield all commands, those of commands too."""
    for command in program.commands.values():
        yield command
        if hasattr(command, "commands"):
            yield from commands_of(command)


def options_of(command: Any) -> list[Any]:
    """Return the options of a command that its help shows."""
    return [each for each in command.params if each.param_type_name == "option"]


def _group(command: Any) -> None:
    options = options_of(command)
    panel_of = dict(_by_name(_OPTIONS))
    has_model = any(each.name in ("model", "systems") for each in command.params)
    for option in options:
        name = next((x for x in option.opts if x.startswith("--")), "")
        if len(options) > FEW and option.rich_help_panel is None and not option.required:
            option.rich_help_panel = panel_of.get(name)
        if name in _SETTINGS and option.default is None:
            table, key = _SETTINGS[name]
            default = getattr(getattr(Config(), table), key)
            option.show_default = _OF_MODEL if has_model and table == "data" else default


def _by_name(groups: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for panel, names in groups.items():
        for name in names.split():
            yield name, panel
