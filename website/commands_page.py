"""The page of all commands, made from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator

import typer
from typer.core import TyperGroup

from harnn.cli import program
from website.marks import code, plain


def commands() -> Iterator[tuple[str, typer.core.TyperCommand]]:
    """Yield every command with all its words, ``harnn taxonomy diff``; hidden ones are left out."""
    yield from _below("harnn", program())


def _below(name: str, command: object) -> Iterator[tuple[str, typer.core.TyperCommand]]:
    if isinstance(command, TyperGroup):
        for word, each in command.commands.items():
            yield from _below(f"{name} {word}", each)
    elif isinstance(command, typer.core.TyperCommand) and not command.hidden:
        yield name, command


def commands_text() -> str:
    """Return every command with what it does and all its arguments and options."""
    return "\n".join(line for name, each in commands() for line in _one(name, each))


def _one(name: str, command: typer.core.TyperCommand) -> list[str]:
    context = typer.Context(command, info_name=name)
    usage = " ".join([name, *command.collect_usage_pieces(context)])
    lines = [f"## {name}", "", plain(command.help or ""), "", "```text", usage, "```", ""]
    panels: dict[str, list[tuple[str, str]]] = {}
    for each in command.params:
        panel = getattr(each, "rich_help_panel", None) or (
            "Arguments" if each.param_type_name == "argument" else "Options"
        )
        record = _record(each, context)
        if record is not None:
            panels.setdefault(panel, []).append(record)
    for panel, records in panels.items():
        if len(panels) > 1:
            lines += [f"**{plain(panel)}**", ""]
        for written, said in records:
            lines += [written, f":   {said}", ""]
    return lines


def _record(each: object, context: typer.Context) -> tuple[str, str] | None:
    """Return how a parameter is written and what it does; None where it is hidden."""
    assert isinstance(each, (typer.core.TyperOption, typer.core.TyperArgument))
    found = each.get_help_record(context)
    if found is None:
        return None
    return code(found[0]), plain(found[1])
