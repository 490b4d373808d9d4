"""What options of commands and files of settings say, as settings."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harnn._tables import as_toml, read_toml
from harnn.config import Config


def gather_settings(
    settings: Sequence[str] | None, **options: str | int | Sequence[str] | None
) -> list[str]:
    """Turn options that stand for a setting into ``table.key=value``, after the given ones."""
    names = {
        "mode": "model.mode",
        "preset": "model.preset",
        "vectors": "text.vectors",
        "document_vectors": "model.document_vectors",
        "device": "training.device",
        "seed": "training.seed",
        "text_field": "data.text_fields",
        "labels_field": "data.label_fields",
        "level_field": "data.level_fields",
        "data_sheet": "data.sheet",
    }
    gathered = list(settings or [])
    for key, value in options.items():
        if value is not None and value != []:
            gathered.append(f"{names.get(key, f'data.{key}')}={as_toml(value)}")
    return gathered


def settings_of_file(path: Path | None, table: str) -> list[str]:
    """Return what a configuration says in one table as ``table.key=value``, all of it checked.

    Raises:
        ConfigError: it cannot be read, or says what no setting is.
    """
    if path is None:
        return []
    Config.read(path)
    given = read_toml(path).get(table, {})
    return [f"{table}.{key}={as_toml(value)}" for key, value in given.items()]
