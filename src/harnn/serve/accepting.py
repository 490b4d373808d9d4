"""The promises of the models that are served: files that ``harnn acceptance`` has made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harnn.acceptance import Acceptance, load_acceptance
from harnn.errors import InputError, Problem
from harnn.serve.current import CurrentFile


class Acceptances:
    """The acceptances of models, by their names."""

    def __init__(self, places: Mapping[str, Path]) -> None:
        """Raises:
        InputError: files that cannot be read, or hold something else; all are named.
        """
        self._files: dict[str, CurrentFile[Acceptance]] = {}
        problems: list[Problem] = []
        for name, path in places.items():
            try:
                self._files[name] = CurrentFile(path, load_acceptance, "targets")
            except InputError as error:
                problems += error.problems
        if problems:
            raise InputError(problems)

    def get(self, name: str) -> Acceptance | None:
        """Return the acceptance of a model; None: there is none."""
        found = self._files.get(name)
        return None if found is None else found.value
