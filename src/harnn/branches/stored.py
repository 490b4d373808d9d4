"""What stands in a model directory, read once and checked at the border."""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harnn._files import decode_model_text, parse_model_json, read_model_text
from harnn._tables import shown
from harnn.errors import BundleError, Problem

if TYPE_CHECKING:
    from harnn.taxonomy import Taxonomy

Arrays = Mapping[str, NDArray[Any]]
_MOST_BITS = 1_000


def held_path(directory: Path, name: str, names: Collection[str] | None) -> Path | None:
    """Return the path of a file of a model; None where the model has none of that name.

    names: of the files that the model was written with; None: it is too old to tell.
    """
    path = directory / name
    held = path.is_file() if names is None else name in names
    return path if held else None


@dataclass(frozen=True, slots=True)
class StoredModel:
    """What a model directory holds for its branches, read but not yet understood."""

    directory: Path
    arrays: Arrays
    settings: Mapping[str, Any]
    light: bool
    """Whether the model is to be computed without PyTorch."""
    word_count: int | None = None
    """V of the tokenizer; None: not known."""
    files: frozenset[str] | None = None
    """The files that the model was written with; None: those that are there."""
    contents: Mapping[str, bytes] | None = None
    """Its files where they are held in memory and none stands in the directory."""

    @property
    def arrays_path(self) -> str:
        """The file of the arrays, for messages."""
        return str(self.directory / "model.safetensors")

    @property
    def settings_path(self) -> str:
        """The file of the settings, for messages."""
        return str(self.directory / "config.json")

    def path_of(self, name: str) -> Path | None:
        """Return the path of a file; None where the model has none of that name."""
        return held_path(
            self.directory, name, self.files if self.contents is None else self.contents
        )

    def read_bytes(self, name: str) -> bytes:
        """Read a file of the model.

        Raises:
            OSError: it cannot be read.
        """
        if self.contents is None:
            return (self.directory / name).read_bytes()
        if name not in self.contents:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
        return self.contents[name]

    def read_json(self, name: str) -> Any:
        """Read a JSON file that the model has.

        Raises:
            BundleError: it cannot be read, or is no JSON.
        """
        return parse_model_json(self.read_text(name), str(self.directory / name))

    def read_text(self, name: str) -> str:
        """Read a text file that the model has.

        Raises:
            BundleError: it cannot be read, or is not UTF-8.
        """
        path = self.directory / name
        if self.contents is None:
            return read_model_text(path)
        return decode_model_text(self.contents[name], str(path))

    def under(self, prefix: str) -> dict[str, NDArray[Any]]:
        """Return the arrays named ``PREFIX.*`` by the rest of their names."""
        start = f"{prefix}."
        return {k.removeprefix(start): v for k, v in self.arrays.items() if k.startswith(start)}

    def check_label_count(self, where: str, branch: str, found: int, taxonomy: Taxonomy) -> None:
        """Raises:
        BundleError: a branch has another number of labels than the taxonomy.
        """
        if found != len(taxonomy):
            what = f"the {branch} has {found:,} labels, the taxonomy {len(taxonomy):,}."
            raise BundleError(Problem(where, what))

    def check_shapes(self, prefix: str, expected: Mapping[str, tuple[int, ...]]) -> None:
        """Make sure that arrays of numbers named ``PREFIX.*`` have those shapes.

        Raises:
            BundleError: arrays are missing, or of another type or shape; all in one report.
        """
        problems = []
        for name, shape in expected.items():
            array = self.arrays.get(f"{prefix}.{name}")
            if array is None:
                problems.append(f"{prefix}.{name} is missing.")
            elif array.dtype != np.float32 or array.shape != shape:
                problems.append(
                    f"{prefix}.{name} is {array.dtype} of shape {array.shape}, expected float32 of "
                    f"shape {shape}, as config.json says."
                )
        if problems:
            raise BundleError([Problem(self.arrays_path, f"is damaged: {x}") for x in problems])


def check_finite(arrays: Arrays, where: str) -> None:
    """Refuse arrays with values that are no numbers; it takes no memory of their size.

    Raises:
        BundleError: some have, all of them in one report.
    """
    problems = [
        Problem(where, f"is damaged: {name} holds values that are no finite numbers.")
        for name, array in arrays.items()
        if array.size and array.dtype.kind == "f" and not _is_finite(array)
    ]
    if problems:
        raise BundleError(problems)


def is_whole(value: Any, low: int, high: int) -> bool:
    """Whether a value from JSON is a whole number of that range."""
    return type(value) is int and low <= value <= high


def is_number(value: Any, low: float, high: float) -> bool:
    """Whether a value from JSON is a finite number of that range."""
    if type(value) is int and value.bit_length() > _MOST_BITS:
        return False
    return type(value) in (int, float) and math.isfinite(value) and low <= value <= high


def strings(value: Any, name: str) -> tuple[str, ...]:
    """Return a list of different strings.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{name}: got {shown(value)}, expected a list of strings")
    if len(set(value)) != len(value):
        raise ValueError(f"{name}: a string stands in it twice")
    return tuple(value)


def number_rows(value: Any, name: str) -> NDArray[np.float64]:
    """Return rows of finite numbers, of one length, as an array.

    Raises:
        ValueError: it is something else.
    """
    rows: list[Any] = value if isinstance(value, list) else [None]
    if not all(isinstance(row, list) and _are_numbers(row) for row in rows):
        raise ValueError(f"{name}: got {shown(value)}, expected rows of finite numbers")
    if len({len(row) for row in rows}) > 1:
        raise ValueError(f"{name}: the rows are of different lengths")
    return np.array(rows, dtype=np.float64)


def _are_numbers(row: Sequence[Any]) -> bool:
    return all(is_number(item, -math.inf, math.inf) for item in row)


def _is_finite(array: NDArray[Any]) -> bool:
    return math.isfinite(float(array.max())) and math.isfinite(float(array.min()))
