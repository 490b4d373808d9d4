"""The promises of the models that are served: files that ``harnn acceptance`` has made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harnn.acceptance import Acceptance, load_acceptance
from harnn.bundle import fingerprint
from harnn.bundle.load import read_settings, read_taxonomy
from harnn.errors import ConfigError, InputError, Problem
from harnn.serve.current import CurrentFile
from harnn.serve.settings import ModelPlace
from harnn.taxonomy import Taxonomy


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

    def check_models(self, models: Sequence[ModelPlace]) -> None:
        """Make sure that they are of the models whose answers they are to accept.

        Raises:
            ConfigError: they are of other models, or of answers that were asked for otherwise.
            BundleError: a model cannot be read.
        """
        problems: list[Problem] = []
        for model in models:
            if model.name not in self._files:
                continue
            _, settings = read_settings(model.directory)
            taxonomy = read_taxonomy(model.directory, settings)
            try:
                self.check(model.name, fingerprint(model.directory), taxonomy)
            except ConfigError as error:
                problems += error.problems
        if problems:
            raise ConfigError(problems)

    def check(self, name: str, model_hash: str, taxonomy: Taxonomy) -> None:
        """Do for one model what :meth:`check_models` does for those in directories."""
        if (found := self._files.get(name)) is not None:
            found.value.check(model_hash, taxonomy, {}, where=str(found.path))

    def get(self, name: str) -> Acceptance | None:
        """Return the acceptance of a model; None: there is none."""
        found = self._files.get(name)
        return None if found is None else found.value
