"""Our own configurations: ``harnn train`` as a user calls it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from accuracy.reading import Dataset

OURS: dict[str, tuple[str, ...]] = {
    "harnn": ("--preset", "default"),
    "harnn-fast": ("--preset", "fast"),
    "harnn-best": ("--preset", "best"),
    "paper": ("--mode", "paper"),
}


def training_command(
    dataset: Dataset, method: str, folder: Path, *, seed: int, settings: Sequence[str]
) -> list[str]:
    """Return the command that trains *method* into *folder*."""
    changed = [f"training.seed={seed}", *settings]
    return [
        *(sys.executable, "-m", "harnn", "train"),
        *("--taxonomy", str(dataset.home / "taxonomy.tsv")),
        *("--train", str(dataset.path("train"))),
        *("--valid", str(dataset.path("valid"))),
        *("--out", str(folder), "--overwrite"),
        *OURS[method],
        *(part for setting in changed for part in ("--set", setting)),
    ]


def evaluation_command(dataset: Dataset, folder: Path, output: Path) -> list[str]:
    """Return the command that evaluates the model in *folder* with its own decisions."""
    return [
        *(sys.executable, "-m", "harnn", "evaluate", str(folder)),
        *("--data", str(dataset.path("test"))),
        *("--json", str(output)),
    ]
