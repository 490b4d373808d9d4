"""The options of ``harnn config``."""

from __future__ import annotations

from typing import Annotated

import typer

from harnn.cli.options import ConfigFile, Settings
from harnn.cli.settings import gather_settings
from harnn.config import Mode, Preset


def config(
    config: ConfigFile = None,
    settings: Settings = None,
    preset: Annotated[Preset | None, typer.Option(help="Show what this preset changes.")] = None,
    mode: Annotated[Mode | None, typer.Option(help="Show what this mode changes.")] = None,
    defaults: Annotated[
        bool, typer.Option("--defaults", help="Show the defaults; takes no other option.")
    ] = False,
) -> None:
    """Write all settings with what they do as TOML: harnn config --defaults > harnn.toml."""
    from harnn._settings_toml import settings_toml
    from harnn.config import Config
    from harnn.errors import ConfigError, Problem

    if defaults and (config or settings or preset or mode):
        what = "shows what is given nowhere, but another option gives something."
        raise ConfigError(Problem("--defaults", what, "Leave one of them out."))
    given = gather_settings(settings, preset=preset, mode=mode)
    typer.echo(settings_toml(Config.read(config, given)), nl=False)
